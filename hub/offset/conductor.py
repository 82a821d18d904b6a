"""The conductor: looks at what is true of every open run and takes the next steps.

It holds nothing in memory that matters: each step reads rows, does one bounded piece of work in
its own transaction, and may be repeated, so it can be killed anywhere.  Only one process runs it
at a time (a lease); it talks to nobody, for everything that leaves the hub is a message.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub import audit
from hub.bus.tables import message
from hub.bus.words import MessageState
from hub.kernel.clocks import monotonic
from hub.kernel.periods import Period
from hub.offset import afterwards, closing, dues, funds, ledger, second, timely
from hub.offset.booking import command_some
from hub.offset.inquiry import ask_about
from hub.offset.instruct import cut_batch
from hub.offset.office import Office
from hub.offset.opening import ALL_OPEN, Opened
from hub.offset.plan import finish_plan, plan_digest, plan_wave
from hub.offset.policy import kept_policy
from hub.offset.restoration import look_again, may_plan, open_row
from hub.offset.restoring import Restoring
from hub.offset.tables import batch, due_list, leg, run, wave
from hub.offset.waiting import items_waiting
from hub.offset.words import RunState, WaveState
from hub.ports.core import CommandKind
from hub.store import database_now_us, insert_row

_DUES_AGAIN_US = 5_000_000
"""How long a bank is left alone after a due list that came to nothing."""
_PIECES = 4
"""Chunks of one kind of work a step takes before it looks at everything else again."""
_HOLD_S = 0.1
"""How long chunks go on joining one transaction."""


class Conductor:
    """One per process; ``step`` is called by the bell."""

    def __init__(
        self, office: Office, seat: Callable[[], str] = str,
        opened: Callable[[Connection], Opened] = lambda _view: ALL_OPEN,
    ) -> None:  # fmt: skip
        """``opened``: what the calendar has opened, asked at every step."""
        self._office = office
        self._read_opened = opened
        self._opened = ALL_OPEN
        self._restoring = Restoring(office, seat)
        self._stalled: dict[int, tuple[int, float]] = {}

    def step(self) -> bool:
        """Take the next steps of every open run; True when something was done."""
        with self._office.store.read() as view:
            runs = view.execute(
                sa.select(run).where(run.c.state != RunState.CLOSED.value).order_by(run.c.id)
            ).all()
            way = open_row(view)
            self._opened = self._read_opened(view)
        moved = [way is not None and self._restoring.step(way)]
        # every run, not up to the first that moved
        moved += [self._advance(each, way) for each in runs]
        # What came back after a close waits until a restored copy knows what it has missed.
        moved.append(way is None and afterwards.step(self._office))
        return any(moved)

    def _advance(self, found: sa.Row[Any], way: sa.Row[Any] | None) -> bool:
        period = Period.parse(found.period)
        with self._office.store.read() as view:
            legs = view.execute(
                sa.select(leg).where(leg.c.run_id == found.id).order_by(leg.c.bank)
            ).all()
            waves = view.execute(
                sa.select(wave).where(wave.c.run_id == found.id).order_by(wave.c.number)
            ).all()
            now_us = database_now_us(view)
        done = self._collect(found, period, [each for each in legs if each.wave_id is None], way)
        for each in waves:
            done |= may_plan(way) and self._prepare(found, period, each)
        states = {each.id: each.state for each in waves}
        for each in legs:
            state = states.get(each.wave_id)
            if _funds_due(each, state, now_us):
                done |= self._check_funds(period, each)
            approved = state == WaveState.APPROVED.value
            if way is None and approved and each.closed_us is None:
                done |= self._carry_out(found, period, each)
        planning = self._opened.planning()
        if planning and way is None and found.state == RunState.RUNNING.value:
            done |= second.open_due(self._office, found)
        return done | (way is None and closing.close_run(self._office, found.id))

    # --- due lists and waves ---

    def _collect(
        self, found: sa.Row[Any], period: Period, legs: list[sa.Row[Any]],
        way: sa.Row[Any] | None,
    ) -> bool:  # fmt: skip
        ready, behind, done = [], [], False
        for each in legs:
            with self._office.store.write() as tx:
                latest = _latest_list(tx, found.id, each.bank)
                if latest is not None and latest.state == "complete":
                    ready.append((each, latest.id))
                    continue
                if not self._opened.dues(each.bank, found.opened_us):
                    behind.append(0)  # its time has not come: it has not kept anybody waiting
                    continue
                behind.append(self._waited(tx, each, latest))
                if latest is None or self._may_ask_again(latest):
                    dues.begin(tx, self._office, found.id, period, each.bank)
                    done = True
        if ready and may_plan(way) and self._opened.planning() and self._is_time(found, behind):
            self._open_wave(found.id, ready)
            return True
        return done

    def _is_time(self, found: sa.Row[Any], behind: list[int]) -> bool:
        """Whether a wave need not wait for the lists that are behind (for so many µs each)."""
        if all(waited >= found.wave_wait_us for waited in behind):
            return True
        with self._office.store.read() as view:
            last = view.scalar(
                sa.select(sa.func.max(wave.c.opened_us)).where(wave.c.run_id == found.id)
            )
        return self._opened.cut_off(max(int(found.opened_us), int(last or 0)))

    def _may_ask_again(self, latest: sa.Row[Any]) -> bool:
        age = self._office.now_us() - (latest.ended_us or 0)
        return latest.state == "bad" and not 0 <= age < _DUES_AGAIN_US

    def _waited(self, tx: Connection, each: sa.Row[Any], latest: sa.Row[Any] | None) -> int:
        """How long this bank's list has made no headway while we were up, in µs."""
        records, now = (0 if latest is None else int(latest.records)), monotonic()
        before = self._stalled.get(each.id)
        self._stalled[each.id] = (records, now)
        if before is None or records > before[0]:
            return int(each.waited_us) if before is None else 0
        waited = int(each.waited_us) + int((now - before[1]) * 1_000_000)
        tx.execute(sa.update(leg).where(leg.c.id == each.id).values(waited_us=waited))
        return waited

    def _open_wave(self, run_id: int, ready: list[tuple[sa.Row[Any], int]]) -> None:
        with self._office.store.write() as tx:
            last = tx.scalar(sa.select(sa.func.max(wave.c.number)).where(wave.c.run_id == run_id))
            wave_id = insert_row(
                tx, wave, run_id=run_id, number=int(last or 0) + 1, state=WaveState.ASKING.value,
                last_asked=0, asks_open=0, opened_us=self._office.now_us(), digest="",
            )  # fmt: skip
            for each, list_id in ready:
                tx.execute(
                    sa.update(leg)
                    .where(leg.c.id == each.id, leg.c.wave_id.is_(None))
                    .values(wave_id=wave_id, due_list_id=list_id)
                )

    def _prepare(self, found: sa.Row[Any], period: Period, each: sa.Row[Any]) -> bool:
        if each.state == WaveState.ASKING.value:
            return self._ask_accounts(period, each.id)
        if each.state == WaveState.PLANNING.value:
            self._plan(found, period, each.id)
            return True
        return each.state == WaveState.DECLINED.value and second.tidy(self._office, each.id)

    def _ask_accounts(self, period: Period, wave_id: int) -> bool:
        for _ in range(_PIECES):
            with self._office.store.write() as tx:
                if ledger.ask_accounts(tx, self._office, wave_id, period):
                    continue
                moved = tx.execute(
                    sa.update(wave)
                    .where(wave.c.id == wave_id, wave.c.asks_open == 0)
                    .values(state=WaveState.PLANNING.value)
                )
                return moved.rowcount == 1
        return True

    def _plan(self, found: sa.Row[Any], period: Period, wave_id: int) -> None:
        with self._office.store.read() as view:
            policy = kept_policy(view, found.policy_id)
            arrive_on = timely.at_planning(view, self._office, wave_id, policy)
        plan_wave(self._office.store, wave_id, period, policy, arrive_on)
        with self._office.store.read() as view:
            digest, count, fen = plan_digest(view, wave_id, policy.digest)
            due_days = timely.read_due_days(view, wave_id)
        with self._office.store.write() as tx:
            finish_plan(tx, wave_id, self._office.now_us(), digest)
            timely.keep_due_days(tx, wave_id, due_days)
            second.look_at_balance(tx, wave_id)
            look_again(tx)
            audit.record(
                tx, act="offset.planned", actor="hub", subject=f"{period} wave {wave_id}",
                count=count, fen=fen, root=digest,
            )  # fmt: skip

    # --- money ---

    def _check_funds(self, period: Period, each: sa.Row[Any]) -> bool:
        with self._office.store.write() as tx:
            state = tx.scalar(sa.select(wave.c.state).where(wave.c.id == each.wave_id))
            due = _funds_due(each, state, database_now_us(tx))
            if due:
                funds.ask_balance(tx, self._office, period, each)
            return due

    def _carry_out(self, found: sa.Row[Any], period: Period, each: sa.Row[Any]) -> bool:
        office, run_id, bank = self._office, found.id, each.bank
        with office.store.read() as view:
            waiting = items_waiting(
                view, run_id, bank,
                most=max(office.core_command_limit, office.seat(bank).port.batch_limit),
            )  # fmt: skip
            # What waits for the bank to open is not on its way.
            moving = self._opened.instructing(bank) and _batches_moving(view, run_id, bank)
        done = False
        if waiting.planned:
            done |= self._repeat(partial(self._command, run_id, period, bank, CommandKind.HOLD))
        whole_batch = waiting.held >= office.seat(bank).port.batch_limit
        may_cut = each.funded and self._opened.instructing(bank)
        if may_cut and waiting.held and (whole_batch or not waiting.holding):
            done |= self._repeat(lambda tx: cut_batch(tx, office, run_id, period, bank))
        done |= self._ask_banks(period, run_id, bank)
        for kind, count in (
            (CommandKind.POST, waiting.succeeded),
            (CommandKind.RELEASE, waiting.failed),
            (CommandKind.REVERSE, waiting.returned),
        ):
            if count >= office.core_command_limit or (count and not moving):
                done |= self._repeat(partial(self._command, run_id, period, bank, kind))
        if not self._opened.reconciling(bank):
            return done
        return done | closing.reconcile_leg(office, run_id, period, each)

    def _command(
        self, run_id: int, period: Period, bank: str, kind: CommandKind, tx: Connection
    ) -> int:
        return command_some(tx, self._office, run_id, period, bank, kind)

    def _repeat(self, piece: Callable[[Connection], int]) -> bool:
        done = False
        left = _PIECES
        while left:
            with self._office.store.write() as tx:
                until = monotonic() + _HOLD_S
                while left and monotonic() < until:
                    left = left - 1 if piece(tx) else 0
                    done |= left > 0
        return done

    def _ask_banks(self, period: Period, run_id: int, bank: str) -> bool:
        with self._office.store.read() as view:
            due = list(
                view.scalars(
                    sa.select(batch.c.number)
                    .where(batch.c.run_id == run_id, batch.c.bank == bank)
                    .where(batch.c.next_ask_us <= database_now_us(view))
                    .order_by(batch.c.next_ask_us)
                    .limit(50)
                )
            )
        for number in due:
            with self._office.store.write() as tx:
                ask_about(tx, self._office, period, number)
        return bool(due)


