"""A message with its leases under any order of events, against a model of what must hold."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple

import pytest
import sqlalchemy as sa
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from hub.bus import Effect, Lane, LeaseLost, MessageState, Outcome, Verdict
from hub.bus import tables as t
from hub.bus.moves import FROM
from hub.bus.values import Claim
from hub.ports.line import PartnerRefused
from hub.store import Store
from tests.bus.kit import QUICK, Bank, Book, Keeper, Rig, journal, make_bus, new

S = MessageState
ENDS = {S.DELIVERED, S.REJECTED}
LEASE_US = 60_000_000
BACK_OFF_S = 61
"""Longer than any message waits for its next attempt."""


@dataclass
class Seen:
    """What the model knows of one message."""

    effect: Effect
    claims: int = 0
    holding: Claim | None = None
    doubt: bool = False  # an attempt may have had its effect and nobody has settled it
    ordered: bool = False  # a repeat was ordered since
    ended: bool = False
    applied: int = 0


@dataclass
class Model:
    seen: dict[int, Seen] = field(default_factory=dict)
    stopped: bool = False


class Machine:
    """What can happen to the messages of one interface, and what must follow each time."""

    serial: ClassVar[int] = 0
    clock: ClassVar[int] = 1_760_000_000_000_000

    def __init__(self, rig: Rig) -> None:
        type(self).serial += 1
        self.rig = rig
        self.name = f"bank-{self.serial}"
        self.model = Model()
        self.handed: list[Claim] = []

    def teardown(self) -> None:
        """What is left of this example is nobody's business in the next."""
        with self.rig.store.write() as tx:
            left = sa.update(t.message).where(t.message.c.state == "in_flight")
            tx.execute(left.values(state="closed", holder=None, lease_until_us=None))

    def _pass(self, seconds: float) -> None:
        type(self).clock += int(seconds * 1_000_000)

    def put(self, effect: Effect) -> None:
        (number,) = self._new(len(self.model.seen), effect)
        self.model.seen[number] = Seen(effect)
        assert self._new(len(self.model.seen) - 1, effect) == [number]

    def _new(self, serial: int, effect: Effect) -> list[int]:
        return self.rig.put(new(f"m{serial}", effect, interface=self.name))

    def attempt(self, holder: str, verdict: Verdict) -> None:
        for one in self.claim(holder, 1):
            self._finish(one, verdict)

    def claim(self, holder: str, limit: int) -> list[Claim]:
        self._pass(0.1)
        with self.rig.store.write() as tx:
            got = self.rig.bus.claim(tx, holder, [Lane(self.name, limit, 4, LEASE_US / 1e6)])
        assert len(got) <= limit
        for one in got:
            seen = self.model.seen[one.message.id]
            assert seen.holding is None, "claimed while somebody holds it"
            assert not seen.ended, "claimed after its end"
            held_back = self.model.stopped and seen.effect is not Effect.READ
            assert not held_back, "sent over a stopped channel"
            if seen.effect is Effect.MONEY and seen.doubt:
                assert seen.ordered, "money sent again without anybody's order"
            seen.ordered = False
            seen.holding = one
            seen.claims += 1
            self.handed.append(one)
        return got

    def finish(self, pick: int, verdict: Verdict, *, fails: bool) -> None:
        held = [seen.holding for _, seen in sorted(self.model.seen.items()) if seen.holding]
        if held:
            self._finish(held[pick % len(held)], verdict, fails=fails)

    def finish_any(self, pick: int, verdict: Verdict) -> None:
        """Whoever once held something believes to hold it still."""
        if self.handed:
            self._finish(self.handed[-1 - pick % len(self.handed)], verdict)

    def _finish(self, one: Claim, verdict: Verdict, *, fails: bool = False) -> None:
        self.rig.keeper.fail_on = {"applied", "refused"} if fails else set()
        seen = self.model.seen[one.message.id]
        money = seen.effect is Effect.MONEY
        sent = verdict in {Verdict.UNKNOWN, Verdict.DELIVERED}
        outcome = Outcome(
            verdict=verdict,
            maybe_sent=sent,
            refusal=PartnerRefused("E", "no", final=True) if verdict is Verdict.REJECTED else None,
        )
        try:
            with self.rig.store.write() as tx:
                self.rig.bus.finish(tx, one, outcome, self.rig.keeper)
        except LeaseLost:
            assert seen.holding is not one, "the holder could not finish"
            return
        assert seen.holding is one, "somebody finished what was not theirs"
        seen.holding = None
        state = self.rig.get(one.message.id).state
        doubted, seen.doubt = seen.doubt, seen.doubt or (sent and money)
        match verdict:
            case Verdict.DELIVERED if not fails:
                assert state is S.DELIVERED
                seen.doubt, seen.ended = False, True
                seen.applied += 1
            case Verdict.REJECTED if not fails and not (money and doubted):
                assert state is S.REJECTED
                seen.ended = True
            case Verdict.NOT_SENT:
                assert state is S.WAITING
                seen.ordered = doubted  # the ordered repeat has not left yet
            case _:
                assert state is (S.UNKNOWN if money else S.WAITING)
                seen.doubt = seen.doubt or money

    def extend(self, pick: int) -> None:
        for one in self.handed[-1 - pick :][:1]:
            self._extend(one)

    def _extend(self, one: Claim) -> None:
        with self.rig.store.write() as tx:
            mine = self.rig.bus.extend(tx, one, LEASE_US / 1e6)
        holds = self.model.seen[one.message.id].holding is one
        assert mine == holds, "extended what was not theirs" if mine else "could not extend"

    def time_passes(self, seconds: int) -> None:
        self._pass(seconds)

    # Left to chance these sequences hardly ever come about, and each is where one rule is needed.

    def taken_twice_by_one(self, verdict: Verdict) -> None:
        """A worker loses a message and gets it again: only the newer lease of the two counts."""
        got = self.claim("a", 1)
        self._pass(61)
        self.reap()
        for one in got:
            with self.rig.store.write() as tx:
                self.model.seen[one.message.id].ordered |= self.rig.bus.send_again(
                    tx, one.message.id, "not found"
                )
        self._pass(BACK_OFF_S)
        again = {one.message.id for one in self.claim("a", 4)}
        for one in got:
            if one.message.id in again:
                self._extend(one)
                self._finish(one, verdict)
                assert self.model.seen[one.message.id].holding is not None

    def stopped_in_flight(self, verdict: Verdict) -> None:
        """What was in flight at the stop and comes back to wait does not leave again."""
        got = self.claim("a", 3)
        self._switch(True)
        for one in got:
            self._finish(one, verdict)
        self._pass(BACK_OFF_S)
        self.claim("b", 4)

    def repeated(self, verdict: Verdict) -> None:
        """A first attempt nobody knows the end of, and what its repeat is answered."""
        got = self.claim("a", 1)
        for one in got:
            self._finish(one, Verdict.UNKNOWN)
            with self.rig.store.write() as tx:
                self.model.seen[one.message.id].ordered |= self.rig.bus.send_again(
                    tx, one.message.id, "not found"
                )
        for one in self.claim("b", 1):
            self._finish(one, verdict)

    def not_taken_in(self, verdict: Verdict) -> None:
        """A handler that cannot take the end in."""
        for one in self.claim("a", 1):
            self._finish(one, verdict, fails=verdict in {Verdict.DELIVERED, Verdict.REJECTED})

    def a_worker_is_too_late(self) -> None:
        """What it holds is reaped and can be claimed by another, before it finishes."""
        self._pass(61)
        self.reap()
        self._pass(1)

    def reap(self) -> None:
        with self.rig.store.read() as tx:
            over = set(
                tx.scalars(
                    sa.select(t.message.c.id).where(
                        t.message.c.state == "in_flight",
                        t.message.c.lease_until_us < self.clock,
                    )
                )
            )
        self.rig.keeper.fail_on = set()
        assert self.rig.reaper().run_once() == len(over)
        for number in over:
            seen = self.model.seen[number]
            assert seen.holding is not None
            seen.holding = None
            money = seen.effect is Effect.MONEY
            seen.doubt = seen.doubt or money
            assert self.rig.get(number).state is (S.UNKNOWN if money else S.WAITING)

    def order(self, pick: int, what: str) -> None:
        match what:
            case "again":
                self._send_again(pick)
            case "settle":
                self._settle(pick, Verdict.DELIVERED)
            case _:
                self._settle(pick, Verdict.REJECTED)

    def hold_back(self, pick: int, what: str) -> None:
        match what:
            case "stop" | "resume":
                self._switch(what == "stop")
            case _:
                self._park(pick, what == "park")

    def _switch(self, on: bool) -> None:
        with self.rig.store.write() as tx:
            act = self.rig.bus.stop if on else self.rig.bus.resume
            act(tx, self.name, "wang", "because")
        self.model.stopped = on

    def _park(self, pick: int, park: bool) -> None:
        number = self._pick(pick)
        if number is not None:
            with self.rig.store.write() as tx:
                act = self.rig.bus.park if park else self.rig.bus.unpark
                act(tx, number, "wang", "because")

    def _send_again(self, pick: int) -> None:
        number = self._pick(pick)
        if number is None:
            return
        was = self.rig.get(number).state
        with self.rig.store.write() as tx:
            did = self.rig.bus.send_again(tx, number, "not found")
        assert did == (was is S.UNKNOWN)
        self.model.seen[number].ordered |= did

    def _settle(self, pick: int, verdict: Verdict) -> None:
        number = self._pick(pick)
        if number is None:
            return
        seen = self.model.seen[number]
        with self.rig.store.write() as tx:
            did = self.rig.bus.settle(tx, number, verdict, "the statement says so")
        if seen.effect is Effect.MONEY:
            assert did == (seen.doubt and seen.holding is None and not seen.ended)
        if did:
            seen.doubt, seen.ended = False, True

    def _pick(self, pick: int) -> int | None:
        numbers = sorted(self.model.seen)
        return numbers[pick % len(numbers)] if numbers else None

    def states_and_attempts_agree(self) -> None:
        with self.rig.store.read() as tx:
            rows = tx.execute(
                sa.select(t.message, sa.func.count(t.attempt.c.try_no).label("attempts"))
                .outerjoin(t.attempt, t.attempt.c.message_id == t.message.c.id)
                .where(t.message.c.interface == self.name)
                .group_by(t.message.c.id)
            ).all()
            words: dict[int, list[str]] = {number: [] for number in self.model.seen}
            told = sa.select(journal).where(journal.c.message_id.in_(words))
            for row in tx.execute(told):
                words[row.message_id].append(row.word)
        for row in rows:
            seen = self.model.seen[row.id]
            state = MessageState(row.state)
            assert state in FROM
            assert row.attempts == row.try_no == seen.claims
            assert (state is S.IN_FLIGHT) == (seen.holding is not None) == bool(row.holder)
            assert (row.ready_us is not None) == (state in {S.QUEUED, S.WAITING})
            assert (state in ENDS) == seen.ended
            assert state is not S.DEAD
            assert words[row.id].count("applied") == seen.applied <= 1


