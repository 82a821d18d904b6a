"""The watch at work: one process at a time probes every interface and looks at real traffic.

A probe is due once in every slot of its interval, counted on the business clock from 1970, so
that a restart neither doubles nor shifts it.  Probes run in threads of their own, one at a time
for each interface: one that hangs delays nobody.  No transaction spans a probe.
"""

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from sqlalchemy.engine import Connection

from hub.app.attending import Attending
from hub.app.delivering import Delivering
from hub.app.discover import FoundAdapter
from hub.app.escalating import Escalating
from hub.app.leading import LedThread
from hub.app.paging import Paging
from hub.app.partners import Partners
from hub.app.probing import Probed, probe_once
from hub.app.traffic import Traffic, read_traffic
from hub.app.ways import open_ways
from hub.kernel.clocks import BusinessClock, monotonic, to_us
from hub.kernel.errors import HubError
from hub.kernel.logs import get_logger
from hub.kernel.settings import Settings
from hub.monitor import health
from hub.monitor.health import Watched
from hub.monitor.policy import read_watch_policy
from hub.monitor.samples import Sample
from hub.monitor.words import Source, State
from hub.schedule.leadership import LeadershipLost
from hub.store import Store, database_now_us

_log = get_logger(__name__)

_FIRST_S = 3.0
"""Others begin first: a hub that starts has work that waits."""
_LOOK_S = 1.0
_TRAFFIC_S = 15.0
_SECOND_US = 1_000_000
BEAT_S = 15
"""How often the hub notes that it lives; one that was silent for twice that was not there."""


def watched_interfaces(
    adapters: dict[str, FoundAdapter], settings: Settings
) -> dict[str, FoundAdapter]:
    """Those this deployment has addresses of and whose adapter can be asked."""
    return {
        name: adapter for name, adapter in sorted(adapters.items())
        if settings.partner(name).endpoints
    }  # fmt: skip


class Watching:
    """The watch's thread, and those of its probes."""

    def __init__(
        self, store: Store, adapters: dict[str, FoundAdapter], settings: Settings,
        partners: Partners, clock: BusinessClock, paging: Paging | None = None,
    ) -> None:  # fmt: skip
        self._thread = LedThread(store, "watch", self._turn, rest_s=_LOOK_S, first_s=_FIRST_S)
        self.leads = self._thread.leads
        self._store, self._fenced = store, self._thread.store
        self._partners = partners
        self._clock = clock
        self._watched = watched_interfaces(adapters, settings)
        self._every_us = {
            name: one.manifest.probe_every_s * _SECOND_US for name, one in self._watched.items()
        }
        self._delivering = Delivering(
            self._fenced, open_ways(settings), clock, settings.environment_word, paging
        )
        policy, channels = read_watch_policy(settings.home), self._delivering.channels
        self._attending = Attending(policy, self._watched, channels)
        self._escalating = Escalating(self._fenced, policy, self._watched, channels)
        self._running: dict[str, Future[None]] = {}
        self._beat_at = self._traffic_at = 0.0
        self._pool = ThreadPoolExecutor(max(len(self._watched), 1), thread_name_prefix="probe")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End.  Probes under way are not waited for: what they see is of no account any more."""
        self._thread.stop()
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._delivering.stop()

    def _turn(self) -> float:
        self.look()
        return _LOOK_S

    def look(self) -> list[Future[None]]:
        """One turn of the process that leads: beat, traffic, probes that are due; the probes."""
        now, now_us = monotonic(), to_us(self._clock.now())
        if now >= self._beat_at:
            with self._fenced.write() as tx:
                health.seen(tx, health.HUB, now_us, health.INTERVALS * BEAT_S * _SECOND_US)
            self._beat_at = now + BEAT_S
        with self._store.read() as view:
            known = health.read_watched(view)
        if now >= self._traffic_at:
            self.look_at_traffic(known)
            self._traffic_at = now + _TRAFFIC_S
        self.attend(now_us)
        return [self._begin(name) for name in self._watched if self._is_due(name, known, now_us)]

    def attend(self, now_us: int) -> None:
        """Incidents that hours, reminders or a look missed make due, and who is next on the duty
        list; then what is to be told."""
        with self._store.read() as view:
            needed = self._attending.is_needed(view)
        if needed:
            with self._fenced.write() as tx:
                self._attending.attend_all(tx, now_us)
        self._escalating.turn(now_us)
        self._delivering.turn()

    def _is_due(self, name: str, known: dict[str, Watched], now_us: int) -> bool:
        running = self._running.get(name)
        if running is not None and not running.done():
            return False
        every, last = self._every_us[name], known.get(name)
        return last is None or last.probed_us // every != now_us // every

    def _begin(self, name: str) -> Future[None]:
        self._running[name] = begun = self._pool.submit(self.probe, name)
        return begun

    def probe(self, name: str) -> None:
        """Probe one interface now and take in what was seen."""
        try:
            probed = probe_once(self._store, self._partners, name, self._clock)
            if self._thread.stopping:
                return  # the line was closed under it: that tells nothing of the partner
            self.take(name, probed)
        except LeadershipLost:
            pass  # another process probes now
        except HubError as error:
            _log.warning("a probe was not kept", interface=name, code=error.code)
        except Exception:  # noqa: BLE001  the next slot tries again
            _log.exception("a probe was not kept", interface=name)

    def take(self, name: str, probed: Probed) -> None:
        """Into the tables, in one transaction."""
        with self._fenced.write() as tx:
            self._observe(tx, name, probed.sample, probed.took_ms)

    def look_at_traffic(self, known: dict[str, Watched]) -> None:
        """Take in what real messages met with since the last look, where it says something new:
        at most one sample of each interface."""
        now_us = to_us(self._clock.now())
        with self._store.read() as view:
            shift = now_us - database_now_us(view)
            found = {name: read_traffic(view, name).shifted(shift) for name in self._watched}
        news = {name: _news(known.get(name), seen, now_us) for name, seen in found.items()}
        if not any(news.values()):
            return
        with self._fenced.write() as tx:
            for name, new in news.items():
                if new is None:
                    continue
                if new.sample is not None:
                    self._observe(tx, name, new.sample, None)
                health.note_traffic(tx, name, new.misses, new.used_us)

    def _observe(self, tx: Connection, name: str, sample: Sample, took_ms: int | None) -> None:
        flip = health.observe(tx, name, sample, every_us=self._every_us[name], took_ms=took_ms)
        if flip is not None:
            _log.warning("watch.flip", interface=name, state=flip.state.value, code=flip.code)
            self._attending.attend(tx, name, flip.made_us)


@dataclass(frozen=True, slots=True)
class _News:
    """What traffic tells that is not known yet."""

    sample: Sample | None
    misses: int
    used_us: int | None


def _news(before: Watched | None, seen: Traffic, now_us: int) -> _News | None:
    """A miss more, an answer where none was expected, the first use; None when nothing is new."""
    had_misses = before.misses if before is not None else 0
    sample = None
    if seen.misses and seen.misses != had_misses:
        text = f"{seen.misses} 次连续未送达"
        sample = Sample(now_us, State.UNREACHABLE, "bus.misses", text, Source.TRAFFIC)
    elif seen.answered_us is not None and not seen.misses and before is not None:
        wanted = not before.standing.state.good or before.standing.pending is not None
        if wanted and seen.answered_us > before.standing.sample_us:
            sample = Sample(seen.answered_us, State.UP, "", "", Source.TRAFFIC)
    used_us = seen.delivered_us if before is not None and before.used_us is None else None
    if sample is None and used_us is None and seen.misses == had_misses:
        return None
    return _News(sample, seen.misses, used_us)
