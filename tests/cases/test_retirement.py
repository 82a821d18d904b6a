"""A retirement case from its filing to its end, step by step, and what can come between."""

from pathlib import Path

import pytest
from sqlalchemy import select

from hub.cases import tables as t
from hub.ports.case import CaseFile, TakenBack
from hub.ports.registry import ApplicationState, PersonAccount, Withdrawal
from hub.store import Store
from tests.cases.books import ACCOUNT, NAME, PAPER, PDF, PROMISED, person
from tests.cases.kit import Office, files, filing, make_office

WAY = ["received", "parsed", "checked", "in_core"]


def test_from_filing_to_its_end(each: Office) -> None:
    office = each
    office.push(filing())
    office.settle()
    case = office.case()
    assert (case.state, case.waiting, case.promise_on) == ("in_core", "review", PROMISED)
    assert office.platform.steps() == WAY
    told = office.platform.told["onething", "A1", 3]
    assert (told.promise_days, str(told.promise_on)) == (5, "2025-10-21")
    office.finish(office.number())
    case = office.case()
    assert (case.state, case.principal, case.interest) == ("done", 100_000, 123)
    last = office.platform.last()
    assert (last.step.value, last.principal, last.interest) == ("done", 100_000, 123)
    assert [row.fed for row in office.rows(t.step)] == ["receipted"] * 5
    assert len(office.core.paid) == 1


def test_nothing_personal_stands_in_clear(office: Office) -> None:
    office.push(filing())
    office.settle()
    with office.store.read() as view:
        for table in (t.case, t.attachment, t.application, t.step, t.problem):
            stands = repr([tuple(row) for row in view.execute(select(table))])
            for secret in (NAME, PAPER, "6222080000000000015", ACCOUNT, "身份证", "%PDF"):
                assert secret not in stands, (table.name, secret)
    assert office.case().subject_mask == "韦** 522701********0000"


def test_both_doors_make_one_application(each: Office) -> None:
    office = each
    office.push(filing("A1"))
    office.push(filing("B7", door="item"))
    office.settle()
    assert len(office.core.made) == 1
    assert office.case("B7", "item").state == "in_core"
    office.finish(office.number())
    assert [office.case("A1").state, office.case("B7", "item").state] == ["done", "done"]
    assert office.platform.last("B7", "item").principal == 100_000
    assert len(office.core.paid) == 1


def test_the_other_door_after_the_end_is_done_at_once(office: Office) -> None:
    office.push(filing("A1"))
    office.settle()
    office.finish(office.number())
    office.push(filing("B7", door="item"))
    office.settle()
    late = office.case("B7", "item")
    assert (late.state, late.principal, late.interest) == ("done", 100_000, 123)
    assert len(office.core.made) == 1


def test_the_other_door_while_the_core_has_paid_and_not_said_so(office: Office) -> None:
    office.push(filing("A1"))
    office.settle()
    for _ in range(2):
        office.core.step(office.number())
    office.push(filing("B7", door="item"))
    office.settle()
    office.finish(office.number())
    assert [office.case("A1").state, office.case("B7", "item").state] == ["done", "done"]


def test_another_payee_by_the_other_door_is_paid_as_the_first_said(office: Office) -> None:
    office.push(filing("A1"))
    office.push(filing("B7", door="item", payee_account="6222080000000000099"))
    office.settle()
    assert office.problems() == ["payee_differs"]
    (made,) = office.core.made.values()
    assert getattr(made, "payee_account", "") == "6222080000000000015"


def test_money_on_hold_is_waited_for_and_said(office: Office) -> None:
    office.core.held.add(ACCOUNT)
    office.push(filing())
    office.work(6)
    assert (office.case().state, office.case().waiting) == ("checked", "hold")
    office.hurry()
    office.work(3)
    assert office.platform.steps() == ["received", "parsed", "checked", "waiting"]
    office.core.held.clear()
    office.settle()
    assert office.case().waiting == "review"
    assert office.platform.steps()[-2:] == ["waiting", "in_core"]


def test_what_is_missing_is_said_and_a_higher_version_goes_on(office: Office) -> None:
    lies = CaseFile("身份证.pdf", "01", b"MZ\x90\x00")
    office.push(filing(files=(lies,), payee_account="1"))
    office.settle()
    assert (office.case().state, office.case().waiting) == ("parsed", "materials")
    assert office.problems() == [
        "type_lies", "missing_material", "missing_material", "bad_payee_account"
    ]  # fmt: skip
    assert len(office.platform.last().lacking) == 4
    assert office.case().promise_on is None
    office.push(filing(version=2))
    office.settle()
    assert office.case().state == "in_core"
    assert office.problems() == []
    assert office.platform.steps() == ["received", "parsed", "lacking", *WAY]


