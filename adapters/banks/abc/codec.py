"""ABC's wire ↔ documents: a flag and a length, then ``<ap>`` in GB18030.

Follows ``contracts_spec/banks/abc`` (README.md §2 and §3).  Nothing here calls anybody.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from xml.sax.saxutils import escape

from adapters.kit.exchange import read_xml
from adapters.kit.replies import BadReply
from hub.contracts import Contract
from hub.contracts.documents import XmlElement
from hub.kernel.errors import BadInput
from hub.ports.line import ReplyUnreadable

HEAD = 7
"""Bytes of a frame's head: one of the encryption flag, six of the length."""

LONGEST = 999_999
_PLAIN = b"0"
_HEAD = re.compile(rb"([01])([0-9]{1,6}) *")

Values = Iterable[tuple[str, str]]
"""Element name and text, in the order of the contract's sequence."""


class FrameTooLong(BadInput):
    """The request does not fit into a frame; nothing was sent."""

    code = "abc.frame_too_long"
    hint = "A batch or an inquiry is larger than the contract's limits: a fault of the hub."


@dataclass(frozen=True, slots=True)
class Customer:
    """Who we are at the bank: values of the deployment."""

    corp: str
    operator: str


def request_xml(
    contract: Contract,
    customer: Customer,
    *,
    code: str,
    serial: str,
    auth: str,
    moment: datetime,
    fields: Values,
    rows: Iterable[Mapping[str, str]] = (),
) -> bytes:
    """The body of one request: bytes of the written charset."""
    head = (
        ("CCTransCode", code), ("ProductID", "ICC"), ("ChannelType", "ERP"),
        ("CorpNo", customer.corp), ("OpNo", customer.operator), ("AuthNo", auth),
        ("ReqSeqNo", serial), ("ReqDate", f"{moment:%Y%m%d}"), ("ReqTime", f"{moment:%H%M%S}"),
        ("Sign", ""), ("FileFlag", "0"),
    )  # fmt: skip
    listed = "".join(f"<Row>{_elements(row.items())}</Row>" for row in rows)
    text = f"<ap>{_elements(head)}<Cmp>{_elements(fields)}{listed}</Cmp></ap>"
    return contract.charset.encode(text)


def frame(body: bytes) -> bytes:
    """Head and body.  The length counts bytes: a name's characters have two or four of them."""
    if len(body) > LONGEST:
        raise FrameTooLong(f"{len(body)} bytes, where a frame holds {LONGEST}")
    return _PLAIN + str(len(body)).encode().ljust(HEAD - 1) + body


def body_length(head: bytes) -> int:
    """How many bytes follow a head; ReplyUnreadable for one that is none."""
    found = _HEAD.fullmatch(head)
    if found is None or len(head) != HEAD:
        raise ReplyUnreadable("the head of the answer is no flag and length")
    return int(found[2])


def reply_root(contract: Contract, code: str, reply: bytes) -> XmlElement:
    """The ap element of a framed reply.  Raises BadReply."""
    if reply[:1] != _PLAIN:
        raise BadReply(f"{code}.frame", "an answer that is not encrypted", "加密标志")
    root = read_xml(contract, code, reply[HEAD:])
    if root.tag != "ap":
        raise BadReply(f"{code}.reply", "ap", "another document")
    return root


def _elements(fields: Values) -> str:
    return "".join(f"<{name}>{escape(text)}</{name}>" for name, text in fields)
