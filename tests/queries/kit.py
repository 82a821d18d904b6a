"""A door on its own database over a small registry, and a caller who signs by hand."""

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

from adapters.one_thing.bankruptcy import adapter as bankruptcy
from adapters.one_thing.listing import adapter as listing
from hub.api.gate import Gate, Published
from hub.core.copying import Follower
from hub.crypto import KeyRing
from hub.kernel.clocks import SHANGHAI, FixedClock
from hub.people import Actor, Party
from hub.people.words import Role
from hub.ports.context import AdapterContext
from hub.ports.core import ChangesPage, RegistryChange
from hub.ports.inbound import InboundAnswer, InboundRequest
from hub.ports.line import DriftNotes, Line
from hub.ports.query import QueryPort
from hub.queries.callers import Callers, Wanted
from hub.queries.enterprise import Enterprises
from hub.store import Store
from hub.store.vault import Vault
from hub.wire.http_in import HttpListener
from hub.wire.together import Together
from tests.tables import make_tables

ROOT = Path(__file__).resolve().parents[2]
SPEC = ROOT / "contracts_spec" / "one_thing"
NOON = datetime(2025, 10, 14, 12, 0, tzinfo=SHANGHAI)
LI = Actor("li.si", Party.CENTRE, frozenset({Role.HANDLER}), 1)
RID, SID = "SSJ-GZ-01", "SID-1"
LISTING, BANKRUPTCY = "onething-listing", "onething-bankruptcy"
ALL = ("account", "arrears", "contributions", "paid_until", "penalties", "people", "state")
NAME, HANDLER_ID = "黔南样例（集团）有限公司", "522701199001011238"
_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def uscc(first17: str) -> str:
    """With its check character, from GB 32100's text: the powers of 3 modulo 31."""
    total = sum(_ALPHABET.index(c) * pow(3, i, 31) for i, c in enumerate(first17))
    return first17 + _ALPHABET[(31 - total % 31) % 31]


FIRM, OTHER, STRANGER = (uscc(f"91522701MA6DM000{n}") for n in (1, 2, 3))
UNIT, BRANCH, ELSE = "522700000001", "522700000002", "522700000003"


class Feed:
    """The core's feed as plain values; a record said again moves to the end, as the core's do."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], RegistryChange] = {}
        self.last = 0
        self.asked: list[int] = []

    def say(self, kind: str, key: str, **fields: str) -> None:
        self.last += 1
        self.records.pop((kind, key), None)
        self.records[kind, key] = RegistryChange(self.last, kind, key, fields, NOON)

    def unit(self, number: str, code: str, name: str = NAME, **changed: str) -> None:
        self.say("DW", number, **{
            "DWZH": number, "DWMC": name, "ZZJGDM": code, "DWDZ": "都匀市", "DWFRDBXM": "吴一",
            "DWFRDBZJLX": "01", "DWFRDBZJHM": HANDLER_ID, "DWYB": "", "DWDZXX": "", "JBRXM": "王二",
            "JBRSJHM": "13900000001", "DWZHZT": "01", "DWJCBL": "0.12", "GRJCBL": "0.12",
            "JZNY": "202509", "DWJCRS": "25", "DWFCRS": "2", "DWZHYEFEN": "440222701",
            "DWKHRQ": "20100401", "DWXHRQ": "", **changed,
        })  # fmt: skip

    def month(self, number: str, month: str, paid: str = "3812400") -> None:
        self.say("HJ", f"{number}-{month}", DWZH=number, HJNY=month, YJRS="27", SJRS="25",
                 YJJEFEN="3812400", SJJEFEN=paid, JZRQ=f"{month}15")  # fmt: skip

    def arrears(self, key: str, number: str, first: str, last: str, state: str = "01") -> None:
        self.say("QJ", key, DWZH=number, QJBH=key, QSNY=first, ZZNY=last, QJYS="2",
                 QJJEFEN="282400", QJZT=state)  # fmt: skip

    def penalty(self, key: str, number: str, day: str, state: str = "01") -> None:
        self.say("CF", key, CFBH=key, DWZH=number, CFLX="01", WSH="黔南公积金罚〔2025〕1 号",
                 JDRQ=day, SY="逾期不缴住房公积金", JEFEN="1000000", CFZT=state)  # fmt: skip

    def person(self, key: str, number: str, name: str = "欧阳𠮷") -> None:
        self.say("GR", key, GRZH=key, DWZH=number, XingMing=name, ZJLX="01", ZJHM=HANDLER_ID,
                 SJHM="13900000001", GRZHZT="01", GRJCJSFEN="500000", GRYJCEFEN="60000",
                 DWYJCEFEN="60000", GRZHYEFEN="1000000", DJJEFEN="0", KHRQ="20200101", XHRQ="",
                 JZNY="202510")  # fmt: skip

    def changes_since(self, line: Line, sequence: int, limit: int) -> ChangesPage:
        self.asked.append(sequence)
        rest = [one for one in self.records.values() if one.sequence > sequence]
        return ChangesPage(tuple(rest[:limit]), len(rest) > limit)


class NoLine:
    """What the feed above needs of a line."""

    def __init__(self) -> None:
        self.drift = DriftNotes()


@dataclass
class Bench:
    """The door's parts on one database."""

    store: Store
    vault: Vault
    clock: FixedClock
    feed: Feed
    follower: Follower
    callers: Callers
    ports: dict[str, QueryPort]
    gate: Gate
    secrets: dict[str, str] = field(default_factory=dict)
    sent: int = 0

    def follow(self) -> None:
        while self.follower.step():
            pass

    def grant(self, interface: str = LISTING, rid: str = RID, **changed: Any) -> None:
        """Kept: the secret of a caller that is new."""
        wanted = Wanted(**{
            "rid": rid, "interface": interface, "purpose": "上市核查",
            "basis": "黔府办函〔2025〕1 号", "until": date(2026, 12, 31), "shown": ALL,
            "title": "省市场监管局", **changed,
        })  # fmt: skip
        known = {name: port.grantable for name, port in self.ports.items()}
        with self.store.write() as tx:
            done = self.callers.grant(tx, wanted, known, LI)
        if done.secret is not None:
            self.secrets[rid] = done.secret.reveal()

    def headers(self, rid: str = RID, *, at_ms: int | None = None, sid: str = SID,
                secret: str | None = None) -> dict[str, str]:  # fmt: skip
        """Signed by hand; each time another millisecond unless told."""
        if at_ms is None:
            self.sent += 1
            at_ms = int(self.clock.now().timestamp() * 1000) + self.sent
        key = (self.secrets[rid] if secret is None else secret).encode()
        text = f"{sid}{rid}{at_ms}".encode()
        sign = base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
        return {"gjgxjhpt_rid": rid, "gjgxjhpt_sid": sid, "gjgxjhpt_rtime": str(at_ms),
                "gjgxjhpt_sign": sign}  # fmt: skip

    def ask(self, body: Any = None, interface: str = LISTING, remote: str = "10.1.1.7",
            headers: Mapping[str, str] | None = None, **signed: Any) -> dict[str, Any]:  # fmt: skip
        """Through the gate without a socket; the whole answer."""
        return json.loads(self.raw(body, interface, remote, headers, **signed).body)

    def raw(self, body: Any, interface: str = LISTING, remote: str = "10.1.1.7",
            headers: Mapping[str, str] | None = None, **signed: Any) -> InboundAnswer:  # fmt: skip
        given = question(interface) if body is None else body
        data = given if isinstance(given, bytes) else json.dumps(given).encode()
        said = self.headers(**signed) if headers is None else headers
        route = self.ports[interface].route
        return self.gate.take([InboundRequest(route, said, data, remote)])[0]

    def move(self, **by: float) -> None:
        self.clock.moment += timedelta(**by)


