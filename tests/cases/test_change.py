"""单位信息变更 field by field, on each database; judged by the core's log of what was changed."""

from datetime import timedelta
from pathlib import Path

import pytest

from hub.cases.field_tables import case_field
from hub.ports.case import Step
from hub.store import Store
from tests.cases.books import NOON
from tests.cases.change_kit import NUMBER, ONE, OTHER, TWO, Firm, make_firm


@pytest.fixture
def firm(empty_store: Store, tmp_path: Path) -> Firm:
    return make_firm(empty_store, tmp_path / "keys")


def test_what_the_core_still_holds_is_changed_and_the_rest_is_said(firm: Firm) -> None:
    firm.core.put(ONE, "address", "新路 1 号")
    firm.file(name="新名", address="新路 1 号", capital="500.00")
    firm.settle()
    assert firm.core.log == [(ONE, "DWMC", "都匀样例有限公司", "新名")]
    assert firm.head().state == "done"
    last = firm.told()[-1]
    assert (last.step, last.text) == (Step.DONE, "已变更 1 项，不须变更 2 项")
    assert last.lacking == (
        "企业名称：已变更", "住所：核心已是变更后的值", "注册资本：中心不登记这一项",
    )  # fmt: skip


def test_a_third_value_waits_for_a_person_who_takes_or_keeps(firm: Firm) -> None:
    firm.core.put(ONE, "name", "第三名")
    firm.core.put(ONE, "legal_person", "陆二")
    firm.file(name="新名", legal_person="韦青山", address="新路 1 号")
    firm.settle()
    assert (firm.head().waiting, firm.core.log) == ("staff", [])
    assert firm.base.problems() == ["field_conflict"]
    assert firm.decide("address", "case.field_take") == "case_field_waits_not"
    assert firm.decide("name", "case.field_take") is None
    firm.settle()
    assert firm.core.log == []  # not before every field is decided
    assert firm.decide("legal_person", "case.field_keep") is None
    firm.settle()
    assert firm.core.log == [(ONE, "DWMC", "第三名", "新名"), (ONE, "DWDZ", "都匀市", "新路 1 号")]
    assert firm.fields() == {"name": "changed", "legal_person": "kept", "address": "changed"}
    assert firm.base.problems() == []


def test_a_value_that_changes_under_the_command_is_compared_anew(firm: Firm) -> None:
    firm.core.slow = True
    firm.file(name="新名", address="新路 1 号")
    while not firm.core.open():
        firm.step()
    firm.core.put(ONE, "name", "第三名")
    firm.core.finish(firm.core.open()[0])
    firm.core.slow = False
    for _ in range(8):
        firm.step()
    assert (firm.head().waiting, firm.core.log) == ("staff", [])
    assert firm.fields() == {"name": "conflict", "address": "change"}
    assert firm.decide("name", "case.field_keep") is None
    firm.settle()
    assert firm.core.log == [(ONE, "DWDZ", "都匀市", "新路 1 号")]
    assert firm.head().state == "done"


def test_a_lost_answer_changes_once(firm: Firm) -> None:
    firm.core.lose = 2
    firm.file(name="新名")
    firm.settle()
    assert (len(firm.core.log), firm.head().state) == (1, "done")


def test_a_firm_not_opened_here_has_nothing_to_change(firm: Firm) -> None:
    firm.file(uscc=OTHER, name="新名")
    firm.settle()
    assert firm.head().state == "done"
    assert firm.told()[-1].text == "本中心没有以该统一社会信用代码开户的单位，无须变更"


def test_a_unit_opened_a_moment_ago_is_found(firm: Firm) -> None:
    """The copy is asked for anew before a firm is said not to be here."""
    firm.base.clock.moment = NOON + timedelta(minutes=2)  # after the copy was last whole
    firm.core.units[TWO] = firm.core.units[ONE] | {"DWZH": TWO, "ZZJGDM": OTHER}
    firm.core.feed.append(TWO)
    firm.file(uscc=OTHER, name="新名")
    firm.settle()
    assert firm.core.log == [(TWO, "DWMC", "都匀样例有限公司", "新名")]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"uscc": "91522700MA0000097D", "name": "新名"}, "bad_uscc"),
        ({}, "no_change"),
        ({"name": ""}, "bad_field"),
        ({"legal_id_number": "522701196501016660"}, "bad_field"),
    ],
)
def test_what_cannot_be_is_sent_back(firm: Firm, said: dict[str, str], code: str) -> None:
    firm.file(**said)
    firm.settle()
    assert (firm.base.problems(), firm.head().waiting) == ([code], "materials")
    firm.file(name="新名")
    firm.settle()
    assert (len(firm.core.log), firm.head().state) == (1, "done")


def test_a_higher_version_over_what_the_older_one_has_changed(firm: Firm) -> None:
    firm.core.slow = True
    firm.file(name="新名")
    while not firm.core.open():
        firm.step()
    firm.core.finish(firm.core.open()[0])  # the hub has not heard of it
    firm.core.slow = False
    firm.file(name="更新名")
    firm.settle()
    for _ in range(8):
        firm.step()
    names = [(old, new) for _, _, old, new in firm.core.log]
    assert names == [("都匀样例有限公司", "新名"), ("新名", "更新名")]
    assert (firm.head().state, firm.told()[-1].version) == ("done", 2)


def test_taken_back_before_and_after(firm: Firm) -> None:
    firm.core.slow = True
    firm.file(name="新名")
    while not firm.core.open():
        firm.step()
    firm.take_back()
    firm.settle()
    assert (firm.head().state, firm.core.log) == ("withdrawn", [])
    firm.file(name="新名")
    while not firm.core.open():
        firm.step()
    firm.core.finish(firm.core.open()[0])
    firm.take_back()
    firm.settle()
    for _ in range(8):
        firm.step()
    assert (firm.head().state, len(firm.core.log)) == ("withdrawn", 1)
    assert firm.told()[-1].text == "已撤回；已变更的 1 项不自动改回"


def test_every_unit_of_a_firm_for_itself(empty_store: Store, tmp_path: Path) -> None:
    firm = make_firm(empty_store, tmp_path / "keys", (ONE, TWO))
    firm.file(name="新名")
    firm.settle()
    assert sorted(unit for unit, *_ in firm.core.log) == [ONE, TWO]
    assert len(firm.told()[-1].lacking) == 2


def test_two_cases_about_one_field_do_not_overwrite_each_other(firm: Firm) -> None:
    firm.file(name="新名")
    firm.file("BG2", name="别名")
    firm.settle()
    assert len(firm.core.log) == 1
    states = {firm.head(NUMBER).waiting, firm.head("BG2").waiting}
    assert states == {"", "staff"}


def test_the_core_that_refuses(firm: Firm) -> None:
    firm.core.refuses = True
    firm.file(name="新名")
    firm.settle()
    assert (firm.head().state, firm.fields()) == ("failed", {"name": "refused"})


def test_nothing_of_it_stands_in_clear(firm: Firm) -> None:
    firm.file(
        legal_person="韦青山",
        before_legal_id_number="522701196501016661",
        legal_id_number="522700197606060002",
    )
    firm.settle()
    assert firm.fields() == {"legal_person": "changed", "legal_id_number": "changed"}
    said = repr([tuple(row) for row in firm.base.rows(case_field)])
    assert not any(one in said for one in ("韦青山", "522700197606060002", "522701196501016661"))
