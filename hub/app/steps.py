"""Following a run, and approving its plans with two people's tokens."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.app import standing
from hub.app.hub import Hub
from hub.app.operators import hands_on
from hub.kernel.clocks import monotonic
from hub.kernel.errors import Unavailable
from hub.kernel.logs import get_logger
from hub.kernel.periods import Period
from hub.kernel.secret import Secret
from hub.offset import runs, second
from hub.offset.tables import run, wave
from hub.offset.totals import Totals, add_up, read_totals
from hub.offset.words import RunState, WaveState

_log = get_logger(__name__)
_LOOK_S = 0.3
_SHARE, _LONGEST_S = 50, 120.0
"""How many times as long as adding up takes nobody adds up again, and the most of it."""
_QUICK_S = 0.02
"""Figures that take longer than this to add up are not added up for a new state alone."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run stands: its state, its waves' states, its totals over all banks."""

    state: str
    waves: tuple[str, ...]
    totals: Totals

    @property
    def mark(self) -> tuple[object, ...]:
        """Two alike: no progress between them."""
        return (self.state, self.waves, tuple(self.totals.items()))


def read_progress(hub: Hub, run_id: int) -> Progress:
    """In one view."""
    with hub.store.read() as view:
        return Progress(*_states(view, run_id), add_up(read_totals(view, run_id)))


def _states(view: Connection, run_id: int) -> tuple[str, tuple[str, ...]]:
    """The run's state, and its waves'."""
    state = str(view.scalar(sa.select(run.c.state).where(run.c.id == run_id)))
    waves = view.scalars(
        sa.select(wave.c.state).where(wave.c.run_id == run_id).order_by(wave.c.number)
    )
    return state, tuple(waves)


class _Looks:
    """Looks at a run.  Its figures are added up anew when that is due, or is quick: over 10⁶ items
    it takes a while, and to look must not become most of the work."""

    def __init__(self, hub: Hub, run_id: int) -> None:
        self._hub, self._run_id = hub, run_id
        self._seen: Progress | None = None
        self._took = 0.0
        self.due = monotonic()

    def look(self) -> Progress:
        if self._seen is None or self._took < _QUICK_S or monotonic() >= self.due:
            began = time.thread_time()  # not the time a busy machine lets it wait
            self._seen = read_progress(self._hub, self._run_id)
            self._took = time.thread_time() - began
            self.due = monotonic() + min(_SHARE * self._took, _LONGEST_S)
        else:
            with self._hub.store.read() as view:
                self._seen = Progress(*_states(view, self._run_id), self._seen.totals)
        return self._seen


def watch(hub: Hub, run_id: int, each: Callable[[Progress], None], *, patience_s: float) -> bool:
    """Look at a run until it is closed (True), or nothing moved for ``patience_s`` (False)."""
    last, since = None, monotonic()
    looks = _Looks(hub, run_id)
    while True:
        try:
            progress = looks.look()
            each(progress)
        except Unavailable as error:
            _log.warning("the database is away", code=error.code)
            time.sleep(_LOOK_S)
            continue
        if progress.state == RunState.CLOSED:
            return True
        if progress.mark != last:
            last, since = progress.mark, monotonic()
        elif monotonic() - since > patience_s:
            return False
        _pause(hub, run_id, progress, looks.due)


def _pause(hub: Hub, run_id: int, seen: Progress, until: float) -> None:
    """Until it is time to add up again, or a plan is made, approved, or the run has moved on."""
    while True:
        time.sleep(_LOOK_S)
        if monotonic() >= until:
            return
        try:
            with hub.store.read() as view:
                if _states(view, run_id) != (seen.state, seen.waves):
                    return
        except Unavailable:
            return  # the next look says so


def request_plan(hub: Hub, token: Secret, period: Period, number: int, reason: str) -> int:
    """One person submits a trial; the approval's number.

    Raises NoSuchRun, NoSuchWave, PlanNotReady, and what people's rules refuse.
    """
    actor = hub.people.authenticate(token)
    with hub.store.write() as tx:
        found = runs.find_wave(tx, runs.find_run(tx, period).id, number)
        runs.submit(tx, found.id, found.digest)
        return hub.approvals.request(
            tx, actor, act="plan.approve", subject=f"{period} 轮次{number}",
            payload={"wave_id": int(found.id), "digest": str(found.digest)}, reason=reason,
        )  # fmt: skip


def decline_wave(hub: Hub, token: Secret, period: Period, number: int, reason: str) -> None:
    """A second wave that is not approved is not to be paid; one person's word, for no money moves.

    Raises NoSuchRun, NoSuchWave, NotSecondWave, and what people's rules refuse.
    """
    actor = hub.people.authenticate(token)
    hands_on(actor)
    with hub.store.write() as tx:
        run_id = int(runs.find_run(tx, period).id)
        second.decline(tx, run_id, number, actor=actor.login, why=reason)


def confirm(hub: Hub, token: Secret, approval_id: int, reason: str = "") -> str:
    """Another person confirms; one line on what was done."""
    actor = hub.people.authenticate(token)
    with hub.store.write() as tx:
        done = hub.approvals.confirm(tx, actor, approval_id, reason)
    if done.act == standing.RELEASE:
        standing.release(hub, done)
    return f"{done.title} {done.subject}: 已由 {done.requested_by} 申请、{actor.login} 复核"


def refuse(hub: Hub, token: Secret, approval_id: int, reason: str) -> str:
    """The second person says no; nothing is carried out.  A plan can be submitted again."""
    actor = hub.people.authenticate(token)
    with hub.store.write() as tx:
        done = hub.approvals.refuse(tx, actor, approval_id, reason)
    return f"{done.title} {done.subject}: {done.requested_by} 申请，已由 {actor.login} 否决"


def approve_waves(hub: Hub, run_id: int, handler: Secret, approver: Secret) -> None:
    """Submit and approve every plan that waits: what the demo's two people do."""
    with hub.store.read() as view:
        period = Period.parse(str(view.scalar(sa.select(run.c.period).where(run.c.id == run_id))))
        waiting = (WaveState.TRIAL.value, WaveState.SUBMITTED.value)
        numbers = list(
            view.scalars(
                sa.select(wave.c.number).where(wave.c.run_id == run_id, wave.c.state.in_(waiting))
            )
        )
    for number in numbers:
        approval_id = request_plan(hub, handler, period, number, "演示：提交试算")
        confirm(hub, approver, approval_id, "演示：同意")
