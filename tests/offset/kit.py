"""A centre on a real database: agreements, fakes for its partners, and a hand that delivers."""

import atexit
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.bus import Bus, Delivery, Lane
from hub.bus.attempts import delivered, failed
from hub.bus.policy import ChannelPolicy
from hub.crypto import KeyRing
from hub.kernel.clocks import FixedClock
from hub.kernel.money import Fen
from hub.kernel.periods import Period
from hub.offset import runs
from hub.offset.agreements import import_agreements
from hub.offset.conductor import Conductor
from hub.offset.handlers import handlers
from hub.offset.inquiry import ask_first
from hub.offset.office import BankSeat, Office, SeatPartner
from hub.offset.policy import Policy, read_policy
from hub.offset.tables import agreement, difference, item, wave
from hub.ports.bank import DueRecord
from hub.ports.core import CoreAccount
from hub.ports.line import DriftNotes, Line, LineNotSent
from hub.store import Store
from hub.store.schema import upgrade
from hub.store.vault import Vault
from tests.offset.fakes import NOON, FakeBank, FakeCore

OCTOBER = Period(2025, 10)
HEADER = "XYBH,YHJC,JKHTBH,HKZH,JKRGJJZH,GTJKRGJJZH,QYRQ,XYZT,ZZRQ\n"


def insert(tx: Connection, table: sa.Table, **values: Any) -> None:
    """A row with what is given; every other column that must be filled gets 0, "" or b""."""
    row = dict(values)
    for column in table.columns:
        if column.name in row or column.nullable:
            continue
        if column.primary_key and column.autoincrement is True:
            continue
        if isinstance(column.type, sa.Integer) and not column.primary_key:
            row[column.name] = 0
        elif isinstance(column.type, sa.LargeBinary):
            row[column.name] = b""
        elif isinstance(column.type, sa.String):
            row[column.name] = ""
    tx.execute(sa.insert(table).values(**row))


@dataclass
class Person:
    """One loan with its agreement: what the three parties know of it."""

    number: str
    bank: str = "ICBC"
    main: str = ""
    spouse: str = ""
    balance: int = 1_000_000
    spouse_balance: int = 0
    due: int = 100_000
    due_on: date = date(2025, 10, 20)
    signed: str = "20240101"
    state: str = "01"

    @property
    def loan(self) -> str:
        return f"L{self.number}"

    @property
    def payee(self) -> str:
        return f"6222{self.number}"

    @property
    def account(self) -> str:
        return self.main or f"52{self.number}"


class _Nobody:
    """A port at an address where nobody answers."""

    def __getattr__(self, name: str) -> Any:
        raise LineNotSent("nobody there")


