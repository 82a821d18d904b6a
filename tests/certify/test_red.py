"""A partner that misbehaves, an address that is not there, what nobody has arranged."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hub.certify.acts import stage
from hub.cli.main import app
from tests.certify.kit import Standing, certify, standing, suite_of, verdicts, why
from tests.papers.reader import read

PAYENT = {"endpoint": "api", "code": "PAYENT"}


@pytest.fixture(scope="module")
def bank_up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    with standing("bank-icbc", tmp_path_factory.mktemp("bank-up")) as up:
        yield up


@pytest.fixture
def icbc(bank_up: Standing) -> Iterator[Standing]:
    """The bank, well behaved until a test tells it otherwise."""
    bank_up.mock.control("POST", "/reset")
    yield bank_up
    bank_up.mock.control("DELETE", "/faults")


@pytest.mark.parametrize(
    ("rule", "case"),
    [
        pytest.param(
            {"match": PAYENT, "by": "row", "fault": "wrong_amount", "fen": 1}, "B301",
            id="credits a fen more",
        ),
        pytest.param(
            {"match": PAYENT, "fault": "signature_refused"}, "B301", id="refuses good signatures",
        ),
        pytest.param(
            {"match": {"code": "QPD", "after": 1000}, "by": "row", "fault": "lost"}, "B401",
            id="drops the statement's second page",
        ),
        pytest.param(
            {"match": {"code": "QPAYENT"}, "fault": "not_found"}, "B342",
            id="does not know what it has booked",
        ),
        pytest.param(
            {"match": {"code": "QDKDUE"}, "fault": "wrong_total"}, "B201",
            id="counts its due list wrong",
        ),
    ],
)  # fmt: skip
def test_a_bank_that_misbehaves_is_red(
    icbc: Standing, rule: dict[str, Any], case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "_PATIENCE_S", 4.0)  # it does not come right, however long we wait
    icbc.mock.control("POST", "/faults", rule)
    body = icbc.tried(case)
    assert (body["verdict"], body["failed"]) == ("red", [case])
    assert "应为" in why(body, case)
    assert icbc.mock.control("GET", "/faults")["rules"], "another's rules were dropped"


def test_the_same_bank_well_behaved_passes_and_keeps_no_rule_of_ours(icbc: Standing) -> None:
    body = icbc.tried("B301", "B342", "B401", "B201")
    tried = {number: word for number, word in verdicts(body).items() if word != "untried"}
    assert tried == dict.fromkeys(("B201", "B301", "B342", "B401"), "passed"), body["failed"]
    assert icbc.mock.control("GET", "/faults")["rules"] == []


def test_a_core_that_answers_for_another_is_red(tmp_path: Path) -> None:
    with standing("core-reference", tmp_path / "up") as up:
        assert verdicts(up.tried("C301"))["C301"] == "passed"
        up.mock.control("POST", "/faults", {"match": {"code": "post"}, "fault": "wrong_echo"})
        assert up.tried("C301")["failed"] == ["C301"]


@pytest.mark.parametrize(
    ("rule", "case"),
    [
        pytest.param(
            {"by": "row", "match": {"code": "registry.unit_change"}, "answer": {"code": "0000"}},
            "R212", id="says that it has overwritten another's value",
        ),
        pytest.param(
            {"by": "row", "match": {"code": "registry.withdrawal", "after": 1},
             "answer": {"code": "2103"}},
            "R403", id="refuses for good what an offset only keeps waiting",
        ),
        pytest.param(
            {"match": {"code": "registry.*"}, "fault": "wrong_echo"}, "R401",
            id="answers for another",
        ),
    ],
)  # fmt: skip
def test_a_registry_that_misbehaves_is_red(
    registry_up: Standing, rule: dict[str, Any], case: str
) -> None:
    registry_up.mock.control("POST", "/reset")
    assert verdicts(registry_up.tried(case))[case] == "passed"
    registry_up.mock.control("POST", "/reset")
    registry_up.mock.control("POST", "/faults", rule)
    assert registry_up.tried(case)["failed"] == [case]
    registry_up.mock.control("DELETE", "/faults")


@pytest.fixture(scope="module")
def registry_up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    with standing("core-registry", tmp_path_factory.mktemp("registry-up")) as up:
        yield up


@pytest.fixture
def unsteered(icbc: Standing) -> Iterator[Standing]:
    """On the machine's time, at any hour: as a bank that lends us no control plane."""
    icbc.mock.control("POST", "/clock", {"offset_seconds": 0})
    icbc.mock.control("POST", "/client", {"keep_hours": False})
    icbc.arrange(subjects={"good": dict(suite_of("bank-icbc").subjects["good"])})
    yield icbc
    icbc.arrange(subjects={}, arranged=[])
    icbc.mock.control("POST", "/client", {"keep_hours": True})


