"""Keeps the copy of the core's registry: reads the feed page by page, each in one transaction.

One process follows at a time (its store is fenced), so records are laid down in the feed's order
and the same page twice does no harm.  Where the feed stands is in the transaction of the page.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub import audit
from hub.bus import drifts
from hub.core.copy_records import KINDS, CopyKind, Row, row_of
from hub.core.copy_tables import registry_entry, registry_fact, registry_feed
from hub.kernel.clocks import BusinessClock, from_us, to_us
from hub.kernel.logs import get_logger
from hub.ports.core import RegistryChange
from hub.ports.line import Drift, Line
from hub.ports.registry import ChangesPort
from hub.store import Store, among, database_now_us
from hub.store.vault import Vault

VAULT_KIND = "registry"
PAGE = 2000
"""Records of one page, which is one transaction; the contract's own limit may be lower."""

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class FeedStanding:
    """Where the copy stands.  ``as_of`` is None until it was whole once."""

    interface: str
    seq: int
    as_of: datetime | None
    records: int


def read_feed(view: Connection, interface: str) -> FeedStanding:
    """A feed never read stands at 0."""
    row = view.execute(
        sa.select(registry_feed).where(registry_feed.c.interface == interface)
    ).one_or_none()
    if row is None:
        return FeedStanding(interface, 0, None, 0)
    as_of = None if row.caught_up_us is None else from_us(row.caught_up_us)
    return FeedStanding(interface, row.seq, as_of, row.records)


def begin_anew(tx: Connection, interface: str) -> None:
    """Have all of it read again from the next step on; until then the copy is not whole."""
    tx.execute(
        sa.update(registry_feed)
        .where(registry_feed.c.interface == interface)
        .values(seq=0, caught_up_us=None, records=0)
    )


class Follower:
    """Reads one core's feed into the copy.

    ``open_line`` opens a line for one call; ``version`` is the contract's, for drifts.
    """

    def __init__(
        self, store: Store, vault: Vault, clock: BusinessClock, interface: str,
        port: ChangesPort, open_line: Callable[[], Line], version: str, page: int = PAGE,
    ) -> None:  # fmt: skip
        self._store, self._vault, self._clock = store, vault, clock
        self._interface, self._port, self._open_line = interface, port, open_line
        self._version, self._page = version, page

    def step(self) -> bool:
        """Read the next page; True when there is more.  Raises what the line and store raise."""
        with self._store.read() as view:
            stands = read_feed(view, self._interface)
        asked_at, line = self._clock.now(), self._open_line()
        page = self._port.changes_since(line, stands.seq, self._page)
        with self._store.write() as tx:
            self._lay_down(tx, stands, page.changes, asked_at, more=page.more)
            drifts.store(tx, self._interface, self._version, line.drift.drifts, database_now_us(tx))
        return page.more

    def _lay_down(
        self, tx: Connection, stands: FeedStanding, changes: Sequence[RegistryChange],
        asked_at: datetime, *, more: bool,
    ) -> None:  # fmt: skip
        rows: dict[tuple[str, str], tuple[CopyKind, Row]] = {}
        foreign: list[Drift] = []
        for change in changes:
            kind = KINDS.get(change.kind)
            if kind is None:
                foreign.append(Drift("changes.reply/BG/JLLX", "a kind of the contract", "another"))
                continue
            rows[change.kind, change.key] = (kind, self._row(tx, kind, change))
        for table, key in sorted({(k.table, k.key) for k, _ in rows.values()}, key=str):
            mine = [row for kind, row in rows.values() if kind.table is table]
            _upsert(tx, table, key, mine)
        now_us = database_now_us(tx)
        drifts.store(tx, self._interface, self._version, foreign, now_us)
        flawed = [row["flaw"] for _, row in rows.values() if row["flaw"]]
        if flawed:
            _log.warning("registry.flawed", records=len(flawed), field=flawed[0])
        self._move(tx, stands, changes, asked_at, more=more)
        if changes:
            audit.record(
                tx, act="registry.copied", actor="hub", subject=self._interface,
                detail={"to": changes[-1].sequence, "flawed": len(flawed)}, count=len(changes),
                root=audit.merkle_root(audit.digest(row["sealed"]) for _, row in rows.values()),
            )  # fmt: skip

    def _row(self, tx: Connection, kind: CopyKind, change: RegistryChange) -> Row:
        row = row_of(kind, change.kind, change.key, change.fields, self._vault.tokens)
        sealed = self._vault.seal(
            tx, VAULT_KIND, f"{self._clock.now():%Y-%m}", msgspec.json.encode(change.fields)
        )
        return row | {
            "seq": change.sequence, "changed_us": to_us(change.changed_at),
            "key_id": sealed.key_id, "sealed": sealed.blob,
        }  # fmt: skip

    def _move(
        self, tx: Connection, stands: FeedStanding, changes: Sequence[RegistryChange],
        asked_at: datetime, *, more: bool,
    ) -> None:  # fmt: skip
        values = {
            "seq": changes[-1].sequence if changes else stands.seq,
            "records": stands.records + len(changes),
            "moved_us": database_now_us(tx),
        }
        if not more:
            values["caught_up_us"] = to_us(asked_at)
        moved = tx.execute(
            sa.update(registry_feed)
            .where(registry_feed.c.interface == self._interface, registry_feed.c.seq == stands.seq)
            .values(**values)
        )
        if moved.rowcount == 0:  # never read; IntegrityError if another has moved it meanwhile
            tx.execute(sa.insert(registry_feed).values(interface=self._interface, **values))


def _upsert(tx: Connection, table: sa.Table, key: str, rows: Sequence[Row]) -> None:
    keys = [key, "kind"] if table in (registry_entry, registry_fact) else [key]
    found = {
        tuple(row)
        for row in tx.execute(
            sa.select(*(table.c[name] for name in keys)).where(
                among(tx, table.c[key], [row[key] for row in rows])
            )
        )
    }
    old: list[Row] = []
    new: list[Row] = []
    for row in rows:
        (old if tuple(row[name] for name in keys) in found else new).append(row)
    if new:
        tx.execute(sa.insert(table), new)
    if old:
        same = sa.and_(*(table.c[name] == sa.bindparam(f"b_{name}") for name in keys))
        names = [name for name in rows[0] if name not in keys]
        tx.execute(
            sa.update(table).where(same).values({n: sa.bindparam(f"v_{n}") for n in names}),
            [dict(_bound(row, keys)) for row in old],
        )


def _bound(row: Row, keys: Sequence[str]) -> Iterator[tuple[str, object]]:
    for name, value in row.items():
        yield (f"b_{name}" if name in keys else f"v_{name}", value)
