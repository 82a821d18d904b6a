"""The bell rings, on time and one ring at a time, whatever a ring does."""

import threading
import time
from datetime import datetime, timedelta

from hub.kernel.clocks import SHANGHAI, BusinessClock, FixedClock, SystemClock, monotonic, to_us
from hub.schedule import Bell


class Rings:
    def __init__(self, busy_s: float = 0, fails: bool = False) -> None:
        self.at: list[float] = []
        self.at_once = 0
        self.most_at_once = 0
        self._busy_s, self._fails = busy_s, fails
        self.second = threading.Event()

    def __call__(self) -> None:
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        self.at.append(monotonic())
        time.sleep(self._busy_s)
        self.at_once -= 1
        if len(self.at) == 2:
            self.second.set()
        if self._fails:
            raise RuntimeError("a ring broke")


CLOCK: BusinessClock = FixedClock(datetime(2025, 10, 9, 9, tzinfo=SHANGHAI))


def test_it_rings_at_once_and_on_until_it_is_stopped() -> None:
    rings = Rings()
    bell = Bell(rings, every_s=0.1, clock=CLOCK)
    bell.start()
    assert rings.second.wait(5)
    bell.stop()
    count = len(rings.at)
    time.sleep(0.3)
    assert len(rings.at) == count


def test_a_ring_that_breaks_does_not_stop_it() -> None:
    rings = Rings(fails=True)
    bell = Bell(rings, every_s=0.1, clock=CLOCK)
    bell.start()
    assert rings.second.wait(5)
    bell.stop()


def test_a_long_ring_is_never_doubled() -> None:
    rings = Rings(busy_s=0.35)
    bell = Bell(rings, every_s=0.1, clock=SystemClock(), next_due_us=lambda: to_us(now()))
    bell.start()
    time.sleep(1.2)
    bell.stop()
    assert rings.most_at_once == 1
    assert len(rings.at) >= 2


def test_it_rings_when_the_next_due_comes_by_the_business_clock() -> None:
    """Business time may be shifted by months; it runs as fast as the machine's."""
    shift = timedelta(days=-400)

    class Shifted:
        def now(self) -> datetime:
            return now() + shift

    due_us = to_us(now() + shift + timedelta(seconds=0.5))
    started = monotonic()
    rings = Rings()
    bell = Bell(
        rings, every_s=60, clock=Shifted(),  # type: ignore[arg-type]
        next_due_us=lambda: due_us if len(rings.at) == 1 else None,
    )  # fmt: skip
    bell.start()
    assert rings.second.wait(10)
    bell.stop()
    assert 0.45 <= rings.at[1] - started < 5


def now() -> datetime:
    return SystemClock().now()
