"""The supervision catalogue on a socket over the core's mock and the month that ships, and a caller
who signs by hand."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from adapters.core.registry.adapter import build as build_registry
from adapters.province.supervision.adapter import build
from hub.api.gate import Gate, Published
from hub.core.copying import Follower
from hub.crypto import KeyRing
from hub.kernel.clocks import SHANGHAI, FixedClock, SystemClock
from hub.kernel.secret import Secret
from hub.people import Actor, Party
from hub.people.words import Role
from hub.ports.context import AdapterContext
from hub.ports.query import CataloguePort
from hub.queries.callers import Callers, Wanted
from hub.queries.enterprise import Enterprises
from hub.queries.figures import Figures
from hub.sample import FOLDER
from hub.store import Store
from hub.store.vault import Vault
from hub.wire import HttpPartner, NoRecorder
from hub.wire.http_in import HttpListener
from hub.wire.together import Together
from tests.core.corekit import CoreMock, HandClient
from tests.mocks.running import ROOT
from tests.tables import make_tables

SPEC = ROOT / "contracts_spec" / "province" / "supervision"
INTERFACE, RID, SID, CENTRE = "province-supervision", "GZ-JG-01", "QNGJJ-JG-01", "C52270"
NOON = datetime(2025, 10, 14, 12, 0, tzinfo=SHANGHAI)
LI = Actor("li.si", Party.CENTRE, frozenset({Role.HANDLER}), 1)
GROUPS = ("figures", "funds", "details", "services")
PERIOD = {"ksrq": "2025-09-01", "jsrq": "2025-10-31"}


@dataclass
class Site:
    """Mock, copy and door on one database."""

    hand: HandClient
    store: Store
    clock: FixedClock
    follower: Follower
    port: CataloguePort
    gate: Gate
    callers: Callers
    http: httpx.Client
    secrets: dict[str, str] = field(default_factory=dict)
    sent: int = 0

    def follow(self) -> None:
        """Until the copy has all that the mock has."""
        while self.follower.step():
            pass

    def change(self, table: str, row: Mapping[str, str]) -> None:
        """A row of the core written anew by the mock's control plane, and followed."""
        said = self.hand.control("POST", f"/registry/{table}/records", set=[dict(row)])
        assert said.status_code < 300, said.text
        self.follow()

    def grant(self, rid: str = RID, *shown: str) -> None:
        wanted = Wanted(
            rid=rid, interface=INTERFACE, purpose="监管", basis="省厅〔2025〕1 号",
            until=date(2026, 12, 31), shown=shown or GROUPS, title="省监管处",
            per_minute=100_000, per_day=1_000_000,
        )  # fmt: skip
        with self.store.write() as tx:
            done = self.callers.grant(tx, wanted, {INTERFACE: self.port.grantable}, LI)
        if done.secret is not None:
            self.secrets[rid] = done.secret.reveal()

    def headers(self, rid: str = RID) -> dict[str, str]:
        """Signed by hand, each time another millisecond."""
        self.sent += 1
        at_ms = str(int(self.clock.now().timestamp() * 1000) + self.sent)
        text = f"{SID}{rid}{at_ms}".encode()
        sign = hmac.new(self.secrets[rid].encode(), text, hashlib.sha256).digest()
        return {
            "gjgxjhpt_rid": rid, "gjgxjhpt_sid": SID, "gjgxjhpt_rtime": at_ms,
            "gjgxjhpt_sign": base64.b64encode(sign).decode(),
        }  # fmt: skip

    def ask(
        self, name: str, headers: Mapping[str, str] | None = None, rid: str = RID, **said: Any
    ) -> dict[str, Any]:
        """One call of ``module/name`` over the socket; the whole answer."""
        body = json.dumps({"zjbzxbm": CENTRE} | said).encode()
        reply = self.http.post(
            f"/JG/{name}.service", content=body, headers=headers or self.headers(rid)
        )
        assert reply.status_code == 200
        answer: dict[str, Any] = reply.json()
        return answer

    def move(self, **by: float) -> None:
        self.clock.moment += timedelta(**by)


@contextmanager
def site_on(store: Store, folder: Path, mock: CoreMock) -> Iterator[Site]:
    """``mock`` runs over the month that ships."""
    make_tables(store, "audit_", "store_", "data_key", "bus_drift", "registry_", "query_")
    vault, clock = Vault(KeyRing.create(folder / "keys")), FixedClock(NOON)
    key = Secret(mock.key_file.read_text(encoding="ascii").strip())
    with HttpPartner({"api": mock.ports["api"]}, timeout_s=20.0) as core, mock.client() as hand:
        registry = build_registry(
            AdapterContext(
                "core-registry",
                ROOT / "contracts_spec" / "core" / "registry",
                {"key_id": "hub-2025"},
                {"sign_key": key},
                SystemClock(),
            )
        )
        follower = Follower(
            store, vault, clock, "core-registry", registry,
            lambda: core.open_line(NoRecorder()), "1.1.0",
        )  # fmt: skip
        port = build(AdapterContext(INTERFACE, SPEC, {"sid": SID, "zjbzxbm": CENTRE}, {}, clock))
        gate = Gate(
            store, vault, clock, Enterprises(vault, "core-registry"),
            [Published(INTERFACE, one, one_of_many=True) for one in port.functions],
            Figures(vault, "core-registry"),
        )  # fmt: skip
        listener = HttpListener(
            Together(gate.take, 2, 16), gate.routes, host="127.0.0.1", port=0, say=gate.say
        )
        listener.start()
        try:
            with httpx.Client(base_url=listener.address, trust_env=False, timeout=60) as http:
                site = Site(hand, store, clock, follower, port, gate, Callers(vault, clock), http)
                site.follow()
                site.grant()
                yield site
        finally:
            listener.stop()


def core_over_the_month(folder: Path) -> CoreMock:
    """Started; the caller stops it."""
    return CoreMock(folder / "state", FOLDER).start()
