"""The conductor at work: one process at a time leads it, and what it writes is fenced.

Every transaction of a step begins by asking whether this process still leads, under the term in
which the step began; one that was suspended and came back late writes nothing any more.
"""

import threading
from collections.abc import Callable
from dataclasses import replace

from sqlalchemy.engine import Connection

from hub.app.leading import give_back
from hub.bus.holder import this_holder
from hub.kernel.errors import Unavailable
from hub.kernel.logs import get_logger
from hub.offset.conductor import Conductor
from hub.offset.office import ItemsMoved, Office
from hub.offset.opening import ALL_OPEN, Opened
from hub.schedule import Leadership
from hub.schedule.leadership import LEASE_S, LeadershipLost
from hub.store import Store

_log = get_logger(__name__)

_PAUSE_S = 0.15
"""Between two looks when nothing was to be done."""
_AWAY_PAUSE_S = 1.0


class Conducting:
    """The conductor's thread, and one that keeps its lease alive through a long step."""

    def __init__(
        self, store: Store, office: Office, *, seat: Callable[[], str] = str,
        opened: Callable[[Connection], Opened] = lambda _view: ALL_OPEN, lease_s: float = LEASE_S,
    ) -> None:  # fmt: skip
        self._leads = Leadership(store, "conductor", this_holder(), lease_s)
        self._beat_s = lease_s / 4
        self._term = 0
        fenced = replace(office, store=store.fenced(self._fence))
        self._conductor = Conductor(fenced, seat, opened)
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._conduct, name="conductor", daemon=True),
            threading.Thread(target=self._prolong, name="conductor-lease", daemon=True),
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End after the step under way, and let another process lead at once."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(10)
        give_back(self._leads)

    def step(self) -> bool:
        """One step if this process leads; True when something was done.

        Raises LeadershipLost when another took over meanwhile: nothing of that transaction stays.
        """
        if not self._leads.hold():
            return False
        self._term = self._leads.epoch
        return self._conductor.step()

    def _fence(self, tx: Connection) -> None:
        if self._leads.epoch != self._term:
            raise LeadershipLost("this step began under another term")
        self._leads.fence(tx)

    def _conduct(self) -> None:
        while not self._stopping.is_set():
            try:
                busy = self.step()
            except Unavailable as error:
                _log.warning("the conductor waits", code=error.code, error=error.message)
                self._stopping.wait(_AWAY_PAUSE_S)
                continue
            except (LeadershipLost, ItemsMoved) as error:
                _log.warning("the conductor looks again", code=error.code, error=error.message)
                self._stopping.wait(_AWAY_PAUSE_S)
                continue
            except Exception:  # noqa: BLE001
                # One broken step must not end the month's work: it is logged, and taken again.
                _log.exception("a step of the conductor failed")
                self._stopping.wait(_AWAY_PAUSE_S)
                continue
            if not busy:
                self._stopping.wait(_PAUSE_S)

    def _prolong(self) -> None:
        while not self._stopping.wait(self._beat_s):
            try:
                self._leads.prolong()
            except Unavailable as error:
                _log.warning("the conductor's lease was not prolonged", code=error.code)
            except Exception:  # noqa: BLE001  the next turn tries again
                _log.exception("prolonging the conductor's lease failed")
