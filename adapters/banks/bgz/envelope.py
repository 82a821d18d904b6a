"""The envelope of an answer: read by the contract's parser, held against its schema, opened.

Nothing here calls anybody; zeep is not needed to tell an envelope from a web page.
"""

from dataclasses import dataclass

from adapters.kit.replies import BadReply
from hub.contracts import BadDocument, Contract
from hub.contracts.documents import XmlElement
from hub.contracts.masking import plain_name
from hub.ports.line import Drift, DriftNotes, HttpReply

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
WSA = "http://www.w3.org/2005/08/addressing"
ENVELOPE, HEADER, BODY, FAULT = (
    f"{{{SOAP}}}{name}" for name in ("Envelope", "Header", "Body", "Fault")
)
ITEM = "item"
OK, INTERNAL_ERROR = 200, 500
_XML = "text/xml"


@dataclass(frozen=True, slots=True)
class Opened:
    """``content``: the one element of the body; ``related``: whose answer it says it is;
    ``off``: names of elements whose text is not as the schema says.
    """

    root: XmlElement
    content: XmlElement
    related: str
    off: frozenset[str]

    @property
    def is_fault(self) -> bool:
        """Whether it is a Fault, whatever the HTTP status says."""
        return bool(self.content.tag == FAULT)


def open_reply(contract: Contract, drift: DriftNotes, operation: str, reply: HttpReply) -> Opened:
    """Raises BadReply for what is no SOAP 1.1 envelope with one element in its body.

    A page of a gateway, MIME parts (MTOM), JSON, another charset, a DOCTYPE: none of them is.
    """
    said = reply.headers.get("content-type", "")
    media = said.partition(";")[0].strip().lower()
    if not media:
        drift.note(f"{operation}.http/content-type", _XML, "空白")
    elif media != _XML:
        raise BadReply(f"{operation}.http/content-type", _XML, plain_name(media.rpartition("/")[2]))
    if reply.status not in (OK, INTERNAL_ERROR):
        raise BadReply(f"{operation}.http", "200, or 500 with a Fault", str(reply.status))
    try:
        root = contract.read_xml(reply.body)
    except BadDocument as error:
        raise BadReply(f"{operation}.reply", "XML of the contract's charset", error.found) from None
    place = f"{operation}.reply/Envelope"
    if root.tag != ENVELOPE:
        raise BadReply(f"{operation}.reply", "a SOAP 1.1 Envelope", "another document")
    found = contract.validate_xml(f"{operation}.reply", root)
    for one in found:
        drift.note(one.place, one.expected, one.found)
    body = root.findall(BODY)
    if len(body) != 1 or len(body[0]) != 1:
        raise BadReply(f"{place}/Body", "one element", "none or several")
    related = [one.text or "" for one in root.iterfind(f"{HEADER}/{{{WSA}}}RelatesTo")]
    return Opened(
        root=root,
        content=body[0][0],
        related=related[0].strip() if len(related) == 1 else "",
        off=frozenset(one.place.rsplit("/", 1)[-1] for one in found if not _misplaced(one)),
    )


def _misplaced(drift: Drift) -> bool:
    """Whether it is about where an element stands, not what it says.

    A schema blames the element after one that is missing; that one's text may be in order.
    """
    return drift.found.startswith("element ")
