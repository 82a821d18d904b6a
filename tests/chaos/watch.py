"""Looking into the hub's database from outside, to say what a killed process was doing.

Reads only, and never judges: the verdict is the partners' books'.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from hub.bus.tables import message
from hub.offset.tables import batch, difference, item, run, wave
from hub.schedule.tables import lease
from hub.store.engine import sqlite_library


@dataclass(frozen=True, slots=True)
class Where:
    """Where a run stood: stage, what was in flight, items and batches by state."""

    stage: str
    in_flight: dict[str, int] = field(default_factory=dict)
    items: dict[str, int] = field(default_factory=dict)
    batches: dict[str, int] = field(default_factory=dict)

    @property
    def label(self) -> str:
        flying = ",".join(sorted(self.in_flight))
        return f"{self.stage} ({flying} in flight)" if flying else self.stage


class Watcher:
    """A window onto one hub database, SQLite or PostgreSQL."""

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            # Read-only: a look must not create what the hub has not.
            self._engine = sa.create_engine(
                f"sqlite:///file:{parsed.database}?mode=ro&uri=true", poolclass=NullPool,
                module=sqlite_library().module, connect_args={"timeout": 2.0},
            )  # fmt: skip
        else:
            self._engine = sa.create_engine(url, poolclass=NullPool)

    def conducts(self, *pids: int) -> bool:
        """Whether one of these processes holds the conductor's lease."""
        query = sa.select(lease.c.holder).where(lease.c.name == "conductor")
        with self._view() as view:
            holder = str(view.scalar(query) or "") if view is not None else ""
        return any(f"/{pid}/" in holder for pid in pids)

    def run_state(self) -> str:
        """The run's state; empty where there is none."""
        with self._view() as view:
            return str(view.scalar(sa.select(run.c.state)) or "") if view is not None else ""

    def wave_states(self) -> list[str]:
        """The waves' states in order."""
        with self._view() as view:
            if view is None:
                return []
            return list(view.scalars(sa.select(wave.c.state).order_by(wave.c.number)))

    def differences(self) -> list[str]:
        """The kinds of the open differences."""
        with self._view() as view:
            if view is None:
                return []
            query = sa.select(difference.c.kind).where(difference.c.state == "open")
            return sorted(view.scalars(query))

    def where(self) -> Where:
        """See Where; a database that is not (yet) there is the stage "set-up"."""
        with self._view() as view:
            return Where("set-up") if view is None else _where(view)

    @contextmanager
    def _view(self) -> Iterator[Connection | None]:
        """A connection, or None while there is no database, no table, or no answer."""
        try:
            connection = self._engine.connect()
        except SQLAlchemyError:
            yield None
            return
        with connection:
            try:
                connection.execute(sa.select(message.c.id).limit(1))
                connection.execute(sa.select(lease.c.name).limit(1))
            except SQLAlchemyError:
                yield None
                return
            yield connection


def _where(view: Connection) -> Where:
    state = view.scalar(sa.select(run.c.state))
    if state is None:
        return Where("import")
    items = _count(view, item.c.state)
    in_flight = _count(view, message.c.kind, message.c.state == "in_flight")
    waves = list(view.scalars(sa.select(wave.c.state)))
    return Where(_stage(str(state), waves, items), in_flight, items, _count(view, batch.c.state))


def _count(
    view: Connection, column: sa.Column[str], *where: sa.ColumnElement[bool]
) -> dict[str, int]:
    query = sa.select(column, sa.func.count()).where(*where).group_by(column)
    return {str(name): int(count) for name, count in view.execute(query)}


def _stage(state: str, waves: list[str], items: dict[str, int]) -> str:
    if state in ("reconciled", "closed"):
        return state
    if not waves:
        return "due lists"
    if "approved" not in waves:
        return {"asking": "accounts", "planning": "planning"}.get(waves[0], "approval")
    for name, states in (
        ("holding", ("planned",)),
        ("instructing", ("held",)),
        ("inquiring", ("instructed", "unknown")),
        ("booking", ("succeeded", "failed")),
    ):
        if any(items.get(each) for each in states):
            return name
    return "reconciling"
