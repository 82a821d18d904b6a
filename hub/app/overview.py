"""What the board of interfaces shows: one value per interface, read in one view.

Instants are µs UTC of business time.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from itertools import dropwhile

from sqlalchemy.engine import Connection

from hub.app.catalogue import Catalogue
from hub.app.discover import FoundAdapter
from hub.app.editions import in_force, next_edition
from hub.app.hub import Hub
from hub.app.publishing import registry
from hub.app.traffic import Traffic, read_traffic
from hub.bus.channels import CLAIMABLE_STATES, ChannelState, read_channels
from hub.bus.words import MessageState
from hub.core.copying import read_feed
from hub.kernel.clocks import SHANGHAI, from_us, to_us
from hub.monitor.health import Watched, read_watched
from hub.monitor.hours import DAY_MINUTES, ServiceHours, next_due
from hub.monitor.incidents import read_open
from hub.monitor.ledger import Facts, Ledger, make_ledger
from hub.monitor.reading import read_facts
from hub.monitor.uptime import Uptime, add, uptime_of
from hub.monitor.words import MinuteClass, State
from hub.monitor.works import read_works, spans_of
from hub.queries.calls import answered_lately
from hub.store import database_now_us

DAYS = 90
_NO_TRAFFIC = Traffic()


class Light(StrEnum):
    """What a tile says; the first that applies."""

    ABSENT = "absent"  # no adapter yet
    LISTENS = "listens"  # it calls nobody, so there is nobody to probe: partners call us
    UNSET = "unset"  # this deployment has no address of it
    MAINTENANCE = "maintenance"
    CLOSED = "closed"  # out of service hours
    BLIND = "blind"  # nobody has looked lately
    UNUSABLE = "unusable"
    UNREACHABLE = "unreachable"
    OURS = "ours"
    IDLE = "idle"  # 已连通、未使用
    UP = "up"

    @property
    def tone(self) -> str:
        """good, idle, bad or rest."""
        if self in (Light.UNUSABLE, Light.UNREACHABLE, Light.OURS):
            return "bad"
        return {Light.UP: "good", Light.IDLE: "idle", Light.BLIND: "blind"}.get(self, "rest")


@dataclass(frozen=True, slots=True)
class Day:
    """One day's minutes."""

    day: date
    counts: Mapping[MinuteClass, int]

    @property
    def uptime(self) -> Uptime:
        return uptime_of(self.counts)

    @property
    def tone(self) -> str:
        """good, warn (it failed for less than a hundredth), bad, blind, rest or none."""
        up = self.uptime
        if up.bad:
            return "warn" if (up.share or 0) >= 9900 else "bad"
        if up.good:
            return "good"
        return "none" if up.no_data else "rest"


@dataclass(frozen=True, slots=True, kw_only=True)
class InterfaceSeen:
    """One interface as it stands.  ``waiting``: messages that want to be sent, ``oldest_us`` since
    when the oldest does; ``next_due``: what its schedule says comes next, and when; ``incident``:
    the number of the one that lasts."""

    interface: str
    name: str
    light: Light
    partner: str = ""
    owner: str = ""
    quality: str = ""
    contract: str = ""
    announced: tuple[str, date] | None = None
    """The contract's next version and the day from which it is in force."""

    hours: str = ""
    every_s: int = 0
    watched: Watched | None = None
    days: tuple[Day, ...] = ()
    traffic: Traffic = _NO_TRAFFIC
    waiting: int = 0
    waiting_fen: int = 0
    oldest_us: int | None = None
    unknown: int = 0
    unknown_fen: int = 0
    dead: int = 0
    stopped: bool = False
    next_due: tuple[str, int] | None = None
    incident: int | None = None

    @property
    def uptime(self) -> Uptime:
        """Of all days shown, from the first on of which anything is known: before the watch began
        there was nothing to fail."""
        known = dropwhile(lambda day: day.tone in ("none", "rest"), self.days)
        return uptime_of(add(day.counts for day in known))

    @property
    def doubtful(self) -> bool:
        """One sample differs and waits for a second."""
        return self.watched is not None and self.watched.standing.pending is not None


def see_all(
    hub: Hub, catalogue: Catalogue, view: Connection, names: Collection[str] = ()
) -> dict[str, InterfaceSeen]:
    """Every interface of the catalogue, or these."""
    now_us = to_us(hub.clock.now())
    shift = now_us - database_now_us(view)
    watched = read_watched(view)
    channels = {one.interface: one for one in read_channels(view, catalogue.interfaces)}
    lasting = {interface: int(row.id) for interface, row in read_open(view).items()}
    return {
        name: replace(
            _see(hub, catalogue, view, name, now_us, shift, watched.get(name), channels[name]),
            incident=lasting.get(name),
        )
        for name in names or catalogue.interfaces
    }


