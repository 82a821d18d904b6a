"""What a planted defect is: where it is put, and which case of which check must turn red for it."""

from dataclasses import dataclass
from enum import StrEnum


class Way(StrEnum):
    """The kinds of checks there are."""

    DAY = "bad day"  # python -m tests.chaos --bad-days --only …
    KILL = "kill suite"  # python -m tests.chaos --kills …
    TESTS = "tests"  # python -m pytest …
    CERTIFICATE = "certificate"  # hub certify … --against mock


@dataclass(frozen=True, slots=True)
class Check:
    """A command of the project's own, told by its way and what it is given."""

    way: Way
    what: str

    def __str__(self) -> str:
        return f"{self.way}: {self.what}"


@dataclass(frozen=True, slots=True)
class Edit:
    """``old`` must stand exactly once in ``file``; ``new`` takes its place."""

    file: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Catch:
    """Who must notice: the check, the case that must fail, and what it must say (both regular
    expressions, searched)."""

    check: Check
    case: str
    says: str


@dataclass(frozen=True, slots=True)
class Defect:
    """One fault.  ``words`` tells it to a person; ``ci``: quick enough for the short form."""

    name: str
    words: str
    edits: tuple[Edit, ...]
    catches: tuple[Catch, ...]
    ci: bool = False


def day(name: str) -> Check:
    """A bad day of the kill suite, by its whole name."""
    return Check(Way.DAY, name)


def tests(*nodes: str) -> Check:
    """Tests, by their node ids."""
    return Check(Way.TESTS, " ".join(nodes))


def certificate(interface: str) -> Check:
    """The contract's mandatory scenarios against the bundled mock."""
    return Check(Way.CERTIFICATE, interface)
