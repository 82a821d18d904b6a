"""Results in any order, any number of times, by any way, against a model of what must follow."""

from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest
import sqlalchemy as sa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from hub.kernel.money import Fen
from hub.offset.results import apply_results
from hub.offset.tables import item, result_seen
from hub.offset.totals import Figure, equations, read_totals
from hub.ports.bank import EntryKind, RefusalReason, RowResult, RowStatus
from hub.ports.core import CommandKind
from tests.offset.kit import Centre, Person, many

FEN = 100_000


def done(number: str, fen: int = FEN) -> RowResult:
    return RowResult(number, RowStatus.DONE, Fen(fen), code="7")


def refused(number: str, reason: RefusalReason = RefusalReason.ACCOUNT_CLOSED) -> RowResult:
    return RowResult(number, RowStatus.REFUSED, reason=reason, code="6:A1101")


def silent_month(centre: Centre, people: int = 3) -> list[str]:
    """Everybody instructed, the bank silent: the items' numbers."""
    everybody = [Person(f"A{n}") for n in range(people)]
    centre.add(*everybody)
    centre.icbc.minds |= {one.loan: "never" for one in everybody}
    centre.open()
    centre.planned()
    centre.approve()
    centre.until(lambda: {s for s, _, _ in centre.items().values()} == {"instructed"})
    return [centre.number(one.number) for one in everybody]


def apply(centre: Centre, *results: RowResult, way: str = "reply") -> None:
    with centre.store.write() as tx:
        apply_results(tx, centre.office, results, way)


@dataclass
class Model:
    """One item as design.md §6 has it."""

    state: str = "instructed"
    finals: list[tuple[str, int | None]] = field(default_factory=list)
    kinds: set[str] = field(default_factory=set)

    def take(self, status: RowStatus, fen: int | None) -> None:
        final = status in (RowStatus.DONE, RowStatus.REFUSED)
        if self.kinds:
            if final and any(one != (status, fen) for one in self.finals):
                self.kinds.add("contradiction")
        elif status is RowStatus.DONE and fen != FEN:
            self.kinds.add("amount")
            if self.state in ("instructed", "unknown"):
                self.state = "unknown"
        elif self.state in ("instructed", "unknown"):
            self.state = {
                RowStatus.DONE: "succeeded", RowStatus.REFUSED: "failed",
                RowStatus.PROCESSING: "instructed", RowStatus.NOT_FOUND: "unknown",
                RowStatus.UNKNOWN: "unknown",
            }[status]  # fmt: skip
        elif (self.state, status) in (("succeeded", RowStatus.REFUSED), ("failed", RowStatus.DONE)):
            self.kinds.add("contradiction")
        if final:
            self.finals.append((status, fen))


class Results(RuleBasedStateMachine):
    """Results fall on three items; the books are the model's after each of them."""

    @initialize()
    def begin(self) -> None:
        self.ended = ExitStack()
        self.centre = self.ended.enter_context(many())
        self.numbers = silent_month(self.centre)
        self.models = {number: Model() for number in self.numbers}
        self.applied = len(self.seen())

    def seen(self) -> list[int]:
        return [row.times for row in self.centre.rows(result_seen) for _ in range(row.times)]

    @rule(
        picks=st.lists(
            st.tuples(
                st.integers(0, 2), st.sampled_from(RowStatus), st.sampled_from([FEN, FEN, FEN + 1])
            ),
            min_size=1, max_size=4,
        ),
        way=st.sampled_from(["reply", "results", "inquiry", "statement"]),
    )  # fmt: skip
    def results_come(self, picks: list[tuple[int, RowStatus, int]], way: str) -> None:
        rows = []
        for place, status, fen in picks:
            number, amount = self.numbers[place], Fen(fen) if status is RowStatus.DONE else None
            reason = RefusalReason.BANK_ERROR if status is RowStatus.REFUSED else None
            rows.append(RowResult(number, status, amount, reason))
            self.models[number].take(status, amount)
        apply(self.centre, *rows, RowResult("9" * 20, RowStatus.DONE, Fen(1)), way=way)
        self.applied += len(rows)

    @invariant()
    def books_are_the_models(self) -> None:
        if not hasattr(self, "models"):
            return
        found = {row.number: row for row in self.centre.rows(item)}
        for number, model in self.models.items():
            row = found[number]
            assert (row.state, bool(row.disputed)) == (model.state, bool(model.kinds))
            assert (row.live_key is None) == (row.state == "failed")
            kinds = {k for k, n in self.centre.differences() if n == number}
            assert kinds == model.kinds
            outcome = {"succeeded": "SUCCEEDED", "failed": "FAILED", "unknown": "UNKNOWN"}
            assert row.outcome == outcome.get(row.state, "")
            if model.finals[:1] and model.finals[0] == (RowStatus.DONE, FEN + 1):
                assert row.outcome != "SUCCEEDED"
        assert len(self.seen()) == self.applied
        with self.centre.store.read() as view:
            totals = read_totals(view, self.centre.run_id)["ICBC"]
        between = sum(model.state == "instructed" for model in self.models.values())
        e4 = next(e for e in equations({"ICBC": totals}) if e.name == "E4")
        assert e4.remainder == Figure(between, between * FEN)

    def teardown(self) -> None:
        if hasattr(self, "ended"):
            self.ended.close()


