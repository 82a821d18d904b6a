"""A month under the shared clock, its short form: a few people at each of nine banks, seven days of
the thirty-one.  Every day of it is ``python -m tests.demo.month_clock``."""

import csv
from pathlib import Path

import pytest

from tests.demo.kit import outcomes, small
from tests.demo.month_clock import MonthClock, play
from tests.demo.three_down import ALL

_EACH = 3


def test_the_month_runs_by_the_calendar_and_closes_on_its_last_day(
    month_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = small(month_data, tmp_path / "data", _EACH, ALL)
    agreement, account = _impoverish(month_data, data)
    month = MonthClock(data, tmp_path / "month", poor=account)
    with month.set_up(monkeypatch):
        assert play(month, every_day=False) == []
    (paid,) = [row for row in outcomes(month.out) if row["XYBH"] == agreement]
    assert paid["outcome"] == "SUCCEEDED"


def _impoverish(whole: Path, data: Path) -> tuple[str, str]:
    """Somebody who would be paid has nothing at first: agreement and account."""
    good = {
        r["XYBH"] for r in outcomes(whole, "expected-outcomes.csv") if r["outcome"] == "SUCCEEDED"
    }
    mine = [r for r in outcomes(data, "agreements.csv") if r["XYBH"] in good]
    one = next(r for r in mine if not r["GTJKRGJJZH"] and r["YHJC"] == "GYB")
    people = outcomes(data, "persons.csv")
    for row in people:
        if row["GRZH"] == one["JKRGJJZH"]:
            row["GRZHYE"] = "0.01"
    with (data / "persons.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(people[0]))
        writer.writeheader()
        writer.writerows(people)
    return one["XYBH"], one["JKRGJJZH"]
