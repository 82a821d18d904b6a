"""The process that is killed: watch and sentinel on a database, over one partner that is a port.

``python -m tests.outages.watcher HOME URL PORT``.  The clock is ``HOME/clock`` (µs UTC), the
reading of the queue ``HOME/waits`` (s); the moment whose turn is over stands in ``HOME/done``.
"""

import socket
import sys
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from hub.app.gauging import Gauging
from hub.app.meters import Sample
from hub.kernel.clocks import from_us, to_us
from hub.kernel.settings import PartnerSettings, Settings
from hub.monitor.policy import read_watch_policy
from hub.ports.probe import ProbeResult
from hub.store import Store
from tests.app.watch_kit import BANK, DOWN, UP, Bench


@dataclass
class FileClock:
    """Stands still until the file says another moment."""

    path: Path

    def now(self) -> datetime:
        return from_us(int(self.path.read_text("utf-8")))


def put(path: Path, text: str) -> None:
    """Whole or not at all."""
    fresh = path.with_suffix(".new")
    fresh.write_text(text, "utf-8")
    fresh.replace(path)


def main(home: Path, url: str, port: int) -> None:
    """Until killed."""

    def knock() -> ProbeResult:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        except OSError:
            return DOWN
        return UP

    def read() -> list[Sample]:
        waits = float((home / "waits").read_text("utf-8"))
        return [
            Sample("hub_oldest_waiting_seconds", waits, (BANK,)),
            Sample("hub_backup_age_seconds", 1),
        ]

    store = Store(url)
    reached = PartnerSettings(endpoints={"api": f"http://127.0.0.1:{port}"})
    clock = FileClock(home / "clock")
    bench = Bench(store, Settings(home=home, partners={BANK: reached}), clock)  # type: ignore[arg-type]
    watching = bench.open(knock)
    gauging = Gauging(
        store, store, read_watch_policy(home), {BANK: bench.adapters[BANK]}, ("spool",)
    )
    done = 0
    while True:
        now_us = to_us(clock.now())
        if now_us == done:
            time.sleep(0.005)
            continue
        gauging.look_at_meters(read, now_us)
        bench.turn(watching)
        watching.attend(now_us)
        done = now_us
        put(home / "done", str(done))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