_ON_ITS_WAY = [
    state.value for state in (MessageState.QUEUED, MessageState.WAITING, MessageState.IN_FLIGHT)
]


def _funds_due(each: sa.Row[Any], state: str | None, now_us: int) -> bool:
    """Whether a leg's paying account is to be looked at, its wave being in this state."""
    if each.funded or state in (None, WaveState.ASKING.value, WaveState.PLANNING.value):
        return False
    return each.balance_asked == 0 or (
        state == WaveState.APPROVED.value and each.balance_next_us <= now_us
    )


def _latest_list(tx: Connection, run_id: int, bank: str) -> sa.Row[Any] | None:
    return tx.execute(
        sa.select(due_list)
        .where(due_list.c.run_id == run_id, due_list.c.bank == bank)
        .order_by(due_list.c.attempt.desc())
        .limit(1)
    ).first()


def _batches_moving(view: Connection, run_id: int, bank: str) -> bool:
    """Whether a batch is on its way out now: its rows will soon wait for the core too.  One that
    is parked or dead may lie for days, and holds up nobody."""
    query = (
        sa.select(batch.c.number)
        .join(message, message.c.id == batch.c.message_id)
        .where(batch.c.run_id == run_id, batch.c.bank == bank, batch.c.state == "cut")
        .where(message.c.state.in_(_ON_ITS_WAY))
    )
    return view.scalar(query.limit(1)) is not None
