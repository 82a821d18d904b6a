"""Results that a bank tells of itself: before the reply, twice, otherwise, of strange numbers."""

import sqlalchemy as sa

from hub.audit.tables import audit_entry
from hub.bus import Inbox, InboxWorker
from hub.bus.tables import message
from hub.kernel.money import Fen
from hub.offset import notices, restoration
from hub.offset.restoration import Grounds
from hub.offset.tables import batch, item, result_seen
from hub.ports.bank import RESULTS_NOTICE, RefusalReason, ResultsNotice, RowResult, RowStatus
from tests.offset.kit import Centre, Person
from tests.offset.test_results import FEN, done, refused, silent_month


def tell(centre: Centre, *results: RowResult, bank: str = "ICBC", name: str = "N1") -> None:
    """The bank's notice comes in, is accepted and handled."""
    user = notices.users(centre.office)[RESULTS_NOTICE]
    inbox = Inbox(centre.bus)
    with centre.store.write() as tx:
        content = user.pack(ResultsNotice("", results))
        found = inbox.receive(
            tx, interface=f"bank-{bank.lower()}", kind=RESULTS_NOTICE, sender_id=name,
            body=content, month="2025-10",
        )  # fmt: skip
        if not found.answer:
            inbox.accept(tx, found.id, answer=b"ok", code="accepted")
    InboxWorker(centre.store, centre.bus, notices.users(centre.office)).run_once()


def states(centre: Centre) -> list[str]:
    return [state for state, _, _ in sorted(centre.items().values())]


def test_a_notice_decides_what_the_bank_was_silent_about(centre: Centre) -> None:
    first, second, third = silent_month(centre)
    tell(centre, done(first), refused(second), RowResult(third, RowStatus.PROCESSING))
    found = {row.number: row for row in centre.rows(item)}
    assert found[first].outcome == "SUCCEEDED"
    assert (found[second].outcome, found[second].reason) == ("FAILED", "account_closed")
    assert found[third].state == "instructed"
    seen = {row.number: row for row in centre.rows(result_seen)}
    assert {row.came_by for row in seen.values()} == {"callback"}


def test_the_month_closes_on_notices_alone(centre: Centre) -> None:
    everybody = [Person(f"A{n}") for n in range(4)]
    centre.add(*everybody)
    centre.icbc.minds |= {one.loan: "silent" for one in everybody}
    centre.icbc.deaf = True  # no inquiry finds anything
    centre.open()
    centre.planned()
    centre.approve()
    centre.until(lambda: set(states(centre)) == {"unknown"})
    tell(centre, *(done(centre.number(one.number)) for one in everybody))
    assert set(states(centre)) == {"succeeded"}
    centre.next_day()
    centre.until(centre.closed)
    assert centre.differences() == {}
    with centre.store.read() as view:
        rungs = view.scalars(sa.select(message.c.rung).where(message.c.kind == "bank.instruct"))
        assert set(rungs) == {"reconciled"}


def test_before_our_own_reply_is_committed(centre: Centre) -> None:
    centre.add(Person("A1"), Person("A2"))
    centre.open()
    centre.planned()
    centre.approve()
    centre.cut()
    numbers = [centre.number("A1"), centre.number("A2")]
    assert states(centre) == ["held", "held"]
    tell(centre, done(numbers[0]), refused(numbers[1], RefusalReason.LOAN_SETTLED))
    assert sorted(states(centre)) == ["failed", "succeeded"]
    centre.deliver("bank.instruct")  # the reply comes after
    assert sorted(states(centre)) == ["failed", "succeeded"]
    (cut,) = centre.rows(batch)
    assert cut.state == "sent"
    found = {row.number: row for row in centre.rows(item)}
    assert all(row.was_instructed for row in found.values())


def test_before_an_attempt_that_ends_unknown(centre: Centre) -> None:
    centre.add(Person("A1"))
    centre.icbc.breaks = ["after"]
    centre.open()
    centre.planned()
    centre.approve()
    centre.cut()
    number = centre.number("A1")
    tell(centre, done(number))
    centre.deliver("bank.instruct")
    assert centre.items()["A1"][:2] == ("succeeded", "SUCCEEDED")
    assert centre.rows(batch)[0].state == "unknown"
    centre.until(lambda: centre.rows(batch)[0].state != "unknown")
    with centre.store.read() as view:
        query = sa.select(message.c.state).where(message.c.kind == "bank.instruct")
        assert view.scalar(query) == "delivered"


def test_twice_in_any_order_changes_nothing(centre: Centre) -> None:
    numbers = silent_month(centre)
    tell(centre, *(done(number) for number in numbers), name="N1")
    before = centre.items()
    tell(centre, *(done(number) for number in reversed(numbers)), name="N2")
    tell(centre, RowResult(numbers[0], RowStatus.PROCESSING), name="N3")
    assert centre.items() == before
    assert centre.differences() == {}


def test_another_final_result_after_it_is_a_contradiction(centre: Centre) -> None:
    number, other, _ = silent_month(centre)
    tell(centre, done(number), done(other, FEN + 1), name="N1")
    tell(centre, refused(number), name="N2")
    assert set(centre.differences()) == {("contradiction", number), ("amount", other)}


def test_a_number_we_never_issued(centre: Centre) -> None:
    silent_month(centre)
    stranger, refused_one = "9" * 20, "8" * 20
    for name in ("N1", "N2"):
        tell(centre, done(stranger), refused(refused_one), name=name)
    assert centre.differences() == {("unknown_instruction", stranger): (0, FEN, 0)}
    query = sa.select(sa.func.count()).where(audit_entry.c.act == "offset.notice_stranger")
    with centre.store.read() as view:
        assert view.scalar(query) == 4  # each time it is said


def test_without_any_run_it_is_only_a_record(centre: Centre) -> None:
    tell(centre, done("9" * 20))
    assert centre.differences() == {}


def test_another_bank_cannot_speak_of_this_ones_items(centre: Centre) -> None:
    number, *_ = silent_month(centre)
    tell(centre, done(number), bank="CCB")
    assert {state for state, *_ in centre.items().values()} == {"instructed"}
    assert centre.differences() == {}  # no run of CCB to put it to; the record stands


def test_a_number_planned_and_never_sent_is_frozen(centre: Centre) -> None:
    centre.add(Person("A1"))
    centre.open()
    centre.planned()
    number = centre.number("A1")
    tell(centre, RowResult(number, RowStatus.DONE, Fen(FEN)))
    assert centre.differences() == {("contradiction", number): (FEN, FEN, 0)}


def test_a_restored_copy_first_finds_out_what_it_has_sent(centre: Centre) -> None:
    """A notice of what the copy takes for planned is kept; its own reading decides."""
    centre.add(Person("A1"))
    centre.open()
    centre.planned()
    with centre.store.write() as tx:
        restoration.begin(tx, centre.office, Grounds("older", "a copy", 0, (1, 2), 0.0))
    number = centre.number("A1")
    tell(centre, done(number))
    assert centre.items()["A1"][0] == "planned"
    assert centre.differences() == {}
    (kept,) = centre.rows(result_seen)
    assert (kept.number, kept.status, kept.came_by) == (number, "done", "callback")