TestResults = Results.TestCase
TestResults.settings = settings(max_examples=10, stateful_step_count=12, deadline=None)


@pytest.fixture
def instructed(centre: Centre) -> tuple[Centre, list[str]]:
    return centre, silent_month(centre)


class TestOneByOne:
    def test_an_identical_repeat_changes_nothing(
        self, instructed: tuple[Centre, list[str]]
    ) -> None:
        centre, (one, *_) = instructed
        apply(centre, done(one), done(one))
        before = [row for row in centre.rows(item) if row.number == one]
        apply(centre, done(one), way="statement")
        assert [row for row in centre.rows(item) if row.number == one] == before
        (said,) = [r for r in centre.rows(result_seen) if r.number == one and r.status == "done"]
        assert said.times == 3
        assert centre.differences() == {}

    def test_a_repeat_after_the_posting_does_not_begin_it_anew(
        self, instructed: tuple[Centre, list[str]]
    ) -> None:
        centre, numbers = instructed
        apply(centre, *(done(number) for number in numbers))
        centre.until(lambda: {s for s, _, _ in centre.items().values()} == {"posted"})
        before = centre.rows(item)
        apply(centre, *(done(number) for number in numbers), way="statement")
        assert centre.rows(item) == before
        assert centre.differences() == {}

    def test_a_refusal_after_a_credit_is_a_contradiction(
        self, instructed: tuple[Centre, list[str]]
    ) -> None:
        centre, (one, *_) = instructed
        apply(centre, done(one))
        apply(centre, refused(one))
        assert centre.items()["A0"] == ("succeeded", "SUCCEEDED", "")
        assert set(centre.differences()) == {("contradiction", one)}

    def test_a_contradiction_freezes_what_comes_with_it(
        self, instructed: tuple[Centre, list[str]]
    ) -> None:
        """In one answer as in three: what is said after the contradiction is one more of it."""
        centre, (one, other, *_) = instructed
        said = [refused, done, lambda number: RowResult(number, RowStatus.DONE, Fen(FEN + 1))]
        apply(centre, *(say(one) for say in said))
        for say in said:
            apply(centre, say(other))
        assert set(centre.differences()) == {("contradiction", one), ("contradiction", other)}

    def test_a_result_that_overtakes_the_reply_counts(self, quick: Centre) -> None:
        quick.add(Person("A0"))
        quick.open()
        quick.planned()
        quick.approve()
        quick.cut()
        apply(quick, done(quick.number("A0")), way="statement")
        assert quick.items()["A0"][0] == "succeeded"
        quick.until(quick.closed)
        assert len(quick.icbc.entries) == 1

    def test_what_was_refused_and_reconciled_is_still_refused(
        self, instructed: tuple[Centre, list[str]]
    ) -> None:
        """A repeat that comes last of all changes nothing; a credit told then contradicts it."""
        centre, numbers = instructed
        one, *_ = numbers
        apply(centre, *(refused(number) for number in numbers))
        centre.until(lambda: {s for s, _, _ in centre.items().values()} == {"reconciled"})
        apply(centre, refused(one), way="inquiry")
        assert centre.differences() == {}
        apply(centre, done(one), way="inquiry")
        assert set(centre.differences()) == {("contradiction", one)}

    def test_two_at_once_are_taken_one_after_the_other(
        self, instructed: tuple[Centre, list[str]]
    ) -> None:
        """The second waits for the first's transaction and then sees what it decided."""
        centre, (one, *_) = instructed
        if centre.store.is_sqlite:
            pytest.skip("one writer at a time by itself")
        with centre.store.write() as tx:
            apply_results(tx, centre.office, [done(one)], "reply")
            other = sa.create_engine(centre.store.url)
            with other.connect() as second:
                second.exec_driver_sql("SET lock_timeout = '200ms'")
                with pytest.raises(sa.exc.OperationalError):
                    apply_results(second, centre.office, [refused(one)], "inquiry")
            other.dispose()
        apply(centre, refused(one))
        assert set(centre.differences()) == {("contradiction", one)}


