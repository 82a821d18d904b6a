"""The bus's words: what a message's effect is, what became of an attempt, where a message stands.

They are stored as text, so a word may be added and none may change.
"""

from enum import StrEnum


class Effect(StrEnum):
    """What sending does at the partner, and with it how an unknown answer is settled."""

    READ = "read"
    """Changes nothing: repeated freely, and goes on while the channel is stopped."""

    COMMAND = "command"
    """Idempotent at the partner by contract: an unknown is settled by the same again."""

    MONEY = "money"
    """An unknown is settled only by an inquiry, a result or a statement, never by a repeat."""


class Verdict(StrEnum):
    """What is certain of one attempt (判定)."""

    NOT_SENT = "not_sent"
    DELIVERED = "delivered"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


class MessageState(StrEnum):
    """Where a message stands; the last four are inbound."""

    QUEUED = "queued"
    IN_FLIGHT = "in_flight"
    WAITING = "waiting"  # to be tried again
    DELIVERED = "delivered"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    PARKED = "parked"
    DEAD = "dead"
    CLOSED = "closed"  # a dead letter put away by a person; says nothing about its business
    RECEIVED = "received"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    HANDLED = "handled"


class Rung(StrEnum):
    """How far beyond the partner's door a delivered message is known to be, in rising order."""

    NONE = ""
    ACCEPTED = "accepted"
    HANDED_OVER = "handed_over"
    SEEN = "seen"  # at the destination: name, size, digest
    RECEIPTED = "receipted"
    RESULT = "result"  # the business result is known
    RECONCILED = "reconciled"


class Cause(StrEnum):
    """Why an attempt was made."""

    FIRST = "first"
    RETRY = "retry"  # the one before was surely not sent, or may be repeated freely
    AGAIN = "again"  # the machine's: rule 3, same number and same body after an unknown
    RESEND = "resend"  # a person's, with two people for money


CLAIMABLE = (MessageState.QUEUED, MessageState.WAITING)
"""The states in which a worker may take a message."""
