"""The control port's wire ↔ documents: eight digits of length, then ``<MSG>`` in GB18030.

Follows ``contracts_spec/banks/gznx`` (README.md §2 and §3).  Nothing here calls anybody.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from xml.sax.saxutils import escape

from adapters.kit.exchange import read_xml
from adapters.kit.replies import BadReply
from hub.contracts import Contract
from hub.contracts.documents import XmlElement
from hub.ports.line import ReplyUnreadable

HEAD = 8
"""Bytes of a frame's head: the length of what follows, in digits, zeros before them."""

DECLARATION = '<?xml version="1.0" encoding="GB18030"?>\n'
_LENGTH = re.compile(rb"[0-9]{8}")

Values = Mapping[str, str]
"""Element name → text, in the order of the contract's sequence."""


def request_xml(
    contract: Contract,
    *,
    org: str,
    code: str,
    serial: str,
    moment: datetime,
    body: Values,
    rows: Iterable[Values] = (),
) -> bytes:
    """The body of one request: bytes of the written charset."""
    head = {
        "ORG_NO": org, "SEQ_NO": serial, "TX_CODE": code, "SEND_TIME": f"{moment:%Y%m%d%H%M%S}",
    }  # fmt: skip
    listed = "".join(f"<LIST>{_elements(row)}</LIST>\n" for row in rows)
    text = f"<MSG><HEAD>{_elements(head)}</HEAD><BODY>{_elements(body)}{listed}</BODY></MSG>"
    return contract.charset.encode(DECLARATION + text)


def frame(body: bytes) -> bytes:
    """Head and body.  The length counts bytes: a name's characters have two or four of them."""
    return f"{len(body):08d}".encode("ascii") + body


def body_length(head: bytes) -> int:
    """How many bytes follow a head; ReplyUnreadable for one that is none."""
    if not _LENGTH.fullmatch(head):
        raise ReplyUnreadable("the head of the answer is no length of eight digits")
    return int(head)


def reply_root(contract: Contract, code: str, reply: bytes) -> XmlElement:
    """The MSG element of a framed reply.  Raises BadReply."""
    root = read_xml(contract, code, reply[HEAD:])
    if root.tag != "MSG":
        raise BadReply(f"{code}.reply", "MSG", "another document")
    return root


def _elements(fields: Values) -> str:
    return "".join(f"<{name}>{escape(text)}</{name}>" for name, text in fields.items())
