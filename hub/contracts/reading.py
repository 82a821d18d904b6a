"""``contract.yaml`` to a Contract; an unsound one stops the start, not a month."""

from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import yaml
from jsonschema.exceptions import SchemaError
from lxml import etree

from hub.contracts import json_schemas, xml_schemas
from hub.contracts.charset import Charset
from hub.contracts.layouts import read_layout
from hub.contracts.model import (
    Code,
    CodeRetry,
    CodeStatus,
    CodeTable,
    Contract,
    DeploymentKey,
    Endpoint,
    Field,
    Numbers,
    PartnerNames,
    SchemaFile,
    SftpTerms,
    Timing,
    Transaction,
    Wire,
)
from hub.contracts.yaml_files import read_yaml
from hub.kernel.errors import Misconfigured

FORMAT = 1
FILE_NAME = "contract.yaml"
_OWN = {
    "format", "interface", "name", "version", "partner", "wire", "endpoints", "timing", "limits",
    "numbers", "hours", "values", "secrets", "transactions", "schemas", "layouts", "fields",
    "code_tables", "effective_from",
}  # fmt: skip
_NEVER_FINAL = {CodeStatus.PROCESSING, CodeStatus.NOT_FOUND, CodeStatus.UNKNOWN}
_CHECKS: dict[str, Callable[[Path], None]] = {
    "xsd": xml_schemas.check,
    "jsonschema": json_schemas.check,
}
_T = TypeVar("_T")
_Section = Mapping[str, Any]


class ContractBroken(Misconfigured):
    """A contract in contracts_spec cannot be used."""

    code = "contract.broken"
    hint = "The message names file and place; correct it there, or restore it from the release."


def load_contract(folder: Path) -> Contract:
    """The contract of a folder; read once per process.  Raises ContractBroken."""
    return _load(folder.resolve())


@cache
def _load(folder: Path) -> Contract:
    path = folder / FILE_NAME
    try:
        raw = read_yaml(path)
        if raw["format"] != FORMAT:
            raise ContractBroken(f"{path}: format {raw['format']} is not known here")
        contract = _contract(folder, raw)
        _check(contract)
    except ContractBroken:
        raise
    except KeyError as error:
        raise ContractBroken(f"{path}: {error} is missing") from error
    except (OSError, yaml.YAMLError, TypeError, ValueError, AttributeError) as error:
        raise ContractBroken(f"{path}: {error}") from error
    return contract


def _contract(folder: Path, raw: _Section) -> Contract:
    wire, partner, numbers = raw["wire"], raw["partner"], raw["numbers"]
    charset = Charset(str(wire["declared_charset"]), str(wire["written_charset"]))
    return Contract(
        folder=folder,
        interface=str(raw["interface"]),
        name=str(raw["name"]),
        version=str(raw["version"]),
        partner=PartnerNames(partner["code"], partner["name"], _rest(partner, "code", "name")),
        wire=Wire(
            format=wire["format"],
            charset=charset,
            amount_unit=wire["amount_unit"],
            time_zone=wire["time_zone"],
            extra=_rest(
                wire, "format", "declared_charset", "written_charset", "amount_unit", "time_zone"
            ),
        ),
        timing=_timing(raw["timing"]),
        numbers=Numbers(
            _flag(numbers["idempotent"]),
            _flag(numbers.get("ordered", False)),
            _rest(numbers, "idempotent", "ordered"),
        ),
        endpoints=_each(raw["endpoints"], _endpoint),
        limits=_each(raw["limits"], lambda _name, value: _positive(value)),
        hours=_each(raw.get("hours", {}), lambda _name, value: str(value)),
        values=_each(raw.get("values", {}), _key),
        secrets=_each(raw.get("secrets", {}), _key),
        transactions=_each(raw["transactions"], _transaction),
        schemas=_each(raw["schemas"], lambda name, one: _schema(folder, name, one)),
        layouts=_each(
            raw.get("layouts", {}),
            lambda name, one: read_layout(name, folder / str(one["file"]), charset),
        ),
        fields=_each(
            raw.get("fields", {}),
            lambda name, one: Field(name, _positive(one["bytes"]), one.get("what", ""), charset),
        ),
        code_tables=_each(raw["code_tables"], _table),
        extra=_rest(raw, *_OWN),
        effective_from=_day(raw.get("effective_from")),
    )


def _day(value: object) -> date | None:
    """YAML reads 2026-01-01 as a date, and with quotes as a text."""
    return value if value is None or isinstance(value, date) else date.fromisoformat(str(value))


def _timing(raw: _Section) -> Timing:
    return Timing(
        call_timeout_s=_positive(raw["call_timeout_s"]),
        longest_lease_s=_positive(raw["longest_lease_s"]),
        settle_after_s=int(raw["settle_after_s"]),
    )


