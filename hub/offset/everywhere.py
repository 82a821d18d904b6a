"""Asking at every address where money may lie, and making one answer of what the sides say.

A bank with a standby may keep one book behind both addresses, or two of which one is stale.  So
"not found" and a refusal count only when every side that may have the row was heard; that it was
done counts from whichever side says so.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import structlog

from hub.bus import Delivery
from hub.bus.values import LeaseLost
from hub.kernel.errors import HubError, Misconfigured
from hub.ports.bank import BankPort, RowResult, RowStatus
from hub.ports.line import Line

log = structlog.get_logger(__name__)

Ask = Callable[[BankPort, Line], Sequence[RowResult]]
"""Port and line of one side → what it says."""

_NOT_HEARD = "另一地址尚未答复，不能据此认定"
_STRENGTH = {
    RowStatus.NOT_FOUND: 0, RowStatus.REFUSED: 1, RowStatus.UNKNOWN: 2, RowStatus.PROCESSING: 3,
    RowStatus.DONE: 4,
}  # fmt: skip
"""Of what two sides say of one row the stronger holds: what may still be paid is never refused."""
_NEEDS_ALL = (RowStatus.NOT_FOUND, RowStatus.REFUSED)


def ask_everywhere(
    delivery: Delivery, places: Iterable[int], ask: Ask
) -> tuple[tuple[RowResult, ...], bool]:
    """What the address in use and those of ``places`` say, as one; whether one was not heard.

    Raises what the first raises when none is heard.
    """
    sides: list[tuple[RowResult, ...]] = []
    first: HubError | None = None
    for place in (delivery.place, *sorted(set(places) - {delivery.place})):
        try:
            sides.append(tuple(ask(*side_of(delivery, place))))
        except LeaseLost:
            raise
        except HubError as error:
            log.warning("offset.side_silent", place=place, code=error.code, why=error.message)
            first = first or error
    if first is not None and not sides:
        raise first
    return merged(sides, silent=first is not None), first is not None


def side_of(delivery: Delivery, place: int | None) -> tuple[BankPort, Line]:
    """Port and line at one address; None: at the one in use."""
    if place is None or place == delivery.place:
        return delivery.port, delivery.line
    if delivery.at is None:
        raise Misconfigured(f"there is no way to the address {place}")
    return delivery.at(place)


def merged(sides: Sequence[Sequence[RowResult]], *, silent: bool) -> tuple[RowResult, ...]:
    """One list of what several sides say, each a list of its own.

    Of one row the strongest holds, with every final word beside it that differs: two final words
    that do not agree are a contradiction for people.  While a side is ``silent``, not found and
    refused are unknown.
    """
    if len(sides) == 1 and not silent:
        return tuple(sides[0])
    said: dict[str, list[RowResult]] = {}
    heard: Counter[str] = Counter()
    for side in sides:
        heard.update({row.number for row in side})
        for row in side:
            said.setdefault(row.number, []).append(row)
    found: list[RowResult] = []
    for number, rows in said.items():
        best = max(rows, key=lambda row: _STRENGTH[row.status])
        # A side that leaves a row out of its answer has said nothing of it.
        if best.status in _NEEDS_ALL and (silent or heard[number] < len(sides)):
            found.append(RowResult(number, RowStatus.UNKNOWN, text=_NOT_HEARD))
            continue
        found.append(best)
        if best.status is RowStatus.DONE:
            found += [
                row for row in rows
                if row is not best and (
                    row.status is RowStatus.REFUSED
                    or (row.status is RowStatus.DONE and row.amount != best.amount)
                )
            ]  # fmt: skip
    return tuple(found)
