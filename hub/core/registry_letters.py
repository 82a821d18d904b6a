"""What messages to the core's registry carry, as they are stored (sealed) in the bus."""

from collections.abc import Collection, Sequence
from typing import Any

import msgspec

from hub.kernel.typed import convert
from hub.ports.registry import (
    Application,
    ApplicationKind,
    Sealing,
    UnitChange,
    UnitOpening,
    Withdrawal,
)

_TYPES: dict[ApplicationKind, Any] = {
    ApplicationKind.UNIT_OPEN: list[UnitOpening],
    ApplicationKind.UNIT_CHANGE: list[UnitChange],
    ApplicationKind.SEAL: list[Sealing],
    ApplicationKind.UNSEAL: list[Sealing],
    ApplicationKind.WITHDRAWAL: list[Withdrawal],
}


class ApplicationsLetter(msgspec.Struct, frozen=True):
    """Applications of one kind; ``rows`` are the port's values, field by field."""

    kind: str
    rows: list[dict[str, Any]]

    @classmethod
    def of(cls, kind: ApplicationKind, applications: Sequence[Application]) -> "ApplicationsLetter":
        """From the port's values."""
        return cls(kind.value, [msgspec.to_builtins(one) for one in applications])

    def applications(self) -> list[Application]:
        """In the port's form."""
        found: list[Application] = convert(self.rows, _TYPES[ApplicationKind(self.kind)])
        return found

    def only(self, numbers: Collection[str]) -> "ApplicationsLetter":
        """The same letter for some of its applications, in the same order."""
        rows = [row for row in self.rows if row["number"] in numbers]
        return msgspec.structs.replace(self, rows=rows)


class NumbersLetter(msgspec.Struct, frozen=True):
    """Applications of one kind to be cancelled, or looked at."""

    kind: str
    numbers: list[str]

    def only(self, numbers: Collection[str]) -> "NumbersLetter":
        """The same letter for some of them, in the same order."""
        kept = [one for one in self.numbers if one in numbers]
        return msgspec.structs.replace(self, numbers=kept)


class PersonsLetter(msgspec.Struct, frozen=True):
    """People to be looked up by (ZJLX, ZJHM); ``reference`` is the asker's own."""

    reference: int
    papers: list[tuple[str, str]]
