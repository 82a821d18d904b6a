"""The inbox of cases over a real hub: found, looked at, withdrawn, checked again; by command."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from hub.audit.tables import audit_entry
from hub.bus import Inbox, InboxWorker
from hub.cases import tables as t
from hub.cases import users
from hub.cases.field_tables import case_field
from hub.cases.unit_tables import case_unit
from hub.cli.main import app
from hub.ports.case import FILED, CaseFile, Filing
from hub.schedule import seed_calendar
from tests.cases.books import NAME, PAPER, PDF, PNG
from tests.cases.kit import PLATFORM, filing
from tests.web.duty_kit import Duty, on_duty

GOOD = (CaseFile(f"{NAME}身份证.pdf", "01", PDF), CaseFile("退休证.png", "02", PNG))


def file(duty: Duty, value: Filing) -> None:
    """As Reception does; then carried out."""
    hub = duty.hub
    assert hub.cases is not None
    with hub.store.write() as tx:
        inbox = Inbox(hub.bus)
        sender = f"{value.door}/{value.number}/{value.version}"
        found = inbox.receive(
            tx, interface=PLATFORM, kind=FILED, sender_id=sender,
            body=users(hub.cases)[FILED].pack(value), month="2025-10",
        )  # fmt: skip
        inbox.accept(tx, found.id, answer=b"", code="accepted")
    InboxWorker(hub.store, hub.bus, users(hub.cases)).run_once()


@pytest.fixture
def duty(tmp_path: Path) -> Iterator[Duty]:
    """With one accepted case and one that lacks something."""
    with on_duty(tmp_path) as opened:
        with opened.hub.store.write() as tx:
            seed_calendar(tx)
        retired = {"retired_on": "2025-09-30"}
        file(opened, filing("GZ-1", files=GOOD, **retired))
        file(opened, filing("GZ-2", files=GOOD[:1], **retired))
        yield opened


def command(duty: Duty, *words: str, by: str = "wang") -> Any:
    env = {"HUB_HOME": str(duty.hub.settings.home), "HUB_TOKEN": duty.tokens[by].reveal()}
    done = CliRunner().invoke(app, [*words, "--json"], env=env)
    return (done.exit_code, json.loads(done.stdout or done.stderr))


def state(duty: Duty, number: str) -> tuple[str, str]:
    with duty.hub.store.read() as view:
        row = view.execute(sa.select(t.case).where(t.case.c.number == number)).one()
    return row.state, row.waiting


def test_the_inbox_says_what_is_missing_and_why(duty: Duty) -> None:
    page = duty.client.get("/cases").text
    assert "GZ-1" in page
    assert "退休（离休）证明：缺少必需的材料" in page
    for secret in (NAME, PAPER, "身份证.pdf"):
        assert secret not in page
    waits = duty.client.get("/cases?tray=applicant").text
    assert "GZ-2" in waits
    assert "GZ-1" not in waits
    assert "Required material is missing" in duty.client.get("/cases?lang=en").text
    assert "没有符合的办件" in duty.client.get("/cases?tray=ended&lang=zh").text


def test_a_person_is_found_by_document_tail_and_name_and_the_search_is_kept(duty: Duty) -> None:
    for query in (PAPER, PAPER[-4:], NAME, "GZ-1"):
        assert "GZ-1" in duty.client.get("/cases", params={"q": query}).text, query
    assert "GZ-1" not in duty.client.get("/cases?q=9999").text
    with duty.hub.store.read() as view:
        query = sa.select(audit_entry.c.detail).where(audit_entry.c.act == "case.search")
        kept = "".join(view.scalars(query))
    assert PAPER not in kept
    assert NAME not in kept


def test_one_case_whole(duty: Duty) -> None:
    page = duty.client.get("/cases/GZ-1").text
    for words in ("已受理", "正在查个人账户", "申请人身份证件", "待送", "承诺办结日"):
        assert words in page, words
    assert NAME not in page
    assert duty.client.get("/cases/GZ-9").status_code == 404


def test_it_is_withdrawn_by_one_person(duty: Duty) -> None:
    path = "/acts/case.withdraw/2"
    assert "办件撤回" in duty.client.get(path).text
    done = duty.send(path, "wang", reason="申请人来电", seen=duty.seen(path))
    assert (done.status_code, done.headers["location"]) == (303, "/cases/2")
    assert state(duty, "GZ-2") == ("withdrawn", "")
    assert duty.send(path, "wang", reason="再撤").status_code == 409
    assert duty.send("/acts/case.withdraw/1", "sun", reason="不许").status_code == 403


def test_by_command(duty: Duty) -> None:
    code, said = command(duty, "case", "list")
    assert (code, [one["number"] for one in said["cases"]]) == (0, ["GZ-2", "GZ-1"])
    code, said = command(duty, "case", "show", "GZ-2")
    assert [one["step"] for one in said["steps"]] == ["received", "parsed", "lacking"]
    assert said["files"][0]["word"] == "ok"
    number = str(said["files"][0]["id"])
    out = duty.hub.settings.home / "a.pdf"
    assert command(duty, "case", "attachment", number, "--out", str(out))[0] == 1
    assert command(duty, "case", "attachment", number, "--out", str(out), by="zhao")[0] == 0
    assert out.read_bytes() == PDF
    assert command(duty, "case", "recheck", "GZ-1", "--reason", "试")[0] == 1
    assert command(duty, "case", "recheck", "GZ-2", "--reason", "试")[0] == 0
    assert state(duty, "GZ-2") == ("parsed", "materials")
    code, said = command(duty, "case", "withdraw", "GZ-2", "--preview")
    assert said["effects"] == [{"code": "case_withdraws"}]
    assert command(duty, "case", "withdraw", "GZ-2", "--reason", "试")[0] == 0
    assert state(duty, "GZ-2") == ("withdrawn", "")
    assert command(duty, "case", "show", "GZ-9")[1]["code"] == "cases.no_such_case"
    assert command(duty, "case", "list", "--tray", "x")[0] == 2


def test_one_box_finds_cases_and_leads_to_a_page_to_hand_over(duty: Duty) -> None:
    for query in ("GZ-1", PAPER, PAPER[-4:], NAME):
        page = duty.client.get("/find", params={"q": query}).text
        assert 'href="/cases/1"' in page, query
        assert NAME not in page.replace(f'value="{NAME}"', "")
    assert "办件编号" in duty.client.get("/find?q=GZ-1").text
    assert 'href="/cases/1/print"' in duty.client.get("/cases/1").text
    paper = duty.client.get("/cases/1/print").text
    for words in ("办件办理情况", "GZ-1", "供申请人查阅", "已受理", "承诺办结日"):
        assert words in paper, words
    for secret in (NAME, PAPER, "报文键"):
        assert secret not in paper
    with duty.hub.store.read() as view:
        noted = sa.select(audit_entry.c.subject).where(audit_entry.c.act == "case.printed")
        assert list(view.scalars(noted)) == ["case:1"]
        found = sa.select(audit_entry.c.detail).where(audit_entry.c.act == "find.search")
        kept = "".join(view.scalars(found))
    assert "GZ-1" in kept
    assert NAME not in kept
    assert PAPER not in kept
    code, said = command(duty, "find", "GZ-2")
    assert (code, [one["number"] for one in said["cases"]]) == (0, ["GZ-2"])


def test_acts_on_sealings_stand_where_a_units_accounts_are_sealed(duty: Duty) -> None:
    page = duty.client.get("/cases/1").text
    assert ("撤回办件" in page, "启封" in page, "核准封存" in page) == (True, False, False)
    unit = dict.fromkeys(("cursor_token", "unit_token"), "t" * 32) | dict.fromkeys(
        ("since_us", "whole", "approved", "wanted", "given", "sealed", "failed"), 0
    )
    with duty.hub.store.write() as tx:
        tx.execute(sa.insert(case_unit).values(case_id=1, version=1, **unit))
    page = duty.client.get("/cases/1").text
    assert ("撤回办件" in page, "启封" in page, "核准封存" in page) == (True, True, True)


def test_fields_that_a_case_wants_changed_are_shown_with_what_waits_for_somebody(
    duty: Duty,
) -> None:
    values = {"before_mask": "早先的名", "core_mask": "现在的名", "new_mask": "<b>新名</b>"}
    with duty.hub.store.write() as tx:
        tx.execute(
            sa.insert(case_field).values(
                case_id=1, place=1, version=1, unit_token="t" * 32, unit_mask="5227****0001",
                field="name", verdict="conflict", number="", decided_by="", decided_why="",
                key_id=1, sealed=b"", **values,
            )
        )  # fmt: skip
    page = duty.client.get("/cases/1").text
    for words in (
        "逐项变更",
        "早先的名",
        "现在的名",
        "&lt;b&gt;新名",
        "以推送为准",
        "保留核心的值",
    ):
        assert words in page, words
