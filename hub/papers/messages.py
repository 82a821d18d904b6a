"""Which tables of fields a contract's messages make, each printed once and referred to after."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree

from hub.contracts import Contract
from hub.papers.file_rows import column_rows, columns_of
from hub.papers.json_rows import JsonRows
from hub.papers.rows import FieldRow, SchemaNotPrintable, Widths
from hub.papers.xsd_rows import XsdBook, XsdRows

_WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
_SIDES = {"request": ("input", "请求"), "reply": ("output", "应答")}


@dataclass(frozen=True, slots=True)
class FieldTable:
    """A caption, and rows; without rows the caption says where they stand."""

    caption: str
    rows: list[FieldRow] = field(default_factory=list)


class Messages:
    """The field tables of one contract."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._widths = Widths(contract.fields)
        self._printed: dict[tuple[Path, str], str] = {}
        self._columns: set[str] = set()
        self._books: dict[Path, XsdBook] = {}
        self._bodies = self._soap_bodies()
        self._shared = self._shared_files()

    def of(self, schema: str) -> Iterator[FieldTable]:
        """The tables of one schema of the contract, by its name."""
        side = schema.rpartition(".")[2]
        words = _SIDES.get(side, ("", ""))[1]
        caption = f"{schema}{f'（{words}）' if words else ''}"
        body = self._bodies.get(schema)
        if body is not None:
            path, name = body
            yield from self._element(path, name, caption)
            return
        file = self._contract.schemas[schema]
        if file.kind == "xsd":
            book = self._book(file.path)
            for name in book.elements(file.path):
                yield from self._element(file.path, name, caption)
        elif file.kind == "jsonschema":
            yield from self._json(file.path, caption)
        else:
            raise SchemaNotPrintable(f"{schema}: a schema of kind {file.kind}")
        columns = columns_of(self._contract, schema)
        if columns is not None and schema not in self._columns:
            self._columns.add(schema)
            yield FieldTable(f"{schema} 明细记录的各列", list(column_rows(columns, self._widths)))

    def names_of(self, transaction: str) -> list[str]:
        """Schemas of a transaction: those it names, else those called after it."""
        said = self._contract.transactions[transaction].extra
        return self._existing(transaction, said.get("request"), said.get("reply"))

    def inbound(self) -> Iterator[tuple[str, str, str, list[str]]]:
        """What the partner sends of itself: name, what, path, schemas."""
        found = self._contract.extra.get("inbound", {})
        for name, one in found.items() if isinstance(found, dict) else ():
            yield (
                name, str(one.get("what", "")), str(one.get("path", "")),
                self._existing(name, one.get("request"), one.get("reply")),
            )  # fmt: skip

    def rest(self) -> Iterator[FieldTable]:
        """Every message and every global definition of the folder that no transaction printed."""
        for name in self._contract.schemas:
            if name not in self._bodies and self._contract.schemas[name].path not in self._shared:
                yield from (one for one in self.of(name) if one.rows)
        for path in sorted((self._contract.folder / "schemas").glob("*.xsd")):
            book = self._book(path)
            for name in book.elements(path):
                said = f"{path.name} · {name.rpartition('}')[2]}"
                yield from (one for one in self._element(path, name, said) if one.rows)
            attributes = XsdRows(book, self._widths).attributes(path)
            if attributes:
                yield FieldTable(f"{path.name} · 公共属性", attributes)

    def _existing(self, name: str, request: object, reply: object) -> list[str]:
        wanted = (str(request or f"{name}.request"), str(reply or f"{name}.reply"))
        return [one for one in wanted if one in self._contract.schemas]

    def _element(self, path: Path, name: str, caption: str) -> Iterator[FieldTable]:
        known = self._printed.get((path, name))
        if known is not None:
            if known != caption:
                yield FieldTable(f"{caption}：与“{known}”相同")
            return
        self._printed[path, name] = caption
        yield FieldTable(caption, XsdRows(self._book(path), self._widths).of(name))

    def _json(self, path: Path, caption: str) -> Iterator[FieldTable]:
        known = self._printed.get((path, ""))
        if known is not None:
            if known != caption:
                yield FieldTable(f"{caption}：与“{known}”相同")
            return
        self._printed[path, ""] = caption
        yield FieldTable(caption, JsonRows(path, self._widths).rows())

    def _book(self, path: Path) -> XsdBook:
        if path not in self._books:
            self._books[path] = XsdBook.open(path)
        return self._books[path]

    def _shared_files(self) -> set[Path]:
        """Envelopes: the files whose messages' bodies a WSDL tells apart."""
        schemas = self._contract.schemas
        return {schemas[name].path for name in self._bodies if name in schemas}

    def _soap_bodies(self) -> dict[str, tuple[Path, str]]:
        """``Ping.request`` → the file and element of its body, by the contract's WSDL."""
        said = self._contract.wire.extra.get("wsdl")
        if said is None:
            return {}
        path = self._contract.folder / str(said)
        root = etree.parse(path.as_uri(), etree.XMLParser(resolve_entities=False)).getroot()
        files = [
            (path.parent / str(one.get("schemaLocation"))).resolve()
            for one in root.iter("{http://www.w3.org/2001/XMLSchema}import")
        ]
        parts: dict[str, str] = {}
        for message in root.iter(_WSDL + "message"):
            for part in message.iter(_WSDL + "part"):
                prefix, _, local = str(part.get("element")).rpartition(":")
                parts[str(message.get("name"))] = f"{{{part.nsmap[prefix or None]}}}{local}"
        bodies = {}
        for operation in root.iterfind(f"{_WSDL}portType/{_WSDL}operation"):
            for side, (word, _) in _SIDES.items():
                asked = operation.find(_WSDL + word)
                if asked is None:
                    continue
                element = parts[str(asked.get("message")).rpartition(":")[2]]
                file = next(one for one in files if element in self._book(one).elements(one))
                bodies[f"{operation.get('name')}.{side}"] = (file, element)
        return bodies
