"""CCB's wire ↔ documents: ``requestXml=`` with XML in GB18030, and the plain XML that answers.

Follows ``contracts_spec/banks/ccb`` (README.md §2 to §4).  Nothing here calls anybody.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape

from adapters.kit.exchange import read_xml
from adapters.kit.forms import quoted
from adapters.kit.replies import BadReply
from hub.contracts import Contract
from hub.contracts.documents import XmlElement

DECLARATION = '<?xml version="1.0" encoding="GB2312" standalone="yes"?>\n'
FIELD = "requestXml"

Values = Mapping[str, str]
"""Element name → text, in the order of the contract's sequence."""


@dataclass(frozen=True, slots=True)
class Customer:
    """Who we are at the bank: values of the deployment."""

    cust_id: str
    user_id: str


def request_xml(
    contract: Contract,
    customer: Customer,
    *,
    code: str,
    serial: str,
    password: str,
    info: Values,
    rows: Iterable[Values] = (),
) -> bytes:
    """One request: bytes of the written charset."""
    head = {
        "REQUEST_SN": serial,
        "CUST_ID": customer.cust_id,
        "USER_ID": customer.user_id,
        "PASSWORD": password,
        "TX_CODE": code,
        "LANGUAGE": "CN",
    }
    body = _elements(info) + "".join(f"<LIST>{_elements(row)}</LIST>\n" for row in rows)
    text = f"{DECLARATION}<TX>{_elements(head)}<TX_INFO>{body}</TX_INFO></TX>"
    return contract.charset.encode(text)


def form(xml: bytes) -> bytes:
    """The body that is posted."""
    return FIELD.encode("ascii") + b"=" + quoted(xml)


def reply_root(contract: Contract, code: str, body: bytes) -> XmlElement:
    """The TX element of a reply.  Raises BadReply."""
    root = read_xml(contract, code, body)
    if root.tag != "TX":
        raise BadReply(f"{code}.reply", "TX", "another document")
    return root


def _elements(fields: Values) -> str:
    return "".join(f"<{name}>{escape(text)}</{name}>" for name, text in fields.items())
