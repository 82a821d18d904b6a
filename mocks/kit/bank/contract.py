"""What a bank's mock takes from its contract: texts, lengths, limits, schemas.  Data only."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

from jsonschema import Draft202012Validator
from lxml import etree

from mocks.kit.shelf import SHELF
from mocks.kit.yaml_files import read_yaml

_NO_LIMIT = 1 << 62


@dataclass(frozen=True, slots=True)
class Contract:
    """The contract file, read once."""

    raw: Mapping[str, Any]
    folder: Path
    lengths: Mapping[object, int]

    def text(self, table: str, code: str) -> str:
        """The wording of a code; empty for one that the table does not have."""
        return str(self.raw["code_tables"][table]["codes"].get(code, {}).get("text", ""))

    def final_refusal(self, table: str, code: str) -> bool:
        """Whether a code refuses for good."""
        entry = self.raw["code_tables"][table]["codes"].get(code, {})
        return bool(entry.get("final")) and entry.get("status") == "refused"

    def limit(self, name: str) -> int:
        """A limit by its name (``batch_rows``, ``inquiry_rows``, ``page_rows``)."""
        return int(self.raw["limits"][name])

    def example(self, name: str) -> str:
        """The example value of a deployment parameter; the mock's client has these."""
        return str(self.raw["values"][name]["example"])

    def signed(self, code: str) -> bool:
        """Whether a transaction is to be signed."""
        return bool(self.raw["transactions"][code].get("signed", False))

    def knows(self, code: str) -> bool:
        """Whether the bank has such a transaction."""
        return code in self.raw["transactions"]

    def payment_hours(self) -> tuple[str, str]:
        """From and until, ``HH:MM``, business time."""
        start, end = str(self.raw["hours"]["payment"]).split("-")
        return start, end

    def schema(self, name: str) -> etree.XMLSchema:
        """The XSD of a message (``PAYENT.request``)."""
        return _schema(self.folder / self.raw["schemas"][name]["file"])

    def json_fault(self, name: str, document: object) -> str:
        """Where a document differs from its JSON Schema, without its values; empty when not."""
        validator = _validator(self.folder / self.raw["schemas"][name]["file"])
        error = next(validator.iter_errors(cast("Any", document)), None)
        if error is None:
            return ""
        steps = [str(step) for step in error.absolute_path if not isinstance(step, int)]
        return f"{'/'.join([name, *steps])}：{error.validator}"

    def too_long(self, field: object, value: str) -> bool:
        """Whether a value exceeds its field, counted in bytes of the wire (at most 4 a letter)."""
        limit = self.lengths.get(field, _NO_LIMIT)
        if len(value) * 4 <= limit:
            return False
        if value.isascii():
            return len(value) > limit
        return len(value.encode(self.raw["wire"]["written_charset"])) > limit


@cache
def _schema(path: Path) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(path)))


@cache
def _validator(path: Path) -> Draft202012Validator:
    return Draft202012Validator(json.loads(path.read_text(encoding="utf-8")))


@cache
def read_contract(name: str) -> Contract:
    """The contract in ``contracts_spec/banks/<name>``, in the edition this process speaks."""
    folder = SHELF.take(f"banks/{name}")
    raw = cast("dict[str, Any]", read_yaml(folder / "contract.yaml"))
    lengths: dict[object, int] = {field: int(one["bytes"]) for field, one in raw["fields"].items()}
    return Contract(raw, folder, lengths)
