"""A restored database's way back (恢复后核对): one row, open until two people release it.

While it is open every channel is stopped, the conductor moves no money, and ``restoring`` asks
banks and core what they hold since this copy's last checkpoint.  See docs/explanation/restore.md.
"""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub import audit
from hub.kernel.clocks import SHANGHAI, from_us
from hub.offset.office import Office, day_number
from hub.offset.restore_tables import restoration, restore_ask, restore_obstacle
from hub.offset.tables import difference, item, leg, wave
from hub.offset.tables_month import second_part
from hub.offset.words import ItemState, WaveState
from hub.store import database_now_us, insert_row

_MOVING = (
    ItemState.PLANNED, ItemState.HELD, ItemState.INSTRUCTED, ItemState.UNKNOWN,
    ItemState.SUCCEEDED, ItemState.FAILED, ItemState.RETURNED,
)  # fmt: skip
_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Grounds:
    """Why and from when on: the verdict, what it was restored from, the witnessed moment from
    which on everything is asked (µs, machine time), the audit entries lost (first and last), and
    how long what was sent before may still be on its way (s)."""

    cause: str
    source: str
    since_us: int
    lost: tuple[int, int]
    quiet_s: float


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What stands in the way of a release; ``fen`` in 分."""

    kind: str
    bank: str
    number: str
    fen: int
    detail: str


@dataclass(frozen=True, slots=True)
class Way:
    """How far a restored database is on its way back."""

    id: int
    cause: str
    source: str
    from_day: int
    lost: int
    begun_us: int
    turn: int
    firm: bool
    asked: int
    answered: int
    partners: int
    partners_answered: int
    adopted: int
    adopted_fen: int
    unadopted: int
    unadopted_fen: int
    clean: bool
    obstacles: tuple[Obstacle, ...]

    @property
    def text(self) -> str:
        """One line in Chinese: where it stands and what to do next."""
        said = f"自 {self.from_day} 起核对，已问 {self.partners_answered}/{self.partners} 家对接方"
        said += f"（{self.answered}/{self.asked} 项），已认回 {self.adopted} 笔"
        if self.clean:
            return f"{said}，未认回 0；可由两人放行：hub audit release → hub approve"
        if self.obstacles:
            return f"{said}，未认回 {self.unadopted} 笔，先处理：{self.obstacles[0].detail}"
        return f"{said}，核对中，请等待"


def open_row(view: Connection) -> sa.Row[Any] | None:
    """The open one, or None."""
    query = sa.select(restoration).where(restoration.c.ended_us.is_(None))
    return view.execute(query.order_by(restoration.c.id.desc()).limit(1)).first()


def begin(tx: Connection, office: Office, grounds: Grounds) -> int:
    """Begin one, or answer with the open one.

    A wave that was being planned is begun anew: what the core showed it of its accounts was
    before, and what it will show is after, what others have moved since.
    """
    found = open_row(tx)
    if found is not None:
        return int(found.id)
    now_us = database_now_us(tx)
    number = insert_row(
        tx, restoration, cause=grounds.cause, source=grounds.source[:200], begun_us=now_us,
        from_day=_first_day(tx, office, grounds.since_us), lost_from=grounds.lost[0],
        lost_to=grounds.lost[1], quiet_us=int(grounds.quiet_s * 1_000_000), still_us=now_us,
        seat="", turn=_last_turn(tx), turn_us=0, stage="new", next_us=0, adopted=0,
        adopted_fen=0, read_turn=0, released_by="",
    )  # fmt: skip
    retired = _retire_half_plans(tx)
    audit.record(
        tx, act="restore.begun", actor="hub", subject=f"restoration:{number}",
        detail={"cause": grounds.cause, "source": grounds.source, "waves_again": retired,
                "lost_from": grounds.lost[0], "lost_to": grounds.lost[1]},
    )  # fmt: skip
    return number


def _last_turn(tx: Connection) -> int:
    """Turns count on for ever: their messages' keys follow from them."""
    return int(tx.scalar(sa.select(sa.func.max(restoration.c.turn))) or 0)


def _first_day(tx: Connection, office: Office, since_us: int) -> int:
    """The witnessed moment's business day, or the first day of money still on its way."""
    shift_us = office.now_us() - database_now_us(tx)
    day = from_us(since_us + shift_us).astimezone(SHANGHAI).date()
    moving = [state.value for state in _MOVING]
    first = tx.scalar(sa.select(sa.func.min(item.c.instructed_on)).where(item.c.state.in_(moving)))
    return min(day_number(day), int(first or 99991231), office.today())


