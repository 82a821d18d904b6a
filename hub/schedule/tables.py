"""The schedule's tables.  Days are integers YYYYMMDD, instants µs UTC.

Business time, which demo and tests move: ``due_us``, ``seen_until_us``, ``since_us``, ``done_us``,
``looked_us``, ``parked_us``.  Leases and the ``_us`` columns beside them are the database's own.
"""

import sqlalchemy as sa

from hub.store import metadata
from hub.store.types import flag, identity, key_text

banking_day = sa.Table(
    "banking_day",
    metadata,
    sa.Column("on_day", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("banking", flag(), nullable=False),
    sa.Column("why", sa.String(60), nullable=False),
    sa.Column("source", sa.String(60), nullable=False),
)
"""Every day of every known year, so that a year is either known whole or not at all."""

job = sa.Table(
    "job",
    metadata,
    sa.Column("code", key_text(60), primary_key=True),
    sa.Column("title", sa.String(80), nullable=False),
    sa.Column("rule_text", sa.String(120), nullable=False),
    # Dues up to here have their rows.
    sa.Column("seen_until_us", sa.BigInteger, nullable=False),
    sa.Column("added_us", sa.BigInteger, nullable=False),
    # Business time of its registration.
    sa.Column("since_us", sa.BigInteger, nullable=False, server_default="0"),
    # The latest due that was done: what the job has opened is read from here alone.
    sa.Column("done_us", sa.BigInteger, nullable=False, server_default="0"),
    # Empty while it is not parked.
    sa.Column("parked_by", sa.String(64), nullable=False, server_default=""),
    sa.Column("parked_why", sa.String(200), nullable=False, server_default=""),
    sa.Column("parked_us", sa.BigInteger),
)

job_due = sa.Table(
    "job_due",
    metadata,
    sa.Column("id", identity(), primary_key=True),
    sa.Column("job", key_text(60), nullable=False),
    sa.Column("due_us", sa.BigInteger, nullable=False),
    sa.Column("state", sa.String(8), nullable=False),
    # Earlier dues that this one stands for (a job that catches up once, not each time).
    sa.Column("stands_for", sa.Integer, nullable=False),
    sa.Column("seen_us", sa.BigInteger, nullable=False),
    # Null when it is not to be claimed any more, which keeps the index small.
    sa.Column("ready_us", sa.BigInteger),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("holder", sa.String(120)),
    sa.Column("lease_until_us", sa.BigInteger),
    sa.Column("started_us", sa.BigInteger),
    sa.Column("ended_us", sa.BigInteger),
    sa.Column("note", sa.String(200), nullable=False),
    # Business time at which the row was made: later than due_us by as long as nobody looked.
    sa.Column("looked_us", sa.BigInteger, nullable=False, server_default="0"),
    # Who started or skipped it by hand, and why; empty for what the rule made.
    sa.Column("asked_by", sa.String(64), nullable=False, server_default=""),
    sa.Column("why", sa.String(200), nullable=False, server_default=""),
    sa.UniqueConstraint("job", "due_us"),
    sa.Index("ix_job_due_ready", "ready_us", "due_us"),
)
"""``UNIQUE(job, due_us)``: two processes that both see a due make one row."""

lease = sa.Table(
    "lease",
    metadata,
    sa.Column("name", key_text(60), primary_key=True),
    sa.Column("holder", sa.String(120), nullable=False),
    sa.Column("epoch", sa.BigInteger, nullable=False),
    sa.Column("until_us", sa.BigInteger, nullable=False),
    sa.Column("taken_us", sa.BigInteger, nullable=False),
)
"""Who does what only one process may do at a time."""
