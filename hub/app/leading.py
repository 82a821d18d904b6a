"""A thread whose work one process of all does at a time."""

import threading
from collections.abc import Callable

from hub.bus.holder import this_holder
from hub.kernel.errors import HubError
from hub.kernel.logs import get_logger
from hub.schedule import Leadership
from hub.schedule.leadership import LeadershipLost
from hub.store import Store

_log = get_logger(__name__)
_AWAY_S = 5.0
"""Before the next turn when one failed: the database or a partner is away."""
_JOIN_S = 20.0


class LedThread:
    """Takes turns while this process leads.

    ``turn`` does one piece and answers how many seconds to wait then; ``rest_s`` is waited while
    another process leads.  What it writes is fenced by ``store``: of a process that lost its lease
    nothing stays.
    """

    def __init__(
        self, store: Store, name: str, turn: Callable[[], float], *, rest_s: float,
        first_s: float = 0.0,
    ) -> None:  # fmt: skip
        self.leads = Leadership(store, name, this_holder())
        self.store = store.fenced(self.leads.fence)
        self._turn, self._rest_s, self._first_s = turn, rest_s, first_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def stopping(self) -> bool:
        """Whether it is to end."""
        return self._stopping.is_set()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the piece under way, and let another process lead at once."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(_JOIN_S)
        give_back(self.leads)

    def _run(self) -> None:
        pause = self._first_s
        while not self._stopping.wait(pause):
            pause = self._once()

    def _once(self) -> float:
        try:
            return self._turn() if self.leads.hold() else self._rest_s
        except LeadershipLost:
            return self._rest_s  # another process goes on
        except HubError as error:
            _log.warning("a turn failed", thread=self._thread.name, code=error.code,
                         error=error.message)  # fmt: skip
        except Exception:  # noqa: BLE001  the next turn tries again
            _log.exception("a turn failed", thread=self._thread.name)
        return _AWAY_S


def give_back(lead: Leadership) -> None:
    """Let another lead at once; a database that is away makes them wait for the lease's end."""
    try:
        lead.release()
    except HubError as error:
        _log.warning("lease not given back; it runs out by itself", lease=lead.name,
                     code=error.code)  # fmt: skip
