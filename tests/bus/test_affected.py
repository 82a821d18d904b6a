"""Which messages a time of trouble touched, on both databases."""

import pytest

from hub.bus.affected import read_affected
from hub.bus.tables import attempt, message
from hub.store import Store
from hub.store.schema import upgrade
from tests.offset.kit import insert

BANK, FROM, UNTIL = "bank-icbc", 1_000, 2_000
CARD = "6222021234567894213"


@pytest.fixture
def store(empty_store: Store) -> Store:
    upgrade(empty_store)
    return empty_store


def put(store: Store, number: int, state: str, *tries: tuple[int, str], **more: object) -> None:
    values = {"interface": BANK, "kind": "bank.instruct", "effect": "money", "items": 2,
              "fen": 100, "created_us": 10, "queued_us": 10, "ended_us": None} | more  # fmt: skip
    with store.write() as tx:
        insert(tx, message, id=number, msg_key=str(number), state=state, **values)
        for at, (started, verdict) in enumerate(tries, 1):
            insert(tx, attempt, message_id=number, try_no=at, started_us=started, verdict=verdict)


def test_what_failed_or_waited_is_touched_and_what_got_through_is_not(store: Store) -> None:
    put(store, 1, "delivered", (1500, "delivered"), ended_us=1600)  # got through at once
    put(store, 2, "delivered", (1100, "not_sent"), (2500, "delivered"), ended_us=2600)
    put(store, 3, "queued", subject=f"划款 {CARD}")  # never had its turn
    put(store, 4, "unknown", (1900, "unknown"), ended_us=1950)
    put(store, 5, "delivered", (500, "delivered"), ended_us=600)  # before
    put(store, 6, "queued", created_us=3000, queued_us=3000)  # after
    put(store, 7, "dead", (1200, "not_sent"), ended_us=1300, effect="read")
    put(store, 8, "queued", interface="bank-ccb")
    with store.read() as view:
        found = read_affected(view, BANK, FROM, UNTIL, most=3)
    assert [row.id for row in found.shown] == [2, 3, 4]
    assert (found.count, found.left_out) == (4, 1)
    assert {state: pile.count for state, pile in found.by_state.items()} == {
        "delivered": 1, "queued": 1, "unknown": 1, "dead": 1,
    }  # fmt: skip
    assert (found.money_whole.count, found.money_whole.items, found.money_whole.fen) == (3, 6, 300)
    assert found.verdicts == {"delivered": 1, "not_sent": 2, "unknown": 1}
    assert [row.tries for row in found.shown] == [1, 0, 1]
    assert CARD not in found.shown[1].subject
