"""What a desk answers, before it is put into the envelope of its wire."""

from collections.abc import Mapping
from dataclasses import dataclass, field


class Refused(Exception):
    """Refused whole, with the bank's code and a word for the journal."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(code, why)
        self.code = code
        self.why = why


class CutOff(Exception):
    """The connection is cut instead of an answer; ``summary`` is for the journal."""

    def __init__(self, summary: Mapping[str, object]) -> None:
        super().__init__(dict(summary))
        self.summary = summary


@dataclass(frozen=True, slots=True)
class Said:
    """What to answer: code ("" is success), body, the journal's summary; or a reset."""

    code: str
    out: str | None
    summary: Mapping[str, object] = field(default_factory=dict)
    reset: bool = False
