"""Telling people: the seat, and the thread that does it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hub.app.discover import FoundAdapter
from hub.app.leading import LedThread
from hub.app.partners import Partners
from hub.kernel.clocks import monotonic
from hub.kernel.errors import Misconfigured
from hub.kernel.settings import Settings
from hub.offset.notify.seat import NotifySeat
from hub.offset.notify.telling import REST, Teller
from hub.offset.notify.wording import read_texts
from hub.ports.notify import NotifyPort

if TYPE_CHECKING:
    from hub.app.hub import Hub

_PAUSE_S = 1.0
_BUSY_S = 0.02
"""Between two pieces of work: the money's transactions come in between."""
_LONGEST_S = 30.0


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
    """The thread that tells.  Idle where nobody is told anything."""

    def __init__(self, hub: "Hub") -> None:
        self._thread = LedThread(hub.store, "notify", self._turn, rest_s=_PAUSE_S)
        seat, self._teller = hub.office.notify, None
        if seat is not None and seat.rules.who != "none":
            self._teller = Teller(hub.office, seat, self._thread.store)

    def start(self) -> None:
        """Begin."""
        if self._teller is not None:
            self._thread.start()

    def stop(self) -> None:
        """End after the chunk under way."""
        if self._teller is not None:
            self._thread.stop()

    def _turn(self) -> float:
        """One piece; while money moves it rests much longer than it worked."""
        began = monotonic()
        busy = self._teller is not None and self._teller.step()
        if busy and self._teller is not None and self._teller.gives_way:
            return min(max((monotonic() - began) * REST, _BUSY_S), _LONGEST_S)
        return _BUSY_S if busy else _PAUSE_S
