"""SOAP 1.1 by zeep: envelopes written, heads and faults read, by the WSDL that ships.

zeep is never near the network: its transport reads the contract's folder and refuses all else,
and what it parses has been through the contract's own parser.  Rows do not pass through it: its
objects take about forty times as long as the bare tree to read, ten to write
(``tests/adapters/bgz/bench.py``), so rows are read and written as elements beside it.

Importing zeep costs over half a second: this module is imported by the first call.
"""

from collections.abc import Collection, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from lxml import etree
from zeep import Client, Settings, xsd
from zeep import exceptions as zeep_errors
from zeep.wsdl.utils import get_or_create_header
from zeep.wsse.username import UsernameToken

from adapters.banks.bgz.envelope import BODY, ENVELOPE, ITEM, OK, WSA
from adapters.kit.replies import BadReply
from hub.contracts import Contract
from hub.contracts.documents import XmlElement
from hub.kernel.errors import Misconfigured

_NOT_OF_ITS_TYPE = (ArithmeticError, ValueError, TypeError, zeep_errors.Error)
"""What zeep lets through of a text that is no decimal, date or integer."""

# zeep ships without types of its functions: what comes from it is checked where it is used.
_client: Any = Client
_username_token: Any = UsernameToken
_header: Any = get_or_create_header


class NotInPackage(Misconfigured):
    """The WSDL or one of its schemas names a file outside the contract's folder."""

    code = "bgz.not_in_package"
    hint = "WSDL and XSD are read from the release alone; correct the import in schemas/."


class PackageFiles:
    """zeep's transport: files of one folder, nothing else, no socket."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    def load(self, url: object) -> bytes:
        """A file's bytes; raises NotInPackage for an address or another folder."""
        path = Path(str(url)).resolve()
        if path.parent != self._folder:
            raise NotInPackage(f"not a file of {self._folder.name}: {str(url)[:80]!r}")
        return path.read_bytes()

    def post_xml(self, address: object, *_: object) -> None:
        """Never: calls go through the line.  Raises NotInPackage."""
        raise NotInPackage(f"zeep may not call {str(address)[:80]!r}")

    get = post = post_xml


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, once: ``nonce`` and ``message_id`` are never used again; ``created`` is aware."""

    username: str
    password: str = field(repr=False)
    nonce: str
    created: datetime
    message_id: str


@dataclass(frozen=True, slots=True)
class SoapFault:
    """``kind``: faultcode without its prefix; ``code``: the bank's own in ``detail``, or empty."""

    kind: str
    code: str


@dataclass(frozen=True, slots=True)
class _Reply:
    """As much of an HTTP answer as zeep looks at."""

    content: bytes
    status_code: int = OK
    encoding: str = "utf-8"
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "text/xml"})


class Soap:
    """One contract's WSDL, read once; may serve several threads."""

    def __init__(self, contract: Contract) -> None:
        wsdl = (contract.folder / str(contract.wire.extra["wsdl"])).resolve()
        settings = Settings(forbid_dtd=True, forbid_entities=True, forbid_external=True)
        self._client = _client(str(wsdl), transport=PackageFiles(wsdl.parent), settings=settings)
        # A field that a head lacks is None; which ones may not be is for the operation to say.
        settings.strict = False
        self._namespace = str(contract.wire.extra["namespace"])
        (self._binding,) = self._client.wsdl.bindings.values()
        self._fields = {
            name: [one for one, _ in self._binding.get(name).output.body.type.elements]
            for name in contract.transactions
        }

    def action(self, operation: str) -> str:
        """The SOAPAction header's value, in its quotes."""
        return f'"{self._binding.get(operation).soapaction}"'

    def request(
        self,
        operation: str,
        caller: Caller,
        head: Mapping[str, object],
        rows: Iterable[Mapping[str, str]] = (),
    ) -> XmlElement:
        """The envelope of one request.  ``rows`` become ``item`` elements, in their order."""
        items = list(rows)
        given = {**head, ITEM: xsd.SkipValue} if items else head
        made: Any = self._client.create_message(self._client.service, operation, **given)
        envelope: XmlElement = made
        header = _header(envelope)
        addressed = {"Action": self.action(operation).strip('"'), "MessageID": caller.message_id}
        for name, text in addressed.items():
            etree.SubElement(header, f"{{{WSA}}}{name}", nsmap={"wsa": WSA}).text = text
        _username_token(
            caller.username, caller.password, use_digest=True, nonce=caller.nonce,
            created=caller.created.astimezone(UTC), zulu_timestamp=True,
        ).apply(envelope, {})  # fmt: skip
        body = envelope[-1][0]
        for fields in items:
            row = etree.SubElement(body, ITEM)
            for name, text in fields.items():
                etree.SubElement(row, name).text = text
        return envelope

    def response_tag(self, operation: str) -> str:
        """The element that answers."""
        return f"{{{self._namespace}}}{operation}Response"

    def head(self, operation: str, response: XmlElement, off: Collection[str]) -> dict[str, Any]:
        """A response's own fields in their types (int, date, Decimal, …); one it lacks is None.

        One that is ``off`` its schema, stands twice or has children says nothing either; what the
        WSDL does not know is left out.  Raises BadReply for a text that is not of its type.
        """
        once: dict[object, list[XmlElement]] = {}
        for child in response:
            if child.tag != ITEM and child.tag not in off:
                once.setdefault(child.tag, []).append(child)
        envelope = etree.Element(ENVELOPE)
        body = etree.SubElement(etree.SubElement(envelope, BODY), response.tag)
        for name in self._fields[operation]:
            found = once.get(name, [])
            if len(found) == 1 and not len(found[0]):
                body.append(deepcopy(found[0]))
        try:
            said = self._process(operation, envelope)
        except _NOT_OF_ITS_TYPE as error:
            name = type(error).__name__
            raise BadReply(f"{operation}.reply", "fields of their types", name) from None
        return {name: getattr(said, name, None) for name in self._fields[operation]}

    def fault(self, operation: str, envelope: XmlElement) -> SoapFault:
        """What a Fault says, its texts left out: they may name a person."""
        try:
            self._process(operation, envelope)
        except zeep_errors.Fault as fault:
            path = f"{{{self._namespace}}}ServiceFault/code"
            code = None if fault.detail is None else fault.detail.findtext(path)
            kind = str(fault.code or "").strip().rpartition(":")[2]
            return SoapFault(kind, (code or "").strip())
        raise BadReply(f"{operation}.reply/Envelope/Body", "a Fault", "none")

    def _process(self, operation: str, envelope: XmlElement) -> Any:
        """zeep's reading of a reply; Any: its objects have no types."""
        reply = _Reply(etree.tostring(envelope, encoding="utf-8"))
        return self._binding.process_reply(self._client, self._binding.get(operation), reply)


@cache
def load_soap(contract: Contract) -> Soap:
    """The contract's; read once per process."""
    return Soap(contract)
