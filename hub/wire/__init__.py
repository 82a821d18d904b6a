"""The only door to the network.  Knows no table."""

from hub.ports.line import ReplyTooLong
from hub.wire.framed import FramedLine, FramedPartner
from hub.wire.http import HttpLine, HttpPartner
from hub.wire.partner import SCHEMES, PartnerWire, WireLine
from hub.wire.recorder import CallOutcome, CallRecord, CallRecorder, NoRecorder
from hub.wire.sftp import SftpLine
from hub.wire.sftp_partner import SftpAccess, SftpPartner, sftp_access
from hub.wire.trust import trust_store

__all__ = [
    "SCHEMES",
    "CallOutcome",
    "CallRecord",
    "CallRecorder",
    "FramedLine",
    "FramedPartner",
    "HttpLine",
    "HttpPartner",
    "NoRecorder",
    "PartnerWire",
    "ReplyTooLong",
    "SftpAccess",
    "SftpLine",
    "SftpPartner",
    "WireLine",
    "sftp_access",
    "trust_store",
]
