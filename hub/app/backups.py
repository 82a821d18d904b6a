"""``hub backup`` and ``hub restore``: one folder with a consistent copy, and the way back.

``manifest.json`` says when it was taken, of which database, its schema, the head of its audit
chain and every file's SM3.  The keys are not in it unless a passphrase seals them: who has both
the copy and the keys can read every name in it.  Without its keys a copy opens for nobody.
"""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import make_url

from hub import audit
from hub.app.hub import Hub
from hub.app.sealed_keys import SEALED_KEYS, seal_keys, unseal_keys
from hub.audit.identity import ensure_identity
from hub.audit.seat import WATCH_S, Seat, mark_restored
from hub.audit.tables import audit_entry
from hub.crypto import KeyRing
from hub.kernel.clocks import from_us
from hub.kernel.errors import BadInput, Refused
from hub.kernel.secret import Secret
from hub.kernel.settings import Settings
from hub.store import Store, database_now_us, schema
from hub.store.backup import (
    SQLITE_FILE,
    BackupBroken,
    check_sqlite,
    copy_in,
    copy_out,
    digest_file,
    put_sqlite,
    whose,
)

MANIFEST = "manifest.json"
SUBJECT = "store:backup"


class NoSuchBackup(BadInput):
    """There is no backup in this folder."""

    code = "backup.not_found"
    hint = "Name the folder that `hub backup` wrote: it holds manifest.json."


class TargetInUse(BadInput):
    """The backup's folder holds something already."""

    code = "backup.folder_in_use"
    hint = "Name a folder that does not exist yet: backups are never mixed."


class OtherProgram(Refused):
    """The backup has another schema than this program."""

    code = "restore.other_schema"
    hint = "Restore it with the program it was taken with, then upgrade (`hub db upgrade`)."


class OtherKeys(Refused):
    """The keys at hand cannot open this backup."""

    code = "restore.other_keys"
    hint = "Put the centre's key folder back from the safe, or give --passphrase-file."


class DatabaseInUse(Refused):
    """A hub works with the database that is to be replaced."""

    code = "restore.in_use"
    hint = "End every `hub serve` and `hub worker` on it first."


class ReplaceNeedsReason(BadInput):
    """To replace a database needs a reason."""

    code = "restore.reason_missing"
    hint = "Say --replace together with --reason."


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup is.  ``files``: name → (SM3, rows); ``seq`` and ``chain`` the audit head's."""

    taken_us: int
    kind: str
    revision: str
    store: str
    seq: int
    chain: str
    master: str
    files: dict[str, tuple[str, int]]

    @property
    def text(self) -> str:
        """When and of which database, for people."""
        return f"{from_us(self.taken_us):%Y-%m-%d %H:%M:%S} UTC 的备份，审计第 {self.seq} 条"


def take_backup(hub: Hub, target: Path, passphrase: Secret | None = None) -> Manifest:
    """Write a copy into a new folder and verify it; the folder appears only when it is whole.

    Raises TargetInUse, BackupBroken.
    """
    target = target.expanduser().resolve()
    if target.exists():
        raise TargetInUse(f"{target.name} exists")
    partial = target.with_name(target.name + ".partial")
    partial.mkdir(mode=0o700, parents=True)
    with hub.store.write() as tx:  # a copy knows whose it is, even of the very first day
        ensure_identity(tx)
        taken_us = database_now_us(tx)
    counts = copy_out(hub.store, partial)
    if passphrase is not None:
        seal_keys(hub.settings.keys, partial / SEALED_KEYS, passphrase)
        counts[SEALED_KEYS] = 0
    manifest = _manifest(hub, partial, counts, taken_us)
    path = partial / MANIFEST
    path.write_text(json.dumps(asdict(manifest), indent=1) + "\n", encoding="utf-8")
    with path.open("rb") as file:
        os.fsync(file.fileno())
    read_backup(partial)
    partial.replace(target)
    with hub.store.write() as tx:
        audit.record(
            tx, act="store.backup", actor="hub", subject=SUBJECT, count=len(counts),
            detail={"kind": manifest.kind, "seq": manifest.seq},
            root=digest_file(target / MANIFEST),
        )  # fmt: skip
    return manifest


