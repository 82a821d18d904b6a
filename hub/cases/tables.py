"""The tables of cases.  Instants are µs UTC, days YYYYMMDD, amounts 分.

Forms, file names and file contents are sealed (``hub.store.vault``, kind ``case``); beside them
stand tokens to search by and masked texts to show.
"""

import sqlalchemy as sa

from hub.store import metadata
from hub.store.types import flag, identity, key_text, token

VAULT_KIND = "case"

case = sa.Table(
    "case_head",
    metadata,
    sa.Column("id", identity(), primary_key=True),
    sa.Column("interface", key_text(40), nullable=False),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("door", key_text(16), nullable=False),
    sa.Column("number", key_text(40), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("form_version", sa.String(8), nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("waiting", sa.String(12), nullable=False),
    sa.Column("reason", sa.String(40), nullable=False),
    # The applicant or somebody here wants it withdrawn; the core has not said so yet.
    sa.Column("back_asked", flag(), nullable=False),
    # How often the core was asked about its people.
    sa.Column("asks", sa.Integer, nullable=False),
    sa.Column("subject_token", token(), nullable=False),
    sa.Column("subject_tail", token(), nullable=False),
    sa.Column("name_token", token(), nullable=False),
    sa.Column("subject_mask", sa.String(120), nullable=False),
    sa.Column("received_us", sa.BigInteger, nullable=False),
    sa.Column("received_on", sa.Integer, nullable=False),
    sa.Column("accepted_on", sa.Integer),
    sa.Column("promise_on", sa.Integer),
    sa.Column("moved_us", sa.BigInteger, nullable=False),
    sa.Column("ended_us", sa.BigInteger),
    sa.Column("principal", sa.BigInteger),
    sa.Column("interest", sa.BigInteger),
    sa.Column("month", sa.String(7), nullable=False),
    # The newest version's form; null where only a withdrawal came.
    sa.Column("key_id", sa.BigInteger),
    sa.Column("sealed", sa.LargeBinary),
    sa.UniqueConstraint("interface", "door", "number"),
    sa.Index("ix_case_head_state", "state", "promise_on"),
    sa.Index("ix_case_head_subject", "subject_token"),
    sa.Index("ix_case_head_tail", "subject_tail"),
    sa.Index("ix_case_head_number", "number"),
    sa.Index("ix_case_head_name", "name_token"),
)
"""One row per case of a platform, as its newest version stands."""

case_version = sa.Table(
    "case_version",
    metadata,
    sa.Column("case_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("inbound_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("taken_us", sa.BigInteger, nullable=False),
    # taken | late (a higher version, or the end, was there before) | back (a withdrawal)
    sa.Column("word", sa.String(8), nullable=False),
    sa.Index("ix_case_version_inbound", "inbound_id"),
)
"""What came in for a case; the request itself is kept by the bus."""

attachment = sa.Table(
    "case_attachment",
    metadata,
    sa.Column("id", identity(), primary_key=True),
    sa.Column("case_id", sa.BigInteger, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("place", sa.Integer, nullable=False),
    # The place of the zip it was in; 0 for what came by itself.
    sa.Column("inside", sa.Integer, nullable=False),
    sa.Column("material", sa.String(2), nullable=False),
    sa.Column("media", sa.String(4), nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    # ok | awaited (from the document store) | a problem's code
    sa.Column("word", sa.String(20), nullable=False),
    sa.Column("label_key", sa.BigInteger, nullable=False),
    sa.Column("label", sa.LargeBinary, nullable=False),
    sa.Column("key_id", sa.BigInteger),
    sa.Column("sealed", sa.LargeBinary),
    sa.UniqueConstraint("case_id", "version", "place"),
)
"""The index of attachments, and their bytes.  ``digest`` is SM3; ``label`` the file's name, which
often holds somebody's, and its number in the document store."""

problem = sa.Table(
    "case_problem",
    metadata,
    sa.Column("case_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("place", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("code", sa.String(24), nullable=False),
    sa.Column("text", sa.String(160), nullable=False),
)
"""What is missing or wrong with the newest version, and why."""

step = sa.Table(
    "case_step",
    metadata,
    sa.Column("case_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("place", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("step", sa.String(12), nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("text", sa.String(200), nullable=False),
    sa.Column("lacking", sa.Text, nullable=False),
    sa.Column("promise_days", sa.Integer, nullable=False),
    sa.Column("promise_on", sa.Integer),
    sa.Column("principal", sa.BigInteger),
    sa.Column("interest", sa.BigInteger),
    sa.Column("fed", sa.String(10), nullable=False),
    sa.Column("message_id", sa.BigInteger),
    sa.Column("receipt", sa.String(40), nullable=False),
    sa.Column("fed_us", sa.BigInteger),
    sa.Index("ix_case_step_receipt", "receipt"),
)
"""A case's history, only added to, and how far each step has been told to the platform.
``at_us`` is business time: it is what the platform is told."""

application = sa.Table(
    "case_application",
    metadata,
    sa.Column("id", identity(), primary_key=True),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("number", key_text(32), nullable=False, unique=True),
    sa.Column("subject_token", token(), nullable=False),
    # kind:subject while it lives, null afterwards: the database refuses a second live one.
    sa.Column("live_key", key_text(60), unique=True),
    sa.Column("try_no", sa.Integer, nullable=False),
    sa.Column("subject_mask", sa.String(40), nullable=False),
    # SQZT as the core said it last; empty before it has said anything.
    sa.Column("state", sa.String(2), nullable=False),
    sa.Column("code", sa.String(12), nullable=False),
    sa.Column("reason", sa.String(24), nullable=False),
    # GRZHZT before a sealing or unsealing was carried out, as the core said; empty if it did not.
    sa.Column("was", sa.String(2), nullable=False, server_default=""),
    sa.Column("cancelling", flag(), nullable=False),
    # How often the core was asked about it: only the newest question is followed by another.
    sa.Column("asks", sa.Integer, nullable=False),
    sa.Column("made_us", sa.BigInteger, nullable=False),
    sa.Column("ended_us", sa.BigInteger),
    sa.Column("principal", sa.BigInteger),
    sa.Column("interest", sa.BigInteger),
    sa.Column("key_id", sa.BigInteger, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Index("ix_case_application_subject", "kind", "subject_token"),
    sa.Index("ix_case_application_mask", "subject_mask"),
)
"""An application at the core's registry.  Its number follows from kind, subject and try: an older
copy of this database gives the same one for the same thing."""

link = sa.Table(
    "case_link",
    metadata,
    sa.Column("case_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("application_id", sa.BigInteger, primary_key=True, autoincrement=False),
    # 1 while the case's end is the application's; 0 once the case went another way.
    sa.Column("live", flag(), nullable=False),
    sa.Index("ix_case_link_application", "application_id"),
)
"""Which cases stand behind which applications: two doors may share one."""

visit = sa.Table(
    "case_visit",
    metadata,
    sa.Column("id", identity(), primary_key=True),
    sa.Column("interface", key_text(40), nullable=False),
    # Of the assertion's signature; single use is this column's uniqueness.
    sa.Column("mark", token(), nullable=False),
    sa.Column("key_token", token(), nullable=False, unique=True),
    sa.Column("user_type", sa.String(1), nullable=False),
    sa.Column("number", key_text(40), nullable=False),
    sa.Column("subject_token", token(), nullable=False),
    sa.Column("subject_mask", sa.String(120), nullable=False),
    sa.Column("came_us", sa.BigInteger, nullable=False),
    sa.Column("until_us", sa.BigInteger, nullable=False),
    sa.Column("redeemed_us", sa.BigInteger),
    # Of the hall's request that redeemed it: the very same again gets the same answer.
    sa.Column("redeem_token", token()),
    sa.Column("key_id", sa.BigInteger, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("interface", "mark"),
    sa.Index("ix_case_visit_number", "interface", "number"),
)
"""A browser that a platform signed in: one assertion, one one-time key (``hub.cases.visits``).
``came_us``, ``until_us`` and ``redeemed_us`` are business time, µs UTC."""
