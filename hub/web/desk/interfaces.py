"""The desk of the interfaces' pages."""

from hub.app.catalogue import NoSuchInterface, read_catalogue
from hub.app.feeds_seen import see_feeds
from hub.app.hub import Hub
from hub.app.minutes import month_of
from hub.app.overview import ledger_of, midnight, see_all
from hub.kernel.clocks import from_us
from hub.kernel.periods import Period
from hub.monitor.hours import DAY_MINUTES
from hub.monitor.reading import newest_flips
from hub.web.model.interfaces import InterfaceView, Wall

_FLIPS = 50


class StoreInterfaces:
    """:class:`hub.web.interfaces.InterfaceDesk` over one hub.  Safe across threads."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._catalogue = read_catalogue(hub.settings, hub.adapters)

    def now_us(self) -> int:
        return self._hub.office.now_us()

    def wall(self) -> Wall:
        with self._hub.store.read() as view:
            seen = see_all(self._hub, self._catalogue, view)
        return Wall(self._catalogue.items, seen, self._catalogue.uncounted())

    def interface(self, name: str, month: Period | None) -> InterfaceView:
        catalogue, now_us = self._catalogue, self.now_us()
        if name not in catalogue.interfaces:
            raise NoSuchInterface(f"there is no interface {name[:40]!r}")
        with self._hub.store.read() as view:
            seen = see_all(self._hub, catalogue, view, [name])[name]
            if name not in catalogue.adapters:
                return InterfaceView(seen, catalogue.items_of(name))
            begins = midnight(from_us(now_us).date())
            today = ledger_of(view, catalogue.adapters[name], begins, DAY_MINUTES, now_us)
            flips = tuple(newest_flips(view, name, _FLIPS))
            feeds = see_feeds(self._hub, catalogue, view, name)
        made = month_of(self._hub, name, month)
        runs = tuple(today.runs())
        return InterfaceView(seen, catalogue.items_of(name), made, runs, flips, feeds)
