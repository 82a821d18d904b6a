"""The short form of ``python -m tests.outages``: two outages with kills, on each database."""

from pathlib import Path

from tests.outages.script import MINUTE_US, play


def test_each_outage_is_told_once_and_ended_once_whatever_is_killed(
    database_url: str, tmp_path: Path
) -> None:
    told = play(tmp_path, database_url, outages=2, seed=4)
    assert told.flaws == []
    assert told.kills >= 2
    assert told.slowest_us <= 2 * MINUTE_US
