"""Calls through a gateway on a real socket: signed, the app secret kept, fetched anew when due."""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest

from adapters.kit.gateway import Gateway, GatewayReply
from adapters.kit.gateway_terms import GatewayTerms, HeaderFault, HeadersRefused
from hub.crypto import HmacSm3
from hub.kernel.clocks import SHANGHAI
from hub.kernel.errors import Misconfigured
from hub.kernel.secret import Secret
from hub.ports.line import PartnerRefused, ReplyUnreadable
from hub.wire import HttpPartner, NoRecorder

KEY = "deployment-key-ABC"
TERMS = GatewayTerms(
    "gjzwfwpt", "HMAC-SHA256", "/sysapi/auth/refreshsecret", "200", frozenset({"401"}), 300
)
NOON = datetime(2025, 10, 14, 12, 0, tzinfo=SHANGHAI)


@dataclass
class Platform:
    """The gateway, written by hand: it believes only signatures it computes itself."""

    terms: GatewayTerms = TERMS
    secret: str = "app-secret-1"
    expires_in: Any = 7200
    fetches: int = 0
    served: list[dict[str, Any]] = field(default_factory=list)
    reply: bytes | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, path: str, headers: Any, body: bytes) -> bytes:
        rid, sid, rtime, sign = (
            headers.get(f"{self.terms.prefix}_{one}", "") for one in ("rid", "sid", "rtime", "sign")
        )
        fetching = path == self.terms.refresh
        key, text = (KEY if fetching else self.secret).encode(), f"{sid}{rid}{rtime}".encode()
        if self.terms.algorithm == "HMAC-SM3":
            wanted = HmacSm3(key).digest(text)
        else:
            wanted = hmac.new(key, text, hashlib.sha256).digest()
        with self.lock:
            if sign != base64.b64encode(wanted).decode():
                return b'{"code": 401, "message": "sign", "data": null}'
            if fetching:
                self.fetches += 1
                data = {"appsecret": self.secret, "expires_in": self.expires_in}
                return json.dumps({"code": 200, "message": "ok", "data": data}).encode()
            self.served.append(json.loads(body))
            return self.reply or b'\xef\xbb\xbf{"code": "200", "message": "ok", "data": {"n": 1}}'


@dataclass
class HandClock:
    """Stands still until it is moved."""

    moment: datetime

    def now(self) -> datetime:
        return self.moment

    def today(self) -> date:
        return self.moment.date()


@dataclass
class Bench:
    platform: Platform
    http: HttpPartner
    clock: HandClock
    gateway: Gateway

    def call(self, **content: Any) -> GatewayReply:
        line = self.http.open_line(NoRecorder())
        return self.gateway.call(line, "push", "/sysapi/case", "svc1", content, effect=True)


def _server(platform: Platform) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            said = platform.answer(self.path, self.headers, body)
            self.send_response(200)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            """Silent."""

    return ThreadingHTTPServer(("127.0.0.1", 0), Handler)


@pytest.fixture
def bench() -> Iterator[Bench]:
    yield from _bench(TERMS)


def _bench(terms: GatewayTerms) -> Iterator[Bench]:
    platform = Platform(terms)
    server = _server(platform)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    clock = HandClock(NOON)
    url = f"http://127.0.0.1:{server.server_address[1]}"
    with HttpPartner({"api": url}, timeout_s=5.0) as http:
        yield Bench(platform, http, clock, Gateway(terms, "C522700", Secret(KEY), clock))
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.mark.parametrize("algorithm", ["HMAC-SHA256", "HMAC-SM3"])
@pytest.mark.parametrize("prefix", ["gjgxjhpt", "gjzwfwpt"])
def test_signed_and_served(prefix: str, algorithm: str) -> None:
    for bench in _bench(replace(TERMS, prefix=prefix, algorithm=algorithm)):
        assert bench.call(xm="欧阳𠮷").data == {"n": 1}
        assert bench.platform.served == [{"xm": "欧阳𠮷"}]


def test_a_signature_as_public_clients_make_it() -> None:
    made = TERMS.sign("svc1", "C522700", "1760414400000", Secret("app-secret-1"))
    plain = hmac.new(b"app-secret-1", b"svc1C5227001760414400000", hashlib.sha256).digest()
    assert made == base64.b64encode(plain).decode()


def test_the_secret_is_fetched_once_and_again_when_it_expires(bench: Bench) -> None:
    for _ in range(3):
        bench.call()
    assert bench.platform.fetches == 1
    bench.clock.moment = NOON + timedelta(seconds=7200 - 31)
    bench.call()
    assert bench.platform.fetches == 1
    bench.clock.moment = NOON + timedelta(seconds=7200 - 29)
    bench.call()
    assert bench.platform.fetches == 2


