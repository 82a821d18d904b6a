"""A serving process's beat: once a second it shows outside that its database works, and when
another copy has taken the seat it stops every channel of its own at once."""

import threading
from collections.abc import Callable

from hub.audit import Seat, SeatTaken
from hub.audit.seat import BEAT_S
from hub.kernel.logs import get_logger
from hub.offset.restoration import open_row
from hub.store import Store

_log = get_logger(__name__)


class SeatWatch:
    """A thread; ``contested`` stops the channels and begins the way back."""

    def __init__(self, store: Store, seat: Seat, contested: Callable[[], object]) -> None:
        self._store = store
        self._seat = seat
        self._contested = contested
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="seat", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(10)

    def _run(self) -> None:
        while not self._stopping.wait(BEAT_S):
            try:
                with self._store.read() as view:
                    waits = open_row(view) is not None
                if not waits:  # a restored copy sits down when two people release it
                    self._seat.beat(self._store)
            except SeatTaken as error:
                _log.error("another copy of this database has taken over", code=error.code)
                self._stop_channels()
            except OSError as error:
                _log.warning("no beat could be written", error=error.strerror or "")
            except Exception:  # noqa: BLE001  the next turn tries again
                _log.exception("the beat failed")

    def _stop_channels(self) -> None:
        try:
            self._contested()
        except Exception:  # noqa: BLE001  nothing is claimed meanwhile; the next turn tries again
            _log.exception("the channels could not be stopped")
