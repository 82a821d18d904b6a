"""BOC's wire ↔ documents: ``<bocb2e>`` in UTF-8, the request's body inside two envelopes.

Follows ``contracts_spec/banks/boc`` (README.md §2 to §4).  Nothing here calls anybody.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape

from adapters.kit.exchange import read_xml
from adapters.kit.replies import BadReply, values
from hub.contracts import Contract
from hub.contracts.documents import XmlElement

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'

Values = Iterable[tuple[str, str]]
"""Element name and text, in the order of the contract's sequence; a name may stand again."""


@dataclass(frozen=True, slots=True)
class Customer:
    """Who we are at the bank: values of the deployment."""

    termid: str
    custid: str
    cusopr: str


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply's head, its code, and its body (None where the bank refused)."""

    head: Mapping[str, str]
    code: str
    body: XmlElement | None


def request_xml(
    contract: Contract,
    customer: Customer,
    *,
    code: str,
    serial: str,
    token: str,
    body: Values,
    rows: Iterable[Values] = (),
) -> bytes:
    """One request: bytes of the written charset."""
    head = (
        ("termid", customer.termid),
        ("trnid", serial),
        ("custid", customer.custid),
        ("cusopr", customer.cusopr),
        ("trncod", code),
        ("token", token),
    )
    root = "".join(f' {name}="{text}"' for name, text in contract.wire.extra["root"].items())
    inside = _elements(body) + "".join(f"<detail>{_elements(row)}</detail>\n" for row in rows)
    text = (
        f"{DECLARATION}<bocb2e{root}><head>{_elements(head)}</head><trans><trn-{code}-rq>"
        f"<{code}-rq>{inside}</{code}-rq></trn-{code}-rq></trans></bocb2e>"
    )
    return contract.charset.encode(text)


def open_reply(contract: Contract, code: str, data: bytes) -> tuple[XmlElement, Reply]:
    """The whole tree and what is in it.  Raises BadReply."""
    root = read_xml(contract, code, data)
    head, around = root.find("head"), root.find(f"trans/trn-{code}-rs")
    if root.tag != "bocb2e" or head is None or around is None:
        raise BadReply(f"{code}.reply", f"bocb2e/trans/trn-{code}-rs", "another document")
    said = (around.findtext("status/rspcod") or "").strip()
    return root, Reply(values(head), said, around.find(f"{code}-rs"))


def _elements(fields: Values) -> str:
    return "".join(f"<{name}>{escape(text)}</{name}>" for name, text in fields)
