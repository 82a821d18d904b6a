"""Agreements live: signed with the bank, suspended, ended, and from which period it counts."""

from dataclasses import replace

import pytest
import sqlalchemy as sa

from hub.kernel.periods import Period
from hub.offset.agreement_looking import AgreementFilter, list_agreements, see_agreement
from hub.offset.changes import Change, StateMoved, first_open_period, make_change
from hub.offset.registering import end_agreement
from hub.offset.signing import (
    COLUMNS,
    AskedAlready,
    BorrowerUnknown,
    SigningReport,
    ask_bank,
    find_agreement,
    sign_file,
)
from hub.offset.tables_signing import agreement_signing
from hub.offset.words import AgreementState, SigningStep
from tests.offset.kit import Centre, Person

NAME, DOCUMENT = "欧阳𠮷洋", "52270119900101123X"
S = AgreementState


def sign(centre: Centre, *rows: dict[str, str]) -> SigningReport:
    """Sign from a file; what a row leaves out is A1's."""
    values = ("A1", "ICBC", "LA1", "6222A1", "52A1", "", "20251009", NAME, DOCUMENT, "")
    usual = dict(zip(COLUMNS, values, strict=True))
    lines = [",".join((usual | row).values()) for row in rows]
    path = centre.folder / "sign.csv"
    path.write_text("\n".join([",".join(COLUMNS), *lines]), encoding="utf-8")
    return sign_file(centre.office, path, actor="wang")


def state(centre: Centre, number: str = "A1") -> tuple[str, str]:
    with centre.store.read() as view:
        line = see_agreement(view, number).line
    return line.state, line.step


def test_what_the_bank_confirms_comes_into_force(centre: Centre) -> None:
    assert sign(centre, {}).asked == ["A1"]
    assert state(centre) == ("pending", "verifying")
    centre.deliver()
    assert state(centre) == ("pending", "registering")
    centre.deliver()
    assert state(centre) == ("in_force", "registered")
    assert [call for call, _ in centre.icbc.claims] == ["verify", "register"]
    claim = centre.icbc.registered["A1"]
    assert (claim.borrower_name, claim.borrower_id) == (NAME, DOCUMENT)
    assert (claim.loan_contract, claim.repayment_account) == ("LA1", "6222A1")
    with centre.store.read() as view:
        (change,) = see_agreement(view, "A1").changes
    assert (change.before, change.after, change.first_period) == ("pending", "in_force", "2025-10")
    again = sign(centre, {})
    assert (again.asked, again.unchanged) == ([], 1)


def test_what_the_bank_does_not_confirm_waits_and_may_be_asked_again(centre: Centre) -> None:
    centre.icbc.denies = {"LA1": "3003"}
    sign(centre, {})
    with centre.store.write() as tx, pytest.raises(AskedAlready):
        ask_bank(tx, centre.office, "A1", SigningStep.VERIFYING)
    centre.deliver()
    assert state(centre) == ("pending", "refused")
    with centre.store.read() as view:
        assert "姓名不符" in see_agreement(view, "A1").line.said
    centre.icbc.denies.clear()
    with centre.store.write() as tx:
        ask_bank(tx, centre.office, "A1", SigningStep.VERIFYING)
    centre.deliver()
    centre.deliver()
    assert state(centre) == ("in_force", "registered")


def test_a_call_that_breaks_is_made_again(centre: Centre) -> None:
    centre.icbc.breaks = ["reset", "", "reset"]
    sign(centre, {})
    for _ in range(6):
        centre.hurry()
        centre.deliver()
    assert state(centre) == ("in_force", "registered")
    assert [call for call, _ in centre.icbc.claims] == ["verify", "verify", "register", "register"]


def test_one_signed_after_the_plan_counts_from_the_next_period(centre: Centre) -> None:
    centre.add(Person("A0"))
    centre.open()
    centre.planned()
    sign(centre, {})
    centre.deliver()
    centre.deliver()
    with centre.store.read() as view:
        assert see_agreement(view, "A1").changes[0].first_period == "2025-11"
        assert first_open_period(view, "ICBC", Period(2025, 10)) == Period(2025, 11)
        assert first_open_period(view, "CCB", Period(2025, 10)) == Period(2025, 10)
        assert see_agreement(view, "A0").periods[0].outcome == "OPEN"
    centre.approve()
    centre.until(centre.closed)
    assert set(centre.items()) == {"A0"}
    with centre.store.read() as view:
        assert see_agreement(view, "A0").periods[0].outcome == "SUCCEEDED"