SEQUENCES = ["taken_twice_by_one", "stopped_in_flight", "repeated", "not_taken_in"]
EVENTS = (
    ["attempt"] * 6
    + ["work"] * 4
    + ["finish"] * 3
    + ["finish_any"] * 2
    + ["a_worker_is_too_late", "order", "order"] * 2
    + SEQUENCES * 2
    + ["put", "put", "extend", "time_passes", "reap", "hold_back", "hold_back"]
)
"""Weighted: left to itself, most of a random order of events would find nothing to act on."""


class Event(NamedTuple):
    what: str
    pick: int
    verdict: Verdict
    coin: bool

    def act(self, on: "Machine") -> None:
        """Do it."""
        who, pick, verdict = "a" if self.coin else "b", self.pick, self.verdict
        orders, holds = ("again", "again", "settle", "refuse"), ("resume", "park", "unpark", "stop")
        given: dict[str, tuple[object, ...]] = {
            "attempt": (who, verdict),
            "finish_any": (pick, verdict),
            "order": (pick, orders[pick % 4]),
            "put": (list(Effect)[pick % 3],),
            "extend": (pick,),
            "time_passes": ((1, 59, -30)[pick % 3],),
            "hold_back": (pick, holds[pick % 4]),
            **dict.fromkeys(SEQUENCES, (verdict,)),
        }
        match self.what:
            case "work":
                on.claim(who, 1 + pick % 3)
            case "finish":
                on.finish(pick, verdict, fails=self.coin)
            case what:
                getattr(on, what)(*given.get(what, ()))


