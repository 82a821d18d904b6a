"""The gateway of a government sharing or service platform: who we are there, and its app secret.

Headers ``<prefix>_rid``, ``_sid``, ``_rtime`` (ms), ``_sign`` = Base64(HMAC(sid + rid + rtime, app
secret)); prefix gjgxjhpt (共享交换平台) or gjzwfwpt (政务服务平台).  The signature covers no body.
The app secret is fetched under the deployment's own key, kept until it expires, and fetched anew
when the gateway no longer takes it; it is never logged.

Source: the national platform's gateway as public clients show it; the contract's section
``gateway`` (prefix, algorithm, refresh path, codes) decides.
"""

import base64
import hmac
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hub.contracts import Contract, shape
from hub.crypto import HmacSm3
from hub.kernel.clocks import BusinessClock
from hub.kernel.errors import Misconfigured
from hub.kernel.secret import Secret
from hub.ports.line import Line, PartnerRefused, ReplyUnreadable

PREFIXES = ("gjgxjhpt", "gjzwfwpt")
_HTTP_OK = 200
_EARLY = timedelta(seconds=30)
"""A secret is fetched anew this long before it expires: a call under way must not outlive it."""


def _sha256(key: bytes, text: bytes) -> bytes:
    return hmac.digest(key, text, "sha256")


def _sm3(key: bytes, text: bytes) -> bytes:
    return HmacSm3(key).digest(text)


_DIGESTS: Mapping[str, Callable[[bytes, bytes], bytes]] = {
    "HMAC-SHA256": _sha256,
    "HMAC-SM3": _sm3,
}


@dataclass(frozen=True, slots=True)
class GatewayTerms:
    """What a contract says of its gateway.

    ``refresh``: the path that hands out the app secret.  ``ok`` is the ``code`` of a reply that
    was served; ``unauthorized`` are those with which the gateway itself turns a request away.
    """

    prefix: str
    algorithm: str
    refresh: str
    ok: str
    unauthorized: frozenset[str]

    @classmethod
    def of(cls, contract: Contract) -> "GatewayTerms":
        """From the contract's section ``gateway``; raises Misconfigured."""
        raw: Any = contract.extra.get("gateway")
        if not isinstance(raw, Mapping):
            raise Misconfigured(f"the contract of {contract.interface} has no gateway")
        made = cls(
            prefix=str(raw["prefix"]),
            algorithm=str(raw["algorithm"]),
            refresh=str(raw["refresh"]),
            ok=str(raw["ok"]),
            unauthorized=frozenset(map(str, raw["unauthorized"])),
        )
        if made.prefix not in PREFIXES or made.algorithm not in _DIGESTS:
            raise Misconfigured(f"the gateway of {contract.interface}: prefix or algorithm")
        return made

    def sign(self, sid: str, rid: str, rtime: str, secret: Secret) -> str:
        """Base64 of the HMAC over service, requester and time."""
        digest = _DIGESTS[self.algorithm]
        text = f"{sid}{rid}{rtime}".encode("ascii")
        return base64.b64encode(digest(secret.reveal().encode("utf-8"), text)).decode("ascii")

    def headers(self, sid: str, rid: str, now: datetime, secret: Secret) -> dict[str, str]:
        """The headers of one request; ``now`` is business time."""
        rtime = str(int(now.timestamp() * 1000))
        return {
            "Content-Type": "application/json; charset=utf-8",
            f"{self.prefix}_rid": rid,
            f"{self.prefix}_sid": sid,
            f"{self.prefix}_rtime": rtime,
            f"{self.prefix}_sign": self.sign(sid, rid, rtime, secret),
        }


@dataclass(frozen=True, slots=True)
class GatewayReply:
    """``{code, message, data}`` of a reply that was served."""

    code: str
    message: str
    data: Any


