"""Two copies of one database beside one checkpoints folder: one of them moves money."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from hub import audit
from hub.app.backups import (
    BackupBroken,
    DatabaseInUse,
    OtherKeys,
    ReplaceNeedsReason,
    TargetInUse,
    last_backup_us,
    read_backup,
    restore_backup,
    take_backup,
)
from hub.app.hub import Hub
from hub.app.sealed_keys import WeakPassphrase, WrongPassphrase
from hub.audit import Seat, SeatTaken, Verdict
from hub.audit.seat import read_inside
from hub.audit.tables import audit_entry
from hub.kernel.secret import Secret
from hub.kernel.settings import Settings
from hub.store import Store
from hub.store.backup import NotEmpty
from hub.store.schema import upgrade
from tests.conftest import postgres_schema


@pytest.fixture
def home(tmp_path: Path, database_url: str) -> Settings:
    """A hub with something in it, on each kind of database."""
    settings = Settings(home=tmp_path / "home", environment="test", database_url=database_url)
    settings.home.mkdir(exist_ok=True)
    with Hub(settings) as hub:
        upgrade(hub.store)
        with hub.store.write() as tx:
            audit.record(tx, act="test.act", actor="test", subject="before")
            hub.vault.seal(tx, "person", "2025-10", b"\x00\xff")
        hub.keeper.stage_end("before")
    return settings


@pytest.fixture
def other_url(database_url: str, tmp_path: Path) -> Iterator[str]:
    """An empty database of the same kind elsewhere."""
    if database_url.startswith("sqlite"):
        yield f"sqlite:///{tmp_path}/other.sqlite"
    else:
        yield from postgres_schema()


def _elsewhere(home: Settings, url: str) -> Settings:
    return home.model_copy(update={"database_url": url})


def _entries(store: Store) -> list[str]:
    with store.read() as view:
        return list(view.scalars(sa.select(audit_entry.c.subject).order_by(audit_entry.c.id)))


def test_a_backup_comes_back_as_it_was(home: Settings, other_url: str, tmp_path: Path) -> None:
    with Hub(home) as hub:
        made = take_backup(hub, tmp_path / "copy")
        before = _entries(hub.store)
        assert last_backup_us(hub) is not None
        assert before[-1] == "store:backup"
        with pytest.raises(TargetInUse):
            take_backup(hub, tmp_path / "copy")
    assert read_backup(tmp_path / "copy") == made
    elsewhere = _elsewhere(home, other_url)
    restore_backup(elsewhere, tmp_path / "copy", replace=False, reason="", passphrase=None)
    with Hub(elsewhere) as hub:
        assert _entries(hub.store) == [*before[:-1], "store:restore"]
        with hub.store.read() as view:
            hub.vault.check(view)
            assert read_inside(view).incarnation == 2
            assert hub.checkpoints.judge(view) is Verdict.RESTORED
        with hub.store.write() as tx:  # numbers go on where they stood
            audit.record(tx, act="test.act", actor="test", subject="after")
    with pytest.raises(NotEmpty):
        restore_backup(elsewhere, tmp_path / "copy", replace=False, reason="", passphrase=None)
    with pytest.raises(ReplaceNeedsReason):
        restore_backup(elsewhere, tmp_path / "copy", replace=True, reason=" ", passphrase=None)
    restore_backup(elsewhere, tmp_path / "copy", replace=True, reason="再来", passphrase=None)
    with Hub(elsewhere) as hub:
        assert _entries(hub.store) == [*before[:-1], "store:restore"]


def test_what_was_altered_is_refused_before_anything_is_touched(
    home: Settings, other_url: str, tmp_path: Path
) -> None:
    with Hub(home) as hub:
        made = take_backup(hub, tmp_path / "copy")
    name = next(iter(made.files))
    with (tmp_path / "copy" / name).open("ab") as file:
        file.write(b"x")
    with pytest.raises(BackupBroken):
        restore_backup(
            _elsewhere(home, other_url), tmp_path / "copy", replace=False, reason="",
            passphrase=None,
        )  # fmt: skip


def test_keys_come_back_by_their_passphrase_alone(
    home: Settings, other_url: str, tmp_path: Path
) -> None:
    with Hub(home) as hub:
        with pytest.raises(WeakPassphrase):
            take_backup(hub, tmp_path / "weak", Secret("short"))
        take_backup(hub, tmp_path / "copy", Secret("a long enough passphrase"))
    bare = _elsewhere(home, other_url).model_copy(update={"keys": tmp_path / "no-keys"})

    def restore(word: str | None) -> None:
        secret = Secret(word) if word else None
        restore_backup(bare, tmp_path / "copy", replace=False, reason="", passphrase=secret)

    with pytest.raises(OtherKeys):
        restore(None)
    with pytest.raises(WrongPassphrase):
        restore("another long passphrase")
    restore("a long enough passphrase")
    with Hub(bare) as hub, hub.store.read() as view:
        hub.vault.check(view)


def test_a_copy_of_the_same_moment_is_refused_while_the_other_beats(
    home: Settings, other_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Hub(home) as first:
        seat = first.checkpoints.seat
        seat.enter(first.store)
        take_backup(first, tmp_path / "copy")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Seat, "moves", lambda *_: True)
            with pytest.raises(DatabaseInUse):
                restore_backup(home, tmp_path / "copy", replace=True, reason="x", passphrase=None)
        elsewhere = _elsewhere(home, other_url)
        restore_backup(elsewhere, tmp_path / "copy", replace=False, reason="", passphrase=None)
        with Hub(elsewhere) as second:
            monkeypatch.setattr(Seat, "moves", lambda *_: True)
            with pytest.raises(SeatTaken):
                second.checkpoints.seat.enter(second.store)
            monkeypatch.setattr(Seat, "moves", lambda *_: False)
            second.checkpoints.seat.enter(second.store)  # nobody beats: this copy sits down
            with first.store.write() as tx:
                assert not first.bus.may_act(tx)
            with second.store.write() as tx:
                assert second.bus.may_act(tx)
            with pytest.raises(SeatTaken):
                seat.beat(first.store)
            with first.store.read() as view:
                assert first.checkpoints.judge(view) is Verdict.OLDER


def test_processes_of_one_database_sit_together(home: Settings) -> None:
    with Hub(home) as one, Hub(home) as two:
        one.checkpoints.seat.enter(one.store)
        two.checkpoints.seat.enter(two.store)
        for hub in (one, two, one, two):
            hub.checkpoints.seat.beat(hub.store)
            for each in (one, two):
                with each.store.write() as tx:
                    assert each.bus.may_act(tx)
