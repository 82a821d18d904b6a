"""Editions of a contract: the same interface as it is until a day, and from that day on.

A partner announces that its interface changes on a day.  The new contract is put beside the old
one as a folder ``NAME@VERSION`` whose contract.yaml says ``effective_from``; from the beginning of
that business day every attempt speaks it, those of messages written before too: a partner that has
changed understands nothing else, and what a message holds are plain values of our own.  The message
keeps the version it was written with, the attempt's audit entry says which it spoke.
"""

from collections.abc import Mapping
from datetime import date

from hub.app.discover import FoundAdapter
from hub.kernel.clocks import BusinessClock
from hub.ports.inbound import InboundAnswer, InboundNotice, InboundPort, InboundRequest, Word


def every_edition(adapter: FoundAdapter) -> tuple[FoundAdapter, ...]:
    """The adapter itself and its later editions, in the order of their days."""
    return (adapter, *adapter.editions)


def in_force(adapter: FoundAdapter, day: date) -> FoundAdapter:
    """What is spoken on a business day."""
    found = adapter
    for one in adapter.editions:
        begins = one.contract.effective_from
        if begins is not None and begins <= day:
            found = one
    return found


def next_edition(adapter: FoundAdapter, day: date) -> FoundAdapter | None:
    """What will be spoken after what is spoken on this day; None when nothing is announced."""
    begins = ((one.contract.effective_from, one) for one in adapter.editions)
    return next((one for begin, one in begins if begin is not None and begin > day), None)


class InboundInForce:
    """The listening half that is in force when a request comes; an :class:`InboundPort`."""

    def __init__(
        self, adapter: FoundAdapter, ports: Mapping[str, InboundPort], clock: BusinessClock
    ) -> None:
        """``ports`` by the version of their edition."""
        self._adapter = adapter
        self._ports = ports
        self._clock = clock

    @property
    def _port(self) -> InboundPort:
        return self._ports[in_force(self._adapter, self._clock.today()).contract.version]

    @property
    def contract_version(self) -> str:
        """Of the edition in force now."""
        return self._port.contract_version

    @property
    def routes(self) -> Mapping[str, int]:
        """Of every edition: a route of tomorrow answers today that it is not known."""
        every = [port.routes for port in self._ports.values()]
        return {
            route: max(one.get(route, 0) for one in every) for routes in every for route in routes
        }

    def read(self, request: InboundRequest) -> InboundNotice:
        """As the edition in force reads it.  Raises NotTaken."""
        return self._port.read(request)

    def answer(self, request: InboundRequest, word: Word, sender_id: str = "") -> InboundAnswer:
        """As the edition in force says it."""
        return self._port.answer(request, word, sender_id)
