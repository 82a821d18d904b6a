"""One month with everything planted in it: each is found as what it is and nothing else with it,
two people settle each, and the run closes with every equation balanced."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.app import settlements, steps
from hub.kernel.errors import HubError
from hub.offset.export import totals_json
from hub.offset.settling import Way
from hub.offset.tables_after import adjustment
from tests.conftest import postgres_schema
from tests.demo.kit import post, small, unbalanced
from tests.planted.month import MONTH, Planted

FOREIGN, POSTED = "25109999999999999991", "25109999999999999992"
ACCOUNT = "6222081234500000021"


@pytest.fixture(params=["sqlite", "postgresql"])
def month(
    request: pytest.FixtureRequest, month_data: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Planted]:  # fmt: skip
    data = small(month_data, tmp_path / "data", 60)
    schemas = postgres_schema() if request.param == "postgresql" else None
    if schemas is not None:
        monkeypatch.setenv("HUB_DATABASE_URL", next(schemas))
    planted = Planted(data, tmp_path / "out")
    yield planted
    planted.close()
    if schemas is not None:
        next(schemas, None)


def test_everything_planted_is_found_settled_and_closed(month: Planted) -> None:
    month.blind()
    month.until(lambda: bool(month.items("")))
    unlucky = month.items("")[0]
    post(f"{month.bank}/rows/{unlucky.loan_contract}", {"KKJG": "1001"})
    month.until(lambda: month.approve() is None and bool(month.states().get("posted")))
    month.until(lambda: set(month.states()) <= {"posted", "released", "refused", "reconciled"})
    paid = [row for row in month.items("SUCCEEDED") if not row.spouse_token]
    (refused,) = [row for row in month.items("FAILED") if row.number == unlucky.number]
    missing, off, doubled, later, plain = paid[:5]
    with_account = month.items("SUCCEEDED")[-1]

    # What nobody ordered, what is missing, off, doubled, contradicting, posted without a credit.
    stranger = month.plant(shape="unordered", fen=777, number=FOREIGN, account=ACCOUNT)
    month.plant(shape="missing", number=missing.number)
    month.plant(shape="off", number=off.number, fen=1)
    month.plant(shape="doubled", number=doubled.number)
    month.plant(shape="unordered", fen=int(refused.fen), number=refused.number)
    account = _account(month)
    month.post(POSTED, account, 55, "01")
    month.next_day()
    month.see()
    wanted = {
        ("unknown_instruction", FOREIGN, 0, 777),
        ("core_only", missing.number, missing.fen, 0),
        ("amount", off.number, off.fen, off.fen + 1),
        ("double_credit", doubled.number, doubled.fen, 2 * doubled.fen),
        ("contradiction", refused.number, refused.fen, refused.fen),
        ("core_only", POSTED, 0, 0),
    }
    month.until(lambda: month.found() >= wanted)
    assert month.found() == wanted
    assert with_account.number != missing.number
    _refuses(month, FOREIGN, Way.ADOPTED, "", "offset.nothing_to_adopt")
    _refuses(month, doubled.number, Way.ADOPTED, "", "offset.does_not_add_up")
    _refuses(month, refused.number, Way.ADOPTED, "", "offset.hold_gone")
    _refuses(month, FOREIGN, Way.TIED, stranger, "offset.not_a_correction")

    # Each is put right by bank or core, and two people tie it to that.
    backs = {
        FOREIGN: month.give_back(FOREIGN),
        off.number: month.plant(shape="back", number=off.number, fen=1, account=ACCOUNT),
        doubled.number: month.give_back(doubled.number, shape="冲正"),
        refused.number: month.give_back(refused.number),
        POSTED: month.post(POSTED, account, 55, "02"),
    }
    settlements.read_statements(month.demo.hub, MONTH)
    ends = {}
    for number, serial in backs.items():
        month.until(lambda n=number, s=serial: _ready(month, n, s))  # type: ignore[misc]
        ends[number] = month.settle(number, Way.TIED, serial)
    ends[missing.number] = month.settle(missing.number, Way.ADOPTED)
    assert ends == {
        FOREIGN: "not_ours", off.number: "paid", doubled.number: "paid",
        refused.number: "at_rest", POSTED: "not_ours", missing.number: "to_reverse",
    }  # fmt: skip
    month.until(month.closed)
    said = _totals(month)
    assert (said["closed"], unbalanced(said), month.found()) == (True, [], set())
    _after_the_close(month, plain.number, later.number)


def _after_the_close(month: Planted, number: str, nameless: str) -> None:
    """One comes back with its number, one without: the run stays closed, E7 is printed again."""
    before = _totals(month)
    month.give_back(number)
    month.give_back(nameless, with_number=False)
    month.next_day()
    settlements.read_statements(month.demo.hub, MONTH)
    month.until(lambda: _adjusted(month) == {number})
    assert (month.closed(), month.found()) == (True, set())
    month.until(lambda: len(settlements.list_proposals(month.demo.hub, MONTH)) == 1)
    (one,) = settlements.list_proposals(month.demo.hub, MONTH)
    assert nameless in one.items
    asked = settlements.ask_claim(
        month.demo.hub, month.token("demo-handler"), one.entry, nameless, "账户与金额相符"
    )
    steps.confirm(month.demo.hub, month.token("demo-approver"), asked)
    month.until(lambda: _adjusted(month) == {number, nameless})
    after = _totals(month)
    assert {name: after[name] for name in before} == before
    assert [e["remainder"] for e in after["adjusted_equations"]] == [{"count": 0, "fen": 0}] * 2


def _adjusted(month: Planted) -> set[str]:
    with month.demo.hub.store.read() as view:
        rows = view.execute(adjustment.select().where(adjustment.c.state == "done")).all()
    return {row.number for row in rows}


def _ready(month: Planted, number: str, serial: str) -> bool:
    """Whether the books show the correcting entry yet."""
    (one,) = [row for row in month.open() if row.number == number]
    try:
        settlements.preview(month.demo.hub, one.id, Way.TIED, serial, "")
    except HubError:
        return False
    return True


def _refuses(month: Planted, number: str, way: Way, entry: str, code: str) -> None:
    (one,) = [row for row in month.open() if row.number == number]
    with pytest.raises(HubError) as refused:
        settlements.preview(month.demo.hub, one.id, way, entry, "")
    assert refused.value.code == code


def _account(month: Planted) -> str:
    """An account of the core with a balance."""
    with (month.wanted.data / "persons.csv").open(encoding="utf-8-sig", newline="") as file:
        rich = [row["GRZH"] for row in csv.DictReader(file) if float(row["GRZHYE"]) > 9000]
    return rich[0]


def _totals(month: Planted) -> dict:  # type: ignore[type-arg]
    with month.demo.hub.store.read() as view:
        return json.loads(totals_json(view, month.demo.run_id))  # type: ignore[no-any-return]