def test_a_lower_version_that_comes_late_changes_nothing(office: Office) -> None:
    office.push(filing(version=2))
    office.push(filing(version=1, payee_account="6222080000000000099"))
    office.settle()
    (made,) = office.core.made.values()
    assert getattr(made, "payee_account", "") == "6222080000000000015"
    assert [row.word for row in office.rows(t.case_version)] == ["late", "taken"]


def test_a_newer_payee_cancels_the_older_application_first(each: Office) -> None:
    office = each
    office.push(filing())
    office.settle()
    first = office.number()
    office.push(filing(version=2, payee_account="6222080000000000099"))
    office.settle()
    second = office.number()
    assert (first[-2:], second[-2:]) == ("01", "02")
    assert office.core.state[first].value == "05"
    office.finish(second)
    assert office.core.paid == [(second, ACCOUNT)]
    assert office.case().state == "done"


def test_the_same_wishes_again_keep_the_application(office: Office) -> None:
    office.push(filing())
    office.settle()
    office.push(filing(version=2, phone="10000000009"))
    office.settle()
    assert len(office.core.made) == 1
    assert office.platform.steps() == WAY + WAY


def test_too_late_for_a_newer_payee(office: Office) -> None:
    office.push(filing())
    office.settle()
    for _ in range(2):
        office.core.step(office.number())  # paid, and the hub has not heard of it
    office.push(filing(version=2, payee_account="6222080000000000099"))
    office.settle()
    office.finish(office.number())
    assert len(office.core.paid) == 1
    assert (office.case().state, office.case().principal) == ("done", 100_000)


@pytest.mark.parametrize("settled", [True, False])
def test_a_withdrawal_cancels_at_the_core(office: Office, settled: bool) -> None:
    office.push(filing())
    if settled:
        office.settle()
    office.push(TakenBack("retirement", "onething", "A1", 1, "不办了"))
    office.settle()
    assert office.case().state == "withdrawn"
    assert office.platform.last().step.value == "withdrawn"
    assert not office.core.paid
    assert {state.value for state in office.core.state.values()} <= {"05", "06"}


def test_a_withdrawal_before_its_filing_bars_it(office: Office) -> None:
    office.push(TakenBack("retirement", "onething", "A1", 1, ""))
    office.push(filing())
    office.settle()
    assert (office.case().state, office.core.made) == ("withdrawn", {})
    office.push(filing(version=2))
    office.settle()
    assert office.case().state == "in_core"


def test_one_door_withdraws_and_the_other_goes_on(office: Office) -> None:
    office.push(filing("A1"))
    office.push(filing("B7", door="item"))
    office.settle()
    office.push(TakenBack("retirement", "onething", "A1", 1, ""))
    office.settle()
    assert office.case("A1").state == "withdrawn"
    office.finish(office.number())
    assert office.case("B7", "item").state == "done"
    assert office.case("A1").state == "withdrawn"


def test_done_cannot_be_withdrawn_and_says_so(office: Office) -> None:
    office.push(filing())
    office.settle()
    office.finish(office.number())
    office.push(TakenBack("retirement", "onething", "A1", 1, ""))
    office.settle()
    assert office.case().state == "done"
    assert office.platform.last().text == "已办结，不再变更"


@pytest.mark.parametrize(
    ("accounts", "reason"),
    [
        ([], "no_account"),
        ([person(name="别人")], "identity_mismatch"),
        ([person(state="05")], "no_open_account"),
        ([person(state="06")], "no_open_account"),
    ],
)
def test_who_has_nothing_to_withdraw(
    office: Office, accounts: list[PersonAccount], reason: str
) -> None:
    office.core.accounts[:] = accounts
    office.push(filing())
    office.settle()
    assert (office.case().state, office.case().reason) == ("failed", reason)
    assert office.platform.last().text
    assert not office.core.made


def test_several_accounts_must_be_told_apart(office: Office) -> None:
    office.core.accounts.append(person("0000000000000002"))
    office.push(filing())
    office.settle()
    assert office.problems() == ["several_accounts"]
    office.push(filing(version=2, account="0000000000000002"))
    office.settle()
    office.finish(office.number())
    assert office.core.paid == [(office.number(), "0000000000000002")]


def test_an_account_of_somebody_else_is_not_applied_for(office: Office) -> None:
    office.push(filing(account="0000000000000009"))
    office.settle()
    assert office.problems() == ["account_not_theirs"]
    assert not office.core.made


