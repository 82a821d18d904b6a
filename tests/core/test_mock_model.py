"""Commands in any order, in bulk, over a real socket, against a model of thirty lines.

The model keeps, per account, what is on hold and what is gone, and per item its state; it knows
nothing of how the mock does it.  Its transitions are the contract's table.
"""

from dataclasses import dataclass, field
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.core.corekit import (
    BANK,
    CONTRACT,
    COURT,
    FROZEN,
    PERIOD,
    POOR,
    RICH,
    CoreMock,
    HandClient,
    item,
)  # fmt: skip

CELLS = yaml.safe_load((CONTRACT / "ordering.yaml").read_text(encoding="utf-8"))["cells"]
START = {RICH: 1_000_000, POOR: 50_000, COURT: 10_000, FROZEN: 900_000}
FROZEN_BY_COURT = {COURT: 8_050, FROZEN: 900_000}
PAYERS = (
    ((RICH, 600_000),),
    ((RICH, 600_000), (POOR, 30_000)),
    ((POOR, 30_000), (COURT, 1_000)),
    ((COURT, 1_951),),
    ((COURT, 950), (RICH, 1)),
    ((FROZEN, 1), (RICH, 1)),
)
NUMBERS = [f"2025100000000000000{n}" for n in range(len(PAYERS))]


@dataclass
class Model:
    """What the core must be after the commands so far."""

    balance: dict[str, int] = field(default_factory=lambda: dict(START))
    held: dict[str, int] = field(default_factory=lambda: dict.fromkeys(START, 0))
    state: dict[str, str] = field(default_factory=lambda: dict.fromkeys(NUMBERS, "00"))
    refusal: dict[str, str] = field(default_factory=dict)
    posted: list[tuple[str, str, int, str]] = field(default_factory=list)

    def say(self, command: str, number: str) -> tuple[str, str]:
        payers = PAYERS[NUMBERS.index(number)]
        before = self.state[number]
        cell: Any = CELLS[before][command]
        if cell == "first_answer":
            return self.refusal[number], before
        if cell == "first_hold":
            code = self._afford(payers)
            cell = {"code": code, "to": "01" if code == "0000" else "05"}
            self.refusal[number] = code
        after = cell.get("to", before)
        self._move(number, payers, before, after)
        self.state[number] = after
        return cell["code"], after

    def _afford(self, payers: tuple[tuple[str, int], ...]) -> str:
        if any(account == FROZEN for account, _ in payers):
            return "2002"
        free = {
            one: self.balance[one] - self.held[one] - FROZEN_BY_COURT.get(one, 0) for one in START
        }
        return "0000" if all(fen <= free[account] for account, fen in payers) else "2001"

    def _move(
        self, number: str, payers: tuple[tuple[str, int], ...], before: str, after: str
    ) -> None:
        if before == after:
            return
        for account, fen in payers:
            self.held[account] += fen * ((after == "01") - (before == "01"))
            self.balance[account] += fen * ((after == "04") - (after == "02"))
        if after in ("02", "04"):
            flag = "01" if after == "02" else "02"
            self.posted += [(number, account, fen, flag) for account, fen in payers]


class AnyOrder(RuleBasedStateMachine):
    """Bulk commands over any items, in any order, repeats, late ones and deaths included."""

    mock: CoreMock
    core: HandClient

    @initialize()
    def begin(self) -> None:
        self.core = self.mock.client()
        self.core.reset()
        self.model = Model()
        self.deaths = 0

    @rule(
        command=st.sampled_from(["hold", "post", "release", "reverse"]),
        numbers=st.lists(st.sampled_from(NUMBERS), min_size=1, unique=True),
    )
    def bulk(self, command: str, numbers: list[str]) -> None:
        items = [item(one, *PAYERS[NUMBERS.index(one)]) for one in numbers]
        wanted = [self.model.say(command, one) for one in numbers]
        assert self.core.command(command, *items) == wanted

    @rule(
        command=st.sampled_from(["hold", "post", "release", "reverse"]),
        number=st.sampled_from(NUMBERS),
        how=st.sampled_from(["a fen more", "another agreement", "other payers"]),
    )
    def other_content(self, command: str, number: str, how: str) -> None:
        """Under a known number nothing but the booking date may differ; nothing moves by it."""
        if self.model.state[number] == "00":
            return
        payers = list(PAYERS[NUMBERS.index(number)])
        agreement = "DC2" if how == "another agreement" else "DC1"
        if how == "a fen more":
            payers[0] = (payers[0][0], payers[0][1] + 1)
        elif how == "other payers":
            payers = [*payers[1:], (COURT if len(payers) > 1 else POOR, 1)]
        asked = item(number, *payers, agreement=agreement)
        assert self.core.command(command, asked) == [("2007", self.model.state[number])]

    @precondition(lambda self: self.deaths < 2)
    @rule()
    def killed_and_started(self) -> None:
        """kill -9 between two commands: what was answered stands."""
        self.deaths += 1
        self.core.close()
        self.mock.kill()
        self.core = self.mock.start().client()

    def teardown(self) -> None:
        if hasattr(self, "model"):
            self.core.close()

    @invariant()
    def books_agree(self) -> None:
        if not hasattr(self, "model"):
            return
        reply = self.core.ask("accounts/query", GRZH=list(START))
        found = {row["GRZH"]: (row["GRZHYEFEN"], row["ZYJEFEN"]) for row in reply["ZH"]}
        wanted = {one: (self.model.balance[one], self.model.held[one]) for one in START}
        assert found == wanted
        postings = self.core.ask("postings/query", QCNY=PERIOD, YHJC=BANK, YB=None)["LS"]
        booked = [(row["MXBH"], row["GRZH"], row["FSEFEN"], row["CZBZ"]) for row in postings]
        assert booked == self.model.posted
        live = self.core.ask("holds/query", QCNY=PERIOD, YHJC=BANK, YB=None)["ZY"]
        held = {one for one, state in self.model.state.items() if state == "01"}
        assert {row["MXBH"] for row in live} == held


@pytest.mark.usefixtures("core")
def test_any_order(core_mock: CoreMock) -> None:
    class Here(AnyOrder):
        mock = core_mock

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=20,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
