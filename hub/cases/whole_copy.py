"""Is our copy of the core's registry whole?  Asked before a case acts upon what the copy holds, or
upon what it does not."""

from typing import Generic, Protocol, TypeVar

from sqlalchemy.engine import Connection

from hub.bus import Delivery, Message
from hub.cases.office import CaseOffice
from hub.core.copying import read_feed
from hub.kernel.clocks import to_us
from hub.kernel.typed import read_json
from hub.ports.line import PartnerRefused
from hub.ports.registry import RegistryPort

AGAIN_S = 1.0
"""Until it is asked again."""


class CopyLetter(Protocol):
    """``sequence``: where the copy stood when the question was written."""

    @property
    def sequence(self) -> int:
        """In the core's feed."""
        ...


Letter = TypeVar("Letter", bound=CopyLetter)


class CopyHandler(Generic[Letter]):
    """Asks the core whether anything has come since; what that means for the case is ``apply`` of
    each kind of question."""

    letter: type[Letter]

    def __init__(self, office: CaseOffice) -> None:
        self._office = office

    def send(self, delivery: Delivery) -> tuple[Letter, bool]:
        """The letter, and whether nothing has come."""
        letter = read_json(delivery.payload, self.letter)
        port: RegistryPort = delivery.port
        page = port.changes_since(delivery.line, letter.sequence, 1)
        return letter, not page.changes

    def is_whole(self, tx: Connection, letter: Letter, since_us: int, *, nothing_new: bool) -> bool:
        """Whether the copy holds all that was so at ``since_us``, business time."""
        stands = read_feed(tx, self._office.registry)
        if stands.as_of is None:
            return False
        still = nothing_new and stands.seq == letter.sequence
        return still or to_us(stands.as_of) >= since_us

    def refused(self, tx: Connection, message: Message, refusal: PartnerRefused) -> None:
        """A contract fault: on the board until somebody has it sent again."""

    def unknown(self, tx: Connection, message: Message) -> None:
        """Cannot be: only money messages end unknown."""

    def died(self, tx: Connection, message: Message) -> None:
        """Cannot be: it has no ceiling."""