@dataclass
class Centre:
    """A store with an office over fakes; ``tick`` lets everything happen that can."""

    store: Store
    folder: Path
    icbc: FakeBank = field(default_factory=FakeBank)
    ccb: FakeBank = field(default_factory=FakeBank)
    core: FakeCore = field(default_factory=FakeCore)
    clock: FixedClock = field(default_factory=lambda: FixedClock(NOON))
    upgraded: bool = False
    standby: FakeBank | None = None
    away: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        if not self.upgraded:
            upgrade(self.store)
        self.vault = Vault(KeyRing.create(self.folder / "keys"))
        self.bus = Bus(self.vault)
        seats = {
            code: BankSeat(
                code,
                code,
                f"bank-{code.lower()}",
                partial(SeatPartner, port, "1.0"),  # type: ignore[arg-type]
            )
            for code, port in (("ICBC", self.icbc), ("CCB", self.ccb))
        }
        self.office = Office(
            store=self.store, vault=self.vault, bus=self.bus, clock=self.clock, banks=seats,
            core_interface="core", core_version="1.0",
            core_command_limit=self.core.command_limit,
            core_accounts_limit=self.core.accounts_limit,
        )  # fmt: skip
        self.handlers = handlers(self.office)
        self.conductor = Conductor(self.office)
        self.run_id = 0

    # --- the world ---

    def add(self, *people: Person) -> None:
        """Accounts at the core, dues at the bank, agreements with us."""
        rows = []
        for one in people:
            self._account(one.account, one.balance, one.state)
            if one.spouse:
                self._account(one.spouse, one.spouse_balance, "01")
            port = self.icbc if one.bank == "ICBC" else self.ccb
            port.dues.append(
                DueRecord(
                    one.loan,
                    one.payee,
                    f"名{one.account}",
                    f"ID{one.account}",
                    one.due_on,
                    Fen(one.due),
                    settled=False,
                    overdue=False,
                )
            )
            rows.append(
                f"{one.number},{one.bank},{one.loan},{one.payee},{one.account},{one.spouse},"
                f"{one.signed},1,\n"
            )
        self.agreements(HEADER + "".join(rows))

    def _account(self, number: str, balance: int, state: str) -> None:
        self.core.accounts_by_number.setdefault(
            number,
            CoreAccount(number, f"名{number}", "99", f"ID{number}", "", state, Fen(balance),
                        Fen(0), Fen(0)),
        )  # fmt: skip

    def agreements(self, text: str) -> Any:
        """Import agreements from text; the report."""
        path = self.folder / "agreements.csv"
        path.write_text(text, encoding="utf-8")
        return import_agreements(self.store, self.vault, path, actor="t", month="2025-10")

    # --- the run ---

    def open(self, *banks: str, policy: Policy | None = None) -> None:
        """Open October's run."""
        with self.store.write() as tx:
            self.run_id = runs.open_run(
                tx, self.office, OCTOBER, banks or ("ICBC",), policy or read_policy(None),
                wave_wait_s=0.0, data_digest="", actor="t",
            )  # fmt: skip

    def approve(self) -> None:
        """Submit and approve every trial."""
        with self.store.write() as tx:
            for row in tx.execute(sa.select(wave).where(wave.c.state == "trial")).all():
                runs.submit(tx, row.id, row.digest)
                runs.approve(tx, self.office, row.id, row.digest)

    def deliver(self, *kinds: str) -> int:
        """Send what is ready, each message once; how many attempts."""
        lanes = [Lane(name, 500, 500, 60.0) for name in ("bank-icbc", "bank-ccb", "core")]
        with self.store.write() as tx:
            claims = self.bus.claim(tx, "t", lanes, kinds)
        for claim in claims:
            one, handler = claim.message, self.handlers[claim.message.kind]
            with self.store.read() as view:
                payload = self.bus.payload(view, one.id)
            try:
                port, line = self._at(one.interface, claim.place)
                at = partial(self._at, one.interface)
                got = handler.send(Delivery(one, payload, port, line, claim.place, at))
                outcome = delivered(got, (), (), maybe_sent=True)
            except Exception as error:  # noqa: BLE001  as the worker does
                outcome = failed(one.effect, error, (), (), maybe_sent=True)
            with self.store.write() as tx:
                self.bus.finish(tx, claim, outcome, handler)
        return len(claims)

    def _at(self, interface: str, place: int) -> tuple[Any, Line]:
        """Port and line at one address; 工商银行 may have a second one."""
        port: Any = {"bank-icbc": self.icbc, "bank-ccb": self.ccb, "core": self.core}[interface]
        if place:
            port = self.standby
        if interface == "bank-icbc" and place in self.away:
            port = _Nobody()
        return port, cast(Line, SimpleNamespace(drift=DriftNotes()))  # fakes call nobody

    def with_standby(self, standby: FakeBank, *, one_book: bool = False) -> None:
        """工商银行 has a second address."""
        self.standby = standby
        self.bus.set_policies({"bank-icbc": ChannelPolicy(places=2)})
        self.bus.switched = lambda tx, name: ask_first(tx, self.office, name)
        seats = cast(dict[str, BankSeat], self.office.banks)
        seats["ICBC"] = replace(seats["ICBC"], places=2, one_book=one_book)

    def switch(self, place: int) -> None:
        """The channel of 工商银行 goes over to an address."""
        with self.store.write() as tx:
            self.bus.switch(tx, "bank-icbc", place, "wang", "switched")

    def tick(self, times: int = 1) -> None:
        """Let the conductor and the bus take turns."""
        for _ in range(times):
            self.conductor.step()
            self.deliver()

    def planned(self) -> None:
        """Until the trial stands."""
        self.until(lambda: self.states("offset_wave") == {"trial"})

    def cut(self) -> None:
        """Until a batch is cut and everything but its sending is done."""
        kinds = [kind for kind in self.handlers if kind != "bank.instruct"]
        for _ in range(30):
            self.conductor.step()
            self.deliver(*kinds)
            if self.states("offset_batch") and "planned" not in {
                s for s, *_ in self.items().values()
            }:
                return
        raise AssertionError(f"nothing was cut: {self.items()}")

    def until(self, true: Callable[[], bool], *, most: int = 60) -> None:
        """Take turns until it is so; waits of the conductor are waited for on the spot."""
        for _ in range(most):
            if true():
                return
            self.tick()
            self.hurry()
        raise AssertionError(f"did not come to it: {self.items()}")

    def wait_settle(self) -> None:
        """The contract's settle_after passes."""
        with self.store.write() as tx:
            tx.execute(sa.text("UPDATE offset_batch SET unknown_us = unknown_us - 60000000"))

    def hurry(self) -> None:
        """What waits for a time need not wait any more, ceilings aside."""
        with self.store.write() as tx:
            tx.execute(sa.text("UPDATE offset_batch SET next_ask_us = 0 WHERE next_ask_us < 4e18"))
            tx.execute(sa.text("UPDATE offset_leg SET read_next_us = 0, balance_next_us = 0"))
            tx.execute(sa.text("UPDATE bus_message SET ready_us = 0 WHERE ready_us IS NOT NULL"))

    def finish(self) -> None:
        """Plan, approve, and go on until the run is closed."""
        self.open_if_needed()
        self.planned()
        self.approve()
        self.until(self.closed)

    def open_if_needed(self) -> None:
        if not self.run_id:
            self.open()

    def closed(self) -> bool:
        return self.states("offset_run") == {"closed"}

    def next_day(self) -> None:
        """The bank closes today's books."""
        self.clock.moment = self.clock.moment + timedelta(days=1)
        self.icbc.today = self.ccb.today = self.clock.moment.date()

    # --- looking ---

    def states(self, table: str) -> set[str]:
        with self.store.read() as view:
            return set(view.scalars(sa.text(f"SELECT state FROM {table}")))

    def items(self) -> dict[str, tuple[str, str, str]]:
        """Agreement number → (state, outcome, reason) of its item."""
        query = sa.select(agreement.c.number, item.c.state, item.c.outcome, item.c.reason).join(
            agreement, agreement.c.id == item.c.agreement_id
        )
        with self.store.read() as view:
            return {n: (s, o, r) for n, s, o, r in view.execute(query)}

    def number(self, who: str) -> str:
        """The instruction number of an agreement's item."""
        query = sa.select(item.c.number).join(agreement, agreement.c.id == item.c.agreement_id)
        with self.store.read() as view:
            return str(view.scalar(query.where(agreement.c.number == who)))

    def rows(self, table: sa.Table) -> Sequence[sa.Row[Any]]:
        with self.store.read() as view:
            return view.execute(sa.select(table)).all()

    def differences(self) -> Mapping[tuple[str, str], tuple[int, int, int]]:
        """(kind, number) → hub, bank and core amounts of open differences."""
        return {
            (d.kind, d.number): (d.hub_fen, d.bank_fen, d.core_fen)
            for d in self.rows(difference) if d.state == "open"
        }  # fmt: skip


_TEMPLATE: list[Path] = []


@contextmanager
def many(**partners: Any) -> Iterator[Centre]:
    """A centre for one of many small examples: its schema copied, the disk not waited for.

    ``partners``: icbc, ccb, core, where they are to be others than the plain fakes.
    """
    if not _TEMPLATE:
        made = Path(tempfile.mkdtemp(prefix="hub-test-"))
        atexit.register(shutil.rmtree, made, ignore_errors=True)
        store = Store(f"sqlite:///{made}/hub.sqlite")
        upgrade(store)
        KeyRing.create(made / "keys")
        with store.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        store.close()
        _TEMPLATE.append(made)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "centre"
        shutil.copytree(_TEMPLATE[0], folder)
        store = Store(f"sqlite:///{folder}/hub.sqlite")
        sa.event.listen(
            store.writing, "connect", lambda c, _: c.execute("PRAGMA synchronous = OFF")
        )
        try:
            yield Centre(store, folder, upgraded=True, **partners)
        finally:
            store.close()
