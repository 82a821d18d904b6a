"""A partner with two addresses, on real sockets: going over, by hand and by itself."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
import sqlalchemy as sa

from hub.bus import Effect, MessageState
from hub.bus import tables as t
from hub.bus.places import NoSuchPlace, place_of
from hub.bus.values import InquiryFirst
from hub.wire import HttpPartner
from tests.bus.kit import INTERFACE, QUICK, Bank, Partner, Rig, new

S = MessageState
NOBODY = "http://127.0.0.1:1"


@pytest.fixture
def standby(rig: Rig) -> Iterator[Bank]:
    """The second address."""
    rig.bus.set_policies({INTERFACE: replace(QUICK, places=2, switch_after=3, rest_max_s=0.01)})
    with Bank().open() as bank, HttpPartner({"nc": bank.url}, timeout_s=1.0) as http:
        rig.book.partners[f"{INTERFACE}-1"] = Partner(http, place=1)
        yield bank


def switch(rig: Rig, place: int) -> None:
    with rig.store.write() as tx:
        rig.bus.switch(tx, INTERFACE, place, "wang", "主用机房停电")


def cut(rig: Rig) -> None:
    """Nobody at the primary any more."""
    rig.book.partners[INTERFACE].http.endpoints["nc"] = NOBODY


def place(rig: Rig) -> int:
    with rig.store.read() as view:
        return place_of(view, INTERFACE).place


def in_doubt(rig: Rig) -> int:
    rig.bank.answer = lambda _: "reset"
    (number,) = rig.put(new("a"))
    rig.run_dry()
    rig.bank.answer = lambda _: "ok"
    assert rig.get(number).state is S.UNKNOWN
    return number


def again(rig: Rig, number: int) -> None:
    with rig.store.write() as tx:
        assert rig.bus.send_again(tx, number, "not found")


def test_what_starts_after_a_switch_goes_to_the_new_address(rig: Rig, standby: Bank) -> None:
    first, *_ = rig.put(new("a"))
    rig.run_dry()
    switch(rig, 1)
    (second,) = rig.put(new("b"))
    rig.run_dry()
    assert (rig.bank.booked, standby.booked) == (["a"], ["b"])
    assert [row.place for row in rig.attempts(first) + rig.attempts(second)] == [0, 1]
    (call,) = rig.calls(second)
    assert (call.place, call.target) == (1, f"POST {standby.url}/pay")
    switch(rig, 0)
    rig.put(new("c"))
    rig.run_dry()
    assert (rig.bank.booked, standby.booked) == (["a", "c"], ["b"])


@pytest.mark.parametrize("wrong", [0, 2, -1])
def test_there_must_be_another_address(rig: Rig, standby: Bank, wrong: int) -> None:
    with rig.store.write() as tx, pytest.raises(NoSuchPlace):
        rig.bus.switch(tx, INTERFACE, wrong, "wang", "")


def test_after_so_many_misses_it_goes_over_by_itself_and_says_so(rig: Rig, standby: Bank) -> None:
    cut(rig)
    (number,) = rig.put(new("a"))
    rig.run_dry()
    assert standby.booked == ["a"]
    assert [row.place for row in rig.attempts(number)] == [0, 0, 0, 1]
    with rig.store.read() as view:
        found = place_of(view, INTERFACE)
    assert (found.place, found.by) == (1, "hub")
    # Both away: not back again at once.
    rig.book.partners[f"{INTERFACE}-1"].http.endpoints["nc"] = NOBODY
    (late,) = rig.put(new("b"))
    for _ in range(200):
        rig.worker().run_once()
        if len(rig.attempts(late)) > 5:
            break
    assert place(rig) == 1


def test_zero_means_only_by_hand(rig: Rig, standby: Bank) -> None:
    rig.bus.set_policies({INTERFACE: replace(QUICK, places=2, rest_max_s=0.01, max_tries=6)})
    cut(rig)
    rig.put(new("a"))
    rig.run_dry()
    assert (place(rig), standby.booked) == (0, [])


def test_a_repeat_ordered_before_the_switch_is_unknown_again(rig: Rig, standby: Bank) -> None:
    number = in_doubt(rig)
    again(rig, number)
    told: list[str] = []
    rig.bus.switched = lambda _tx, name: told.append(name)
    switch(rig, 1)
    assert (rig.get(number).state, told) == (S.UNKNOWN, [INTERFACE])
    rig.run_dry()
    assert standby.booked == []
    again(rig, number)  # on new ground
    rig.run_dry()
    assert (rig.bank.booked, standby.booked) == (["a"], ["a"])


def test_one_in_flight_at_the_switch_that_was_not_sent_comes_back_too(
    rig: Rig, standby: Bank
) -> None:
    number = in_doubt(rig)
    again(rig, number)
    (claim,) = rig.claim()
    cut(rig)
    outcome = rig.worker().send(claim)
    switch(rig, 1)
    with rig.store.write() as tx:
        rig.bus.finish(tx, claim, outcome, rig.keeper)
    assert rig.get(number).state is S.WAITING
    rig.run_dry()
    assert rig.get(number).state is S.UNKNOWN
    assert standby.booked == []


def test_a_parked_repeat_is_asked_about_when_it_is_let_go(rig: Rig, standby: Bank) -> None:
    number = in_doubt(rig)
    with rig.store.write() as tx:
        rig.bus.stop(tx, INTERFACE, "wang", "")
    again(rig, number)
    with rig.store.write() as tx:
        rig.bus.park(tx, number, "wang", "")
    switch(rig, 1)
    with rig.store.write() as tx:
        rig.bus.resume(tx, INTERFACE, "li", "")
        assert rig.bus.unpark(tx, number, "li", "")
    rig.run_dry()
    assert rig.get(number).state is S.UNKNOWN
    assert standby.booked == []


def test_a_person_resends_only_on_an_inquiry_answered_at_both(rig: Rig, standby: Bank) -> None:
    number = in_doubt(rig)
    switch(rig, 1)
    (asked,) = rig.put(new("q", Effect.READ, kind="ask"))
    rig.run_dry()
    assert standby.asked == ["q"]  # this handler asks the address in use alone
    with rig.store.write() as tx, pytest.raises(InquiryFirst):
        rig.bus.resend(tx, number, "wang", "", inquiry=asked)
    with rig.store.write() as tx:
        row = tx.execute(sa.select(t.call).where(t.call.c.message_id == asked)).one()
        both = {**row._mapping, "call_no": 2, "place": 0}
        tx.execute(sa.insert(t.call).values(**both))
        rig.bus.resend(tx, number, "wang", "", inquiry=asked)
    assert rig.get(number).state is S.QUEUED
