"""One bank refuses, one hangs, one answers garbage: six close, the three follow by themselves."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.conftest import postgres_schema
from tests.demo.kit import outcomes, small, totals, unbalanced
from tests.demo.player import Player
from tests.demo.three_down import (
    ALL,
    DOWN,
    WELL,
    BadDay,
    credited_twice,
    decided,
    quick_contracts,
)

_EACH = 8
"""Agreements per bank; the whole month is ``python -m tests.demo.three_down``."""


@pytest.fixture
def data(month_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HUB_CONTRACTS", str(quick_contracts(tmp_path / "contracts")))
    return small(month_data, tmp_path / "data", _EACH, ALL)


def _closed(player: Player, **acts: object) -> None:
    twice: list[str] = []

    def after(controls: Mapping[str, str]) -> None:
        twice.extend(credited_twice(controls))

    assert player.play(**acts, after=after)  # type: ignore[arg-type]
    assert (totals(player.out)["closed"], unbalanced(totals(player.out)), twice) == (True, [], [])


def test_from_the_first_instruction_on(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On PostgreSQL; undisturbed on SQLite: the outcomes are the same."""
    day = BadDay()
    for url in postgres_schema():
        with monkeypatch.context() as there:
            there.setenv("HUB_DATABASE_URL", url)
            player = Player(data, tmp_path / "down", monkeypatch)
            _closed(player, at_plan=day.fail, look=day.look)
    assert day.closed_early == set(WELL)
    undisturbed = Player(data, tmp_path / "well", monkeypatch)
    _closed(undisturbed)
    assert decided(player.out) == decided(undisturbed.out)
    assert {row["outcome"] for row in outcomes(player.out)} >= {"SUCCEEDED", "SKIPPED"}


def test_from_before_the_due_lists(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The six are as if the three did not exist; the three follow in a wave of their own."""
    day, waves = BadDay(), []
    player = Player(data, tmp_path / "down", monkeypatch)

    def look(running: object, progress: object) -> None:
        waves.append(len(progress.waves))  # type: ignore[attr-defined]
        day.look(running, progress)  # type: ignore[arg-type]

    _closed(player, before=day.fail, look=look)
    assert day.closed_early == set(WELL)
    assert max(waves) >= 2
    alone = Player(data, tmp_path / "alone", monkeypatch, WELL)
    _closed(alone)
    assert decided(player.out, WELL) == decided(alone.out, WELL)
    followed = decided(player.out, tuple(DOWN))
    assert len(followed) == _EACH * len(DOWN)
    assert "UNKNOWN" not in {outcome for outcome, *_ in followed.values()}
