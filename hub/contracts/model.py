"""A contract as frozen values.  What each section means stands in ``contract.yaml`` itself."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from hub.contracts import documents, json_schemas, xml_schemas
from hub.contracts.charset import BadText, Charset
from hub.contracts.documents import XmlElement
from hub.contracts.layouts import Layout
from hub.contracts.masking import shape
from hub.kernel.errors import BadInput
from hub.ports.line import Drift

_T = TypeVar("_T")
_CODE_LIKE = re.compile(r"-?[A-Za-z]{0,3}[0-9]{1,6}")


class CodeStatus(StrEnum):
    """What a partner's code means for us; the words of ``hub.ports.bank.RowStatus``."""

    DONE = "done"
    REFUSED = "refused"
    PROCESSING = "processing"
    NOT_FOUND = "not_found"
    UNKNOWN = "unknown"


class CodeRetry(StrEnum):
    """Whether the same thing said again can help; the words of ``hub.kernel.errors.Retry``."""

    NEVER = "never"
    LATER = "later"
    AFTER_REPAIR = "after_repair"
    INQUIRE_FIRST = "inquire_first"


@dataclass(frozen=True, slots=True)
class Code:
    """One code of a table.

    ``final``: the outcome can never change again.  ``known`` is False for a code the table does
    not hold; its status is UNKNOWN and it is never final.  ``reason`` is our word for a refusal,
    ``do`` what an operator does about it, ``extra`` what the contract adds (``kind``).
    """

    code: str
    text: str
    status: CodeStatus
    final: bool
    retry: CodeRetry
    reason: str = ""
    do: str = ""
    known: bool = True
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def shown(self) -> str:
        """The code as pages and errors may show it.

        A code nobody knows is whatever the partner wrote into the field, a name or an account
        too: unless it looks like a code, its shape stands for it.
        """
        return self.code if self.known or _CODE_LIKE.fullmatch(self.code) else shape(self.code)


_Listener = Callable[[str, str], None]
_LISTENER: ContextVar[_Listener | None] = ContextVar("code_listener", default=None)


@contextmanager
def codes_told(listener: _Listener) -> Iterator[None]:
    """``listener(table, code)`` hears every code that is looked up in this thread meanwhile."""
    token = _LISTENER.set(listener)
    try:
        yield
    finally:
        _LISTENER.reset(token)


@dataclass(frozen=True, slots=True)
class CodeTable:
    """One code table: ``place`` says where on the wire its codes stand."""

    name: str
    place: str
    what: str
    codes: Mapping[str, Code]

    def look_up(self, code: str) -> Code:
        """The code's entry; one nobody knows is UNKNOWN and never final."""
        listener = _LISTENER.get()
        if listener is not None:
            listener(self.name, code)
        found = self.codes.get(code)
        if found is not None:
            return found
        return Code(
            code, "", CodeStatus.UNKNOWN, final=False, retry=CodeRetry.INQUIRE_FIRST, known=False
        )


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the wire and how many bytes of the written charset it holds."""

    name: str
    bytes: int
    what: str
    charset: Charset

    def takes(self, text: str) -> bool:
        """Whether the text fits, whole and unaltered."""
        if text.isascii():
            return len(text) <= self.bytes
        try:
            return self.charset.size(text) <= self.bytes
        except BadText:
            return False


@dataclass(frozen=True, slots=True)
class Wire:
    """``format`` xml | json | fixed; ``amount_unit`` fen | yuan; ``extra`` the contract's own."""

    format: str
    charset: Charset
    amount_unit: str
    time_zone: str
    extra: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SftpTerms:
    """How an SFTP door is entered, and what its files are.

    ``user`` names a value of the deployment; ``known_hosts``, ``key`` and ``password`` name
    secrets (empty: not used).  ``names``: the charset of file names.  ``temporary``: the name a
    file has until it is whole, of ``{name}`` and ``{chance}`` (new with every attempt).
    ``read_back``: whether what was put is read again and compared.  ``largest`` in bytes.
    """

    user: str
    known_hosts: str
    key: str
    password: str
    names: Charset
    temporary: str
    read_back: bool
    largest: int


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One door of the partner; its base URL is the deployment's.  ``sftp``: of files; ``folder``:
    a folder of this machine that another program empties, with no server behind it."""

    name: str
    what: str
    path: str
    content_type: str
    sftp: SftpTerms | None = None
    folder: bool = False


@dataclass(frozen=True, slots=True)
class Timing:
    """In seconds.  Not found before ``settle_after_s`` is no reason to send anything again."""

    call_timeout_s: int
    longest_lease_s: int
    settle_after_s: int


@dataclass(frozen=True, slots=True)
class Numbers:
    """``idempotent``: one number has its effect once, however often it is sent."""

    idempotent: bool
    ordered: bool
    extra: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PartnerNames:
    """YHJC or our code of the partner, its Chinese name, and its own extras (bank code 102)."""

    code: str
    name: str
    extra: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class DeploymentKey:
    """A value or secret that hub.toml must give, and what it is.

    ``mock``: what it is where the partner is a mock, ``{name}`` standing for the address of the
    mock's endpoint of that name; the example where it is empty.
    """

    name: str
    what: str
    example: str = ""
    mock: str = ""

    def facing(self, urls: Mapping[str, str]) -> str:
        """The value where the partner's mock listens at ``urls``."""
        try:
            return self.mock.format_map(urls) or self.example
        except KeyError:  # no mock of that door
            return self.example


