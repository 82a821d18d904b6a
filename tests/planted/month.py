"""A small month through real mocks over real sockets, with hands in the partners' ledgers."""

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from hub.app import demo as demo_app
from hub.app import settlements, steps
from hub.app.demo import DemoHub, Wanted
from hub.app.demo_site import Site
from hub.kernel.clocks import SHANGHAI, SharedClock
from hub.kernel.periods import Period
from hub.kernel.secret import Secret
from hub.offset.settling import Way
from hub.offset.tables import agreement, difference, item, run
from tests.demo.kit import drop_faults, post, rows

LIMIT_S = 90.0
MONTH = Period(2025, 10)


class Planted:
    """One demo under way: its hub in this process, its mocks beside it."""

    def __init__(self, data: Path, out: Path) -> None:
        self.out = out
        self.wanted = Wanted(
            data=data, period=MONTH, banks=("ICBC",), policy=None, out=out, port=0,
            patience_s=LIMIT_S, wave_wait_s=1.0,
        )  # fmt: skip
        self.demo: DemoHub = demo_app.set_up(self.wanted, lambda _: None)
        self.bank = self.demo.controls["bank-icbc"]
        self.core = self.demo.controls["core-reference"]

    def close(self) -> None:
        demo_app.end(self.demo)

    # --- the hands ---

    def blind(self) -> None:
        """The hub reads no statement until ``see``."""
        for code in ("QPD", "QHISD"):
            match = {"endpoint": "api", "code": code}
            post(f"{self.bank}/faults", {"match": match, "fault": "garbage", "when": "before"})

    def see(self) -> None:
        drop_faults(self.bank)
        with self.demo.hub.store.write() as tx:  # what waits for its back-off need not
            tx.execute(sa.text("UPDATE bus_message SET ready_us = 0 WHERE ready_us IS NOT NULL"))

    def plant(self, **body: Any) -> str:
        return str(post(f"{self.bank}/plant", body).get("serial", ""))

    def give_back(self, number: str, **body: Any) -> str:
        """The bank returns a payment; the serial of the entry."""
        post(f"{self.bank}/returns", {"number": number, **body})
        kinds = ("return", "reversal")
        return [r["serial"] for r in rows(f"{self.bank}/credits.csv") if r["kind"] in kinds][-1]

    def post(self, number: str, account: str, fen: int, flag: str) -> str:
        """A posting nobody ordered."""
        day = self.clock.now().strftime("%Y%m%d")
        body = {"number": number, "GRZH": account, "amount_fen": fen, "CZBZ": flag,
                "booked_on": day, "bank": "ICBC", "period": "202510"}  # fmt: skip
        return str(post(f"{self.core}/postings", body)["serial"])

    @property
    def clock(self) -> SharedClock:
        return SharedClock(self.out / "clock.json")

    def next_day(self) -> None:
        """The next banking morning."""
        today = self.clock.now()
        fresh = (today + timedelta(days=1)).replace(hour=9, minute=0)
        self.clock.set(fresh.astimezone(SHANGHAI))

    # --- the people ---

    def token(self, login: str) -> Secret:
        return demo_app._token(Site(self.out), login)

    def approve(self) -> None:
        handler, approver = self.token("demo-handler"), self.token("demo-approver")
        steps.approve_waves(self.demo.hub, self.demo.run_id, handler, approver)

    def settle(self, number: str, way: Way, entry: str = "", *, wanted: str = "") -> str:
        """Two people settle the difference of ``number``; where its item goes."""
        hub = self.demo.hub
        (one,) = [row for row in self.open() if row.number == number]
        end = settlements.preview(hub, one.id, way, entry, wanted).end
        asked = settlements.ask_settle(
            hub, self.token("demo-handler"), one.id, "两人商定", way=way, entry=entry, item=wanted
        )
        steps.confirm(hub, self.token("demo-approver"), asked)
        return end

    # --- the books ---

    def until(self, true: Callable[[], bool]) -> None:
        """Wait until it is so."""
        limit = time.monotonic() + LIMIT_S
        while not true():
            assert time.monotonic() < limit, (
                self.found(),
                self.states(),
                [(one.number, one.detail) for one in self.open()],
            )
            time.sleep(0.1)

    def open(self) -> list[sa.Row[Any]]:
        with self.demo.hub.store.read() as view:
            return list(view.execute(sa.select(difference).where(difference.c.state == "open")))

    def found(self) -> set[tuple[str, str, int, int]]:
        """(kind, number, hub 分, bank 分) of what is open."""
        return {(d.kind, d.number, int(d.hub_fen), int(d.bank_fen)) for d in self.open()}

    def states(self) -> dict[str, int]:
        with self.demo.hub.store.read() as view:
            query = sa.select(item.c.state, sa.func.count()).group_by(item.c.state)
            return {state: int(n) for state, n in view.execute(query)}

    def items(self, outcome: str) -> list[sa.Row[Any]]:
        """Items that ended so, by number."""
        with self.demo.hub.store.read() as view:
            query = (
                sa.select(item, agreement.c.loan_contract)
                .join(agreement, agreement.c.id == item.c.agreement_id)
                .where(item.c.outcome == outcome)
            )
            return list(view.execute(query.order_by(item.c.number)))

    def closed(self) -> bool:
        with self.demo.hub.store.read() as view:
            return view.scalar(sa.select(run.c.state)) == "closed"