class Gateway:
    """Calls through one gateway endpoint; one app secret for all threads of a process.

    ``rid`` is us, ``key`` the deployment's own key under which the app secret is fetched.
    """

    def __init__(
        self, terms: GatewayTerms, rid: str, key: Secret, clock: BusinessClock,
        endpoint: str = "api",
    ) -> None:  # fmt: skip
        self._terms, self._rid, self._key, self._clock = terms, rid, key, clock
        self._endpoint = endpoint
        self._secret: Secret | None = None
        self._until = clock.now()
        self._lock = threading.Lock()

    def call(
        self, line: Line, step: str, path: str, sid: str, content: Mapping[str, Any], *,
        effect: bool,
    ) -> GatewayReply:  # fmt: skip
        """One request to service ``sid``.

        Turned away by the gateway, whose word it is that no service has seen it, it goes once
        more under a fresh secret.  Raises PartnerRefused (not final) when that is turned away
        too, ReplyUnreadable, and what the line raises.
        """
        body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
        secret = self._current(line, sid)
        reply = self._post(line, step, path, sid, body, secret, effect=effect)
        if reply.code in self._terms.unauthorized:
            secret = self._fetched(line, sid, instead_of=secret)
            reply = self._post(line, step, path, sid, body, secret, effect=effect)
        if reply.code in self._terms.unauthorized:
            raise PartnerRefused(reply.code, shape(reply.message), final=False)
        return reply

    def _current(self, line: Line, sid: str) -> Secret:
        with self._lock:
            secret, until = self._secret, self._until
        if secret is None or self._clock.now() >= until - _EARLY:
            return self._fetched(line, sid, instead_of=secret)
        return secret

    def _fetched(self, line: Line, sid: str, *, instead_of: Secret | None) -> Secret:
        """A fresh one; threads that were turned away together fetch it once."""
        with self._lock:
            if self._secret is not None and self._secret is not instead_of:
                return self._secret
            reply = self._post(line, "refreshsecret", self._terms.refresh, sid, b"{}", self._key,
                               effect=False)  # fmt: skip
            if reply.code != self._terms.ok:
                raise PartnerRefused(reply.code, shape(reply.message), final=False)
            self._secret, self._until = self._read_secret(line, reply)
            return self._secret

    def _read_secret(self, line: Line, reply: GatewayReply) -> tuple[Secret, datetime]:
        data = reply.data if isinstance(reply.data, Mapping) else {}
        text, seconds = data.get("appsecret"), data.get("expires_in")
        if not isinstance(text, str) or not text or type(seconds) is not int or seconds <= 0:
            line.drift.note(
                "refreshsecret.reply/data", "appsecret and expires_in", "something else"
            )
            raise ReplyUnreadable("the gateway's answer holds no app secret")
        return Secret(text), self._clock.now() + timedelta(seconds=seconds)

    def _post(
        self, line: Line, step: str, path: str, sid: str, body: bytes, secret: Secret, *,
        effect: bool,
    ) -> GatewayReply:  # fmt: skip
        answer = line.post(
            step, endpoint=self._endpoint, path=path, body=body, effect=effect,
            headers=self._terms.headers(sid, self._rid, self._clock.now(), secret),
        )  # fmt: skip
        if answer.status != _HTTP_OK:
            line.drift.note(f"{step}.reply", f"HTTP {_HTTP_OK}", f"HTTP {answer.status}")
            raise ReplyUnreadable(f"{step}: HTTP {answer.status}")
        return _read(answer.body, step, line)


def _read(body: bytes, step: str, line: Line) -> GatewayReply:
    try:
        found = json.loads(body.decode("utf-8-sig"))
    except (UnicodeDecodeError, ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not isinstance(found.get("code"), (str, int)):
        line.drift.note(f"{step}.reply", "{code, message, data}", "something else")
        raise ReplyUnreadable(f"{step}: the answer is no gateway's reply")
    return GatewayReply(str(found["code"]), str(found.get("message", "")), found.get("data"))
