"""The desk of the page of telling people."""

from hub.app.hub import Hub
from hub.kernel.notify_settings import NotifySettings
from hub.offset.notify.looking import Pile, Told, ToldFilter, count_told, list_told


class StoreNotify:
    """:class:`hub.web.notify.NotifyDesk` over one hub.  Safe across threads."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def now_us(self) -> int:
        return self._hub.office.now_us()

    def rules(self) -> NotifySettings | None:
        seat = self._hub.office.notify
        return None if seat is None or seat.rules.who == "none" else seat.rules

    def piles(self) -> list[Pile]:
        with self._hub.store.read() as view:
            return count_told(view)

    def texts(self, wanted: ToldFilter, before: int | None, size: int) -> list[Told]:
        with self._hub.store.read() as view:
            return list_told(view, wanted, before=before, size=size)
