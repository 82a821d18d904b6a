"""Looking through approved waves for what is to be told, in chunks with a stored cursor.

Only waves approved since telling began, and not long ago: whoever turns it on, or has it stopped
for a season, does not tell citizens of months that are over.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.kernel.clocks import monotonic
from hub.offset.notify import choosing
from hub.offset.notify.choosing import Choice
from hub.offset.notify.seat import NotifySeat
from hub.offset.notify.tables import told, told_pass
from hub.offset.notify.words import Occasion, ToldState
from hub.offset.office import Office
from hub.offset.tables import agreement, difference, item, plan_line, run, wave
from hub.offset.tables_after import adjustment
from hub.offset.words import Decision, RunState, WaveState

CHUNK = 1000
_SINCE = 0
_STALE_US = 10 * 86_400_000_000
_SHARE, _LEAST_S = 50, 1.0
"""A wave whose run is open is looked through for outcomes again after this many times as long as
the last look took: the looks cost two per cent of the time at most."""


@dataclass
class Passes:
    """One per process that leads; what it remembers only spares work."""

    office: Office
    seat: NotifySeat
    _next: dict[int, float] = field(default_factory=dict)
    _took: dict[int, float] = field(default_factory=dict)

    def step(self) -> bool:
        """One chunk of one wave; True when there was one."""
        with self.office.store.read() as view:
            fresh = self._fresh(view)
        if fresh:
            with self.office.store.write() as tx:
                tx.execute(sa.insert(told_pass), fresh)
        with self.office.store.read() as view:
            open_ones = self._open(view)
        for one in open_ones:
            began = monotonic()
            if self._chunk(one):
                self._took[one.wave_id] = self._took.get(one.wave_id, 0) + monotonic() - began
                return True
        return False

    def _fresh(self, view: Connection) -> list[dict[str, Any]]:
        """Rows for waves that are new to us; at the very first time only the beginning."""
        now_us = self.office.now_us()
        since = view.scalar(sa.select(told_pass.c.begun_us).where(told_pass.c.wave_id == _SINCE))
        if since is None:
            return [_row(_SINCE, "since", 0, now_us, done=1)]
        known = sa.select(told_pass.c.wave_id)
        fresh = view.execute(
            sa.select(wave.c.id, wave.c.run_id)
            .where(wave.c.state == WaveState.APPROVED.value, wave.c.id.not_in(known))
            .where(wave.c.approved_us >= max(int(since), now_us - _STALE_US))
            .order_by(wave.c.id)
        ).all()
        kinds = ("before", "after")
        return [_row(one.id, kind, one.run_id, now_us) for one in fresh for kind in kinds]

    def _open(self, view: Connection) -> list[sa.Row[Any]]:
        """Passes to go on with: those of a plan first."""
        query = (
            sa.select(told_pass, run.c.period, run.c.state.label("run_state"), run.c.closed_us)
            .join(run, run.c.id == told_pass.c.run_id)
            .order_by(told_pass.c.kind.desc(), told_pass.c.wave_id)
        )
        return [one for one in view.execute(query) if self._is_open(view, one)]

    def _is_open(self, view: Connection, one: sa.Row[Any]) -> bool:
        if one.kind == "before":
            return not one.done
        if not one.done:
            return True
        if one.run_state != RunState.CLOSED.value:
            return monotonic() >= self._next.get(one.wave_id, 0.0)
        return bool(one.mark != _mark(view, one))

    def _chunk(self, one: sa.Row[Any]) -> bool:
        cursor = 0 if one.done else int(one.reached)
        with self.office.store.read() as view:
            # Before the first look: what moves meanwhile makes another pass.
            mark = _mark(view, one) if cursor == 0 else one.mark
            rows = lines_of(
                view, one.wave_id, one.run_id, cursor, planned_alone=one.kind == "after"
            )
            look = self._before if one.kind == "before" else self._after
            notes = look(view, one, rows)
        at_end = len(rows) < CHUNK
        with self.office.store.write() as tx:
            now_us = self.office.now_us()
            _note(tx, one, notes, now_us)
            tx.execute(
                sa.update(told_pass)
                .where(told_pass.c.wave_id == one.wave_id, told_pass.c.kind == one.kind)
                .values(
                    # One more than a row may be of the last agreement: it is looked at again.
                    reached=0 if at_end else int(rows[-1].agreement_id) - 1,
                    done=int(at_end), mark=mark,
                )
            )  # fmt: skip
        if at_end and one.kind == "after":
            pause = max(self._took.pop(one.wave_id, 0.0) * _SHARE, _LEAST_S)
            self._next[one.wave_id] = monotonic() + pause
        return True

    def _before(
        self, view: Connection, one: sa.Row[Any], rows: Sequence[Any]
    ) -> list["_Note"]:  # fmt: skip
        # Who was told that nothing will be paid, and is given something by a later wave, must know.
        told_off = _told_off(view, one, [row.agreement_id for row in rows])
        found = []
        for row in rows:
            choice = choosing.before(row, self.seat.texts)
            if choice is None:
                continue
            if choice.for_all(self.seat.rules.who) or (row.item and row.agreement_id in told_off):
                found.append(_Note(row, Occasion.BEFORE, choice))
        return found

    def _after(
        self, view: Connection, one: sa.Row[Any], rows: Sequence[Any]
    ) -> list["_Note"]:  # fmt: skip
        ends = [(row, choice) for row in rows if row.item and (choice := choosing.after(row))]
        last = _last_said(view, one.period, [row.agreement_id for row, _ in ends])
        found = []
        for row, choice in ends:
            before = last.get(row.item)
            if before is None:
                if choice.for_all(self.seat.rules.who):
                    found.append(_Note(row, Occasion.AFTER, choice))
                continue
            said, turn = before
            changed = choosing.correction(said, choice)
            if changed is not None:
                found.append(_Note(row, Occasion.CORRECTION, changed, turn + 1))
        return found


@dataclass(frozen=True, slots=True)
class _Note:
    """Something to be told."""

    row: Any
    occasion: Occasion
    choice: Choice
    turn: int = 0

    @property
    def key(self) -> tuple[int, str, str, int]:
        return (self.row.agreement_id, self.occasion.value, self.row.item or "", self.turn)


def lines_of(
    view: Connection, wave_id: int, run_id: int, cursor: int, *, planned_alone: bool = False
) -> Sequence[sa.Row[Any]]:
    """The next lines of a plan with their items, in the order of their agreements."""
    line, i = plan_line.c, item.c
    query = (
        sa.select(
            line.agreement_id, line.bank, line.decision, line.reason, line.notices, line.due_fen,
            agreement.c.main_token, i.number.label("item"), i.fen, i.outcome, i.state, i.disputed,
        )
        .join(agreement, agreement.c.id == line.agreement_id)
        .outerjoin(
            item,
            sa.and_(
                i.agreement_id == line.agreement_id, i.run_id == run_id,
                i.wave_id == wave_id,
            ),
        )
        .where(line.wave_id == wave_id, line.agreement_id > cursor)
        .order_by(line.agreement_id)
        .limit(CHUNK)
    )  # fmt: skip
    if planned_alone:
        query = query.where(line.decision == Decision.PLANNED.value)
    return view.execute(query).all()


def _told_off(view: Connection, one: sa.Row[Any], ids: Iterable[int]) -> set[int]:
    """Agreements that an earlier wave of the period gave nothing, and that were told so."""
    t = told.c
    query = sa.select(t.agreement_id).where(
        t.agreement_id.in_(sorted(set(ids))), t.period == one.period, t.item == "",
        t.occasion == Occasion.BEFORE.value, t.wave_id != one.wave_id,
    )  # fmt: skip
    return set(view.scalars(query))


def _last_said(view: Connection, period: str, ids: Iterable[int]) -> dict[str, tuple[str, int]]:
    """Item → what was last said of its outcome, and the turn."""
    t = told.c
    query = (
        sa.select(t.item, t.said, t.turn)
        .where(t.agreement_id.in_(sorted(set(ids))), t.period == period)
        .where(t.occasion != Occasion.BEFORE.value)
        .order_by(t.turn)
    )
    return {row.item: (row.said, row.turn) for row in view.execute(query)}


def _mark(view: Connection, one: sa.Row[Any]) -> str:
    """What a closed run's books are like, as far as outcomes go; empty while it is open."""
    if one.run_state != RunState.CLOSED.value or one.kind == "before":
        return ""
    back = view.scalar(
        sa.select(sa.func.count()).select_from(adjustment).where(adjustment.c.run_id == one.run_id)
    )
    settled = view.scalar(
        sa.select(sa.func.count())
        .select_from(difference)
        .where(difference.c.run_id == one.run_id, difference.c.state != "open")
    )
    return f"{one.closed_us}.{back}.{settled}"


