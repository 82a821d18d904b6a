"""The search's pages over a real hub: what they show, what they hide, what the audit keeps."""

import json
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from hub.audit.tables import audit_entry
from hub.offset.tables import run
from hub.offset.totals import Figure, read_totals
from tests.web.duty_kit import BANK, MONTH, Duty, on_duty
from tests.web.find_kit import BATCH, ITEM, fill


@pytest.fixture(scope="module")
def duty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Duty]:
    """One item that went out and was answered with a script, one left out of the plan."""
    with on_duty(tmp_path_factory.mktemp("find")) as opened:
        fill(opened)
        yield opened


def searches(duty: Duty) -> list[tuple[str, str, int]]:
    with duty.hub.store.read() as view:
        rows = view.execute(sa.select(audit_entry).where(audit_entry.c.act == "find.search")).all()
    return [(row.actor, json.loads(row.detail)["query"], row.quantity) for row in rows]


def test_one_box_leads_to_the_life_and_back(duty: Duty) -> None:
    empty = duty.client.get("/find")
    assert empty.status_code == 200
    assert searches(duty) == []
    page = duty.client.get("/find", params={"q": ITEM}).text
    assert f'href="/find/{ITEM}"' in page
    assert "划款指令号" in page
    life = duty.client.get(f"/find/{ITEM}").text
    assert "结果不明：" in life
    assert "批次 25100000000000000077 第 3 行" in life
    assert "当场应答：没有最终结果" in life
    assert "第 1 次尝试" in life
    assert all(word in life for word in ("领取", "发出", "应答", "入库", "未送达"))
    assert "&lt;script&gt;" in life
    assert "<script>alert" not in life + page
    english = duty.client.get(f"/find/{ITEM}", params={"lang": "en"}).text
    duty.client.get("/find", params={"lang": "zh"})
    assert "Unknown: the order for" in english
    left_out = duty.client.get("/find", params={"q": "B2"}).text
    assert 'href="/find/B2%402025-10"' in left_out
    assert "账户无可用余额" in duty.client.get("/find/B2%402025-10").text
    assert f'href="/messages/{1}"' in duty.client.get("/find", params={"q": BATCH}).text


def test_a_page_to_hand_over_is_noted(duty: Duty) -> None:
    paper = duty.client.get(f"/find/{ITEM}/print").text
    assert "商贷月对冲办理情况" in paper
    assert "供缴存人查阅" in paper
    assert "银行答复" not in paper  # the bank's codes are no business of the citizen's
    assert "<script>alert" not in paper
    with duty.hub.store.read() as view:
        noted = sa.select(audit_entry.c.subject).where(audit_entry.c.act == "find.printed")
        assert list(view.scalars(noted)) == [ITEM]


def test_what_is_not_there_is_a_clear_page(duty: Duty) -> None:
    for path in ("/find/25100000000000000999", "/find/B2@2031-01", "/find/%25", "/find/x/print"):
        answer = duty.client.get(path)
        assert (answer.status_code, "find.no_such_item" in answer.text) == (404, True), path
    assert "没有这一笔" in answer.text
    for text in ("%", "_", "A_", "<b>", "x" * 64):
        page = duty.client.get("/find", params={"q": text})
        assert page.status_code == 200
        assert "没有查到" in page.text
        assert "<b>" not in page.text
    assert duty.client.get("/find", params={"q": "x" * 65}).status_code == 400


def test_a_search_is_in_the_audit_without_what_is_personal(duty: Duty) -> None:
    before = len(searches(duty))
    for text in ("B1", ITEM, "4213", "6222021234567894213", "522799199001010017", "E12345678",
                 "欧阳国洋", "5227990000 0017"):  # fmt: skip
        duty.client.get("/find", params={"q": text})
    said = searches(duty)[before:]
    assert [each[0] for each in said] == ["page"] * 8
    assert [each[1:] for each in said] == [
        ("B1", 1), (ITEM, 1), ("****", 2), ("****4213", 0), ("****0017", 0), ("****5678", 0),
        ("欧***", 0), ("****0017", 0),
    ]  # fmt: skip


def test_the_interface_is_named(duty: Duty) -> None:
    assert BANK in duty.client.get("/find", params={"q": "1"}).text
    assert MONTH in duty.client.get("/find", params={"q": "B1"}).text


def test_a_run_with_items_of_a_bank_it_has_no_leg_of_is_listed(duty: Duty) -> None:
    page = duty.client.get("/runs")
    assert (page.status_code, MONTH in page.text) == (200, True)
    board = duty.client.get(f"/runs/{MONTH}")
    assert board.status_code == 200
    with duty.hub.store.read() as view:
        run_id = view.scalar(sa.select(run.c.id).where(run.c.period == MONTH))
        assert run_id is not None
        found = read_totals(view, run_id)
    assert found["ICBC"]["instructed"] == Figure(1, 70_00)
    assert list(found) == ["ICBC"]
