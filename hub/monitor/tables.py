"""The watch's tables.  Instants are µs UTC of business time."""

import sqlalchemy as sa

from hub.store import metadata
from hub.store.types import identity, key_text

watch_state = sa.Table(
    "watch_state",
    metadata,
    sa.Column("interface", key_text(40), primary_key=True),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("since_us", sa.BigInteger, nullable=False),
    sa.Column("code", sa.String(60), nullable=False),
    sa.Column("detail", sa.String(200), nullable=False),
    sa.Column("sample_us", sa.BigInteger, nullable=False),
    # A sample that differs and waits for a second one; empty when none does.
    sa.Column("pending", sa.String(12), nullable=False),
    sa.Column("pending_us", sa.BigInteger, nullable=False),
    sa.Column("pending_code", sa.String(60), nullable=False),
    sa.Column("pending_detail", sa.String(200), nullable=False),
    sa.Column("pending_source", sa.String(8), nullable=False),
    sa.Column("probed_us", sa.BigInteger, nullable=False),
    sa.Column("probe_ms", sa.Integer, nullable=False),
    # When real traffic first got through; null: 已连通、未使用.
    sa.Column("used_us", sa.BigInteger),
    # How many misses in a row the channel had when it was last looked at.
    sa.Column("misses", sa.Integer, nullable=False),
)
"""Where each interface stands; made from the flips and the last samples."""

watch_flip = sa.Table(
    "watch_flip",
    metadata,
    sa.Column("id", identity(), primary_key=True),
    sa.Column("interface", key_text(40), nullable=False),
    # Of the first sample that made it; ``made_us`` is when the second one came.
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("made_us", sa.BigInteger, nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("code", sa.String(60), nullable=False),
    sa.Column("detail", sa.String(200), nullable=False),
    sa.Column("source", sa.String(8), nullable=False),
    sa.Index("ix_watch_flip_at", "interface", "at_us"),
)
"""State changes: the truth from which minutes are counted."""

watch_span = sa.Table(
    "watch_span",
    metadata,
    sa.Column("id", identity(), primary_key=True),
    sa.Column("interface", key_text(40), nullable=False),
    sa.Column("from_us", sa.BigInteger, nullable=False),
    sa.Column("until_us", sa.BigInteger, nullable=False),
    # How long the last sample counts: two intervals of its probe.
    sa.Column("good_us", sa.BigInteger, nullable=False),
    sa.Index("ix_watch_span_until", "interface", "until_us"),
)
"""For which times there is evidence: samples that came one after the other, first and last.

The interface ``hub`` is the hub's own life: where it has no span, no hub was there to look.
"""

watch_over = sa.Table(
    "watch_over",
    metadata,
    sa.Column("name", key_text(40), primary_key=True),
    sa.Column("since_us", sa.BigInteger, nullable=False),
)
"""Readings beyond their limits, while they are."""

watch_feed = sa.Table(
    "watch_feed",
    metadata,
    sa.Column("id", identity(), primary_key=True),
    sa.Column("interface", key_text(40), nullable=False),
    sa.Column("feed", key_text(30), nullable=False),
    # What is expected: 2025-10, 20251015, a batch's number.
    sa.Column("subject", key_text(40), nullable=False),
    sa.Column("due_us", sa.BigInteger, nullable=False),
    sa.Column("late_us", sa.BigInteger),
    sa.Column("came_us", sa.BigInteger),
    sa.Column("cause", sa.String(200), nullable=False),
    sa.UniqueConstraint("interface", "feed", "subject"),
    sa.Index("ix_watch_feed_due", "interface", "due_us"),
)
"""What should have come by when, noted once that hour is there; ``late_us``: when it was missed."""
