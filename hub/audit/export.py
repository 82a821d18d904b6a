"""Entries as JSON lines, for the stand-alone verifier and for archives.

The first line tells whose chain it is, what stands before the first entry, which entry the
database calls the last, and the marks of the last checkpoints it knows; the last line, how many
entries there were.  Between them, one object an entry, with the fields of the chain's
definition (``hub.audit.chain``), ``seq`` and ``chain``.  ``detail`` is the text as it was chained.
"""

import json
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.audit.chain import BODY, genesis, read_head, sealed_rows
from hub.audit.identity import read_identity
from hub.audit.sealing import count_unsealed
from hub.audit.tables import audit_entry
from hub.kernel.errors import BadInput, NotFound

FORMAT = "hub.audit.entries/2"
_NAMES = [column.name for column in (*BODY, audit_entry.c.seq, audit_entry.c.chain)]


class NothingSealed(NotFound):
    """There is no sealed entry to export."""

    code = "audit.nothing_sealed"
    hint = "Entries are sealed within seconds while `hub serve` or a worker runs; try again."


def export_entries(tx: Connection, path: Path, *, first: int = 1, last: int | None = None) -> int:
    """Write the sealed entries ``first`` … ``last`` (None: all) to a new file; answers how many.

    Raises NothingSealed, or BadInput when ``first`` does not exist.  The file appears whole.
    """
    known, head = read_identity(tx), read_head(tx)
    if known is None or head is None or head.seq == 0:
        raise NothingSealed
    before = genesis(known.store_id) if first == 1 else _chain_at(tx, first - 1)
    header = {
        "format": FORMAT,
        "store": known.store_id,
        "first": first,
        "before": before,
        "last": last,
        "head": head.seq,
        "head_chain": head.chain,
        "mark": known.mark,
        "former_mark": known.former_mark,
        "unsealed": count_unsealed(tx),
    }
    fresh = path.with_name(path.name + ".new")
    count = 0
    with fresh.open("w", encoding="utf-8", newline="\n") as file:
        file.write(_json(header))
        # Also what stands beyond the head: a lagging head is for the verifier to see.
        for row in sealed_rows(tx, first, last):
            file.write(_json(dict(zip(_NAMES, row, strict=True))))
            count += 1
        file.write(_json({"entries": count}))
    fresh.replace(path)
    return count


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"


def _chain_at(tx: Connection, seq: int) -> str:
    found = tx.execute(sa.select(audit_entry.c.chain).where(audit_entry.c.seq == seq)).scalar()
    if found is None:
        raise BadInput(f"there is no sealed entry {seq} to begin after")
    return str(found)
