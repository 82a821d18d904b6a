"""A message's life from put to its end: verdicts, retries, ceilings, what the handler is told."""

import json
from dataclasses import replace

import pytest
import sqlalchemy as sa

from hub.bus import (
    Effect,
    InquiryFirst,
    MessageState,
    Rung,
    SameKeyOtherBody,
    Verdict,
    WrongState,
)
from hub.bus import tables as t
from hub.wire import HttpPartner
from tests.bus.kit import INTERFACE, QUICK, Partner, Rig, new, wait_for

S = MessageState


class TestPut:
    def test_the_same_again_answers_the_number_that_exists(self, rig: Rig) -> None:
        first = rig.put(new("a"), new("b"), new("a"))
        assert first[0] == first[2] != first[1]
        assert rig.put(new("b"), new("c"), new("a"))[::2] == [first[1], first[0]]

    def test_the_same_key_with_another_body_is_refused(self, rig: Rig) -> None:
        rig.put(new("a"))
        with pytest.raises(SameKeyOtherBody):
            rig.put(new("a", payload=b"other"))
        with pytest.raises(SameKeyOtherBody):
            rig.put(new("z"), new("z", payload=b"other"))

    def test_a_payload_is_sealed_and_opens(self, rig: Rig) -> None:
        number = rig.put(new("a", payload="张三".encode()))[0]
        with rig.store.read() as tx:
            stored = tx.scalar(sa.select(t.message.c.payload))
            assert "张三".encode() not in stored
            assert rig.bus.payload(tx, number) == "张三".encode()

    def test_a_put_that_is_rolled_back_leaves_nothing(self, rig: Rig) -> None:
        def business(tx: sa.Connection) -> None:
            rig.bus.put(tx, [new("a")])
            raise RuntimeError

        with pytest.raises(RuntimeError), rig.store.write() as tx:
            business(tx)
        assert rig.open_messages() == 0

    def test_a_thousand_in_one_call(self, rig: Rig) -> None:
        ids = rig.put(*(new(str(n)) for n in range(1000)))
        assert len(set(ids)) == 1000
        assert rig.get(ids[700]).key == "700"