def test_another_repayment_account_replaces_the_agreement(centre: Centre) -> None:
    """repayment_account_changed is repaired by signing anew; no loan has two at once."""
    centre.add(Person("A1"))
    centre.icbc.dues[0] = replace(centre.icbc.dues[0], repayment_account="6222NEW")
    centre.open()
    centre.planned()
    with centre.store.read() as view:
        repair = AgreementFilter(repair=True)
        found = list_agreements(view, centre.vault.tokens, repair, before=None, size=10)
    assert [one.number for one in found.lines] == ["A1"]
    sign(centre, {"XYBH": "B1", "HKZH": "6222NEW", "YXYBH": "A1"})
    for _ in range(3):
        centre.deliver()
    assert (state(centre, "B1")[0], state(centre, "A1")[0]) == ("in_force", "ended")
    with centre.store.read() as view:
        old, new = see_agreement(view, "A1"), see_agreement(view, "B1")
    assert old.changes[0].first_period == new.changes[0].first_period == "2025-11"
    assert (old.changes[0].evidence, old.line.ended_on) == ("B1", 20251031)


def test_ending_tells_the_bank_and_is_for_good(centre: Centre) -> None:
    sign(centre, {})
    centre.deliver()
    centre.deliver()
    with centre.store.write() as tx:
        found = find_agreement(tx, "A1")
        end_agreement(tx, centre.office, found, Period(2025, 11), actor="wang", came_by="person",
                      why="结清")  # fmt: skip
    centre.deliver()
    assert state(centre) == ("ended", "cancelled")
    assert centre.icbc.registered == {}
    with centre.store.write() as tx, pytest.raises(StateMoved):
        make_change(tx, Change(agreement_id=found.id, before=S.IN_FORCE, after=S.SUSPENDED,
                               actor="w", came_by="person", why="x",
                               first_period=Period(2025, 11)), now_us=1)  # fmt: skip


def test_ended_while_the_bank_registers_it_is_cancelled_there(centre: Centre) -> None:
    sign(centre, {})
    centre.deliver()
    with centre.store.write() as tx:
        end_agreement(tx, centre.office, find_agreement(tx, "A1"), Period(2025, 10), actor="wang",
                      came_by="person", why="反悔")  # fmt: skip
    centre.deliver()
    centre.deliver()
    assert state(centre) == ("ended", "cancelled")
    assert centre.icbc.registered == {}


def test_ended_while_it_is_verified_again_it_is_cancelled_too(centre: Centre) -> None:
    sign(centre, {})
    centre.deliver()
    centre.deliver()
    with centre.store.write() as tx:
        ask_bank(tx, centre.office, "A1", SigningStep.VERIFYING)
        end_agreement(tx, centre.office, find_agreement(tx, "A1"), Period(2025, 11), actor="wang",
                      came_by="person", why="结清")  # fmt: skip
    centre.icbc.denies = {"LA1": "3005"}
    centre.deliver()
    centre.deliver()
    assert state(centre) == ("ended", "cancelled")
    assert centre.icbc.registered == {}


def test_an_imported_agreements_borrower_is_the_due_lists(centre: Centre) -> None:
    centre.add(Person("A1"))
    with centre.store.write() as tx, pytest.raises(BorrowerUnknown):
        ask_bank(tx, centre.office, "A1", SigningStep.VERIFYING)
    centre.open()
    centre.planned()
    with centre.store.write() as tx:
        ask_bank(tx, centre.office, "A1", SigningStep.VERIFYING)
    centre.deliver()
    ((_, claim),) = centre.icbc.claims
    assert (claim.borrower_name, claim.borrower_id) == ("名52A1", "ID52A1")
    assert state(centre) == ("in_force", "verified")


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"YHJC": "XYZ"}, "offset.no_such_bank"), ({"JKRXM": ""}, "agreements.empty_field"),
        ({"YXYBH": "A9"}, "agreements.replaces_nothing"), ({"QYRQ": "1"}, "agreements.bad_date"),
    ],
)  # fmt: skip
def test_a_bad_row_is_refused_alone(quick: Centre, row: dict[str, str], code: str) -> None:
    report = sign(quick, row, {"XYBH": "A2", "JKHTBH": "LA2"})
    assert [one.code for one in report.refused] == [code]
    assert report.asked == ["A2"]


def test_no_name_stands_in_clear(centre: Centre) -> None:
    sign(centre, {})
    centre.deliver()
    with centre.store.read() as view:
        for table in ("agreement_signing", "agreement", "bus_message", "audit_entry"):
            for row in view.execute(sa.text(f"SELECT * FROM {table}")):
                shown = repr([bytes(v) if isinstance(v, memoryview) else v for v in row])
                assert NAME not in shown
                assert DOCUMENT not in shown
        assert view.scalar(sa.select(sa.func.count()).select_from(agreement_signing)) == 1
