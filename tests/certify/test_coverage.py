"""The meter over a shelf of reports: what no case of the present contract has touched."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hub.certify import coverage_of, shelve, suite_digest
from hub.cli.main import app
from hub.contracts import codes_told, load_contract
from tests.certify.kit import ROOT, Certificate, small_report

ICBC = load_contract(ROOT / "contracts_spec" / "banks" / "icbc")
DIGEST = suite_digest(ICBC)
DAYS = [f"2025-10-{day}T09:30:00.000+08:00" for day in (14, 15, 16)]


def table(*touched: str) -> dict[str, Any]:
    return {"bus_type": {"what": "业务种类", "touched": [*touched], "untouched": []}}


def test_reports_of_the_present_contract_are_added_up(tmp_path: Path) -> None:
    shelve(small_report("passed", DAYS[0], DIGEST, table("001"), ["accepted"]), tmp_path)
    shelve(small_report("failed", DAYS[1], DIGEST, table("002"), ["result"]), tmp_path)
    found = coverage_of(ICBC, DIGEST, tmp_path)
    assert (found.touched, len(found.reports), found.older) == (2, 2, 0)
    assert found.gaps["bus_type"] == ["003", "009"]
    assert found.rungs["touched"] == ["accepted", "result"]
    assert found.total == sum(len(one.codes) for one in ICBC.code_tables.values())


def test_an_older_contract_s_and_a_changed_report_count_for_nothing(tmp_path: Path) -> None:
    shelve(small_report("passed", DAYS[0], "1" * 64, table("001")), tmp_path)
    changed = shelve(small_report("passed", DAYS[1], DIGEST, table("002")), tmp_path).data
    changed.write_text(changed.read_text("utf-8").replace('"002"', '"003"'), "utf-8")
    found = coverage_of(ICBC, DIGEST, tmp_path)
    assert (found.touched, found.reports, found.older) == (0, [], 1)


def test_a_report_that_is_written_again_is_read_again(tmp_path: Path) -> None:
    shelve(small_report("passed", DAYS[0], DIGEST, table("001")), tmp_path)
    assert coverage_of(ICBC, DIGEST, tmp_path).touched == 1
    shelve(small_report("passed", DAYS[0], DIGEST, table("001", "002", "003")), tmp_path)
    assert coverage_of(ICBC, DIGEST, tmp_path).touched == 3


def test_a_code_that_left_the_contract_is_not_counted(tmp_path: Path) -> None:
    shelve(small_report("passed", DAYS[0], DIGEST, table("001", "777")), tmp_path)
    assert coverage_of(ICBC, DIGEST, tmp_path).touched == 1


def test_the_command(bank: Certificate) -> None:
    words = ["certify", "coverage", "--home", str(bank.home)]
    one = CliRunner().invoke(app, [*words, "bank-icbc", "--json"])
    assert one.exit_code == 0, one.output
    (found,) = json.loads(one.stdout)["interfaces"]
    assert found["codes"]["untouched"] == {"ret_code": ["B0114"], "sign_result": ["-11"]}
    assert found["rungs"]["untouched"] == ["handed_over", "seen", "receipted"]
    everything = CliRunner().invoke(app, words)
    assert "bank-icbc" in everything.stdout
    assert "hub certify bank-gyb" in everything.stdout


def test_a_code_looked_up_on_another_thread_is_heard_there_alone() -> None:
    heard: list[tuple[str, str]] = []
    with codes_told(lambda name, code: heard.append((name, code))):
        ICBC.code("bus_type", "001")
    ICBC.code("bus_type", "002")
    assert heard == [("bus_type", "001")]


@pytest.mark.parametrize("interface", ["bank-none", "bank"])
def test_no_such_interface(tmp_path: Path, interface: str) -> None:
    done = CliRunner().invoke(app, ["certify", "coverage", interface, "--home", str(tmp_path)])
    assert (done.exit_code, "input.not_found" in done.stderr) == (2, True)
