"""Killed exactly at each boundary, a month closes by itself, once.

Long form: python -m tests.chaos --boundaries.
"""

import json
from pathlib import Path

import pytest

from tests.chaos import report
from tests.chaos.armed import Armed, Wish, armed_run
from tests.chaos.bad_days import LEFT_OUT, Lived
from tests.chaos.boundaries import (
    CALL_SIDE,
    HUB_SIDE,
    KINDS,
    MEANING,
    MOCK_SIDE,
    Boundary,
    Death,
    Notes,
    Order,
    as_text,
    by_boundary,
    deck,
    deck_of_banks,
    read_orders,
)
from tests.chaos.circumstances import Circumstances
from tests.chaos.harness import Plan
from tests.chaos.suite import Asked, Suite, all_orders


def test_each_boundary_is_hit_and_the_month_closes_with_each_credit_once(
    own: Plan, url: str
) -> None:
    asked = Asked(each=1, mocks=2, restored=0, workers=3 if url else 1, days=False)
    orders = deck(HUB_SIDE, 1, own.seed)
    orders += [
        Order(len(orders) + 1, Boundary.MOCK_BEFORE_COMMIT, "*"),
        Order(len(orders) + 2, Boundary.MOCK_AFTER_COMMIT, "*"),
    ]
    ran = armed_run(own, Wish(1, orders, asked.workers, late_first=True), url)
    suite = Suite(asked, runs=[ran])
    assert ran.verdict.problems == [], ran.deaths
    assert ran.audit == ""
    assert ran.verdict.credits > 200  # there was something to lose
    assert suite.short_of() == [], ran.deaths
    assert suite.good


@pytest.fixture
def notes(tmp_path: Path) -> Notes:
    return Notes(tmp_path / "deaths.jsonl")


def test_a_deck_hits_each_boundary_and_every_kind_of_message() -> None:
    orders = deck(HUB_SIDE, 12, seed=3)
    assert all(sum(o.boundary is one for o in orders) == 12 for one in HUB_SIDE)
    assert set(KINDS) <= {one.kind for one in orders}
    assert len({one.number for one in orders}) == len(orders)
    assert deck(HUB_SIDE, 12, seed=3) == orders
    assert deck(HUB_SIDE, 12, seed=4) != orders
    assert read_orders(as_text(orders)) == orders
    assert {one.boundary for one in deck(MOCK_SIDE, 2, seed=1)} == set(MOCK_SIDE)


def test_the_report_counts_deaths_and_says_what_was_not_reached(notes: Notes) -> None:
    for place, one in enumerate((*HUB_SIDE[:-1], HUB_SIDE[0])):
        notes.add(Death(place + 1, one, "core.hold", 1, "serve"))
    with notes.path.open("a") as file:
        file.write(json.dumps({"settings": {"journal_mode": "wal", "synchronous": "1"}}) + "\n")
    assert by_boundary(notes.deaths())[HUB_SIDE[0]] == 2
    ran = _armed(notes)
    suite = Suite(Asked(each=1, mocks=0, restored=1, days=False), runs=[ran])
    assert suite.short_of() == [
        f"{HUB_SIDE[-1].value}: 0 of 1", "restored: 0 of 1", "synchronous = 1",
    ]  # fmt: skip
    assert not suite.good
    text = report.as_text(suite, _SO)
    assert "FAILED" in text
    assert "power loss" in text
    assert "SQLite 3.51.3" in text
    assert "abc1234567" in text
    assert f"| `{HUB_SIDE[0].value}` | {MEANING[HUB_SIDE[0]]} | 2 | 1 | core.hold 2 |" in text
    assert report.as_data(suite, _SO)["by_boundary"][HUB_SIDE[0].value] == 2


def test_no_two_orders_share_a_number() -> None:
    asked = Asked(each=3, mocks=10, banks=("bank-icbc", "bank-abc"))
    orders = all_orders(asked, seed=1)
    assert len(orders) == 3 * len(HUB_SIDE) + 10 + 8
    assert len({one.number for one in orders}) == len(orders)


def test_of_several_banks_each_must_have_its_instruction_cut(notes: Notes) -> None:
    banks = ("bank-icbc", "bank-abc")
    orders = deck_of_banks(banks)
    for one in orders[:-1]:
        notes.add(Death(one.number, one.boundary, one.kind, 1, "serve", one.partner))
    suite = Suite(Asked(each=0, mocks=0, restored=0, days=False, banks=banks), runs=[_armed(notes)])
    assert f"bank-abc: its instruction never cut at {CALL_SIDE[-1].value}" in suite.short_of()
    assert "| bank-icbc | 1 | 1 | 1 | 1 |" in report.as_text(suite, _SO)
    assert "| bank-abc | 1 | 1 | 1 | 0 |" in report.as_text(suite, _SO)


def test_a_bad_day_that_could_not_be_lived_is_not_passed_over(notes: Notes) -> None:
    left_out = Lived("disk", said=f"{LEFT_OUT}: mounting is not allowed here")
    suite = Suite(Asked(each=0, mocks=0, restored=0), runs=[_armed(notes)], days=[left_out])
    assert "disk: left out: mounting is not allowed here" in suite.short_of()
    assert not suite.good
    assert "FAILED" in report.days_as_text([left_out], _SO)


_SO = Circumstances(
    "2025-10-09 09:00 UTC", "abc1234567", "again", 1, "SQLite 3.51.3", ("ICBC",), 300,
    quick=True, machine="2 cores", filesystem="ext4", python="3.11.0",
)  # fmt: skip


def _armed(notes: Notes) -> Armed:
    return Armed(1, 1, late_batches=1, batches=1, deaths=notes.deaths(), settings=notes.settings())
