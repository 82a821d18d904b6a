"""What is done to a running demo: connections cut, a disk filled, the clock moved."""

import json
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import make_url

from tests.chaos.places import Control, Process, controls
from tests.chaos.watch import Watcher

_AWAY_S = 20.0
_CUT_S = 10.0
_FULL_S = 6.0
_DISK = "32m"
_COME_S = 120.0


class NotHere(Exception):
    """This machine does not let us do it."""


@dataclass(slots=True)
class Live:
    """A demo that runs: its folder, its database's URL (``url`` is empty for its own SQLite)."""

    out: Path
    database: str
    url: str
    watcher: Watcher | None = None
    process: Process | None = None

    def until_stage(self, *stages: str) -> None:
        """Wait until the run is in one of the stages (or past them, or over)."""
        assert self.watcher is not None
        assert self.process is not None
        until = time.monotonic() + _COME_S
        while self.process.code is None and time.monotonic() < until:
            if self.watcher.where().stage in (*stages, "reconciled", "closed"):
                return
            time.sleep(0.02)

    def controls(self) -> tuple[Control, Control]:
        """The first bank's and the core's control planes."""
        banks, core = controls(self.out / "mocks" / "ports.json")
        return banks[0], core


_WORKING = ("approval", "holding", "instructing", "inquiring", "booking", "reconciling")


def refuse_bank(scene: Live) -> None:
    """Nothing listens at the bank, sign and main port, just when money is to leave."""
    scene.until_stage("accounts", "planning", *_WORKING)
    bank, _ = scene.controls()
    bank.fault({"fault": "refuse", "match": {}, "seconds": _AWAY_S})


def refuse_core(scene: Live) -> None:
    """Nothing listens at the core from the first question about accounts on."""
    scene.until_stage("accounts", "planning", *_WORKING)
    _, core = scene.controls()
    core.fault({"fault": "refuse", "match": {}, "seconds": _AWAY_S})


def cut_connections(scene: Live) -> None:
    """Every connection of this demo's schema, and of no other, is terminated again and again."""
    scene.until_stage("accounts", "planning", *_WORKING)
    name = make_url(scene.url).query["application_name"]
    admin = sa.create_engine(scene.url.partition("?")[0], isolation_level="AUTOCOMMIT")
    cut, until = 0, time.monotonic() + _CUT_S
    with admin.connect() as connection:
        while time.monotonic() < until:
            cut += len(
                connection.execute(
                    sa.text(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE application_name = :name AND pid <> pg_backend_pid()"
                    ),
                    {"name": name},
                ).all()
            )
            time.sleep(0.2)
    admin.dispose()
    assert cut > 5, f"only {cut} connections were cut"


def small_disk(scene: Live) -> None:
    """The hub's folder becomes a small disk of its own; the mocks keep theirs."""
    home = scene.out / "hub"
    home.mkdir(parents=True, exist_ok=True)
    words = ["mount", "-t", "tmpfs", "-o", f"size={_DISK},mode=700", "tmpfs", str(home)]
    said = subprocess.run(words, capture_output=True, text=True, check=False)
    if said.returncode != 0:
        raise NotHere(f"mounting is not allowed here: {said.stderr.strip()}")


def no_small_disk(scene: Live) -> None:
    """Give it back, lazily: a process that has just ended may still be let go of."""
    home = scene.out / "hub"
    if os.path.ismount(home):
        subprocess.run(["umount", "--lazy", str(home)], check=False)


def fill_disk(scene: Live) -> None:
    """Fill the small disk to the last byte while the hub works, then free it again."""
    scene.until_stage("accounts", "planning", *_WORKING)
    ballast = scene.out / "hub" / "ballast"
    until, full = time.monotonic() + _FULL_S, 0
    with ballast.open("wb", buffering=0) as file:
        while time.monotonic() < until:
            try:
                file.write(b"\0" * 4096)
            except OSError:
                full += 1
                time.sleep(0.01)
    ballast.unlink()
    assert full, "the disk never was full"


def jump_clock(scene: Live) -> None:
    """Business time goes on by an hour, and later back by it."""
    for seconds in (3600.0, -3600.0):
        scene.until_stage("accounts", "planning", *_WORKING)
        path = scene.out / "clock.json"
        offset = json.loads(path.read_text("utf-8"))["offset_seconds"] + seconds
        fresh = path.with_suffix(".chaos")
        fresh.write_text(json.dumps({"offset_seconds": offset}), "utf-8")
        fresh.replace(path)
        time.sleep(0.7)
