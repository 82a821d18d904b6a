"""What of a leg waits for its next step: counted only as far as it matters.

The conductor looks many times a second, and a month has 10⁶ items, most of which wait for nothing:
each figure is taken from the end of the index that holds just those that do.
"""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.offset.parts import is_approved
from hub.offset.tables import item
from hub.offset.words import ItemState


@dataclass(frozen=True, slots=True)
class Waiting:
    """Items not frozen by a difference that wait for their next step, each count up to a limit.

    ``holding``: some are not on hold yet, asked for already or not.
    """

    planned: int
    holding: int
    held: int
    succeeded: int
    failed: int
    returned: int


def _some(state: ItemState, *more: sa.ColumnElement[bool]) -> sa.Select[tuple[int]]:
    return sa.select(sa.literal_column("1", sa.Integer)).where(
        item.c.run_id == sa.bindparam("p_run"), item.c.bank == sa.bindparam("p_bank"),
        item.c.state == state.value, item.c.disputed == 0, *more,
    )  # fmt: skip


def _count(state: ItemState, *more: sa.ColumnElement[bool]) -> sa.ScalarSelect[int]:
    few = _some(state, *more).limit(sa.bindparam("p_most")).subquery()
    return sa.select(sa.func.count()).select_from(few).scalar_subquery()


_UNASKED = item.c.asked == ""
# A second wave's plan is made while the first is carried out: until two people have signed it, its
# items wait for them and for nothing else.
_APPROVED = is_approved(sa.bindparam("p_run", type_=sa.BigInteger))
_QUERY = sa.select(
    _count(ItemState.PLANNED, _UNASKED, _APPROVED),
    _some(ItemState.PLANNED, _APPROVED).limit(1).scalar_subquery(),
    *(
        _count(state, _UNASKED)
        for state in (ItemState.HELD, ItemState.SUCCEEDED, ItemState.FAILED, ItemState.RETURNED)
    ),
)


def items_waiting(view: Connection, run_id: int, bank: str, *, most: int) -> Waiting:
    """One look at a leg's items; counts stop at ``most``."""
    found = view.execute(_QUERY, {"p_run": run_id, "p_bank": bank, "p_most": most}).one()
    return Waiting(*(int(count or 0) for count in found))


def any_in(view: Connection, run_id: int, bank: str, states: tuple[ItemState, ...]) -> bool:
    """Whether an item not frozen by a difference stands in one of these states."""
    for state in states:
        signed = [_APPROVED] if state is ItemState.PLANNED else []
        one = view.execute(_some(state, *signed).limit(1), {"p_run": run_id, "p_bank": bank})
        if one.first() is not None:
            return True
    return False
