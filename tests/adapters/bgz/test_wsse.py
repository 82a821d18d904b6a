"""The security header: the profile's formula, a published vector, and what the mock lets in."""

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from mocks.banks.bgz.codec import read_envelope
from mocks.banks.bgz.gate import Gate, NoEntry, digest
from tests.adapters.bgz import bench

VECTOR = ("LKqI6G/AikKCQrN0zqZFlg==", "2010-09-16T07:50:45Z", "userpassword")
VECTOR_DIGEST = "tuOSpGlFlIXsozq4HFNeeGeFLEI="
"""ONVIF Application Programmer's Guide, 6.1.1.3."""


def _digest(nonce: str, created: str, password: str) -> str:
    raw = base64.b64decode(nonce) + created.encode() + password.encode()
    return base64.b64encode(hashlib.sha1(raw).digest()).decode()


def _said(body: bytes, name: str) -> str:
    found = re.search(rf"<wss?[eu]:{name}[^>]*>([^<]+)<".encode(), body)
    assert found is not None
    return found[1].decode()


def test_the_formula_is_the_published_one() -> None:
    assert _digest(*VECTOR) == VECTOR_DIGEST
    assert digest(base64.b64decode(VECTOR[0]), *VECTOR[1:]) == VECTOR_DIGEST


class TestAdapter:
    def test_digest_created_in_utc_and_no_password_on_the_wire(self) -> None:
        line = bench.said(b"")
        bench.bank().probe(line)
        body = line.calls[0].body
        nonce, created = _said(body, "Nonce"), _said(body, "Created")
        assert created == "2025-10-13T01:30:00Z"
        assert len(base64.b64decode(nonce)) >= 16
        assert _said(body, "Password") == _digest(nonce, created, bench.PASSWORD)
        assert bench.PASSWORD.encode() not in body

    def test_nonce_and_message_id_are_new_each_time(self) -> None:
        bank, line = bench.bank(), bench.said(b"")
        line.replies *= 2
        bank.probe(line)
        bank.probe(line)
        first, second = (call.body for call in line.calls)
        assert _said(first, "Nonce") != _said(second, "Nonce")
        ids = [re.findall(rb"MessageID[^>]*>([^<]+)<", body) for body in (first, second)]
        assert len(ids[0]) == len(ids[1]) == 1
        assert ids[0] != ids[1]


@dataclass
class _Clock:
    moment: datetime = datetime(2025, 10, 13, 1, 30, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment


def _gate(clock: _Clock) -> Gate:
    clients: Any = SimpleNamespace(client={"username": "QNZFGJJ01", "password": bench.PASSWORD})
    at: Any = clock
    return Gate(clients, at, {"skew_s": 300, "nonce_kept_s": 900, "nonce_bytes": 16})


INVALID, FAILED = "InvalidSecurity", "FailedAuthentication"
GOLDEN = bench.sample("BatchPay.request.xml")
BENT: list[tuple[str, Callable[[bytes], bytes], str]] = [
    ("no header", lambda x: re.sub(b"<wsse:Security.*</wsse:Security>", b"", x), INVALID),
    ("no nonce", lambda x: re.sub(b"<wsse:Nonce.*</wsse:Nonce>", b"", x), INVALID),
    ("a nonce that is no Base64", lambda x: x.replace(b">MDEy", b">*DEy"), INVALID),
    ("the password itself", lambda x: x.replace(b"#PasswordDigest", b"#PasswordText"), INVALID),
    ("another user", lambda x: x.replace(b"QNZFGJJ01", b"QNZFGJJ02"), FAILED),
    ("another moment", lambda x: x.replace(b"01:30:00Z", b"01:30:01Z"), FAILED),
    ("another nonce", lambda x: x.replace(b">MDEy", b">MDEz"), FAILED),
]


class TestMock:
    def test_the_golden_request_is_let_in_once(self) -> None:
        clock = _Clock()
        gate, message = _gate(clock), read_envelope(GOLDEN)
        gate.check(message)
        clock.moment += timedelta(seconds=200)
        with pytest.raises(NoEntry) as caught:
            gate.check(message)
        assert caught.value.fault.kind == "wsse:InvalidSecurity"

    @pytest.mark.parametrize("seconds", [-301, 301])
    def test_one_that_is_out_of_time_is_not(self, seconds: int) -> None:
        clock = _Clock()
        clock.moment += timedelta(seconds=seconds)
        with pytest.raises(NoEntry) as caught:
            _gate(clock).check(read_envelope(GOLDEN))
        assert caught.value.fault.kind == "wsse:MessageExpired"

    @pytest.mark.parametrize(("what", "bend", "kind"), BENT, ids=[one[0] for one in BENT])
    def test_a_header_that_is_not_the_contracts_is_not(
        self, what: str, bend: Callable[[bytes], bytes], kind: str
    ) -> None:
        bent = bend(GOLDEN)
        assert bent != GOLDEN
        with pytest.raises(NoEntry) as caught:
            _gate(_Clock()).check(read_envelope(bent))
        assert caught.value.fault.kind == f"wsse:{kind}"