def test_what_nobody_arranged_is_not_tried(unsteered: Standing, tmp_path: Path) -> None:
    cases = [word for case in ("B112", "B301", "B342") for word in ("--case", case)]
    done = certify(tmp_path, "bank-icbc", *unsteered.words, *cases)
    body, said = done.body, verdicts(done.body)
    assert (done.answer.code, body["verdict"], body["failed"]) == (3, "incomplete", [])
    assert (said["B112-3"], said["B301"]) == ("passed", "passed")
    assert (said["B342"], said["B112-5"], said["B401"]) == ("untried", "untried", "untried")
    assert "入账后、应答前重置连接" in why(body, "B342")
    assert "测试户 settled" in why(body, "B112-5")
    assert "B342" in body["mandatory_untried"]
    assert body["against"] == {
        "kind": "address", "endpoints": unsteered.urls, "steered": False,
    }  # fmt: skip


def test_an_arrangement_that_is_made_already_is_believed(unsteered: Standing) -> None:
    unsteered.mock.control("POST", "/faults", {"scenario": "入账后断开"})
    unsteered.arrange(arranged=["reset_after"])
    body = unsteered.tried("B342", steered=False)
    assert verdicts(body)["B342"] == "passed", why(body, "B342")


def test_nobody_at_the_address(icbc: Standing, tmp_path: Path) -> None:
    words = ["--arrange", str(icbc.arranged), *("--against", "sign=http://127.0.0.1:9,"
             "api=http://127.0.0.1:9")]  # fmt: skip
    done = certify(tmp_path, "bank-icbc", *words)
    done.answer.refused("certify.nobody_there", 2)
    assert not (tmp_path / "certificates").exists()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["bank-icbc", "--against", "http://127.0.0.1:9"], "certify.bad_address"),
        (["bank-icbc", "--against", "sign=http://127.0.0.1:9"], "settings.misconfigured"),
        (["bank-abc", "--against", "ftp://127.0.0.1:9"], "certify.bad_address"),
        (["bank-nobody"], "input.not_found"),
        (["bank-icbc", "--against", "home"], "settings.misconfigured"),
        (["bank-icbc", "--against", "home", "--arrange", "/nowhere.yaml"],
         "certify.bad_arrangement"),
    ],
)  # fmt: skip
def test_asked_wrongly(tmp_path: Path, words: list[str], code: str) -> None:
    said = CliRunner().invoke(app, ["certify", *words, "--home", str(tmp_path)])
    assert (said.exit_code, f"[{code}]" in said.stderr) == (2, True), said.output


def test_a_framed_partner_at_an_address_and_no_credential_in_its_report(tmp_path: Path) -> None:
    with standing("bank-abc", tmp_path / "up") as up:
        secret = (tmp_path / "up" / "state" / "bank-abc" / "auth_no").read_text()
        assert up.urls["front"].startswith("tcp://")
        done = certify(tmp_path, "bank-abc", *up.words, "--case", "B101")
        assert done.answer.code == 3, done.answer.err
        assert verdicts(done.body)["B101"] == "passed", why(done.body, "B101")
        for written in (tmp_path / "certificates").iterdir():
            if written.suffix == ".docx":  # has no wire contents, and none of these
                assert secret not in read(written.read_bytes()).text()
                continue
            report = written.read_text("utf-8")
            assert ("AuthNo" in report, secret in report) == (True, False)
