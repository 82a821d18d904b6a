"""Too little money waits; what was surely not sent may be taken back."""

import pytest
import sqlalchemy as sa

from hub.offset import withdraw
from hub.offset.tables import batch, item, leg
from hub.offset.totals import equations, read_totals
from tests.offset.kit import Centre, Person


def approved(centre: Centre, people: int = 3) -> None:
    centre.add(*(Person(f"A{n}") for n in range(people)))
    centre.open()
    centre.planned()
    centre.approve()


class TestFunds:
    def test_too_little_waits_and_goes_on_when_topped_up(self, quick: Centre) -> None:
        quick.icbc.balance = 299_999
        approved(quick)
        for _ in range(8):
            quick.hurry()
            quick.tick()
        assert quick.icbc.bodies == []
        assert {s for s, _, _ in quick.items().values()} == {"held"}
        (each,) = quick.rows(leg)
        assert (each.funded, each.balance_fen, bool(each.trouble)) == (0, 299_999, True)
        quick.icbc.balance = 300_000
        quick.until(quick.closed)
        (each,) = quick.rows(leg)
        assert (each.funded, each.trouble) == (1, "")

    def test_one_question_at_a_time(self, quick: Centre) -> None:
        """A bank that is away for hours must not come back to hours of questions."""
        quick.icbc.balance = 0
        approved(quick)
        for _ in range(6):
            quick.conductor.step()
            quick.deliver("core.hold")
            quick.hurry()
        with quick.store.read() as view:
            query = (
                "SELECT count(*) FROM bus_message WHERE kind = 'bank.balance' AND state = 'queued'"
            )
            assert view.scalar(sa.text(query)) == 1


class TestWithdrawBatch:
    def parked(self, centre: Centre) -> str:
        approved(centre)
        centre.cut()
        with centre.store.write() as tx:
            centre.bus.stop(tx, "bank-icbc", "t", "test")
        (one,) = centre.rows(batch)
        return str(one.number)

    def test_what_is_parked_is_released_and_never_sent(self, centre: Centre) -> None:
        number = self.parked(centre)
        with centre.store.write() as tx:
            asked = withdraw.withdrawal_of(tx, centre.office, number)
            assert (asked["rows"], asked["fen"]) == (3, 300_000)
            done = withdraw.withdraw_batch(tx, centre.office, number, actor="t", reason="取消")
        assert done == 3
        with centre.store.write() as tx:
            centre.bus.resume(tx, "bank-icbc", "t", "test")
        centre.until(centre.closed)
        assert centre.icbc.bodies == []
        assert set(centre.items().values()) == {("reconciled", "FAILED", "withdrawn")}
        assert set(centre.core.states.values()) == {"released"}
        with centre.store.read() as view:
            totals = read_totals(view, centre.run_id)
        assert all(one.balanced for one in equations(totals))
        said = totals["ICBC"]
        assert (said["held"], said["withdrawn"], said["released"]) == (said["planned"],) * 3
        assert said["instructed"].count == said["failed"].count == 0
        assert all(row.live_key is None for row in centre.rows(item))

    def test_its_message_can_be_neither_unparked_nor_resent(self, quick: Centre) -> None:
        number = self.parked(quick)
        with quick.store.write() as tx:
            withdraw.withdraw_batch(tx, quick.office, number, actor="t", reason="x")
        (one,) = quick.rows(batch)
        with quick.store.write() as tx:
            assert not quick.bus.unpark(tx, one.message_id, "t", "x")
            assert not quick.bus.send_again(tx, one.message_id, "x")
            assert quick.bus.message(tx, one.message_id).state == "closed"

    @pytest.mark.parametrize("how", ["queued", "in_flight", "maybe_sent", "delivered", "unknown"])
    def test_what_may_be_sent_is_refused(self, quick: Centre, how: str) -> None:
        number = self.parked(quick)
        change = "maybe_sent = 1" if how == "maybe_sent" else f"state = '{how}'"
        with quick.store.write() as tx:
            tx.exec_driver_sql(f"UPDATE bus_message SET {change} WHERE kind = 'bank.instruct'")
        with pytest.raises(withdraw.NotWithdrawable), quick.store.write() as tx:
            withdraw.withdraw_batch(tx, quick.office, number, actor="t", reason="x")
        assert {s for s, _, _ in quick.items().values()} == {"held"}

    def test_the_bus_itself_lets_nothing_doubtful_go(self, quick: Centre) -> None:
        self.parked(quick)
        (one,) = quick.rows(batch)
        with quick.store.write() as tx:
            tx.exec_driver_sql("UPDATE bus_message SET maybe_sent = 1")
            assert not quick.bus.cancel(tx, one.message_id, "t", "x")
            tx.exec_driver_sql("UPDATE bus_message SET maybe_sent = 0")
            assert quick.bus.cancel(tx, one.message_id, "t", "x")

    def test_an_unknown_batch(self, quick: Centre) -> None:
        with pytest.raises(withdraw.NoSuchBatch), quick.store.write() as tx:
            withdraw.withdraw_batch(tx, quick.office, "1" * 20, actor="t", reason="x")


class TestWithdrawItems:
    def test_before_its_hold_it_is_not_held(self, quick: Centre) -> None:
        approved(quick)
        one = quick.number("A1")
        with quick.store.write() as tx:
            withdraw.withdraw_items(tx, quick.office, [one], actor="t", reason="本人要求")
        quick.until(quick.closed)
        assert quick.items()["A1"] == ("refused", "FAILED", "withdrawn")
        assert one not in quick.core.states
        with quick.store.read() as view:
            totals = read_totals(view, quick.run_id)
        assert (totals["ICBC"]["not_held"].count, totals["ICBC"]["withdrawn"].count) == (1, 0)
        assert all(each.balanced for each in equations(totals))

    def test_on_hold_it_is_released(self, quick: Centre) -> None:
        quick.icbc.balance = 0
        approved(quick)
        quick.until(lambda: {s for s, _, _ in quick.items().values()} == {"held"})
        one = quick.number("A1")
        with quick.store.write() as tx:
            withdraw.withdraw_items(tx, quick.office, [one], actor="t", reason="x")
        quick.icbc.balance = 10**9
        quick.until(quick.closed)
        assert quick.core.states[one] == "released"
        assert quick.items()["A1"] == ("reconciled", "FAILED", "withdrawn")

    def test_all_of_them_or_none(self, quick: Centre) -> None:
        approved(quick)
        numbers = [quick.number("A0"), "9" * 20]
        with pytest.raises(withdraw.NotWithdrawable), quick.store.write() as tx:
            withdraw.withdraw_items(tx, quick.office, numbers, actor="t", reason="x")
        assert quick.items()["A0"] == ("planned", "", "")

    def test_while_the_core_is_asked_it_must_wait(self, quick: Centre) -> None:
        approved(quick)
        quick.conductor.step()
        with pytest.raises(withdraw.NotWithdrawable), quick.store.write() as tx:
            withdraw.withdraw_items(tx, quick.office, [quick.number("A0")], actor="t", reason="x")
