"""One request to its answer: believed, allowed, granted, looked up, masked, written down, said.

Why the order is as it is:
1. Nothing is told to who does not hold a secret, and nothing of theirs is written but a count.
2. The address is looked at before repeats: a signed request that was listened to on the way is
   worth nothing elsewhere.
3. The grant is looked at before repeats: what was revoked is not seen again, not even the same.
4. One signature, one call: the signature covers no body, so the same body gets the same answer
   and another is refused and reported.  The database's unique mark says so when the call is
   written, whether the first was long ago or at once; most calls are no repeats, so nobody asks
   before.
5. The call's row and audit entry are committed before the answer leaves.
"""

import ipaddress
import secrets
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy.engine import Connection

from hub.api.quota import Quota
from hub.bus.gathering import Gathering
from hub.kernel.clocks import BusinessClock, monotonic, to_us
from hub.kernel.errors import Misconfigured
from hub.kernel.secret import Secret
from hub.ports.figures import FiguresQuestion
from hub.ports.inbound import InboundAnswer, InboundRequest
from hub.ports.line import Drift
from hub.ports.query import Answer, Claim, QueryPort, QueryRefused, QueryWord, Question
from hub.queries import calls
from hub.queries.callers import expired
from hub.queries.calls import Before, Call, Caller, Grant
from hub.queries.enterprise import Enterprises, Limits
from hub.queries.figures import Figures
from hub.store import DatabaseAway, Store
from hub.store.vault import Sealed, Vault

log = structlog.get_logger(__name__)

_NOT_KEPT = (QueryWord.TRY_LATER, QueryWord.FAILED)
"""Answers of the moment: the same request later may get another."""
_UNSAID = InboundAnswer(500, {}, b"")
_NOBODYS = Secret(secrets.token_hex(32))
_UNHEARD = {404: QueryWord.NO_ROUTE, 405: QueryWord.NO_ROUTE, 413: QueryWord.TOO_LARGE,
            500: QueryWord.FAILED}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Published:
    """One interface that is asked here, or ``one_of_many`` functions of it: there a signature is
    for one function too."""

    interface: str
    port: QueryPort
    one_of_many: bool = False

    @property
    def limits(self) -> Limits:
        """By its contract."""
        return Limits(self.port.max_age_s, self.port.most_units, self.port.most_rows)

    def digest_of(self, body: bytes) -> str:
        """What one signature is good for once."""
        asked_at = f"{self.port.route}\n".encode() if self.one_of_many else b""
        return calls.digest_of(asked_at + body)


@dataclass(frozen=True, slots=True)
class _Decided:
    word: QueryWord
    question: Question | None = None
    answer: Answer | None = None
    drifts: tuple[Drift, ...] = ()


@dataclass(slots=True, eq=False)
class _Asked:
    """A request on its way.  ``call`` and ``said``: what would be written and answered; ``before``,
    ``fresh``: whether its signature was used; ``error``: what is answered instead."""

    published: Published
    request: InboundRequest
    call: Call | None = None
    said: InboundAnswer = _UNSAID
    before: Before | None = None
    fresh: bool = True
    error: Exception | None = None

    @property
    def keep(self) -> bool:
        """Whether the same request later gets this answer."""
        return self.call is not None and self.before is None and self.call.word not in _NOT_KEPT

    @property
    def written(self) -> Call:
        if self.call is None:
            raise RuntimeError("a request that nobody looked at has no call")
        return self.call