def _manifest(hub: Hub, folder: Path, counts: dict[str, int], taken_us: int) -> Manifest:
    store_id, seq, chain = whose(folder)  # the copy's own, not what was written since
    return Manifest(
        taken_us=taken_us,
        kind="sqlite" if hub.store.is_sqlite else "rows",
        revision=schema.current(hub.store),
        store=store_id,
        seq=seq,
        chain=chain,
        master=hub.ring.master.id.hex(),
        files={name: (digest_file(folder / name), rows) for name, rows in sorted(counts.items())},
    )


def read_backup(folder: Path) -> Manifest:
    """A backup's manifest, every file checked against it.  Raises NoSuchBackup, BackupBroken."""
    path = folder / MANIFEST
    if not path.is_file():
        raise NoSuchBackup(f"no backup in {folder.name}")
    try:
        said = json.loads(path.read_text("utf-8"))
        files = {name: (str(digest), int(rows)) for name, (digest, rows) in said["files"].items()}
        manifest = Manifest(**{**said, "files": files})
    except (ValueError, TypeError, KeyError):
        raise BackupBroken(f"{MANIFEST} cannot be read") from None
    for name, (digest, _) in manifest.files.items():
        if not (folder / name).is_file() or digest_file(folder / name) != digest:
            raise BackupBroken(f"{name} is not the file that was written")
    if manifest.kind == "sqlite":
        check_sqlite(folder / SQLITE_FILE)
    return manifest


def last_backup_us(hub: Hub) -> int | None:
    """When the last backup was taken (µs UTC, the database's clock); None for never."""
    query = sa.select(sa.func.max(audit_entry.c.instant_us))
    with hub.store.read() as view:
        found = view.scalar(query.where(audit_entry.c.subject == SUBJECT))
    return None if found is None else int(found)


def restore_backup(
    settings: Settings, folder: Path, *, replace: bool, reason: str, passphrase: Secret | None
) -> Manifest:
    """Put a backup in place of an empty database; what it restores waits for two people.

    Everything is checked before anything is touched.  Raises NoSuchBackup, BackupBroken,
    OtherProgram, OtherKeys, DatabaseInUse, NotEmpty, ReplaceNeedsReason.
    """
    folder = folder.expanduser().resolve()
    if replace and not reason.strip():
        raise ReplaceNeedsReason
    manifest = read_backup(folder)
    if manifest.revision != schema.newest():
        raise OtherProgram(f"the backup's schema is {manifest.revision}")
    _check_keys(settings, folder, manifest, passphrase)
    if Seat(settings.checkpoints).moves(WATCH_S):
        raise DatabaseInUse("a hub works beside these checkpoints")
    _put(settings, folder, manifest, replace=replace)
    store = Store(settings.database_url)
    try:
        with store.write() as tx:
            epoch = mark_restored(tx, manifest.text)
            audit.record(
                tx, act="store.restored", actor="hub", subject="store:restore",
                detail={"incarnation": epoch, "seq": manifest.seq, "why": reason,
                        "replaced": int(replace)},
            )  # fmt: skip
    finally:
        store.close()
    return manifest


def _check_keys(
    settings: Settings, folder: Path, manifest: Manifest, passphrase: Secret | None
) -> None:
    if not settings.keys.exists() or not any(settings.keys.iterdir()):
        if SEALED_KEYS not in manifest.files or passphrase is None:
            raise OtherKeys("there are no keys in the home folder")
        unseal_keys(folder / SEALED_KEYS, settings.keys, passphrase)
    ring = KeyRing.load(settings.keys)
    if manifest.master not in {one.id.hex() for one in (ring.master, *ring.former)}:
        raise OtherKeys("the master key in the home folder is another one")


def _put(settings: Settings, folder: Path, manifest: Manifest, *, replace: bool) -> None:
    sqlite = make_url(settings.database_url).get_backend_name() == "sqlite"
    if manifest.kind == "sqlite":
        if not sqlite:
            raise OtherProgram("a copy of SQLite goes back to SQLite only")
        ending = f"replaced-{manifest.taken_us}" if replace else ""
        put_sqlite(folder / SQLITE_FILE, settings.database_url, replace=ending)
        return
    store = Store(settings.database_url)
    try:
        schema.upgrade(store)
        copy_in(folder, store, replace=replace)
    finally:
        store.close()
