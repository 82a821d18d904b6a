"""One month's offset, the product against its yardstick, in one run:

``python -m benchmarks.offset --agreements 10000 100000 [--banks all] [--database URL]``

For each size a month is invented, the yardstick runs over it in a process of its own, then
``hub demo --once`` with mocks on loopback does.  The product's time is the whole command, start
of its processes and import included.  Over several banks the product speaks to each in its own
format; the yardstick knows one bank, which has everybody's loans, and ICBC's format.  Outcomes of
both are compared row by row.  Printed are the ratio, the peak of memory, and where the product's
time went by stage and process.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.offset.product import ProductRun, Stage, run_product
from hub.app.discover import discover
from hub.kernel.settings import Settings
from hub.sample.make import write_month

_BANK = "mock bank-"
TARGET_SHARE, TARGET_MIB, TARGET_GROWTH = 0.25, 512, 1.2


@dataclass(frozen=True, slots=True)
class Measured:
    """One size: seconds, peaks in MiB, and the product's share of the yardstick's speed."""

    agreements: int
    yardstick_s: float
    yardstick_mib: float
    legs: dict[str, float]
    product_s: float | None = None
    share: float | None = None
    hub_mib: float | None = None
    hub_rss_mib: float | None = None
    mocks_mib: float | None = None
    same_outcomes: bool | None = None
    stages: list[Stage] = field(default_factory=list)


def measure(agreements: int, given: argparse.Namespace, work: Path) -> Measured:
    """Yardstick, then product, over the same invented month."""
    data = work / f"data-{agreements}"
    write_month(data, agreements=agreements, banks=given.banks)
    yard = work / f"yardstick-{agreements}"
    said = _run_yardstick(data, yard, given.banks)
    base = Measured(agreements, said["seconds"], said["peak_mib"], said["legs"])
    if given.yardstick_only:
        return base
    ran = run_product(data, work / f"hub-{agreements}", given.banks, given.database, given.patience)
    return _with_product(base, ran, yard)


def _run_yardstick(data: Path, work: Path, banks: list[str]) -> dict[str, Any]:
    command = [
        sys.executable, "-m", "benchmarks.offset.yardstick", "--data", str(data), "--work",
        str(work), "--banks", ",".join(banks),
    ]  # fmt: skip
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout))


def banks_of(said: str) -> list[str]:
    """The codes of these banks; ``all``: of every bank that has an adapter."""
    if said != "all":
        return said.split(",")
    found = discover(Settings()).values()
    return sorted(one.manifest.partner.code for one in found if one.manifest.port == "bank")


def _with_product(base: Measured, ran: ProductRun, yard: Path) -> Measured:
    return Measured(
        base.agreements, base.yardstick_s, base.yardstick_mib, base.legs,
        product_s=ran.seconds, share=base.yardstick_s / ran.seconds,
        hub_mib=ran.peak.hub, hub_rss_mib=ran.peak.hub_rss, mocks_mib=ran.peak.mocks,
        stages=ran.stages,
        same_outcomes=_outcomes(ran.out / "outcomes.csv") == _outcomes(yard / "outcomes.csv"),
    )  # fmt: skip


def _outcomes(path: Path) -> dict[str, tuple[str, ...]]:
    columns = ("outcome", "reason", "amount", "main", "spouse")
    with path.open(encoding="utf-8", newline="") as file:
        return {row["XYBH"]: tuple(row[c] for c in columns) for row in csv.DictReader(file)}


def profile(row: Measured) -> str:
    """Where the product's time went: wall seconds of each stage, CPU seconds of each process."""
    stages = [Stage(stage.name, stage.seconds, _banks_together(stage.cpu)) for stage in row.stages]
    names = sorted({name for stage in stages for name in stage.cpu})
    lines = [f"{row.agreements:>11,} {'wall s':>8}" + "".join(f" {name:>19}" for name in names)]
    total = Stage(
        "all", sum(stage.seconds for stage in stages),
        {name: sum(stage.cpu.get(name, 0.0) for stage in stages) for name in names},
    )  # fmt: skip
    for stage in [*stages, total]:
        spent = "".join(f" {stage.cpu.get(name, 0.0):>15.2f} CPU" for name in names)
        lines.append(f"{stage.name:>14} {stage.seconds:>5.1f}{spent}")
    return "\n".join(lines)


def _banks_together(cpu: dict[str, float]) -> dict[str, float]:
    """One column for the mocks of several banks."""
    banks = [name for name in cpu if name.startswith(_BANK)]
    if len(banks) <= 1:
        return cpu
    rest = {name: seconds for name, seconds in cpu.items() if name not in banks}
    return {**rest, f"{len(banks)} mock banks": sum(cpu[name] for name in banks)}


def growth(rows: list[Measured]) -> float | None:
    """How much more the product slows down per agreement than the yardstick, first to last."""
    first, last = rows[0], rows[-1]
    if len(rows) == 1 or first.product_s is None or last.product_s is None:
        return None
    return (last.product_s / first.product_s) / (last.yardstick_s / first.yardstick_s)


def table(rows: list[Measured]) -> str:
    """The figures for people."""
    lines = [
        f"{'agreements':>11} {'yardstick':>11} {'product':>11} {'share':>7} {'hub peak':>10}"
        f" {'(RSS)':>10} {'mocks peak':>11}  outcomes"
    ]
    for row in rows:
        if row.product_s is None or row.share is None:
            lines.append(f"{row.agreements:>11,} {row.yardstick_s:>9.2f} s {'not run':>11}")
            continue
        same = "equal" if row.same_outcomes else "DIFFERENT"
        lines.append(
            f"{row.agreements:>11,} {row.yardstick_s:>9.2f} s {row.product_s:>9.2f} s"
            f" {row.share:>7.3f} {row.hub_mib:>6.0f} MiB {row.hub_rss_mib:>6.0f} MiB"
            f" {row.mocks_mib:>7.0f} MiB  {same}"
        )
    grown = growth(rows)
    aim = f"aims: share ≥ {TARGET_SHARE}, hub peak < {TARGET_MIB} MiB, growth ≤ {TARGET_GROWTH}"
    lines.append(aim if grown is None else f"{aim}; growth against the yardstick's: {grown:.2f}")
    return "\n".join(lines)


def main() -> int:
    """The command line; exit 1 when outcomes differ, whatever the ratio."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--agreements", nargs="+", default=["10000"], help="one size, or several")
    parser.add_argument("--banks", default="ICBC", help="ICBC,CCB,… or all")
    parser.add_argument("--database", default="", help="URL; without it the embedded default")
    parser.add_argument("--patience", default="10m")
    parser.add_argument("--yardstick-only", action="store_true")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    parser.add_argument("--keep", type=Path, help="work here and leave everything (for a profile)")
    given = parser.parse_args()
    given.banks = banks_of(given.banks)
    sizes = [int(size) for size in ",".join(given.agreements).split(",")]
    with tempfile.TemporaryDirectory(prefix="offset-") as temporary:
        work = given.keep or Path(temporary)
        rows = [measure(size, given, work) for size in sizes]
    print(table(rows))
    for row in rows:
        if row.stages:
            print(f"\n{profile(row)}")
    if given.json:
        figures: dict[str, Any] = {
            "cores": os.cpu_count(),
            "database": "given" if given.database else "embedded",
            "growth": growth(rows),
            "rows": [asdict(row) for row in rows],
        }
        given.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return 1 if any(row.same_outcomes is False for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
