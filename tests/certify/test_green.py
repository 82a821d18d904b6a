"""The bundled mocks and the shipped adapters hold their contracts, and the report proves it."""

import json
import re
from pathlib import Path

import pytest

from hub.certify import Report, check_digest, last_reports, read_report
from hub.certify.acts.stage import crowd_of
from tests.certify.kit import Certificate, suite_of, verdicts
from tests.papers.reader import read


@pytest.mark.parametrize("interface", ["bank-icbc", "core-reference", "core-registry"])
class TestGreen:
    @pytest.fixture
    def done(self, interface: str, request: pytest.FixtureRequest) -> Certificate:
        name = {"bank-icbc": "bank", "core-reference": "core", "core-registry": "registry"}
        found: Certificate = request.getfixturevalue(name[interface])
        return found

    def test_every_mandatory_case_is_tried_and_passes(
        self, interface: str, done: Certificate
    ) -> None:
        suite = suite_of(interface)
        assert done.answer.code == 0, done.answer.err
        assert done.body["verdict"] == "green"
        assert verdicts(done.body) == {case.number: "passed" for case in suite.cases}
        assert done.body["counts"]["mandatory"] >= (54 if interface == "core-registry" else 70)
        assert done.body["contract"] == {"version": suite.contract.version, "digest": suite.digest}

    def test_the_report_has_its_form_and_its_digest(
        self, interface: str, done: Certificate
    ) -> None:
        said = json.loads(done.answer.out)
        report = read_report(Path(said["json"]))  # checks schema and digest
        assert check_digest(report) is (interface == "bank-icbc")
        assert [one.stem for one in last_reports(done.home / "certificates")] == [
            Path(said["json"]).stem
        ]

    def test_a_shortened_time_is_said(self, interface: str, done: Certificate) -> None:
        assert done.body["deviations"] == ["一次调用的时限：规范 15 秒，本次 2 秒"]

    def test_no_name_paper_account_or_credential_is_in_it(
        self, interface: str, done: Certificate
    ) -> None:
        suite = suite_of(interface)
        text = json.dumps(done.body, ensure_ascii=False) + Report(done.body).html()
        text += read(Report(done.body).paper()).text()
        people = [*suite.subjects.values(), *crowd_of(suite)[:50]]
        keys = ("borrower_name", "borrower_id", "repayment_account", "name", "id_number", "account")
        private = {str(one[key]) for one in people for key in keys if one.get(key)}
        assert not [word for word in private if word in text]
        body = {key: value for key, value in done.body.items() if key != "signature"}
        packed = re.findall(r"[A-Za-z0-9+/]{41,}", json.dumps(body))
        assert all(re.fullmatch("[0-9a-f]{64}", one) or "/" in one for one in packed), packed

    def test_the_meter_names_what_nothing_has_touched(
        self, interface: str, done: Certificate
    ) -> None:
        codes = done.body["coverage"]["codes"]
        untouched = {name: table["untouched"] for name, table in codes.items()}
        expected = {
            "bank-icbc": {"ret_code": ["B0114"], "sign_result": ["-11"]},
            "core-reference": {"account_state": ["99"], "counter": ["3001", "3002"]},
            "core-registry": {},
        }
        assert {k: v for k, v in untouched.items() if v} == expected[interface]
        rungs = ["accepted", "result"] + ["reconciled"] * (interface != "core-registry")
        assert done.body["coverage"]["rungs"]["touched"] == rungs


def test_the_bank_report_says_who_against_what_and_when(bank: Certificate) -> None:
    body = bank.body
    assert (body["by"], body["environment"], body["against"]["kind"]) == (
        "测试员甲", "演示", "mock",
    )  # fmt: skip
    assert body["began"] < body["ended"]
    page = Report(body).html()
    for words in ("工商银行商贷月对冲", "测试员甲", "§5.1 幂等 [A]", "B365", "线上改动：total"):
        assert words in page, words
