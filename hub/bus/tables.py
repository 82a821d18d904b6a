"""The bus's tables.  Instants are µs UTC of the database's clock; amounts are 分.

Payloads, requests and replies are sealed (``hub.store.vault``, kind ``message``): names and
account numbers stand here in no clear text.
"""

import sqlalchemy as sa

from hub.store import metadata
from hub.store.types import flag, identity, key_text

channel = sa.Table(
    "bus_channel",
    metadata,
    sa.Column("interface", key_text(40), primary_key=True),
    sa.Column("stopped", flag(), nullable=False),
    sa.Column("stopped_us", sa.BigInteger),
    sa.Column("stopped_by", sa.String(64), nullable=False),
    sa.Column("stopped_why", sa.String(200), nullable=False),
    # While the partner cannot be reached the whole channel rests until then.
    sa.Column("misses", sa.Integer, nullable=False),
    sa.Column("rest_until_us", sa.BigInteger, nullable=False),
    # Which of the partner's addresses: 0 the primary, 1 the first on standby.
    sa.Column("place", sa.Integer, nullable=False, server_default="0"),
    sa.Column("place_us", sa.BigInteger),
    sa.Column("place_by", sa.String(64), nullable=False, server_default=""),
    sa.Column("place_why", sa.String(200), nullable=False, server_default=""),
)
"""One row per interface.  Claiming locks it, so nothing starts after a stop has committed."""

