"""Checkpoints: when they are written, and what they tell of a database at its start."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from hub.audit import (
    CheckpointFailed,
    Checkpoints,
    Keeper,
    Sealer,
    StoreNotCurrent,
    read_log,
    verify,
)
from hub.audit.checkpoints import EVERY_S
from hub.audit.tables import audit_entry
from hub.kernel.clocks import monotonic
from hub.kernel.errors import Refused
from hub.store import Store, metadata, sqlite_library
from tests.audit.attacks import KEY
from tests.audit.conftest import TABLES, Enter


@pytest.fixture
def checkpoints(folder: Path) -> Checkpoints:
    return Checkpoints(folder, KEY)


@pytest.fixture
def keeper(store: Store, checkpoints: Checkpoints) -> Keeper:
    return Keeper(store, checkpoints)


def verdict(store: Store, checkpoints: Checkpoints) -> str:
    with store.read() as tx:
        return str(checkpoints.judge(tx))


def findings(store: Store, checkpoints: Checkpoints) -> tuple[str, ...]:
    with store.read() as tx:
        return verify(tx, checkpoints.log(), KEY.public).findings()


class Backup:
    """A real backup of a database, and its restoring in place."""

    def __init__(self, store: Store, tmp_path: Path) -> None:
        self.url, self.store, self.file = make_url(store.url), store, tmp_path / "backup"
        if store.is_sqlite:
            module = sqlite_library().module
            source, target = (module.connect(str(p)) for p in (self.url.database, self.file))
            source.backup(target)
            source.close()
            target.close()
            return
        self.kept: dict[str, list[dict[str, object]]] = {}
        with store.read() as tx:
            for table in TABLES:
                self.kept[table.name] = [dict(r._mapping) for r in tx.execute(sa.select(table))]

    def restore(self) -> Store:
        if self.store.is_sqlite:
            path = Path(str(self.url.database))
            self.store.close()
            for extra in ("-wal", "-shm"):
                path.with_name(path.name + extra).unlink(missing_ok=True)
            shutil.copy(self.file, path)
            return self.store
        with self.store.write() as tx:
            for table in TABLES:
                tx.execute(sa.delete(table))
                if self.kept[table.name]:
                    tx.execute(sa.insert(table), self.kept[table.name])
        return self.store


class TestWriting:
    def test_a_line_names_the_head_and_is_signed(
        self, store: Store, checkpoints: Checkpoints, enter: Enter, folder: Path
    ) -> None:
        enter(4)
        Sealer(store).seal(3)
        written = checkpoints.write(store, "planned")
        assert written is not None
        assert (written.seq, written.unsealed, written.note) == (3, 1, "planned")
        with store.read() as tx:
            query = sa.select(audit_entry.c.chain).where(audit_entry.c.seq == 3)
            assert written.chain == tx.execute(query).scalar_one()
        (path,) = folder.glob("checkpoints-*.jsonl")
        (line,) = path.read_bytes().splitlines()
        assert json.loads(line)["signature"] == written.signature
        assert written.signed_by(KEY.public)
        assert checkpoints.last() == written

    def test_nothing_new_is_no_new_line(
        self, store: Store, checkpoints: Checkpoints, enter: Enter
    ) -> None:
        assert checkpoints.write(store) is None
        enter(1)
        Sealer(store).seal()
        assert checkpoints.write(store) is not None
        assert checkpoints.write(store) is None
        assert len(checkpoints.log().lines) == 1

    def test_lines_are_linked(self, store: Store, keeper: Keeper, enter: Enter) -> None:
        for stage in ("planned", "held", "instructed"):
            enter(2)
            keeper.stage_end(stage)
        log = keeper.checkpoints.log()
        assert log.faults == []
        assert [(line.number, line.seq, line.note) for line in log.lines] == [
            (1, 2, "planned"), (2, 4, "held"), (3, 6, "instructed"),
        ]  # fmt: skip
        assert [line.former for line in log.lines[1:]] == [line.mark for line in log.lines[:-1]]

    def test_a_line_cut_short_by_a_crash_counts_as_never_written(
        self, store: Store, keeper: Keeper, enter: Enter, folder: Path
    ) -> None:
        for stage in ("one", "two"):
            enter(1)
            keeper.stage_end(stage)
        (path,) = folder.glob("*.jsonl")
        path.write_bytes(path.read_bytes()[:-20])
        assert verdict(store, keeper.checkpoints) == "current"
        assert keeper.checkpoints.last() == keeper.checkpoints.log().last
        enter(1)
        keeper.stage_end("three")
        log = keeper.checkpoints.log()
        assert ([line.note for line in log.lines], log.faults) == (["one", "three"], [])
        assert findings(store, keeper.checkpoints) == ()

    def test_a_crash_before_the_line_leaves_the_database_current(
        self, store: Store, keeper: Keeper, enter: Enter, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def crash(*_: object) -> None:
            raise KeyboardInterrupt

        enter(1)
        keeper.stage_end("one")
        for _ in range(3):
            enter(1)
            with monkeypatch.context() as patch:
                patch.setattr("hub.audit.lines.append", crash)
                with pytest.raises(KeyboardInterrupt):
                    keeper.stage_end("lost")
            assert verdict(store, keeper.checkpoints) == "current"
        assert findings(store, keeper.checkpoints) == ()
        keeper.stage_end("two")
        assert [line.note for line in keeper.checkpoints.log().lines] == ["one", "two"]

    def test_processes_take_turns(
        self, store: Store, folder: Path, enter: Enter, database_url: str
    ) -> None:
        def keep(_: int) -> None:
            mine = Store(database_url)
            keeper = Keeper(mine, Checkpoints(folder, KEY))
            for _ in range(5):
                enter(2)
                keeper.stage_end("x")
            mine.close()

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(keep, range(4)))
        log = read_log(folder)
        assert log.faults == []
        assert log.last is not None
        assert log.last.seq == 40
        assert findings(store, Checkpoints(folder, KEY)) == ()


class TestKeeping:
    def test_a_checkpoint_every_few_seconds_while_entries_come(
        self, store: Store, keeper: Keeper, enter: Enter
    ) -> None:
        assert EVERY_S < 10
        enter(1)
        now = monotonic()
        assert keeper.tick(now).checkpoint is not None
        enter(3)
        soon = keeper.tick(monotonic() + EVERY_S - 1)
        assert (soon.sealed, soon.checkpoint) == (3, None)
        later = keeper.tick(monotonic() + EVERY_S + 0.1).checkpoint
        assert later is not None
        assert later.seq == 4

    def test_a_folder_that_cannot_be_written_is_trouble_and_no_stop(
        self, store: Store, folder: Path, enter: Enter
    ) -> None:
        folder.write_text("a file stands where the folder should be")
        keeper = Keeper(store, Checkpoints(folder, KEY))
        enter(2)
        kept = keeper.tick(monotonic())
        assert (kept.sealed, kept.checkpoint) == (2, None)
        assert isinstance(keeper.trouble, CheckpointFailed)
        folder.unlink()
        assert keeper.tick(monotonic()).checkpoint is not None
        assert keeper.trouble is None


class TestJudging:
    def test_fresh_then_current(self, store: Store, keeper: Keeper, enter: Enter) -> None:
        assert verdict(store, keeper.checkpoints) == "fresh"
        enter(1)
        keeper.stage_end("one")
        assert verdict(store, keeper.checkpoints) == "current"

    def test_a_restored_backup_is_older(
        self, store: Store, keeper: Keeper, enter: Enter, tmp_path: Path
    ) -> None:
        enter(5)
        keeper.stage_end("one")
        backup = Backup(store, tmp_path)
        enter(5)
        keeper.stage_end("two")
        enter(5)
        keeper.stage_end("three")
        restored = backup.restore()
        assert verdict(restored, keeper.checkpoints) == "older"
        assert findings(restored, keeper.checkpoints) == ("older",)
        enter(2)
        kept = keeper.tick(monotonic() + EVERY_S + 1)
        assert (kept.sealed, kept.checkpoint) == (2, None)
        assert isinstance(keeper.trouble, StoreNotCurrent)

    def test_a_backup_from_before_the_first_checkpoint_is_older(
        self, store: Store, keeper: Keeper, enter: Enter, tmp_path: Path
    ) -> None:
        enter(5)
        Sealer(store).seal()
        backup = Backup(store, tmp_path)
        keeper.stage_end("one")
        restored = backup.restore()
        assert verdict(restored, keeper.checkpoints) == "older"
        assert findings(restored, keeper.checkpoints) == ("older",)

    def test_a_clone_is_older_as_soon_as_the_other_goes_on(
        self, store: Store, keeper: Keeper, enter: Enter, tmp_path: Path
    ) -> None:
        enter(5)
        keeper.stage_end("one")
        clone = Backup(store, tmp_path)
        enter(1)
        keeper.stage_end("two")
        assert verdict(clone.restore(), keeper.checkpoints) == "older"

    def test_an_accepted_restore_goes_on_and_stays_visible(
        self, store: Store, keeper: Keeper, enter: Enter, tmp_path: Path
    ) -> None:
        enter(5)
        keeper.stage_end("one")
        backup = Backup(store, tmp_path)
        enter(7)
        keeper.stage_end("two")
        backup.restore()
        enter(3)
        Sealer(store).seal()
        keeper.checkpoints.accept(store, by="zhang + li", why="disk lost, reconciled clean")
        assert verdict(store, keeper.checkpoints) == "current"
        enter(20)
        assert keeper.stage_end("three").checkpoint is not None
        with store.read() as tx:
            report = verify(tx, keeper.checkpoints.log(), KEY.public)
        assert report.good
        assert report.lost == ((6, 12),)  # what no line is left to vouch for
        with store.read() as tx:
            query = sa.select(audit_entry.c.actor).where(
                audit_entry.c.act == "store.accept_restored"
            )
            assert tx.execute(query).scalar_one() == "zhang + li"

    def test_there_is_nothing_to_accept_in_a_current_database(
        self, store: Store, keeper: Keeper, enter: Enter
    ) -> None:
        enter(1)
        keeper.stage_end("one")
        with pytest.raises(Refused, match="nothing to accept"):
            keeper.checkpoints.accept(store, by="a", why="b")
        with store.read() as tx:
            count = tx.execute(sa.select(sa.func.count()).select_from(audit_entry)).scalar_one()
        assert count == 1

    def test_another_databases_checkpoints_are_foreign(
        self, store: Store, keeper: Keeper, enter: Enter, tmp_path: Path
    ) -> None:
        enter(1)
        keeper.stage_end("one")
        other = Store(f"sqlite:///{tmp_path}/other.sqlite")
        metadata.create_all(other.engine, tables=TABLES)
        assert verdict(other, keeper.checkpoints) == "foreign"
        Keeper(other, Checkpoints(tmp_path / "elsewhere", KEY)).stage_end("x")
        with pytest.raises(StoreNotCurrent):
            keeper.checkpoints.write(other)
        with pytest.raises(StoreNotCurrent, match="another database"):
            keeper.checkpoints.accept(other, by="a", why="b")
        assert findings(other, keeper.checkpoints) == ("foreign",)
        other.close()

    def test_checkpoints_that_are_gone_make_it_foreign_until_accepted(
        self, store: Store, keeper: Keeper, enter: Enter, folder: Path
    ) -> None:
        for stage in ("one", "two"):
            enter(1)
            keeper.stage_end(stage)
        shutil.rmtree(folder)
        assert verdict(store, keeper.checkpoints) == "foreign"
        assert findings(store, keeper.checkpoints) == ("foreign",)
        keeper.checkpoints.accept(store, by="a + b", why="the disk of the checkpoints is new")
        assert verdict(store, keeper.checkpoints) == "current"
