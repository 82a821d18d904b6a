"""A shadow month against the bundled mocks: a plan of its own that leaves no trace anywhere."""

import csv
import json
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from hub.app import demo as work
from hub.app.shadowing import NoShadowPlan, shadow_plan, standing_run
from hub.bus import Effect
from hub.bus.tables import message
from hub.cli.main import app
from hub.kernel.money import format_yuan
from hub.kernel.periods import Period
from hub.offset.tables import agreement, item, run, wave
from hub.store import Store
from tests.demo.kit import small

OCTOBER, NOVEMBER = Period(2025, 10), Period(2025, 11)


@pytest.fixture
def running(month_data: Path, tmp_path: Path) -> Iterator[work.DemoHub]:
    """A demo whose own plan waits for approval."""
    data = small(month_data, tmp_path / "data", 60)
    asked = work.Wanted(
        data=data, period=OCTOBER, banks=("ICBC",), policy=None, out=tmp_path / "out", port=8527,
        patience_s=60.0, wave_wait_s=1.0,
    )  # fmt: skip
    demo = work.set_up(asked, lambda _: None)
    try:
        until = time.monotonic() + 60
        while standing_run(demo.hub, OCTOBER) is None and time.monotonic() < until:
            time.sleep(0.1)
        with demo.hub.store.read() as view:
            while "trial" not in set(view.scalars(sa.select(wave.c.state))):
                view.rollback()
                time.sleep(0.1)
        yield demo
    finally:
        work.end(demo)


def plan_of(store: Store) -> dict[str, tuple[int, int]]:
    """Agreement → what each payer pays."""
    query = sa.select(agreement.c.number, item.c.main_fen, item.c.spouse_fen).join(
        agreement, agreement.c.id == item.c.agreement_id
    )
    with store.read() as view:
        return {number: (main, spouse) for number, main, spouse in view.execute(query)}


def left_behind(demo: work.DemoHub) -> tuple[Any, ...]:
    """What a shadow plan could have left: runs, messages, credits, holds at the core."""
    with demo.hub.store.read() as view:
        runs = list(view.scalars(sa.select(run.c.period)))
        # The demo itself goes on reading meanwhile; with an effect it has nothing to send.
        acting = message.c.effect != Effect.READ.value
        said = view.scalar(sa.select(sa.func.count()).select_from(message).where(acting))
    core = next(url for name, url in demo.controls.items() if name.startswith("core"))
    books = []
    for url in (f"{demo.controls['bank-icbc']}/credits.csv", f"{core}/holds.csv"):
        with urllib.request.urlopen(url) as answer:
            books.append(answer.read())
    return runs, said, books


def listed(path: Path, plan: dict[str, tuple[int, int]]) -> None:
    with path.open("w", encoding="gbk", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["协议编号", "银行", "划款金额", "主借款人金额", "配偶金额"])
        for number, payers in plan.items():
            amounts = (sum(payers), *payers)
            rows.writerow([number, "ICBC", *map(format_yuan, amounts)])


def test_it_comes_to_the_same_plan_and_leaves_no_trace(
    running: work.DemoHub, tmp_path: Path
) -> None:
    before, folders = left_behind(running), set(Path(tempfile.gettempdir()).glob("hub-shadow-*"))
    with shadow_plan(running.hub, OCTOBER, ["ICBC"], 60.0) as (store, _):
        ours = plan_of(store)
    assert ours == plan_of(running.hub.store)
    assert len(ours) > 10
    assert left_behind(running) == before
    assert set(Path(tempfile.gettempdir()).glob("hub-shadow-*")) <= folders

    listed(tmp_path / "list.csv", ours)
    home = ["--home", str(running.hub.settings.home), "--json"]
    given = ["offset", "plan", "--month", "2025-10", "--banks", "ICBC", "--shadow"]
    out = ["--out", str(tmp_path / "differences.xlsx")]
    said = CliRunner().invoke(app, [*given, str(tmp_path / "list.csv"), *out, *home])
    assert said.exit_code == 0, said.output
    found = json.loads(said.stdout)
    assert found["differences"] == 0
    assert found["fresh"] is False
    assert found["kinds"]["same"]["count"] == len(ours)
    assert (tmp_path / "differences.xlsx").read_bytes()[:2] == b"PK"

    # A month nobody has opened is planned for the comparison alone.
    given[3] = "2025-11"
    said = CliRunner().invoke(app, [*given, str(tmp_path / "list.csv"), *home])
    assert said.exit_code == 0, said.output
    assert json.loads(said.stdout)["fresh"] is True
    with pytest.raises(NoShadowPlan), shadow_plan(running.hub, NOVEMBER, ["ICBC"], 0.001):
        pass
    assert left_behind(running) == before
