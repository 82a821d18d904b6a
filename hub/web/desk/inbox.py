"""The desk of what partners sent to us."""

from dataclasses import replace

from hub.app import acts, hearing
from hub.app.hearing import InboundView
from hub.app.hub import Hub
from hub.bus.inbox_looking import InboundFilter, InboundPage, list_inbound
from hub.kernel.secret import Secret
from hub.web.desk.find import lines_about
from hub.web.desk.shift import Shift
from hub.web.model.items import AuditLine


class StoreInbox:
    """:class:`hub.web.inbox.InboxDesk` over one hub.  Safe across threads."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def now_us(self) -> int:
        return self._hub.office.now_us()

    def interfaces(self) -> tuple[str, ...]:
        known = self._hub.adapters.values()
        return tuple(sorted(one.interface for one in known if one.manifest.inbound))

    def inbound(self, wanted: InboundFilter, before: int | None, size: int) -> InboundPage:
        with self._hub.store.read() as view:
            shift = Shift.now(self._hub, view)
            here = replace(
                wanted, since_us=shift.back(wanted.since_us), until_us=shift.back(wanted.until_us)
            )
            found = list_inbound(view, here, self.interfaces(), before=before, size=size)
            return shift.all(found)

    def one(self, number: str) -> tuple[InboundView, tuple[AuditLine, ...]]:
        one = acts.number_of(number)
        with self._hub.store.read() as view:
            shift = Shift.now(self._hub, view)
            seen = hearing.see(self._hub, view, one)
            return shift.all(seen), lines_about(view, f"inbound:{one}", shift)

    def raw(self, token: Secret, number: str, reason: str) -> tuple[str, str]:
        return hearing.raw_inbound(self._hub, token, acts.number_of(number), reason)
