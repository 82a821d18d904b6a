"""Sealing a unit's accounts while versions, withdrawals and people come between, on each database.

What is sealed is judged by the core's book: how many applications it carried out for an account.
"""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import sqlalchemy as sa

from hub.app import case_acts
from hub.cases import sealing
from hub.cases import tables as t
from hub.ports.case import Step
from hub.store import Store
from tests.cases.sealing_kit import NUMBER, OTHER, Firm, make_firm

PEOPLE = 25


@pytest.fixture
def firm(empty_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Firm:
    monkeypatch.setattr(sealing, "CHUNK", 10)
    return make_firm(empty_store, tmp_path / "keys", PEOPLE)


def whole(firm: Firm) -> None:
    """Each account sealed once, and said so once, of the newest version."""
    assert firm.core.sealed == dict.fromkeys(firm.core.states, 1)
    assert firm.head().state == "done"
    last = firm.told()[-1]
    assert (last.step, last.version) == (Step.DONE, firm.version)
    assert last.text == f"应封存 {PEOPLE} 户，已封存 {PEOPLE} 户，未能封存 0 户"
    assert [one.step for one in firm.told()].count(Step.DONE) == 1


@pytest.mark.parametrize("slow", [False, True])
def test_a_higher_version_does_not_stop_a_sealing(firm: Firm, slow: bool) -> None:
    firm.core.slow = slow
    firm.file()
    firm.until_given()
    firm.file()
    firm.step()
    firm.file()
    firm.go(lambda: firm.unit().whole)
    for number in [n for n, one in firm.core.stands.items() if not one.ended]:
        firm.core.finish(number)
    firm.go(lambda: firm.head().ended_us is not None)
    firm.settle()
    whole(firm)


@pytest.mark.parametrize(
    "said", [{"uscc": OTHER}, {"direction": "2"}, {"moved_on": "2099-01-01"}, {"uscc": "nonsense"}]
)
def test_what_a_later_version_says_otherwise_is_for_people(firm: Firm, said: Any) -> None:
    firm.file()
    firm.until_given()
    firm.file(**said)
    assert "sealing_begun" in firm.base.problems()
    firm.settle()
    whole(firm)
    assert firm.core.opened == []


def test_versions_before_the_first_account_begin_anew(firm: Firm) -> None:
    firm.file(uscc=OTHER)
    firm.file(moved_on="2099-01-01")
    firm.file()
    firm.settle()
    whole(firm)


def act(firm: Firm, name: str) -> str | None:
    """Why not, or done."""
    kind, hub = case_acts.KINDS[name], cast(Any, SimpleNamespace(cases=firm.base.office))
    with firm.base.store.write() as tx:
        seen = kind.look(hub, tx, NUMBER)
        if seen.why_not is None:
            kind.do(hub, tx, seen, "somebody", "已核对名册")
        return None if seen.why_not is None else seen.why_not.code


@pytest.mark.parametrize("moved", [False, True])
def test_checked_again_while_it_waits_for_approval(
    empty_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moved: bool
) -> None:
    monkeypatch.setattr(sealing, "CHUNK", 20)
    firm = make_firm(empty_store, tmp_path / "keys", 45)
    firm.file()
    firm.settle()
    for _ in range(2):
        assert (firm.head().waiting, firm.base.problems()) == ("staff", ["needs_approval"])
        if moved:  # the copy stands elsewhere than at the first look
            firm.core.feed.append(("GR", next(iter(firm.core.states))))
            firm.follow()
        assert act(firm, "case.recheck") is None
        firm.settle()
    assert firm.core.sealed == {}
    assert act(firm, "case.approve") is None
    firm.settle()
    assert firm.core.sealed == dict.fromkeys(firm.core.states, 1)
    assert firm.head().state == "done"
    assert act(firm, "case.approve") == "case_ended"


def test_taken_back_in_the_middle_it_is_cancelled_in_chunks(firm: Firm) -> None:
    firm.file()
    firm.until_given(10)
    firm.go(lambda: len(firm.core.sealed) == 10)
    firm.core.slow = True
    firm.go(lambda: len(firm.live()) == 15)
    with firm.base.store.write() as tx:
        seen = case_acts.KINDS["case.withdraw"].look(cast(Any, None), tx, NUMBER)
    assert (seen.effects[0].code, seen.effects[0].values) == ("case_cancels", {"count": 15})
    assert (seen.stays[0].code, seen.stays[0].values) == ("case_stays_sealed", {"count": 10})
    firm.take_back()
    asked = [row for row in firm.live() if row.cancelling]
    assert len(asked) <= 10
    firm.settle()
    assert firm.core.sealed == dict.fromkeys(list(firm.core.sealed), 1)
    assert len(firm.core.sealed) == 10
    last = firm.told()[-1]
    assert (last.step, last.version) == (Step.WITHDRAWN, 2)
    assert last.text == (
        "应封存 25 户，已封存 10 户，未能封存 15 户；已封存的 10 户不自动启封，须由人办理启封"
    )
    with firm.base.store.read() as view:
        chunks = list(view.scalars(sa.text(
            "SELECT quantity FROM audit_entry WHERE act = 'case.sealing_cancelled' ORDER BY id"
        )))  # fmt: skip
    assert chunks == [10, 5]


def test_taken_back_between_chunks_what_is_sealed_is_said(firm: Firm) -> None:
    firm.file()
    firm.go(lambda: len(firm.core.sealed) == 10 and not firm.live())
    firm.take_back()
    firm.settle()
    assert (firm.head().state, len(firm.core.sealed)) == ("withdrawn", 10)
    assert "已封存的 10 户不自动启封" in firm.told()[-1].text


def test_filed_again_while_it_is_taken_back(firm: Firm) -> None:
    firm.file()
    firm.go(lambda: len(firm.core.sealed) == 10)
    firm.core.slow = True
    firm.go(lambda: len(firm.live()) > 0)
    firm.take_back()
    firm.file()
    firm.core.slow = False
    firm.go(lambda: firm.head().state == "done")
    firm.settle()
    whole(firm)


def test_withdrawn_then_filed_again(firm: Firm) -> None:
    firm.file()
    firm.go(lambda: len(firm.core.sealed) == 10)
    firm.take_back()
    firm.settle()
    firm.file()
    firm.settle()
    assert firm.core.sealed == dict.fromkeys(firm.core.states, 1)
    assert firm.told()[-1].text == "应封存 15 户，已封存 15 户，未能封存 0 户"
    assert firm.head().version == firm.told()[-1].version == 3


def test_another_case_keeps_its_application(firm: Firm) -> None:
    """What another case stands behind is not cancelled, and not waited for."""
    firm.core.slow = True
    firm.file()
    firm.go(lambda: len(firm.live()) == PEOPLE)
    with firm.base.store.write() as tx:
        head = tx.execute(sa.select(t.case)).one()._asdict()
        head |= {"id": head["id"] + 1, "number": "QY2"}
        tx.execute(sa.insert(t.case).values(**head))
        one = firm.live()[0].id
        tx.execute(sa.insert(t.link).values(case_id=head["id"], application_id=one, live=1))
    firm.take_back()
    firm.go(lambda: firm.head().state == "withdrawn")
    assert [row.id for row in firm.live()] == [one]
    assert firm.live()[0].cancelling == 0
