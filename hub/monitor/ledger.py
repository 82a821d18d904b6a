"""The minute ledger: each minute of a span belongs to exactly one class.  Pure.

At each instant one class holds, the first of these that applies: not over yet, out of service
hours, planned maintenance, what a signed mark says, no data (the last evidence is older than it
counts for), what the state proposes.  A minute is then of the class of highest precedence that
holds in any part of it, so it is normal only if every second of it is; and the classes add up,
for each minute is counted once.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from hub.monitor.hours import ALL_DAY, ServiceHours
from hub.monitor.words import CLASS_OF, MinuteClass, State

MINUTE_US = 60_000_000
_ORDER = tuple(MinuteClass)
_CODE = {each: number for number, each in enumerate(_ORDER)}

Span = tuple[int, int]
"""[from, until) in µs."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What both parties were asked to agree on for a time: ``signed`` when they have."""

    from_us: int
    until_us: int
    klass: MinuteClass
    signed: bool = True


@dataclass(frozen=True, slots=True)
class Facts:
    """What a ledger is made of, of one interface.

    ``flips``: (at, state) in order of time.  ``evidence``: (first sample, last sample, how long a
    sample counts).  ``marks``: in the order in which they were made; the last signed one holds.
    ``now_us``: minutes that are not over by then are ahead.
    """

    flips: Sequence[tuple[int, State]] = ()
    evidence: Sequence[tuple[int, int, int]] = ()
    hours: ServiceHours = ALL_DAY
    maintenance: Sequence[Span] = ()
    marks: Sequence[Mark] = ()
    now_us: int = 2**62


@dataclass(frozen=True, slots=True)
class Ledger:
    """The minutes from ``from_us`` on: one byte each, and which are undecided."""

    from_us: int
    minutes: bytes
    undecided: bytes = field(repr=False, default=b"")

    def counts(self, begin: int = 0, end: int | None = None) -> dict[MinuteClass, int]:
        """How many minutes of each class, of the whole or of a slice; they add up to it."""
        part = self.minutes[begin:end]
        return {each: part.count(number) for each, number in _CODE.items()}

    def undecided_count(self) -> int:
        """Minutes whose class both parties have not agreed on."""
        return self.undecided.count(1)

    def at(self, minute: int) -> MinuteClass:
        """The class of a minute by its place."""
        return _ORDER[self.minutes[minute]]

    def runs(self) -> Iterator[tuple[int, int, MinuteClass]]:
        """(first minute, how many, class), one after the other."""
        begin = 0
        for end in range(1, len(self.minutes) + 1):
            if end == len(self.minutes) or self.minutes[end] != self.minutes[begin]:
                yield begin, end - begin, _ORDER[self.minutes[begin]]
                begin = end


def make_ledger(facts: Facts, from_us: int, count: int) -> Ledger:
    """The ledger of ``count`` minutes from ``from_us``, which begins a minute."""
    until_us = from_us + count * MINUTE_US
    made = bytearray([_CODE[MinuteClass.NORMAL]]) * count
    by_class: dict[MinuteClass, list[Span]] = {}
    for begin, end, klass in _partition(facts, from_us, until_us):
        by_class.setdefault(klass, []).append((begin, end))
    # From the lowest precedence up: a higher one takes every minute that it has a part in.
    for klass in reversed(_ORDER):
        for span in by_class.get(klass, ()):
            _paint(made, span, from_us, _CODE[klass])
    undecided = bytearray(count)
    for mark in facts.marks:
        if not mark.signed:
            _paint(undecided, (mark.from_us, mark.until_us), from_us, 1)
    return Ledger(from_us, bytes(made), bytes(undecided))


def _paint(made: bytearray, span: Span, from_us: int, value: int) -> None:
    begin = max(span[0] - from_us, 0) // MINUTE_US
    end = min(-((from_us - span[1]) // MINUTE_US), len(made))
    if begin < end:
        made[begin:end] = bytes([value]) * (end - begin)


def _partition(facts: Facts, from_us: int, until_us: int) -> Iterator[tuple[int, int, MinuteClass]]:
    """The span cut where anything changes, each piece with the class that holds in it."""
    closed = _Cover(facts.hours.closed(from_us, until_us))
    works = _Cover(facts.maintenance)
    known = _Cover((first, last + good) for first, last, good in facts.evidence)
    signed = [mark for mark in facts.marks if mark.signed]
    times = [at for at, _ in facts.flips]
    # A minute that is not over is ahead as a whole.
    now_us = max(from_us, facts.now_us - (facts.now_us - from_us) % MINUTE_US)
    cuts = {from_us, until_us, now_us, *times, *closed.edges, *works.edges, *known.edges}
    cuts |= {edge for mark in signed for edge in (mark.from_us, mark.until_us)}
    edges = sorted(cut for cut in cuts if from_us <= cut <= until_us)
    for begin, end in pairwise(edges):
        yield begin, end, _class_at(begin, now_us, closed, works, known, signed, times, facts)


def _class_at(
    at: int, now_us: int, closed: "_Cover", works: "_Cover", known: "_Cover",
    signed: Sequence[Mark], times: Sequence[int], facts: Facts,
) -> MinuteClass:  # fmt: skip
    if at >= now_us:
        return MinuteClass.AHEAD
    if closed.holds(at):
        return MinuteClass.OUT_OF_HOURS
    if works.holds(at):
        return MinuteClass.MAINTENANCE
    for mark in reversed(signed):
        if mark.from_us <= at < mark.until_us:
            return mark.klass
    place = bisect_right(times, at)
    if place == 0 or not known.holds(at):
        return MinuteClass.NO_DATA
    return CLASS_OF[facts.flips[place - 1][1]]


class _Cover:
    """Spans that may overlap, as one set of instants."""

    def __init__(self, spans: Iterable[Span]) -> None:
        self.edges: list[int] = []
        for begin, end in sorted(spans):
            if begin >= end:
                continue
            if self.edges and begin <= self.edges[-1]:
                self.edges[-1] = max(self.edges[-1], end)
            else:
                self.edges += [begin, end]

    def holds(self, at: int) -> bool:
        return bisect_right(self.edges, at) % 2 == 1
