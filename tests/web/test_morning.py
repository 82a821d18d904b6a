"""早班页: what it says of a night, of what waits, of today; each line leads to where it is done."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from hub.monitor.words import State
from hub.web.desk.morning import StoreMorning
from hub.web.words import Words, catalogue
from tests.web.duty_kit import BANK, Duty, on_duty
from tests.web.watch_kit import attend, break_it, see


@pytest.fixture
def duty(tmp_path: Path) -> Iterator[Duty]:
    with on_duty(tmp_path) as opened:
        yield opened


def lines(page: str, name: str) -> dict[str, str]:
    """Address → sentence of one of the three lists."""
    part = page.partition(f'id="m-{name}"')[2].partition("</section>")[0]
    return dict(re.findall(r'<a href="([^"]+)">([^<]*)</a>', part))


def test_a_quiet_morning_says_so(duty: Duty) -> None:
    page = duty.client.get("/morning").text
    assert "没有等人决定的事" in page
    assert lines(page, "decide") == {}


def test_what_waits_is_listed_where_it_is_done(duty: Duty) -> None:
    duty.die(duty.batch("25100000000000000001"))
    duty.send(f"/acts/channel.stop/{BANK}", "wang", reason="切换")
    path = f"/acts/channel.resume/{BANK}"
    duty.send(path, "wang", reason="已恢复", seen=duty.seen(path))
    break_it(duty)
    found = lines(duty.client.get("/morning").text, "decide")
    assert found["/dead"].startswith("待人工处理的报文 1 条")
    assert found["/approvals/1"].startswith("待复核：恢复资金通道")
    assert found["/incidents/1"].startswith("故障 1 待响应：")
    for address in found:
        assert duty.client.get(address).status_code == 200, address


def test_the_night_says_what_broke_and_what_is_over(duty: Duty) -> None:
    break_it(duty)
    night = lines(duty.client.get("/morning").text, "night")
    assert "未恢复" in night["/incidents/1"]
    assert "状态变化 2 次" in night[f"/interfaces/{BANK}"]
    assert night[f"/interfaces/{BANK}"].endswith("不通")
    assert "无人监测" in night["/interfaces"]
    see(duty, BANK, State.UP, State.UP)
    attend(duty)
    page = duty.client.get("/morning").text
    assert "已恢复" in lines(page, "night")["/incidents/1"]
    assert "待写原因办结" in lines(page, "decide")["/incidents/1"]


def test_it_speaks_english_at_the_switch(duty: Duty) -> None:
    break_it(duty)
    page = duty.client.get("/morning?lang=en").text
    assert "Incident 1 waits for an answer" in page
    assert lines(page, "today")


def test_every_sentence_a_line_can_have_is_in_the_catalogue() -> None:
    folder = Path(__file__).parents[2] / "hub/web/desk/morning"
    used = {
        code
        for source in folder.glob("*.py")
        for code in re.findall(r'"([a-z_]+)"', source.read_text(encoding="utf-8"))
        if f"morning_line.{code}" in catalogue()
    }
    known = {key.partition(".")[2] for key in catalogue() if key.startswith("morning_line.")}
    assert known - used == {code for code in known if code.startswith("cases_")}
    assert Words("zh")("morning_line.cases_staff", n=1)


def test_no_question_reads_a_great_table_through(duty: Duty) -> None:
    """By the plan of the database itself: what grows without end is only searched."""
    duty.die(duty.batch("25100000000000000001"))
    asked: list[tuple[str, object]] = []

    def note(_c: object, _cur: object, text: str, values: object, *_more: object) -> None:
        asked.append((text, values))

    engine = duty.hub.store.engine
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        StoreMorning(duty.hub).morning()
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
    with engine.connect() as view:
        plans = [
            str(row[-1])
            for text, values in asked
            if text.startswith("SELECT")
            for row in view.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values)  # type: ignore[arg-type]
        ]
    great = ("bus_message", "audit_entry", "offset_item", "watch_flip", "watch_span", "call")
    assert any(plan.startswith("SEARCH bus_message") for plan in plans)
    assert any(plan.startswith("SEARCH watch_flip") for plan in plans)
    assert [
        plan for plan in plans if plan.startswith(tuple(f"SCAN {name}" for name in great))
    ] == []
