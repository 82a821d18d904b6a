"""Whether what an interface owes has come: read from the tables of whoever takes it in."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.cases.tables import case, step
from hub.cases.words import Fed
from hub.core.copy_tables import registry_feed
from hub.kernel.clocks import SHANGHAI, from_us, to_us
from hub.monitor.feeds import Expected, FeedRule
from hub.monitor.tables import watch_feed
from hub.offset.tables import batch, due_list, item, leg, run, statement_day
from hub.schedule import BankingCalendar

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Look:
    """One look at one interface's feeds.  ``since_us``: what was due before is not asked about;
    ``bank``: the partner's code; ``shift``: business time less the database's."""

    interface: str
    bank: str
    since_us: int
    now_us: int
    shift: int
    calendar: BankingCalendar

    def expected(self, view: Connection, rule: FeedRule) -> Iterator[Expected]:
        """What was due by the rule since then, up to now.  Raises CalendarUnknown."""
        match rule.what:
            case "due_list":
                found = self._due_lists(view, rule)
            case "results":
                found = self._results(view, rule)
            case "statement":
                found = self._statements(view, rule)
            case "changes":
                found = self._changes(view, rule)
            case "receipts":
                found = self._receipts(view, rule)
        for one in found:
            if self.since_us <= one.due_us <= self.now_us:
                yield one

    def _due_lists(self, view: Connection, rule: FeedRule) -> Iterator[Expected]:
        first, today = from_us(self.since_us).date(), from_us(self.now_us).date()
        month = first.replace(day=1)
        while month <= today:
            period = f"{month:%Y-%m}"
            came_us, cause = self._due_list(view, period)
            yield Expected(period, rule.due_of_month(month, self.calendar), came_us, cause)
            month = (month + 31 * _DAY).replace(day=1)

    def _due_list(self, view: Connection, period: str) -> tuple[int | None, str]:
        opened = sa.select(run.c.id).where(run.c.period == period)
        number = view.scalar(opened)
        if number is None:
            return None, "本期尚未开期，没有去取"
        mine = sa.and_(due_list.c.run_id == number, due_list.c.bank == self.bank)
        came = view.scalar(
            sa.select(sa.func.min(due_list.c.ended_us)).where(mine, due_list.c.state == "complete")
        )
        if came is not None:
            return int(came), ""
        trouble = view.scalar(
            sa.select(leg.c.trouble).where(leg.c.run_id == number, leg.c.bank == self.bank)
        )
        if trouble is None:
            return None, "本期没有这家银行"
        return None, str(trouble or "对方还没有给出清单")

    def _results(self, view: Connection, rule: FeedRule) -> Iterator[Expected]:
        """A batch is looked through once its hour is there, and no more when it was answered."""
        f = watch_feed.c
        settled = sa.select(f.subject).where(
            f.interface == self.interface, f.feed == rule.feed, f.came_us.is_not(None)
        )
        horizon = self.since_us - rule.within_us
        recent = sa.select(run.c.id).where(
            sa.or_(run.c.closed_us.is_(None), run.c.closed_us >= horizon)
        )
        waiting = (
            sa.select(batch.c.number)
            .where(batch.c.bank == self.bank, batch.c.run_id.in_(recent))
            .where(batch.c.number.not_in(settled))
        )
        for number in view.scalars(waiting).all():
            one = self._batch(view, number, rule.within_us)
            if one is not None:
                yield one

    def _batch(self, view: Connection, number: str, within_us: int) -> Expected | None:
        i = item.c
        mine = sa.and_(i.batch == number, i.instructed_us.is_not(None))
        sent_us = view.scalar(sa.select(i.instructed_us).where(mine).order_by(i.row_no).limit(1))
        if sent_us is None or int(sent_us) + within_us > self.now_us:
            return None
        whole, answered, last = view.execute(
            sa.select(sa.func.count(), sa.func.count(i.result_us), sa.func.max(i.result_us)).where(
                mine
            )
        ).one()
        lacking = whole - answered
        cause = f"{whole} 笔中 {lacking} 笔没有结果" if lacking else ""
        return Expected(number, int(sent_us) + within_us, None if lacking else int(last), cause)

    def _statements(self, view: Connection, rule: FeedRule) -> Iterator[Expected]:
        oldest = int(f"{from_us(self.since_us).date() - 40 * _DAY:%Y%m%d}")
        b, s = batch.c, statement_day.c
        days = (
            sa.select(b.last_sent_on)
            .where(b.bank == self.bank, b.last_sent_on >= oldest)
            .distinct()
            .order_by(b.last_sent_on)
        )
        read = sa.select(sa.func.min(s.read_us)).where(s.bank == self.bank, s.closed == 1)
        for number in view.scalars(days).all():
            came = view.scalar(read.where(s.day == number))
            day = date(number // 10000, number // 100 % 100, number % 100)
            yield Expected(
                str(number), rule.due_of_day(day, self.calendar),
                None if came is None else int(came) + self.shift,
                "" if came is not None else "当日已划款，对账单未读到日终",
            )  # fmt: skip

    def _changes(self, view: Connection, rule: FeedRule) -> Iterator[Expected]:
        reached = view.scalar(
            sa.select(registry_feed.c.caught_up_us).where(
                registry_feed.c.interface == self.interface
            )
        )
        first = max(self.since_us, self.now_us - 86_400_000_000)
        slot = from_us(first).replace(minute=0, second=0, microsecond=0) - _HOUR
        while to_us(slot) + rule.within_us <= self.now_us:
            at_us = to_us(slot)
            if self.calendar.is_banking_day(slot.date()):
                came = reached is not None and int(reached) >= at_us
                yield Expected(
                    f"{slot.astimezone(SHANGHAI):%Y%m%d%H}", at_us + rule.within_us,
                    min(int(reached or 0), self.now_us) if came else None,
                    "" if came else "变更流没有追到这个时点",
                )  # fmt: skip
            slot += _HOUR

    def _receipts(self, view: Connection, rule: FeedRule) -> Iterator[Expected]:
        query = (
            sa.select(step.c.case_id, step.c.place, step.c.at_us, step.c.fed)
            .join(case, case.c.id == step.c.case_id)
            .where(
                case.c.interface == self.interface,
                step.c.at_us >= self.since_us - rule.within_us,
                step.c.at_us <= self.now_us - rule.within_us,
            )
        )
        for row in view.execute(query):
            untold = row.fed in (Fed.WAITING.value, Fed.SENT.value)
            due_us = int(row.at_us) + rule.within_us
            yield Expected(
                f"{row.case_id}-{row.place}", due_us,
                None if untold else min(due_us, self.now_us),
                "办理结果没有取得平台回执" if untold else "",
            )  # fmt: skip