class TestVerdicts:
    def test_delivered(self, rig: Rig) -> None:
        (number,) = rig.put(new("a"))
        rig.run_dry()
        one = rig.get(number)
        assert (one.state, one.rung, rig.words()) == (S.DELIVERED, Rung.ACCEPTED, ["applied"])
        assert rig.bank.booked == ["a"]
        (attempt,) = rig.attempts(number)
        assert (attempt.verdict, attempt.cause, attempt.parent_no) == ("delivered", "first", None)
        (call,) = rig.calls(number)
        assert (call.step, call.effect, call.status, call.outcome) == ("PAY", 1, 200, "answered")
        with rig.store.read() as tx:
            opened = [rig.bus.vault.open(tx, call.key_id, b) for b in (call.request, call.reply)]
        assert opened == [b"a", json.dumps({"code": "ok"}).encode()]

    def test_a_final_refusal(self, rig: Rig) -> None:
        rig.bank.answer = lambda _: "refuse"
        (number,) = rig.put(new("a"))
        rig.run_dry()
        assert (rig.get(number).state, rig.words()) == (S.REJECTED, ["refused"])

    @pytest.mark.parametrize("word", ["odd", "html", "reset", "hang"])
    def test_money_that_may_have_arrived_is_unknown_and_stays_so(self, rig: Rig, word: str) -> None:
        rig.book.partners[INTERFACE].http.timeout_s = 0.3
        rig.bank.answer = lambda _: word
        (number,) = rig.put(new("a"))
        rig.run_dry()
        for _ in range(3):
            assert rig.worker().run_once() == 0
        assert (rig.get(number).state, rig.words()) == (S.UNKNOWN, ["unknown"])
        assert rig.bank.booked == ["a"]
        assert rig.attempts(number)[0].verdict == "unknown"

    def test_a_command_with_an_unknown_answer_is_repeated(self, rig: Rig) -> None:
        answers = iter(["reset", "html", "odd", "ok"])
        rig.bank.answer = lambda _: next(answers)
        (number,) = rig.put(new("a", Effect.COMMAND))
        rig.run_dry()
        assert (rig.get(number).state, rig.words()) == (S.DELIVERED, ["applied"])
        assert rig.bank.booked == ["a"] * 4
        causes = [(row.verdict, row.cause, row.parent_no) for row in rig.attempts(number)]
        assert causes == [
            ("unknown", "first", None),
            ("unknown", "retry", 1),
            ("unknown", "retry", 2),
            ("delivered", "retry", 3),
        ]

    def test_money_that_was_surely_not_sent_is_tried_again(self, rig: Rig) -> None:
        with HttpPartner({"nc": "http://127.0.0.1:1"}, timeout_s=1) as nobody:
            alive = rig.book.partners[INTERFACE]
            rig.book.partners[INTERFACE] = Partner(nobody)
            (number,) = rig.put(new("a"))
            worker = rig.worker()
            wait_for(lambda: bool(worker.run_once()))
            assert rig.get(number).state is S.WAITING
            assert rig.attempts(number)[0].verdict == "not_sent"
            rig.book.partners[INTERFACE] = alive
        rig.run_dry()
        assert (rig.get(number).state, rig.words()) == (S.DELIVERED, ["applied"])
        assert rig.bank.booked == ["a"]

    def test_what_fails_before_the_effect_call_was_not_sent(self, rig: Rig) -> None:
        class NoSign:
            def pay(self, line, body, *, effect):  # type: ignore[no-untyped-def]
                line.post("SIGN", endpoint="nc", path="/sign", body=b"sign")
                raise ValueError("the signing step answered nonsense")

        rig.book.partners[INTERFACE].port = NoSign()  # type: ignore[assignment]
        (number,) = rig.put(new("a"))
        rig.worker().run_once()
        assert rig.get(number).state is S.WAITING
        assert rig.attempts(number)[0].verdict == "not_sent"

    def test_an_unreachable_second_call_does_not_unsend_the_first(self, rig: Rig) -> None:
        class TwoCalls:
            def pay(self, line, body, *, effect):  # type: ignore[no-untyped-def]
                line.post("PAY", endpoint="nc", path="/pay", body=body, effect=True)
                line.post("CONFIRM", endpoint="away", path="/", body=b"")

        rig.book.partners[INTERFACE].port = TwoCalls()  # type: ignore[assignment]
        rig.book.partners[INTERFACE].http.endpoints["away"] = "http://127.0.0.1:1"
        (number,) = rig.put(new("a"))
        rig.run_dry()
        assert (rig.get(number).state, rig.words()) == (S.UNKNOWN, ["unknown"])

    def test_drifts_are_rows_and_counted(self, rig: Rig) -> None:
        rig.bank.answer = lambda _: "html"
        rig.put(new("a"), new("b"))
        rig.run_dry()
        with rig.store.read() as tx:
            (row,) = tx.execute(sa.select(t.drift)).all()
        assert (row.place, row.expected, row.seen) == ("PAY.reply", "JSON", 2)


class TestApplyRaises:
    @pytest.mark.parametrize("word", ["applied", "refused"])
    def test_money_ends_unknown_with_the_error_kept(self, rig: Rig, word: str) -> None:
        rig.keeper.fail_on = {word}
        rig.bank.answer = lambda _: "ok" if word == "applied" else "refuse"
        (number,) = rig.put(new("a"))
        rig.run_dry()
        one = rig.get(number)
        assert (one.state, one.rung, rig.words()) == (S.UNKNOWN, Rung.NONE, ["unknown"])
        (attempt,) = rig.attempts(number)
        assert attempt.error_code == "bus.not_applied"
        assert "ValueError" in attempt.error_text
        assert rig.calls(number)[0].status == 200

    def test_a_command_is_repeated_until_it_can_be_applied(self, rig: Rig) -> None:
        rig.keeper.fail_on = {"applied"}
        (number,) = rig.put(new("a", Effect.COMMAND))
        worker = rig.worker()
        worker.run_once()
        assert (rig.get(number).state, rig.words()) == (S.WAITING, [])
        rig.keeper.fail_on = set()
        rig.run_dry()
        assert (rig.get(number).state, rig.words()) == (S.DELIVERED, ["applied"])

    def test_one_that_cannot_even_be_unknown_stays_in_flight_with_its_evidence(
        self, rig: Rig
    ) -> None:
        rig.keeper.fail_on = {"applied", "unknown"}
        ids = rig.put(new("a"), new("b", Effect.COMMAND))
        rig.worker().run_once()
        assert rig.get(ids[0]).state is S.IN_FLIGHT
        assert rig.attempts(ids[0])[0].late == 1
        assert rig.calls(ids[0])[0].status == 200
        assert rig.get(ids[1]).state is S.WAITING  # its neighbour in the group is not harmed


