"""Channels as operators see them: the switch, who turned it, and what lies in each state."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.bus.intake import BY_THE_STOP
from hub.bus.moves import HAS_EFFECT
from hub.bus.tables import channel, message
from hub.bus.words import CLAIMABLE, MessageState

S = MessageState
SHOWN = (S.QUEUED, S.WAITING, S.IN_FLIGHT, S.PARKED, S.UNKNOWN, S.DEAD)
"""States that a channel's line counts: all of them are few beside what has ended."""


@dataclass(frozen=True, slots=True)
class Pile:
    """How many messages, the items they carry, and 分."""

    count: int = 0
    items: int = 0
    fen: int = 0

    def __add__(self, other: "Pile") -> "Pile":
        return Pile(self.count + other.count, self.items + other.items, self.fen + other.fen)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelState:
    """One interface's channel.  Instants are µs UTC of the database's clock.

    ``by_state`` holds all messages, ``effect`` those with an effect among what is claimable or in
    flight; ``held`` is what the stop holds back, the rest of ``parked`` a person parked.
    ``place``: which of the partner's addresses is in use (0 the primary), since when (None: never
    switched), by whom and why.
    ``oldest_us``: since when the oldest message waits that could be sent, None when none does.
    """

    interface: str
    stopped: bool = False
    stopped_by: str = ""
    stopped_why: str = ""
    stopped_us: int | None = None
    misses: int = 0
    rest_until_us: int = 0
    place: int = 0
    place_us: int | None = None
    place_by: str = ""
    place_why: str = ""
    by_state: dict[str, Pile] = field(default_factory=dict)
    effect: dict[str, Pile] = field(default_factory=dict)
    held: Pile = Pile()
    newest_held: int = 0
    oldest_us: int | None = None

    def pile(self, *states: str) -> Pile:
        """All messages in these states."""
        return sum((self.by_state.get(state, Pile()) for state in states), Pile())

    def moving(self, *states: str) -> Pile:
        """Those of them that have an effect."""
        return sum((self.effect.get(state, Pile()) for state in states), Pile())


CLAIMABLE_STATES = tuple(state.value for state in CLAIMABLE)


def read_channels(tx: Connection, interfaces: Collection[str] = ()) -> list[ChannelState]:
    """All channels and those of ``interfaces`` that were never used, by interface."""
    rows = {row.interface: row for row in tx.execute(sa.select(channel))}
    names = sorted(set(rows) | set(interfaces))
    piles = _piles(tx)
    oldest = _oldest(tx)
    return [_state(name, rows.get(name), piles[name], oldest.get(name)) for name in names]


def read_channel(tx: Connection, interface: str) -> ChannelState:
    """One channel, whether it was used or not."""
    row = tx.execute(sa.select(channel).where(channel.c.interface == interface)).one_or_none()
    here = message.c.interface == interface
    return _state(interface, row, _piles(tx, here)[interface], _oldest(tx, here).get(interface))


def _state(
    name: str, row: "sa.Row[Any] | None", piles: list["sa.Row[Any]"], oldest_us: int | None
) -> ChannelState:
    by_state: dict[str, Pile] = defaultdict(Pile)
    effect: dict[str, Pile] = defaultdict(Pile)
    held, newest = Pile(), 0
    for each in piles:
        pile = Pile(int(each.number), int(each.items_sum), int(each.fen_sum))
        by_state[each.state] += pile
        if each.moving:
            effect[each.state] += pile
        if each.stop_held and each.state == S.PARKED.value:
            held, newest = held + pile, max(newest, int(each.newest))
    known: dict[str, Any] = {}
    if row is not None:
        known = {
            "stopped": bool(row.stopped), "stopped_by": row.stopped_by,
            "stopped_why": row.stopped_why, "stopped_us": row.stopped_us, "misses": row.misses,
            "rest_until_us": row.rest_until_us, "place": row.place, "place_us": row.place_us,
            "place_by": row.place_by, "place_why": row.place_why,
        }  # fmt: skip
    return ChannelState(
        interface=name, by_state=dict(by_state), effect=dict(effect), held=held,
        newest_held=newest, oldest_us=oldest_us, **known,
    )  # fmt: skip


def _piles(tx: Connection, *where: sa.ColumnElement[bool]) -> defaultdict[str, list["sa.Row[Any]"]]:
    moving = sa.case((HAS_EFFECT, 1), else_=0).label("moving")
    stop_held = sa.case((message.c.parked_by == BY_THE_STOP, 1), else_=0).label("stop_held")
    query = (
        sa.select(
            message.c.interface, message.c.state, moving, stop_held,
            sa.func.count().label("number"), sa.func.sum(message.c["items"]).label("items_sum"),
            sa.func.sum(message.c.fen).label("fen_sum"), sa.func.max(message.c.id).label("newest"),
        )
        .where(message.c.state.in_([state.value for state in SHOWN]), *where)
        .group_by(message.c.interface, message.c.state, moving, stop_held)
    )  # fmt: skip
    found: defaultdict[str, list[sa.Row[Any]]] = defaultdict(list)
    for row in tx.execute(query):
        found[row.interface].append(row)
    return found


def _oldest(tx: Connection, *where: sa.ColumnElement[bool]) -> dict[str, int]:
    query = (
        sa.select(message.c.interface, sa.func.min(message.c.queued_us))
        .where(message.c.state.in_(CLAIMABLE_STATES), *where)
        .group_by(message.c.interface)
    )
    return {interface: int(since) for interface, since in tx.execute(query) if since is not None}
