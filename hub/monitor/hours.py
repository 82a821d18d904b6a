"""When an interface is in service by its manifest: partner hours, less the day cut (日切).

``hours: {query: "06:00-23:00", day_cut: "22:30-23:00"}``: ``service`` if it is there, else
``query``, else the whole day.  A window may pass midnight ("22:00-06:00").
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from hub.kernel.clocks import SHANGHAI, from_us, to_us
from hub.kernel.errors import Misconfigured

_WINDOW = re.compile(r"([0-9]{2}):([0-9]{2})-([0-9]{2}):([0-9]{2})")
DAY_US = 86_400_000_000
_MINUTE_US = 60_000_000
DAY_MINUTES = 1440


class BadServiceHours(Misconfigured):
    """A manifest's service hours cannot be read."""

    code = "watch.bad_hours"
    hint = 'Write "06:00-23:00"; "24:00" is the end of the day, "22:00-06:00" passes midnight.'


@dataclass(frozen=True, slots=True)
class Window:
    """A daily window in minutes of the day, ``begins`` included and ``ends`` not; one that ends
    before it begins passes midnight."""

    begins: int
    ends: int

    @classmethod
    def parse(cls, text: str) -> "Window":
        """``06:00-23:00``; raises BadServiceHours."""
        found = _WINDOW.fullmatch(text.strip())
        if found is None:
            raise BadServiceHours(f"hours {text[:20]!r}")
        hours = [int(part) for part in found.groups()]
        begins, ends = hours[0] * 60 + hours[1], hours[2] * 60 + hours[3]
        fits = begins < DAY_MINUTES and 0 < ends <= DAY_MINUTES and max(hours[1], hours[3]) < 60
        if not fits or begins == ends:
            raise BadServiceHours(f"hours {text[:20]!r}")
        return cls(begins, ends)

    def minutes(self) -> frozenset[int]:
        """Which minutes of a day lie in it."""
        if self.begins < self.ends:
            return frozenset(range(self.begins, self.ends))
        return frozenset(range(self.begins, DAY_MINUTES)) | frozenset(range(self.ends))

    def __str__(self) -> str:
        return (
            f"{self.begins // 60:02d}:{self.begins % 60:02d}-"
            f"{self.ends // 60:02d}:{self.ends % 60:02d}"
        )


@dataclass(frozen=True, slots=True)
class ServiceHours:
    """Daily service: ``open_runs`` are its parts in minutes of the day, in order."""

    open_runs: tuple[tuple[int, int], ...] = ((0, DAY_MINUTES),)
    text: str = "00:00-24:00"

    @classmethod
    def of(cls, hours: Mapping[str, object] | None) -> "ServiceHours":
        """From a manifest's ``hours``.  Raises BadServiceHours."""
        said = dict(hours or {})
        text = str(said.get("service") or said.get("query") or "00:00-24:00")
        minutes = Window.parse(text).minutes()
        cut = said.get("day_cut")
        if cut is not None:
            minutes -= Window.parse(str(cut)).minutes()
            text = f"{text}（日切 {cut}）"
        if not minutes:
            raise BadServiceHours("the day cut leaves nothing of the service hours")
        return cls(tuple(_runs(minutes)), text)

    def is_open(self, at_us: int) -> bool:
        """Whether the interface is in service at an instant."""
        here = from_us(at_us)
        minute = here.hour * 60 + here.minute
        return any(begins <= minute < ends for begins, ends in self.open_runs)

    def closed(self, begin_us: int, until_us: int) -> Iterator[tuple[int, int]]:
        """The times out of service that touch a span, as [from, until) in µs, in order."""
        shut = _gaps(self.open_runs)
        day = _midnight(begin_us)
        while day < until_us and shut:
            for begins, ends in shut:
                yield day + begins * _MINUTE_US, day + ends * _MINUTE_US
            day += DAY_US

    def opened_us(self, at_us: int) -> int:
        """Since when it has been open, of an instant at which it is; at most a day back."""
        here = from_us(at_us)
        minute = here.hour * 60 + here.minute
        begins = max(b for b, e in self.open_runs if b <= minute < e)
        if begins == 0 and self.open_runs[-1][1] == DAY_MINUTES:
            begins = self.open_runs[-1][0] - DAY_MINUTES  # it was open over midnight
        return _midnight(at_us) + begins * _MINUTE_US


ALL_DAY = ServiceHours()


def _midnight(at_us: int) -> int:
    # Shanghai has had one offset since 1991: a day is always 24 hours.
    return to_us(datetime.combine(from_us(at_us).date(), time(), SHANGHAI))


def day_after(at_us: int) -> int:
    """The next midnight in Shanghai."""
    return to_us(datetime.combine(from_us(at_us).date() + timedelta(days=1), time(), SHANGHAI))


def _runs(minutes: frozenset[int]) -> Iterator[tuple[int, int]]:
    begins = None
    for minute in range(DAY_MINUTES + 1):
        if minute in minutes:
            begins = minute if begins is None else begins
        elif begins is not None:
            yield begins, minute
            begins = None


def _gaps(runs: tuple[tuple[int, int], ...]) -> list[tuple[int, int]]:
    edges = [0, *(edge for run in runs for edge in run), DAY_MINUTES]
    pairs = zip(edges[::2], edges[1::2], strict=True)
    return [(begins, ends) for begins, ends in pairs if begins < ends]


def next_due(schedule: Mapping[str, str], now_us: int) -> tuple[str, int] | None:
    """What of a manifest's daily schedule comes next: its word and when."""
    here = from_us(now_us)
    found = []
    for word, text in schedule.items():
        if ":" not in text:
            continue  # probe_every_s
        at = to_us(datetime.combine(here.date(), time.fromisoformat(text), SHANGHAI))
        found.append((at if at > now_us else at + DAY_US, word))
    if not found:
        return None
    at_us, word = min(found)
    return word, at_us