def _retire_half_plans(tx: Connection) -> int:
    """Take waves without a plan out of every run's sight; their legs open another.

    The row stays under the negated number of its run: its number must not be given again, for
    answers may still come for it.
    """
    half = [WaveState.ASKING.value, WaveState.PLANNING.value]
    waves = list(tx.scalars(sa.select(wave.c.id).where(wave.c.state.in_(half), wave.c.run_id > 0)))
    if waves:
        tx.execute(sa.delete(item).where(item.c.wave_id.in_(waves)))
        tx.execute(
            sa.update(leg).where(leg.c.wave_id.in_(waves)).values(wave_id=None, due_list_id=None)
        )
        tx.execute(sa.delete(second_part).where(second_part.c.wave_id.in_(waves)))
        tx.execute(sa.update(wave).where(wave.c.id.in_(waves)).values(run_id=-wave.c.run_id))
    return len(waves)


def read_way(view: Connection) -> Way | None:
    """How far the open one is; None when there is none."""
    row = open_row(view)
    if row is None:
        return None
    asks = view.execute(
        sa.select(restore_ask.c.interface, restore_ask.c.state, sa.func.count())
        .where(restore_ask.c.turn == row.turn)
        .group_by(restore_ask.c.interface, restore_ask.c.state)
    ).all()
    behind = {interface for interface, state, _ in asks if state != "answered"}
    partners = {interface for interface, _, _ in asks}
    blocks = _blocking(row.turn)
    count, fen = view.execute(
        sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(blocks.c.fen), 0))
    ).one()
    shown = view.execute(sa.select(blocks).order_by(blocks.c.id).limit(_SHOWN)).all()
    return Way(
        id=int(row.id), cause=row.cause, source=row.source, from_day=row.from_day,
        lost=max(int(row.lost_to - row.lost_from + 1), 0), begun_us=int(row.begun_us),
        turn=int(row.turn), firm=is_firm(row),
        asked=sum(int(n) for _, _, n in asks),
        answered=sum(int(n) for _, state, n in asks if state == "answered"),
        partners=len(partners), partners_answered=len(partners - behind),
        adopted=int(row.adopted), adopted_fen=int(row.adopted_fen),
        unadopted=int(count), unadopted_fen=int(fen),
        clean=row.clean_us is not None and count == 0,
        obstacles=tuple(Obstacle(b.kind, b.bank, b.number, int(b.fen), b.detail) for b in shown),
    )  # fmt: skip


def _blocking(turn: int) -> sa.Subquery:
    """Obstacles of a turn; one whose difference two people have settled is none any more."""
    o = restore_obstacle
    settled = sa.exists().where(
        difference.c.run_id == o.c.run_id, difference.c.number == o.c.number,
        difference.c.kind == o.c.kind, difference.c.state != "open",
    )  # fmt: skip
    return sa.select(o).where(o.c.turn == turn, ~settled).subquery()


def count_blocking(view: Connection, turn: int) -> int:
    """How many."""
    return int(view.scalar(sa.select(sa.func.count()).select_from(_blocking(turn))) or 0)


def is_firm(row: sa.Row[Any]) -> bool:
    """Whether this turn was asked when nothing of before could still be on its way."""
    return bool(row.turn_us > 0 and row.turn_us >= row.still_us + row.quiet_us)


def look_again(tx: Connection) -> None:
    """Something to be adopted on has changed (a plan was made): ask again at once."""
    tx.execute(
        sa.update(restoration).where(restoration.c.ended_us.is_(None)).values(
            clean_us=None, next_us=0
        )
    )  # fmt: skip


def may_plan(row: sa.Row[Any] | None) -> bool:
    """A plan is made again only from what bank and core firmly said they hold."""
    return row is None or row.read_turn > 0


def end(tx: Connection, by: str) -> None:
    """Two people have released it."""
    row = open_row(tx)
    if row is None:
        return
    tx.execute(
        sa.update(restoration)
        .where(restoration.c.id == row.id)
        .values(ended_us=database_now_us(tx), released_by=by[:80])
    )
    audit.record(
        tx, act="restore.released", actor=by, subject=f"restoration:{row.id}",
        detail={"turns": int(row.turn)}, count=int(row.adopted), fen=int(row.adopted_fen),
    )  # fmt: skip
