"""Stopped in the middle of many queued instructions; ``python -m tests.chaos.stopping`` is the
long form (1,000 messages, both databases with ``--database``, one process and three).

The channel is stopped before anything is sent, so that every instruction is queued; two people
resume it; in the middle ``hub channel stop`` stops it again.  The judge is the bank's durable
journal: after the switch no instruction arrives but those that its answer called in flight, while
questions go on; two people resume, the run closes, everything is credited once.
"""

import argparse
import json
import re
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from hub.bus.tables import channel, message
from hub.offset.tables import item
from tests.chaos.__main__ import EXPECTED, database
from tests.chaos.harness import Plan, Served
from tests.chaos.judge import Verdict
from tests.chaos.places import HUB, Process, quick_contracts, small_batches
from tests.month import unpack

BANK = "bank-icbc"
_LIMIT_S = 900.0
_WATCH_S = 4.0
"""How long the stopped channel is looked at."""

_SLOW = {
    "match": {"endpoint": "api", "code": "PAYENT"}, "fault": "delay", "seconds": 0.7,
    "when": "before",
}  # fmt: skip
"""Each instruction takes the bank so long that a person has the time to stop the channel."""


@dataclass(slots=True)
class Told:
    """What was seen: instructions queued, sent before the stop, called in flight by its answer,
    arrived after it; the total the resume's preview named; questions that arrived meanwhile; the
    judge's verdict."""

    queued: int = 0
    sent_before: int = 0
    said_in_flight: int = 0
    said_parked: int = 0
    arrived_after: int = 0
    questions_after: int = 0
    preview_fen: int = 0
    verdict: Verdict | None = None


class Stopping:
    """One run with its stops."""

    def __init__(self, plan: Plan, processes: int, url: str) -> None:
        self.served = Served(plan, processes, url)
        self._processes = processes
        self._engine = self.served.watcher._engine

    def run(self) -> Told:
        """The whole of it."""
        served, told = self.served, Told()
        try:
            served.set_up()
            self._order("stop", "先停发，等全部批次编成")
            self._start()
            self._until(lambda: set(served.watcher.wave_states()) == {"trial"})
            served.approve()
            self._until(self._all_cut)
            told.queued = self._count(message.c.state == "parked")
            told.preview_fen = self._previewed_fen()
            served.mocks.bank.fault(_SLOW)
            self._resume("批次已全部编成")
            self._until(lambda: self._sent() >= told.queued // 5)
            self._stop_in_the_middle(told)
            served.mocks.bank.ask("DELETE", "/faults")
            self._resume("银行确认正常")
            self._until(lambda: served.watcher.run_state() == "closed")
            told.verdict = served.finish()
        finally:
            served.close()
        return told

    def _stop_in_the_middle(self, told: Told) -> None:
        said = self._order("stop", "演练：中途停发")
        told.said_parked, told.said_in_flight = (int(n) for n in re.findall(r"(\d+) 条", said))
        with self._engine.connect() as view:
            stopped_us = view.scalar(
                sa.select(channel.c.stopped_us).where(channel.c.interface == BANK)
            )
        time.sleep(_WATCH_S)
        told.sent_before = self._sent()
        for one in self._journal():
            at_us = int(datetime.fromisoformat(one["at"]).timestamp() * 1_000_000)
            if at_us > int(stopped_us or 0):
                told.arrived_after += one["code"] == "PAYENT"
                told.questions_after += str(one["code"]).startswith("Q")

    def _previewed_fen(self) -> int:
        said = self.served.command("channel", "resume", BANK, "--preview", "--json")
        return int(json.loads(said)["binding"]["fen"])

    def _start(self) -> None:
        self.served.start("serve")
        for number in range(1, self._processes):
            log = self.served.out / f"worker-{number}.log"
            self.served.processes[f"worker-{number}"] = Process(
                [*HUB, "worker"], log, self.served.env
            )

    def _order(self, act: str, why: str) -> str:
        words = ("channel", act, BANK, "--reason", why, "--json")
        said = json.loads(self.served.command(*words, who="hand"))
        return str(said["approval"] or said["said"])

    def _resume(self, why: str) -> None:
        asked = self._order("resume", why)
        alone = self.served.command("approve", asked, who="hand", check=False)
        assert alone == "", alone
        self.served.command("approve", asked, who="yes")

    def _journal(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            after = found[-1]["id"] if found else 0
            path = f"/journal?endpoint=api&after={after}&limit=500"
            page = self.served.mocks.bank.get(path)["entries"]
            if not page:
                return found
            found += page

    def _all_cut(self) -> bool:
        waits = sa.select(sa.func.count()).select_from(item)
        early = sa.or_(
            item.c.state == "planned", sa.and_(item.c.state == "held", item.c.batch.is_(None))
        )
        with self._engine.connect() as view:
            return view.scalar(waits.where(early)) == 0

    def _sent(self) -> int:
        """Instructions that were attempted."""
        return self._count(message.c.try_no > 0)

    def _count(self, which: sa.ColumnElement[bool]) -> int:
        query = sa.select(sa.func.count()).select_from(message)
        with self._engine.connect() as view:
            found = view.scalar(query.where(message.c.kind == "bank.instruct", which))
        return int(found or 0)

    def _until(self, true: Any) -> None:
        end = time.monotonic() + _LIMIT_S
        while not true():
            if time.monotonic() > end:
                raise TimeoutError(f"it did not come about: {self.served.watcher.where()}")
            time.sleep(0.05)


def problems(told: Told) -> list[str]:
    """What was not as it must be."""
    found = list(told.verdict.problems) if told.verdict else ["no verdict"]
    if told.arrived_after > told.said_in_flight:
        found.append(f"{told.arrived_after} arrived, {told.said_in_flight} were said in flight")
    if told.said_parked + told.sent_before != told.queued:
        found.append(f"{told.said_parked} parked and {told.sent_before} sent of {told.queued}")
    if not told.questions_after:
        found.append("no question arrived while the channel was stopped")
    if not 0 < told.sent_before < told.queued or not told.preview_fen:
        found.append("the stop did not fall into the middle")
    return found


def main() -> int:
    """The long form: the month's ICBC agreements, about 1,000 messages."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.stopping", description=__doc__)
    parser.add_argument("--database", default="", help="a PostgreSQL URL; SQLite when left out")
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 3])
    parser.add_argument("--rows", type=int, default=3, help="rows in a batch")
    asked = parser.parse_args()
    place, bad = Path(tempfile.mkdtemp(prefix="stopping-")), 0
    data = unpack(place)
    for processes in asked.processes:
        contracts = small_batches(quick_contracts(place / "contracts"), asked.rows)
        plan = Plan(place, data, data / EXPECTED, seed=1, contracts=contracts)
        with database(asked.database) as url:
            told = Stopping(plan, processes, url).run()
        wrong = problems(told)
        bad += bool(wrong)
        told = replace(told, verdict=None)
        said = f"BAD {wrong}" if wrong else "good"
        print(f"{processes} processes: {said} {told}", flush=True)
        shutil.rmtree(place / f"run-{processes}", ignore_errors=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