def test_the_core_says_no(office: Office) -> None:
    office.core.refuses = "state"
    office.push(filing())
    office.settle()
    assert (office.case().state, office.case().reason) == ("failed", "state")
    office.core.refuses = ""
    office.push(filing(version=2))
    office.settle()
    assert (office.case().state, office.number()[-2:]) == ("in_core", "02")


def test_refused_while_a_newer_version_is_being_corrected(office: Office) -> None:
    office.push(filing())
    office.settle()
    office.push(filing(version=2, files=files()[:1]))
    office.core.refuse(office.number())
    office.settle()
    office.hurry()
    office.work(2)
    assert (office.case().state, office.case().waiting) == ("parsed", "materials")
    office.push(filing(version=3))
    office.settle()
    assert (office.case().state, office.number()[-2:]) == ("in_core", "02")


def test_a_platform_away_for_a_day_loses_nothing(office: Office) -> None:
    office.platform.away = True
    office.push(filing())
    for _ in range(30):
        office.hurry()
        office.work()
    for _ in range(2):
        office.core.step(office.number())
    for _ in range(5):
        office.hurry()
        office.work()
    assert (office.case().state, office.platform.order) == ("done", [])
    office.platform.away = False
    office.settle()
    assert office.platform.steps() == [*WAY, "done"]


def test_a_step_the_platform_will_not_have_holds_up_no_other(office: Office) -> None:
    office.platform.refuses = {2}
    office.push(filing())
    office.settle()
    assert office.platform.steps() == ["received", "checked", "in_core"]
    assert [row.fed for row in office.rows(t.step)].count("refused") == 1


def test_a_core_that_was_restored_gets_the_application_again(office: Office) -> None:
    office.push(filing())
    office.settle()
    number = office.number()
    office.core.state.clear()
    office.core.made.clear()
    office.hurry()
    office.work()  # the question: it knows nothing of it
    office.settle()
    assert list(office.core.made) == [number]
    office.finish(number)
    assert office.case().state == "done"


def test_an_application_this_database_has_forgotten_is_for_staff(office: Office) -> None:
    number = f"TX{office.office.vault.tokens.whole('account', ACCOUNT)[:24]}01"
    other = Withdrawal(
        number, ACCOUNT, NAME, "01", PAPER, "03", "6222080000000000099", NAME, "", ""
    )
    office.core.made[number], office.core.state[number] = other, ApplicationState.ACCEPTED
    office.push(filing())
    office.settle()
    assert (office.case().waiting, office.problems()) == ("staff", ["core_conflict"])
    assert not office.core.paid
    office.push(TakenBack("retirement", "onething", "A1", 1, ""))
    office.settle()
    assert office.case().state == "withdrawn"
    assert office.core.state[number].value == "05"


def test_documents_are_fetched_before_the_check(each: Office) -> None:
    office = each
    first = files()[0]
    office.push(filing(files=(first, CaseFile("退休证.pdf", "02", link="DOC-2"))))
    assert (office.case().state, office.case().waiting) == ("parsed", "documents")
    office.platform.away = True
    office.work(2)
    office.platform.away = False
    office.platform.store["DOC-2"] = PDF
    office.settle()
    assert office.case().state == "in_core"
    assert {row.word for row in office.rows(t.attachment)} == {"ok"}


def test_a_document_the_store_does_not_have_is_missing(office: Office) -> None:
    office.push(filing(files=(files()[0], CaseFile("退休证.pdf", "02", link="DOC-2"))))
    office.settle()
    assert office.problems() == ["not_in_store", "missing_material"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"id_number": "522701196501010001"}, "bad_id"),
        ({"id_number": "522701196502300000"}, "bad_id"),
        ({"retired": "0"}, "not_retired"),
        ({"retired_on": "2025-10-15"}, "bad_retired_on"),
        ({"retired_on": "去年"}, "bad_retired_on"),
        ({"payee_bank": ""}, "bad_payee_bank"),
        ({"payee_bank_code": "1O2"}, "bad_payee_bank_code"),
        ({"name": "名" * 121}, "long_name"),
    ],
)
def test_a_form_that_says_nothing_of_use(office: Office, change: dict[str, str], code: str) -> None:
    office.push(filing(**change))
    assert office.problems() == [code]


def test_a_year_without_calendar_promises_nothing_and_goes_on(
    tmp_path: Path,
) -> None:
    store = Store(f"sqlite:///{tmp_path}/hub.sqlite")
    office = make_office(store, tmp_path / "keys", calendar=False)
    office.push(filing())
    office.settle()
    assert (office.case().state, office.case().promise_on) == ("in_core", None)
    assert office.problems() == ["no_promise"]
    store.close()
