"""Readings held against the limits of the watch's policy, and how they are shown."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from hub.app.hub import Hub
from hub.app.meters import METERS, Meters, Sample
from hub.kernel.clocks import to_us
from hub.monitor import limits
from hub.monitor.incidents import read_keys
from hub.monitor.limits import HUB, Limit, Reading
from hub.monitor.policy import BadWatchPolicy, WatchPolicy, read_watch_policy


def check_limits(policy: WatchPolicy) -> None:
    """Raises BadWatchPolicy for a meter there is not, or a label it does not carry."""
    for limit in policy.meters:
        meter = METERS.get(limit.meter)
        if meter is None or not set(limit.where) <= set(meter.labels):
            raise BadWatchPolicy(f"meters: {limit.name}: no such meter {limit.meter}")


def hold(
    policy: WatchPolicy, samples: Iterable[Sample], over: Mapping[str, int], now_us: int
) -> list[Reading]:
    """Every limit against every reading it is on; ``since_us`` where one is over now."""
    by_name: dict[str, list[Sample]] = {}
    for sample in samples:
        by_name.setdefault(sample.name, []).append(sample)
    return [
        reading
        for limit in policy.meters
        for reading in _held(limit, by_name.get(limit.meter, []), over, now_us)
    ]


def _held(
    limit: Limit, samples: Sequence[Sample], over: Mapping[str, int], now_us: int
) -> Iterator[Reading]:
    names = METERS[limit.meter].labels
    found = False
    for sample in samples:
        labels = dict(zip(names, sample.labels, strict=True))
        if limit.fits(labels):
            found = True
            yield _reading(limit, labels, sample.value, over, now_us)
    if not found and limit.missing:
        yield _reading(limit, {}, None, over, now_us)


def _reading(
    limit: Limit, labels: Mapping[str, str], value: float | None, over: Mapping[str, int],
    now_us: int,
) -> Reading:  # fmt: skip
    subject = "·".join(text for name, text in labels.items() if name not in limit.where)
    plain = Reading(limit, subject, labels.get("interface", HUB), value)
    was = over.get(plain.key)
    if not limit.is_over(value, was=was is not None):
        return plain
    return replace(plain, since_us=now_us if was is None else was)


def shown_value(limit: Limit, value: float | None) -> str:
    """``950 秒``, ``30 天``, ``8.2%``, ``1.2 GiB``."""
    if value is None:
        return "没有读数"
    if limit.unit == "ratio":
        return f"{int(value * 1000) / 10}%"
    if limit.unit == "bytes":
        return f"{int(value) / 2**30:.1f} GiB"
    if limit.unit == "seconds":
        days, rest = divmod(abs(int(value)), 86_400)
        sign = "-" if value < 0 else ""
        return f"{sign}{days} 天 {rest // 3600} 小时" if days else f"{sign}{rest} 秒"
    return f"{int(value):,}"


@dataclass(frozen=True, slots=True)
class MeterSeen:
    """One line of 运行指标.  ``incident``: the number of the one that lasts because of it."""

    reading: Reading
    value: str
    bound: str
    owner: str
    incident: int | None

    @property
    def is_over(self) -> bool:
        """Whether it is beyond its limit, told or not yet."""
        return self.reading.since_us is not None


def see_meters(hub: Hub, meters: Meters) -> list[MeterSeen]:
    """Every limit with the reading as of now, those that are over first; since when as the
    sentinel noted it.  Raises BadWatchPolicy, DatabaseAway."""
    policy = read_watch_policy(hub.settings.home)
    check_limits(policy)
    with hub.store.read() as view:
        over, told = limits.read_over(view), read_keys(view, "meter:")
    found = [
        _seen(hub, one, told.get(one.key))
        for one in hold(policy, meters.read(), over, to_us(hub.clock.now()))
    ]
    return sorted(found, key=lambda one: not one.is_over)


def _seen(hub: Hub, one: Reading, number: int | None) -> MeterSeen:
    adapter = hub.adapters.get(one.interface)
    owner = one.limit.owner or (adapter.manifest.owner if adapter else "")
    value, bound = (shown_value(one.limit, v) for v in (one.value, one.limit.bound))
    side = "＞" if one.limit.above is not None else "＜"
    return MeterSeen(one, value, f"{side} {bound}", owner, number)
