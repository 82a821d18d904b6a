"""Calling through the gateway of a government sharing or service platform.

The app secret is fetched under the deployment's own key, kept until it expires, and fetched anew
when the gateway no longer takes it; it is never logged.  Headers and signature:
:mod:`adapters.kit.gateway_terms`.
"""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from adapters.kit.gateway_terms import GatewayTerms
from hub.contracts import shape
from hub.kernel.clocks import BusinessClock
from hub.kernel.secret import Secret
from hub.ports.line import Line, PartnerRefused, ReplyUnreadable

_HTTP_OK = 200
_EARLY = timedelta(seconds=30)
"""A secret is fetched anew this long before it expires: a call under way must not outlive it."""


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

    def alive(self, line: Line, sid: str) -> None:
        """Ask for an app secret anew, whatever is kept: a sign of life that changes nothing on
        the platform's side.  Raises as :meth:`call`."""
        with self._lock:
            kept = self._secret
        self._fetched(line, sid, instead_of=kept)

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