def events(how_many: int) -> st.SearchStrategy[list[Event]]:
    """Exactly so many."""
    one = st.builds(
        Event,
        st.sampled_from(EVENTS),
        st.integers(0, 9),
        st.sampled_from(Verdict),
        st.booleans(),
    )
    return st.lists(one, min_size=how_many, max_size=how_many)


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """One database for all examples; durability is not what is tested here."""
    folder = tmp_path_factory.mktemp("machine")
    store = Store(f"sqlite:///{folder}/hub.sqlite")
    event.listen(store.writing, "connect", lambda one, _: one.execute("PRAGMA synchronous = OFF"))
    bus = make_bus(store, folder / "keys", QUICK, now=lambda _: Machine.clock)
    keeper = Keeper()
    yield Rig(store, bus, Bank(), keeper, Book(), {"pay": keeper})
    store.close()


@pytest.fixture(scope="module", autouse=True)
def _quiet() -> Iterator[None]:
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    yield
    structlog.configure(**before)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(events(40))
def test_any_order_of_events(rig: Rig, order: list[Event]) -> None:
    machine = Machine(rig)
    try:
        for effect in Effect:
            machine.put(effect)
        for one in order:
            one.act(machine)
            machine.states_and_attempts_agree()
    finally:
        machine.teardown()
