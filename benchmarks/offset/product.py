"""Runs the product as an operator would and watches its processes: time, memory, exit."""

import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

_PAGE_KIB = 1024


@dataclass(slots=True)
class Peak:
    """Highest sum of proportional memory (PSS) over all processes of a kind, in MiB."""

    hub: float = 0.0
    mocks: float = 0.0

    def see(self, hub: float, mocks: float) -> None:
        self.hub = max(self.hub, hub)
        self.mocks = max(self.mocks, mocks)


@dataclass(slots=True)
class Watch:
    """Samples a process and its descendants five times a second until stopped."""

    root: int
    peak: Peak = field(default_factory=Peak)
    _stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self._stop.wait(0.2):
            sums = {True: 0.0, False: 0.0}
            for pid in _family(self.root):
                sums[_is_mock(pid)] += _pss_mib(pid)
            self.peak.see(sums[False], sums[True])

    def stop(self) -> None:
        self._stop.set()


@dataclass(frozen=True, slots=True)
class ProductRun:
    """What one run of the product took."""

    seconds: float
    peak: Peak
    out: Path


def run_product(data: Path, out: Path, bank: str, database: str, patience: str) -> ProductRun:
    """``hub demo --once`` over ``data``; raises RuntimeError with its last words when it fails."""
    command = [
        str(Path(sys.executable).with_name("hub")), "demo", "--data", str(data), "--banks", bank,
        "--once", "--out", str(out), "--patience", patience,
    ]  # fmt: skip
    environment = dict(os.environ)
    if database:
        environment["HUB_DATABASE_URL"] = database
    log = out.with_suffix(".log")
    begun = time.perf_counter()
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
        watch = Watch(process.pid)
        sampler = threading.Thread(target=watch.run, daemon=True)
        sampler.start()
        code = process.wait()
    seconds = time.perf_counter() - begun
    watch.stop()
    sampler.join()
    if code != 0:
        words = log.read_text(encoding="utf-8", errors="replace")[-2000:]
        raise RuntimeError(f"hub demo ended with {code}:\n{words}")
    return ProductRun(seconds, watch.peak, out)


def _family(root: int) -> list[int]:
    """A process and all its living descendants."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            parent = _parent(entry)
            if parent is not None:
                children.setdefault(parent, []).append(int(entry.name))
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting += children.get(pid, [])
    return found


def _parent(entry: Path) -> int | None:
    try:
        # The name in brackets may hold blanks: count from behind it.
        return int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return None  # it has just ended


def _is_mock(pid: int) -> bool:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return b"mocks" in words or any(word.startswith(b"mocks.") for word in words)


def _pss_mib(pid: int) -> float:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / _PAGE_KIB
    except OSError:
        pass  # it has just ended
    return 0.0
