"""Checkpoint lines: how the witness outside the database is written and read.

A folder holds ``checkpoints-YYYY-MM.jsonl``, one JSON object a line, oldest first, only ever
appended to.  A line names the head of the chain at a moment; it carries the SM3 of the line
before it (``previous``), so that the signature of the last line vouches for all of them.

The signature (SM2, user id 1234567812345678, r‖s in hex) covers the line's JSON without
``signature``: keys sorted, no blanks, UTF-8 unescaped.  A last line without its line feed was
cut short by a crash; it counts as never written and is replaced by the next.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from hub.crypto import Signer, Sm2PublicKey, sm3_hex
from hub.crypto.keyfiles import sync_folder
from hub.kernel.clocks import from_us

VERSION = 1
REGULAR, RESTORED = "regular", "restored"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """One line.  ``seq`` and ``chain`` are the head's, ``unsealed`` entries waited beside it.

    ``mark`` is random and stands in the database too; ``former`` is the mark of the line this one
    goes on from.  ``kind`` is ``regular``, which goes on from the line before; or ``restored``: two
    people accepted an older database, and ``former`` names the newest line that it knew (empty:
    none).  What stands between the two is of the future that was lost.
    """

    number: int
    kind: str
    note: str
    store: str
    seq: int
    chain: str
    unsealed: int
    at_us: int
    mark: str
    former: str
    previous: str
    key: str
    version: int = VERSION
    signature: str = ""

    def signed_bytes(self) -> bytes:
        """What the signature covers."""
        return _json({name: v for name, v in asdict(self).items() if name != "signature"})

    def line(self) -> bytes:
        """The line without its line feed."""
        return _json(asdict(self))

    def signed_by(self, public: Sm2PublicKey) -> bool:
        """Whether this key signed the line."""
        try:
            raw = bytes.fromhex(self.signature)
        except ValueError:
            return False
        return public.verify(self.signed_bytes(), raw)


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def sign(unsigned: Checkpoint, signer: Signer) -> Checkpoint:
    """The same line with its signature."""
    values = asdict(unsigned)
    values["signature"] = signer.sign(unsigned.signed_bytes()).hex()
    return Checkpoint(**values)


@dataclass(slots=True)
class CheckpointLog:
    """All lines that can be read, and what is wrong with the others or with their links."""

    lines: list[Checkpoint] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def last(self) -> Checkpoint | None:
        return self.lines[-1] if self.lines else None

    def newest_known(self, store: str, marks: set[str]) -> Checkpoint | None:
        """The newest line of a database that it knows by one of its marks."""
        mine = (one for one in reversed(self.lines) if one.store == store)
        return next((one for one in mine if one.mark in marks), None)


def read_log(folder: Path) -> CheckpointLog:
    """Every line of the folder, its links checked; signatures are the verifier's business."""
    log = CheckpointLog()
    previous, number = "", 0
    for place, raw in _raw_lines(folder):
        found = _parse(raw)
        if found is None:
            log.faults.append(f"{place}: not a checkpoint line")
        else:
            if found.previous != previous or found.number != number + 1:
                log.faults.append(f"{place}: does not follow the line before it")
            log.lines.append(found)
            number = found.number
        previous = sm3_hex(raw)
    return log


def read_last(folder: Path) -> tuple[Checkpoint, str] | None:
    """The last whole line and its SM3, without reading the others; None when there is none."""
    for path in reversed(_files(folder)):
        raw = _last_line(path)
        if raw:
            found = _parse(raw)
            return None if found is None else (found, sm3_hex(raw))
    return None


def append(folder: Path, checkpoint: Checkpoint) -> None:
    """Write a line durably.  The caller holds the folder's lock.  Raises OSError."""
    files = _files(folder)
    name = f"checkpoints-{from_us(checkpoint.at_us):%Y-%m}.jsonl"
    if files and files[-1].name > name:  # the clock went back: the order of lines comes first
        name = files[-1].name
    path = folder / name
    is_new = not path.exists()
    with path.open("ab") as file:
        whole = _whole_length(path)
        if whole != file.tell():
            file.truncate(whole)
        file.write(checkpoint.line() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    if is_new:
        sync_folder(folder)


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("checkpoints-*.jsonl"))


def _raw_lines(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in _files(folder):
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.endswith(b"\n"):
                    yield f"{path.name} line {number}", line[:-1]


def _tail(path: Path, size: int = 1 << 16) -> tuple[int, bytes]:
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        start = max(0, end - size)
        file.seek(start)
        return start, file.read()


def _whole_length(path: Path) -> int:
    start, tail = _tail(path)
    return start + tail.rfind(b"\n") + 1


def _last_line(path: Path) -> bytes:
    _, tail = _tail(path)
    whole = tail[: tail.rfind(b"\n") + 1].rstrip(b"\n")
    return whole[whole.rfind(b"\n") + 1 :]


def _parse(raw: bytes) -> Checkpoint | None:
    try:
        values = json.loads(raw)
        found = Checkpoint(**values)
    except (ValueError, TypeError):
        return None
    return found if found.line() == raw else None
