"""A home purchase case: who came by the sign-in may apply, a part is withdrawn once a contract."""

from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from hub.cases import visits
from hub.ports.case import Filing
from hub.ports.entry import UserType, Visitor
from hub.ports.registry import Withdrawal
from tests.cases.books import ACCOUNT, NAME, PAPER, person
from tests.cases.kit import PLATFORM, Office, files, filing

ME = Visitor(UserType.PERSON, "G1", NAME, "01", PAPER)


def came(office: Office, visitor: Visitor = ME, *, redeemed: bool = True) -> str:
    """Somebody was let in, and the hall has redeemed the key; the visit's number."""
    with office.store.write() as tx:
        mark = f"{visitor.number}/{tx.scalar(sa.select(sa.func.count()).select_from(visits.visit))}"
        number = visits.admit(tx, office.office, PLATFORM, mark, f"key{mark}", visitor, 1800)
        assert number is not None
        if redeemed:
            assert visits.redeem(tx, office.office, number, mark)
    return str(number)


def wants(visit: str, number: str = "G1", version: int = 1, **more: Any) -> Filing:
    own = {"name": NAME, "id_type": "01", "id_number": PAPER, "files": files()}
    own |= {name: more.pop(name) for name in list(more) if name in own}
    fields = {
        "visit": visit, "account": "", "contract_no": "DY-1", "house": "都匀",
        "developer": "某置业", "permit": "1号", "amount": "300.00",
        "payee_bank": "工商银行", "payee_bank_code": "102", "payee_account": "6222080000000000015",
    } | more  # fmt: skip
    return Filing("home_purchase", "hall", number, version, "1", fields=fields, **own)


def ended(office: Office, number: str = "G1") -> tuple[str, str]:
    row = office.case(number, "hall")
    return row.state, row.reason


def test_from_filing_to_its_end(each: Office) -> None:
    office = each
    office.push(wants(came(office)))
    office.settle()
    assert office.case("G1", "hall").waiting == "review"
    (made,) = office.core.made.values()
    assert isinstance(made, Withdrawal)
    assert (made.reason, made.amount, made.account) == ("01", 30_000, ACCOUNT)
    office.finish(office.number())
    assert ended(office) == ("done", "")
    last = office.platform.last("G1", "hall")
    assert (last.principal, last.interest) == (30_000, 0)
    assert office.platform.steps("G1", "hall") == [
        "received", "parsed", "checked", "in_core", "done"
    ]  # fmt: skip
    assert [one.state for one in office.core.accounts] == ["01"]


@pytest.mark.parametrize(
    ("visitor", "reason"),
    [
        (replace(ME, id_number="522701196502020008"), "not_the_applicant"),
        (replace(ME, name="别人"), "not_the_applicant"),
        (replace(ME, number="G2"), "not_signed_in"),
        (
            replace(ME, user_type=UserType.LEGAL_PERSON, company="某置业", uscc="91"),
            "not_a_person",
        ),
    ],
)
def test_who_did_not_come_cannot_apply(office: Office, visitor: Visitor, reason: str) -> None:
    office.push(wants(came(office, visitor)))
    office.settle()
    assert ended(office) == ("failed", reason)
    assert office.core.made == {}


@pytest.mark.parametrize("visit", ["99", "x", "", "9" * 19, "²"])
def test_a_visit_that_is_none(office: Office, visit: str) -> None:
    office.push(wants(visit))
    office.settle()
    assert ended(office) == ("failed", "not_signed_in")


def test_a_key_that_was_never_redeemed_lets_nobody_apply(office: Office) -> None:
    office.push(wants(came(office, redeemed=False)))
    office.settle()
    assert ended(office) == ("failed", "not_signed_in")


def test_money_on_hold_is_waited_for_and_said(office: Office) -> None:
    office.core.held.add(ACCOUNT)
    office.push(wants(came(office)))
    office.work(6)
    assert office.case("G1", "hall").waiting == "hold"
    office.hurry()
    office.work(3)
    assert office.platform.steps("G1", "hall")[-1] == "waiting"
    assert "在途对冲" in office.platform.last("G1", "hall").text
    office.core.held.clear()
    office.settle()
    assert office.case("G1", "hall").waiting == "review"


@pytest.mark.parametrize(
    ("off", "code"),
    [
        ({"amount": "1000.01"}, "amount_too_high"), ({"amount": "0.00"}, "bad_amount"),
        ({"amount": "-1.00"}, "bad_amount"), ({"amount": "1e3"}, "bad_amount"),
        ({"amount": ""}, "bad_amount"), ({"contract_no": ""}, "bad_contract_no"),
        ({"contract_no": "x" * 31}, "bad_contract_no"), ({"permit": ""}, "no_house"),
        ({"payee_account": "1"}, "bad_payee_account"), ({"account": "77"}, "account_not_theirs"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_and_a_higher_version_goes_on(
    office: Office, off: dict[str, str], code: str
) -> None:
    visit = came(office)
    office.push(wants(visit, **off))
    office.settle()
    assert office.problems() == [code]
    assert office.platform.steps("G1", "hall")[-1] == "lacking"
    office.push(wants(visit, version=2))
    office.settle()
    assert office.case("G1", "hall").state == "in_core"


def test_one_contract_is_paid_once(office: Office) -> None:
    office.push(wants(came(office)))
    office.push(wants(came(office, replace(ME, number="G2")), "G2", contract_no="dy-1"))
    office.settle()
    assert len(office.core.made) == 1
    office.finish(office.number())
    assert [ended(office)[0], ended(office, "G2")[0]] == ["done", "done"]
    office.push(wants(came(office, replace(ME, number="G3")), "G3"))
    office.settle()
    assert ended(office, "G3") == ("failed", "contract_used")
    office.push(wants(came(office, replace(ME, number="G4")), "G4", contract_no="DY-2"))
    office.settle()
    office.finish(office.number())
    assert ended(office, "G4")[0] == "done"
    assert len(office.core.paid) == 2


def test_a_retirement_of_the_same_account_is_another_matter(office: Office) -> None:
    """Neither joins the other's application: one closes the account, one does not."""
    office.push(wants(came(office)))
    office.push(filing("A1"))
    office.settle()
    assert ended(office)[0] == "in_core"
    assert office.case("A1").state == "failed"  # 2111: the core has another in progress
    office.finish(office.number() if len(office.core.made) == 1 else next(iter(office.core.made)))
    assert ended(office)[0] == "done"
    assert len(office.core.paid) == 1


def test_another_person_s_account_is_never_chosen(office: Office) -> None:
    office.core.accounts = [person(name="别人")]
    office.push(wants(came(office)))
    office.settle()
    assert ended(office) == ("failed", "identity_mismatch")
