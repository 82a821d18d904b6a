"""The partners' books of one small month, and what the control totals must be by them alone.

``HeardBank`` and ``HeardCore`` behave as their contracts say and write down every word the hub
was told.  ``Books.expected`` counts each total of design.md §6 from those words and from the
partners' own ledgers; of the hub's tables it reads the plan, and what two people settled.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from hub.kernel.money import Fen
from hub.offset.totals import Figure
from hub.ports.bank import EntryKind, InstructionBatch, RowResult, RowStatus, StatementPage
from hub.ports.core import CommandKind, CommandResult, CoreCommand
from hub.ports.line import LineUnknown
from tests.offset.fakes import FakeBank, FakeCore
from tests.offset.kit import Person

PEOPLE = [
    Person("A0", spouse="53A0", balance=60_000, spouse_balance=60_000),  # two payers
    Person("A1", balance=50_000),  # partial
    Person("A2"),
    Person("C0", bank="CCB", spouse="53C0", balance=60_000, spouse_balance=30_000),  # both, partial
    Person("A3", balance=1),  # skipped
]
PAYING = 4
MINDS = ["", "", "", "refuse", "silent", "never", "more", "twice"]
FINAL = (RowStatus.DONE, RowStatus.REFUSED)
BACK = (EntryKind.RETURN, EntryKind.REVERSAL)


@dataclass
class HeardBank(FakeBank):
    """A bank that writes down what it told.  Without the promise that a number acts once it pays
    whatever it is sent, once more each time."""

    told: list[RowResult] = field(default_factory=list)
    shown: set[str] = field(default_factory=set)
    closed: set[date] = field(default_factory=set)

    def _pay(self, number: str, loan: str, account: str, fen: Fen) -> RowResult | None:
        known = self.known.get(number)
        if known is not None and known.status is RowStatus.DONE and not self.numbers_idempotent:
            self.book(number, fen, account=account)
        return super()._pay(number, loan, account, fen)

    def pay_late(self, number: str, fen: int, account: str) -> None:
        """Book what was received and not booked until now."""
        serial = self.book(number, fen, account=account)
        self.known[number] = RowResult(number, RowStatus.DONE, Fen(fen), bank_serial=serial)

    def instruct(self, line: object, batch: InstructionBatch) -> tuple[RowResult, ...]:
        return self._tell(super().instruct(line, batch))

    def fetch_results(self, line: object, batch: str) -> tuple[RowResult, ...]:
        return self._tell(super().fetch_results(line, batch))

    def inquire(self, line: object, numbers: Sequence[str]) -> tuple[RowResult, ...]:
        return self._tell(super().inquire(line, numbers))

    def fetch_statement(self, line: object, day: date, page: str | None) -> StatementPage:
        found = super().fetch_statement(line, day, page)
        self.shown |= {entry.serial for entry in found.entries}
        self.closed |= {day} if found.closed else set()
        credits_ = [e for e in found.entries if e.kind is EntryKind.CREDIT and e.number]
        self._tell(RowResult(e.number, RowStatus.DONE, e.amount) for e in credits_)
        return found

    def _tell(self, said: Iterable[RowResult]) -> tuple[RowResult, ...]:
        words = tuple(said)
        self.told += words
        return words

    def sent(self) -> set[str]:
        """Every number that ever left for this bank."""
        return {row.number for body in self.bodies for row in body.rows}

    def net(self, number: str, *, shown: bool = False) -> int:
        """What it credited less what came back, in 分; with ``shown``, by what the hub has read."""
        mine = [
            e for e in self.entries if e.number == number and (not shown or e.serial in self.shown)
        ]
        return sum(-e.amount if e.kind in BACK else e.amount for e in mine)

    def credits_of(self, number: str) -> int:
        return sum(e.number == number and e.kind is EntryKind.CREDIT for e in self.entries)


@dataclass
class HeardCore(FakeCore):
    """A core that writes down which holds it refused, and whose line breaks to order."""

    refused_holds: set[str] = field(default_factory=set)
    refused_ever: set[str] = field(default_factory=set)
    breaks: list[str] = field(default_factory=list)

    def command(
        self, line: object, kind: CommandKind, commands: Sequence[CoreCommand]
    ) -> tuple[CommandResult, ...]:
        fault = self.breaks.pop(0) if self.breaks else ""
        if fault == "before":
            raise LineUnknown("broken before it was done")
        said = super().command(line, kind, commands)
        if fault == "after":
            raise LineUnknown("broken after it was done")
        no = {one.number for one in said if not one.done}
        self.refused_ever |= no
        if kind is CommandKind.HOLD:
            self.refused_holds |= no
        return said

    def net(self, number: str) -> int:
        """What it booked less what it reversed, in 分."""
        mine = [p for p in self.booked if p.number == number]
        return sum(-p.amount if p.reversal else p.amount for p in mine)

    def booked_twice(self) -> list[object]:
        lines = Counter((p.number, p.account, p.reversal) for p in self.booked)
        return [line for line, times in lines.items() if times > 1]

    def numbers(self, *, reversal: bool) -> set[str]:
        return {p.number for p in self.booked if p.reversal is reversal}


@dataclass(frozen=True, slots=True)
class Planned:
    """One item as the plan has it; amounts in 分."""

    bank: str
    loan: str
    payee: str
    fen: int


@dataclass
class Books:
    """All that stands outside the hub."""

    banks: dict[str, HeardBank]
    core: HeardCore
    plan: dict[str, Planned] = field(default_factory=dict)
    rumours: list[tuple[int, RowResult]] = field(default_factory=list)
    """What somebody said who is not the bank, after how many of the bank's words."""
    withdrawn: set[str] = field(default_factory=set)
    settled: set[str] = field(default_factory=set)

    def of(self, number: str) -> HeardBank:
        return self.banks[self.plan[number].bank]

    def rumour(self, said: RowResult) -> None:
        """A word that came by another way than from the bank."""
        self.rumours.append((len(self.of(said.number).told), said))

    @property
    def rumoured(self) -> set[str]:
        """The numbers of which somebody else said something."""
        return {said.number for _, said in self.rumours}

    def finals(self, number: str) -> list[tuple[RowStatus, int | None]]:
        """The final results told of a number, in the order in which they were told."""
        bank = self.of(number)
        words = [(at + 0.5, one) for at, one in enumerate(bank.told)]
        words += [(at, one) for at, one in self.rumours if self.of(one.number) is bank]
        words.sort(key=lambda pair: pair[0])
        return [
            (one.status, one.amount) for _, one in words
            if one.number == number and one.status in FINAL
        ]  # fmt: skip

    def is_sent(self, number: str) -> bool:
        return number in self.of(number).sent() or any(
            one.number == number for _, one in self.rumours
        )

    def decided(self, number: str) -> str:
        """By the first final result: succeeded, failed, other (another amount), or nothing."""
        finals = self.finals(number)
        if not finals:
            return ""
        status, amount = finals[0]
        if status is RowStatus.REFUSED:
            return "failed"
        return "succeeded" if amount == self.plan[number].fen else "other"

    def expected(
        self, bank: str, outcomes: dict[str, tuple[str, str]], parts: set[str]
    ) -> dict[str, Figure]:
        """The totals of one bank.  ``outcomes``: number → (outcome, reason) in the hub, believed
        of what two people settled, and of what a closed day decided (which is checked apart).
        ``parts``: serials of entries that only put an amount right; they count no more."""
        mine = {n for n, one in self.plan.items() if one.bank == bank}
        held = mine & set(self.core.states)
        sent = {n for n in mine if self.is_sent(n)}
        ends = {n: self._end(n, *outcomes[n]) for n in sent}
        sets = {
            "planned": mine,
            "held": held,
            "not_held": (mine & self.core.refused_holds) | ((mine & self.withdrawn) - held),
            "withdrawn": held & self.withdrawn,
            "instructed": sent,
            "succeeded": {n for n, end in ends.items() if end == "succeeded"},
            "failed": {n for n, end in ends.items() if end == "failed"},
            "posted": mine & self.core.numbers(reversal=False),
            "reversed": mine & self.core.numbers(reversal=True),
            "released": {n for n in mine if self.core.states.get(n) == "released"},
        }
        found = {
            name: Figure(len(some), sum(self.plan[n].fen for n in some))
            for name, some in sets.items()
        }
        return found | self._statement(bank, parts)

    def _end(self, number: str, outcome: str, reason: str) -> str:
        if number in self.settled or reason == "not_credited":
            return {"SUCCEEDED": "succeeded", "RETURNED": "succeeded", "FAILED": "failed"}.get(
                outcome, ""
            )
        return self.decided(number)

    def _statement(self, bank: str, parts: set[str]) -> dict[str, Figure]:
        shown = [e for e in self.banks[bank].entries if e.serial in self.banks[bank].shown]
        found = {"credited": Figure(), "returned": Figure()}
        for entry in shown:
            name = "returned" if entry.kind in BACK else "credited"
            found[name] += Figure(int(entry.serial not in parts), entry.amount)
        return found


def sides(f: dict[str, Figure]) -> dict[str, tuple[Figure, Figure]]:
    """E2 to E7, left and right, as design.md §6 writes them."""
    return {
        "E2": (f["planned"], f["held"] + f["not_held"]),
        "E3": (f["held"], f["instructed"] + f["withdrawn"]),
        "E4": (f["instructed"], f["succeeded"] + f["failed"] + f["unknown"]),
        "E5": (f["succeeded"], f["posted"]),
        "E6": (f["failed"] + f["withdrawn"], f["released"]),
        "E7": (f["posted"] - f["reversed"], f["credited"] - f["returned"]),
    }
