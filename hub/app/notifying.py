"""Telling people: the seat, and the thread that does it."""

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from hub.app.discover import FoundAdapter
from hub.app.partners import Partners
from hub.bus.holder import this_holder
from hub.kernel.clocks import monotonic
from hub.kernel.errors import HubError, Misconfigured
from hub.kernel.logs import get_logger
from hub.kernel.settings import Settings
from hub.offset.notify.seat import NotifySeat
from hub.offset.notify.telling import REST, Teller
from hub.offset.notify.wording import read_texts
from hub.ports.notify import NotifyPort
from hub.schedule import Leadership
from hub.schedule.leadership import LeadershipLost

if TYPE_CHECKING:
    from hub.app.hub import Hub

_log = get_logger(__name__)

_PAUSE_S = 1.0
_BUSY_S = 0.02
"""Between two pieces of work: the money's transactions come in between."""
_LONGEST_S = 30.0
_AWAY_S = 5.0


def notify_seat(
    found: Sequence[FoundAdapter], partners: Partners, settings: Settings
) -> NotifySeat | None:
    """The one notify interface that hub.toml gives an address.  Raises Misconfigured, BadTexts."""
    if not found:
        return None
    if len(found) > 1:
        names = ", ".join(one.interface for one in found)
        raise Misconfigured(f"hub.toml must give endpoints to one notify interface, not {names}")
    partner = partners.open(found[0].interface)
    port: NotifyPort = partner.port
    own = settings.notify.texts
    return NotifySeat(
        interface=found[0].interface, contract_version=partner.contract_version, way=port.way,
        batch_limit=port.batch_limit, rules=settings.notify,
        texts=read_texts(settings.home / own if own else None),
    )  # fmt: skip


class Notifying:
    """The thread that tells; one process of all leads it.  Idle where nobody is told anything."""

    def __init__(self, hub: "Hub") -> None:
        seat = hub.office.notify
        self._leads = Leadership(hub.store, "notify", this_holder())
        self._teller = None
        if seat is not None and seat.rules.who != "none":
            self._teller = Teller(hub.office, seat, hub.store.fenced(self._leads.fence))
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="notify", daemon=True)

    def start(self) -> None:
        """Begin."""
        if self._teller is not None:
            self._thread.start()

    def stop(self) -> None:
        """End after the chunk under way, and let another process lead at once."""
        self._stopping.set()
        if self._thread.ident is None:
            return
        self._thread.join(20)
        try:
            self._leads.release()
        except HubError as error:
            _log.warning("lease not given back; it runs out by itself", code=error.code)

    def _run(self) -> None:
        pause = 0.0
        while not self._stopping.wait(pause):
            pause = self._turn()

    def _turn(self) -> float:
        """One piece; how long to wait then."""
        try:
            if self._teller is None or not self._leads.hold():
                return _PAUSE_S
            began = monotonic()
            busy = self._teller.step()
            if busy and self._teller.gives_way:
                return min(max((monotonic() - began) * REST, _BUSY_S), _LONGEST_S)
            return _BUSY_S if busy else _PAUSE_S
        except LeadershipLost:
            return _PAUSE_S
        except HubError as error:
            _log.warning("nobody is told anything now", code=error.code, error=error.message)
        except Exception:  # noqa: BLE001  the next turn tries again
            _log.exception("telling people failed")
        return _AWAY_S
