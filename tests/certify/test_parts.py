"""The parts by themselves: expectations, suites, altered lines, what a report may show, seals."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from hub.certify import (
    Report,
    ReportBroken,
    SuiteBroken,
    check_digest,
    last_reports,
    load_suite,
    read_report,
    report_page,
    shelve,
)
from hub.certify.expect import misses
from hub.certify.report import verdict_of
from hub.certify.showing import Shower
from hub.certify.suite import FILE_NAME
from hub.certify.tamper import AlteredLine
from hub.contracts import Charset, load_contract
from hub.crypto import KeyRing
from hub.ports.line import DriftNotes, HttpReply, LineNotSent
from tests.certify.kit import ROOT, suite_of

CORE = ROOT / "contracts_spec" / "core" / "reference"


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        ({"fen": 1}, {"fen": 2}),
        ({"fen": 1}, {"fen": "1"}),
        ({"fen": 1}, {"fen": True}),
        ({"fen": None}, {"fen": 0}),
        ({"fen": 1}, {}),
        ({"rows": {"1": {"status": "done"}}}, {"rows": {"1": {"status": "unknown"}}}),
        ({"rows": {"1": {"status": "done"}}}, {"rows": {}}),
        ({"rows": {"each": {"done": True}}}, {"rows": {}}),
        ({"rows": {"each": {"done": True}}}, {"rows": {"a": {"done": True}, "b": {"done": False}}}),
        ({"pages": {"at_least": 2}}, {"pages": 1}),
        ({"pages": {"at_most": 2}}, {"pages": 3}),
        ({"code": {"one_of": ["a", "b"]}}, {"code": "c"}),
        ({"code": {"not": "c"}}, {"code": "c"}),
    ],
)
def test_a_difference_is_told(expected: dict[str, Any], found: dict[str, Any]) -> None:
    assert misses(expected, found)


def test_what_is_met_and_what_nobody_asked_for() -> None:
    found = {"fen": 1, "rows": {"1": {"status": "done", "more": 2}}, "pages": 2, "code": "a"}
    expected = {"fen": 1, "rows": {"each": {"status": "done"}}, "pages": {"at_least": 2},
                "code": {"one_of": ["a"], "not": "b"}}  # fmt: skip
    assert misses(expected, found) == []


class TestSuite:
    def broken(self, tmp_path: Path, change: Mapping[str, Any]) -> str:
        """What is said of the core's scenarios with this change."""
        folder = tmp_path / "reference"
        folder.mkdir()
        raw = yaml.safe_load((CORE / FILE_NAME).read_text("utf-8"))
        for key, value in change.items():
            raw[key] = {**raw[key], **value} if isinstance(value, dict) else value
        (folder / FILE_NAME).write_text(yaml.safe_dump(raw, allow_unicode=True), "utf-8")
        contract = load_contract(CORE)
        with pytest.raises(SuiteBroken) as error:
            load_suite(contract_in(contract, folder))
        return error.value.message

    def case(self, *steps: dict[str, Any], **more: Any) -> dict[str, Any]:
        said = {"title": "t", "shows": "s", "clause": "c", "steps": list(steps)}
        return {"cases": {"C999": {**said, **more}}}

    def test_a_value_nobody_gave(self, tmp_path: Path) -> None:
        change = self.case({"do": "hold", "items": "$nowhere.at_all"})
        assert "$nowhere.at_all" in self.broken(tmp_path, change)

    def test_an_arrangement_that_is_not_there(self, tmp_path: Path) -> None:
        assert "thunder" in self.broken(tmp_path, self.case({"do": "arrange", "name": "thunder"}))

    def test_a_tamper_that_is_not_there(self, tmp_path: Path) -> None:
        assert "magic" in self.broken(tmp_path, self.case({"do": "probe", "tamper": "magic"}))

    def test_words_nobody_knows(self, tmp_path: Path) -> None:
        assert "'colour'" in self.broken(tmp_path, self.case({"do": "probe"}, colour="red"))

    def test_a_shared_case_may_not_be_passed_over(self, tmp_path: Path) -> None:
        shared = {
            "format": 1, "business_day": "2025-10-14",
            "cases": {"S1": {"title": "t", "shows": "s", "steps": []}},
        }  # fmt: skip
        (tmp_path / "shared.yaml").write_text(yaml.safe_dump(shared), "utf-8")
        assert "S1" in self.broken(tmp_path, {"shared": "../shared.yaml"})

    @pytest.mark.parametrize("interface", ["bank-icbc", "core-reference"])
    def test_numbers_titles_and_arrangements_are_whole(self, interface: str) -> None:
        suite = suite_of(interface)
        assert len({case.number for case in suite.cases}) == len(suite.cases)
        assert all(case.title and case.shows and case.clause for case in suite.cases)
        used = {s.given["name"] for c in suite.cases for s in c.steps if s.do == "arrange"}
        assert set(suite.arrangements) == used - {None}
        assert all(one.by_hand and one.control for one in suite.arrangements.values())


