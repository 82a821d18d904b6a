"""The bell: APScheduler, which only rings.

What is due is decided by rows; a ring that is lost, late or doubled changes nothing.  So nothing
is stored in the scheduler, no ring is ever too late to count (``misfire_grace_time=None``; the
default drops what is a second late), and rings that pile up are one.
"""

import threading
from collections.abc import Callable
from datetime import UTC, timedelta

from apscheduler.executors.pool import ThreadPoolExecutor  # type: ignore[import-untyped]
from apscheduler.schedulers.background import (  # type: ignore[import-untyped]
    BackgroundScheduler,
)

from hub.kernel.clocks import BusinessClock, SystemClock, from_us
from hub.kernel.logs import get_logger

_log = get_logger(__name__)


class Bell:
    """Calls ``ring`` every ``every_s`` seconds of machine time, and at the moment the next due
    comes by the business clock, so that a due is not ``every_s`` late.

    ``ring`` runs in one thread of its own, never twice at once; what it raises is logged.
    """

    def __init__(
        self,
        ring: Callable[[], object],
        *,
        every_s: float,
        clock: BusinessClock,
        next_due_us: Callable[[], int | None] = lambda: None,
    ) -> None:
        self._ring = ring
        self._every_s = every_s
        self._clock = clock
        self._next_due_us = next_due_us
        self._lock = threading.Lock()
        self._stopping = False
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(1)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )

    def start(self) -> None:
        """Ring at once, and then on."""
        self._scheduler.add_job(
            self._once, "interval", seconds=self._every_s, id="every",
            next_run_time=SystemClock().now(),
        )  # fmt: skip
        self._scheduler.start()

    def stop(self) -> None:
        """No more rings; waits for the one that is sounding."""
        # shutdown() waits for the ring while it holds the scheduler's lock, and a ring that adds
        # a job waits for that lock: so from here on a ring adds none.
        with self._lock:
            self._stopping = True
        self._scheduler.shutdown(wait=True)

    def _once(self) -> None:
        try:
            self._ring()
            self._ring_when_due()
        except Exception:  # noqa: BLE001
            # The rows are still there: the next ring finds them.
            _log.exception("a ring of the bell failed")

    def _ring_when_due(self) -> None:
        due_us = self._next_due_us()
        if due_us is None:
            return
        # The business clock may be shifted, but runs as fast as the machine's.
        wait = from_us(due_us) - self._clock.now()
        if wait > timedelta(seconds=self._every_s):
            return
        with self._lock:
            if not self._stopping:
                self._scheduler.add_job(
                    self._once, "date", id="due", replace_existing=True,
                    run_date=SystemClock().now() + max(wait, timedelta(0)),
                )  # fmt: skip
