"""The core's two contracts at once, in any order: an account's money goes one way and once.

The model knows of an account only what it began with, what was held and posted, and whether a
withdrawal is under way or paid; it knows nothing of how the mock does it.
"""

import secrets
from typing import Any

import pytest
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

from hub.ports.registry import ApplicationKind, ApplicationResult
from tests.core.corekit import POOR, RICH, item
from tests.registry.kit import RegistryBench, withdrawal

KIND = ApplicationKind.WITHDRAWAL
START = {RICH: 1_000_000, POOR: 50_000}
NAMES = {RICH: "欧阳𠮷", POOR: "阿依努尔·玉素甫"}
WANTED = {f"2025100000000000070{n}": (RICH, POOR)[n % 2] for n in range(8)}
HELD = {f"2025100000000000071{n}": ((RICH, POOR)[n % 2], 4_000 + n) for n in range(10)}
ENDED = {"03", "04", "05", "06"}


class BothContracts(RuleBasedStateMachine):
    """Offsets by one contract, withdrawals by the other, repeats and deaths included."""

    bench: RegistryBench

    @initialize()
    def begin(self) -> None:
        self.bench.hand.reset()
        self.state = dict.fromkeys(WANTED, "00")
        self.items = dict.fromkeys(HELD, "00")
        self.paid: dict[str, int] = {}
        self.first: dict[str, str] = {}
        self.deaths = 0

    def _on_hold(self, account: str) -> bool:
        return any(self.items[n] == "01" and who == account for n, (who, _) in HELD.items())

    def _under_way(self, account: str) -> list[str]:
        return [n for n, who in WANTED.items() if who == account and self.state[n] in ("01", "02")]

    @rule(number=st.sampled_from(sorted(WANTED)))
    def apply(self, number: str) -> None:
        account, before = WANTED[number], self.state[number]
        row = withdrawal(number, account, NAMES[account])
        (said,) = self.bench.port.apply(self.bench.line(), KIND, [row])
        if before == "00":
            wanted = self._first_answer(account)
            assert said.code == wanted
            if wanted == "2105":
                assert not said.settled
                return
            self.first[number] = wanted
            self.state[number] = "01" if wanted == "0000" else "04"
        else:
            wanted = {"04": self.first.get(number, "0000"), "05": "2106", "06": "2106"}
            assert said.code == wanted.get(before, "0000")
        self._same(number, said)

    def _first_answer(self, account: str) -> str:
        if account in self.paid:
            return "2103"
        if self._under_way(account):
            return "2111"
        return "2105" if self._on_hold(account) else "0000"

    @rule(number=st.sampled_from(sorted(WANTED)))
    def cancel(self, number: str) -> None:
        (said,) = self.bench.port.cancel(self.bench.line(), KIND, [number])
        before = self.state[number]
        assert said.code == ("2107" if before in ("03", "04") else "0000")
        self.state[number] = {"00": "06", "01": "05", "02": "05"}.get(before, before)
        self._same(number, said)

    @rule(number=st.sampled_from(sorted(WANTED)))
    def inquire(self, number: str) -> None:
        """Answers as it stands, then the core takes it a step further."""
        (said,) = self.bench.port.inquire(self.bench.line(), KIND, [number])
        self._same(number, said)
        if self.state[number] == "01":
            self.state[number] = "02"
        elif self.state[number] == "02":
            account = WANTED[number]
            assert not self._on_hold(account), "an account under way was put on hold"
            self.state[number], self.paid[account] = "03", self._balance(account)

    def _balance(self, account: str) -> int:
        posted = [fen for n, (who, fen) in HELD.items() if who == account and self.items[n] == "02"]
        return START[account] - sum(posted)

    @rule(
        command=st.sampled_from(["hold", "hold", "post", "release"]),
        number=st.sampled_from(sorted(HELD)),
    )
    def offset(self, command: str, number: str) -> None:
        account, fen = HELD[number]
        before = self.items[number]
        ((code, after),) = self.bench.hand.command(command, item(number, (account, fen)))
        if command == "hold" and before == "00":
            if account in self.paid:
                assert (code, after) == ("2002", "05")
            elif self._under_way(account):
                assert (code, after) == ("2008", "05")
            else:
                assert after in ("01", "05")
        self.items[number] = after

    @precondition(lambda self: self._crossing())
    @rule()
    def hold_while_a_withdrawal_is_under_way(self) -> None:
        """Chance alone brings the two together too seldom."""
        self.offset("hold", self._crossing()[0])

    def _crossing(self) -> list[str]:
        return [n for n, (who, _) in HELD.items() if self.items[n] == "00" and self._under_way(who)]

    @rule()
    def die(self) -> None:
        if not self.deaths:
            self.deaths += 1
            self.bench.mock.kill()
            self.bench.mock.start()

    def _same(self, number: str, said: ApplicationResult) -> None:
        assert said.state.value == self.state[number]
        assert said.settled == (said.state.value in ENDED or said.reason not in ("", "hold"))
        if said.state.value == "03":
            assert said.principal == self.paid[WANTED[number]]

    @invariant()
    def the_books_agree(self) -> None:
        for account in START:
            found: dict[str, Any] = self.bench.hand.account(account)
            if account in self.paid:
                assert (found["GRZHYEFEN"], found["ZYJEFEN"], found["GRZHZT"]) == (0, 0, "05")
            else:
                assert found["GRZHYEFEN"] == self._balance(account)
                assert found["GRZHZT"] == "01"
            done = [n for n, who in WANTED.items() if who == account and self.state[n] == "03"]
            assert len(done) == (account in self.paid), "paid once"


@pytest.mark.usefixtures("bench")
def test_money_goes_one_way_and_once(bench: RegistryBench) -> None:
    machine = type(f"Both{secrets.token_hex(4)}", (BothContracts,), {"bench": bench})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=12, stateful_step_count=30, deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
