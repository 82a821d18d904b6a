"""Scripted outages, and what was told of them: a port that closes and opens, a queue that grows,
a watcher killed with SIGKILL in between, a clock that goes a probe interval at a time."""

import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hub.kernel.clocks import to_us
from hub.monitor.incident_reading import Incident, list_incidents
from hub.store import Store
from hub.store.schema import upgrade
from tests.app.watch_kit import BEGIN
from tests.outages.told import Told, judge_alerts
from tests.outages.watcher import put

MINUTE_US = 60_000_000
"""The probe interval of the interface."""
PATIENCE_S = 120.0


class Stage:
    """One database, one port, one watcher at a time."""

    def __init__(self, home: Path, url: str, seed: int) -> None:
        self.home, self.url = home, url
        self.chance = random.Random(seed)
        self.told = Told()
        self.now_us = to_us(BEGIN)
        self._port = 0
        self._door: socket.socket | None = None
        self._watcher: subprocess.Popen[bytes] | None = None
        put(home / "waits", "0")
        put(home / "clock", str(self.now_us))
        self.open_door()

    def open_door(self) -> None:
        """The partner answers."""
        door = socket.socket()
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind(("127.0.0.1", self._port))
        door.listen(128)
        self._port, self._door = door.getsockname()[1], door
        put(self.home / "waits", "0")

    def close_door(self) -> None:
        """It does not, and what waits for it grows."""
        assert self._door is not None
        self._door.close()
        self._door = None
        put(self.home / "waits", "1000")

    def minute(self, *, kill: bool) -> None:
        """One probe interval; the watcher is killed somewhere in it."""
        self.now_us += MINUTE_US
        put(self.home / "clock", str(self.now_us))
        if kill:
            self._alive()
            time.sleep(self.chance.uniform(0, 0.08))
            self.kill()
            self.told.kills += 1
        until = time.monotonic() + PATIENCE_S
        while self._done() != self.now_us:
            self._alive()
            if time.monotonic() > until:
                raise TimeoutError("the watcher does not come to its turn")
            time.sleep(0.005)
        self._drain()

    def kill(self) -> None:
        """SIGKILL to the watcher this stage started."""
        if self._watcher is not None:
            self._watcher.kill()
            self._watcher.wait()
            self._watcher = None

    def close(self) -> None:
        """Give everything back."""
        self.kill()
        if self._door is not None:
            self._door.close()

    def _alive(self) -> None:
        if self._watcher is None:
            command = [sys.executable, "-m", "tests.outages.watcher", str(self.home), self.url]
            with (self.home / "watcher.log").open("ab") as said:
                self._watcher = subprocess.Popen(
                    [*command, str(self._port)], stdout=said, stderr=said
                )  # fmt: skip
        elif self._watcher.poll() is not None:
            raise RuntimeError((self.home / "watcher.log").read_text("utf-8")[-2000:])

    def _done(self) -> int:
        path = self.home / "done"
        return int(path.read_text("utf-8")) if path.exists() else 0

    def _drain(self) -> None:
        """Take the knocks, or the port's queue would fill."""
        if self._door is None:
            return
        self._door.setblocking(False)
        try:
            while True:
                self._door.accept()[0].close()
        except BlockingIOError:
            return


@contextmanager
def stage(home: Path, url: str, seed: int) -> Iterator[Stage]:
    """A fresh schema with nobody watching yet."""
    store = Store(url)
    upgrade(store)
    store.close()
    made = Stage(home, url, seed)
    try:
        yield made
    finally:
        made.close()


def play(home: Path, url: str, outages: int, seed: int) -> Told:
    """That many outages, each with a kill at its beginning, in it or at its end."""
    with stage(home, url, seed) as on:
        begins: list[int] = []
        on.minute(kill=False)
        for _ in range(outages):
            where = on.chance.choice(("begin", "within", "end"))
            on.close_door()
            begins.append(on.now_us + MINUTE_US)
            for turn in range(3):
                on.minute(kill=(where, turn) in (("begin", 0), ("begin", 1), ("within", 2)))
            on.open_door()
            for turn in range(2):
                on.minute(kill=where == "end" and turn == 0)
        on.minute(kill=False)
        on.told.outages = outages
        _judge(on, begins)
    return on.told


def _judge(on: Stage, begins: list[int]) -> None:
    store = Store(on.url)
    with store.read() as view:
        found = sorted(list_incidents(view, most=10_000), key=lambda one: one.id)
    store.close()
    for effect in ("unreachable", "over"):
        mine = [one for one in found if one.effect == effect]
        if len(mine) != len(begins):
            on.told.flaws.append(f"{effect}: {len(mine)} incidents of {len(begins)} outages")
        for begun, one in zip(begins, mine, strict=False):
            _judge_one(on, begun, one)
    on.told.flaws += judge_alerts(on.home / "alerts", [one.id for one in found])


def _judge_one(on: Stage, begun: int, one: Incident) -> None:
    took = one.opened_us - begun
    on.told.slowest_us = max(on.told.slowest_us, took)
    if one.begun_us != begun or took > 2 * MINUTE_US:
        on.told.flaws.append(f"incident {one.id}: begun {one.begun_us - begun}, seen after {took}")
    if one.state != "restored":
        on.told.flaws.append(f"incident {one.id} is {one.state}")
