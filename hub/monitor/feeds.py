"""Feeds (应到): what should have come by when, noted at that hour, late until it is there.

What an interface owes is data in its manifest (``feeds``); when that was due follows from the
banking calendar; whether it came, ``hub.app.feeding`` reads from the hub's own tables.  A row is
written once its hour is there and keeps what was so then: a later look changes ``came_us`` alone.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Literal

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from sqlalchemy.engine import Connection

from hub.kernel.clocks import SHANGHAI, to_us
from hub.kernel.errors import Misconfigured
from hub.monitor.tables import watch_feed
from hub.schedule import BankingCalendar

MINUTE_US = 60_000_000
What = Literal["due_list", "results", "statement", "changes", "receipts"]


class BadFeeds(Misconfigured):
    """A manifest's ``feeds`` cannot be read."""

    code = "watch.bad_feeds"
    hint = "Compare with docs/how-to/what-should-have-come.md."


class FeedRule(BaseModel):
    """One feed of a manifest.

    ``due_list``: by ``at`` on the month's ``day`` (the banking day on or after it).
    ``statement``: of a day on which we paid, by ``at`` on the next banking day.  ``results``,
    ``receipts``: within ``within_minutes`` of what they answer.  ``changes``: each full hour of a
    banking day within ``within_minutes``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    feed: str = Field(pattern=r"^[a-z][a-z_]{0,29}$")
    what: What
    day: int | None = Field(default=None, ge=1, le=28)
    at: time | None = None
    within_minutes: int | None = Field(default=None, ge=1, le=60 * 24 * 31)
    level: Literal["major", "serious", "ordinary"] = "serious"

    @model_validator(mode="after")
    def _complete(self) -> "FeedRule":
        needed = {
            "due_list": ("day", "at"), "statement": ("at",), "results": ("within_minutes",),
            "changes": ("within_minutes",), "receipts": ("within_minutes",),
        }[self.what]  # fmt: skip
        said = {name for name in ("day", "at", "within_minutes") if getattr(self, name) is not None}
        if said != set(needed):
            raise ValueError(f"{self.what} says {' and '.join(needed)}")
        return self

    @property
    def within_us(self) -> int:
        """``within_minutes`` in µs."""
        return (self.within_minutes or 0) * MINUTE_US

    def at_us(self, day: date) -> int:
        """``at`` on a day."""
        return to_us(datetime.combine(day, self.at or time(), SHANGHAI))

    def due_of_month(self, first: date, calendar: BankingCalendar) -> int:
        """When the list of a month is due.  Raises CalendarUnknown."""
        return self.at_us(calendar.on_or_after(first.replace(day=self.day or 1)))

    def due_of_day(self, day: date, calendar: BankingCalendar) -> int:
        """When the statement of a day is due.  Raises CalendarUnknown."""
        return self.at_us(calendar.next_banking_day(day))


def read_rules(interface: str, said: object) -> tuple[FeedRule, ...]:
    """A manifest's ``feeds``; none where it does not say.  Raises BadFeeds."""
    if said is None:
        return ()
    try:
        rules = tuple(FeedRule.model_validate(one) for one in said)  # type: ignore[attr-defined]
    except (ValidationError, TypeError) as error:
        text = error.errors()[0]["msg"] if isinstance(error, ValidationError) else "not a list"
        raise BadFeeds(f"{interface}: feeds: {text}") from error
    if len({rule.feed for rule in rules}) != len(rules):
        raise BadFeeds(f"{interface}: two feeds have one name")
    return rules


@dataclass(frozen=True, slots=True)
class Expected:
    """One thing that was due, as the tables show it now.  ``came_us`` None: it is not there, for
    ``cause``."""

    subject: str
    due_us: int
    came_us: int | None = None
    cause: str = ""


@dataclass(frozen=True, slots=True)
class FeedSeen:
    """One row: 应到 at ``due_us``; 迟到 when ``late_us`` is set; 未到 while ``came_us`` is None."""

    interface: str
    feed: str
    subject: str
    due_us: int
    late_us: int | None
    came_us: int | None
    cause: str


