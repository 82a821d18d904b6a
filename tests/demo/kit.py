"""Runs ``hub demo`` as a customer would: a process of its own, judged by what it leaves."""

import csv
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.month import PACKED

ROOT = PACKED.parents[2]
LIMIT_S = 150


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    said: str


def hub(*words: str, database_url: str = "") -> Done:
    """Run the command line to its end."""
    ended = subprocess.run(
        command(*words), env=environment(database_url), capture_output=True, text=True,
        timeout=LIMIT_S, check=False, cwd=ROOT,
    )  # fmt: skip
    return Done(ended.returncode, ended.stdout + ended.stderr)


def command(*words: str) -> list[str]:
    """The console script beside this interpreter, or what it stands for."""
    script = Path(sys.executable).with_name("hub")
    start = "from hub.cli.main import run; run()"
    begin = [str(script)] if script.exists() else [sys.executable, "-c", start]
    return [*begin, *words]


def environment(database_url: str = "") -> dict[str, str]:
    """As in a shell that knows nothing of the hub."""
    plain = {name: text for name, text in os.environ.items() if not name.startswith("HUB_")}
    return plain | ({"HUB_DATABASE_URL": database_url} if database_url else {})


def demo(out: Path, *words: str, database_url: str = "") -> Done:
    """``hub demo --once`` into ``out``, as soon as no other demo is at work there."""
    for _ in range(60):
        done = hub("demo", "--once", "--out", str(out), "--port", "0", *words,
                   database_url=database_url)  # fmt: skip
        if "demo.busy" not in done.said:
            return done
        time.sleep(0.5)
    return done


def outcomes(folder: Path, name: str = "outcomes.csv") -> list[dict[str, str]]:
    """The rows of outcomes.csv, or of expected outcomes."""
    with (folder / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def totals(folder: Path, name: str = "totals.json") -> dict[str, Any]:
    """totals.json, or expected totals."""
    return json.loads((folder / name).read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def unbalanced(said: dict[str, Any]) -> list[tuple[str, str]]:
    """(name, bank) of equations with a remainder."""
    return [(e["name"], e["bank"]) for e in said["equations"] if any(e["remainder"].values())]


def post(url: str, body: dict[str, Any]) -> dict[str, Any]:
    """Order something of a mock's control plane."""
    asked = urllib.request.Request(
        url, data=json.dumps(body).encode(), headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(asked, timeout=10) as answer:
        return json.loads(answer.read())  # type: ignore[no-any-return]


def rows(url: str) -> list[dict[str, str]]:
    """A mock's CSV."""
    with urllib.request.urlopen(url, timeout=10) as answer:
        return list(csv.DictReader(answer.read().decode("utf-8-sig").splitlines()))


def small(data: Path, into: Path, keep: int, banks: Sequence[str] = ("ICBC",)) -> Path:
    """The first agreements of each bank with what belongs to them: a quick month."""
    into.mkdir(parents=True)
    every = outcomes(data, "agreements.csv")
    agreements = [
        row for bank in banks for row in [r for r in every if r["YHJC"] == bank][:keep]
    ]  # fmt: skip
    loans = {r["JKHTBH"] for r in agreements}
    accounts = {r[name] for r in agreements for name in ("JKRGJJZH", "GTJKRGJJZH")}
    parts = {
        "agreements.csv": agreements,
        "loans.csv": [r for r in outcomes(data, "loans.csv") if r["JKHTBH"] in loans],
        "persons.csv": [r for r in outcomes(data, "persons.csv") if r["GRZH"] in accounts],
        "units.csv": outcomes(data, "units.csv"),
    }
    for name, found in parts.items():
        with (into / name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(found[0]))
            writer.writeheader()
            writer.writerows(found)
    return into


def drop_faults(control: str) -> None:
    """Drop every rule of a mock."""
    asked = urllib.request.Request(f"{control}/faults", method="DELETE")
    urllib.request.urlopen(asked, timeout=10).close()
