"""Watches the product's processes while it runs: memory, CPU, and where both stood when."""

import os
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

_KIB = 1024
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
HUB = "hub"
WORKER = "hub's worker"
"""The hub's processes: the one that conducts, and one that only sends."""


@dataclass(slots=True)
class Peak:
    """Highest sums over all processes of a kind, in MiB: proportional memory (PSS), and for the
    hub the resident memory (RSS) that counts shared pages once for each of its processes."""

    hub: float = 0.0
    hub_rss: float = 0.0
    mocks: float = 0.0


@dataclass(slots=True)
class Watch:
    """Samples a process and its descendants five times a second until stopped.

    ``cpu`` holds (Unix time, CPU seconds so far by process name).
    """

    root: int
    peak: Peak = field(default_factory=Peak)
    cpu: list[tuple[float, dict[str, float]]] = field(default_factory=list)
    _spent: dict[int, tuple[str, float]] = field(default_factory=dict)
    _names: dict[int, str] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self._stop.wait(0.2):
            self.sample()

    def stop(self) -> None:
        self._stop.set()

    def sample(self) -> None:
        """One look at all of them."""
        mine = rss = mocks = 0.0
        for pid in _family(self.root):
            name = self._names.get(pid)
            if name in (None, HUB):  # what was forked may have become something else
                name = self._names[pid] = _name(pid)
            spent, pss, resident = _cpu_s(pid), _mib(pid, "Pss:"), _mib(pid, "Rss:")
            if spent is not None:
                self._spent[pid] = (name, spent)
            if name in (HUB, WORKER):
                mine, rss = mine + pss, rss + resident
            else:
                mocks += pss
        self.peak.hub, self.peak.hub_rss = max(self.peak.hub, mine), max(self.peak.hub_rss, rss)
        self.peak.mocks = max(self.peak.mocks, mocks)
        sums: Counter[str] = Counter()
        for name, spent in self._spent.values():
            sums[name] += spent  # type: ignore[assignment]
        self.cpu.append((time.time(), dict(sums)))

    def cpu_between(self, begin: float, end: float) -> dict[str, float]:
        """CPU seconds by process name between two instants, to the nearest sample."""
        first, last = self._at(begin), self._at(end)
        return {name: last[name] - first.get(name, 0.0) for name in last}

    def _at(self, instant: float) -> dict[str, float]:
        found: dict[str, float] = {}
        for when, spent in self.cpu:
            if when > instant:
                break
            found = spent
        return found


def _family(root: int) -> list[int]:
    """A process and all its living descendants."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            words = _stat(int(entry.name))
            if words is not None:
                children.setdefault(int(words[1]), []).append(int(entry.name))
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting += children.get(pid, [])
    return found


def _stat(pid: int) -> list[str] | None:
    """The words after the name in brackets, which may hold blanks."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None  # it has just ended


def _cpu_s(pid: int) -> float | None:
    words = _stat(pid)
    return None if words is None else (int(words[11]) + int(words[12])) * _TICK_S


def _name(pid: int) -> str:
    """One of the hub's two names, or the mock partner a process plays."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return HUB
    if not ("mocks" in words or any(word.startswith("mocks.") for word in words)):
        return WORKER if "worker" in words else HUB
    partners = [words[i + 1] for i, word in enumerate(words[:-1]) if word == "--partner"]
    return f"mock {partners[0]}" if len(partners) == 1 else "mocks' parent"


def _mib(pid: int, what: str) -> float:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith(what):
                return int(line.split()[1]) / _KIB
    except OSError:
        pass  # it has just ended
    return 0.0
