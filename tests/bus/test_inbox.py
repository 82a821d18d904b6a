"""The inbound side: stored before it is answered, the same answer for ever."""

import threading

import pytest
import sqlalchemy as sa

from hub.bus import Inbox, Receipt, Received, WrongState
from hub.bus import tables as t
from tests.bus.kit import Rig


@pytest.fixture
def inbox(rig: Rig) -> Inbox:
    return Inbox(rig.bus)


def _come(rig: Rig, inbox: Inbox, body: bytes = b"<done/>", sender_id: str = "A1") -> Received:
    with rig.store.write() as tx:
        return inbox.receive(
            tx,
            interface="bank-gyb",
            kind="result",
            sender_id=sender_id,
            body=body,
            month="2025-10",
        )


def test_a_new_one_is_stored_sealed(rig: Rig, inbox: Inbox) -> None:
    first = _come(rig, inbox, "李四".encode())
    assert first.receipt is Receipt.NEW
    with rig.store.read() as tx:
        assert "李四".encode() not in tx.scalar(sa.select(t.inbound.c.body))
        assert inbox.body(tx, first.id) == "李四".encode()


def test_a_repeat_is_told_that_it_is_in_progress_then_gets_the_same_answer(
    rig: Rig, inbox: Inbox
) -> None:
    first = _come(rig, inbox)
    assert _come(rig, inbox) == Received(first.id, Receipt.IN_PROGRESS)
    with rig.store.write() as tx:
        inbox.accept(tx, first.id, answer=b"<ok/>", code="0000")
    again = _come(rig, inbox)
    assert again == Received(first.id, Receipt.REPEAT, b"<ok/>", "0000")
    with rig.store.write() as tx:
        assert inbox.handled(tx, first.id)
        assert not inbox.handled(tx, first.id)
    assert _come(rig, inbox) == again


def test_a_refusal_is_repeated_too(rig: Rig, inbox: Inbox) -> None:
    first = _come(rig, inbox)
    with rig.store.write() as tx:
        inbox.refuse(tx, first.id, answer=b"<no/>", code="E1", why="wrong signature")
    assert _come(rig, inbox).answer == b"<no/>"
    with rig.store.write() as tx:
        assert not inbox.handled(tx, first.id)


def test_the_same_id_with_another_body_is_a_conflict_and_counted(rig: Rig, inbox: Inbox) -> None:
    first = _come(rig, inbox)
    assert _come(rig, inbox, b"<other/>") == Received(first.id, Receipt.CONFLICT)
    with rig.store.read() as tx:
        assert tx.scalar(sa.select(t.inbound.c.conflicts)) == 1
        assert inbox.body(tx, first.id) == b"<done/>"


def test_it_is_answered_once(rig: Rig, inbox: Inbox) -> None:
    first = _come(rig, inbox)
    with rig.store.write() as tx:
        inbox.accept(tx, first.id, answer=b"<ok/>", code="0000")
    with pytest.raises(WrongState), rig.store.write() as tx:
        inbox.refuse(tx, first.id, answer=b"<no/>", code="E1", why="")


def test_what_a_dead_listener_left_is_handed_out_once_more(rig: Rig) -> None:
    inbox = Inbox(rig.bus, stale_s=0.0)
    first = _come(rig, inbox)
    assert _come(rig, inbox) == Received(first.id, Receipt.NEW)
    assert _come(rig, Inbox(rig.bus, stale_s=60)).receipt is Receipt.IN_PROGRESS


def test_two_at_once_are_one(rig: Rig, inbox: Inbox) -> None:
    got: list[Receipt] = []
    ready = threading.Barrier(6)

    def come() -> None:
        ready.wait()
        got.append(_come(rig, inbox, sender_id="twins").receipt)

    threads = [threading.Thread(target=come) for _ in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(got) == [Receipt.IN_PROGRESS] * 5 + [Receipt.NEW]
