"""Outages before a whole hub: ``hub serve`` over nine mock banks, which stop listening.

Banks die at random seconds, a few of them in the same minute; the hub is killed with SIGKILL and
started again meanwhile.  The business clock is moved from probe to probe, so a minute takes as
long as the probes do.  What is judged is what people see: the page and the alerts' files.
"""

import random
import re
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from hub.app.demo_site import Site, write_home
from hub.app.discover import discover
from hub.kernel.clocks import SHANGHAI, SharedClock, from_us, to_us
from hub.kernel.settings import Settings
from hub.monitor.health import HUB as ALIVE
from hub.monitor.incident_reading import list_incidents
from hub.monitor.tables import watch_span, watch_state
from hub.sample import FOLDER
from hub.schedule import seed_calendar
from hub.store import Store
from hub.store.schema import upgrade
from hub.wire.listening import free_port
from tests.chaos.places import HUB, NINE, Control, Mocks, Process, environment
from tests.outages.told import Told, judge_alerts

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
"""The probe interval of every bank."""
PATIENCE_S = 240.0
LIMIT_US = 2 * MINUTE_US
_MORNING = datetime(2025, 10, 9, 9, tzinfo=SHANGHAI)
_ROW = re.compile(r'href="/incidents/(\d+)">\d+ · ([^<]+)</a>')
_LASTS = 4
"""Minutes from a bank's death to its coming back."""
_MINUTES = _LASTS + 5


@dataclass
class Outage:
    """One bank's: business time of its death, of the moment the page first showed it."""

    interface: str
    died_us: int
    seen_us: int = 0
    incident: int = 0


