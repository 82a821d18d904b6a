"""A restored or foreign database never starts paying: every channel is stopped at the start."""

import shutil
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa

from hub import audit
from hub.app import acts, alone, standing
from hub.app.alone import AnotherProcess
from hub.app.assembly import open_hub, start_engine
from hub.app.discover import discover
from hub.app.hub import Hub
from hub.app.steps import confirm, refuse
from hub.audit import Verdict
from hub.bus.tables import channel
from hub.bus.values import WrongState
from hub.kernel.secret import Secret
from hub.kernel.settings import Settings
from hub.offset.restore_tables import restoration
from hub.people import Party, Role
from hub.store.engine import SqliteLibrary
from hub.store.vault import VaultLocked
from hub.web.desk import StoreDesk
from hub.web.desk.watch import troubles

MONEY = {
    name
    for name, found in discover(Settings(home=Path("nowhere"))).items()
    if found.contract.endpoints
}
"""Every channel may move money or accounts; who only asks us has none."""


def _checkpoint(hub: Hub, note: str) -> None:
    with hub.store.write() as tx:
        audit.record(tx, act="test.act", actor="test", subject=note)
    hub.keeper.stage_end(note)


def _copy(home: Settings, to: Path) -> None:
    with sqlite3.connect(home.home / "hub.sqlite") as live, sqlite3.connect(to) as copy:
        live.backup(copy)
    live.close()
    copy.close()


def _stopped(hub: Hub) -> dict[str, str]:
    with hub.store.read() as view:
        rows = view.execute(sa.select(channel).where(channel.c.stopped == 1))
        return {row.interface: row.stopped_by for row in rows}


def _people(hub: Hub) -> dict[str, Secret]:
    with hub.store.write() as tx:
        first = hub.people.add(
            tx, login="wang", name="王静", party=Party.CENTRE, roles=[Role.HANDLER], by=None
        )
    by = hub.people.authenticate(first)
    with hub.store.write() as tx:
        second = hub.people.add(
            tx, login="li", name="李建国", party=Party.CENTRE, roles=[Role.APPROVER], by=by
        )
    return {"wang": first, "li": second}


def _restore(home: Settings, backup: Path) -> None:
    for old in home.home.glob("hub.sqlite*"):
        old.unlink()
    shutil.copyfile(backup, home.home / "hub.sqlite")


@pytest.fixture
def tokens(home: Settings, tmp_path: Path) -> dict[str, Secret]:
    """Two people, a checkpoint, a backup, and a later checkpoint the backup knows nothing of."""
    with open_hub(home) as hub:
        tokens = _people(hub)
        _checkpoint(hub, "before")
        _copy(home, tmp_path / "backup.sqlite")
        _checkpoint(hub, "after")
    return tokens


def test_a_database_that_is_its_own_begins_freely(home: Settings, tokens: object) -> None:
    with open_hub(home) as hub:
        engine = start_engine(hub)
        engine.stop()
        assert _stopped(hub) == {}
        assert standing.read_standing(hub).verdict is Verdict.CURRENT


def test_a_restored_one_begins_stopped_until_two_release_it(
    home: Settings, tokens: dict[str, Secret], tmp_path: Path
) -> None:
    _restore(home, tmp_path / "backup.sqlite")
    with open_hub(home) as hub:
        hub_stop_by_person(hub)
        engine = start_engine(hub)
        try:
            by_the_hub = dict.fromkeys(MONEY - {"bank-icbc"}, standing.STOPPED_BY)
            assert _stopped(hub) == {"bank-icbc": "wang", **by_the_hub}
            (alert,) = troubles(hub, standing.read_standing(hub))
            assert (alert.kind, alert.money) == ("store_not_current", True)

            with pytest.raises(WrongState, match="store_not_current"):
                acts.order(hub, tokens["wang"], "channel.resume", "core-reference", "再开")

            with pytest.raises(standing.NotClean):  # its partners have not answered
                standing.ask_release(hub, tokens["wang"], "未核对就想放行")
            _all_is_clean(hub)
            asked = standing.ask_release(hub, tokens["wang"], "已与银行、核心逐笔核对")
            with pytest.raises(Exception, match="wang"):
                confirm(hub, tokens["wang"], asked)
            confirm(hub, tokens["li"], asked, "同意放行")
            assert _stopped(hub) == {"bank-icbc": "wang"}  # a person's stop stays
            assert standing.read_standing(hub).good
            with pytest.raises(standing.NothingToRelease):
                standing.ask_release(hub, tokens["wang"], "再来")
        finally:
            engine.stop()


def _all_is_clean(hub: Hub) -> None:
    """As if everybody had answered, and nothing was left: the way there is tests/restore's."""
    with hub.store.write() as tx:
        tx.execute(sa.update(restoration).values(clean_us=1))


def hub_stop_by_person(hub: Hub) -> None:
    with hub.store.write() as tx:
        hub.bus.stop(tx, "bank-icbc", "wang", "演练")


def test_a_release_that_was_refused_releases_nothing(
    home: Settings, tokens: dict[str, Secret], tmp_path: Path
) -> None:
    _restore(home, tmp_path / "backup.sqlite")
    with open_hub(home) as hub:
        standing.take_seat(hub)
        _all_is_clean(hub)
        asked = standing.ask_release(hub, tokens["wang"], "想放行")
        refuse(hub, tokens["li"], asked, "尚未对账")
        assert set(_stopped(hub)) == MONEY


def test_lost_checkpoints_stop_it_too(home: Settings, tokens: object) -> None:
    shutil.rmtree(home.checkpoints)
    with open_hub(home) as hub:
        assert standing.take_seat(hub).verdict is Verdict.FOREIGN
        assert set(_stopped(hub)) == MONEY


def test_keys_of_another_database_stop_the_start(home: Settings, tokens: object) -> None:
    shutil.rmtree(home.keys)
    with open_hub(home) as hub, pytest.raises(VaultLocked):
        start_engine(hub)


def test_health_and_an_unreadable_number(home: Settings, tokens: dict[str, Secret]) -> None:
    with open_hub(home) as hub:
        desk = StoreDesk(hub)
        assert desk.health().good
        with pytest.raises(Exception, match="no number"):
            desk.confirm(tokens["li"], "7; drop", "")


def test_an_old_sqlite_library_allows_one_process(
    home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = SqliteLibrary(sqlite3, (3, 40, 1))
    monkeypatch.setattr(alone, "sqlite_library", lambda: old)
    with open_hub(home), pytest.raises(AnotherProcess, match=r"3\.40\.1"):
        open_hub(home)
    open_hub(home).close()  # given back with the first one's end
