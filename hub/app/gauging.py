"""Readings held against the policy's limits, feeds against what was due: troubles begun and ended.

A look reads first and writes only what changed.  All of a trouble (that it is over, its incident,
its alerts) is written in one transaction, so a process killed anywhere has told once or not yet.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.app.attending import Attending
from hub.app.discover import FoundAdapter
from hub.app.feeding import Look
from hub.app.holding import hold, shown_value
from hub.app.meters import Sample
from hub.kernel.clocks import from_us
from hub.kernel.logs import get_logger
from hub.monitor import feeds, incidents, limits
from hub.monitor.feeds import Expected, FeedRule, FeedSeen
from hub.monitor.hours import ServiceHours
from hub.monitor.incident_tables import incident
from hub.monitor.incidents import Subject, Trouble
from hub.monitor.limits import HUB, Reading, key_of
from hub.monitor.policy import Card, WatchPolicy
from hub.schedule import CalendarUnknown, load_span
from hub.store import Store, database_now_us

_log = get_logger(__name__)
_BACK, _AHEAD = timedelta(days=120), timedelta(days=40)
_WHAT_WORDS = {
    "due_list": "应还明细", "results": "划款结果", "statement": "对账单", "changes": "登记变更流",
    "receipts": "办理结果回执",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Gauging:
    """By which policy, over which interfaces, told by which ways."""

    store: Store
    fenced: Store
    policy: WatchPolicy
    adapters: Mapping[str, FoundAdapter]
    channels: tuple[str, ...]

    # --- limits ---

    def look_at_meters(self, read: Callable[[], list[Sample]], now_us: int) -> list[str]:
        """Once; the keys of what began or ended."""
        samples = read()
        with self.store.read() as view:
            over = limits.read_over(view)
            told = _lasting(view, "meter:")
        readings = {one.key: one for one in hold(self.policy, samples, over, now_us)}
        news = [one for one in readings.values() if self._is_news(one, over, told, now_us)]
        gone = [
            key for key in {*over, *told}
            if key.startswith("meter:") and (
                key not in readings or readings[key].since_us is None
            )
        ]  # fmt: skip
        if not news and not gone:
            return []
        with self.fenced.write() as tx:
            fresh = limits.read_over(tx)
            lasting = _lasting(tx, "meter:")
            for key in gone:
                self._end(tx, lasting.get(key), now_us)
                limits.forget_over(tx, key)
            for one in news:
                self._follow(tx, one, fresh, lasting.get(one.key), now_us)
        return [*gone, *(one.key for one in news)]

    def _is_news(
        self, one: Reading, over: Mapping[str, int], told: "Mapping[str, sa.Row[tuple[object]]]",
        now_us: int,
    ) -> bool:  # fmt: skip
        if one.since_us is None:
            return False
        found = told.get(one.key)
        if found is not None:
            return incidents.is_reminder_due(self.policy, found, now_us)
        return one.key not in over or one.is_told(now_us)

    def _follow(
        self, tx: Connection, one: Reading, over: Mapping[str, int],
        found: "sa.Row[tuple[object]] | None", now_us: int,
    ) -> None:  # fmt: skip
        if one.key not in over and one.since_us is not None:
            limits.note_over(tx, one.key, one.since_us)
        if not one.is_told(now_us):
            return
        subject = self._subject(tx, one.interface, one.limit.title, one.limit.owner, now_us)
        if found is not None:
            incidents.remind(tx, subject, found, now_us)
            return
        value, limit = (shown_value(one.limit, v) for v in (one.value, one.limit.bound))
        side = "高于" if one.limit.above is not None else "低于"
        which = f"（{one.subject}）" if one.subject else ""
        trouble = Trouble(
            key=one.key, effect="over", level=one.limit.level, code=f"limit.{one.limit.name}",
            detail=f"{one.limit.title}{which} {value}，{side}界限 {limit}",
            begun_us=one.since_us or now_us,
            card=_card(subject, one.limit.steps, one.limit.never),
        )  # fmt: skip
        if incidents.begin(tx, self.policy, subject, trouble, now_us) is not None:
            _log.warning("limit.over", limit=one.limit.name, subject=one.subject)

    # --- feeds ---

    def look_at_feeds(self, now_us: int) -> list[str]:
        """Once; the interfaces of which something came or did not."""
        today = from_us(now_us).date()
        with self.store.read() as view:
            begun = limits.read_over(view)
            calendar = load_span(view, today - _BACK, today + _AHEAD)
            shift = now_us - database_now_us(view)
            looks = [
                (rule, Look(name, adapter.manifest.partner.code, since, now_us, shift, calendar))
                for name, adapter in self.adapters.items()
                for rule in adapter.manifest.feeds
                if (since := begun.get(key_of("feeds", name, rule.feed))) is not None
            ]
            news = [
                (look.interface, rule, one)
                for rule, look in looks
                for one in _news(view, rule, look)
            ]
            unknown = [
                key for name, adapter in self.adapters.items() for rule in adapter.manifest.feeds
                if (key := key_of("feeds", name, rule.feed)) not in begun
            ]  # fmt: skip
            late, told = feeds.missing(view), _lasting(view, "feed:")
        keys = {key_of("feed", one.interface, one.feed) for one in late}
        moved = news or unknown or keys != set(told)
        due = any(incidents.is_reminder_due(self.policy, row, now_us) for row in told.values())
        if moved or due:
            with self.fenced.write() as tx:
                for key in unknown:
                    limits.note_over(tx, key, now_us)
                for name, rule, one in news:
                    feeds.note(tx, name, rule.feed, one)
                self._attend_feeds(tx, now_us)
        return sorted({name for name, _, _ in news})

    def _attend_feeds(self, tx: Connection, now_us: int) -> None:
        late: dict[str, list[FeedSeen]] = {}
        for one in feeds.missing(tx):
            if one.interface in self.adapters:
                late.setdefault(key_of("feed", one.interface, one.feed), []).append(one)
        lasting = _lasting(tx, "feed:")
        for key, row in lasting.items():
            if key not in late:
                self._end(tx, row, now_us)
            elif incidents.is_reminder_due(self.policy, row, now_us):
                incidents.remind(tx, self._feed_subject(tx, late[key][0], now_us), row, now_us)
        for key, found in late.items():
            if key not in lasting:
                self._begin_feed(tx, key, found, now_us)

    def _begin_feed(self, tx: Connection, key: str, late: list[FeedSeen], now_us: int) -> None:
        first = late[0]
        subject, rule = self._feed_subject(tx, first, now_us), self._rule(first)
        card = self.policy.card_of(first.interface)
        trouble = Trouble(
            key=key, effect="late", level=rule.level if rule else "ordinary",
            code=f"feed.{first.feed}",
            detail=f"{len(late)} 件应到未到，最早 {first.subject}：{first.cause}",
            begun_us=min(first.due_us, now_us), card=_card(subject, card.steps, card.never),
        )  # fmt: skip
        if incidents.begin(tx, self.policy, subject, trouble, now_us) is not None:
            _log.warning("feed.late", interface=first.interface, feed=first.feed)

    def _rule(self, one: FeedSeen) -> FeedRule | None:
        rules = self.adapters[one.interface].manifest.feeds
        return next((rule for rule in rules if rule.feed == one.feed), None)

    def _feed_subject(self, tx: Connection, one: FeedSeen, now_us: int) -> Subject:
        rule = self._rule(one)
        what = _WHAT_WORDS.get(rule.what if rule else one.feed, one.feed)
        title = f"{self.adapters[one.interface].contract.name} · {what}"
        return self._subject(tx, one.interface, title, "", now_us)

    def _subject(
        self, tx: Connection, interface: str, title: str, owner: str, now_us: int
    ) -> Subject:
        """The interface with its money, or the hub itself."""
        if interface not in self.adapters:
            return Subject(HUB, title, owner, ServiceHours.of(None), channels=self.channels)
        known = Attending(self.policy, dict(self.adapters), self.channels)
        found = known.subject(tx, interface, now_us)
        return replace(found, name=title, owner=owner or found.owner)

    def _end(self, tx: Connection, row: "sa.Row[tuple[object]] | None", now_us: int) -> None:
        if row is not None:
            subject = self._subject(tx, row.interface, row.name, "", now_us)
            incidents.end(tx, subject, row, now_us, now_us)


def _news(view: Connection, rule: FeedRule, look: Look) -> list[Expected]:
    try:
        found = list(look.expected(view, rule))
    except CalendarUnknown as error:
        _log.error("feeds cannot be judged", interface=look.interface, why=error.message)
        return []
    rows = feeds.known(view, look.interface, rule.feed, look.since_us)
    return feeds.changes(found, rows, look.now_us)


def _lasting(tx: Connection, kind: str) -> "dict[str, sa.Row[tuple[object]]]":
    query = sa.select(incident).where(incident.c.open_key.like(f"{kind}%"))
    return {row.open_key: row for row in tx.execute(query)}


def _card(subject: Subject, steps: tuple[str, ...], never: str) -> Card:
    word, until_us = subject.next_due if subject.next_due is not None else ("", None)
    return Card(
        subject.name, subject.money, subject.waiting, until_us, word, steps, never, subject.owner
    )
