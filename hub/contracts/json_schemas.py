"""JSON Schema validation (2020-12) as drifts.

Stricter than the standard where money is near: 1.0 is no integer here, and true is none either.
"""

import json
import threading
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend

from hub.contracts.json_fast import Check, compile_schema
from hub.contracts.masking import plain_name, shape
from hub.ports.line import Drift

MOST = 50
_SHOWN = {"pattern", "minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems",
          "type", "const", "format", "exclusiveMinimum", "exclusiveMaximum"}  # fmt: skip
_compiled = threading.local()
_checked: set[Path] = set()
"""Schemas held against their meta-schema in this process; every thread compiles its own."""


def _is_integer(_checker: object, value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_extend: Any = extend  # untyped in the stubs
STRICT = _extend(
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_integer),
)


def validate(path: Path, name: str, value: object) -> list[Drift]:
    """Where a parsed value differs from the schema at ``path``; ``name`` begins the places."""
    validator, is_valid = _validator(path)
    if is_valid is not None and is_valid(value):
        return []
    drifts: dict[tuple[str, str], Drift] = {}
    parsed: Any = value
    for error in validator.iter_errors(parsed):
        drift = _drift(name, error)
        drifts.setdefault((drift.place, drift.expected), drift)
        if len(drifts) >= MOST:
            break
    return list(drifts.values())


def check(path: Path) -> None:
    """Read a schema and check it against its meta-schema; raises jsonschema's error."""
    _validator(path)


def _validator(path: Path) -> tuple[Validator, Check | None]:
    mine: dict[Path, tuple[Validator, Check | None]]
    mine = _compiled.__dict__.setdefault("validators", {})
    if path not in mine:
        schema = json.loads(path.read_text(encoding="utf-8"))
        if path not in _checked:
            Draft202012Validator.check_schema(schema)
            _checked.add(path)
        mine[path] = (STRICT(schema), compile_schema(schema))
    return mine[path]


def _drift(name: str, error: ValidationError) -> Drift:
    # Indices fall away: the same mistake in a thousand rows is one drift.
    steps = [plain_name(step) for step in error.absolute_path if not isinstance(step, int)]
    place = "/".join([name, *steps])
    wanted: Any = error.validator_value
    instance: Any = error.instance
    match error.validator:
        case "required":
            missing = [str(key) for key in wanted if key not in instance]
            return Drift(place, f"also {', '.join(missing[:8])}", "without it")
        case "additionalProperties" | "unevaluatedProperties":
            return Drift(place, "nothing more here", f"also {', '.join(_surplus(error))}")
        case "enum":
            allowed = ", ".join(str(one) for one in list(wanted)[:12])
            return Drift(place, f"one of {allowed}", _found(instance))
        case rule if rule in _SHOWN:
            return Drift(place, f"{rule} {wanted}", _found(instance))
        case rule:
            return Drift(place, str(rule), _found(instance))


def _surplus(error: ValidationError) -> list[str]:
    schema: Any = error.schema
    instance: Any = error.instance
    known: dict[str, Any] = schema.get("properties", {})
    return [plain_name(key) for key in instance if key not in known][:8]


def _found(value: object) -> str:
    match value:
        case str():
            return shape(value)
        case bool() | None:
            return str(value)
        case int() | float():
            return f"number {shape(str(value))}"
        case list():
            return f"list of {len(value)}"
        case dict():
            return f"object of {len(value)}"
        case _:
            return type(value).__name__