def question(interface: str = LISTING, **changed: Any) -> dict[str, Any]:
    """A good one."""
    more = (
        {"ksny": "202501", "jsny": "202509"}
        if interface == LISTING
        else {"ah": "（2025）黔27破1号", "slfy": "黔南州中级人民法院"}
    )
    said = {"tyshxydm": FIRM, "qymc": NAME, "jbr_sfzh": HANDLER_ID, **more}
    return said | changed


def bench_on(store: Store, folder: Path, *, filled: bool = True) -> Bench:
    """Two firms: FIRM with two units, OTHER with one; RID may ask both interfaces."""
    make_tables(store, "audit_", "store_", "data_key", "bus_drift", "registry_", "query_")
    vault, clock, feed = Vault(KeyRing.create(folder / "keys")), FixedClock(NOON), Feed()
    follower = Follower(
        store,
        vault,
        clock,
        "core-registry",
        feed,
        NoLine,
        "1.0.0",
        page=5,  # type: ignore[arg-type]
    )
    ports: dict[str, QueryPort] = {
        name: made.build(AdapterContext(name, SPEC / place, {"sid": SID}, {}, clock))
        for name, place, made in (
            (LISTING, "listing", listing), (BANKRUPTCY, "bankruptcy", bankruptcy),
        )
    }  # fmt: skip
    gate = Gate(
        store, vault, clock, Enterprises(vault, "core-registry"),
        [Published(name, port) for name, port in ports.items()],
    )  # fmt: skip
    bench = Bench(store, vault, clock, feed, follower, Callers(vault, clock), ports, gate)
    if filled:
        fill(feed)
        bench.follow()
        bench.grant(LISTING)
        bench.grant(BANKRUPTCY, purpose="破产核查")
    return bench


def fill(feed: Feed) -> None:
    feed.unit(UNIT, FIRM)
    feed.unit(BRANCH, FIRM, "黔南样例分公司", DWZHZT="05", DWKHRQ="20150601", DWJCRS="0")
    feed.unit(ELSE, OTHER, "都匀别家有限公司")
    for month in ("202412", "202501", "202508", "202509", "202510"):
        feed.month(UNIT, month)
    feed.month(UNIT, "202509", paid="3530000")
    feed.arrears("QJ1", UNIT, "202508", "202509")
    feed.arrears("QJ2", UNIT, "202401", "202402", "02")
    feed.penalty("CF1", UNIT, "20250701", "02")
    feed.penalty("CF2", UNIT, "20250801", "03")
    feed.penalty("CF3", UNIT, "20230801")
    feed.person("52270000000001", UNIT)


@contextmanager
def on_a_socket(bench: Bench) -> Iterator[httpx.Client]:
    """The same door where callers reach it."""
    listener = HttpListener(
        Together(bench.gate.take, 2, 16),
        bench.gate.routes,
        host="127.0.0.1",
        port=0,
        say=bench.gate.say,
    )
    listener.start()
    try:
        with httpx.Client(base_url=listener.address, trust_env=False, timeout=20) as http:
            yield http
    finally:
        listener.stop()
