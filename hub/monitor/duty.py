"""The duty list (值班表): who stands on which rung at an instant, and how each is reached.

A row says that a person (or nobody) stands on a rung for a time; of rows that overlap the newest
counts, so a swap is one more row and what was said before stays to be read.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import IntEnum
from itertools import pairwise
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.audit import record
from hub.kernel.clocks import SHANGHAI, to_us
from hub.kernel.errors import BadInput
from hub.kernel.logs import mask_text
from hub.monitor.duty_tables import duty_turn
from hub.monitor.policy import Shift
from hub.schedule.days import BankingCalendar
from hub.store import insert_row

NOBODY = ""
LONGEST_DAYS = 400
_DAY = timedelta(days=1)


class Rung(IntEnum):
    """The ladder an alert climbs."""

    PRIMARY = 1
    STANDBY = 2
    LEAD = 3
    CENTRE = 4

    @property
    def code(self) -> str:
        """primary, standby, lead or centre."""
        return self.name.lower()

    @property
    def label(self) -> str:
        """值班员, 备班, 负责人 or 中心联系人."""
        return ("值班员", "备班", "负责人", "中心联系人")[self - 1]

    @classmethod
    def of(cls, code: str) -> "Rung":
        """Raises BadDuty."""
        for rung in cls:
            if rung.code == code:
                return rung
        raise BadDuty(f"there is no rung {code[:20]!r}")


class BadDuty(BadInput):
    """The duty list cannot be changed like this."""

    code = "duty.bad"
    hint = "Rungs: primary, standby, lead, centre; shifts and limits: `duty` in watch_policy.yaml."


@dataclass(frozen=True, slots=True)
class Turn:
    """One row of the list, as it was said."""

    id: int
    rung: int
    login: str
    from_us: int
    until_us: int
    shift: str
    set_by: str
    set_us: int
    why: str


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in which nothing changes: who stands on which rung, by rung; a rung that is missing
    has nobody."""

    from_us: int
    until_us: int
    on: Mapping[int, str]


def read_turns(tx: Connection, from_us: int, until_us: int) -> list[Turn]:
    """Every row that touches a time, oldest first."""
    c = duty_turn.c
    query = (
        sa.select(duty_turn).where(c.until_us > from_us, c.from_us < until_us).order_by(c.id)
    )  # fmt: skip
    return [_turn(row) for row in tx.execute(query)]


def read_changes(tx: Connection, most: int = 50) -> list[Turn]:
    """The last rows, newest first."""
    query = sa.select(duty_turn).order_by(duty_turn.c.id.desc()).limit(most)
    return [_turn(row) for row in tx.execute(query)]


def is_used(tx: Connection) -> bool:
    """Whether there is a list at all."""
    return tx.scalar(sa.select(duty_turn.c.id).limit(1)) is not None


def on_duty(tx: Connection, at_us: int) -> dict[int, str]:
    """Who stands on which rung at an instant."""
    return _top(read_turns(tx, at_us, at_us + 1))


def stretches(tx: Connection, from_us: int, until_us: int) -> list[Stretch]:
    """The list over a time, cut wherever somebody else stands on a rung."""
    turns = read_turns(tx, from_us, until_us)
    edges = {from_us, until_us}
    for turn in turns:
        edges |= {edge for edge in (turn.from_us, turn.until_us) if from_us < edge < until_us}
    cuts = sorted(edges)
    made: list[Stretch] = []
    for begins, ends in pairwise(cuts):
        on = _top(turn for turn in turns if turn.from_us <= begins < turn.until_us)
        if made and made[-1].on == on:
            begins = made.pop().from_us  # noqa: PLW2901  the same people go on
        made.append(Stretch(begins, ends, on))
    return made


def gaps(found: Iterable[Stretch], rung: Rung) -> list[tuple[int, int]]:
    """The times in which nobody stands on a rung."""
    made: list[tuple[int, int]] = []
    for one in found:
        if rung in one.on:
            continue
        if made and made[-1][1] == one.from_us:
            made[-1] = (made[-1][0], one.until_us)
        else:
            made.append((one.from_us, one.until_us))
    return made


def shift_spans(
    shift: Shift, first: date, last: date, calendar: BankingCalendar
) -> Iterator[tuple[int, int]]:
    """When a shift is on the days from ``first`` to ``last``; one that passes midnight belongs to
    the day on which it begins.  Raises CalendarUnknown."""
    day = first
    while day <= last:
        if shift.days == "every" or (shift.days == "working") is calendar.is_banking_day(day):
            midnight = to_us(datetime.combine(day, time(), SHANGHAI))
            begins, ends = shift.window.begins, shift.window.ends
            over = 0 if begins < ends else 1440
            yield midnight + begins * 60_000_000, midnight + (ends + over) * 60_000_000
        day += _DAY


def put_turns(
    tx: Connection, rung: Rung, login: str, spans: Sequence[tuple[int, int]], *, shift: str,
    by: str, why: str, now_us: int,
) -> list[int]:  # fmt: skip
    """Somebody stands on a rung for these times; the rows' numbers.  What is past stays as it
    was.  Raises BadDuty."""
    ahead = [(max(begins, now_us), ends) for begins, ends in spans if ends > now_us]
    if not ahead:
        raise BadDuty("nothing of this lies ahead")
    if any(
        begins >= ends or ends - begins > LONGEST_DAYS * 86_400_000_000 for begins, ends in ahead
    ):
        raise BadDuty(f"a turn ends after it begins, and lasts at most {LONGEST_DAYS} days")
    said = mask_text(" ".join(why.split()))[:200]
    made = [
        insert_row(
            tx, duty_turn, rung=int(rung), login=login, from_us=begins, until_us=ends,
            shift=shift, set_by=by, set_us=now_us, why=said,
        )
        for begins, ends in ahead
    ]  # fmt: skip
    record(
        tx, act="duty.set", actor=by, subject=f"duty:{rung.code}",
        detail={"login": login, "from_us": ahead[0][0], "until_us": ahead[-1][1], "why": said},
        count=len(made),
    )  # fmt: skip
    return made


def swap(
    tx: Connection, one: str, other: str, from_us: int, until_us: int, *, by: str, why: str,
    now_us: int,
) -> list[int]:  # fmt: skip
    """Two people change places wherever one of them stands; the new rows' numbers.

    Raises BadDuty when neither does."""
    places = {one: other, other: one}
    made: list[int] = []
    for found in stretches(tx, max(from_us, now_us), until_us):
        for rung, login in found.on.items():
            if login in places:
                made += put_turns(
                    tx, Rung(rung), places[login], [(found.from_us, found.until_us)], shift="",
                    by=by, why=why, now_us=now_us,
                )  # fmt: skip
    if not made:
        raise BadDuty(f"neither {one} nor {other} is on duty then")
    return made


def _top(turns: Iterable[Turn]) -> dict[int, str]:
    """Of turns in the order in which they were said the last one of each rung."""
    top = {turn.rung: turn.login for turn in turns}
    return {rung: login for rung, login in sorted(top.items()) if login != NOBODY}


def _turn(row: "sa.Row[Any]") -> Turn:
    return Turn(*row)  # the columns in the order in which the table has them