def test_turned_away_it_goes_once_more_under_a_fresh_secret(bench: Bench) -> None:
    bench.call(n=1)
    bench.platform.secret = "app-secret-2"  # changed at the platform before its time
    bench.call(n=2)
    assert bench.platform.served == [{"n": 1}, {"n": 2}]
    assert bench.platform.fetches == 2


def test_threads_turned_away_together_fetch_it_once(bench: Bench) -> None:
    bench.call()
    bench.platform.secret = "app-secret-2"
    with ThreadPoolExecutor(8) as pool:
        assert all(reply.code == "200" for reply in pool.map(lambda n: bench.call(n=n), range(8)))
    assert bench.platform.fetches == 2


def test_turned_away_again_is_refused_but_never_for_good(bench: Bench) -> None:
    bench.platform.reply = b'{"code": "401", "message": "\xe6\xac\xa7\xe9\x98\xb3", "data": null}'
    with pytest.raises(PartnerRefused) as no:
        bench.call()
    assert (no.value.partner_code, no.value.final) == ("401", False)
    assert "欧阳" not in str(no.value)
    assert len(bench.platform.served) == 2


def test_a_wrong_deployment_key_never_reaches_a_service(bench: Bench) -> None:
    bench.gateway = Gateway(TERMS, "C522700", Secret("another"), bench.clock)
    with pytest.raises(PartnerRefused):
        bench.call()
    assert bench.platform.served == []


@pytest.mark.parametrize("expires_in", [0, -1, "7200", None, True])
def test_a_secret_without_its_time_is_not_used(bench: Bench, expires_in: Any) -> None:
    bench.platform.expires_in = expires_in
    with pytest.raises(ReplyUnreadable) as wrong:
        bench.call()
    assert "app-secret" not in str(wrong.value)
    assert bench.platform.served == []


@pytest.mark.parametrize("reply", [b"<html>", b"[]", b'{"message": "ok"}', b"\xff\xfe"])
def test_what_is_no_gateway_s_reply(bench: Bench, reply: bytes) -> None:
    bench.platform.reply = reply
    with pytest.raises(ReplyUnreadable):
        bench.call()


def test_nothing_shows_a_secret(bench: Bench) -> None:
    bench.call()
    shown = repr(vars(bench.gateway)) + repr(bench.gateway)
    assert "app-secret" not in shown
    assert KEY not in shown


@pytest.mark.parametrize("wrong", [{"prefix": "other"}, {"algorithm": "MD5"}])
def test_terms_of_a_contract(wrong: dict[str, str]) -> None:
    raw = {"prefix": "gjgxjhpt", "algorithm": "HMAC-SM3", "refresh": "/r", "ok": 200,
           "skew_s": 300, "unauthorized": [401]}  # fmt: skip
    contract: Any = SimpleNamespace(interface="x", extra={"gateway": raw})
    assert GatewayTerms.of(contract).unauthorized == {"401"}
    contract.extra["gateway"] = {**raw, **wrong}
    with pytest.raises(Misconfigured):
        GatewayTerms.of(contract)
    contract.extra.clear()
    with pytest.raises(Misconfigured):
        GatewayTerms.of(contract)


def called(at: datetime = NOON, key: str = "app-1") -> dict[str, str]:
    made = TERMS.headers("svc1", "520100X", at, Secret(key))
    return {name.lower(): text for name, text in made.items()}


def refusal(headers: dict[str, str], *keys: str) -> HeaderFault | None:
    try:
        TERMS.check(TERMS.named(headers), NOON, [Secret(key) for key in keys])
    except HeadersRefused as no:
        return no.fault
    return None


def test_a_caller_is_believed_under_either_secret_while_it_is_rotated() -> None:
    assert refusal(called(), "app-1") is None
    assert refusal(called(), "app-2", "app-1") is None
    assert refusal(called(), "app-2") is HeaderFault.SIGNATURE
    assert refusal(called()) is HeaderFault.SIGNATURE


def test_a_caller_out_of_step_with_our_clock_is_refused_both_ways() -> None:
    for seconds, fault in ((300, None), (301, HeaderFault.STALE)):
        for at in (NOON - timedelta(seconds=seconds), NOON + timedelta(seconds=seconds)):
            assert refusal(called(at), "app-1") is fault
    # Who does not hold the secret learns nothing of our clock.
    assert refusal(called(NOON - timedelta(days=1)), "app-2") is HeaderFault.SIGNATURE


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("rid", "other", HeaderFault.SIGNATURE),
        ("sid", "svc2", HeaderFault.SIGNATURE),
        ("sid", "", HeaderFault.MISSING),
        ("rid", "贵州", HeaderFault.MISSING),
        ("rtime", "1e9", HeaderFault.MISSING),
        ("rtime", "9" * 400, HeaderFault.MISSING),
        ("sign", "not base64!", HeaderFault.SIGNATURE),
    ],
)
def test_headers_that_were_touched_are_refused(name: str, text: str, fault: HeaderFault) -> None:
    assert refusal(called() | {f"gjzwfwpt_{name}": text}, "app-1") is fault
