"""The ladder of an instruction's message: as far as is known of its rows, and no further."""

from hub.bus.tables import message
from hub.offset.inquiry import ask_about
from hub.offset.statement import read_day
from tests.offset.kit import OCTOBER, Centre, Person


def _rungs(centre: Centre) -> dict[str, tuple[str, str]]:
    orders = [m for m in centre.rows(message) if m.kind == "bank.instruct"]
    return {m.msg_key: (m.state, m.rung) for m in orders}


PEOPLE = [Person(f"A{n}") for n in range(3)]


def _cut(centre: Centre) -> None:
    centre.add(*PEOPLE)
    centre.open()
    centre.planned()
    centre.approve()
    centre.cut()


def test_accepted_then_its_result_then_reconciled(centre: Centre) -> None:
    _cut(centre)
    centre.deliver("bank.instruct")
    assert set(_rungs(centre).values()) == {("delivered", "accepted")}
    centre.hurry()
    centre.conductor.step()  # nothing is open any more
    assert set(_rungs(centre).values()) == {("delivered", "result")}
    centre.until(centre.closed)
    assert set(_rungs(centre).values()) == {("delivered", "reconciled")}


def test_a_row_nobody_answered_for_holds_its_message_back(centre: Centre) -> None:
    _cut(centre)
    centre.icbc.minds = {PEOPLE[1].loan: "never"}
    centre.deliver("bank.instruct")
    for _ in range(4):
        centre.hurry()
        centre.tick()
    assert set(_rungs(centre).values()) == {("delivered", "accepted")}


def test_an_unknown_send_that_the_statement_explains_is_settled(centre: Centre) -> None:
    """The bank answers no question, its statement shows every credit: nothing stays unknown."""
    _cut(centre)
    centre.icbc.breaks = ["after"]
    centre.icbc.deaf = True
    centre.deliver("bank.instruct")
    assert {state for state, _ in _rungs(centre).values()} == {"unknown"}
    with centre.store.write() as tx:
        read_day(tx, centre.office, centre.run_id, OCTOBER, "ICBC", 20251009)
    centre.deliver("bank.statement")
    centre.hurry()
    with centre.store.write() as tx:
        (number,) = _rungs(centre)
        assert ask_about(tx, centre.office, OCTOBER, number) == 0
    assert set(_rungs(centre).values()) == {("delivered", "result")}
