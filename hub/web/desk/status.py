"""The desk behind the public page."""

from hub.app.catalogue import ServiceItem, read_catalogue
from hub.app.hub import Hub
from hub.app.overview import InterfaceSeen, Light, see_all
from hub.monitor.works import EVERY, read_works
from hub.web.interfaces import worst
from hub.web.status import ServiceLine, Status, WorksLine

_DAYS = 30
_AHEAD_US = 14 * 86_400_000_000
_WORDS = {"good": "serving", "idle": "serving", "bad": "troubled", "blind": "unknown"}
_REST = {Light.MAINTENANCE: "works", Light.CLOSED: "closed"}
_ORDER = ("bad", "warn", "none", "rest", "good")
"""A day of an item of several interfaces is its worst."""


class StoreStatus:
    """:class:`hub.web.status.StatusDesk` over one hub.  Safe across threads."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._catalogue = read_catalogue(hub.settings, hub.adapters)

    def status(self) -> Status:
        now_us = self._hub.office.now_us()
        with self._hub.store.read() as view:
            seen = see_all(self._hub, self._catalogue, view)
            planned = read_works(view, now_us, now_us + _AHEAD_US)
        lines = tuple(_line(item, seen) for item in self._catalogue.items)
        works = tuple(
            WorksLine(names, one.from_us, one.ends_us)
            for one in planned
            if one.cancelled_us is None and (names := self._names(one.interface)) is not None
        )
        return Status(now_us, lines, works)

    def _names(self, interface: str) -> tuple[str, ...] | None:
        """The items it is of; empty for all, None where it is of none that the public knows."""
        if interface == EVERY:
            return ()
        return tuple(item.name for item in self._catalogue.items_of(interface)) or None


def _line(item: ServiceItem, seen: dict[str, InterfaceSeen]) -> ServiceLine:
    parts = [seen[name] for name in item.interfaces]
    word = _WORDS.get(worst(item, seen)) or next(
        (_REST[part.light] for part in parts if part.light in _REST),
        "open" if any(part.light is Light.LISTENS for part in parts) else "soon",
    )
    return ServiceLine(item.number, item.name, word, _days(parts))


def _days(parts: list[InterfaceSeen]) -> tuple[str, ...]:
    known = [part.days[-_DAYS:] for part in parts if part.days]
    if not known:
        return ("none",) * _DAYS
    tones = ([day.tone for day in each] for each in zip(*known, strict=True))
    return tuple(next(tone for tone in _ORDER if tone in each) for each in tones)
