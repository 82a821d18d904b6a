"""The only door to the network.  Knows no table."""

from hub.wire.http import HttpLine, HttpPartner, ReplyTooLong, trust_store
from hub.wire.recorder import CallOutcome, CallRecord, CallRecorder, NoRecorder

__all__ = [
    "CallOutcome",
    "CallRecord",
    "CallRecorder",
    "HttpLine",
    "HttpPartner",
    "NoRecorder",
    "ReplyTooLong",
    "trust_store",
]
