"""What a contract says, part by part, as plain values: for pages that show it."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from hub.contracts import Contract, contract_files
from hub.crypto import sm3_hex
from hub.papers.file_rows import files_of, layout_rows, sheet_rows
from hub.papers.messages import FieldTable, Messages
from hub.papers.rows import Widths
from hub.papers.said import SaidFile
from hub.papers.samples import Sample, samples_of
from hub.papers.sections import KNOWN, transport_of

LIMITS = ("timing", "limits", "numbers", "hours")


@dataclass(frozen=True, slots=True)
class Exchange:
    """One operation: its ``name`` on the wire, the port's methods it serves, its field tables.
    ``path``: where the partner calls us, for what it sends of itself."""

    name: str
    what: str
    operations: tuple[str, ...]
    effect: bool
    assumed: bool
    path: str
    tables: tuple[FieldTable, ...]


@dataclass(frozen=True, slots=True)
class Saying:
    """One key of a section: where it stands, what it is called, its value, what is noted."""

    path: str
    label: str
    value: str
    note: str


@dataclass(frozen=True, slots=True)
class SpecFile:
    """One file of the contract's folder; ``sm3`` in hex."""

    path: str
    size: int
    sm3: str


@dataclass(frozen=True, slots=True)
class Outline:
    """A whole contract.  ``sections`` by name in their order; ``changes`` and ``rules`` are
    Markdown."""

    exchanges: tuple[Exchange, ...]
    rest: tuple[FieldTable, ...]
    sections: dict[str, tuple[Saying, ...]]
    samples: tuple[Sample, ...]
    changes: str
    rules: str
    files: tuple[SpecFile, ...]


@lru_cache(maxsize=64)
def outline(contract: Contract) -> Outline:
    """Read once per contract and process.  Raises SchemaNotPrintable."""
    messages = Messages(contract)
    exchanges = tuple(_exchanges(contract, messages))
    folder = contract.folder
    return Outline(
        exchanges,
        (*_files(contract), *messages.rest()),
        dict(_sections(contract)),
        tuple(samples_of(folder / "samples", contract.charset)),
        _prose(contract, "CHANGES.md"),
        _prose(contract, "README.md"),
        tuple(
            SpecFile(path.relative_to(folder).as_posix(), len(data), sm3_hex(data))
            for path in contract_files(folder)
            for data in [path.read_bytes()]
        ),
    )


def _exchanges(contract: Contract, messages: Messages) -> Iterator[Exchange]:
    for one in contract.transactions.values():
        yield Exchange(
            one.name, one.what, one.operations, one.effect, one.assumed, "",
            _tables(messages, messages.names_of(one.name)),
        )  # fmt: skip
    for name, what, path, schemas in messages.inbound():
        yield Exchange(name, what, (), False, False, path, _tables(messages, schemas))


def _tables(messages: Messages, schemas: list[str]) -> tuple[FieldTable, ...]:
    return tuple(table for name in schemas for table in messages.of(name))


def _files(contract: Contract) -> Iterator[FieldTable]:
    """Files of rows and of fixed widths."""
    widths = Widths(contract.fields)
    for name, one in files_of(contract).items():
        said = f"{name} {one.get('what', '')} {one.get('folder', '')}/{one.get('name', '')}"
        yield FieldTable(said, list(sheet_rows(one, widths)) if "columns" in one else [])
    for name, layout in contract.layouts.items():
        yield FieldTable(f"{name} {layout.what}", list(layout_rows(layout)))


def _sections(contract: Contract) -> Iterator[tuple[str, tuple[Saying, ...]]]:
    said = SaidFile(contract.folder / "contract.yaml")
    for section in (*LIMITS, *transport_of(contract), "inbound"):
        rows = tuple(
            Saying(".".join(one.path), KNOWN.get(one.path[-1] if one.path else "", ""),
                   one.value, one.note)
            for one in said.section(section)
            if one.value or one.note
        )  # fmt: skip
        if rows:
            yield section, rows


def _prose(contract: Contract, name: str) -> str:
    path = contract.folder / name
    return path.read_text(encoding="utf-8") if path.is_file() else ""
