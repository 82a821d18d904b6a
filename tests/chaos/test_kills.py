"""Killed and started again, a month closes by itself, once.  Long form: python -m tests.chaos."""

from dataclasses import replace

import pytest

from tests.chaos.harness import Plan, Ran, demo_run, served_run


def _is_good(ran: Ran) -> None:
    assert ran.verdict.problems == [], [kill.where.label for kill in ran.kills]
    assert ran.audit == ""
    assert ran.verdict.credits > 200  # there was something to lose
    assert ran.verdict.live_holds == 0


def test_a_demo_killed_three_times_closes_with_each_credit_once(own: Plan, url: str) -> None:
    ran = demo_run(own, 1, 3, url)
    _is_good(ran)
    assert ran.kills


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)  # SQLite: the long form
def test_serve_frozen_past_its_leases_while_the_partners_live_on(own: Plan, url: str) -> None:
    # This seed freezes serve first; kills of serve and worker are test_boundaries'.
    ran = served_run(replace(own, seed=11), 1, 1, url)
    _is_good(ran)
    assert [kill.act for kill in ran.kills] == ["freeze serve"]
