"""Questions for figures and lists: what is added up, by what, over which days.

An adapter says what it wants in these plain values; they are answered from the dated copy of the
core's tables.  Amounts are integer 分, days YYYYMMDD.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Source(StrEnum):
    """A table of the copy; which columns each has stands in ``hub.queries.figures``."""

    UNIT = "unit"
    PERSON = "person"
    CONTRIBUTION = "contribution"
    ARREARS = "arrears"
    LOAN = "loan"
    BUSINESS = "business"
    SETTLEMENT = "settlement"
    FUND = "fund"
    SERVICE = "service"


class Reckoning(StrEnum):
    """How a figure comes out of its rows."""

    COUNT = "count"
    SUM = "sum"
    DISTINCT = "distinct"
    LARGEST = "largest"
    AVERAGE = "average"  # rounded half up to a whole number; None of no rows


@dataclass(frozen=True, slots=True)
class Cut:
    """Only rows whose column is one of ``values``, or lies from ``least`` to below ``below``."""

    column: str
    values: tuple[str | int, ...] = ()
    least: int | None = None
    below: int | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """``stock``: what stands at the copy's own moment; of days that leave that moment out it is
    None, since the copy keeps no past."""

    name: str
    how: Reckoning
    column: str = ""
    cuts: tuple[Cut, ...] = ()
    stock: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """One reading of one source.

    Without ``fields``: one row for each value of ``by`` (a single row without), the values of
    ``by`` and then the figures.  With ``fields``: a list, each row those fields, which are
    columns, or names of the core's record written ``record:XingMing``.  ``begin`` and ``end``:
    days of the source, both included, 0 for any.  ``first`` rows are left out, ``most`` follow.
    """

    source: Source
    figures: tuple[Figure, ...] = ()
    by: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    cuts: tuple[Cut, ...] = ()
    begin: int = 0
    end: int = 0
    first: int = 0
    most: int = 0


@dataclass(frozen=True, slots=True)
class FiguresQuestion:
    """``function`` is the partner's name for what it asks; ``asked`` the adapter's own."""

    function: str
    looks: tuple[Look, ...]
    asked: Mapping[str, Any] = field(default_factory=dict)

    @property
    def reference(self) -> str:
        """What the record of the call names."""
        return self.function


@dataclass(frozen=True, slots=True)
class Reading:
    """What one look found; ``total`` rows there are, of which ``rows`` may be a page."""

    rows: tuple[tuple[Any, ...], ...]
    total: int


@dataclass(frozen=True, slots=True)
class FiguresAnswer:
    """As of when; ``left_out``: records of the sources read that cannot be read and count for
    nothing until the core says them anew."""

    as_of: datetime
    question: FiguresQuestion
    readings: tuple[Reading, ...]
    left_out: int

    @property
    def units(self) -> tuple[tuple[Any, ...], ...]:
        """All rows that were read, for the record of the call."""
        return tuple(row for one in self.readings for row in one.rows)
