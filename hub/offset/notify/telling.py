"""The next piece of telling people; called in turns by one process."""

from dataclasses import replace

from hub.offset.notify.asking import ask_some, may_ask
from hub.offset.notify.passes import Passes
from hub.offset.notify.seat import NotifySeat
from hub.offset.office import Office
from hub.offset.restoration import open_row
from hub.store import Store


class Teller:
    """Passes and questions; what it writes is fenced by the store it is given."""

    def __init__(self, office: Office, seat: NotifySeat, store: Store | None = None) -> None:
        self._office = office if store is None else replace(office, store=store)
        self._seat = seat
        self._passes = Passes(self._office, seat)

    def step(self) -> bool:
        """True when something was done.  A restored copy tells nobody before it is released."""
        if self._seat.rules.who == "none":
            return False
        with self._office.store.read() as view:
            if open_row(view) is not None:
                return False
        done = self._passes.step()
        with self._office.store.read() as view:
            asks = may_ask(view, self._office)
        if asks:
            with self._office.store.write() as tx:
                done |= ask_some(tx, self._office, self._seat) > 0
        return done
