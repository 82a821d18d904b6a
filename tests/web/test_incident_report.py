"""The incident report: what it says, that a paper can be checked, that nothing personal is in."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub.app.incident_report import report_of
from hub.cli.main import app
from hub.crypto import sm3_hex
from hub.monitor.words import State
from hub.web.incident_paper import paper_of
from tests.papers.pdf_text import text_of
from tests.papers.reader import read
from tests.web.duty_kit import BANK, CARD, Duty, on_duty
from tests.web.watch_kit import attend, break_it, see


@pytest.fixture
def duty(tmp_path: Path) -> Iterator[Duty]:
    with on_duty(tmp_path) as opened:
        yield opened


def run(duty: Duty, *words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, [*words, "--home", str(duty.hub.settings.home)])
    return done.exit_code, done.output


def a_day(duty: Duty) -> int:
    """A money message that is stuck, an outage, people's doings, and service back."""
    number = duty.put("2025101400000001")
    duty.set(number, subject=f"划款 {CARD}", state="unknown")
    break_it(duty)
    for act, said in (("respond", "我来处理 13800138000"), ("note", "对方在重启")):
        assert duty.send("/incidents/1", "wang", act=act, reason=said).status_code == 303
    assert duty.send("/incidents/1", "wang", act="hand", reason="交班", to="li").status_code == 303
    see(duty, BANK, State.UP, State.UP)
    attend(duty)
    assert duty.send("/incidents/1", "li", act="resolve", reason="对方内存不足").status_code == 303
    return number


def test_the_report_says_what_happened_and_where_each_figure_is_from(duty: Duty) -> None:
    number = a_day(duty)
    made = report_of(duty.hub, 1)
    body = made.body
    assert body["severity"]["row"]["conditions"] == {"interface": "bank-*", "money": True}
    assert body["messages"]["money"]["by_state"] == {
        "unknown": {"count": 1, "items": 2, "fen": 150_00}
    }
    assert sum(body["minutes"]["classes"].values()) == body["minutes"]["count"] > 0
    document = read(paper_of(made, "docx"))
    said = document.text()
    for words in ("工商银行商贷月对冲", "一、(二)1.(3)",
                  "分级表第 2 行：接口 bank-*，有在途或不明的资金",
                  "合同“维护服务标准”", "→ li：交班", "对方内存不足", "1 条 2 笔 ¥150.00",
                  "spool", made.digest):  # fmt: skip
        assert words in said, words
    for table in document.tables:
        if table.rows[0] == ["项目", "内容", "出处"]:
            assert all(row[2] for row in table.rows), table.rows
    clocks = next(table for table in document.tables if table.rows[0][0] == "时钟")
    assert [(row[0], row[3], row[4]) for row in clocks.rows[1:]] == [
        ("响应", "wang", "按时"), ("恢复", "平台测得", "按时")
    ]  # fmt: skip
    assert str(number) in {row[0] for table in document.tables for row in table.rows}


def test_the_pdf_says_the_same_words_as_the_docx(duty: Duty) -> None:
    a_day(duty)
    made = report_of(duty.hub, 1)
    pdf = paper_of(made, "pdf")
    printed = text_of(pdf)
    for cell in read(paper_of(made, "docx")).cells():
        for line in cell.split("\n"):
            assert re.sub(r"\s", "", line) in re.sub(r"\s", "", printed), line
    assert pdf == paper_of(made, "pdf")
    assert paper_of(made, "docx") == paper_of(made, "docx")


def test_nothing_personal_is_in_it(duty: Duty) -> None:
    a_day(duty)
    made = report_of(duty.hub, 1)
    for text in (made.text.decode(), read(paper_of(made, "docx")).text()):
        assert CARD not in text
        assert "13800138000" not in text
        assert CARD[-4:] in text  # masked, and still to be told from another


def test_a_paper_is_checked_by_file_and_by_what_is_printed_on_it(
    duty: Duty, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_TOKEN", duty.tokens["wang"].reveal())
    a_day(duty)
    docx, pdf = tmp_path / "r.docx", tmp_path / "r.pdf"
    code, output = run(duty, "incident", "report", "1", "--docx", str(docx), "--pdf", str(pdf),
                       "--json")  # fmt: skip
    assert code == 0, output
    said = json.loads(output)
    values = Path(said["values"])
    assert sm3_hex(values.read_bytes()) == said["digest"]
    assert values.stat().st_mode & 0o777 == 0o600
    for what in (str(docx), str(pdf), str(values), said["digest"].upper()):
        code, output = run(duty, "incident", "check", "1", what)
        assert code == 0, output
        assert "wang" in output
    docx.write_bytes(docx.read_bytes() + b" ")
    code, output = run(duty, "incident", "check", "1", str(docx))
    assert (code, "incident.not_our_report" in output) == (1, True)
    assert run(duty, "incident", "check", "1", "nonsense")[0] == 2
    assert run(duty, "incident", "report", "1")[0] == 2
    assert run(duty, "incident", "report", "9", "--pdf", str(pdf))[0] == 2


def test_the_page_gives_both_files_to_those_who_may_and_notes_it(duty: Duty) -> None:
    break_it(duty)
    page = duty.client.get("/incidents/1").text
    assert 'action="/incidents/1/report"' in page
    for form, start in (("docx", b"PK"), ("pdf", b"%PDF-")):
        got = duty.send("/incidents/1/report", "li", form=form)
        assert got.status_code == 200
        assert got.headers["content-disposition"] == f'attachment; filename="incident-1.{form}"'
        assert got.content.startswith(start)
        code, output = run(duty, "incident", "check", "1", sm3_hex(got.content))
        assert code == 0, output
        assert "li" in output
    assert duty.send("/incidents/1/report", "sun", form="pdf").status_code == 403
    assert duty.send("/incidents/1/report", "li", form="exe").status_code == 400
    assert duty.send("/incidents/9/report", "li", form="pdf").status_code == 404


def test_the_commands_of_the_time_are_attached(duty: Duty, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_TOKEN", duty.tokens["wang"].reveal())
    assert run(duty, "policy", "show")[0] in (0, 1)
    break_it(duty)
    assert run(duty, "incident", "note", "1", "--say", f"看了 {CARD}")[0] == 0
    assert run(duty, "incident", "show", "1")[0] == 0
    made = report_of(duty.hub, 1)
    listed = made.body["commands"]["listed"]
    assert [one["argv"][:2] for one in listed[-2:]] == [["incident", "note"], ["incident", "show"]]
    assert (listed[-2]["login"], listed[-2]["exit_code"]) == ("wang", 0)
    for form, reader in (("docx", lambda data: read(data).text()), ("pdf", text_of)):
        printed = reader(paper_of(made, form))
        assert "hubincidentnote1" in re.sub(r"\s", "", printed)
        assert CARD not in printed
    assert run(duty, "commands", "verify")[0] == 0


def test_an_open_incident_says_what_still_runs(duty: Duty) -> None:
    break_it(duty)
    said = read(paper_of(report_of(duty.hub, 1), "docx")).text()
    assert "未到时限，仍在计时" in said
    assert "尚未恢复" in said
    assert "尚未办结" in said
