"""What could not be sealed is left to people; a sealing is undone by two, on each database.

What is opened is judged by the core's book.
"""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from hub.app import case_acts
from hub.cases import sealing, unsealing
from hub.cases import tables as t
from hub.cases.unit_tables import case_unsealing
from hub.ports.case import Step
from hub.store import Store
from tests.cases.sealing_kit import NUMBER, Firm, make_firm

PEOPLE = 25


@pytest.fixture
def firm(empty_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Firm:
    monkeypatch.setattr(sealing, "CHUNK", 10)
    monkeypatch.setattr(unsealing, "CHUNK", 10)
    return make_firm(empty_store, tmp_path / "keys", PEOPLE)


def act(firm: Firm, name: str, evidence: str = "") -> str | None:
    """Carried out as its people would, or why not."""
    kind, hub = case_acts.KINDS[name], cast(Any, SimpleNamespace(cases=firm.base.office))
    with firm.base.store.write() as tx:
        seen = kind.look(hub, tx, NUMBER)
        if seen.why_not is not None:
            return seen.why_not.code
        if kind.ask is not None:
            kind.ask(hub, tx, seen, "chen", "登记已撤销", evidence)
            assert kind.look(hub, tx, NUMBER).binding["evidence"] == evidence
        kind.do(hub, tx, seen, "huang", "")
        return None


def figures(firm: Firm, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the preview says happens and stays: code → count."""
    with firm.base.store.read() as view:
        seen = case_acts.KINDS[name].look(cast(Any, None), view, NUMBER)
    said = [{one.code: one.values.get("count") for one in part} for part in
            (seen.effects, seen.stays)]  # fmt: skip
    return said[0], said[1]


def undo(firm: Firm) -> None:
    assert act(firm, "case.unseal", "黔市监函〔2025〕7 号") is None


def accounts(firm: Firm) -> list[str]:
    return sorted(firm.core.states)


# --- some could not be sealed ---


def test_what_could_not_be_sealed_waits_for_people(firm: Firm) -> None:
    firm.core.refuses = set(accounts(firm)[3:6])
    firm.file()
    firm.settle()
    assert (firm.head().state, firm.head().waiting) == ("in_core", "staff")
    assert "sealing_failed" in firm.base.problems()
    assert Step.DONE not in [one.step for one in firm.told()]
    failed = [row for row in firm.base.rows(t.application) if row.reason == "state"]
    assert len(failed) == 3
    assert act(firm, "case.unseal") == "case_not_ended"


def test_ended_as_it_stands_the_reasons_are_told(firm: Firm) -> None:
    firm.core.refuses = set(accounts(firm)[3:6])
    firm.file()
    firm.settle()
    assert act(firm, "case.close") is None
    firm.settle()
    assert firm.told()[-1].step is Step.DONE
    assert firm.told()[-1].text == (
        "应封存 25 户，已封存 22 户，未能封存 3 户（账户状态不允许 3 户）"
    )
    assert firm.base.problems() == []
    assert act(firm, "case.close") == "case_nothing_failed"


def test_tried_again_only_those_that_failed_get_new_numbers(firm: Firm) -> None:
    firm.core.refuses = set(accounts(firm)[:15])  # more than one chunk
    firm.file()
    firm.settle()
    assert figures(firm, "case.retry")[0] == {"case_seals": 15}
    firm.core.refuses = set(accounts(firm)[:2])
    assert act(firm, "case.retry") is None
    firm.settle()
    assert firm.head().waiting == "staff"
    assert figures(firm, "case.retry")[0] == {"case_seals": 2}
    firm.core.refuses = set()
    assert act(firm, "case.retry") is None
    firm.settle()
    assert firm.core.sealed == dict.fromkeys(firm.core.states, 1)
    assert (firm.head().state, firm.told()[-1].text) == (
        "done", f"应封存 {PEOPLE} 户，已封存 {PEOPLE} 户，未能封存 0 户",
    )  # fmt: skip
    tries = [row.try_no for row in firm.base.rows(t.application)]
    assert (tries.count(1), tries.count(2), tries.count(3)) == (25, 15, 2)


def test_a_version_while_people_decide_leaves_it_to_them(firm: Firm) -> None:
    firm.core.refuses = set(accounts(firm)[:1])
    firm.file()
    firm.settle()
    firm.file()
    firm.settle()
    assert (firm.head().waiting, firm.head().version) == ("staff", 2)
    assert act(firm, "case.close") is None
    firm.settle()
    assert (firm.told()[-1].step, firm.told()[-1].version) == (Step.DONE, 2)


def test_taken_back_while_people_decide(firm: Firm) -> None:
    firm.core.refuses = set(accounts(firm)[:1])
    firm.file()
    firm.settle()
    firm.take_back()
    firm.settle()
    assert firm.head().state == "withdrawn"
    assert "已封存的 24 户不自动启封" in firm.told()[-1].text


# --- undone ---


def sealed(firm: Firm) -> None:
    firm.file()
    firm.settle()
    assert firm.head().state == "done"


def test_exactly_what_the_case_sealed_is_opened(firm: Firm) -> None:
    own, counter, since = accounts(firm)[1:], accounts(firm)[0], accounts(firm)[1]
    firm.core.states[counter] = "02"  # at the counter, a moment ago: our copy does not know yet
    sealed(firm)
    assert figures(firm, "case.unseal") == (
        {"case_unseals": 24, "case_platform_told": None}, {"case_sealed_before": 1},
    )  # fmt: skip
    undo(firm)
    firm.settle()
    assert firm.core.unsealed == dict.fromkeys(own, 1)
    assert firm.core.states == {**dict.fromkeys(own, "01"), counter: "02"}
    assert firm.told()[-1].step is Step.UNDONE
    assert firm.told()[-1].text == "应启封 24 户，已启封 24 户，未能启封 0 户"
    assert [one.step for one in firm.told()].count(Step.UNDONE) == 1
    assert firm.head().state == "withdrawn"
    assert act(firm, "case.unseal") == "case_nothing_sealed"
    (row,) = firm.base.rows(case_unsealing)
    assert (row.state, row.ordered_by, row.confirmed_by, row.reason, row.evidence) == (
        "ended", "chen", "huang", "登记已撤销", "黔市监函〔2025〕7 号",
    )  # fmt: skip
    assert since in own


def test_nothing_is_opened_before_the_second_person(firm: Firm) -> None:
    sealed(firm)
    hub = cast(Any, SimpleNamespace(cases=firm.base.office))
    kind = case_acts.KINDS["case.unseal"]
    assert kind.ask is not None
    with firm.base.store.write() as tx:
        kind.ask(hub, tx, kind.look(hub, tx, NUMBER), "chen", "登记已撤销", "文 1")
        kind.ask(hub, tx, kind.look(hub, tx, NUMBER), "chen", "登记已撤销", "文 2")
    firm.settle()
    assert firm.core.unsealed == {}
    assert [row.evidence for row in firm.base.rows(case_unsealing)] == ["文 2"]


def test_a_late_sealing_changes_nothing_and_an_answer_lost_is_asked_for_again(firm: Firm) -> None:
    sealed(firm)
    undo(firm)
    for _ in range(8):
        firm.core.lose = 1
        firm.step()
    firm.settle()
    assert firm.core.unsealed == dict.fromkeys(firm.core.states, 1)


def test_a_slow_core_opens_all_and_is_told_once(firm: Firm) -> None:
    sealed(firm)
    firm.core.slow = True
    undo(firm)
    firm.settle()
    assert firm.base.rows(case_unsealing)[0].given == PEOPLE
    for number in [n for n, one in firm.core.stands.items() if not one.ended]:
        firm.core.finish(number)
    firm.go(lambda: firm.base.rows(case_unsealing)[0].ended_us is not None)
    firm.settle()
    assert firm.core.unsealed == dict.fromkeys(firm.core.states, 1)
    assert [one.step for one in firm.told()].count(Step.UNDONE) == 1


def test_what_could_not_be_opened_waits_for_people(firm: Firm) -> None:
    sealed(firm)
    firm.core.refuses = set(accounts(firm)[:12])
    undo(firm)
    firm.settle()
    assert firm.base.rows(case_unsealing)[0].state == "staff"
    firm.core.refuses = set(accounts(firm)[:2])
    assert figures(firm, "case.retry")[0] == {"case_unseals": 12}
    assert act(firm, "case.retry") is None
    firm.settle()
    assert figures(firm, "case.close")[0] == {"case_leaves_sealed": 2}
    assert act(firm, "case.close") is None
    firm.settle()
    assert firm.told()[-1].text == (
        "应启封 25 户，已启封 23 户，未能启封 2 户（账户状态不允许 2 户）"
    )
    assert sum(firm.core.unsealed.values()) == 23


def test_an_unsealing_that_meets_money_on_hold_says_so_and_goes_on(firm: Firm) -> None:
    sealed(firm)
    firm.core.held = set(accounts(firm)[:1])
    undo(firm)
    for _ in range(12):
        firm.step()
    assert [one.step for one in firm.told()].count(Step.WAITING) == 1
    assert len(firm.core.unsealed) == PEOPLE - 1
    firm.core.held = set()
    firm.settle()
    assert firm.told()[-1].step is Step.UNDONE


def test_filed_again_after_it_was_undone_it_is_sealed_anew(firm: Firm) -> None:
    sealed(firm)
    undo(firm)
    firm.settle()
    firm.file()
    firm.settle()
    assert firm.core.sealed == dict.fromkeys(firm.core.states, 2)
    assert firm.head().state == "done"
    assert firm.told()[-1].text == f"应封存 {PEOPLE} 户，已封存 {PEOPLE} 户，未能封存 0 户"
    assert figures(firm, "case.unseal")[0]["case_unseals"] == PEOPLE


def test_a_withdrawn_case_is_undone_and_filed_again_meanwhile(firm: Firm) -> None:
    firm.file()
    firm.go(lambda: len(firm.core.sealed) == 10 and not firm.live())
    firm.take_back()
    firm.settle()
    undo(firm)
    firm.file()
    assert (firm.head().state, firm.head().waiting) == ("parsed", "cancel")
    firm.settle()
    assert len(firm.core.unsealed) == 10
    steps = [one.step for one in firm.told()]
    assert steps.index(Step.UNDONE) < len(steps) - 1 - steps[::-1].index(Step.CHECKED)
    assert firm.head().state == "done"
    assert firm.core.states == dict.fromkeys(firm.core.states, "02")


# --- slow cores are asked about many at once ---


def test_slow_sealings_are_asked_about_together(firm: Firm) -> None:
    firm.core.slow = True
    firm.file()
    firm.go(lambda: firm.unit().whole)
    firm.core.asked.clear()
    for _ in range(6):
        firm.step()
    assert set(firm.core.asked) == {10, 5}  # one question a chunk
