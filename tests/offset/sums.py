"""A small month at two banks to which everything may happen, in any order.

``Sums`` holds the hub's control totals against the partners' own books and words (``books.py``).
"""

from contextlib import ExitStack, suppress
from datetime import date
from typing import Any

import sqlalchemy as sa
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from hub.bus.tables import message
from hub.kernel.errors import HubError
from hub.kernel.money import Fen
from hub.offset.repay import repay, repayment_of
from hub.offset.results import apply_results
from hub.offset.settled import settle
from hub.offset.settling import Way, outlook
from hub.offset.tables import agreement, difference, item, statement_entry
from hub.offset.totals import Figure, Totals, equations, read_totals
from hub.offset.withdraw import NotWithdrawable, withdraw_batch, withdraw_items
from hub.ports.bank import DueRecord, EntryKind, RefusalReason, RowResult, RowStatus
from hub.ports.core import CommandKind
from tests.offset.books import MINDS, PAYING, PEOPLE, Books, HeardBank, HeardCore, Planned, sides
from tests.offset.kit import HEADER, many

SOME_KINDS: list[tuple[str, ...]] = [
    (), (), ("bank.instruct",), ("core.hold", "core.post"), ("core.release", "core.reverse"),
    ("bank.inquire", "bank.results"), ("bank.statement", "core.postings", "core.holds"),
]  # fmt: skip
ON_THE_WAY = {"queued", "waiting", "in_flight"}
TWO = {"asked": "hand", "confirmed": "yes"}
picks = st.integers(0, 2 * PAYING)


