"""The steps of a restored hub: ask everything, adopt what is found, look again until it is clean.

Called by the conductor while a restoration is open; like it, every step reads rows, does one
bounded piece of work and may be repeated after a kill.
"""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub import audit
from hub.offset import restore_asks
from hub.offset.adoption import adopt_turn
from hub.offset.office import Office
from hub.offset.restoration import count_blocking, is_firm
from hub.offset.restore_tables import restoration, restore_ask, restore_fact
from hub.offset.tables import leg, run, wave
from hub.offset.words import RunState, WaveState
from hub.store import database_now_us

_PAUSE_US = 1_500_000
_SLOW_US = 15_000_000
_EAGER = 20
"""Turns after which it slows down: then people have to act."""


class Restoring:
    """``seat`` answers what the seat's file shows: it changes while another hub still works."""

    def __init__(self, office: Office, seat: Callable[[], str]) -> None:
        self._office = office
        self._seat = seat

    def step(self, row: sa.Row[Any]) -> bool:
        """One step of the open restoration; True when something was done."""
        match row.stage:
            case "reading":
                return self._when_answered(row, self._inquire)
            case "inquiring":
                return self._when_answered(row, self._judge)
            case _:
                return self._begin_turn(row)

    def _begin_turn(self, row: sa.Row[Any]) -> bool:
        seat = self._seat()
        with self._office.store.write() as tx:
            now_us = database_now_us(tx)
            if seat != row.seat:
                # Somebody worked since: what it sent may be on its way for a while yet.
                still_us = now_us if row.seat else row.still_us
                self._update(
                    tx, row, seat=seat, still_us=still_us, clean_us=None, next_us=0, read_turn=0
                )
                return True
            if row.clean_us is not None or row.next_us > now_us:
                return False
            turn = int(row.turn) + 1
            tx.execute(
                sa.delete(restore_fact).where(
                    restore_fact.c.turn < turn, restore_fact.c.turn != row.read_turn
                )
            )
            tx.execute(sa.delete(restore_ask).where(restore_ask.c.turn < turn))
            restore_asks.order_reading(tx, self._office, turn, row.from_day)
            self._update(tx, row, turn=turn, turn_us=now_us, stage="reading")
        return True

    def _when_answered(self, row: sa.Row[Any], then: Callable[[sa.Row[Any]], None]) -> bool:
        with self._office.store.read() as view:
            waiting = view.scalar(
                sa.select(restore_ask.c.place)
                .where(restore_ask.c.turn == row.turn, restore_ask.c.state == "open")
                .limit(1)
            )
        if waiting is not None:
            return False
        then(row)
        return True

    def _inquire(self, row: sa.Row[Any]) -> None:
        with self._office.store.write() as tx:
            if is_firm(row):
                restore_asks.order_inquiries(tx, self._office, int(row.turn))
            self._update(tx, row, stage="inquiring")

    def _judge(self, row: sa.Row[Any]) -> None:
        office, turn = self._office, int(row.turn)
        with office.store.read() as view:
            whole = _whole(view, turn)
        firm = is_firm(row) and whole
        done = adopt_turn(office.store, office, turn, firm=firm)
        with office.store.write() as tx:
            now_us = database_now_us(tx)
            blocks = count_blocking(tx, turn)
            # What was adopted just now is confirmed by one more look.
            clean = firm and not blocks and not done.count and not _planning(tx)
            quiet_us = int(row.still_us + row.quiet_us)
            pause = _PAUSE_US if turn < _EAGER else _SLOW_US
            if not firm and whole:
                pause = max(pause, min(quiet_us - now_us, _SLOW_US))
            self._update(
                tx, row, stage="judged", next_us=now_us + pause,
                adopted=row.adopted + done.count, adopted_fen=row.adopted_fen + done.fen,
                read_turn=turn if firm else row.read_turn, clean_us=now_us if clean else None,
            )  # fmt: skip
            audit.record(
                tx, act="restore.turn", actor="hub", subject=f"restoration:{row.id}",
                detail={"turn": turn, "firm": int(firm), "in_the_way": blocks,
                        "clean": int(clean)}, count=done.count, fen=done.fen,
            )  # fmt: skip

    def _update(self, tx: Connection, row: sa.Row[Any], **values: Any) -> None:
        tx.execute(sa.update(restoration).where(restoration.c.id == row.id).values(**values))


def _whole(view: Connection, turn: int) -> bool:
    """Whether every question of this turn was answered."""
    query = sa.select(restore_ask.c.place).where(
        restore_ask.c.turn == turn, restore_ask.c.state != "answered"
    )
    return view.scalar(query.limit(1)) is None


def _planning(tx: Connection) -> bool:
    """Whether a plan is being made: its items are to be asked about before anybody releases."""
    query = (
        sa.select(wave.c.id)
        .join(leg, leg.c.wave_id == wave.c.id)
        .join(run, run.c.id == leg.c.run_id)
        .where(run.c.state != RunState.CLOSED.value)
        .where(wave.c.state.in_([WaveState.ASKING.value, WaveState.PLANNING.value]))
    )
    return tx.scalar(query.limit(1)) is not None
