"""The audit's tables: entries, the head of their chain, and who this database is."""

import sqlalchemy as sa

from hub.store.engine import metadata
from hub.store.types import identity

ACT_LENGTH = 60
ACTOR_LENGTH = 60
SUBJECT_LENGTH = 120
DIGEST_LENGTH = 64

audit_entry = sa.Table(
    "audit_entry",
    metadata,
    sa.Column("id", identity(), primary_key=True),
    sa.Column("instant_us", sa.BigInteger, nullable=False),
    sa.Column("act", sa.String(ACT_LENGTH), nullable=False),
    sa.Column("actor", sa.String(ACTOR_LENGTH), nullable=False),
    sa.Column("subject", sa.String(SUBJECT_LENGTH), nullable=False),
    sa.Column("quantity", sa.BigInteger, nullable=False),
    sa.Column("fen", sa.BigInteger, nullable=False),
    sa.Column("root", sa.String(DIGEST_LENGTH), nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("seq", sa.BigInteger, unique=True),
    sa.Column("chain", sa.String(DIGEST_LENGTH)),
    # The sealer asks for what has no seq yet, oldest first; the tail of this index answers it.
    sa.Index("ix_audit_entry_unsealed", "seq", "id"),
    sa.Index("ix_audit_entry_subject", "subject"),
    sqlite_autoincrement=True,  # an id that was cut off is never given again
)
"""One row per act.  ``seq`` (1, 2, 3 …) and ``chain`` are the sealer's, empty until it comes;
nothing else in a row ever changes.  ``detail`` is JSON text, kept and chained as it stands."""

audit_head = sa.Table(
    "audit_head",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("chain", sa.String(DIGEST_LENGTH), nullable=False),
    sa.Column("turn", sa.BigInteger, nullable=False),
)
"""One row: the last sealed entry.  A sealer holds this row's lock while it works."""

store_identity = sa.Table(
    "store_identity",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("store_id", sa.String(32), nullable=False),
    sa.Column("created_us", sa.BigInteger, nullable=False),
    sa.Column("mark", sa.String(32), nullable=False),
    sa.Column("former_mark", sa.String(32), nullable=False),
)
"""One row: a number for this database, drawn once, and the marks of the last two checkpoints.

Every checkpoint line carries a fresh random mark, written here just before it is written
outside; a copy of the database that is older than the last line does not know its mark."""

store_seat = sa.Table(
    "store_seat",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("beat", sa.String(32), nullable=False),
    sa.Column("former_beat", sa.String(32), nullable=False),
    sa.Column("incarnation", sa.Integer, nullable=False),
    sa.Column("restored_us", sa.BigInteger),
    sa.Column("restored_from", sa.String(200), nullable=False),
)
"""One row: the marks of the last two beats of whoever moves money with this database (see
``seat``), how often it was restored, and from what when no two people have released it yet."""
