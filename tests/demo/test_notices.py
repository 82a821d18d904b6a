"""A month at a bank that tells its results by itself: before its reply, twice, never, wrongly."""

import csv
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from hub.app import demo as work
from hub.bus.tables import inbound
from hub.kernel.periods import Period
from hub.offset.tables import difference, result_seen
from hub.sample import FOLDER
from tests.demo.kit import outcomes, post, totals, unbalanced

SUBMIT = {"endpoint": "gw", "code": "hc.pay.submit"}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's loans of two banks as if they were 贵阳银行's."""
    into = tmp_path_factory.mktemp("gyb")
    for name in ("agreements.csv", "loans.csv", "persons.csv", "units.csv"):
        rows = outcomes(FOLDER, name)
        if "YHJC" in rows[0]:
            rows = [{**row, "YHJC": "GYB"} for row in rows if row["YHJC"] in ("GYB", "BOC")]
        with (into / name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    return into


@dataclass
class Played:
    closed: bool
    out: Path
    inbound: list[sa.Row[Any]]
    ways: Counter[str]
    differences: list[tuple[str, int]]


@pytest.fixture
def play(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    def played(*faults: str, patience_s: float = 60.0) -> Played:
        out = tmp_path / "out"
        asked = work.Wanted(
            data=data, period=Period(2025, 10), banks=("GYB",), policy=None, out=out, port=8527,
            patience_s=patience_s, wave_wait_s=1.0,
        )  # fmt: skip
        start = work.start_engine

        def start_late(hub: Any, **more: Any) -> Any:
            ports = json.loads((out / "mocks" / "ports.json").read_text("utf-8"))
            for fault in faults:
                post(f"{ports['bank-gyb']['control']}/faults", {"match": SUBMIT, "fault": fault})
            return start(hub, **more)

        monkeypatch.setattr(work, "start_engine", start_late)
        running = work.set_up(asked, lambda _: None)
        try:
            closed = work.play(running, asked, lambda _: None, patience_s=patience_s)
            with running.hub.store.read() as view:
                seen = view.execute(
                    sa.select(result_seen.c.came_by, sa.func.count())
                    .where(result_seen.c.status.in_(["done", "refused"]))
                    .group_by(result_seen.c.came_by)
                )
                return Played(
                    closed, out,
                    list(view.execute(sa.select(inbound).order_by(inbound.c.id))),
                    Counter({way: count for way, count in seen}),  # noqa: C416  (it has keys)
                    [(row.kind, row.bank_fen) for row in view.execute(sa.select(difference))],
                )  # fmt: skip
        finally:
            work.end(running)

    return played


def _is_whole(played: Played) -> None:
    said = totals(played.out)
    assert (played.closed, said["closed"], unbalanced(said)) == (True, True, [])
    assert said["total"]["succeeded"]["count"] > 50
    assert said["total"]["failed"]["count"] > 0
    assert played.differences == []


def test_before_the_reply_and_twice(play: Any) -> None:
    played = play("notice_before_reply", "notice_twice")
    _is_whole(played)
    assert played.ways["callback"] > 50
    assert played.ways["inquiry"] + played.ways["results"] < 10  # what the bank leaves out
    assert {(row.state, row.answer_code, row.conflicts) for row in played.inbound} == {
        ("handled", "accepted", 0)
    }
    assert max(row.repeats for row in played.inbound) == 1


def test_never(play: Any) -> None:
    played = play("notice_never")
    _is_whole(played)
    assert (played.inbound, played.ways["callback"]) == ([], 0)


def test_another_story_and_a_stranger(play: Any) -> None:
    played = play("notice_conflict", "notice_stranger", patience_s=4.0)
    assert not played.closed  # until two people have settled the stranger
    assert sum(row.conflicts for row in played.inbound) == 1
    assert {row.state for row in played.inbound} == {"handled"}
    ((kind, fen),) = played.differences
    assert kind == "unknown_instruction"
    assert fen > 0
    said = totals(played.out)
    assert unbalanced(said) == []
    assert said["total"]["unknown"]["count"] == 0
