"""What a report must say of how it came about: code, database, machine, data, times."""

import os
import platform
import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import make_url

from hub.store.engine import sqlite_library
from tests.chaos.places import ROOT


@dataclass(frozen=True, slots=True)
class Circumstances:
    """``commit`` ends in "+" when the code differed from it; ``quick``: contract times of seconds
    instead of a minute; ``filesystem`` is that of the working folder, where SQLite's file lies."""

    begun: str
    commit: str
    command: str
    seed: int
    database: str
    banks: tuple[str, ...]
    agreements: int
    quick: bool
    machine: str
    filesystem: str
    python: str


def observe(
    url: str, banks: Sequence[str], data: Path, place: Path, command: Sequence[str], seed: int,
    *, quick: bool,
) -> Circumstances:  # fmt: skip
    """As they are now.  ``url``: empty for SQLite; ``command``: its words, without addresses."""
    return Circumstances(
        begun=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        commit=_commit(),
        command=shlex.join(command),
        seed=seed,
        database=_database(url),
        banks=tuple(banks),
        agreements=_agreements(data, banks),
        quick=quick,
        machine=f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}",
        filesystem=_filesystem(place),
        python=platform.python_version(),
    )


def is_server(url: str) -> bool:
    """Whether a database server was asked for; else each run has a SQLite file of its own."""
    return bool(url) and make_url(url).get_backend_name() != "sqlite"


def _database(url: str) -> str:
    if not is_server(url):
        return f"SQLite {'.'.join(str(part) for part in sqlite_library().version)}"
    engine = sa.create_engine(url)
    with engine.connect() as view:
        version = view.exec_driver_sql("SHOW server_version").scalar_one()
    engine.dispose()
    return f"PostgreSQL {str(version).split()[0]}"


def _commit() -> str:
    """Empty where the code is no repository."""
    head = _git("rev-parse", "--short=10", "HEAD")
    return f"{head}+" if head and _git("status", "--porcelain") else head


def _git(*words: str) -> str:
    said = subprocess.run(
        ["git", *words], cwd=ROOT, capture_output=True, text=True, check=False
    )  # fmt: skip
    return said.stdout.strip() if said.returncode == 0 else ""


def _agreements(data: Path, banks: Sequence[str]) -> int:
    lines = (data / "agreements.csv").read_text("utf-8").splitlines()
    at = lines[0].split(",").index("YHJC")
    return sum(line.split(",")[at] in banks for line in lines[1:])


def _filesystem(place: Path) -> str:
    """Its kind, by the longest mount point above it; empty where the system tells none."""
    mounts = Path("/proc/self/mounts")
    if not mounts.exists():
        return ""
    words = [line.split() for line in mounts.read_text("utf-8").splitlines()]
    above = [
        (one[1], one[2]) for one in words if place.resolve().is_relative_to(Path(one[1]))
    ]  # fmt: skip
    return max(above, key=lambda one: len(one[0]))[1] if above else ""
