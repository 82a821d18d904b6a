"""What an act of an operator is made of: a look at what it would do, and the doing."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.engine import Connection

from hub.app.hub import Hub
from hub.bus.preview import Preview

Look = Callable[[Hub, Connection, str], Preview]
Do = Callable[[Hub, Connection, Preview, str, str], str]
"""(hub, tx, preview, by whom, why) → one line on what was done; what it raises undoes all."""

Ask = Callable[[Hub, Connection, Preview, str, str, str], None]
"""(hub, tx, preview, by whom, why, evidence)."""


@dataclass(frozen=True, slots=True)
class ActKind:
    """One act.  ``approval``: the act of two people it is, as ``hub.people`` knows it.
    ``loose``: carried out whatever the figures are now, because it only ever makes things safer.
    ``ask``: it needs evidence, which this keeps when the first person asks; then it is looked at
    anew, so that the second person confirms the evidence too.
    """

    look: Look
    do: Do
    approval: str = ""
    loose: bool = False
    ask: Ask | None = None
