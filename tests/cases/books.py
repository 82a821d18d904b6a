"""The core and the platform as two books in memory, and the constants both sides know.

The core is written for these tests from the contract's words (ordering.yaml); it shares nothing
with the mock.  Both can lose an answer after they have acted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hub.kernel.clocks import SHANGHAI
from hub.kernel.identity import comparable_id
from hub.kernel.money import Fen
from hub.ports.case import CaseTerms, Feedback, FeedbackReceipt, FileRules, Material
from hub.ports.line import LineUnknown, PartnerRefused
from hub.ports.registry import (
    Application,
    ApplicationKind,
    ApplicationResult,
    ApplicationState,
    PersonAccount,
    PersonsAnswer,
)

PDF, PNG = b"%PDF-1.4\n%%EOF\n", b"\x89PNG\r\n\x1a\n0000"
NOON = datetime(2025, 10, 14, 12, 0, tzinfo=SHANGHAI)
NAME, PAPER = "韦青山", "522701196501010000"
ACCOUNT = "0000000000000001"
PROMISED = 20251021
"""Five working days after 2025-10-14."""
TERMS = CaseTerms(
    "retirement", 5,
    {
        "01": Material("01", "申请人身份证件", required=True),
        "02": Material("02", "退休（离休）证明", required=True),
        "99": Material("99", "其他材料", required=False),
    },
    FileRules(("pdf", "jpg", "png"), most=8, largest=5000, unpacked=20000, packed_most=6),
)  # fmt: skip
S = ApplicationState


@dataclass
class Core:
    """The registry: accounts, and applications by number."""

    accounts: list[PersonAccount] = field(default_factory=list)
    made: dict[str, Application] = field(default_factory=dict)
    state: dict[str, ApplicationState] = field(default_factory=dict)
    code: dict[str, str] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)
    paid: list[tuple[str, str]] = field(default_factory=list)
    lose: int = 0
    refuses: str = ""
    application_limit: int = 1000
    persons_limit: int = 200

    def lost(self) -> None:
        if self.lose:
            self.lose -= 1
            raise LineUnknown("the answer was lost")

    def persons(self, _line: Any, papers: Sequence[tuple[str, str]]) -> PersonsAnswer:
        wanted = {comparable_id(number, kind) for kind, number in papers}
        found = [one for one in self.accounts if one.id_number in wanted]
        self.lost()
        return PersonsAnswer(tuple(found), NOON)

    def apply(
        self, _line: Any, _kind: ApplicationKind, applications: Sequence[Application]
    ) -> tuple[ApplicationResult, ...]:
        said = tuple(self._apply(one) for one in applications)
        self.lost()
        return said

    def cancel(
        self, _line: Any, _kind: ApplicationKind, numbers: Sequence[str]
    ) -> tuple[ApplicationResult, ...]:
        said = tuple(self._cancel(number) for number in numbers)
        self.lost()
        return said

    def inquire(
        self, _line: Any, _kind: ApplicationKind, numbers: Sequence[str]
    ) -> tuple[ApplicationResult, ...]:
        said = tuple(self._shown(number) for number in numbers)
        self.lost()
        return said

    def step(self, number: str) -> None:
        """What the core's people do next with it."""
        match self.state.get(number):
            case S.ACCEPTED:
                self.state[number] = S.IN_REVIEW
            case S.IN_REVIEW:
                self.state[number] = S.DONE
                account = self._account(number)
                self.paid.append((number, account))
                if self._part(number) is not None:
                    return  # a part was withdrawn: the account stays
                self.accounts = [
                    _closed(one) if one.number == account else one for one in self.accounts
                ]

    def refuse(self, number: str) -> None:
        """不予办理."""
        if self.state.get(number) in (S.ACCEPTED, S.IN_REVIEW):
            self.state[number] = S.REFUSED

    def _part(self, number: str) -> Fen | None:
        part: Fen | None = getattr(self.made.get(number), "amount", None)
        return part

    def _account(self, number: str) -> str:
        return str(getattr(self.made[number], "account", ""))

    def _apply(self, one: Application) -> ApplicationResult:
        if one.number in self.state:
            if one.number in self.made and self.made[one.number] != one:
                return self._shown(one.number, "2101", "conflict")
            if self.state[one.number] in (S.CANCELLED, S.BARRED):
                return self._shown(one.number, "2106", "cancelled_before")
            code = self.code.get(one.number, "0000")
            return self._shown(one.number, code, "state" if code != "0000" else "")
        return self._first(one, getattr(one, "account", ""))

    def _first(self, one: Application, account: str) -> ApplicationResult:
        there = next((a for a in self.accounts if a.number == account), None)
        self.made[one.number] = one
        if there is None or there.state not in ("01", "02") or self.refuses:
            self.state[one.number], self.code[one.number] = S.REFUSED, "2103"
            return self._shown(one.number, "2103", "state")
        busy = [n for n, s in self.state.items() if s in (S.ACCEPTED, S.IN_REVIEW)
                and self._account(n) == account]  # fmt: skip
        if busy:
            self.state[one.number], self.code[one.number] = S.REFUSED, "2103"
            return self._shown(one.number, "2111", "in_progress")
        if account in self.held:
            del self.made[one.number]
            return self._shown(one.number, "2105", "hold")
        self.state[one.number] = S.ACCEPTED
        return self._shown(one.number)

    def _cancel(self, number: str) -> ApplicationResult:
        match self.state.get(number):
            case None:
                self.state[number] = S.BARRED
            case S.ACCEPTED | S.IN_REVIEW:
                self.state[number] = S.CANCELLED
            case S.DONE | S.REFUSED:
                return self._shown(number, "2107", "ended_before")
        return self._shown(number)

    def _shown(self, number: str, code: str = "0000", reason: str = "") -> ApplicationResult:
        state = self.state.get(number, S.ABSENT)
        done, part = state is S.DONE, self._part(number)
        paid = (Fen(100_000), Fen(123)) if part is None else (part, Fen(0))
        return ApplicationResult(
            number, state, code, reason, "", principal=paid[0] if done else None,
            interest=paid[1] if done else None,
        )  # fmt: skip


