"""Cases under anything that can happen: any order, repeats, versions, withdrawals, two doors, lost
answers, a hub that is made anew in the middle.

What must always hold: no account is paid twice; a case that says done was paid, one that says
withdrawn or failed was not paid for; the platform hears a case's steps once each and in their
order; and when everybody answers at last, nothing is left half done.
"""

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hub.cases import tables as t
from hub.cases.words import CaseState
from hub.ports.case import CaseFile, TakenBack
from hub.store import Store
from tests.cases.books import ACCOUNT, PDF
from tests.cases.kit import Office, files, filing, make_office

DOORS = ("onething", "item")
PAYEES = ("6222080000000000015", "6222080000000000099")
versions = st.integers(1, 4)
doors = st.sampled_from(DOORS)


class Cases(RuleBasedStateMachine):
    """One person, two doors, one account."""

    office: Office

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.store = Store(f"sqlite:///{self.folder.name}/hub.sqlite")
        self.office = make_office(self.store, Path(self.folder.name) / "keys")
        self.seen: dict[tuple[str, int], Any] = {}

    @rule(door=doors, version=versions, payee=st.sampled_from(PAYEES),
          whole=st.integers(0, 3).map(bool), carry=st.booleans())  # fmt: skip
    def file(self, door: str, version: int, payee: str, whole: bool, carry: bool) -> None:
        """The same number and version says the same for ever, as the inbox sees to."""
        said = filing("A1", version, door, payee_account=payee,
                      files=files() if whole else (CaseFile("a.pdf", "01", PDF),))  # fmt: skip
        self.office.push(self.seen.setdefault((door, version), said), carry=carry)

    @rule(door=doors, version=versions, carry=st.booleans())
    def take_back(self, door: str, version: int, carry: bool) -> None:
        self.office.push(TakenBack("retirement", door, "A1", version, ""), carry=carry)

    @rule()
    def carry(self) -> None:
        self.office.carry()

    @rule(times=st.integers(1, 8))
    def work(self, times: int) -> None:
        for _ in range(times):
            self.office.hurry()
            self.office.work()

    @rule(which=st.sampled_from(["core", "platform"]), times=st.integers(1, 2))
    def lose(self, which: str, times: int) -> None:
        getattr(self.office, which).lose += times

    @rule(held=st.booleans())
    def hold(self, held: bool) -> None:
        self.office.core.held = {ACCOUNT} if held else set()

    @precondition(lambda self: self.office.core.state)
    @rule(refuse=st.booleans(), place=st.integers(0, 9))
    def people_at_the_core(self, refuse: bool, place: int) -> None:
        numbers = sorted(self.office.core.state)
        number = numbers[place % len(numbers)]
        if refuse:
            self.office.core.refuse(number)
        else:
            self.office.core.step(number)

    @rule()
    def killed(self) -> None:
        """A process of the hub is no more; all it knew is in the database."""
        self.store.close()
        self.store = Store(self.store.url)
        office = self.office
        self.office = make_office(self.store, Path(self.folder.name) / "keys", anew=False)
        self.office.core, self.office.platform = office.core, office.platform

    @invariant()
    def never_paid_twice(self) -> None:
        if hasattr(self, "office"):
            assert len(self.office.core.paid) <= 1

    @invariant()
    def told_in_order(self) -> None:
        if hasattr(self, "office"):
            for door in DOORS:
                places = [key[2] for key in self.office.platform.order if key[0] == door]
                assert places == list(range(1, len(places) + 1))

    def teardown(self) -> None:
        if not hasattr(self, "office"):
            return
        try:
            self._all_answer_at_last()
        finally:
            self.store.close()
            self.folder.cleanup()

    def _all_answer_at_last(self) -> None:
        office = self.office
        office.core.lose = office.platform.lose = 0
        office.core.held.clear()
        office.carry()
        for _ in range(4):
            office.settle()
            for number in list(office.core.state):
                office.core.step(number)
            office.settle()
            office.hurry()
            office.work(2)
        office.settle()
        self.never_paid_twice()
        self.told_in_order()
        paid = bool(office.core.paid)
        heads = office.rows(t.case)
        for head in heads:
            state = CaseState(head.state)
            assert state.ended or head.waiting == "materials", (head.state, head.waiting)
            if state is CaseState.DONE:
                assert paid
                assert (head.principal, head.interest) == (100_000, 123)
            assert office.platform.steps("A1", head.door)[-1] == (
                state.value if state.ended else "lacking"
            )
        reasons = {head.reason for head in heads}
        assert not (paid and "no_open_account" in reasons)  # it was theirs, and was paid
        ended = {head.state for head in heads}
        if paid and heads:
            assert "done" in ended, ended
        live = [row for row in office.rows(t.application) if row.ended_us is None]
        assert all(head.waiting == "materials" for head in heads) or not live


TestCases = Cases.TestCase
TestCases.settings = settings(
    max_examples=20, stateful_step_count=30, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)  # fmt: skip
