"""Browsers that a platform has signed in, let into the online hall once; keys the hall redeems.

Stored before answered: the visit and its audit entry are committed before the redirect leaves, a
redemption before the identity does.  Whoever is refused leaves an audit entry with the contract's
code; a flood of them is counted, for who floods a port must not take the write lock.
"""

import secrets
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy.engine import Connection

from hub import audit
from hub.bus import nonces
from hub.bus.intake import VAULT_KIND as MESSAGE
from hub.cases import visits
from hub.cases.office import CaseOffice
from hub.cases.tables import VAULT_KIND
from hub.crypto import sm3_hex
from hub.kernel.clocks import monotonic, to_us
from hub.kernel.errors import Misconfigured
from hub.ports.entry import (
    BrowserRequest,
    EntryPort,
    EntryRefused,
    EntryWord,
    RedeemWord,
    Redemption,
)
from hub.ports.inbound import InboundAnswer, InboundRequest
from hub.store import DatabaseAway

log = structlog.get_logger(__name__)

_KEY_BYTES = 32
_A_MINUTE_S = 60.0
_SINGLY = 60
"""Refusals a minute that are written one by one; the others of that minute as one count."""


@dataclass(frozen=True, slots=True)
class EntrySeat:
    """One interface by which browsers come."""

    interface: str
    port: EntryPort


class Entering:
    """Takes browsers and the hall's redemptions; used by several threads at once."""

    def __init__(self, office: CaseOffice, seats: Sequence[EntrySeat]) -> None:
        """Raises Misconfigured when two interfaces want one path."""
        self._office = office
        self._by_path: dict[str, EntrySeat] = {}
        for seat in seats:
            for path in (*seat.port.pages, *seat.port.routes):
                if path in self._by_path:
                    raise Misconfigured(f"two interfaces want {path}")
                self._by_path[path] = seat
        self._refusals = _Refusals(office)

    @property
    def pages(self) -> dict[str, int]:
        """Path → longest query, of what browsers open."""
        return {path: most for one in self._seats for path, most in one.port.pages.items()}

    @property
    def routes(self) -> dict[str, int]:
        """Path → most bytes, of what the hall posts."""
        return {path: most for one in self._seats for path, most in one.port.routes.items()}

    @property
    def _seats(self) -> list[EntrySeat]:
        return list({one.interface: one for one in self._by_path.values()}.values())

    def arrive(self, request: BrowserRequest) -> InboundAnswer:
        """A browser with an assertion: on into the hall, or a page that says why not."""
        seat = self._by_path[request.route]
        try:
            return self._admit(seat, request)
        except EntryRefused as no:
            word = EntryWord(no.word)
            self._refusals.note("entry.refused", seat, word, no.message)
        except DatabaseAway as away:
            log.warning("entry.database_away", interface=seat.interface, why=away.message)
            word = EntryWord.UNAVAILABLE
        except Exception:
            log.exception("entry.failed", interface=seat.interface)
            word = EntryWord.UNAVAILABLE
        return seat.port.page(word)

    def redeem(self, request: InboundRequest) -> InboundAnswer:
        """The hall with a one-time key: who it is, once."""
        seat = self._by_path[request.route]
        try:
            return self._redeem(seat, request, seat.port.read_redemption(request))
        except EntryRefused as no:
            word = RedeemWord(no.word)
            self._refusals.note("entry.redeem_refused", seat, word, no.message)
        except DatabaseAway as away:
            log.warning("entry.database_away", interface=seat.interface, why=away.message)
            word = RedeemWord.UNAVAILABLE
        except Exception:
            log.exception("entry.redeem_failed", interface=seat.interface)
            word = RedeemWord.UNAVAILABLE
        return seat.port.redeemed(word)

    def tell(self) -> None:
        """Write what was only counted; called when the listener ends."""
        self._refusals.tell()

    def _admit(self, seat: EntrySeat, request: BrowserRequest) -> InboundAnswer:
        said, office = seat.port.read(request), self._office
        key = secrets.token_urlsafe(_KEY_BYTES)
        with office.store.write() as tx:
            office.vault.prepare(tx, (VAULT_KIND, MESSAGE), office.month)
            number = visits.admit(
                tx, office, seat.interface, said.mark, key, said.visitor, seat.port.key_s
            )
            if number is not None:
                audit.record(
                    tx, act="entry.admitted", actor="hub", subject=f"visit:{number}", count=1,
                    detail={"interface": seat.interface, "number": said.visitor.number,
                            "user_type": said.visitor.user_type.value},
                )  # fmt: skip
        if number is None:
            raise EntryRefused(EntryWord.USED, "the assertion came before")
        return seat.port.onward(key, said.visitor)

    def _redeem(self, seat: EntrySeat, request: InboundRequest, asked: Redemption) -> InboundAnswer:
        office, mark = self._office, sm3_hex(asked.nonce.encode() + b"\0" + request.body)
        with office.store.write() as tx:
            if nonces.is_fresh(
                tx, seat.interface, asked.nonce, request.body, asked.nonce_kept_s,
                office.now_us(tx),
            ):  # fmt: skip
                word, found = self._use_up(tx, seat, asked.key, mark)
            else:
                word, found = RedeemWord.REPLAYED, None
        if found is None:
            raise EntryRefused(word, f"not redeemed: {word.value}")
        return seat.port.redeemed(word, str(found.id), found.visitor)

    def _use_up(
        self, tx: Connection, seat: EntrySeat, key: str, mark: str
    ) -> tuple[RedeemWord, visits.Found | None]:
        """The visit, when its key is redeemed by this request, now or before."""
        office = self._office
        found = visits.by_key(tx, office, seat.interface, key, mark)
        if found is None:
            return RedeemWord.NO_KEY, None
        if found.same_request:  # the answer was lost on its way
            return RedeemWord.REDEEMED, found
        if found.redeemed_us is not None:
            return RedeemWord.KEY_USED, None
        if to_us(office.clock.now()) >= found.until_us:
            return RedeemWord.KEY_EXPIRED, None
        if not visits.redeem(tx, office, found.id, mark):
            return RedeemWord.KEY_USED, None
        audit.record(
            tx, act="entry.redeemed", actor="hub", subject=f"visit:{found.id}", count=1,
            detail={"interface": seat.interface, "number": found.number},
        )  # fmt: skip
        return RedeemWord.REDEEMED, found


