"""A bank changes its interface on a day in the middle of a month: nothing is lost, nothing twice.

What was written under the contract that held and could not be sent goes in the morning under the
one that came into force at midnight; the bank understands nothing else.
"""

import json
import shutil
import urllib.request
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from hub.audit.tables import audit_entry
from hub.bus.tables import message
from hub.cli.main import app
from hub.kernel.settings import CONTRACTS
from hub.offset.export import export_run
from hub.scaffold.edition import new_edition
from tests.demo.kit import demo, drop_faults, outcomes, small, totals, unbalanced
from tests.demo.month_clock import MonthClock
from tests.demo.three_down import credited_twice

BANK, INTERFACE = "GZNX", "bank-gznx"
OLD, NEW = "1.0.0", "2.0.0"
BEGINS = date(2025, 10, 10)
_ROW_BYTES = 235


@pytest.fixture
def contracts(tmp_path: Path) -> Path:
    """GZNX widens a field of the batch file from the 10th on, and takes fewer rows in one."""
    copy = Path(shutil.copytree(CONTRACTS, tmp_path / "contracts"))
    made = new_edition(copy / "banks" / "gznx", NEW, BEGINS)
    _replace(made / "contract.yaml", "PURPOSE: {bytes: 24", "PURPOSE: {bytes: 30")
    _replace(made / "layouts" / "batch.yaml", "PURPOSE, from: 166, bytes: 24",
             "PURPOSE, from: 166, bytes: 30")  # fmt: skip
    _replace(made / "layouts" / "batch.yaml", "REMARK, from: 190", "REMARK, from: 196")
    return copy


def _replace(path: Path, before: str, after: str) -> None:
    text = path.read_text("utf-8")
    assert text.count(before) == 1
    path.write_text(text.replace(before, after), "utf-8")


@pytest.fixture
def data(month_data: Path, tmp_path: Path) -> Path:
    return small(month_data, tmp_path / "data", 60, [BANK])


@pytest.fixture
def unchanged(data: Path, tmp_path: Path) -> list[dict[str, str]]:
    """How the same month ends at a bank that changes nothing."""
    out = tmp_path / "unchanged"
    done = demo(out, "--data", str(data), "--banks", BANK)
    assert done.code == 0, done.said
    return outcomes(out)


@pytest.fixture
def month(
    contracts: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MonthClock]:
    monkeypatch.setenv("HUB_CONTRACTS", str(contracts))
    month = MonthClock(data, tmp_path / "month", banks=(BANK,), second=None)
    with month.set_up(monkeypatch):
        yield month


def test_what_was_approved_under_one_contract_is_paid_under_the_next(
    unchanged: list[dict[str, str]], month: MonthClock
) -> None:
    month.go_to(9, 9)
    month.until(lambda: set(month.waves()) == {"trial"}, "the plan")
    assert spoken(month) == ["banks/gznx"]
    month.fail(BANK, fault="refuse", match={"endpoint": "files"})
    month.approve()
    month.until(lambda: versions(month, "bank.instruct") == {OLD}, "the batches")
    assert attempts(month, "bank.instruct") == []

    month.go_to(10, 0, 1)
    month.until(lambda: spoken(month) == ["banks/gznx@2.0.0"], "the bank's own change")
    drop_faults(month.control(BANK))
    month.go_to(10, 9)
    month.until(lambda: set(month.states()) <= {"posted", "reconciled", "refused"}, "results")
    assert versions(month, "bank.instruct") == {OLD}
    assert versions(month, "bank.results") == {NEW}
    said = attempts(month, "bank.instruct")
    assert said
    assert all(f"spoken as {NEW}" in one for one in said)
    assert row_lengths(month) == {_ROW_BYTES}

    month.go_to(10, 23)
    month.until(month.closed, "the close")
    ended_as(month, unchanged)


def test_an_edition_is_certified_before_its_day(
    contracts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_CONTRACTS", str(contracts))
    words = ["certify", INTERFACE, "--edition", NEW, "--case", "B302", "--out", str(tmp_path)]
    CliRunner().invoke(app, words)
    (report,) = tmp_path.glob(f"{INTERFACE}-*.json")
    body = json.loads(report.read_text("utf-8"))
    (case,) = [one for one in body["cases"] if one["number"] == "B302"]
    assert case["verdict"] == "passed", case
    assert body["contract"]["version"] == NEW


def spoken(month: MonthClock) -> list[str]:
    """Which contract the bank speaks; nothing while it changes over."""
    try:
        with urllib.request.urlopen(f"{month.control(BANK)}/health", timeout=10) as answer:
            return list(json.load(answer)["contracts"])
    except OSError:
        return []


def versions(month: MonthClock, kind: str) -> set[str]:
    """The contract's versions that messages of a kind were written with."""
    query = sa.select(message.c.contract_version).where(message.c.kind == kind).distinct()
    with month.view() as view:
        return set(view.scalars(query))


def attempts(month: MonthClock, kind: str) -> list[str]:
    """What the audit says of the attempts of a kind that were delivered."""
    pattern = f"%{kind} attempt %delivered%"
    with month.view() as view:
        query = sa.select(audit_entry.c.detail).where(audit_entry.c.detail.like(pattern))
        return list(view.scalars(query))


def row_lengths(month: MonthClock) -> set[int]:
    """Bytes of the detail rows of the batch files that lie at the bank."""
    files = [one for one in (month.out / "mocks").rglob("HKWJ_*.txt") if one.is_file()]
    assert files
    rows = [row for one in files for row in one.read_bytes().split(b"\r\n") if row[:1] == b"D"]
    assert rows
    return {len(row) for row in rows}


def ended_as(month: MonthClock, unchanged: list[dict[str, str]]) -> None:
    """The books balance, nobody was paid twice, and each agreement came out the same."""
    export_run(month.demo.hub.store, month.demo.run_id, month.out)
    said: dict[str, Any] = totals(month.out)
    assert said["closed"]
    assert unbalanced(said) == []
    assert credited_twice(month.demo.controls) == []
    assert _ends(outcomes(month.out)) == _ends(unchanged)


def _ends(rows: list[dict[str, str]]) -> list[tuple[str, ...]]:
    kept = ("XYBH", "outcome", "reason", "amount")
    return sorted(tuple(row[name] for name in kept) for row in rows)