class TestCeilings:
    def test_tries_then_the_dead_letters(self, rig: Rig) -> None:
        rig.bus._policy[INTERFACE] = replace(QUICK, max_tries=3)
        rig.book.partners[INTERFACE].http.endpoints["nc"] = "http://127.0.0.1:1"
        ids = rig.put(new("a"), new("b", Effect.COMMAND), new("c", Effect.READ, endless=True))
        worker = rig.worker()
        wait_for(lambda: worker.run_once() >= 0 and rig.get(ids[2]).tries > 5)
        assert [rig.get(n).state for n in ids[:2]] == [S.DEAD, S.DEAD]
        assert [len(rig.attempts(n)) for n in ids[:2]] == [3, 3]
        assert rig.words() == ["died", "died"]
        assert rig.get(ids[2]).state in {S.WAITING, S.QUEUED}
        with rig.store.write() as tx:
            assert rig.bus.close_dead(tx, ids[0], "wang", "asked the bank by telephone")
            assert not rig.bus.close_dead(tx, ids[0], "wang", "again")
        assert rig.get(ids[0]).state is S.CLOSED
        assert rig.words() == ["died", "died"]  # closing changes no item

    def test_a_repeat_that_cannot_be_sent_never_becomes_a_dead_letter(self, rig: Rig) -> None:
        rig.bus._policy[INTERFACE] = replace(QUICK, max_tries=1)
        rig.bank.answer = lambda _: "reset"
        (number,) = rig.put(new("a"))
        rig.run_dry()
        with rig.store.write() as tx:
            assert rig.bus.send_again(tx, number, "not found, settle_after over")
        rig.book.partners[INTERFACE].http.endpoints["nc"] = "http://127.0.0.1:1"
        rig.run_dry()
        assert rig.get(number).state is S.UNKNOWN
        assert [row.verdict for row in rig.attempts(number)] == ["unknown", "not_sent"]
        assert rig.words() == ["unknown", "unknown"]

    def test_age_counts_from_when_it_was_due(self, rig: Rig) -> None:
        rig.bus._policy[INTERFACE] = replace(QUICK, max_age_s=0)
        rig.book.partners[INTERFACE].http.endpoints["nc"] = "http://127.0.0.1:1"
        (number,) = rig.put(new("a"))
        rig.run_dry()
        assert rig.get(number).state is S.DEAD


