"""The receiving side: a request is believed or refused, stored, and only then answered.

Everything about one request that has to last stands in one transaction: its nonce, its row with
the answer, what differed from the contract.  A process killed after the commit has answered
nothing: the sender comes again and gets the very answer that is stored.  Who cannot be believed
leaves no row, only a counted drift.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import structlog
from sqlalchemy.engine import Connection

from hub.bus import drifts, nonces
from hub.bus.bus import Bus
from hub.bus.gathering import Gathering
from hub.bus.inbox import Inbox, Receipt, Received
from hub.kernel.clocks import BusinessClock
from hub.kernel.errors import Misconfigured
from hub.ports.inbound import (
    InboundAnswer,
    InboundNotice,
    InboundPort,
    InboundRequest,
    NotTaken,
    Word,
)
from hub.ports.line import Drift
from hub.store import DatabaseAway, Store

log = structlog.get_logger(__name__)


class NoticeUser(Protocol):
    """Whom a kind of notice is for.  One object per kind, shared by threads."""

    def pack(self, value: Any) -> bytes:
        """The notice's value in a form of the user's own; the same value, the same bytes."""
        ...

    def take(self, tx: Connection, taken: Any) -> None:
        """Carry it out, in the transaction that marks it handled (``hub.bus.inbox.Taken``).

        Must be quick and depend only on what it says.  If it raises nothing stays, and it is
        tried again later.
        """
        ...


@dataclass(frozen=True, slots=True)
class Seat:
    """One listening adapter of one interface."""

    interface: str
    port: InboundPort


class Reception:
    """Takes requests of every listening interface; used by several threads at once."""

    def __init__(
        self,
        store: Store,
        bus: Bus,
        clock: BusinessClock,
        seats: Sequence[Seat],
        users: Mapping[str, NoticeUser],
    ) -> None:
        """Raises Misconfigured when two interfaces want one route."""
        self._store = store
        self._bus = bus
        self._clock = clock
        self._inbox = Inbox(bus)
        self._users = users
        self._by_route: dict[str, Seat] = {}
        for seat in seats:
            for route in seat.port.routes:
                if route in self._by_route:
                    raise Misconfigured(f"two interfaces listen at {route}")
                self._by_route[route] = seat
        self._gathering = Gathering(store)

    @property
    def routes(self) -> dict[str, int]:
        """Path → most bytes of a request there."""
        return {
            route: limit
            for seat in self._by_route.values()
            for route, limit in seat.port.routes.items()
        }

    def take(self, request: InboundRequest) -> InboundAnswer:
        """One request to its answer.  Whatever goes wrong on our side is "come again"."""
        seat = self._by_route[request.route]
        sender_id = ""
        try:
            notice = seat.port.read(request)
            sender_id = notice.sender_id
            word = self._store_notice(seat, request, notice)
        except NotTaken as no:
            sender_id = no.sender_id
            word = self._not_taken(seat, request, no)
        except DatabaseAway as away:
            log.warning("inbound.database_away", interface=seat.interface, why=away.message)
            word = Word.UNAVAILABLE
        except Exception:
            log.exception("inbound.failed", interface=seat.interface, route=request.route)
            word = Word.UNAVAILABLE
        return seat.port.answer(request, word, sender_id)

    def tell(self) -> None:
        """Write the drifts gathered since the last time; called when the listener ends, too."""
        self._gathering.tell()

    def _store_notice(self, seat: Seat, request: InboundRequest, notice: InboundNotice) -> Word:
        user = self._users.get(notice.kind)
        if user is None:
            raise Misconfigured(f"nobody here takes {notice.kind}")
        content, raw = user.pack(notice.value), request.raw()
        with self._store.write() as tx:
            if notice.nonce and not self._fresh(tx, seat, request, notice):
                drift = Drift(f"{seat.interface} {notice.kind}", "a nonce once", "a nonce again")
                self._note(tx, seat, [drift])
                return Word.REPLAYED
            self._note(tx, seat, notice.drifts)
            found = self._receive(tx, seat, notice.kind, notice.sender_id, content, raw)
            if found.receipt is Receipt.NEW:
                said = seat.port.answer(request, Word.ACCEPTED, notice.sender_id)
                self._inbox.accept(tx, found.id, answer=said.body, code=Word.ACCEPTED)
            return self._word(tx, seat, notice.kind, found, Word.ACCEPTED)

    def _not_taken(self, seat: Seat, request: InboundRequest, no: NotTaken) -> Word:
        log.warning("inbound.not_taken", interface=seat.interface, word=no.word, why=no.message)
        if not (no.kind and no.sender_id):
            self._gathering.add(seat.interface, seat.port.contract_version, no.drifts)
            return no.word
        try:
            with self._store.write() as tx:
                self._note(tx, seat, no.drifts)
                found = self._receive(tx, seat, no.kind, no.sender_id, no.content, request.raw())
                if found.receipt is Receipt.NEW:
                    said = seat.port.answer(request, no.word, no.sender_id)
                    self._inbox.refuse(tx, found.id, answer=said.body, code=no.word, why=no.message)
                return self._word(tx, seat, no.kind, found, no.word)
        except DatabaseAway as away:
            log.warning("inbound.database_away", interface=seat.interface, why=away.message)
            return Word.UNAVAILABLE

    def _receive(
        self, tx: Connection, seat: Seat, kind: str, sender_id: str, content: bytes, raw: bytes
    ) -> Received:
        return self._inbox.receive(
            tx, interface=seat.interface, kind=kind, sender_id=sender_id, body=content,
            month=f"{self._clock.now():%Y-%m}", raw=raw,
            contract_version=seat.port.contract_version,
        )  # fmt: skip

    def _word(self, tx: Connection, seat: Seat, kind: str, found: Received, fresh: Word) -> Word:
        match found.receipt:
            case Receipt.NEW:
                return fresh
            case Receipt.REPEAT:
                return Word(found.answer_code)
            case Receipt.IN_PROGRESS:
                return Word.BUSY
            case Receipt.CONFLICT:
                log.error("inbound.conflict", interface=seat.interface, inbound=found.id)
                drift = Drift(f"{seat.interface} {kind}", "one id, one content", "another content")
                self._note(tx, seat, [drift])
                return Word.CONFLICT

    def _fresh(
        self, tx: Connection, seat: Seat, request: InboundRequest, notice: InboundNotice
    ) -> bool:
        return nonces.is_fresh(
            tx, seat.interface, notice.nonce, request.body, notice.nonce_kept_s, self._bus.now(tx)
        )

    def _note(self, tx: Connection, seat: Seat, found: Sequence[Drift]) -> None:
        if found:
            drifts.store(tx, seat.interface, seat.port.contract_version, found, self._bus.now(tx))
