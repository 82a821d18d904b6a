"""The short form: no defect is stale, the quickest are caught.  All: python -m tests.defects."""

import re
from pathlib import Path

import pytest

from tests.defects.copies import StaleError, check_fresh, copy_tree, plant
from tests.defects.planted import DEFECTS
from tests.defects.registry import Catch, Defect, Edit, day
from tests.defects.trial import Court, Verdict, judge

_QUICK = [defect for defect in DEFECTS if defect.ci]


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_the_text_it_replaces_stands_there_once(defect: Defect) -> None:
    for edit in defect.edits:
        check_fresh(edit)
    for catch in defect.catches:
        re.compile(catch.case)
        re.compile(catch.says)


def test_every_defect_has_a_name_of_its_own() -> None:
    names = [defect.name for defect in DEFECTS]
    assert len(names) == len(set(names))
    assert all(defect.catches for defect in DEFECTS)


@pytest.fixture(scope="session")
def court(tmp_path_factory: pytest.TempPathFactory) -> Court:
    return Court(tmp_path_factory.mktemp("defects"))


@pytest.mark.parametrize("defect", _QUICK, ids=lambda defect: defect.name)
def test_a_quick_one_is_caught(defect: Defect, court: Court) -> None:
    for row in court.try_defect(defect):
        assert row.verdict is Verdict.CAUGHT, row
        assert row.processes > 0


def test_a_harmless_change_is_not_caught(court: Court) -> None:
    """What a trial says when nothing turns red: the suite can say no."""
    (quick,) = (defect for defect in _QUICK if defect.name == "checkpoint_signature_unchecked")
    (edit,) = quick.edits
    same = Edit(edit.file, edit.old, edit.old + "\n")
    (row,) = court.try_defect(Defect("harmless", "", (same,), quick.catches))
    assert row.verdict is Verdict.MISSED


def test_what_the_code_does_not_say_is_stale(tmp_path: Path) -> None:
    lost = Edit("hub/__init__.py", "no such text", "x")
    stale = Defect("stale", "", (lost,), _QUICK[0].catches)
    with pytest.raises(StaleError, match="0 times"):
        plant(copy_tree(tmp_path / "tree"), stale)
    (row, *_) = Court(tmp_path).try_defect(stale)
    assert row.verdict is Verdict.STALE


@pytest.mark.parametrize(
    ("red", "verdict"),
    [
        ({}, Verdict.MISSED),
        ({"a day": "a loan paid twice: 1"}, Verdict.CAUGHT),
        ({"a day": "something else"}, Verdict.ELSEWHERE),
        ({"another": "a loan paid twice: 1"}, Verdict.ELSEWHERE),
        ({"another": "x", "a day": "a loan paid twice: 1"}, Verdict.CAUGHT),
    ],
)
def test_the_right_case_must_say_the_right_thing(red: dict[str, str], verdict: Verdict) -> None:
    assert judge(Catch(day("a day"), "a day", "a loan paid twice"), red)[0] is verdict
