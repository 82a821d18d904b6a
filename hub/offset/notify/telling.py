"""The next piece of telling people; called in turns by one process.

While money is on its way, or a run's lists and books are being read, the teller rests a hundred
times as long as its work took: with what it has sent it costs the month two per cent, and goes on
at its own speed as soon as nothing moves.
"""

from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.bus import Effect, MessageState
from hub.bus.tables import message
from hub.kernel.clocks import monotonic
from hub.offset.notify.asking import ask_some, is_asking, may_ask
from hub.offset.notify.passes import Passes
from hub.offset.notify.seat import NotifySeat
from hub.offset.office import RUN_GROUP, Office
from hub.offset.restoration import open_row
from hub.store import Store, database_now_us

REST = 100
_STILL_S = 5.0
"""How long nothing of the money's may have been seen before it counts as still."""


class Teller:
    """Passes and questions; what it writes is fenced by the store it is given."""

    def __init__(self, office: Office, seat: NotifySeat, store: Store | None = None) -> None:
        self._office = office if store is None else replace(office, store=store)
        self._seat = seat
        self._passes = Passes(self._office, seat)
        self._moved: float | None = None
        self._asked: float | None = None
        self._rest_until = 0.0

    @property
    def gives_way(self) -> bool:
        """A run moved within the last seconds."""
        return self._moved is not None and monotonic() - self._moved < _STILL_S

    def step(self) -> bool:
        """True when something was done.  A restored copy tells nobody before it is released."""
        if self._seat.rules.who == "none":
            return False
        with self._office.store.read() as view:
            if open_row(view) is not None:
                return False
            if _moving(view, self._seat.interface):
                self._moved = monotonic()
        return self._passes.step() | self._ask()

    def _ask(self) -> bool:
        with self._office.store.read() as view:
            asking, may = is_asking(view), may_ask(view, self._office)
        now = monotonic()
        if self._asked is not None and not asking:
            self._rest_until = now + (now - self._asked) * REST
            self._asked = None
        if not may or (self.gives_way and now < self._rest_until):
            return False
        with self._office.store.write() as tx:
            done = ask_some(tx, self._office, self._seat) > 0
        self._asked = now
        return done


def _moving(view: Connection, own: str) -> bool:
    """Whether something with an effect, or a run's question, is about to be sent, or is, anywhere
    but here."""
    m = message.c
    ready = sa.and_(
        m.state == MessageState.QUEUED.value, m.ready_us <= database_now_us(view)
    )  # fmt: skip
    query = sa.select(m.id).where(
        m.interface != own,
        sa.or_(m.effect != Effect.READ.value, m.msg_group.startswith(RUN_GROUP)),
        sa.or_(ready, m.state == MessageState.IN_FLIGHT.value),
    )  # fmt: skip
    return view.scalar(query.limit(1)) is not None
