"""E0 to E7 at rest: whatever came, in any order and by any way, every equation balances or
something open explains why not; and what has closed never changes."""

import json
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hub.kernel.errors import HubError
from hub.kernel.money import Fen
from hub.offset.claims import claim_return, proposals
from hub.offset.export import totals_json
from hub.offset.repay import repay, repayment_of
from hub.offset.results import apply_results
from hub.offset.settled import look_again, settle
from hub.offset.settling import Way, outlook
from hub.offset.tables import core_posting, difference, item, statement_entry
from hub.offset.tables_after import adjustment
from hub.offset.totals import equations, read_totals
from hub.ports.bank import EntryKind, RefusalReason, RowResult, RowStatus
from tests.offset.kit import Centre, Person, many

FEN = 100_000
WHO = ("A0", "A1", "A2")
TWO = {"asked": "hand", "confirmed": "yes"}
_RESTING = {"reconciled", "refused"}


class Month(RuleBasedStateMachine):
    """Three people, a bank and a core that may do anything, and two people who settle."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = many()
        self.centre: Centre = self._folder.__enter__()
        self.closed_said: dict[str, Any] | None = None

    @initialize(minds=st.lists(st.sampled_from(["", "refuse", "silent", "more", "twice", "never"]),
                               min_size=3, max_size=3))  # fmt: skip
    def planned(self, minds: list[str]) -> None:
        self.centre.add(*(Person(who) for who in WHO))
        self.centre.icbc.minds = {f"L{who}": mind for who, mind in zip(WHO, minds, strict=True)}
        self.centre.open()
        self.centre.planned()
        self.centre.approve()

    @rule(times=st.integers(1, 4))
    def time_passes(self, times: int) -> None:
        for _ in range(times):
            self.centre.hurry()
            self.centre.tick()

    @rule()
    def day_ends(self) -> None:
        self.centre.next_day()

    @rule(
        who=st.sampled_from(WHO),
        status=st.sampled_from(["done", "refused", "processing"]),
        off=st.sampled_from([0, 0, 1]),
        way=st.sampled_from(["reply", "file", "callback"]),
    )
    def result(self, who: str, status: str, off: int, way: str) -> None:
        number = self._instructed(who)
        if number is None:
            return
        kind = RowStatus(status)
        said = RowResult(
            number, kind, amount=Fen(FEN + off) if kind is RowStatus.DONE else None,
            reason=RefusalReason.ACCOUNT_CLOSED if kind is RowStatus.REFUSED else None,
        )  # fmt: skip
        with self.centre.store.write() as tx:
            apply_results(tx, self.centre.office, [said], way)

    @rule(
        who=st.sampled_from(WHO),
        fen=st.sampled_from([FEN, FEN, 1]),
        named=st.booleans(),
        kind=st.sampled_from([EntryKind.CREDIT, EntryKind.RETURN, EntryKind.REVERSAL]),
    )
    def entry(self, who: str, fen: int, kind: EntryKind, *, named: bool) -> None:
        number = self._instructed(who)
        if number is not None:
            self.centre.icbc.book(number if named else "", fen, kind=kind, account=f"6222{who}")

    @rule(fen=st.sampled_from([77, FEN]))
    def stranger(self, fen: int) -> None:
        self.centre.icbc.book("25109999999999999991", fen, account="6222B")

    @precondition(lambda self: self.centre.differences())
    @rule(choice=st.integers(0, 40), pick=st.integers(0, 20))
    def settled(self, choice: int, pick: int) -> None:
        """Two people try some settlement; what makes no sense is refused and changes nothing."""
        centre = self.centre
        ids = [int(d.id) for d in centre.rows(difference) if d.state == "open"]
        serials = [e.serial for e in centre.rows(statement_entry)]
        serials += [p.serial for p in centre.rows(core_posting)]
        ways = [(Way.ADOPTED, ""), *((Way.TIED, serial) for serial in serials)]
        way, entry = ways[choice % len(ways)]
        try:
            with centre.store.write() as tx:
                seen = outlook(tx, ids[pick % len(ids)], way, entry)
                settle(tx, centre.office, seen, "商定", TWO)
        except HubError:
            return

    @rule(pick=st.integers(0, 20))
    def claimed(self, pick: int) -> None:
        centre = self.centre
        with centre.store.read() as view:
            found = [(p.entry, n) for p in proposals(view, centre.run_id) for n in p.items]
        if found:
            entry, number = found[pick % len(found)]
            with centre.store.write() as tx:
                run_id = claim_return(tx, centre.office, entry, number, "yes")
                look_again(tx, run_id, "ICBC")

    @rule(pick=st.integers(0, 20))
    def repaid(self, pick: int) -> None:
        rows = self.centre.rows(item)
        if not rows:
            return
        try:
            with self.centre.store.write() as tx:
                asked = repayment_of(tx, rows[pick % len(rows)].number)
                repay(tx, self.centre.office, asked, actor="yes")
        except HubError:
            return

    @invariant()
    def what_has_closed_stays(self) -> None:
        centre = self.centre
        if not centre.run_id or not centre.closed():
            return
        with centre.store.read() as view:
            said = json.loads(totals_json(view, centre.run_id))
        closed = {name: said[name] for name in ("banks", "total", "equations", "closed")}
        assert not [e for e in said["equations"] if any(e["remainder"].values())]
        if self.closed_said is None:
            self.closed_said = closed
        assert closed == self.closed_said

    @invariant()
    def nobody_is_booked_twice(self) -> None:
        """The core has each item's money at most once, and never less than nothing."""
        net: dict[str, int] = {}
        for posting in self.centre.core.booked:
            sign = -1 if posting.reversal else 1
            net[posting.number] = net.get(posting.number, 0) + sign * posting.amount
        assert set(net.values()) <= {0, FEN}

    def teardown(self) -> None:
        try:
            if self.centre.run_id:
                self._rest()
        finally:
            self._folder.__exit__(None, None, None)

    def _rest(self) -> None:
        """Everything that moves by itself has moved, and two banking days have closed."""
        for _ in range(2):
            for _ in range(8):
                self.centre.hurry()
                self.centre.tick()
            self.centre.next_day()
        for _ in range(8):
            self.centre.hurry()
            self.centre.tick()
        self.what_has_closed_stays()
        self.nobody_is_booked_twice()
        with self.centre.store.read() as view:
            totals = read_totals(view, self.centre.run_id)
            waiting = proposals(view, self.centre.run_id)
        off = [e.name for e in equations(totals) if not e.balanced]
        restless = [r.number for r in self.centre.rows(item) if r.state not in _RESTING]
        moving = [a.number for a in self.centre.rows(adjustment) if a.state != "done"]
        explained = bool(self.centre.differences() or waiting)
        assert not (off or restless or moving) or explained, (off, restless, moving)
        assert self.centre.closed() or explained, self.centre.items()

    def _instructed(self, who: str) -> str | None:
        rows = [r for r in self.centre.rows(item) if r.was_instructed and r.try_no == 1]
        by_loan = {r.live_key or r.number: r.number for r in rows}
        known = {self.centre.number(w): w for w in WHO}
        return next((n for n in by_loan.values() if known.get(n) == who), None)


Month.TestCase.settings = settings(
    max_examples=25, stateful_step_count=14, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)  # fmt: skip
TestMonth = Month.TestCase
