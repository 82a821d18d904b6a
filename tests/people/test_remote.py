"""Remote sessions in the tables of both databases; the commands: tests/cli."""

import pytest
import sqlalchemy as sa

from hub.people import Actor, Party, remote
from hub.people.remote_tables import remote_session
from hub.people.words import Role
from hub.store import Store
from hub.store.schema import upgrade

YUN = Actor("yun", Party.OPERATOR, frozenset({Role.HANDLER}), 1)
WANG = Actor("wang", Party.CENTRE, frozenset({Role.REVIEWER}), 2)


@pytest.fixture
def store(empty_store: Store) -> Store:
    upgrade(empty_store)
    return empty_store


def test_asked_open_expired_closed(store: Store) -> None:
    with store.write() as tx:
        number = remote.ask(
            tx, YUN, reason="修 13800138000", evidence="派单", evidence_sm3="", minutes=30
        )
        assert remote.get(tx, number).state is remote.SessionState.ASKED
        assert "13800138000" not in remote.get(tx, number).reason
        assert remote.sessions_between(tx, 0, 2**62) == []
        remote.confirm(tx, number, by="wang")
        found = remote.get(tx, number)
        assert found.state is remote.SessionState.OPEN
        assert (found.until_us or 0) - (found.confirmed_us or 0) == 30 * 60_000_000
    with store.write() as tx, pytest.raises(remote.NoSuchSession):
        remote.confirm(tx, number, by="wang")
    with store.write() as tx:
        assert [one.id for one in remote.sessions_between(tx, 0, 2**62)] == [number]
        tx.execute(sa.update(remote_session).values(until_us=1))
        newest = remote.newest_of(tx, "yun")
        assert newest is not None
        assert newest.state is remote.SessionState.EXPIRED
        remote.close(tx, WANG, number, why="已恢复")
        assert [one.state for one in remote.list_sessions(tx)] == [remote.SessionState.CLOSED]
    with store.write() as tx, pytest.raises(remote.NoSuchSession):
        remote.close(tx, YUN, number, why="再来")
