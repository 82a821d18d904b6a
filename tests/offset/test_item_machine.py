"""One item's life under any order of steps, results, answers, withdrawals and freezes.

After every step all items are held against what must always be true of them, whatever is under
way: the graph of states and marks, the unique key, the money at bank and core.  The month's sums
are another suite's.
"""

from contextlib import ExitStack, suppress
from typing import Any

import sqlalchemy as sa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from hub.kernel.money import Fen
from hub.offset.differences import Finding, open_difference, thaw
from hub.offset.results import apply_results
from hub.offset.tables import batch, difference, item
from hub.offset.withdraw import NotWithdrawable, withdraw_batch, withdraw_items
from hub.offset.words import DifferenceKind
from hub.ports.bank import EntryKind, RefusalReason, RowResult, RowStatus
from hub.ports.core import CommandKind
from tests.offset.kit import Person, many

PEOPLE = 3
NEXT = {
    "planned": {"held", "refused"},
    "held": {"instructed", "unknown", "succeeded", "failed"},
    "instructed": {"unknown", "succeeded", "failed"},
    "unknown": {"instructed", "succeeded", "failed"},
    "succeeded": {"posted"},
    "failed": {"released"},
    "posted": {"reconciled", "returned"},
    "released": {"reconciled"},
    "returned": {"reversed"},
    "reversed": {"reconciled"},
    "reconciled": {"returned"},
    "refused": set[str](),
}
"""design.md §6; from reconciled only what had been paid goes on."""
MARKS = ("was_held", "was_instructed", "was_withdrawn", "was_posted", "was_released",
         "was_reversed")  # fmt: skip
FIXED = ("number", "fen", "main_fen", "spouse_fen", "due_fen", "agreement_id", "main_token",
         "spouse_token")  # fmt: skip
ONCE = ("batch", "row_no")
NOT_LIVE = {"failed", "released", "refused", "reversed"}
SOME_KINDS: list[tuple[str, ...]] = [
    (), (), ("bank.instruct",), ("core.hold", "core.post"), ("core.release", "core.reverse"),
    ("bank.inquire", "bank.results"), ("bank.statement", "core.postings", "core.holds"),
]  # fmt: skip
picks = st.integers(0, PEOPLE - 1)


def reachable(state: str) -> set[str]:
    """Where an item may be some steps later, its own state included."""
    found, fresh = {state}, [state]
    while fresh:
        for one in NEXT[fresh.pop()] - found:
            found.add(one)
            fresh.append(one)
    return found


