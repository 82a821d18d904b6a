"""A month with faults, as data: what is wrong with which interface from which minute to which.

Made from a seed.  Minutes count from the first of the month, 00:00 in Shanghai.  Faults begin and
end on probe instants and are seen by two probes at least, for a single one is no outage.
"""

import json
import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

DAY = 1440
UP = "up"
FAULTS = ("unreachable", "unusable", "ours", "misconfigured")
REAL = "bank-icbc"
"""Its partner is a mock of its own over real sockets; it cannot be told to be our own fault."""
_INTERVALS = (5, 10, 15, 20, 30, 60)
_HOURS = (
    {}, {"query": "06:00-23:00"}, {"query": "22:00-06:00"},
    {"query": "00:00-24:00", "day_cut": "23:30-00:30"},
)  # fmt: skip
_MARKS = ("force_majeure", "client", "ours", "partner", "line", "normal", "no_data")


@dataclass
class Stretch:
    """``[begin, end)`` in minutes, and what holds in it."""

    begin: int
    end: int
    what: str


@dataclass
class Works:
    """Maintenance in seconds, planned at a minute and perhaps cancelled at another."""

    begin_s: int
    end_s: int
    planned: int
    cancelled: int | None = None

    @property
    def ends_s(self) -> int:
        """When it ends or was cancelled."""
        return self.end_s if self.cancelled is None else self.cancelled * 60


@dataclass
class Mark:
    """A class that one party proposed; ``answer`` is signed, refused or empty."""

    begin: int
    end: int
    klass: str
    answer: str


@dataclass
class Part:
    """One interface's: its probe interval in minutes, its hours, its faults."""

    every: int
    hours: dict[str, str] = field(default_factory=dict)
    faults: list[Stretch] = field(default_factory=list)
    works: list[Works] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)

    def at(self, minute: int) -> str:
        """What is wrong at a minute, or ``up``."""
        held = [one.what for one in self.faults if one.begin <= minute < one.end]
        return held[0] if held else UP


@dataclass
class Script:
    """``restarts``: the hub is killed at ``begin`` and there again from ``end`` on; where both
    are one minute, it is killed at some moment of the work before it."""

    minutes: int
    parts: dict[str, Part]
    restarts: list[Stretch]

    def away(self, minute: int) -> bool:
        """Whether no hub is there to probe."""
        return any(one.begin <= minute < one.end for one in self.restarts)

    def samples(self, part: Part) -> Iterator[int]:
        """The minutes at which a part is probed."""
        return (m for m in range(0, self.minutes, part.every) if not self.away(m))

    def save(self, path: Path) -> None:
        """As JSON."""
        path.write_text(json.dumps(asdict(self), indent=1), "utf-8")

    @classmethod
    def load(cls, path: Path) -> "Script":
        """From JSON."""
        said = json.loads(path.read_text("utf-8"))
        parts = {
            name: Part(
                one["every"], one["hours"], [Stretch(**each) for each in one["faults"]],
                [Works(**each) for each in one["works"]], [Mark(**each) for each in one["marks"]],
            )
            for name, one in said["parts"].items()
        }  # fmt: skip
        return cls(said["minutes"], parts, [Stretch(**each) for each in said["restarts"]])


def write_script(names: list[str], days: int, restarts: int, seed: int, every: int = 0) -> Script:
    """A script for these interfaces; ``every``: one probe interval for all, in minutes."""
    chance = random.Random(seed)
    minutes = days * DAY
    made = Script(minutes, {}, _restarts(chance, minutes, restarts))
    for number, name in enumerate(names):
        interval = every or _INTERVALS[number % len(_INTERVALS)]
        part = Part(interval, _HOURS[number % len(_HOURS)])
        part.faults = _faults(chance, part.every, minutes, name)
        part.works = [_works(chance, minutes) for _ in range(max(2, days // 6))]
        part.marks = [_mark(chance, part, minutes) for _ in range(max(3, days // 4))]
        made.parts[name] = part
        _drop_unseen(made, part)
    return made


def _restarts(chance: random.Random, minutes: int, count: int) -> list[Stretch]:
    """Every other one takes hours, in which nobody looks."""
    found, step = [], minutes // (count + 1)
    for number in range(count):
        begin = step * (number + 1) + chance.randrange(-step // 4, step // 4)
        lasts = chance.randrange(20, 400) if number % 2 else 0
        found.append(Stretch(begin, begin + lasts, "away"))
    return found


def _faults(chance: random.Random, every: int, minutes: int, name: str) -> list[Stretch]:
    found, at, kinds = [], 0, FAULTS[:2] if name == REAL else FAULTS
    while True:
        begin = at + every * chance.randint(3, max(4, 2000 // every))
        at = begin + every * chance.randint(2, max(3, 240 // every))
        if at + 3 * every > minutes:
            return found
        found.append(Stretch(begin, at, chance.choice(kinds)))
        if chance.random() < 0.3:  # another kind of trouble follows at once
            begin, at = at, at + every * chance.randint(2, 6)
            others = [kind for kind in kinds if _state(kind) != _state(found[-1].what)]
            found.append(Stretch(begin, at, chance.choice(others)))


def _works(chance: random.Random, minutes: int) -> Works:
    begin_s = 60 * chance.randrange(60, minutes - 300) + chance.choice((0, 0, 1, 30, 59))
    end_s = begin_s + chance.randrange(60, 4 * 3600)
    planned = begin_s // 60 - chance.randrange(1, 60)
    ended = begin_s // 60 + 1 + chance.randrange((end_s - begin_s) // 60 or 1)
    cut = chance.random() < 0.3 and ended * 60 < end_s
    return Works(begin_s, end_s, planned, ended if cut else None)


def _mark(chance: random.Random, part: Part, minutes: int) -> Mark:
    """Mostly over a fault, and somewhat beside it."""
    near = chance.choice(part.faults).begin if part.faults else 0
    begin = min(max(0, near + chance.randrange(-30, 60)), minutes - 2)
    end = min(begin + chance.randrange(1, 200), minutes)
    return Mark(
        begin, end, chance.choice(_MARKS), chance.choice(("signed", "signed", "refused", ""))
    )


def _state(what: str) -> str:
    return "ours" if what == "misconfigured" else what


def _drop_unseen(script: Script, part: Part) -> None:
    """Leave out what the hub's absence would leave with a single probe, or two far apart."""
    while (flaw := _unseen(script, part)) is not None:
        near = min(part.faults, key=lambda one: min(abs(one.begin - flaw), abs(one.end - flaw)))
        part.faults.remove(near)


def _unseen(script: Script, part: Part) -> int | None:
    """The first probe of a run of equal ones that would make no flip dated at it."""
    probes = [(minute, _state(part.at(minute))) for minute in script.samples(part)]
    for number, (minute, state) in enumerate(probes[1:], 1):
        if state == probes[number - 1][1]:
            continue
        last = number + 1 == len(probes)
        if (
            last
            or probes[number + 1][1] != state
            or (probes[number + 1][0] - minute > 2 * part.every)
        ):
            return minute
    return None