class Gate:
    """Takes requests for every published interface; used by several threads at once."""

    def __init__(
        self, store: Store, vault: Vault, clock: BusinessClock, enterprises: Enterprises,
        published: Sequence[Published], figures: Figures | None = None,
    ) -> None:  # fmt: skip
        """Without ``figures`` no function of a catalogue can be published.  Raises Misconfigured
        when nothing is published, or two want one route."""
        self._store, self._vault, self._clock = store, vault, clock
        self._enterprises, self._figures = enterprises, figures
        self._by_route: dict[str, Published] = {}
        for one in published:
            if one.port.route in self._by_route:
                raise Misconfigured(f"two interfaces are asked at {one.port.route}")
            self._by_route[one.port.route] = one
        if not self._by_route:
            raise Misconfigured("hub.toml publishes no query: partners.<interface>.values.sid")
        self._quota = Quota()
        self._gathering = Gathering(store)
        self._secrets: dict[int, Secret] = {}

    @property
    def routes(self) -> Mapping[str, int]:
        """Path → most bytes of a request there."""
        return {route: one.port.largest for route, one in self._by_route.items()}

    def say(self, route: str, status: int) -> InboundAnswer:
        """What is told of a request that was not even read."""
        known = self._by_route.get(route) or next(iter(self._by_route.values()))
        return known.port.answer(_UNHEARD.get(status, QueryWord.OFF_CONTRACT))

    def tell(self) -> None:
        """Write what was gathered of requests nobody believes."""
        self._gathering.tell()

    def take(self, requests: Sequence[InboundRequest]) -> list[InboundAnswer]:
        """One answer each: those that come together are read through one view and written down in
        one transaction.  Whatever goes wrong on our side is "come again", never its reason."""
        asked = [_Asked(self._by_route[one.route], one) for one in requests]
        self._look_at(asked)
        self._write([one for one in asked if one.keep])
        return [self._answer(one) for one in asked]

    def _look_at(self, asked: Sequence[_Asked]) -> None:
        left = deque(asked)
        try:
            with self._store.read() as view:
                while left:
                    self._look(view, left[0])
                    left.popleft()
        except DatabaseAway as away:
            for one in left:
                one.error = away
        except Exception as error:  # noqa: BLE001  raised again where it is answered
            if not left:
                return  # all was read before the view ended badly
            left.popleft().error = error
            if left:  # its view is spoilt, theirs need not be
                self._look_at(left)

    def _look(self, view: Connection, one: _Asked) -> None:
        try:
            self._decide(view, one)
        except QueryRefused as no:
            one.error = no

    def _decide(self, view: Connection, one: _Asked) -> None:
        began, now, port = monotonic(), self._clock.now(), one.published.port
        interface, request = one.published.interface, one.request
        claim = port.claim(request)
        caller = self._believed(view, one.published, claim, to_us(now))
        if not _from_here(caller.addresses, request.remote):
            raise QueryRefused(QueryWord.ADDRESS, f"{caller.rid} calls from elsewhere")
        if not self._quota.take(view, caller, now):
            raise QueryRefused(QueryWord.QUOTA, f"{caller.rid} is beyond its quota")
        grant = caller.grant
        if grant is None or expired(grant.until_day, now) or not _shows(grant, port):
            grant, decided = None, _Decided(QueryWord.NOT_GRANTED)
        else:
            decided = self._find(view, one.published, request.body, now)
        if decided.word in _NOT_KEPT:
            one.before = calls.find_before(view, calls.mark_of(interface, claim))
        shown = frozenset() if grant is None else grant.shown
        one.said = port.answer(decided.word, decided.answer, shown)
        took_us = int((monotonic() - began) * 1_000_000)
        one.call = self._call(one, claim, caller, grant, decided, now, took_us)

    def _write(self, asked: Sequence[_Asked]) -> None:
        """Note whose signature was used before."""
        try:
            fresh = calls.write_each(self._store, self._vault, [one.written for one in asked])
        except Exception as error:  # noqa: BLE001  raised again where it is answered
            for one in asked:
                one.error = error
        else:
            for one, new in zip(asked, fresh, strict=True):
                one.fresh = new

    def _answer(self, one: _Asked) -> InboundAnswer:
        interface, port = one.published.interface, one.published.port
        try:
            return self._said(one)
        except QueryRefused as no:
            log.warning("query.refused", interface=interface, word=no.word, why=no.message)
            found = no.drifts or (Drift("request", "a call within its terms", no.word.value),)
            self._gathering.add(interface, port.contract_version, found)
            return port.answer(no.word)
        except DatabaseAway as away:
            log.warning("query.database_away", interface=interface, why=away.message)
            return port.answer(QueryWord.TRY_LATER)
        except Exception:
            log.exception("query.failed", interface=interface)
            return port.answer(QueryWord.FAILED)

    def _said(self, one: _Asked) -> InboundAnswer:
        if one.error is not None:
            raise one.error
        if one.before is not None:
            return self._again(one, one.before)
        if one.keep and one.fresh:
            return one.said
        if one.keep and one.written.grant is not None:
            return self._again(one, self._used(one))
        # Not kept, or: this signature was used, and that answer stands, but not for these.
        with self._store.write() as tx:
            calls.note_call(tx, one.written)
        return one.said

    def _believed(self, view: Connection, one: Published, claim: Claim, now_us: int) -> Caller:
        """Raises QueryRefused.  An id nobody has costs what a wrong signature costs."""
        caller = calls.find_caller(view, claim.caller, one.interface, now_us)
        held = [] if caller is None else [self._secret(view, *each) for each in caller.secrets]
        one.port.check(claim, held or [_NOBODYS])
        if caller is None:
            raise QueryRefused(QueryWord.SIGNATURE, "nobody has this id")
        return caller

    def _secret(self, view: Connection, number: int, sealed: Sealed) -> Secret:
        if number not in self._secrets:
            self._secrets[number] = Secret(self._vault.open(view, *sealed).decode("ascii"))
        return self._secrets[number]

    def _find(self, view: Connection, one: Published, body: bytes, now: datetime) -> _Decided:
        try:
            question = one.port.read(body)
        except QueryRefused as no:
            return _Decided(no.word, drifts=no.drifts)
        if isinstance(question, FiguresQuestion):
            if self._figures is None:
                raise RuntimeError("figures are asked for where none are kept")
            figured = self._figures.find(view, question, one.limits, now)
            return _Decided(figured.word, question, figured.answer)
        found = self._enterprises.find(view, question, one.limits, now)
        return _Decided(found.word, question, found.answer)

    def _call(
        self, one: _Asked, claim: Claim, caller: Caller, grant: Grant | None, decided: _Decided,
        now: datetime, took_us: int,
    ) -> Call:  # fmt: skip
        asked, found, of = decided.question, decided.answer, one.published
        return Call(
            claim=claim, caller=caller, interface=of.interface,
            contract_version=of.port.contract_version, grant=grant, asked_us=to_us(now),
            as_of_us=None if found is None else to_us(found.as_of), remote=one.request.remote,
            body=one.request.body, body_digest=of.digest_of(one.request.body),
            uscc_token=self._uscc_token(asked),
            reference="" if asked is None else asked.reference, word=decided.word,
            http_status=one.said.status, answer=one.said.body,
            units=0 if found is None else len(found.units), took_us=took_us, month=f"{now:%Y-%m}",
            drifts=decided.drifts,
        )  # fmt: skip

    def _uscc_token(self, asked: Question | None) -> str:
        if asked is None or isinstance(asked, FiguresQuestion):
            return ""
        return self._enterprises.uscc_token(asked.uscc)

    def _used(self, one: _Asked) -> Before:
        with self._store.read() as view:
            mark = calls.mark_of(one.published.interface, one.written.claim)
            before = calls.find_before(view, mark)
        if before is None:
            raise RuntimeError("a signature was used by a call that is not there")
        return before

    def _again(self, one: _Asked, before: Before) -> InboundAnswer:
        """The same body gets what it got; another is refused and reported."""
        interface, port, caller = one.published.interface, one.published.port, one.written.caller
        if before.body_digest == one.written.body_digest:
            with self._store.read() as view:
                answer = calls.kept_answer(self._vault, view, before)
            return InboundAnswer(before.http_status, port.headers, answer)
        with self._store.write() as tx:
            calls.note_misuse(tx, before, interface, caller)
        log.error("query.replayed", interface=interface, caller=caller.rid, call=before.id)
        found = Drift("request", "one signature, one body", "another body")
        raise QueryRefused(QueryWord.REPLAYED, "one signature, two bodies", [found])


def _shows(grant: Grant, port: QueryPort) -> bool:
    return not port.needs or port.needs in grant.shown


def _from_here(addresses: str, remote: str) -> bool:
    """Whether an address is on the list; an empty list takes any."""
    if not addresses:
        return True
    try:
        here = ipaddress.ip_address(remote)
    except ValueError:
        return False
    return any(here in ipaddress.ip_network(one) for one in addresses.split(","))