class _Refusals:
    """Refusals in the audit: singly while they are few, counted when they flood."""

    def __init__(self, office: CaseOffice) -> None:
        self._office = office
        self._lock = threading.Lock()
        self._since = monotonic()
        self._written = 0
        self._untold: dict[tuple[str, str, str], int] = {}

    def note(self, act: str, seat: EntrySeat, word: EntryWord | RedeemWord, why: str) -> None:
        code = seat.port.code(word)
        log.warning(act, interface=seat.interface, word=word.value, why=why)
        with self._lock:
            over = monotonic() - self._since >= _A_MINUTE_S
            if over:
                self._since, self._written = monotonic(), 0
            self._written += 1
            singly = self._written <= _SINGLY
            if not singly:
                mine = (act, seat.interface, code)
                self._untold[mine] = self._untold.get(mine, 0) + 1
        if over:
            self.tell()
        if singly:
            self._write({(act, seat.interface, code): 1})

    def tell(self) -> None:
        """Write what was only counted."""
        with self._lock:
            untold, self._untold = self._untold, {}
        self._write(untold)

    def _write(self, counted: Mapping[tuple[str, str, str], int]) -> None:
        if not counted:
            return
        try:
            with self._office.store.write() as tx:
                for (act, interface, code), count in counted.items():
                    audit.record(
                        tx, act=act, actor="hub", subject=f"entry:{interface}",
                        detail={"code": code}, count=count,
                    )  # fmt: skip
        except DatabaseAway as away:
            log.warning("entry.refusals_lost", why=away.message, count=sum(counted.values()))