@dataclass(frozen=True, slots=True)
class Tally:
    """How many were due (应到), came (实到), came late (迟到), are still missing (未到)."""

    due: int = 0
    came: int = 0
    late: int = 0
    missing: int = 0


def known(tx: Connection, interface: str, feed: str, since_us: int) -> dict[str, FeedSeen]:
    """Rows of a feed that are due since then or still missing, by subject."""
    f = watch_feed.c
    query = sa.select(watch_feed).where(
        f.interface == interface, f.feed == feed, sa.or_(f.due_us >= since_us, f.came_us.is_(None))
    )
    return {row.subject: _seen(row) for row in tx.execute(query)}


def changes(found: Iterable[Expected], rows: Mapping[str, FeedSeen], now_us: int) -> list[Expected]:
    """Of what is due by now: what has no row yet, or came since its row was written."""
    return [
        one for one in found
        if one.due_us <= now_us and (
            one.subject not in rows
            or (rows[one.subject].came_us is None and one.came_us is not None)
        )
    ]  # fmt: skip


def note(tx: Connection, interface: str, feed: str, one: Expected) -> None:
    """Write a row, or that it came."""
    f = watch_feed.c
    key = sa.and_(f.interface == interface, f.feed == feed, f.subject == one.subject)
    late = one.came_us is None or one.came_us > one.due_us
    values: dict[str, Any] = {"came_us": one.came_us}
    if tx.scalar(sa.select(f.id).where(key)) is not None:
        tx.execute(sa.update(watch_feed).where(key).values(**values))
        return
    tx.execute(
        sa.insert(watch_feed).values(
            interface=interface, feed=feed, subject=one.subject[:40], due_us=one.due_us,
            late_us=one.due_us if late else None, cause=one.cause[:200], **values,
        )
    )  # fmt: skip


def missing(tx: Connection) -> list[FeedSeen]:
    """What should have come and has not, the longest overdue first."""
    query = sa.select(watch_feed).where(watch_feed.c.came_us.is_(None))
    return [_seen(row) for row in tx.execute(query.order_by(watch_feed.c.due_us, watch_feed.c.id))]


def count_late(tx: Connection) -> dict[tuple[str, str], int]:
    """How many are missing, by interface and feed."""
    f = watch_feed.c
    query = sa.select(f.interface, f.feed, sa.func.count()).where(f.came_us.is_(None))
    return {
        (row[0], row[1]): int(row[2]) for row in tx.execute(query.group_by(f.interface, f.feed))
    }


def newest(tx: Connection, interface: str, most: int = 20) -> list[FeedSeen]:
    """Missing ones first, then those that were due last."""
    f = watch_feed.c
    waits = sa.case((f.came_us.is_(None), 0), else_=1)
    query = sa.select(watch_feed).where(f.interface == interface)
    query = query.order_by(waits, f.due_us.desc(), f.id.desc()).limit(most)
    return [_seen(row) for row in tx.execute(query)]


def tallies(tx: Connection, since_us: int, until_us: int) -> dict[tuple[str, str], Tally]:
    """By interface and feed, of what was due in a time."""
    f = watch_feed.c
    query = (
        sa.select(
            f.interface, f.feed, sa.func.count(), sa.func.count(f.came_us),
            sa.func.sum(sa.case((sa.and_(f.late_us.is_not(None), f.came_us.is_not(None)), 1),
                                else_=0)),
        )
        .where(f.due_us >= since_us, f.due_us < until_us)
        .group_by(f.interface, f.feed)
    )  # fmt: skip
    return {
        (row[0], row[1]): Tally(int(row[2]), int(row[3]), int(row[4]), int(row[2]) - int(row[3]))
        for row in tx.execute(query)
    }


def month_span(day: date) -> tuple[int, int]:
    """The month of a day in Shanghai: from, until."""
    first = day.replace(day=1)
    after = (first + timedelta(days=31)).replace(day=1)
    begin, end = (to_us(datetime.combine(each, time(), SHANGHAI)) for each in (first, after))
    return begin, end


def _seen(row: "sa.Row[Any]") -> FeedSeen:
    return FeedSeen(
        row.interface, row.feed, row.subject, int(row.due_us), row.late_us, row.came_us, row.cause
    )
