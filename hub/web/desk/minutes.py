"""The desk behind the pages of maintenance and minutes."""

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy.engine import Connection

from hub.app import incident_acts, jobbing
from hub.app.catalogue import NoSuchInterface, read_catalogue
from hub.app.hub import Hub
from hub.app.minutes import month_of
from hub.app.overview import ledger_of, midnight
from hub.bus.preview import PreviewChanged
from hub.kernel.periods import Period
from hub.kernel.secret import Secret
from hub.monitor.ledger import MINUTE_US
from hub.monitor.marks import find_mark, marks_of, require_markable
from hub.monitor.words import MinuteClass
from hub.monitor.works import EVERY, find_works, read_works, require_ahead
from hub.web.model.minutes import MarkPreview, MinutesView, WorksList, WorksPreview

_AROUND_US = 31 * 86_400_000_000
_DAY = timedelta(days=1)


class StoreMinutes:
    """:class:`hub.web.minutes.MinutesDesk` over one hub.  Safe across threads."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        catalogue = read_catalogue(hub.settings, hub.adapters)
        self._names = {
            name: catalogue.name_of(name)
            for name in catalogue.interfaces if name in catalogue.adapters
        }  # fmt: skip

    def now_us(self) -> int:
        return self._hub.office.now_us()

    def works(self) -> WorksList:
        now_us = self.now_us()
        with self._hub.store.read() as view:
            found = read_works(view, now_us - _AROUND_US, now_us + _AROUND_US)
        return WorksList(tuple(reversed(found)), tuple(self._names.items()))

    def plan_preview(self, interface: str, begins: str, ends: str) -> WorksPreview:
        if interface != EVERY and interface not in self._names:
            raise NoSuchInterface(f"there is no adapter for {interface[:40]!r}")
        from_us = incident_acts.moment(begins)
        until_us = incident_acts.moment(ends, after_us=from_us)
        require_ahead(from_us, until_us, self.now_us())
        due = [
            one.code for one in jobbing.read_schedule(self._hub).jobs
            if one.next_us is not None and from_us <= one.next_us < until_us
        ]  # fmt: skip
        with self._hub.store.read() as view:
            beside = [
                one.id for one in read_works(view, from_us, until_us)
                if one.cancelled_us is None
                and (interface == EVERY or one.interface in (EVERY, interface))
            ]  # fmt: skip
        covered = len(self._names) if interface == EVERY else 1
        return WorksPreview(interface, from_us, until_us, covered, tuple(due), tuple(beside))

    def plan(self, token: Secret, interface: str, begins: str, ends: str, why: str) -> int:
        return incident_acts.plan_maintenance(self._hub, token, interface, begins, ends, why)

    def cancel_preview(self, number: str) -> WorksPreview:
        now_us = self.now_us()
        with self._hub.store.read() as view:
            one = find_works(view, incident_acts.number_of(number), now_us)
        covered = len(self._names) if one.interface == EVERY else 1
        return WorksPreview(
            one.interface, one.from_us, one.until_us, covered, number=one.id,
            begun=one.from_us <= now_us,
        )  # fmt: skip

    def cancel(self, token: Secret, number: str, why: str) -> None:
        incident_acts.cancel_maintenance(
            self._hub, token, incident_acts.number_of(number), why
        )  # fmt: skip

    def minutes(self, interface: str, month: Period | None) -> MinutesView:
        name = interface or next(iter(self._names))
        made = month_of(self._hub, name, month)
        first = Period.parse(made.month).first_day()
        after = Period.parse(made.month).following()
        with self._hub.store.read() as view:
            marks = marks_of(view, name, midnight(first), midnight(after.first_day()))
        before = Period.of(first - _DAY)
        return MinutesView(
            name, self._names[name], made, str(before), str(after), tuple(marks),
            tuple(self._names.items()),
        )  # fmt: skip

    def mark_preview(self, interface: str, begins: str, ends: str, klass: str) -> MarkPreview:
        if interface not in self._names:
            raise NoSuchInterface(f"there is no adapter for {interface[:40]!r}")
        from_us = incident_acts.moment(begins)
        until_us = incident_acts.moment(ends, after_us=from_us)
        now_us = self.now_us()
        require_markable(from_us, until_us, klass, now_us)
        with self._hub.store.read() as view:
            counts = self._counts(view, interface, from_us, until_us)
        return MarkPreview(
            interface, self._names[interface], from_us, until_us, klass, counts
        )  # fmt: skip

    def propose(
        self, token: Secret, interface: str, begins: str, ends: str, klass: str, why: str,
        seen: str,
    ) -> int:  # fmt: skip
        if self.mark_preview(interface, begins, ends, klass).seen != seen:
            raise PreviewChanged("the minutes are counted otherwise now; look at them again")
        return incident_acts.propose_mark(self._hub, token, interface, begins, ends, klass, why)

    def mark(self, number: str) -> MarkPreview:
        with self._hub.store.read() as view:
            one = find_mark(view, incident_acts.number_of(number))
            counts = self._counts(view, one.interface, one.from_us, one.until_us)
        name = self._names.get(one.interface, one.interface)
        return MarkPreview(
            one.interface, name, one.from_us, one.until_us, one.klass.value, counts, one
        )

    def answer(self, token: Secret, number: str, *, yes: bool, why: str) -> None:
        incident_acts.answer_mark(
            self._hub, token, incident_acts.number_of(number), yes=yes, why=why
        )

    def _counts(
        self, view: Connection, interface: str, from_us: int, until_us: int
    ) -> Mapping[MinuteClass, int]:
        count = (until_us - from_us) // MINUTE_US
        made = ledger_of(view, self._hub.adapters[interface], from_us, count, self.now_us())
        return made.counts(0, count)