message = sa.Table(
    "bus_message",
    metadata,
    sa.Column("id", identity(), primary_key=True),
    sa.Column("interface", key_text(40), nullable=False),
    sa.Column("kind", key_text(40), nullable=False),
    sa.Column("msg_key", key_text(80), nullable=False),
    sa.Column("effect", sa.String(8), nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("rung", sa.String(12), nullable=False),
    sa.Column("msg_group", key_text(60), nullable=False),
    sa.Column("subject", sa.String(120), nullable=False),
    sa.Column("vault_month", sa.String(7), nullable=False),
    sa.Column("contract_version", sa.String(20), nullable=False),
    sa.Column("items", sa.Integer, nullable=False),
    sa.Column("fen", sa.BigInteger, nullable=False),
    sa.Column("endless", flag(), nullable=False),
    sa.Column("try_no", sa.Integer, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("maybe_sent", flag(), nullable=False),
    # Why the next attempt will be made, and by whose order: copied into it when it starts.
    sa.Column("cause", sa.String(8), nullable=False),
    sa.Column("ordered_by", sa.String(64), nullable=False),
    sa.Column("ordered_why", sa.String(200), nullable=False),
    sa.Column("parked_by", sa.String(64), nullable=False),
    sa.Column("created_us", sa.BigInteger, nullable=False),
    sa.Column("queued_us", sa.BigInteger, nullable=False),
    # When it may be claimed; null unless queued or waiting, which keeps the index small.
    sa.Column("ready_us", sa.BigInteger),
    sa.Column("ended_us", sa.BigInteger),
    sa.Column("holder", sa.String(120)),
    sa.Column("lease_until_us", sa.BigInteger),
    sa.Column("error_code", sa.String(60), nullable=False),
    sa.Column("error_text", sa.String(200), nullable=False),
    sa.Column("key_id", sa.BigInteger, nullable=False),
    sa.Column("payload", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("interface", "kind", "msg_key"),
    sa.Index("ix_bus_message_ready", "interface", "ready_us", "id"),
    sa.Index("ix_bus_message_state", "state", "interface"),
    sa.Index("ix_bus_message_group", "msg_group", "state"),
)
"""The intent: what is to reach one destination at once."""

attempt = sa.Table(
    "bus_attempt",
    metadata,
    sa.Column("message_id", sa.BigInteger, primary_key=True),
    sa.Column("try_no", sa.Integer, primary_key=True),
    sa.Column("parent_no", sa.Integer),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("holder", sa.String(120), nullable=False),
    sa.Column("cause", sa.String(8), nullable=False),
    sa.Column("ordered_by", sa.String(64), nullable=False),
    sa.Column("ordered_why", sa.String(200), nullable=False),
    sa.Column("started_us", sa.BigInteger, nullable=False),
    sa.Column("ended_us", sa.BigInteger),
    sa.Column("verdict", sa.String(10), nullable=False),
    # A reply that came after the lease was lost: kept as evidence, applied by nobody.
    sa.Column("late", flag(), nullable=False),
    sa.Column("error_code", sa.String(60), nullable=False),
    sa.Column("error_text", sa.String(400), nullable=False),
    sa.Column("place", sa.Integer, nullable=False, server_default="0"),
)
"""The try: stored before anything is sent.  ``verdict`` is empty while it is in flight."""

call = sa.Table(
    "bus_call",
    metadata,
    sa.Column("message_id", sa.BigInteger, primary_key=True),
    sa.Column("try_no", sa.Integer, primary_key=True),
    sa.Column("call_no", sa.Integer, primary_key=True),
    sa.Column("step", sa.String(40), nullable=False),
    sa.Column("effect", flag(), nullable=False),
    sa.Column("target", sa.String(200), nullable=False),
    sa.Column("started_us", sa.BigInteger, nullable=False),
    sa.Column("ended_us", sa.BigInteger, nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("outcome", sa.String(10), nullable=False),
    sa.Column("error", sa.String(200), nullable=False),
    sa.Column("key_id", sa.BigInteger, nullable=False),
    sa.Column("request", sa.LargeBinary, nullable=False),
    sa.Column("reply", sa.LargeBinary, nullable=False),
    sa.Column("place", sa.Integer, nullable=False, server_default="0"),
)
"""What was said on the wire, one row per call of an attempt."""

drift = sa.Table(
    "bus_drift",
    metadata,
    sa.Column("id", identity(), primary_key=True),
    sa.Column("interface", key_text(40), nullable=False),
    sa.Column("contract_version", sa.String(20), nullable=False),
    sa.Column("place", key_text(120), nullable=False),
    sa.Column("expected", key_text(120), nullable=False),
    sa.Column("found", key_text(120), nullable=False),
    sa.Column("seen", sa.BigInteger, nullable=False),
    sa.Column("first_us", sa.BigInteger, nullable=False),
    sa.Column("last_us", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("interface", "contract_version", "place", "expected", "found"),
)
"""Where what was said differs from the contract, and how often."""

alert = sa.Table(
    "bus_alert",
    metadata,
    sa.Column("id", identity(), primary_key=True),
    sa.Column("interface", key_text(40), nullable=False),
    sa.Column("kind", sa.String(20), nullable=False),
    # interface:kind while it lasts, null afterwards: one open alert of a kind at a time.
    sa.Column("open_key", key_text(64), unique=True),
    sa.Column("begun_us", sa.BigInteger, nullable=False),
    sa.Column("ended_us", sa.BigInteger),
    sa.Column("detail", sa.String(200), nullable=False),
)
"""One row when trouble begins, the same row when it ends."""

inbound = sa.Table(
    "bus_inbound",
    metadata,
    sa.Column("id", identity(), primary_key=True),
    sa.Column("interface", key_text(40), nullable=False),
    sa.Column("kind", key_text(40), nullable=False),
    sa.Column("sender_id", key_text(80), nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("vault_month", sa.String(7), nullable=False),
    sa.Column("received_us", sa.BigInteger, nullable=False),
    sa.Column("answered_us", sa.BigInteger),
    sa.Column("handled_us", sa.BigInteger),
    sa.Column("repeats", sa.Integer, nullable=False),
    sa.Column("conflicts", sa.Integer, nullable=False),
    sa.Column("answer_code", sa.String(40), nullable=False),
    sa.Column("why", sa.String(200), nullable=False),
    sa.Column("key_id", sa.BigInteger, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("answer_key", sa.BigInteger),
    sa.Column("answer", sa.LargeBinary),
    # ``body`` is what it says, by which repeats are told; ``raw`` the request's own bytes.
    sa.Column("contract_version", sa.String(20), nullable=False, server_default=""),
    sa.Column("raw_key", sa.BigInteger),
    sa.Column("raw", sa.LargeBinary),
    sa.UniqueConstraint("interface", "kind", "sender_id"),
    sa.Index("ix_bus_inbound_state", "state", "interface", "id"),
)
"""What came in: stored before it is answered, its id good for as long as the ledger is kept."""

nonce = sa.Table(
    "bus_nonce",
    metadata,
    sa.Column("interface", key_text(40), primary_key=True),
    sa.Column("nonce", key_text(64), primary_key=True),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("until_us", sa.BigInteger, nullable=False),
    sa.Index("ix_bus_nonce_until", "interface", "until_us"),
)
"""Nonces of believed requests, and over which bytes they came; gone after the contract's time."""

expiry = sa.Table(
    "bus_expiry",
    metadata,
    sa.Column("id", identity(), primary_key=True),
    sa.Column("interface", key_text(40), nullable=False),
    sa.Column("kind", key_text(24), nullable=False),
    sa.Column("name", key_text(120), nullable=False),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    # 0: it does not end by itself.
    sa.Column("expires_us", sa.BigInteger, nullable=False),
    sa.Column("seen_us", sa.BigInteger, nullable=False),
    sa.Column("changed_us", sa.BigInteger),
    sa.UniqueConstraint("interface", "kind", "name"),
)
"""Certificates, keys and what else ends on a day: ours, and what servers showed in calls."""
