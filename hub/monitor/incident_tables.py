"""Tables of maintenance, incidents and alerts.  Instants are µs UTC of business time, but for
``ready_us`` of an alert, which is the database's own."""

import sqlalchemy as sa

from hub.store import metadata
from hub.store.types import identity, key_text

works = sa.Table(
    "watch_works",
    metadata,
    sa.Column("id", identity(), primary_key=True),
    # "*": every interface.
    sa.Column("interface", key_text(40), nullable=False),
    sa.Column("from_us", sa.BigInteger, nullable=False),
    sa.Column("until_us", sa.BigInteger, nullable=False),
    sa.Column("why", sa.String(200), nullable=False),
    sa.Column("planned_by", sa.String(64), nullable=False),
    sa.Column("planned_us", sa.BigInteger, nullable=False),
    # From then on it does not count any more.
    sa.Column("cancelled_us", sa.BigInteger),
    sa.Column("cancelled_by", sa.String(64), nullable=False),
    sa.Index("ix_watch_works_until", "until_us"),
)
"""Planned maintenance (计划维护): announced before it begins."""

incident = sa.Table(
    "watch_incident",
    metadata,
    sa.Column("id", identity(), primary_key=True),
    sa.Column("interface", key_text(40), nullable=False),
    sa.Column("name", sa.String(80), nullable=False),
    # The interface while it lasts, null afterwards: one at a time.
    sa.Column("open_key", key_text(40), unique=True),
    sa.Column("effect", sa.String(12), nullable=False),
    sa.Column("level", sa.String(10), nullable=False),
    sa.Column("policy_version", sa.String(20), nullable=False),
    sa.Column("code", sa.String(60), nullable=False),
    sa.Column("detail", sa.String(200), nullable=False),
    sa.Column("begun_us", sa.BigInteger, nullable=False),
    sa.Column("opened_us", sa.BigInteger, nullable=False),
    sa.Column("respond_by_us", sa.BigInteger, nullable=False),
    sa.Column("restore_by_us", sa.BigInteger, nullable=False),
    sa.Column("reminded_us", sa.BigInteger, nullable=False),
    sa.Column("responded_us", sa.BigInteger),
    sa.Column("responded_by", sa.String(64), nullable=False),
    # By which way: page, command, sms, phone.
    sa.Column("responded_way", sa.String(10), nullable=False, server_default=""),
    sa.Column("holder", sa.String(64), nullable=False),
    sa.Column("restored_us", sa.BigInteger),
    sa.Column("resolved_us", sa.BigInteger),
    sa.Column("resolved_by", sa.String(64), nullable=False),
    sa.Column("cause", sa.String(400), nullable=False),
    sa.Column("card", sa.Text, nullable=False),
    sa.Index("ix_watch_incident_name", "interface", "begun_us"),
)
"""A breach of service with its clocks; ``card`` is JSON, as it was when the incident opened."""

incident_line = sa.Table(
    "watch_incident_line",
    metadata,
    sa.Column("id", identity(), primary_key=True),
    sa.Column("incident_id", sa.BigInteger, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.String(10), nullable=False),
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("said", sa.String(600), nullable=False),
    sa.Index("ix_watch_line_incident", "incident_id", "id"),
)
"""What happened to an incident, in order."""

watch_alert = sa.Table(
    "watch_alert",
    metadata,
    sa.Column("id", identity(), primary_key=True),
    sa.Column("incident_id", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.String(8), nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("channel", sa.String(16), nullable=False),
    # Whom it is for; empty: whoever reads the channel.
    sa.Column("person", key_text(32), nullable=False, server_default=""),
    # The bus's message that carries it, once it has been handed over.
    sa.Column("message_id", sa.BigInteger),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("made_us", sa.BigInteger, nullable=False),
    # When it may be delivered; null when it has been.
    sa.Column("ready_us", sa.BigInteger),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("sent_us", sa.BigInteger),
    sa.Column("error", sa.String(200), nullable=False),
    sa.UniqueConstraint("incident_id", "kind", "number", "channel", "person"),
    sa.Index("ix_watch_alert_ready", "ready_us"),
    sa.Index("ix_watch_alert_message", "message_id"),
)
"""The outbox: one row per alert and channel, written in the transaction of what it tells of."""

mark = sa.Table(
    "watch_mark",
    metadata,
    sa.Column("id", identity(), primary_key=True),
    sa.Column("interface", key_text(40), nullable=False),
    sa.Column("from_us", sa.BigInteger, nullable=False),
    sa.Column("until_us", sa.BigInteger, nullable=False),
    sa.Column("klass", sa.String(16), nullable=False),
    sa.Column("why", sa.String(200), nullable=False),
    sa.Column("proposed_by", sa.String(64), nullable=False),
    sa.Column("proposed_party", sa.String(10), nullable=False),
    sa.Column("proposed_us", sa.BigInteger, nullable=False),
    # The other party's yes or no; neither yet: the minutes are undecided.
    sa.Column("answer", sa.String(8), nullable=False),
    sa.Column("answered_by", sa.String(64), nullable=False),
    sa.Column("answered_why", sa.String(200), nullable=False),
    sa.Column("answered_us", sa.BigInteger),
    sa.Index("ix_watch_mark_until", "interface", "until_us"),
)
"""Reclassified minutes (归类): what one party proposes and the other signs or refuses."""
