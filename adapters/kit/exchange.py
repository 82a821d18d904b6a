"""One exchange of documents, whichever bank: the request held against its schema, the call made,
the reply opened.
"""

from collections.abc import Callable, Iterable, Mapping

from adapters.kit.replies import BadReply, known, refuse
from hub.contracts import BadDocument, Code, CodeStatus, Contract
from hub.contracts.documents import XmlElement
from hub.kernel.errors import BadInput
from hub.ports.line import Drift, HttpReply, Line, ReplyUnreadable

_OK = 200


class RequestOffContract(BadInput):
    """What we were about to send is not what the contract says; nothing was sent."""

    code = "adapter.request_off_contract"
    hint = "See the interface's drift rows: the place named there is a fault of the hub."


def note(line: Line, drifts: Iterable[Drift]) -> None:
    """Note what a schema found."""
    for drift in drifts:
        line.drift.note(drift.place, drift.expected, drift.found)


def check_request(contract: Contract, line: Line, transaction: str, drifts: list[Drift]) -> None:
    """Note where a request is off its schema; RequestOffContract where it would have an effect.

    A question put badly is answered with a refusal; an order put badly might be obeyed.
    """
    note(line, drifts)
    if drifts and contract.transaction(transaction).effect:
        raise RequestOffContract(f"{transaction}: {drifts[0].place}: {drifts[0].expected}")


def post(
    contract: Contract,
    line: Line,
    transaction: str,
    body: bytes,
    *,
    endpoint: str,
    headers: Mapping[str, str] | None = None,
) -> HttpReply:
    """The call of a transaction to an endpoint of the contract; its effect is the contract's.

    ``headers`` are those beside the content type.
    """
    door = contract.endpoints[endpoint]
    return line.post(
        transaction,
        endpoint=door.name,
        path=door.path,
        body=body,
        headers={"content-type": door.content_type, **(headers or {})},
        effect=contract.transaction(transaction).effect,
    )


def framed(
    contract: Contract,
    line: Line,
    transaction: str,
    request: bytes,
    *,
    endpoint: str,
    head: int,
    length_of: Callable[[bytes], int],
) -> bytes:
    """As ``post``, for a frame (Line.exchange); an answer that is no frame is a drift too."""
    try:
        return line.exchange(
            transaction,
            endpoint=contract.endpoints[endpoint].name,
            request=request,
            head=head,
            length_of=length_of,
            effect=contract.transaction(transaction).effect,
        )
    except ReplyUnreadable as error:
        line.drift.note(f"{transaction}.frame", "one frame of the contract", error.message)
        raise


def body_of(transaction: str, reply: HttpReply) -> bytes:
    """The body of an HTTP 200; BadReply for any other status."""
    if reply.status != _OK:
        raise BadReply(f"{transaction}.http", "200", str(reply.status))
    return reply.body


def read_xml(contract: Contract, transaction: str, data: bytes) -> XmlElement:
    """The root of a reply; BadReply for what is no document of the contract's charset."""
    try:
        return contract.read_xml(data)
    except BadDocument as error:
        raise BadReply(
            f"{transaction}.reply", "XML of the contract's charset", error.found
        ) from None


def done_or_refuse(contract: Contract, line: Line, table: str, code: str, place: str) -> Code:
    """The code of the whole reply; PartnerRefused unless its table calls it done."""
    said = known(contract, line, table, code.strip(), place)
    if said.status is not CodeStatus.DONE:
        refuse(said)
    return said