@dataclass(frozen=True, slots=True)
class Transaction:
    """One transaction; ``operations`` are the port's methods it serves."""

    name: str
    operations: tuple[str, ...]
    effect: bool
    signed: bool
    assumed: bool
    what: str
    extra: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SchemaFile:
    """``kind`` xsd | jsonschema, and the file."""

    name: str
    kind: str
    path: Path


@dataclass(frozen=True, slots=True, eq=False)
class Contract:
    """A whole contract; compare by identity: ``load_contract`` gives one per folder."""

    folder: Path
    interface: str
    name: str
    version: str
    partner: PartnerNames
    wire: Wire
    timing: Timing
    numbers: Numbers
    endpoints: Mapping[str, Endpoint]
    limits: Mapping[str, int]
    hours: Mapping[str, str]
    values: Mapping[str, DeploymentKey]
    secrets: Mapping[str, DeploymentKey]
    transactions: Mapping[str, Transaction]
    schemas: Mapping[str, SchemaFile]
    layouts: Mapping[str, Layout]
    fields: Mapping[str, Field]
    code_tables: Mapping[str, CodeTable]
    extra: Mapping[str, Any]
    effective_from: date | None = None
    """The business day from whose beginning an edition is in force; None: it always was."""

    @property
    def charset(self) -> Charset:
        """The wire's."""
        return self.wire.charset

    def limit(self, name: str) -> int:
        """One of the limits; raises BadInput for a name the contract does not have."""
        return _pick(self.limits, name, "limit", self.interface)

    def field(self, name: str) -> Field:
        """A field by its name on the wire; raises BadInput when the contract has none."""
        return _pick(self.fields, name, "field", self.interface)

    def table(self, name: str) -> CodeTable:
        """A code table; raises BadInput when the contract has none of that name."""
        return _pick(self.code_tables, name, "code table", self.interface)

    def code(self, table: str, code: str) -> Code:
        """A partner's code; one nobody knows is UNKNOWN and never final."""
        return self.table(table).look_up(code)

    def layout(self, name: str) -> Layout:
        """The layout of a fixed-width file; raises BadInput when the contract has none."""
        return _pick(self.layouts, name, "layout", self.interface)

    def transaction(self, name: str) -> Transaction:
        """A transaction by its name on the wire."""
        return _pick(self.transactions, name, "transaction", self.interface)

    def read_xml(self, data: bytes) -> XmlElement:
        """Decode and parse without DOCTYPE, entities or network; raises BadDocument."""
        return documents.read_xml(data, self.charset)

    def read_json(self, data: bytes) -> object:
        """Decode and parse; doubled keys and NaN refused; raises BadDocument."""
        return documents.read_json(data, self.charset)

    def validate_xml(self, schema: str, document: bytes | XmlElement) -> list[Drift]:
        """Where a document differs from its XSD and from the fields' byte lengths."""
        if isinstance(document, bytes):
            try:
                document = self.read_xml(document)
            except documents.BadDocument as error:
                return [Drift(schema, "a readable document", error.found)]
        path = self._schema(schema, "xsd").path
        drifts = xml_schemas.validate(path, schema, document)
        sizes = {name: one.bytes for name, one in self.fields.items()}
        return drifts + xml_schemas.too_long(schema, document, sizes, self.charset)

    def validate_json(self, schema: str, value: object) -> list[Drift]:
        """Where a parsed JSON value differs from its JSON Schema."""
        return json_schemas.validate(self._schema(schema, "jsonschema").path, schema, value)

    def _schema(self, name: str, kind: str) -> SchemaFile:
        found = _pick(self.schemas, name, "schema", self.interface)
        if found.kind != kind:
            raise BadInput(f"{self.interface}: {name} is no {kind}")
        return found


def _pick(things: Mapping[str, _T], name: str, what: str, interface: str) -> _T:
    found = things.get(name)
    if found is None:
        raise BadInput(f"the contract of {interface} has no {what} {name[:40]!r}")
    return found
