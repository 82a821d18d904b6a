"""The board of interfaces and one interface's page, over a real hub; the commands beside them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub.cli.main import app
from hub.kernel.clocks import to_us
from hub.monitor import health
from hub.monitor.samples import Sample
from hub.monitor.words import State
from tests.web.duty_kit import BANK, SCRIPT, Duty, on_duty

MINUTE = 60_000_000


@pytest.fixture
def duty(tmp_path: Path) -> Iterator[Duty]:
    with on_duty(tmp_path) as opened:
        yield opened


def see(duty: Duty, interface: str, *states: State, detail: str = "") -> None:
    """Samples of the last minutes, the newest now."""
    now = to_us(duty.hub.clock.now())
    with duty.hub.store.write() as tx:
        for ago, state in zip(range(len(states) - 1, -1, -1), states, strict=True):
            sample = Sample(now - ago * MINUTE, state, "" if state.good else "B0131", detail)
            health.observe(tx, interface, sample, every_us=MINUTE, took_ms=31)


def test_all_21_items_are_on_the_board_and_say_how_they_stand(duty: Duty) -> None:
    see(duty, BANK, State.UP, State.UNUSABLE, State.UNUSABLE, detail=f"系统忙{SCRIPT}")
    see(duty, "bank-ccb", State.UP, State.UP)
    see(duty, "bank-boc", State.UP, State.UNREACHABLE)
    page = duty.client.get("/interfaces").text
    tiles = page.split('<li class="tile ')[1:]
    by_path = {tile.partition('href="/interfaces/')[2].partition('"')[0]: tile for tile in tiles}
    assert "21 项接口服务" in page
    assert {f'<span class="no">{number}</span>' in page for number in range(1, 22)} == {True}
    assert "连通但不可用" in by_path[BANK]
    assert "B0131" in by_path[BANK]
    assert "系统忙&lt;script&gt;" in by_path[BANK]
    assert "<script>alert" not in page
    assert "已连通、未使用" in by_path["bank-ccb"]
    assert "一次拨测未通，待复验" in by_path["bank-boc"]
    assert "无数据" in by_path["bank-gyb"]
    assert "未建" in by_path["report-spreadjs"]
    assert "核心业务系统" in by_path["core-registry"]


def test_one_interface_has_its_minutes_clause_and_changes(duty: Duty) -> None:
    see(duty, BANK, State.UP, State.UP, State.UNREACHABLE, State.UNREACHABLE)
    page = duty.client.get(f"/interfaces/{BANK}").text
    assert "中心信息科·工行公司业务部" in page
    assert "一、(二)1.(3)" in page
    assert "状态变化" in page
    past = duty.client.get(f"/interfaces/{BANK}?month=2025-10").text
    assert "各类相加 = 44,640 分钟" in past
    assert "省级平台" in duty.client.get("/interfaces/province-supervision").text
    assert duty.client.get("/interfaces/nobody").status_code == 404
    assert duty.client.get(f"/interfaces/{BANK}?month=2025-13").status_code == 400


def test_the_commands_say_the_same(duty: Duty) -> None:
    see(duty, BANK, State.UP, State.UNREACHABLE, State.UNREACHABLE)
    home = ["--json", "--home", str(duty.hub.settings.home)]
    run = CliRunner().invoke
    said = json.loads(run(app, ["watch", "status", *home]).output)["interfaces"]
    by_name = {one["interface"]: one for one in said}
    assert {number for one in said for number in one["items"]} == set(range(1, 22))
    assert by_name[BANK]["state"] == "unreachable"
    assert by_name["onething-listing"]["state"] == "absent"
    minutes = json.loads(run(app, ["watch", "minutes", BANK, *home]).output)
    assert sum(minutes["whole"].values()) == minutes["minutes"] == 1440 * len(minutes["days"])
    assert run(app, ["watch", "minutes", "onething-listing", *home]).exit_code != 0
