"""What an attacker does to an audited database, and what both verifiers say of it afterwards.

Attacks are raw SQL with all the powers over the database; some of them also rewrite the
checkpoints' folder, with or without the signing key.  The stand-alone verifier runs as an auditor
would run it: one file copied elsewhere, isolated, without site packages.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import sqlalchemy as sa

from hub.audit import AuditReport, Checkpoints, export_entries, read_log, standalone, verify
from hub.audit.chain import BODY, genesis, link
from hub.audit.lines import Checkpoint, sign
from hub.audit.tables import audit_entry, audit_head, store_identity
from hub.crypto import Sm2PrivateKey, sm3_hex
from hub.store import Store

KEY = Sm2PrivateKey.parse("3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8")

STATUS = {
    "altered": 11, "missing": 12, "truncated": 13, "rewritten": 14, "older": 15, "foreign": 16,
    "witness": 17, "proof": 18,
}  # fmt: skip


@dataclass
class Scene:
    """A database, its checkpoints' folder, and a place for the auditor's files."""

    store: Store
    checkpoints: Checkpoints
    place: Path
    said: list[str] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        return self.checkpoints.folder

    # --- the attacker ---

    def sql(self, text: str, **values: object) -> None:
        with self.store.write() as tx:
            tx.execute(sa.text(text), values)

    def rechain(self, first: int) -> None:
        """What one with the source would do: number and chain everything anew from an entry on."""
        with self.store.write() as tx:
            query = sa.select(*BODY).where(audit_entry.c.seq >= first).order_by(audit_entry.c.seq)
            before = tx.execute(
                sa.select(audit_entry.c.chain).where(audit_entry.c.seq == first - 1)
            ).scalar()
            store_id = tx.execute(sa.select(store_identity.c.store_id)).scalar_one()
            chain, seq = before or genesis(store_id), first - 1
            for row in tx.execute(query).all():
                seq += 1
                chain = link(chain, "".join(f"\n{value}" for value in row))
                tx.execute(
                    sa.update(audit_entry)
                    .where(audit_entry.c.id == row.id)
                    .values(seq=seq, chain=chain)
                )
            tx.execute(sa.update(audit_head).values(seq=seq, chain=chain))

    def edit(self, change: Callable[[list[bytes]], Iterable[bytes]]) -> None:
        """Change the lines of the checkpoints' one file."""
        (path,) = self.folder.glob("*.jsonl")
        path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))

    def forge(self, change: Callable[[Checkpoint], Checkpoint]) -> None:
        """Write every checkpoint anew, linked and signed with the hub's own key."""
        with self.store.read() as tx:
            seen = {row.seq: row.chain for row in tx.execute(sa.select(audit_entry))}
        made: list[Checkpoint] = []
        previous = ""
        for line in read_log(self.folder).lines:
            fresh = change(replace(line, chain=seen.get(line.seq, line.chain), previous=previous))
            # Where nothing changed the old bytes stay: a signature is another one each time.
            made.append(
                line if replace(fresh, signature=line.signature) == line else sign(fresh, KEY)
            )
            previous = sm3_hex(made[-1].line())
        self.edit(lambda _: [line.line() + b"\n" for line in made])

    # --- the auditor ---

    def outside(self, lines: int | None = None) -> Path:
        """A copy of the checkpoints kept elsewhere: all lines there are now, or the first ones."""
        copy = self.place / f"outside-{len(list(self.place.glob('outside-*')))}"
        shutil.copytree(self.folder, copy)
        if lines is not None:
            (path,) = copy.glob("*.jsonl")
            path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:lines]))
        return copy

    def report(self, *copies: Path) -> AuditReport:
        """What ``hub audit verify`` finds."""
        with self.store.read() as tx:
            return verify(tx, self.checkpoints.log(), KEY.public, [read_log(c) for c in copies])

    def alone(
        self, *copies: Path, proofs: Sequence[Mapping[str, object]] = (), sm3: bool = True
    ) -> tuple[str, ...]:
        """The codes that the stand-alone verifier says, each once; its exit status must fit."""
        auditor = self.place / "auditor"
        shutil.rmtree(auditor, ignore_errors=True)
        auditor.mkdir()
        shutil.copy(str(standalone.__file__), auditor / "verify.py")
        (auditor / "key.pem").write_text(KEY.public.pem())
        shutil.copytree(self.folder, auditor / "checkpoints")
        with self.store.read() as tx:
            export_entries(tx, auditor / "entries.jsonl")
        script = ["verify.py"] if sm3 else ["-c", _WITHOUT_SM3]
        command = [sys.executable, "-I", "-S", *script, "entries.jsonl", "--key", "key.pem"]
        command += ["--checkpoints", "checkpoints"]
        command += [word for copy in copies for word in ("--copy", str(copy))]
        for place, proof in enumerate(proofs):
            (auditor / f"proof-{place}.json").write_text(json.dumps(proof), "utf-8")
            command += ["--proof", f"proof-{place}.json"]
        ran = subprocess.run(command, check=False, cwd=auditor, capture_output=True, text=True)
        assert ran.stderr == ""
        self.said = ran.stdout.splitlines()
        found = {line.split(":")[0] for line in self.said if line.split(":")[0] in STATUS}
        assert self.said[-1] == ("WRONG" if found else "sound")
        assert ran.returncode == (STATUS[min(found)] if len(found) == 1 else min(len(found), 1))
        return tuple(code for code in STATUS if code in found)

    def findings(self, *copies: Path) -> tuple[str, ...]:
        """What both verifiers find, which must be the same."""
        found = self.report(*copies).findings()
        assert self.alone(*copies) == found
        return found


_WITHOUT_SM3 = """
import hashlib, runpy, sys
known = hashlib.new
def new(name, *rest, **more):
    if name == "sm3":
        raise ValueError("unsupported hash type sm3")
    return known(name, *rest, **more)
hashlib.new = new
sys.argv[0] = "verify.py"
runpy.run_path("verify.py", run_name="__main__")
"""