def _note(tx: Connection, one: sa.Row[Any], notes: Sequence[_Note], now_us: int) -> None:
    """Keep those not noted before."""
    if not notes:
        return
    t = told.c
    ids = sorted({note.row.agreement_id for note in notes})
    known = {
        tuple(row)
        for row in tx.execute(
            sa.select(t.agreement_id, t.occasion, t.item, t.turn).where(
                t.agreement_id.in_(ids), t.period == one.period
            )
        )
    }
    rows = [
        {
            "agreement_id": note.row.agreement_id, "period": one.period,
            "occasion": note.occasion.value, "item": note.row.item or "", "turn": note.turn,
            "run_id": one.run_id, "wave_id": one.wave_id, "bank": note.row.bank,
            "person": note.row.main_token, "template": note.choice.template,
            "said": note.choice.said, "state": ToldState.FOUND.value, "not_before": 0, "day": 0,
            "number": "", "parts": 0, "detail": "", "found_us": now_us,
        }
        for note in notes
        if note.key not in known
    ]  # fmt: skip
    if rows:
        tx.execute(sa.insert(told), rows)


def _row(wave_id: int, kind: str, run_id: int, now_us: int, *, done: int = 0) -> dict[str, Any]:
    return {
        "wave_id": wave_id, "kind": kind, "run_id": run_id, "reached": 0, "mark": "",
        "done": done, "begun_us": now_us,
    }  # fmt: skip
