"""Older copies restored and released, told apart from a chain that was written anew.

Both verifiers judge each case and must say the same.
"""

from pathlib import Path

import pytest
import sqlalchemy as sa

from hub.audit import Checkpoints, Keeper, Sealer
from hub.audit.tables import store_identity
from hub.store import Store
from tests.audit.attacks import Scene
from tests.audit.conftest import Enter
from tests.audit.test_checkpoints import Backup, verdict


class Life:
    """A database that goes on, is copied, and is put back to copies of it."""

    def __init__(self, store: Store, checkpoints: Checkpoints, enter: Enter, place: Path) -> None:
        self.scene = Scene(store, checkpoints, place)
        self.keeper, self.enter, self.place, self.copies = (
            Keeper(store, checkpoints), enter, place, 0,
        )  # fmt: skip

    def stages(self, *counts: int) -> None:
        """So many entries before each of the next checkpoints."""
        for count in counts:
            self.enter(count)
            assert self.keeper.stage_end("stage").checkpoint is not None

    def copy(self) -> Backup:
        self.copies += 1
        folder = self.place / f"copy-{self.copies}"
        folder.mkdir()
        return Backup(self.scene.store, folder)

    def back_to(self, copy: Backup, entries: int, judged: str = "older") -> None:
        """Restored; so many entries are written and sealed before two people release it."""
        copy.restore()
        assert verdict(self.scene.store, self.scene.checkpoints) == judged
        self.enter(entries)
        Sealer(self.scene.store).seal()

    def release(self) -> None:
        self.scene.checkpoints.accept(self.scene.store, by="zhang,li", why="reconciled")
        assert verdict(self.scene.store, self.scene.checkpoints) == "current"


@pytest.fixture
def life(store: Store, checkpoints: Checkpoints, enter: Enter, tmp_path: Path) -> Life:
    return Life(store, checkpoints, enter, tmp_path)


@pytest.mark.parametrize("entries", [0, 4, 15, 40])
def test_what_it_wrote_before_its_release_is_no_rewriting(life: Life, entries: int) -> None:
    """Fewer than were lost, as many as one lost checkpoint saw, and more than all of them saw."""
    life.stages(10)
    copy = life.copy()
    life.stages(10, 10)
    life.back_to(copy, entries)
    life.release()
    life.stages(5)
    assert life.scene.findings() == ()
    report = life.scene.report()
    assert report.lost == ((11, 30),)
    (restore,) = report.restores
    assert (restore.line, restore.base, restore.superseded) == (4, 1, (2, 3))
    assert "lost by an accepted restore 11-30：检查点 checkpoints 2-3，放行 released zhang,li" in (
        report.text()
    )
    assert "11 to 30 lost by an accepted restore: zhang,li: reconciled" in life.scene.said


def test_a_copy_from_before_the_first_checkpoint(life: Life) -> None:
    life.enter(3)
    Sealer(life.scene.store).seal()
    copy = life.copy()
    life.stages(10, 10)
    life.back_to(copy, 12)
    life.release()
    assert life.scene.findings() == ()
    assert life.scene.report().lost == ((1, 23),)


@pytest.mark.parametrize("before", [0, 10])
def test_a_copy_whose_newest_line_never_got_out(life: Life, before: int) -> None:
    """Killed between the mark in the database and the line outside, then copied."""
    if before:
        life.stages(before)
    life.enter(3)
    Sealer(life.scene.store).seal()
    with life.scene.store.write() as tx:
        former = tx.execute(sa.select(store_identity)).one()
        tx.execute(sa.update(store_identity).values(mark="f" * 16, former_mark="e" * 16))
    copy = life.copy()
    with life.scene.store.write() as tx:
        tx.execute(
            sa.update(store_identity).values(mark=former.mark, former_mark=former.former_mark)
        )
    life.stages(10, 10)
    life.back_to(copy, 12, judged="foreign")
    life.release()
    life.stages(5)
    assert life.scene.findings() == ()
    assert [one.base for one in life.scene.report().restores] == [1 if before else 0]


def test_two_restores_and_then_a_copy_of_the_future_that_was_lost(life: Life) -> None:
    life.stages(10)
    first = life.copy()
    life.stages(10)
    lost = life.copy()
    life.stages(10)
    life.back_to(first, 17)
    life.release()
    life.stages(20)
    life.back_to(first, 30)
    life.release()
    assert life.scene.findings() == ()
    assert [one.base for one in life.scene.report().restores] == [1, 1]
    life.back_to(lost, 6)  # what its checkpoint saw counts again
    life.release()
    life.stages(3)
    assert life.scene.findings() == ()
    assert life.scene.report().restores[-1].base == 2
    life.scene.sql("UPDATE audit_entry SET fen = 1 WHERE seq = 15")
    life.scene.rechain(15)
    assert life.scene.findings() == ("rewritten",)


@pytest.mark.parametrize("when", ["hub.audit.lines.append", "hub.audit.sealing.Sealer.seal"])
def test_killed_while_it_is_released(
    life: Life, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """It is as old as it was, and two people release it once more."""

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    life.stages(10)
    copy = life.copy()
    life.stages(10, 10)
    life.back_to(copy, 15)
    with monkeypatch.context() as patch:
        patch.setattr(when, killed)
        with pytest.raises(KeyboardInterrupt):
            life.release()
    assert verdict(life.scene.store, life.scene.checkpoints) == "older"
    life.release()
    life.stages(5)
    assert life.scene.findings() == ()
    assert life.scene.report().lost == ((11, 30),)


@pytest.mark.parametrize("first", [5, 22, 28])
def test_a_rewriting_before_and_after_is_still_told(life: Life, first: int) -> None:
    life.stages(10)
    copy = life.copy()
    life.stages(10, 10)
    life.back_to(copy, 15)
    life.release()
    life.stages(5)
    life.scene.sql("UPDATE audit_entry SET fen = 1 WHERE seq = :first", first=first)
    life.scene.rechain(first)
    assert life.scene.findings() == ("rewritten",)


def test_the_entry_that_explains_it_cannot_be_taken_away(life: Life) -> None:
    life.stages(10)
    copy = life.copy()
    life.stages(10, 10)
    life.back_to(copy, 15)
    life.release()
    life.scene.sql("UPDATE audit_entry SET act = 'x' WHERE act = 'store.accept_restored'")
    assert life.scene.findings() == ("altered", "rewritten")