class TestSettleAndRepeat:
    def _unknown(self, rig: Rig) -> int:
        rig.bank.answer = lambda _: "reset"
        (number,) = rig.put(new("a"))
        rig.run_dry()
        rig.bank.answer = lambda _: "ok"
        return number

    def test_settled_once(self, rig: Rig) -> None:
        number = self._unknown(rig)
        with rig.store.write() as tx:
            assert rig.bus.settle(tx, number, Verdict.DELIVERED, "statement of 2025-10-20")
            assert not rig.bus.settle(tx, number, Verdict.REJECTED, "late")
        assert (rig.get(number).state, rig.get(number).rung) == (S.DELIVERED, Rung.RESULT)

    def test_only_what_is_in_doubt_is_settled(self, rig: Rig) -> None:
        (number,) = rig.put(new("a"))
        with rig.store.write() as tx:
            assert not rig.bus.settle(tx, number, Verdict.REJECTED, "never sent")
        assert rig.get(number).state is S.QUEUED

    def test_the_same_again_is_a_new_attempt_with_lineage(self, rig: Rig) -> None:
        number = self._unknown(rig)
        with rig.store.write() as tx:
            assert rig.bus.send_again(tx, number, "not found")
            assert not rig.bus.send_again(tx, number, "not found")
        rig.run_dry()
        assert rig.bank.booked == ["a", "a"]
        rows = [(row.cause, row.parent_no, row.ordered_by) for row in rig.attempts(number)]
        assert rows == [("first", None, ""), ("again", 1, "hub")]
        assert rig.get(number).state is S.DELIVERED

    def test_a_repeat_is_called_back_when_the_inquiry_finds_it(self, rig: Rig) -> None:
        number = self._unknown(rig)
        with rig.store.write() as tx:
            rig.bus.send_again(tx, number, "not found")
            assert rig.bus.settle(tx, number, Verdict.DELIVERED, "found after all")
        rig.run_dry()
        assert rig.bank.booked == ["a"]

    def test_a_refused_repeat_proves_nothing_about_the_first(self, rig: Rig) -> None:
        number = self._unknown(rig)
        rig.bank.answer = lambda _: "refuse"
        with rig.store.write() as tx:
            rig.bus.send_again(tx, number, "not found")
        rig.run_dry()
        assert rig.get(number).state is S.UNKNOWN
        assert [row.verdict for row in rig.attempts(number)] == ["unknown", "rejected"]
        assert rig.words() == ["unknown", "unknown"]

    def test_a_person_resends_money_only_after_an_inquiry(self, rig: Rig) -> None:
        number = self._unknown(rig)
        with pytest.raises(InquiryFirst), rig.store.write() as tx:
            rig.bus.resend(tx, number, "wang", "the bank says it never came")
        (asked,) = rig.put(new("q", Effect.READ, kind="ask"))
        with pytest.raises(InquiryFirst), rig.store.write() as tx:
            rig.bus.resend(tx, number, "wang", "not answered yet", asked)
        rig.run_dry()
        with rig.store.write() as tx:
            rig.bus.resend(tx, number, "wang", "the bank says it never came", asked)
        rig.run_dry()
        rows = [(row.cause, row.ordered_by, row.ordered_why) for row in rig.attempts(number)]
        assert rows[1] == ("resend", "wang", "the bank says it never came")
        assert rig.get(number).state is S.DELIVERED
        with pytest.raises(WrongState), rig.store.write() as tx:
            rig.bus.resend(tx, number, "wang", "once more", asked)

    def test_a_person_resends_anything_else_at_will(self, rig: Rig) -> None:
        (number,) = rig.put(new("a", Effect.READ, kind="ask"))
        rig.run_dry()
        with rig.store.write() as tx:
            rig.bus.resend(tx, number, "wang", "the page was lost")
        rig.run_dry()
        assert rig.bank.asked == ["a", "a"]


class TestLadder:
    def test_only_upwards(self, rig: Rig) -> None:
        ids = rig.put(new("a"), new("b"))
        rig.run_dry()
        with rig.store.write() as tx:
            assert rig.bus.climb(tx, ids, Rung.RESULT) == 2
            assert rig.bus.climb(tx, ids, Rung.SEEN) == 0
            assert rig.bus.climb(tx, ids[:1], Rung.RECONCILED) == 1
        assert [rig.get(n).rung for n in ids] == [Rung.RECONCILED, Rung.RESULT]

    def test_a_tally_by_group(self, rig: Rig) -> None:
        rig.put(new("a"), new("b"), new("c", group="other"))
        with rig.store.read() as tx:
            (one,) = rig.bus.tally(tx, "run:2025-10")
        assert (one.kind, one.state, one.count, one.items, one.fen) == (
            "pay", S.QUEUED, 2, 2, 200,
        )  # fmt: skip


class TestWorkerStops:
    """Stopping is safe to repeat, and leaves nothing on the engine."""

    def test_twice_and_unstarted(self, rig: Rig) -> None:
        worker = rig.worker()
        assert worker.stop()
        worker.start()
        assert worker.stop()
        assert worker.stop()
