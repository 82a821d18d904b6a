"""The long forms: ``python -m tests.chaos --boundaries`` and ``--kills 30``, ``--bad-days``.

``--boundaries`` kills exactly at the boundaries of the work, counts them, and prints a report;
``--kills`` kills at moments drawn by chance; ``--bad-days`` has partners, disk and clock fail.
Prints what was killed when, what the hub was doing then, how long it took and the verdict; the
same as JSON into ``--json FILE``, as Markdown into ``--report FILE``.  Exit status 1 when any run
was not as it must be.
"""

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from hub.sample import FOLDER
from tests.chaos import report
from tests.chaos.armed import Armed
from tests.chaos.bad_days import DAYS, Lived, live
from tests.chaos.circumstances import Circumstances, is_server, observe
from tests.chaos.harness import Plan, Ran, demo_run, served_run
from tests.chaos.places import (
    BANKS,
    CORE,
    NINE,
    demo,
    environment,
    own_contracts,
    partners_of,
    quick_contracts,
    small_batches,
)
from tests.chaos.suite import Asked, run_suite

EXPECTED = "expected-outcomes-icbc.csv"
EXPECTED_OF_NINE = "expected-outcomes.csv"


def main() -> int:
    """Run what was asked for; 0 when all of it was as it must be."""
    asked = _parser().parse_args()
    place = Path(asked.place or tempfile.mkdtemp(prefix="chaos-")).resolve()
    place.mkdir(parents=True, exist_ok=True)
    data = Path(asked.data or FOLDER).resolve()
    banks = NINE if asked.banks == "all" else tuple(asked.banks.split(","))
    contracts = quick_contracts(place / "contracts") if asked.quick else None
    if asked.rows:
        own = contracts or own_contracts(place / "contracts")
        contracts = small_batches(own, asked.rows, banks)
    expected = _expected(place, data, banks)
    plan = Plan(place, data, expected, asked.seed, asked.pause, contracts, asked.patience, banks)
    command = ["python", "-m", "tests.chaos", *_plain(sys.argv[1:])]
    so = observe(
        asked.database, banks, data, place, command, asked.seed, quick=asked.quick
    )  # fmt: skip
    if asked.boundaries:
        return _boundaries(plan, asked, so)
    if asked.bad_days:
        return _bad_days(plan, asked, so)
    return _kills(plan, asked, so)


def _kills(plan: Plan, asked: argparse.Namespace, so: Circumstances) -> int:
    way: Callable[..., Ran] = served_run if asked.served else demo_run
    runs: list[Ran] = []
    began = time.monotonic()
    while sum(len(ran.kills) for ran in runs) < asked.kills:
        left = asked.kills - sum(len(ran.kills) for ran in runs)
        with database(asked.database) as url:
            ran = way(plan, len(runs) + 1, left, url)
        runs.append(ran)
        _tell(ran)
        if not ran.kills:
            break  # it closed before the first kill: --pause is too long for these data
    said = _report(so, runs, time.monotonic() - began)
    _write(asked, said["text"], said)
    return 0 if said["good"] else 1


