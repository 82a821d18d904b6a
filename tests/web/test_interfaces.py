"""The board of interfaces and one interface's page, over a real hub; the commands beside them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub.cli.main import app
from hub.monitor.words import State
from tests.web.duty_kit import BANK, SCRIPT, Duty, on_duty
from tests.web.watch_kit import attend, break_it, see


@pytest.fixture
def duty(tmp_path: Path) -> Iterator[Duty]:
    with on_duty(tmp_path) as opened:
        yield opened


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
    assert by_name["national-transfer"]["state"] == "absent"
    minutes = json.loads(run(app, ["watch", "minutes", BANK, *home]).output)
    assert sum(minutes["whole"].values()) == minutes["minutes"] == 1440 * len(minutes["days"])
    assert run(app, ["watch", "minutes", "national-transfer", *home]).exit_code != 0


def test_an_incident_is_answered_handed_over_and_closed_on_its_page(duty: Duty) -> None:
    assert "还没有发生过故障" in duty.client.get("/incidents").text
    break_it(duty)
    assert "1 起未恢复" in duty.client.get("/incidents").text
    assert 'href="/incidents/1"' in duty.client.get("/interfaces").text
    page = duty.client.get("/incidents/1").text
    for part in ("处置卡", "切勿", "先做三步", "中心信息科·工行公司业务部", "&lt;script&gt;"):
        assert part in page
    assert "<script>alert" not in page
    done = duty.send("/incidents/1", "wang", act="respond", reason="已联系 13800138000")
    assert done.headers["location"] == "/incidents/1"
    assert duty.send("/incidents/1", "li", act="respond", reason="我来").status_code == 303
    page = duty.client.get("/incidents/1").text  # told that wang was first, and nothing is changed
    assert ("wang" in page, "我来" in page) == (True, False)
    assert (
        duty.send("/incidents/1", "wang", act="hand", reason="交班", to="nobody").status_code == 404
    )
    assert duty.send("/incidents/1", "wang", act="hand", reason="交班", to="li").status_code == 303
    assert duty.send("/incidents/1", "sun", act="note", reason="看看").status_code == 403
    assert duty.send("/incidents/1", "li", act="resolve", reason="好了").status_code == 409
    see(duty, BANK, State.UP, State.UP)
    attend(duty)
    assert duty.send("/incidents/1", "li", act="resolve", reason="对方重启").status_code == 303
    page = duty.client.get("/incidents/1").text
    assert "138****8000" in page
    assert "对方重启" in page
    assert duty.client.get("/incidents/2").status_code == 404
    assert duty.client.get("/incidents/x").status_code == 404


def test_maintenance_is_the_centres_and_beforehand(
    duty: Duty, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_TOKEN", duty.tokens["wang"].reveal())
    home = ["--home", str(duty.hub.settings.home)]
    run = CliRunner().invoke
    words = ["maintenance", "plan", BANK, "--reason", "升级", *home]
    assert run(app, [*words, "--from", "2020-01-01 00:00", "--until", "+1h"]).exit_code == 2
    assert run(app, [*words, "--from", "tomorrow", "--until", "+1h"]).exit_code == 2
    done = run(app, [*words, "--from", "2099-01-01 22:00", "--until", "+2h"])
    assert done.exit_code == 0, done.output
    listed = json.loads(run(app, ["maintenance", "list", "--days", "1", "--json", *home]).output)[
        "maintenance"
    ]
    assert listed == []
    assert run(app, ["maintenance", "cancel", "1", "--reason", "改期", *home]).exit_code == 0
    assert run(app, ["maintenance", "cancel", "1", "--reason", "改期", *home]).exit_code != 0
    shown = run(app, ["incident", "list", *home])
    assert "没有故障" in shown.output
    break_it(duty)
    assert "未恢复" in run(app, ["incident", "list", *home]).output
    assert "切勿" in run(app, ["incident", "show", "1", *home]).output
    said = run(app, ["incident", "respond", "1", "--say", "在看", *home])
    assert said.exit_code == 0, said.output
    seen = json.loads(run(app, ["incident", "show", "1", "--json", *home]).output)
    assert seen["incident"]["holder"] == "wang"
