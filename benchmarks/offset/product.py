"""Runs the product as an operator would and watches its processes: time, memory, CPU, exit."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from benchmarks.offset.watch import Peak, Watch
from hub.bus.tables import message
from hub.store import Store

_STAGES = (
    ("set up, import", "", "created"),
    ("due list", "bank.dues", "ended"),
    ("accounts", "core.accounts", "ended"),
    ("plan, approve", "core.hold", "created"),
    ("hold", "core.hold", "ended"),
    ("instruct, post", "core.post", "ended"),
    ("read back", "", "ended"),
)
"""A stage ends when the first message of a kind was created, or the last one ended; an empty
kind is any.  The rest, matching and export, is the last stage."""
_LAST = "match, export"


@dataclass(frozen=True, slots=True)
class Stage:
    """What one stage took: wall seconds, and CPU seconds by process."""

    name: str
    seconds: float
    cpu: dict[str, float]


@dataclass(frozen=True, slots=True)
class ProductRun:
    """What one run of the product took."""

    seconds: float
    peak: Peak
    stages: list[Stage]
    out: Path


def run_product(
    data: Path, out: Path, banks: Sequence[str], database: str, patience: str
) -> ProductRun:
    """``hub demo --once`` over ``data``; raises RuntimeError with its last words when it fails."""
    command = [
        str(Path(sys.executable).with_name("hub")), "demo", "--data", str(data), "--banks",
        ",".join(banks), "--once", "--out", str(out), "--patience", patience,
    ]  # fmt: skip
    environment = dict(os.environ)
    if database:
        environment["HUB_DATABASE_URL"] = database
    log = out.with_suffix(".log")
    begun, started = time.perf_counter(), time.time()
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
    url = database or f"sqlite:///{out / 'hub' / 'hub.sqlite'}"
    stages = _stages(url, watch, started, started + seconds)
    return ProductRun(seconds, watch.peak, stages, out)


def _stages(url: str, watch: Watch, started: float, ended: float) -> list[Stage]:
    """One after the other; a stage that overlaps the one before it begins where that ends."""
    store = Store(url)
    try:
        with store.read() as view:
            ends = [(name, _instant(view, kind, which)) for name, kind, which in _STAGES]
    finally:
        store.close()
    found, begin = [], started
    for name, end in [*ends, (_LAST, ended)]:
        until = max(begin, min(ended, begin if end is None else end))
        found.append(Stage(name, until - begin, watch.cpu_between(begin, until)))
        begin = until
    return found


def _instant(view: sa.Connection, kind: str, which: str) -> float | None:
    created = which == "created"
    column = sa.func.min(message.c.created_us) if created else sa.func.max(message.c.ended_us)
    query = sa.select(column)
    if kind:
        query = query.where(message.c.kind == kind)
    found = view.scalar(query)
    return None if found is None else int(found) / 1_000_000
