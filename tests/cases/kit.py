"""Cases on a real database and a real bus; the core and the platform are two books in memory.

The core here is written for these tests, from the contract's words (ordering.yaml): it shares
nothing with the mock.  Both can lose an answer after they have acted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from hub.bus import Bus, Inbox, InboxWorker, Worker
from hub.bus import tables as bus_tables
from hub.cases import CaseOffice, CaseSeat, handlers, users
from hub.cases import tables as t
from hub.crypto import KeyRing
from hub.kernel.clocks import SHANGHAI, FixedClock
from hub.kernel.identity import comparable_id
from hub.kernel.money import Fen
from hub.ports.case import (
    FILED,
    TAKEN_BACK,
    CaseFile,
    CaseTerms,
    Feedback,
    FeedbackReceipt,
    FileRules,
    Filing,
    Material,
    TakenBack,
)
from hub.ports.line import DriftNotes, LineUnknown, PartnerRefused
from hub.ports.registry import (
    Application,
    ApplicationKind,
    ApplicationResult,
    ApplicationState,
    PersonAccount,
    PersonsAnswer,
)
from hub.schedule.tables import banking_day
from hub.store import Store
from hub.store.vault import Vault
from tests.bus.kit import QUICK
from tests.tables import make_tables

PLATFORM, REGISTRY = "onething-retirement", "core-registry"
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


def files() -> tuple[CaseFile, ...]:
    """What is needed."""
    return CaseFile("身份证.pdf", "01", PDF), CaseFile("退休证.png", "02", PNG)


def filing(number: str = "A1", version: int = 1, door: str = "onething", **more: Any) -> Filing:
    """A good one; ``more`` are fields of the form, or of the filing itself."""
    own = {"name": NAME, "id_type": "01", "id_number": PAPER, "files": files()}
    own |= {name: more.pop(name) for name in list(more) if name in own}
    fields = {
        "account": "", "payee_bank": "工商银行", "payee_bank_code": "102",
        "payee_account": "6222080000000000015", "retired": "1", "retired_on": "2025-09-30",
    } | more  # fmt: skip
    return Filing("retirement", door, number, version, "1", fields=fields, **own)


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
                self.accounts = [
                    _closed(one) if one.number == account else one for one in self.accounts
                ]

    def refuse(self, number: str) -> None:
        """不予办理."""
        if self.state.get(number) in (S.ACCEPTED, S.IN_REVIEW):
            self.state[number] = S.REFUSED

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
        done = state is S.DONE
        return ApplicationResult(
            number, state, code, reason, "", principal=Fen(100_000) if done else None,
            interest=Fen(123) if done else None,
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


class _Line:
    def __init__(self) -> None:
        self.drift = DriftNotes()
        self.effect_begun = True
        self.maybe_sent = True


@dataclass
class Opened:
    """OpenPartner over a book in memory."""

    port: Any
    timeout_s: float = 1.0
    lease_s: float = 30.0
    concurrency: int = 8
    contract_version: str = "1.0.0"

    def open_line(self, _recorder: Any) -> Any:
        return _Line()


@dataclass
class Office:
    """All of it."""

    store: Store
    bus: Bus
    office: CaseOffice
    clock: FixedClock
    core: Core = field(default_factory=Core)
    platform: Platform = field(default_factory=Platform)

    def open(self, interface: str, place: int = 0) -> Opened:
        """Partners, for the worker."""
        return Opened(self.core if interface == REGISTRY else self.platform)

    def push(self, value: Filing | TakenBack, *, carry: bool = True) -> None:
        """As Reception does: stored and accepted; then carried out."""
        kind = FILED if isinstance(value, Filing) else TAKEN_BACK
        user = users(self.office)[kind]
        inbox = Inbox(self.bus)
        with self.store.write() as tx:
            sender = f"{value.door}/{value.number}/{value.version}"
            found = inbox.receive(
                tx, interface=PLATFORM, kind=kind, sender_id=sender, body=user.pack(value),
                month="2025-10",
            )  # fmt: skip
            if found.receipt.value == "new":
                inbox.accept(tx, found.id, answer=b"", code="accepted")
        if carry:
            self.carry()

    def carry(self) -> None:
        """Carry out what was accepted."""
        InboxWorker(self.store, self.bus, users(self.office)).run_once()

    def work(self, times: int = 1) -> None:
        """Send what is due, ``times`` over."""
        worker = Worker(self.store, self.bus, handlers(self.office, 0.0), self, 1)
        for _ in range(times):
            worker.run_once()

    def settle(self, most: int = 60) -> None:
        """Until nothing is left to send but questions about what the core's people have."""
        for _ in range(most):
            self.hurry()
            self.work()
            if not self.open_messages():
                return
        raise AssertionError(f"still open: {self.open_messages()}")

    def hurry(self) -> None:
        """What waits, waits no longer."""
        m = bus_tables.message
        with self.store.write() as tx:
            tx.execute(sa.update(m).where(m.c.ready_us.is_not(None)).values(ready_us=0))
            tx.execute(sa.update(bus_tables.channel).values(rest_until_us=0))

    def open_messages(self) -> list[tuple[str, str]]:
        """Kinds and keys of what is still to be sent, but for questions about live applications."""
        m = bus_tables.message
        with self.store.read() as view:
            rows = view.execute(
                sa.select(m.c.kind, m.c.msg_key).where(
                    m.c.state.in_(["queued", "waiting", "in_flight"]),
                    m.c.kind != "registry.inquire",
                )
            ).all()
        return [(row.kind, row.msg_key) for row in rows]

    def case(self, number: str = "A1", door: str = "onething") -> sa.Row[Any]:
        with self.store.read() as view:
            return view.execute(
                sa.select(t.case).where(t.case.c.number == number, t.case.c.door == door)
            ).one()

    def rows(self, table: sa.Table) -> list[sa.Row[Any]]:
        with self.store.read() as view:
            return list(view.execute(sa.select(table).order_by(*table.primary_key.columns)))

    def problems(self) -> list[str]:
        return [row.code for row in self.rows(t.problem)]

    def finish(self, number: str) -> None:
        """The core's people bring it to its end, and the hub hears of it."""
        for _ in range(2):
            self.core.step(number)
        self.settle()

    def number(self) -> str:
        """The newest application's."""
        return str(self.rows(t.application)[-1].number)


def _autumn() -> list[dict[str, Any]]:
    """From the holidays of 2025 to the year's end: weekends are none, nothing else is."""
    days = [date(2025, 10, 9) + timedelta(days=n) for n in range(84)]
    days += [days[-1] + timedelta(days=n) for n in range(1, 60)]
    return [
        {"on_day": day.year * 10000 + day.month * 100 + day.day, "why": "", "source": "test",
         "banking": int(day.weekday() < 5)}
        for day in days
    ]  # fmt: skip


def make_office(store: Store, keys: Path, *, calendar: bool = True) -> Office:
    """Over an empty store."""
    make_tables(store, "audit_", "store_", "data_key", "bus_", "case_", "schedule_", "banking_")
    clock = FixedClock(NOON)
    vault = Vault(KeyRing.create(keys))
    bus = Bus(vault, {PLATFORM: QUICK, REGISTRY: QUICK})
    if calendar:
        with store.write() as tx:
            tx.execute(sa.insert(banking_day), _autumn())
    seat = CaseSeat(PLATFORM, "个人退休“一件事”", TERMS, "1.0.0")
    office = CaseOffice(
        store, vault, bus, clock, {PLATFORM: seat}, REGISTRY, "1.0.0", ask_again_s=0.0
    )
    made = Office(store, bus, office, clock)
    made.core.accounts.append(person())
    return made