def _closed(one: PersonAccount) -> PersonAccount:
    return person(one.number, one.name, one.id_number, state="05")


def person(
    number: str = ACCOUNT, name: str = NAME, paper: str = PAPER, state: str = "01"
) -> PersonAccount:
    """An account at the core."""
    return PersonAccount(number, "U1", name, "01", paper, state, Fen(100_000), Fen(0), Fen(0))


@dataclass
class Platform:
    """Receipts by (number, place); a place told twice must say the same."""

    terms: CaseTerms = TERMS
    told: dict[tuple[str, str, int], Feedback] = field(default_factory=dict)
    order: list[tuple[str, str, int]] = field(default_factory=list)
    store: dict[str, bytes] = field(default_factory=dict)
    away: bool = False
    lose: int = 0
    refuses: set[int] = field(default_factory=set)

    def feedback(self, _line: Any, told: Feedback) -> FeedbackReceipt:
        if self.away:
            raise LineUnknown("no answer")
        if told.place in self.refuses:
            raise PartnerRefused("404", "没有这个办件", final=True)
        key = (told.door, told.number, told.place)
        assert self.told.setdefault(key, told) == told
        if key not in self.order:
            self.order.append(key)
        if self.lose:
            self.lose -= 1
            raise LineUnknown("the receipt was lost")
        return FeedbackReceipt(f"R{told.door}-{told.number}-{told.place}"[:40])

    def fetch(self, _line: Any, link: str) -> bytes:
        if self.away:
            raise LineUnknown("no answer")
        if link not in self.store:
            raise PartnerRefused("404", "没有这份材料", final=True)
        return self.store[link]

    def steps(self, number: str = "A1", door: str = "onething") -> list[str]:
        """What the platform was told of a case, in the order in which it heard it."""
        return [self.told[key].step.value for key in self.order if key[:2] == (door, number)]

    def last(self, number: str = "A1", door: str = "onething") -> Feedback:
        """The newest step it heard."""
        return self.told[[key for key in self.order if key[:2] == (door, number)][-1]]
