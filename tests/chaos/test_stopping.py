"""Stopped in the middle of queued instructions.  Long form: python -m tests.chaos.stopping."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.chaos.harness import Plan
from tests.chaos.places import quick_contracts, small_batches
from tests.chaos.stopping import Stopping, problems


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)  # SQLite: the long form
def test_nothing_arrives_after_the_switch_but_what_was_in_flight(
    own: Plan, url: str, tmp_path: Path
) -> None:
    contracts = small_batches(quick_contracts(tmp_path / "contracts"), 2)
    told = Stopping(replace(own, contracts=contracts), 3 if url else 1, url).run()
    assert problems(told) == [], told
    assert told.queued > 100