SOME_KINDS: list[tuple[str, ...]] = [
    (), ("bank.instruct",), ("core.hold", "core.post"), ("bank.inquire", "bank.results"),
    ("bank.statement",),
]  # fmt: skip


class Month(RuleBasedStateMachine):
    """A month whose steps come in any order; whatever happened, it ends in balance."""

    @initialize(balances=st.lists(st.sampled_from([1, 50_000, 200_000]), min_size=5, max_size=5),
                minds=st.lists(st.sampled_from(["", "", "refuse", "silent", "never"]), min_size=5,
                               max_size=5))  # fmt: skip
    def begin(self, balances: list[int], minds: list[str]) -> None:
        self.ended = ExitStack()
        self.centre = self.ended.enter_context(many())
        people = [Person(f"A{n}", balance=fen) for n, fen in enumerate(balances)]
        self.centre.add(*people)
        self.centre.icbc.minds = {p.loan: m for p, m in zip(people, minds, strict=True)}
        self.centre.open()
        self.centre.planned()
        self.centre.approve()

    @rule()
    def conduct(self) -> None:
        self.centre.conductor.step()
        self.centre.hurry()

    @rule(kinds=st.sampled_from(SOME_KINDS))
    def deliver(self, kinds: tuple[str, ...]) -> None:
        self.centre.deliver(*kinds)

    @rule(when=st.sampled_from(["before", "after"]))
    def break_next(self, when: str) -> None:
        self.centre.icbc.breaks.append(when)

    @rule()
    def say_all_again(self) -> None:
        apply(self.centre, *self.centre.icbc.known.values(), way="inquiry")

    @rule()
    def refuse_a_hold(self) -> None:
        self.centre.core.refuses.add((CommandKind.HOLD, "A3"))

    @rule()
    def give_back_the_first(self) -> None:
        paid = [e for e in self.centre.icbc.entries if e.kind is EntryKind.CREDIT]
        back = {e.number for e in self.centre.icbc.entries if e.kind is EntryKind.RETURN}
        if paid and paid[0].number not in back:
            self.centre.icbc.book(paid[0].number, paid[0].amount, kind=EntryKind.RETURN)

    @invariant()
    def sums_hold(self) -> None:
        if not hasattr(self, "centre") or not self.centre.run_id:
            return
        credited = [e.number for e in self.centre.icbc.entries if e.kind is EntryKind.CREDIT]
        assert len(credited) == len(set(credited)), "a number credited twice"
        with self.centre.store.read() as view:
            totals = read_totals(view, self.centre.run_id)
        for one in equations(totals)[:7]:  # in flight, a remainder is what is between two steps
            assert one.remainder.count >= 0, one

    def teardown(self) -> None:
        if not hasattr(self, "ended"):
            return
        centre = self.centre
        centre.icbc.breaks.clear()
        for _ in range(3):
            centre.wait_settle()
            for _ in range(12):
                centre.tick()
                centre.hurry()
        centre.next_day()
        centre.until(centre.closed)
        with centre.store.read() as view:
            totals = read_totals(view, centre.run_id)
        assert all(one.balanced for one in equations(totals))
        assert "held" not in centre.core.states.values()
        for row in centre.rows(item):
            credited = [e for e in centre.icbc.entries if e.number == row.number]
            paid = sum(e.amount if e.kind is EntryKind.CREDIT else -e.amount for e in credited)
            posted = sum(-p.amount if p.reversal else p.amount
                         for p in centre.core.booked if p.number == row.number)  # fmt: skip
            assert paid == posted == (row.fen if row.outcome == "SUCCEEDED" else 0)
        self.ended.close()


TestMonth = Month.TestCase
TestMonth.settings = settings(max_examples=8, stateful_step_count=20, deadline=None)