def contract_in(contract: Any, folder: Path) -> Any:
    """The same contract, as if it lay in another folder."""
    from dataclasses import replace  # noqa: PLC0415

    return replace(contract, folder=folder)


@dataclass
class Echo:
    """A line that answers with what it was sent, signed as some wires sign."""

    drift: DriftNotes = field(default_factory=DriftNotes)
    sent: list[tuple[bytes, dict[str, str]]] = field(default_factory=list)

    def post(self, step: str, *, endpoint: str, path: str, body: bytes, **more: Any) -> HttpReply:
        self.sent.append((body, dict(more.get("headers") or {})))
        return HttpReply(
            200, {}, b'{"sign":"09afAFzZ","said":' + str(len(self.sent)).encode() + b"}"
        )


def altered(spec: dict[str, Any], calls: int = 1) -> tuple[Echo, list[bytes], int]:
    """What left, what the adapter saw, how often something was altered."""
    echo, earlier = Echo(), dict[str, HttpReply]()
    seen, done = [], 0
    for place in range(calls):
        line = AlteredLine(echo, spec if place == calls - 1 else {}, earlier)
        said = line.post(
            "PAY", endpoint="api", path="/", body=b"amt=199&name=x", headers={"X-Sign": "0f9"}
        )
        seen.append(said.body)
        done += line.done
    return echo, seen, done


class TestAlteredLine:
    def test_a_number_and_a_signature_and_a_header(self) -> None:
        assert altered({"find": "amt=([0-9]+)", "plus": 1})[0].sent[0][0] == b"amt=200&name=x"
        assert altered({"find": "name=(.)"})[0].sent[0][0] == b"amt=199&name=y"
        assert altered({"header": "X-Sign"})[0].sent[0][1] == {"X-Sign": "1a0"}

    def test_an_answers_signature(self) -> None:
        echo, seen, done = altered({"reply": '"sign":"([^"]+)"'})
        assert (seen, done) == ([b'{"sign":"10baBAgG","said":1}'], 1)
        assert echo.sent[0][0] == b"amt=199&name=x"

    def test_twice_and_anothers_answer_and_never(self) -> None:
        assert len(altered({"twice": True})[0].sent) == 2
        assert altered({"replay": True}, calls=2)[1][1].endswith(b'"said":1}')
        with pytest.raises(LineNotSent):
            altered({"block": True})

    def test_other_calls_are_left_alone_and_nothing_done_is_told(self) -> None:
        assert altered({"call": "OTHER", "find": "amt=([0-9]+)", "plus": 1})[2] == 0
        assert altered({"find": "nowhere=(.)"})[2] == 0


@dataclass
class Frames:
    """A line that answers with the frame it was sent, and how often."""

    drift: DriftNotes = field(default_factory=DriftNotes)
    sent: list[bytes] = field(default_factory=list)

    def exchange(self, step: str, *, request: bytes, **more: Any) -> bytes:
        self.sent.append(request)
        return request + str(len(self.sent)).encode()


class TestAlteredFrame:
    def _told(self, spec: dict[str, Any], *more: dict[str, Any]) -> tuple[Frames, list[bytes]]:
        frames, earlier = Frames(), dict[str, Any]()
        said = [
            AlteredLine(frames, one, earlier).exchange(
                "PAY", endpoint="front", request=b"09     amt=99&ok", head=7, length_of=int
            )
            for one in (spec, *more)
        ]
        return frames, said

    def test_what_is_altered_keeps_its_length(self) -> None:
        assert self._told({"find": "amt=([0-9]+)", "plus": 1})[0].sent == [b"09     amt=00&ok"]
        assert self._told({"find": "&(.*)"})[0].sent == [b"09     amt=99&pl"]
        assert self._told({"reply": "&(ok)"})[1] == [b"09     amt=99&pl1"]

    def test_twice_and_anothers_answer_and_never(self) -> None:
        assert len(self._told({"twice": True})[0].sent) == 2
        assert self._told({}, {"replay": True})[1][1].endswith(b"1")
        with pytest.raises(LineNotSent):
            self._told({"block": True})