def _write(asked: argparse.Namespace, text: str, data: object) -> None:
    print(text)
    if asked.json:
        Path(asked.json).write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", "utf-8")
    if asked.report:
        Path(asked.report).write_text(text, "utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    add = parser.add_argument
    add("--kills", type=int, default=30, help="how many, over as many runs as it takes")
    add("--database", default="", help="SQLite when left out; a PostgreSQL URL gets own schemas")
    add("--seed", type=int, default=1)
    add("--data", help="folder with the CSV files; the shipped sample when left out")
    add("--pause", type=float, default=0.4, help="mean seconds of work between two kills")
    add("--served", action="store_true", help="hub serve and hub worker; the mocks live on")
    add("--quick", action="store_true", help="contract times of seconds instead of a minute")
    add("--rows", type=int, help="rows in a batch at most, so that a month has more of them")
    add("--bad-days", action="store_true", help="the partners', disk's and clock's faults")
    add("--boundaries", action="store_true", help="die exactly at the boundaries, counted")
    add("--each", type=int, default=10, help="how often each boundary is hit at least")
    add("--mocks", type=int, default=50, help="at how many moments a mock is killed")
    add("--restored", type=int, default=2, help="runs in which an older copy is restored")
    add("--workers", type=int, default=1, help="hub worker processes beside hub serve")
    add("--per-run", type=int, default=24, help="most deaths of one month")
    add("--only", default="", help="of the bad days: those whose name holds this")
    add("--banks", default=",".join(BANKS), help="their codes, or: all")
    add("--patience", default="4m", help="of a bad day: without headway for so long it is stuck")
    add("--place", help="working folder; a new one below the temporary folder when left out")
    add("--json", help="write the report there too")
    add("--report", help="and there as a page of Markdown")
    return parser


@contextmanager
def database(asked: str) -> Iterator[str]:
    """A database of its own: empty text for the folder's SQLite, else a URL onto a new schema."""
    if not is_server(asked):
        yield ""
        return
    schema = f"chaos_{time.time_ns():x}"
    admin = sa.create_engine(asked, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
    try:
        # The name lets a test find its own connections among everybody's.
        yield f"{asked}?options=-csearch_path%3D{schema}&application_name={schema}"
    finally:
        with admin.connect() as connection:
            connection.exec_driver_sql(f"DROP SCHEMA {schema} CASCADE")
        admin.dispose()


def _expected(place: Path, data: Path, banks: tuple[str, ...]) -> Path:
    """The month's expected outcomes, or those of a run that nobody disturbed."""
    given = {BANKS: data / EXPECTED, NINE: data / EXPECTED_OF_NINE}.get(banks)
    if given is not None and given.is_file():
        return given
    return undisturbed(place / "undisturbed", data, banks)


def undisturbed(out: Path, data: Path, banks: tuple[str, ...] = BANKS) -> Path:
    """The outcomes of a run left alone."""
    process = demo(out, data, environment(), banks=banks)
    if process.wait(600) != 0:
        raise AssertionError(f"the undisturbed run did not close: {process.tail()}")
    return out / "outcomes.csv"


def _tell(ran: Ran) -> None:
    for kill in ran.kills:
        print(f"  {kill.at_s:7.1f} s  {kill.act:22} {kill.where.label}", flush=True)
    good = "good" if ran.verdict.good and not ran.audit else "BAD"
    v = ran.verdict
    print(
        f"run {ran.number}: {len(ran.kills)} kills, {ran.starts} starts, {ran.seconds:.1f} s: "
        f"{good}; {v.credits} credits ({v.credited_fen} fen), {v.postings} postings, "
        f"{v.live_holds} holds {v.problems or ''} {ran.audit}",
        flush=True,
    )


def _report(so: Circumstances, runs: list[Ran], seconds: float) -> dict[str, Any]:
    kills = [kill for ran in runs for kill in ran.kills]
    good = all(ran.verdict.good and not ran.audit for ran in runs) and bool(kills)
    stages = Counter(kill.where.stage for kill in kills)
    flying = Counter(kind for kill in kills for kind in kill.where.in_flight)
    lines = [
        f"# 随机宕机报告 · kills by chance: {report.verdict(good=good)}",
        *report.circumstances(so, seconds),
        f"- 被杀 · killed: {len(kills)}；月份 · months: {len(runs)}",
        "",
        *report.table(["当时阶段 · stage", "次数 · kills"], stages.most_common()),
        *report.table(["在途报文 · in flight", "次数 · kills"], flying.most_common()),
        report.POWER_LOSS,
    ]
    return {
        "good": good, **asdict(so), "seconds": round(seconds, 1), "kills": len(kills),
        "by_stage": dict(stages), "in_flight": dict(flying), "text": "\n".join(lines) + "\n",
        "runs": [asdict(ran) for ran in runs],
    }  # fmt: skip


def _boundaries(plan: Plan, asked: argparse.Namespace, so: Circumstances) -> int:
    # One bank's instruction is cut often enough by itself; of several each must be.
    each = tuple(one for one in partners_of(plan.banks) if one != CORE)
    wanted = Asked(
        asked.each, asked.mocks, asked.restored, asked.workers, asked.per_run,
        banks=each if len(each) > 1 else (),
    )  # fmt: skip
    suite = run_suite(plan, wanted, lambda: database(asked.database), _tell_armed)
    _write(asked, report.as_text(suite, so), report.as_data(suite, so))
    return 0 if suite.good else 1


_PLACES = ("--place", "--json", "--report", "--data")


def _plain(words: list[str]) -> list[str]:
    """The command's words without an address that may hold a password, and without this
    machine's folders."""
    kept = []
    for before, word in zip(["", *words], words, strict=False):
        if word in _PLACES or before in _PLACES:
            continue
        kept.append("URL" if word.startswith("postgresql") else word)
    return kept


def _tell_armed(ran: Armed) -> None:
    for death in ran.deaths:
        print(f"  {death.process:12} {death.boundary.value:18} {death.kind} ({death.nth})")
    v = ran.verdict
    print(
        f"run {ran.number}: {len(ran.deaths)} deaths, {ran.starts} starts, {ran.seconds:.0f} s, "
        f"restored {ran.restored}: {'good' if ran.good else 'BAD'} {v.problems or ''} {ran.audit}",
        flush=True,
    )


def _bad_days(plan: Plan, asked: argparse.Namespace, so: Circumstances) -> int:
    lived: list[Lived] = []
    whole = [day for day in DAYS if day.name == asked.only]
    for day in whole or [day for day in DAYS if asked.only in day.name]:
        with database(asked.database) as url:
            one = live(day, plan, url)
        lived.append(one)
        print(f"{'good' if one.good else 'BAD '} {one.seconds:6.1f} s  {day.name}  {one.said}",
              flush=True)  # fmt: skip
    good = report.all_good(lived)
    said = {"good": good, **asdict(so), "days": [asdict(one) for one in lived]}
    _write(asked, report.days_as_text(lived, so), said)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
