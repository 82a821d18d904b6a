"""A consistent copy of the database while it works, and its way back in.

SQLite: ``VACUUM INTO`` by the library in use (one read snapshot, a whole file without a log
beside it), checked by ``integrity_check``.  PostgreSQL: every row of every table of one REPEATABLE
READ snapshot as JSON lines, one file a table: the hub's own form, since ``pg_dump`` need not be at
hand where the hub runs, and since rows can be counted and checked without a server.
"""

import base64
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, make_url

from hub.crypto import new_sm3
from hub.kernel.errors import HubError, Refused
from hub.store.engine import Store, metadata, sqlite_library

SQLITE_FILE = "hub.sqlite"
_CHUNK = 1000
_BLOCK = 1 << 20


class BackupBroken(HubError):
    """The copy is not what it should be."""

    code = "backup.broken"
    hint = "Take another backup; use an older one for a restore, and look at the disk."


class NotEmpty(Refused):
    """There is a database already where the backup is to go."""

    code = "restore.not_empty"
    hint = "Give another --home or database, or say --replace with a --reason."


def digest_file(path: Path) -> str:
    """SM3 of a file in hex."""
    hashed = new_sm3()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            hashed.update(block)
    return hashed.digest().hex()


def copy_out(store: Store, folder: Path) -> dict[str, int]:
    """Write the copy into ``folder``; file → rows (0 for a whole database file), verified."""
    if store.is_sqlite:
        return _copy_sqlite(store, folder / SQLITE_FILE)
    counts = {}
    with store.read() as view:
        for table in metadata.sorted_tables:
            path = folder / f"{table.name}.jsonl"
            counts[path.name] = _write_table(view, table, path)
    for name, count in counts.items():
        if sum(1 for _ in _rows(folder / name)) != count:
            raise BackupBroken(f"{name} does not hold what was written")
    return counts


def _copy_sqlite(store: Store, path: Path) -> dict[str, int]:
    raw = store.engine.raw_connection()
    try:
        raw.cursor().execute("VACUUM INTO ?", (str(path),))
    finally:
        raw.close()
    check_sqlite(path)
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return {path.name: 0}


def check_sqlite(path: Path) -> None:
    """Raises BackupBroken unless the library in use finds the file whole."""
    module = sqlite_library().module
    try:
        connection = module.connect(f"file:{path}?mode=ro", uri=True)
        try:
            said = connection.execute("PRAGMA integrity_check").fetchone()[0]
        finally:
            connection.close()
    except module.DatabaseError as error:
        raise BackupBroken(f"{path.name}: {error}") from None
    if said != "ok":
        raise BackupBroken(f"{path.name}: {str(said)[:200]}")


def whose(folder: Path) -> tuple[str, int, str]:
    """Of which database a copy is, and its audit head's number and digest, from the copy."""
    if not (folder / SQLITE_FILE).exists():
        (known,) = list(_rows(folder / "store_identity.jsonl")) or [{"store_id": ""}]
        (head,) = list(_rows(folder / "audit_head.jsonl")) or [{"seq": 0, "chain": ""}]
        return known["store_id"], int(head["seq"]), head["chain"]
    module = sqlite_library().module
    connection = module.connect(f"file:{folder / SQLITE_FILE}?mode=ro", uri=True)
    try:
        whom = connection.execute("SELECT store_id FROM store_identity").fetchone() or ("",)
        last = connection.execute("SELECT seq, chain FROM audit_head").fetchone() or (0, "")
    finally:
        connection.close()
    return str(whom[0]), int(last[0]), str(last[1])


def _write_table(view: Connection, table: sa.Table, path: Path) -> int:
    count = 0
    names = [column.key for column in table.columns]
    with (
        path.open("w", encoding="utf-8") as file,
        view.execute(sa.select(table), execution_options={"yield_per": _CHUNK}) as rows,
    ):
        for row in rows:
            file.write(json.dumps(dict(zip(names, map(_out, row), strict=True))) + "\n")
            count += 1
        file.flush()
        os.fsync(file.fileno())
    return count


def _out(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return {"b64": base64.b64encode(bytes(value)).decode()}
    return value


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            yield {
                name: base64.b64decode(value["b64"]) if isinstance(value, dict) else value
                for name, value in row.items()
            }


def copy_in(folder: Path, store: Store, *, replace: bool) -> None:
    """Load the rows of a copy in one transaction: a crash leaves what was there.

    Raises NotEmpty.
    """
    with store.write() as tx:
        if not _is_empty(tx):
            if not replace:
                raise NotEmpty("the database is not empty")
            for table in reversed(metadata.sorted_tables):
                tx.execute(sa.delete(table))
        for table in metadata.sorted_tables:
            _load_table(tx, table, folder / f"{table.name}.jsonl")


def _is_empty(tx: Connection) -> bool:
    """Nothing but the calendar, which an upgrade lays down."""
    return all(
        tx.scalar(sa.select(sa.func.count()).select_from(table)) == 0
        for table in metadata.sorted_tables
        if table.name not in ("banking_day", "store_seat")
    )


def _load_table(tx: Connection, table: sa.Table, path: Path) -> None:
    if not path.exists():
        raise BackupBroken(f"{path.name} is missing")
    tx.execute(sa.delete(table))
    rows = _rows(path)
    while chunk := list(islice(rows, _CHUNK)):
        tx.execute(sa.insert(table), [_typed(table, row) for row in chunk])
    counted = "id" in table.c and table.c.id.autoincrement is not False
    if counted and tx.dialect.name == "postgresql":
        tx.execute(
            sa.text(
                "SELECT setval(pg_get_serial_sequence(:name, 'id'), "
                f"(SELECT COALESCE(MAX(id), 0) + 1 FROM {table.name}), false)"
            ),
            {"name": table.name},
        )


def _typed(table: sa.Table, row: Mapping[str, Any]) -> dict[str, Any]:
    return {column.key: row[column.key] for column in table.columns}


def put_sqlite(source: Path, url: str, *, replace: str = "") -> Path | None:
    """Put a database file where ``url`` says; the one it replaces is kept beside it, its name
    ending in ``replace``.  Raises NotEmpty."""
    target = Path(str(make_url(url).database))
    target.parent.mkdir(parents=True, exist_ok=True)
    kept: Path | None = None
    if target.exists():
        if not replace:
            raise NotEmpty(f"{target.name} exists")
        kept = target.with_name(f"{target.name}.{replace}")
        for ending in ("", "-wal", "-shm"):
            part = target.with_name(target.name + ending)
            if part.exists():
                part.replace(kept.with_name(kept.name + ending))
    fresh = target.with_name(target.name + ".new")
    shutil.copyfile(source, fresh)
    with fresh.open("rb") as file:
        os.fsync(file.fileno())
    fresh.replace(target)
    return kept