class TestShown:
    shower = Shower(
        Charset("GBK", "GB18030"), ["喻松柏"], ["6222080000000000015"], ["cb5c7a8e11", "1"]
    )

    @pytest.mark.parametrize("body", [b"<PASSWORD>cb5c7a8e11</PASSWORD>", b"a=1&k=cb5c7a8e11"])
    def test_a_secret_of_the_deployment_wherever_it_stands(self, body: bytes) -> None:
        assert "cb5c7a8e11" not in self.shower.show(body)
        assert "***" in self.shower.show(body)

    @pytest.mark.parametrize(
        "body",
        [
            "<a><JKRXM>王小二</JKRXM></a>".encode("gb18030"),
            "<a><RecAccNameCN>王小二".encode("gb18030"),
            '{"XingMing":"王小二","ZJHM":"x"}'.encode(),
            b"reqData=" + base64.b64encode("<a><JKRXM>王小二</JKRXM></a>".encode("gb18030")),
            b"reqData=" + base64.b64encode("王小二王小二王小二王小二王小二".encode("gb18030")),
            b"sig=x&reqData=" + base64.b64encode(
                b"\x01\x02\xff" * 11 + '<?xml version="1.0"?><XM>王小二</XM>'.encode("gb18030")
            ).replace(b"+", b"%2B"),
        ],
    )  # fmt: skip
    def test_strangers_names_never_show(self, body: bytes) -> None:
        shown = self.shower.show(body)
        packed = base64.b64encode("王小二".encode("gb18030")).decode()[:8]
        assert "王小二" not in shown
        assert packed not in shown

    def test_megabytes_are_told_by_length_and_digest(self) -> None:
        shown = self.shower.show("王小二 ".encode() * 1_000_000)
        assert shown.startswith("（10000000 字节，SM3 ")
        assert len(shown) < 60

    def test_the_rest_is_readable(self) -> None:
        body = b"<a><Result>7</Result><PayAmt>228414</PayAmt></a>"
        assert (
            self.shower.show(b"reqData=" + base64.b64encode(body)) == f"reqData=\n{body.decode()}"
        )
        assert self.shower.mask("喻松柏 6222080000000000015") == "喻** ****0015"


class TestSeals:
    @pytest.fixture
    def report(self) -> Report:
        case = {
            "number": "B1", "title": "t", "shows": "s", "clause": "c", "mandatory": True,
            "verdict": "passed", "why": "", "began": "2025-10-14T09:30:00.000+08:00", "millis": 1,
            "steps": [],
        }  # fmt: skip
        body = {
            "format": 1, "interface": "bank-x", "name": "某行",
            "partner": {"code": "X", "name": "某"},
            "contract": {"version": "1", "digest": "0" * 64}, "software": "0",
            "against": {"kind": "mock", "endpoints": {}, "steered": True}, "environment": "演示",
            "by": "", "began": case["began"], "ended": case["began"], "deviations": [],
            **verdict_of([case]), "cases": [case], "not_applicable": [],
            "coverage": {"codes": {}, "rungs": {"touched": [], "untouched": []}},
        }  # fmt: skip
        return Report.sealed(body)

    def test_signed_where_there_are_keys(self, report: Report, tmp_path: Path) -> None:
        assert report.signed(tmp_path / "none") is report
        KeyRing.create(tmp_path / "keys")
        signed = report.signed(tmp_path / "keys")
        assert check_digest(signed)
        other = {**signed.body["signature"], "value": "00" * 64}
        with pytest.raises(ReportBroken):
            check_digest(Report({**signed.body, "signature": other}))

    def test_a_changed_report_is_no_report(self, report: Report, tmp_path: Path) -> None:
        data = shelve(report, tmp_path).data
        assert read_report(data).verdict == "green"
        assert report_page(tmp_path, data.stem) == report.html()
        text = json.dumps({**report.body, "verdict": "red"}, ensure_ascii=False)
        data.write_text(text, "utf-8")
        with pytest.raises(ReportBroken):
            read_report(data)
        assert [one.verdict for one in last_reports(tmp_path)] == ["broken"]
        assert report_page(tmp_path, "../secret") is None

    @pytest.mark.parametrize(
        ("cases", "verdict"),
        [
            ([("passed", True), ("passed", False)], "green"),
            ([("passed", True), ("untried", False)], "green"),
            ([("passed", True), ("untried", True)], "incomplete"),
            ([("untried", True), ("failed", True)], "red"),
            ([("passed", True), ("failed", False)], "red"),
            ([], "incomplete"),
        ],
    )
    def test_verdicts(self, cases: list[tuple[str, bool]], verdict: str) -> None:
        told = [{"number": "x", "verdict": word, "mandatory": must} for word, must in cases]
        assert verdict_of(told)["verdict"] == verdict