class Items(RuleBasedStateMachine):
    """Three items of one bank."""

    @initialize(
        minds=st.lists(
            st.sampled_from(["", "", "refuse", "silent", "never"]),
            min_size=PEOPLE, max_size=PEOPLE,
        ),
        breaks=st.sampled_from(["", "before", "after"]),
        turns=st.sampled_from([0, 3, 6, 9]),
    )  # fmt: skip
    def begin(self, minds: list[str], breaks: str, turns: int) -> None:
        """Some way into the month already, the first send perhaps broken."""
        self.ended = ExitStack()
        self.centre = self.ended.enter_context(many())
        people = [Person(f"A{n}", spouse=f"53{n}", balance=60_000, spouse_balance=60_000)
                  for n in range(PEOPLE)]  # fmt: skip
        self.centre.add(*people)
        self.centre.icbc.minds = {p.loan: m for p, m in zip(people, minds, strict=True)}
        self.centre.open()
        self.centre.planned()
        self.centre.approve()
        self.before = self.rows()
        self.keys = {row.number: row.live_key for row in self.before.values()}
        self.numbers = sorted(self.before)
        self.lied: set[str] = set()
        self.days = 0
        self.centre.icbc.breaks = [breaks] if breaks else []
        for _ in range(turns):
            self.go_on(1)
            self.each_item_is_as_it_may_be()

    def rows(self) -> dict[str, Any]:
        return {row.number: row for row in self.centre.rows(item)}

    # --- what happens ---

    @rule()
    def conduct(self) -> None:
        self.centre.conductor.step()
        self.centre.hurry()

    @rule(kinds=st.sampled_from(SOME_KINDS))
    def deliver(self, kinds: tuple[str, ...]) -> None:
        self.centre.deliver(*kinds)

    @rule(turns=st.integers(1, 4))
    def go_on(self, turns: int) -> None:
        for _ in range(turns):
            self.centre.tick()
            self.centre.hurry()

    @rule(when=st.sampled_from(["before", "after"]))
    def the_next_send_breaks(self, when: str) -> None:
        self.centre.icbc.breaks.append(when)

    @rule(way=st.sampled_from(["reply", "results", "inquiry", "statement"]))
    def the_bank_says_all_it_knows(self, way: str) -> None:
        self.results(list(self.centre.icbc.known.values()), way)

    @rule(pick=picks, status=st.sampled_from(["processing", "not_found", "unknown"]))
    def somebody_says_nothing_final(self, pick: int, status: str) -> None:
        number = self.numbers[pick]
        if self.rows()[number].batch:
            self.results([RowResult(number, RowStatus(status))], "inquiry")

    @rule(pick=picks, what=st.sampled_from(["refused", "done", "more"]))
    def somebody_says_what_is_not_so(self, pick: int, what: str) -> None:
        number = self.numbers[pick]
        row = self.rows()[number]
        if not row.batch:
            return
        self.lied.add(number)
        said = RowResult(number, RowStatus.REFUSED, reason=RefusalReason.BANK_ERROR)
        if what != "refused":
            said = RowResult(number, RowStatus.DONE, Fen(row.fen + (what == "more")))
        self.results([said], "inquiry")

    @rule(pick=picks)
    def two_finals_contradict(self, pick: int) -> None:
        row = self.rows()[self.numbers[pick]]
        if row.state not in {"instructed", "unknown"}:
            return
        self.lied.add(row.number)
        self.results([RowResult(row.number, RowStatus.DONE, Fen(row.fen))], "reply")
        self.each_item_is_as_it_may_be()
        said = RowResult(row.number, RowStatus.REFUSED, reason=RefusalReason.BANK_ERROR)
        self.results([said], "inquiry")

    def results(self, said: list[RowResult], way: str) -> None:
        with self.centre.store.write() as tx:
            apply_results(tx, self.centre.office, said, way)

    @rule(kind=st.sampled_from(list(CommandKind)), pick=picks)
    def the_core_refuses(self, kind: CommandKind, pick: int) -> None:
        self.centre.core.refuses ^= {(kind, f"A{pick}")}

    @rule(pick=picks)
    def two_people_withdraw_one(self, pick: int) -> None:
        with suppress(NotWithdrawable), self.centre.store.write() as tx:
            withdraw_items(tx, self.centre.office, [self.numbers[pick]], actor="a", reason="b")

    @rule()
    def two_people_withdraw_a_batch(self) -> None:
        for row in self.centre.rows(batch):
            with suppress(NotWithdrawable), self.centre.store.write() as tx:
                withdraw_batch(tx, self.centre.office, row.number, actor="a", reason="b")

    @rule(on=st.booleans())
    def the_channel_is_stopped_or_resumed(self, on: bool) -> None:
        with self.centre.store.write() as tx:
            act = self.centre.bus.stop if on else self.centre.bus.resume
            act(tx, "bank-icbc", "wang", "because")

    @rule(pick=picks)
    def a_difference_freezes(self, pick: int) -> None:
        number = self.numbers[pick]
        finding = Finding(DifferenceKind.BANK_ONLY, "ICBC", number, 0, 0, 0, "t")
        with self.centre.store.write() as tx:
            open_difference(tx, self.centre.run_id, finding, 1)

    @rule()
    def two_people_settle_what_was_frozen(self) -> None:
        with self.centre.store.write() as tx:
            for row in tx.execute(sa.select(difference).where(difference.c.state == "open")).all():
                if row.detail == "t":
                    settled = sa.update(difference).where(difference.c.id == row.id)
                    tx.execute(settled.values(state="settled", settled_us=1, settlement="t"))
                    thaw(tx, row.number)

    @rule(pick=picks)
    def the_money_comes_back(self, pick: int) -> None:
        number, entries = self.numbers[pick], self.centre.icbc.entries
        kinds = [e.kind for e in entries if e.number == number]
        if kinds == [EntryKind.CREDIT]:
            paid = next(e for e in entries if e.number == number)
            self.centre.icbc.book(number, paid.amount, kind=EntryKind.RETURN)

    @rule()
    def settle_after_passes(self) -> None:
        self.centre.wait_settle()

    @rule()
    def a_day_passes(self) -> None:
        if self.days < 2:
            self.days += 1
            self.centre.next_day()

    @rule(pick=picks)
    def a_second_item_is_tried(self, pick: int) -> None:
        """The database refuses it as long as the first one lives."""
        number = self.numbers[pick]
        row = self.rows()[number]
        twin = dict(row._mapping) | {"number": "9" * 20, "live_key": self.keys[number], "try_no": 2}
        refused = False
        with self.centre.store.engine.connect() as connection, connection.begin() as tx:
            try:
                connection.execute(sa.insert(item).values(**twin))
            except sa.exc.IntegrityError:
                refused = True
            tx.rollback()
        assert refused == (row.state not in NOT_LIVE and not self.is_let_go(row)), row.state

    # --- what must be true ---

    @staticmethod
    def is_let_go(row: Any) -> bool:
        """Reconciled after it had been released or reversed."""
        return bool(row.was_released or row.was_reversed)

    @invariant()
    def each_item_is_as_it_may_be(self) -> None:
        if not hasattr(self, "days"):
            return
        rows = self.rows()
        assert set(rows) == set(self.before), "an item came or went"
        for number, row in rows.items():
            self.moved_as_it_may(self.before[number], row)
            self.marks_agree(row)
            self.money_agrees(row)
        live = [row.live_key for row in rows.values() if row.live_key]
        assert len(live) == len(set(live))
        self.before = rows

    def moved_as_it_may(self, before: Any, row: Any) -> None:
        assert row.state in reachable(before.state), f"{before.state} → {row.state}"
        for name in MARKS:
            assert getattr(row, name) >= getattr(before, name), f"{name} was taken back"
        for name in FIXED:
            assert getattr(row, name) == getattr(before, name), f"{name} changed"
        for name in ONCE:
            told = getattr(before, name)
            assert told is None or getattr(row, name) == told, f"{name} was given again"
        assert not (before.outcome == "FAILED" and row.outcome != "FAILED"), "a failure undone"
        if before.outcome == "SUCCEEDED":
            assert row.outcome in {"SUCCEEDED", "RETURNED"}, "a success undone"
        if before.disputed and row.disputed and row.state != before.state:
            # Answers to what was ordered before the freeze still count, and what was surely
            # never sent may be withdrawn.
            answered = before.asked != "" or row.was_withdrawn
            assert answered, f"frozen, and moved from {before.state} to {row.state}"

    def marks_agree(self, row: Any) -> None:
        assert not (row.was_posted and row.was_released), "posted and released"
        assert not (row.was_withdrawn and row.was_instructed), "withdrawn after it was sent"
        assert row.was_reversed <= row.was_posted
        assert row.was_posted <= row.was_held
        lives = row.state not in NOT_LIVE and not self.is_let_go(row)
        assert (row.live_key is not None) == lives, f"live_key of one that is {row.state}"
        if row.live_key is not None:
            assert row.live_key == self.keys[row.number]

    def money_agrees(self, row: Any) -> None:
        number, core = row.number, self.centre.core
        credits_ = [e for e in self.centre.icbc.entries
                    if e.number == number and e.kind is EntryKind.CREDIT]  # fmt: skip
        assert len(credits_) <= 1, "credited twice"
        posted = [(p.account, p.reversal) for p in core.booked if p.number == number]
        assert len(posted) == len(set(posted)), "posted twice"
        state = core.states.get(number, "")
        if credits_ and number not in self.lied:
            assert state in {"held", "posted", "reversed"}, f"credited, and at the core {state}"
        if posted and number not in self.lied:
            assert credits_, "posted, and never credited"
        sent = [
            one for body in self.centre.icbc.bodies for one in body.rows if one.number == number
        ]
        assert all(one.amount == row.fen for one in sent), "sent with another amount"
        batches = {body.number for body in self.centre.icbc.bodies
                   for one in body.rows if one.number == number}  # fmt: skip
        assert len(batches) <= 1, "sent in two batches"

    def teardown(self) -> None:
        if hasattr(self, "ended"):
            self.ended.close()


TestItems = Items.TestCase
TestItems.settings = settings(max_examples=20, stateful_step_count=25, deadline=None)
