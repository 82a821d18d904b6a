"""Incidents attended to: what the monitor must know of an interface, gathered for it."""

from dataclasses import dataclass

from sqlalchemy.engine import Connection

from hub.app.discover import FoundAdapter
from hub.bus.channels import CLAIMABLE_STATES, ChannelState, Pile, read_channel
from hub.bus.words import MessageState
from hub.kernel.logs import get_logger
from hub.monitor.health import INTERVALS, Watched, hold_watched, read_watched
from hub.monitor.hours import next_due
from hub.monitor.incidents import Subject, attend, read_open
from hub.monitor.policy import WatchPolicy
from hub.monitor.works import read_works, spans_of

_log = get_logger(__name__)
_DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Attending:
    """By which policy, over which interfaces, told by which ways."""

    policy: WatchPolicy
    adapters: dict[str, FoundAdapter]
    channels: tuple[str, ...]

    def attend(self, tx: Connection, name: str, now_us: int) -> None:
        """One interface, in the transaction of its flip."""
        watched = hold_watched(tx, name)
        if watched is not None and name in self.adapters:
            self._attend(tx, watched, now_us)

    def attend_all(self, tx: Connection, now_us: int) -> None:
        """Every interface whose state asks for it: hours that begin, reminders, what was missed."""
        lasting = read_open(tx)
        for name, watched in sorted(read_watched(tx).items()):
            if name in lasting or not watched.standing.state.good:
                self.attend(tx, name, now_us)  # as it is now: a probe may have ended it

    def is_needed(self, tx: Connection) -> bool:
        """Whether there is anything to attend to: a read, so that a quiet day writes nothing."""
        if read_open(tx):
            return True
        return any(not one.standing.state.good for one in read_watched(tx).values())

    def _attend(self, tx: Connection, watched: Watched, now_us: int) -> None:
        name = watched.interface
        good_us = INTERVALS * self.adapters[name].manifest.probe_every_s * 1_000_000
        if watched.standing.sample_us + good_us < now_us and not watched.standing.state.good:
            return  # nobody has looked lately: what was bad then opens nothing now
        did = attend(tx, self.policy, self.subject(tx, name, now_us), watched.standing, now_us)
        if did:
            _log.warning(f"incident.{did}", interface=name, state=watched.standing.state.value)

    def subject(self, tx: Connection, name: str, now_us: int) -> Subject:
        """What is known of an interface now."""
        adapter, channel = self.adapters[name], read_channel(tx, name)
        manifest = adapter.manifest
        money = money_in_doubt(channel)
        found = read_works(tx, now_us - _DAY_US, now_us + 1)
        return Subject(
            interface=name, name=str(adapter.contract.name), owner=manifest.owner,
            hours=manifest.service_hours, works=tuple(spans_of(found, name)),
            money=(money.count, money.fen), waiting=channel.pile(*CLAIMABLE_STATES).count,
            next_due=next_due(manifest.schedule, now_us), channels=self.channels,
        )  # fmt: skip


def money_in_doubt(channel: ChannelState) -> Pile:
    """What has an effect and is in flight, or whose end nobody knows."""
    unknown = channel.pile(MessageState.UNKNOWN.value)
    return channel.moving(MessageState.IN_FLIGHT.value) + unknown