def _see(
    hub: Hub, catalogue: Catalogue, view: Connection, name: str, now_us: int, shift: int,
    watched: Watched | None, channel: ChannelState,
) -> InterfaceSeen:  # fmt: skip
    adapter, title = catalogue.adapters.get(name), catalogue.name_of(name)
    if adapter is None:
        return InterfaceSeen(interface=name, name=title, light=Light.ABSENT)
    manifest, today = adapter.manifest, hub.clock.today()
    spoken = in_force(adapter, today)
    hours = manifest.service_hours
    facts = facts_of(view, adapter, first_midnight(now_us), now_us + 1, now_us)
    traffic = read_traffic(view, name).shifted(shift)
    waits, doubt = channel.pile(*CLAIMABLE_STATES), channel.pile(MessageState.UNKNOWN.value)
    return InterfaceSeen(
        interface=name, name=title,
        light=_light(
            hub, name, watched, facts, hours, now_us, used=traffic.delivered_us is not None
        ) if manifest.port != "query" else _answering(hub, view, adapter, now_us),
        partner=manifest.partner.name, owner=manifest.owner, quality=manifest.quality,
        contract=spoken.contract.version, announced=_announced(adapter, today),
        hours=hours.text, every_s=manifest.probe_every_s,
        watched=watched, days=days_of(facts, now_us),
        traffic=traffic,
        waiting=waits.count, waiting_fen=waits.fen,
        oldest_us=None if channel.oldest_us is None else channel.oldest_us + shift,
        unknown=doubt.count, unknown_fen=doubt.fen,
        dead=channel.pile(MessageState.DEAD.value).count, stopped=channel.stopped,
        next_due=next_due(manifest.schedule, now_us),
    )  # fmt: skip


def _announced(adapter: FoundAdapter, day: date) -> tuple[str, date] | None:
    coming = next_edition(adapter, day)
    begins = coming and coming.contract.effective_from
    return (coming.contract.version, begins) if coming and begins else None


def facts_of(
    view: Connection, adapter: FoundAdapter, from_us: int, until_us: int, now_us: int
) -> Facts:
    """What an interface's ledger of a time is made of."""
    return read_facts(
        view, adapter.interface, from_us, until_us, now_us=now_us,
        hours=adapter.manifest.service_hours,
        maintenance=spans_of(read_works(view, from_us, until_us), adapter.interface),
    )  # fmt: skip


def ledger_of(
    view: Connection, adapter: FoundAdapter, from_us: int, minutes: int, now_us: int
) -> Ledger:
    """An interface's minutes of a time."""
    until_us = from_us + minutes * 60_000_000
    return make_ledger(facts_of(view, adapter, from_us, until_us, now_us), from_us, minutes)


def _light(
    hub: Hub, name: str, watched: Watched | None, facts: Facts, hours: ServiceHours, now_us: int,
    *, used: bool,
) -> Light:  # fmt: skip
    if not hub.settings.partner(name).endpoints:
        return Light.UNSET if hub.adapters[name].contract.endpoints else Light.LISTENS
    if any(begin <= now_us < end for begin, end in facts.maintenance):
        return Light.MAINTENANCE
    if not hours.is_open(now_us):
        return Light.CLOSED
    if watched is None or not any(last + good > now_us for _, last, good in facts.evidence):
        return Light.BLIND
    state = watched.standing.state
    if state is not State.UP:
        return Light(state.value)
    return Light.UP if watched.used_us is not None or used else Light.IDLE


def _answering(hub: Hub, view: Connection, adapter: FoundAdapter, now_us: int) -> Light:
    """A published query calls nobody: what it answers from must be fresh, then its callers tell."""
    if not hub.settings.partner(adapter.interface).values:
        return Light.UNSET
    source = registry(hub)
    as_of = None if source is None else read_feed(view, source.interface).as_of
    oldest_us = now_us - int(adapter.contract.extra["query"]["max_age_s"]) * 1_000_000
    if as_of is None:
        return Light.BLIND
    if to_us(as_of) < oldest_us:
        return Light.OURS
    return Light.UP if answered_lately(view, adapter.interface) else Light.IDLE


def midnight(day: date) -> int:
    """The beginning of a day in Shanghai."""
    return to_us(datetime.combine(day, time(), SHANGHAI))


def first_midnight(now_us: int) -> int:
    """Where the days shown begin."""
    return midnight(from_us(now_us).date() - timedelta(days=DAYS - 1))


def days_of(facts: Facts, now_us: int) -> tuple[Day, ...]:
    """The last days, today's minutes so far among them."""
    first_us = first_midnight(now_us)
    made = make_ledger(facts, first_us, DAYS * DAY_MINUTES)
    first = from_us(first_us).date()
    return tuple(
        Day(
            first + timedelta(days=number),
            made.counts(number * DAY_MINUTES, (number + 1) * DAY_MINUTES),
        )
        for number in range(DAYS)
    )
