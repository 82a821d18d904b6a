"""联调测试报告 as a paper; what ``hub certify verify`` says of reports meddled with."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hub.certify import Report, shelve, verify_report
from hub.certify.report import verdict_of
from hub.cli.main import app
from hub.crypto import KeyRing, Sm2PrivateKey
from tests.certify.kit import Certificate
from tests.cli.kit import Answer
from tests.papers.reader import read


@pytest.fixture
def data(bank: Certificate, tmp_path: Path) -> Path:
    """A copy of the bank's signed report with its page and paper."""
    stem = Path(json.loads(bank.answer.out)["json"]).stem
    for ending in ("json", "html", "docx"):
        shutil.copy(bank.home / "certificates" / f"{stem}.{ending}", tmp_path)
    return tmp_path / f"{stem}.json"


@pytest.fixture
def key(bank: Certificate, tmp_path: Path) -> Path:
    """The public key of the home that signed it."""
    path = tmp_path / "public.pem"
    path.write_text(KeyRing.load(bank.home / "keys").signer.public.pem(), "utf-8")
    return path


def verified(*words: str, home: Path) -> Answer:
    done = CliRunner().invoke(app, ["certify", "verify", *words, "--home", str(home), "--json"])
    return Answer(done.exit_code, done.stdout, done.stderr)


def signed(body: dict[str, Any], signer: Sm2PrivateKey) -> dict[str, Any]:
    """As somebody with another key would write it."""
    kept = {name: value for name, value in body.items() if name not in ("digest", "signature")}
    report = Report.sealed(kept)
    value = signer.sign(report.body["digest"].encode("ascii")).hex()
    seal = {"algorithm": "SM2-with-SM3", "value": value, "public_key": signer.public.pem()}
    return {**report.body, "signature": seal}


class TestPaper:
    def test_every_case_with_its_steps_expected_actual_verdict(self, bank: Certificate) -> None:
        paper = read(Report(bank.body).paper())
        words = {"passed": "通过", "failed": "不通过", "untried": "未测"}
        steps = [one for one in paper.tables if one.rows[0][1:] == ["步骤", "预期", "实际", "判定"]]
        assert len(steps) == len([case for case in bank.body["cases"] if case["steps"]])
        told = iter(steps)
        for case in bank.body["cases"]:
            title = f"{case['number']}　{case['title']}　{words[case['verdict']]}"
            assert title in paper.headings
            rows = next(told).rows[1:]
            assert [row[0] for row in rows] == [str(n + 1) for n in range(len(case["steps"]))]
            for row, step in zip(rows, case["steps"], strict=True):
                assert row[1].startswith(step["says"] or step["do"])
                assert bool(row[2]) == bool(step["expected"])
                for name in step["expected"]:
                    assert f"{name}: " in row[2]
                assert row[4] == "一致"
                assert all(call["step"] in row[3] for call in step["calls"])

    def test_the_cover_and_the_place_to_sign(self, bank: Certificate) -> None:
        paper, body = read(Report(bank.body).paper()), bank.body
        facts = dict(row for row in paper.tables[0].rows)
        assert facts["总评"] == "通过"
        assert body["digest"] in facts["报告摘要"]
        assert body["contract"]["digest"] in facts["规范"]
        assert body["signature"]["value"] in facts["报告签名"]
        assert "测试员甲" in facts["执行"]
        assert facts["与规范不同之处"] == body["deviations"][0]
        assert paper.tables[1].rows[0][1:] == ["甲方：住房公积金管理中心", "乙方：工商银行"]

    def test_what_fell_short_is_said_where_it_did(self, bank: Certificate) -> None:
        case = next(one for one in bank.body["cases"] if len(one["steps"]) > 1)
        step = {**case["steps"][0], "short": ["rows：应为 1，实为 2"]}
        cases = [
            {**case, "verdict": "failed", "why": "rows：应为 1，实为 2", "steps": [step]},
            {**case, "number": "B999", "verdict": "untried", "why": "没有安排", "steps": []},
        ]
        body = Report.sealed({**bank.body, **verdict_of(cases), "cases": cases}).body
        paper = read(Report(body).paper())
        assert dict(row for row in paper.tables[0].rows)["总评"] == "不通过"
        rows = paper.tables[-2].rows
        assert rows[1][4] == "不一致"
        assert "rows：应为 1，实为 2" in rows[1][3]
        assert "没有安排" in paper.paragraphs
        assert f"不通过：{case['number']}" in paper.paragraphs
        assert "必测而未测：B999" in paper.paragraphs

    def test_the_meter(self, bank: Certificate) -> None:
        rows = {row[0]: row for row in read(Report(bank.body).paper()).tables[-1].rows}
        assert rows["sign_result"][3] == "-11"
        assert rows["rungs"][3] == "handed_over、seen、receipted"


