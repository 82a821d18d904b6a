"""BCM's wire ↔ documents: ``<ap><head>…</head><body>…`` in GB18030, which the bank calls GBK.

Follows ``contracts_spec/banks/bcm`` (README.md §2, §3).  Nothing here calls anybody.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from xml.sax.saxutils import escape

from adapters.kit.exchange import read_xml
from adapters.kit.replies import BadReply, values
from hub.contracts import Contract
from hub.contracts.documents import XmlElement

DECLARATION = '<?xml version="1.0" encoding="GBK"?>\n'


@dataclass(frozen=True, slots=True)
class Customer:
    """Who we are at the bank: values of the deployment."""

    corp_no: str
    user_no: str


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply's head, and its body's fields (None where the bank did not take the request)."""

    head: Mapping[str, str]
    body: Mapping[str, str] | None


def request_xml(
    contract: Contract,
    customer: Customer,
    *,
    code: str,
    serial: str,
    at: datetime,
    body: Mapping[str, str],
) -> bytes:
    """One request: bytes of the written charset."""
    head = {
        "tr_code": code,
        "corp_no": customer.corp_no,
        "user_no": customer.user_no,
        "req_no": serial,
        "tr_acdt": f"{at:%Y%m%d}",
        "tr_time": f"{at:%H%M%S}",
        "atom_tr_count": "1",
        "channel": "0",
        "reserved": "",
    }
    text = f"{DECLARATION}<ap><head>{_elements(head)}</head><body>{_elements(body)}</body></ap>"
    return contract.charset.encode(text)


def open_reply(contract: Contract, code: str, data: bytes) -> tuple[XmlElement, Reply]:
    """The whole tree and what is in it.  Raises BadReply."""
    root = read_xml(contract, code, data)
    head, body = root.find("head"), root.find("body")
    if root.tag != "ap" or head is None:
        raise BadReply(f"{code}.reply", "ap/head", "another document")
    return root, Reply(values(head), None if body is None else values(body))


def _elements(fields: Mapping[str, str]) -> str:
    return "".join(f"<{name}>{escape(text)}</{name}>" for name, text in fields.items())