@dataclass
class Whole:
    """A home, its mocks, one hub at a time."""

    out: Path
    url: str
    seed: int
    banks: tuple[str, ...] = NINE
    told: Told = field(default_factory=Told)
    absences: list[tuple[int, int]] = field(default_factory=list)
    """From each kill to the first look of the watch after it."""

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.site = Site(self.out)
        self.site.home.mkdir(parents=True)
        self.clock = SharedClock(self.site.clock_file)
        self.clock.set(_MORNING)
        self.mocks = Mocks(self.site.mocks, FOLDER, self.site.clock_file, self.banks)
        self.port = free_port(0) or 0
        self._set_up()
        self.env = environment(self.url, HUB_HOME=str(self.site.home))
        self.store = Store(self.url or f"sqlite:///{self.site.home / 'hub.sqlite'}")
        self.hub: Process | None = None
        self.known: set[int] = set()
        self.outages: list[Outage] = []

    def _set_up(self) -> None:
        adapters = discover(Settings(home=self.site.home, environment="demo"))
        endpoints = self.mocks.endpoints()
        write_home(self.site, adapters, endpoints, {"environment": "demo", "port": self.port})
        self.control = {
            name: Control(said["control"]) for name, said in endpoints.items() if "bank" in name
        }
        self.names = {str(adapters[name].contract.name): name for name in self.control}
        store = Store(self.url or f"sqlite:///{self.site.home / 'hub.sqlite'}")
        upgrade(store)
        with store.write() as tx:
            seed_calendar(tx)
        store.close()

    def now_us(self) -> int:
        """Business time."""
        return to_us(self.clock.now())

    def jump(self, at_us: int) -> None:
        """On to a moment, unless it is past."""
        if at_us > self.now_us():
            self.clock.set(from_us(at_us))

    def start(self) -> None:
        """Begin the hub, and wait until its page answers."""
        began = time.monotonic()
        words = [*HUB, "serve", "--inbound-port", "0", "--api-port", "0", "--exit-with-parent"]
        self.hub = Process(words, self.out / "serve.log", self.env)
        self._until(lambda: self.page() is not None, "the page does not come up")
        self.told.starts_s.append(round(time.monotonic() - began, 2))

    def kill(self) -> None:
        """SIGKILL, and start it again; how long nobody looked is noted."""
        assert self.hub is not None
        self.hub.kill(whole_group=True)
        gone_us = self.now_us()
        self.told.kills += 1
        self.start()
        self._until(lambda: self._beat_us() > gone_us, "the watch does not come up")
        self.absences.append((gone_us, self.now_us()))

    def page(self) -> str | None:
        """The page of incidents; None while nobody serves it."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/incidents", timeout=20) as r:
                return str(r.read().decode())
        except OSError:
            return None

    def minute(self, *, kill: bool) -> None:
        """On to the next probes, and wait for them; the hub is killed somewhere in between."""
        slot = self.now_us() // MINUTE_US + 1
        self.jump(slot * MINUTE_US)
        if kill:
            time.sleep(self.chance.uniform(0, 2.5))
            self.kill()
        self._until(lambda: self._probed_us() >= slot * MINUTE_US, "probes do not come")

    def look(self) -> None:
        """Note what the page shows that it did not show before, and when."""
        said = self.page()
        seen_us = self.now_us()
        for number, name in _ROW.findall(said or ""):
            interface = self.names.get(name.strip())
            if interface is None or int(number) in self.known:
                continue
            self.known.add(int(number))
            waits = [o for o in self.outages if o.interface == interface and not o.incident]
            if not waits:
                self.told.flaws.append(f"incident {number} of {interface}: nothing was wrong")
                continue
            waits[0].seen_us, waits[0].incident = seen_us, int(number)

    def round(self, count: int) -> None:
        """That many banks die and come back; the hub is killed in three of the minutes."""
        chosen = self.chance.sample(sorted(self.control), count)
        dies = {name: self.chance.randrange(3) for name in chosen}
        kills = set(self.chance.sample(range(1, _MINUTES), 3))
        for minute in range(_MINUTES):
            back = [name for name in chosen if minute == dies[name] + _LASTS]
            for name in back:
                self.control[name].ask("DELETE", "/faults")
            self._die([name for name in chosen if dies[name] == minute])
            self.minute(kill=minute in kills)
            if any(o.incident == 0 for o in self.outages):
                self._look_for(minute, dies)

    def _die(self, names: list[str]) -> None:
        begin_us = self.now_us() - self.now_us() % MINUTE_US
        for at_s, name in sorted((self.chance.uniform(5, 55), name) for name in names):
            self.jump(begin_us + int(at_s * SECOND_US))
            self.control[name].ask("POST", "/faults", {"fault": "refuse", "match": {}})
            self.outages.append(Outage(name, self.now_us()))

    def _look_for(self, minute: int, dies: dict[str, int]) -> None:
        """Two probes after a death the page is asked until it tells of it."""
        due = {name for name, at in dies.items() if minute >= at + 1}

        def shown() -> bool:
            self.look()
            return not any(o.interface in due and o.incident == 0 for o in self.outages)

        self._until(shown, f"the page does not tell of {sorted(due)}")

    def _probed_us(self) -> int:
        query = sa.select(sa.func.min(watch_state.c.probed_us), sa.func.count())
        with self.store.read() as view:
            least, count = view.execute(
                query.where(watch_state.c.interface.in_(self.control))
            ).one()
        return int(least) if count == len(self.control) else 0

    def _beat_us(self) -> int:
        query = sa.select(sa.func.max(watch_span.c.until_us)).where(watch_span.c.interface == ALIVE)
        with self.store.read() as view:
            return int(view.scalar(query) or 0)

    def _until(self, done: Callable[[], bool], what: str) -> None:
        until = time.monotonic() + PATIENCE_S
        while not done():
            if self.hub is None or self.hub.code is not None:
                raise RuntimeError(f"the hub ended: {self.hub and self.hub.tail()}")
            if time.monotonic() > until:
                raise TimeoutError(what)
            time.sleep(0.1)

    def judge(self) -> None:
        """By the page and the spool; the rows only tell which incident ended."""
        for one in self.outages:
            away = sum(max(min(b, one.seen_us) - max(a, one.died_us), 0) for a, b in self.absences)
            took = one.seen_us - one.died_us
            self.told.took_us.append(took)
            self.told.slowest_us = max(self.told.slowest_us, took - away)
            self.told.undisturbed += not away
            if not one.incident or took - away > LIMIT_US:
                self.told.flaws.append(f"{one.interface}: on the page after {took} µs, away {away}")
        with self.store.read() as view:
            found = [one for one in list_incidents(view, most=10_000) if one.effect != "over"]
        mine = {one.incident for one in self.outages}
        strays = [one.id for one in found if one.id not in mine]
        if len(mine) != len(self.outages) or strays:
            self.told.flaws.append(f"{len(mine)} incidents of {len(self.outages)}; more: {strays}")
        lasting = [one.id for one in found if one.state == "open"]
        if lasting:
            self.told.flaws.append(f"incidents that did not end: {lasting}")
        self.told.flaws += judge_alerts(self.site.home / "alerts", [one.id for one in found])
        self.told.outages = len(self.outages)

    def close(self) -> None:
        """Nothing of ours stays."""
        if self.hub is not None:
            self.hub.kill(whole_group=True)
        self.store.close()
        self.mocks.end()


@contextmanager
def whole(out: Path, url: str, seed: int) -> Iterator[Whole]:
    """A hub that serves, with nothing wrong yet."""
    made = Whole(out, url, seed)
    try:
        made.start()
        made.minute(kill=False)
        yield made
    finally:
        made.close()


def play_whole(out: Path, url: str, outages: int, seed: int) -> Told:
    """That many outages, nine banks at a time."""
    with whole(out, url, seed) as on:
        left = outages
        while left:
            count = min(left, len(on.control))
            on.round(count)
            left -= count
            sys.stderr.write(f"{outages - left} outages, {on.told.kills} kills\n")
        on.minute(kill=False)
        on.look()
        on.judge()
    return on.told
