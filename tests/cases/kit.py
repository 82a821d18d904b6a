"""Cases on a real database and a real bus, between the two books of ``books``."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from hub.bus import Bus, Inbox, InboxWorker, Worker
from hub.bus import tables as bus_tables
from hub.cases import CaseOffice, CaseSeat, handlers, users
from hub.cases import tables as t
from hub.crypto import KeyRing
from hub.kernel.clocks import FixedClock
from hub.ports.case import (
    FILED,
    TAKEN_BACK,
    CaseFile,
    Filing,
    TakenBack,
)
from hub.ports.line import DriftNotes
from hub.schedule.tables import banking_day
from hub.store import Store
from hub.store.vault import Vault
from tests.bus.kit import QUICK
from tests.cases.books import NAME, NOON, PAPER, PDF, PNG, TERMS, Core, Platform, person
from tests.tables import make_tables

PLATFORM, REGISTRY = "onething-retirement", "core-registry"


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
        worker = Worker(self.store, self.bus, handlers(self.office), self, 1)
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


def make_office(store: Store, keys: Path, *, calendar: bool = True, anew: bool = True) -> Office:
    """Over an empty store; not ``anew``: over one that was left by another process."""
    if anew:
        make_tables(store, "audit_", "store_", "data_key", "bus_", "case_", "banking_")
    clock = FixedClock(NOON)
    vault = Vault(KeyRing.create(keys))
    bus = Bus(vault, {PLATFORM: QUICK, REGISTRY: QUICK})
    if calendar and anew:
        with store.write() as tx:
            tx.execute(sa.insert(banking_day), _autumn())
    seat = CaseSeat(PLATFORM, "个人退休“一件事”", TERMS, "1.0.0")
    office = CaseOffice(
        store,
        vault,
        bus,
        clock,
        {PLATFORM: seat},
        REGISTRY,
        "1.0.0",
        ask_again_s=0.0,
        hold_again_s=0.0,
    )
    made = Office(store, bus, office, clock)
    made.core.accounts.append(person())
    return made