def _endpoint(name: str, one: _Section) -> Endpoint:
    terms = _sftp(one["sftp"]) if "sftp" in one else None
    return Endpoint(
        name, one["what"], one.get("path", ""), one.get("content_type", ""), terms,
        _flag(one.get("folder", False)),
    )  # fmt: skip


def _sftp(one: _Section) -> SftpTerms:
    terms = SftpTerms(
        user=one["user"],
        known_hosts=one["known_hosts"],
        key=one.get("key", ""),
        password=one.get("password", ""),
        names=Charset(str(one.get("names", "UTF-8")), str(one.get("names", "UTF-8"))),
        temporary=one.get("temporary", "{name}.{chance}.tmp"),
        read_back=_flag(one["read_back"]),
        largest=_positive(one["largest_mb"]) * 1024 * 1024,
    )
    # Without chance in it, a slow attempt would go on writing into its successor's file.
    if "{name}" not in terms.temporary or "{chance}" not in terms.temporary:
        raise ContractBroken("sftp.temporary must hold {name} and {chance}")
    if not terms.key and not terms.password:
        raise ContractBroken("sftp needs a key or a password")
    return terms


def _key(name: str, one: _Section) -> DeploymentKey:
    return DeploymentKey(name, one["what"], str(one.get("example", "")), str(one.get("mock", "")))


def _transaction(name: str, one: _Section) -> Transaction:
    return Transaction(
        name=name,
        operations=tuple(part.strip() for part in one["operation"].split(",")),
        effect=_flag(one["effect"]),
        signed=_flag(one.get("signed", False)),
        assumed=_flag(one.get("assumed", False)),
        what=one["what"],
        extra=_rest(one, "operation", "effect", "signed", "assumed", "what"),
    )


def _schema(folder: Path, name: str, one: _Section) -> SchemaFile:
    kind, path = str(one["kind"]), folder / str(one["file"])
    if kind not in _CHECKS:
        raise ContractBroken(f"{folder.name}: schema {name} is of unknown kind {kind}")
    try:
        _CHECKS[kind](path)
    except (etree.LxmlError, SchemaError, OSError, ValueError) as error:
        raise ContractBroken(f"{path}: {error}") from error
    return SchemaFile(name, kind, path)


def _table(name: str, one: _Section) -> CodeTable:
    codes = _each(one["codes"], lambda code, entry: _code(name, code, entry))
    return CodeTable(name, str(one["place"]), one["what"], codes)


def _code(table: str, code: str, one: _Section) -> Code:
    own = ("text", "status", "final", "retry", "reason", "do")
    made = Code(
        code=code,
        text=one["text"],
        status=CodeStatus(one["status"]),
        final=_flag(one["final"]),
        retry=CodeRetry(one["retry"]),
        reason=one.get("reason", ""),
        do=one.get("do", ""),
        extra={key: str(value) for key, value in _rest(one, *own).items()},
    )
    if made.final and made.status in _NEVER_FINAL:
        raise ContractBroken(f"code {table}/{code}: {made.status} can never be final")
    return made


def _check(contract: Contract) -> None:
    for layout in contract.layouts.values():
        for record in (layout.header, layout.detail, layout.trailer):
            for one in record.fields:
                # What is asked beforehand, whether a name fits, is asked of the contract's fields.
                field = contract.fields.get(one.name)
                if field is not None and field.bytes != one.width:
                    raise ContractBroken(
                        f"{contract.interface}: {layout.name}/{one.name} has {one.width} bytes, "
                        f"the field {field.bytes}"
                    )
    timing = contract.timing
    last_arrival = timing.longest_lease_s + timing.call_timeout_s
    # Ordered numbers (the core's commands) are settled by the same command again, at any time.
    if not contract.numbers.ordered and timing.settle_after_s <= last_arrival:
        raise ContractBroken(
            f"{contract.interface}: settle_after_s {timing.settle_after_s} is not longer than "
            f"longest_lease_s + call_timeout_s = {last_arrival}"
        )


def _each(raw: _Section, make: Callable[[str, Any], _T]) -> Mapping[str, _T]:
    for name in raw:
        # YAML reads 0 and 0000 as numbers: a code written without quotes would lose its zeros.
        if not isinstance(name, str):
            raise ContractBroken(f"the name {name!r} must stand in quotes")
    return MappingProxyType({name: make(name, one) for name, one in raw.items()})


def _rest(raw: _Section, *known: str) -> Mapping[str, Any]:
    return MappingProxyType({key: value for key, value in raw.items() if key not in known})


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ContractBroken(f"{value!r} must be true or false")
    return value


def _positive(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise ContractBroken(f"{value!r} must be a whole number above 0")
    return value