class TestVerify:
    def test_a_good_one(self, data: Path, key: Path, tmp_path: Path, bank: Certificate) -> None:
        answer = verified(str(data), "--key", str(key), home=tmp_path / "none")
        assert answer.code == 0, answer
        assert (answer.said["good"], answer.said["key_as_expected"]) == (True, True)
        assert answer.said["beside"] == {".html": "same", ".docx": "same"}
        own = verified(str(data), home=bank.home)
        assert own.said["key_as_expected"] is True
        nobody = verified(str(data), home=tmp_path / "none")
        assert (nobody.code, nobody.said["key_as_expected"]) == (0, None)

    def test_another_key_than_expected(self, data: Path, tmp_path: Path) -> None:
        other = tmp_path / "other.pem"
        other.write_text(Sm2PrivateKey.generate().public.hex(), "utf-8")
        answer = verified(str(data), "--key", str(other), home=tmp_path)
        assert (answer.code, answer.said["key_as_expected"]) == (1, False)

    @pytest.mark.parametrize(
        "meddle",
        [
            pytest.param(lambda body: {**body, "by": "别人"}, id="a word changed"),
            pytest.param(
                lambda body: {**body, "signature": {**body["signature"], "value": "00" * 64}},
                id="a false signature",
            ),
            pytest.param(lambda body: {**body, "more": 1}, id="a field more"),
            pytest.param(lambda body: [body], id="another form"),
        ],
    )
    def test_a_changed_report(
        self, data: Path, key: Path, meddle: Callable[[dict[str, Any]], object]
    ) -> None:
        data.write_text(json.dumps(meddle(json.loads(data.read_text("utf-8")))), "utf-8")
        answer = verified(str(data), "--key", str(key), home=data.parent)
        assert answer.code == 1
        assert answer.said["problems"]

    def test_one_written_anew_is_told_by_its_key(self, data: Path, key: Path) -> None:
        """Digest and signature are in order: only the expected key tells it."""
        body = json.loads(data.read_text("utf-8"))
        forged = signed({**body, "by": "别人"}, Sm2PrivateKey.generate())
        unsigned = {k: v for k, v in forged.items() if k != "signature"}
        for one in (forged, unsigned):
            data.write_text(json.dumps(one), "utf-8")
            for ending, made in ((".html", Report(one).html().encode()), (".docx", b"")):
                data.with_suffix(ending).write_bytes(made or Report(one).paper())
            assert verified(str(data), home=data.parent).code == 0
            assert verified(str(data), "--key", str(key), home=data.parent).code == 1

    def test_a_verdict_that_does_not_follow(self, data: Path, tmp_path: Path) -> None:
        body = json.loads(data.read_text("utf-8"))
        body["cases"][0]["verdict"] = "failed"
        written = shelve(Report.sealed(_unsealed(body)), tmp_path / "shelf")
        found = verify_report(written.data)
        assert [one.split()[0] for one in found.problems] == ["verdict", "counts", "failed"]

    def test_a_paper_that_says_something_else(self, data: Path) -> None:
        paper = data.with_suffix(".docx")
        body = json.loads(data.read_text("utf-8"))
        paper.write_bytes(Report({**body, "by": "别人"}).paper())
        found = verify_report(data)
        assert (found.good, found.beside[".docx"]) == (False, "other")
        paper.unlink()
        assert verify_report(data).beside[".docx"] == "missing"

    def test_another_edition_s_page_is_not_compared(self, data: Path, tmp_path: Path) -> None:
        body = {**json.loads(data.read_text("utf-8")), "software": "0.0.9"}
        written = shelve(Report.sealed(_unsealed(body)), tmp_path / "shelf")
        written.page.write_text("as it looked then", "utf-8")
        assert verify_report(written.data).beside[".html"] == "not_compared"
        assert verify_report(written.data).good

    def test_asked_wrongly(self, data: Path, tmp_path: Path) -> None:
        verified(str(tmp_path / "none.json"), home=tmp_path).refused("certify.no_report", 2)
        bad = verified(str(data), "--key", str(data), home=tmp_path)
        bad.refused("certify.bad_key", 2)


def _unsealed(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in ("digest", "signature")}


def test_the_interface_s_name_is_enough(tmp_path: Path) -> None:
    """``hub certify INTERFACE`` is ``hub certify run INTERFACE``, options before it or after."""
    for words in (["bank-none"], ["run", "bank-none"], ["--case", "B1", "bank-none", "--json"]):
        done = CliRunner().invoke(app, ["certify", *words, "--home", str(tmp_path)])
        assert (done.exit_code, "input.not_found" in done.stderr) == (2, True), done.output
    helped = CliRunner().invoke(app, ["certify", "--help"], env={"TERM": "dumb"})
    assert helped.exit_code == 0
    assert "verify" in helped.output