class Sums(RuleBasedStateMachine):
    """Four payments, two payers and partial ones among them, at two banks."""

    @initialize(
        minds=st.lists(st.sampled_from(MINDS), min_size=PAYING, max_size=PAYING),
        idempotent=st.booleans(),
        turns=st.sampled_from([0, 3, 6, 12]),
    )
    def begin(self, minds: list[str], idempotent: bool, turns: int) -> None:
        self.ended = ExitStack()
        icbc = HeardBank(numbers_idempotent=idempotent, batch_limit=2)
        self.books = Books({"ICBC": icbc, "CCB": HeardBank()}, HeardCore())
        self.centre = self.ended.enter_context(
            many(icbc=icbc, ccb=self.books.banks["CCB"], core=self.books.core)
        )
        self.centre.add(*PEOPLE)
        self.centre.agreements(HEADER + "A9,ICBC,LA9,6222A9,52A9,,20240101,1,\n")  # no due
        due = ("LX", "6222X", "名X", "IDX", date(2025, 10, 20), Fen(77), False, False)
        icbc.dues.append(DueRecord(*due))  # unclaimed
        for one, mind in zip(PEOPLE[:PAYING], minds, strict=True):
            self.bank(one.bank).minds[one.loan] = mind
        self.centre.open("ICBC", "CCB")
        self.centre.planned()
        self.centre.approve()
        for row in self.rows():
            self.plan(row)
        assert len(self.books.plan) == PAYING
        self.stopped: set[str] = set()
        self.partly: set[str] = set()
        self.closing: dict[str, Totals] | None = None
        self.lately: set[str] = set()
        self.days = 0
        for _ in range(turns):
            self.centre.tick()
            self.centre.hurry()

    def bank(self, code: str) -> HeardBank:
        return self.books.banks[code]

    def rows(self) -> list[Any]:
        columns = (item, agreement.c.loan_contract, agreement.c.number.label("agreement"))
        query = sa.select(*columns).join(agreement, agreement.c.id == item.c.agreement_id)
        with self.centre.store.read() as view:
            return list(view.execute(query.order_by(item.c.number)))

    def plan(self, row: Any) -> None:
        payee = f"6222{row.agreement}"
        self.books.plan[row.number] = Planned(row.bank, row.loan_contract, payee, row.fen)

    def number(self, pick: int) -> str:
        return sorted(self.books.plan)[pick % len(self.books.plan)]

    def results(self, said: list[RowResult], way: str) -> None:
        with self.centre.store.write() as tx:
            apply_results(tx, self.centre.office, said, way)

    # --- the hub goes on ---

    @rule()
    def conduct(self) -> None:
        self.centre.conductor.step()
        self.centre.hurry()

    @rule(kinds=st.sampled_from(SOME_KINDS))
    def deliver(self, kinds: tuple[str, ...]) -> None:
        self.centre.deliver(*kinds)

    @rule()
    def rest(self) -> None:
        """Until nothing is in flight; then the sums are exact."""
        for turn in range(20):
            self.drain()
            if turn > 1 and not {m.state for m in self.centre.rows(message)} & ON_THE_WAY:
                break
            self.centre.hurry()
        self.sums_are_exact()

    def drain(self) -> None:
        for _ in range(60):
            moved = self.centre.conductor.step()
            if not self.centre.deliver() and not moved:
                return
        raise AssertionError("it never comes to rest")

    # --- what goes wrong on the way ---

    @rule()
    def the_next_send_is_booked_and_not_found(self) -> None:
        """Left to chance the two hardly ever meet, and this is where a repeat would pay twice."""
        self.bank("ICBC").breaks = ["after"]
        self.bank("ICBC").deaf = True

    @rule(where=st.sampled_from(["ICBC", "CCB", "core"]), when=st.sampled_from(["before", "after"]))
    def the_next_call_breaks(self, where: str, when: str) -> None:
        (self.books.core if where == "core" else self.bank(where)).breaks.append(when)

    @rule(kind=st.sampled_from(list(CommandKind)), pick=st.integers(0, PAYING - 1))
    def the_core_refuses(self, kind: CommandKind, pick: int) -> None:
        self.books.core.refuses ^= {(kind, PEOPLE[pick].number)}

    @rule(day=st.booleans())
    def time_passes(self, day: bool) -> None:
        """The contract's settle_after; or a banking day, twice at most."""
        self.centre.wait_settle()
        if day and self.days < 2:
            self.days += 1
            self.centre.next_day()

    # --- what the banks say and do ---

    @rule(way=st.sampled_from(["reply", "results", "inquiry", "statement"]))
    def they_say_all_they_know_again(self, way: str) -> None:
        for bank in self.books.banks.values():
            self.results(list(bank.known.values()), way)
            bank.told += bank.known.values()

    @rule(deaf=st.booleans())
    def they_find_nothing_any_more(self, deaf: bool) -> None:
        self.bank("ICBC").deaf = deaf

    @rule(pick=picks, what=st.sampled_from(["nothing", "nothing", "refused", "done", "more"]),
          status=st.sampled_from(["processing", "not_found", "unknown"]))  # fmt: skip
    def somebody_says_what_may_not_be_so(self, pick: int, what: str, status: str) -> None:
        number = self.number(pick)
        said = RowResult(number, RowStatus(status))
        if what == "refused":
            said = RowResult(number, RowStatus.REFUSED, reason=RefusalReason.BANK_ERROR)
        elif what != "nothing":
            fen = self.books.plan[number].fen + (what == "more")
            said = RowResult(number, RowStatus.DONE, Fen(fen))
        self.rumour(said, "results")

    def rumour(self, said: RowResult, way: str) -> None:
        if said.number in self.books.of(said.number).sent():
            self.results([said], way)
            self.books.rumour(said)
            self.lately.add(said.number)

    @rule(pick=picks)
    def what_was_received_is_booked_late(self, pick: int) -> None:
        number = self.number(pick)
        bank, one = self.books.of(number), self.books.plan[number]
        if number in bank.sent() - bank.known.keys() and not self.days:
            bank.pay_late(number, one.fen, one.payee)

    @rule(pick=picks, kind=st.sampled_from([EntryKind.RETURN, EntryKind.REVERSAL]),
          less=st.sampled_from([0, 0, 1]))  # fmt: skip
    def the_money_comes_back(self, pick: int, kind: EntryKind, less: int) -> None:
        paid = [n for n in sorted(self.books.plan) if self.books.of(n).credits_of(n) == 1]
        paid = [n for n in paid if self.books.of(n).net(n) > less]
        if not paid:
            return
        number = paid[pick % len(paid)]
        if less or number in self.partly:
            self.partly.add(number)
        bank = self.books.of(number)
        bank.book(number, bank.net(number) - less, kind=kind)

    # --- what people do ---

    @rule(on=st.booleans(), bank=st.sampled_from(["ICBC", "CCB"]))
    def a_channel_is_stopped_or_resumed(self, on: bool, bank: str) -> None:
        act = self.centre.bus.stop if on else self.centre.bus.resume
        with self.centre.store.write() as tx:
            act(tx, f"bank-{bank.lower()}", "wang", "because")
        self.stopped = self.stopped | {bank} if on else self.stopped - {bank}

    @rule(pick=picks)
    def two_people_withdraw(self, pick: int) -> None:
        """An item; else its batch, when that surely was not sent."""
        number = self.number(pick)
        with suppress(NotWithdrawable):
            with self.centre.store.write() as tx:
                withdraw_items(tx, self.centre.office, [number], actor="a", reason="b")
            self.books.withdrawn.add(number)
        row = next(one for one in self.rows() if one.number == number)
        if row.batch is None:
            return
        rows = {one.number for one in self.rows() if one.batch == row.batch}
        with suppress(NotWithdrawable):
            with self.centre.store.write() as tx:
                withdraw_batch(tx, self.centre.office, row.batch, actor="a", reason="b")
            self.books.withdrawn |= rows

    @rule()
    def two_people_settle_what_they_can(self) -> None:
        """As bank and core have it now, or tied to the entry that came back."""
        for one in [d for d in self.centre.rows(difference) if d.state == "open"]:
            back = [
                e.serial for bank in self.books.banks.values() for e in bank.entries
                if e.number == one.number and e.kind is not EntryKind.CREDIT
            ]  # fmt: skip
            for way, entry in [(Way.ADOPTED, ""), *((Way.TIED, serial) for serial in back)]:
                with suppress(HubError):
                    with self.centre.store.write() as tx:
                        seen = outlook(tx, one.id, way, entry)
                        settle(tx, self.centre.office, seen, "商定", TWO)
                    self.books.settled.add(one.number)
                    break

    @rule(pick=picks)
    def a_second_try_is_ordered(self, pick: int) -> None:
        with suppress(HubError), self.centre.store.write() as tx:
            asked = repayment_of(tx, self.number(pick))
            repay(tx, self.centre.office, asked, actor="hand")
        for row in self.rows():
            if row.number not in self.books.plan:
                self.plan(row)

    # --- what must be true at every moment ---

    @invariant()
    def nothing_is_paid_twice(self) -> None:
        if not hasattr(self, "days"):
            return
        core = self.books.core
        assert core.booked_twice() == []
        for number, one in self.books.plan.items():
            bank, state = self.books.of(number), core.states.get(number, "")
            twice = bank.minds[one.loan] == "twice"
            assert bank.credits_of(number) <= 1 + twice, "credited twice"
            assert core.net(number) in (0, one.fen), "posted otherwise than planned"
            if state == "posted" and number not in self.books.settled:
                assert self.books.decided(number) == "succeeded", "posted without a success"
            if state == "released" and number not in self.books.rumoured:
                assert bank.net(number) == 0, "let go of what was paid"
            assert not (number in self.books.withdrawn and number in bank.sent())
        strange = {self.books.plan[n].loan for n in self.books.rumoured}
        live = [
            one.loan for number, one in self.books.plan.items()
            if self.books.core.states.get(number) in ("held", "posted") and one.loan not in strange
        ]  # fmt: skip
        assert len(live) == len(set(live)), "two payments of one loan are alive"

    # --- what must be true at rest ---

    def sums_are_exact(self) -> None:
        rows = {row.number: row for row in self.rows()}
        outcomes = {number: (row.outcome, row.reason) for number, row in rows.items()}
        frozen = {d.number for d in self.centre.rows(difference) if d.state == "open"}
        with self.centre.store.read() as view:
            totals = read_totals(view, self.centre.run_id)
        if self.centre.closed():
            self.closed_sums_stand(totals, frozen)
        else:
            self.open_sums_are_the_books(totals, outcomes)
        for number, row in rows.items():
            self.decided_as_told(number, row)
            if number not in frozen:
                self.nothing_is_between_steps(number, row)
        self.differences_are_what_differs(rows)
        self.lately = set()

    def open_sums_are_the_books(
        self, totals: dict[str, Totals], outcomes: dict[str, tuple[str, str]]
    ) -> None:
        found = {(e.bank, e.name): e.remainder for e in equations(totals)}
        for bank in self.books.banks:
            entries = self.centre.rows(statement_entry)
            parts = {e.serial for e in entries if e.part and e.bank == bank}
            wanted = self.books.expected(bank, outcomes, parts)
            wrong = {n: (totals[bank][n], f) for n, f in wanted.items() if totals[bank][n] != f}
            assert not wrong, f"{bank}: {wrong}"
            for name, (left, right) in sides(wanted | {"unknown": totals[bank]["unknown"]}).items():
                assert found[bank, name] == left - right, name
            assert found[bank, "E0"] == found[bank, "E1"] == Figure()

    def closed_sums_stand(self, totals: dict[str, Totals], frozen: set[str]) -> None:
        """It closed in balance with nothing open, and whatever comes later changes no total."""
        if self.closing is None:
            self.closing = totals
            late = {e.number for e in self.centre.rows(statement_entry) if e.late}
            assert frozen <= self.lately | late
            assert "held" not in self.books.core.states.values()
        assert totals == self.closing
        assert all(one.balanced for one in equations(totals))

    def decided_as_told(self, number: str, row: Any) -> None:
        """The first final result decides, or a closed day's statement without the credit."""
        if number in self.books.settled or not self.books.is_sent(number):
            return
        bank, said = self.books.of(number), self.books.decided(number)
        if row.reason == "not_credited":
            assert row.outcome == "FAILED"
            assert bank.closed
            assert bank.credits_of(number) == 0
            return
        wanted = {"succeeded": {"SUCCEEDED", "RETURNED"}, "failed": {"FAILED"},
                  "other": {"UNKNOWN"}, "": {"", "UNKNOWN"}}[said]  # fmt: skip
        assert row.outcome in wanted, f"told {said}, and it is {row.outcome}"
        if row.outcome == "RETURNED":
            assert bank.net(number, shown=True) == 0
        if row.outcome in ("", "UNKNOWN"):
            assert self.books.core.states[number] == "held", "let go while nobody knows"

    def nothing_is_between_steps(self, number: str, row: Any) -> None:
        state = self.books.core.states.get(number, "")
        if row.outcome == "SUCCEEDED":
            assert state == "posted"
        elif row.outcome == "RETURNED":
            assert state == "reversed"
        elif row.outcome == "FAILED":
            assert state in ("", "released", "reversed")
        elif not self.books.is_sent(number):
            assert row.bank in self.stopped, f"{row.state}, and nothing holds it up"

    def differences_are_what_differs(self, rows: dict[str, Any]) -> None:
        """None where nobody said or did anything odd.  Where bank, core and hub were compared
        after the last word and differ, there is one."""
        known = {d.number: f"{d.kind}: {d.detail}" for d in self.centre.rows(difference)}
        for number, row in rows.items():
            assert number not in known or self.is_odd(number), f"out of nothing, {known[number]}"
            compared = row.state == "reconciled" and not self.open_at(row.bank, rows)
            if compared and number not in known:
                paid = self.books.plan[number].fen if row.outcome == "SUCCEEDED" else 0
                shown = self.books.of(number).net(number, shown=True)
                assert paid == shown == self.books.core.net(number)
            finals = set(self.books.finals(number))
            if (
                len(finals) > 1
                and number in self.books.rumoured
                and not self.open_at(row.bank, rows)
            ):
                assert number in known, f"{finals}, and no difference"

    def open_at(self, bank: str, rows: dict[str, Any]) -> bool:
        here = {row.state for row in rows.values() if row.bank == bank}
        return not here <= {"reconciled", "refused"}

    def is_odd(self, number: str) -> bool:
        bank, core = self.books.of(number), self.books.core
        return bool(
            number in self.books.rumoured | self.partly | (core.refused_ever - core.refused_holds)
            or bank.credits_of(number) > 1
            or {one for _, one in self.books.finals(number)} - {None, self.books.plan[number].fen}
        )

    def teardown(self) -> None:
        if not hasattr(self, "days"):
            return
        with self.ended:
            self.rest()
            self.everything_mends()
            self.centre.next_day()
            for _ in range(8):
                self.rest()
                if self.centre.closed():
                    break
                self.two_people_settle_what_they_can()
            assert self.centre.closed() or self.centre.differences(), self.centre.items()

    def everything_mends(self) -> None:
        self.books.core.breaks.clear()
        self.books.core.refuses.clear()
        for code, bank in self.books.banks.items():
            bank.breaks.clear()
            bank.deaf = False
            self.a_channel_is_stopped_or_resumed(on=False, bank=code)
        for _ in range(2):
            self.centre.wait_settle()
            self.rest()
