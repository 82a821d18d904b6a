"""The short form of ``python -m tests.cases.sealing``: one firm, one kill -9 in its middle."""

from pathlib import Path

from tests.cases.sealing import play

PEOPLE = 220  # what must be approved, in three chunks


def test_a_firm_is_sealed_once_and_told_once_though_the_process_dies(tmp_path: Path) -> None:
    told = play(tmp_path, PEOPLE, 1, "", seed=1)
    assert told.flaws == []
    assert len(told.kills) == 1
