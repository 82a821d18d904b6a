"""A plan for a shadow month that leaves no trace: made in a database of its own, thrown away.

Agreements and policy are the centre's; due lists are fetched from the banks and accounts read
from the core as for any plan.  Nothing with an effect can leave: the copy may not act, and its
plan is never approved.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from hub.app.hub import Hub
from hub.bus import Worker
from hub.kernel.clocks import monotonic
from hub.kernel.errors import Unavailable
from hub.kernel.periods import Period
from hub.offset import runs
from hub.offset.conductor import Conductor
from hub.offset.policy import current_policy
from hub.offset.tables import agreement, agreement_change, run, wave
from hub.offset.words import WaveState
from hub.schedule.tables import banking_day
from hub.store import Store
from hub.store.schema import upgrade
from hub.store.vault import data_key

_COPIED = (data_key, agreement, agreement_change, banking_day)
_CHUNK = 2000


class NoShadowPlan(Unavailable):
    """The shadow plan did not come about in time."""

    code = "shadow.no_plan"
    hint = "Is every bank's due list there, does the core answer? Ask for one bank with --banks."


def standing_run(hub: Hub, period: Period) -> int | None:
    """The month's own run, if its plan stands already."""
    with hub.store.read() as view:
        planning = sa.select(wave.c.id).where(
            wave.c.run_id == run.c.id,
            wave.c.state.not_in([WaveState.PLANNING.value, WaveState.ASKING.value]),
        )
        query = sa.select(run.c.id).where(run.c.period == str(period), planning.exists())
        return view.scalar(query)


@contextmanager
def shadow_plan(
    hub: Hub, period: Period, banks: Sequence[str], patience_s: float
) -> Iterator[tuple[Store, int]]:
    """The throw-away database and its run, once its first plan stands.  Raises NoShadowPlan."""
    with tempfile.TemporaryDirectory(prefix="hub-shadow-") as folder:
        place = Path(folder)
        settings = hub.settings.model_copy(
            update={
                "database_url": f"sqlite:///{place / 'shadow.sqlite'}",
                "checkpoints": place / "checkpoints",
            }
        )
        with Hub(settings) as copy:
            copy.bus.may_act = lambda _tx: False
            upgrade(copy.store)
            _copy(hub.store, copy.store)
            with hub.store.read() as view:
                policy = current_policy(view)
            with copy.store.write() as tx:
                run_id = runs.open_run(
                    tx, copy.office, period, banks, policy, wave_wait_s=patience_s / 2,
                    data_digest="", actor="shadow",
                )  # fmt: skip
            _plan(copy, run_id, patience_s)
            yield copy.store, run_id


def _plan(copy: Hub, run_id: int, patience_s: float) -> None:
    """Read and plan until a trial stands, in this thread."""
    conductor = Conductor(copy.office)
    worker = Worker(copy.store, copy.bus, copy.handlers(), copy.partners, threads=1)
    until = monotonic() + patience_s
    while monotonic() < until:
        busy = conductor.step()
        sent = worker.run_once()
        with copy.store.read() as view:
            states = set(view.scalars(sa.select(wave.c.state).where(wave.c.run_id == run_id)))
        if WaveState.TRIAL.value in states:
            return
        if not busy and not sent:
            worker.bell.wait(0.05)
    raise NoShadowPlan(f"no plan within {patience_s:g} s")


def _copy(source: Store, target: Store) -> None:
    with source.read() as view:
        for table in _COPIED:
            found = view.execute(
                sa.select(table).order_by(*table.primary_key),
                execution_options={"yield_per": _CHUNK},
            )
            for some in found.mappings().partitions(_CHUNK):
                rows: list[dict[str, Any]] = [dict(row) for row in some]
                with target.write() as tx:
                    tx.execute(sa.insert(table), rows)
