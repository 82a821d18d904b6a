"""The fields of a JSON Schema, references followed, conditions told beside what they hold for."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hub.papers.rows import (
    MAY,
    MUST,
    WHEN,
    FieldRow,
    SchemaNotPrintable,
    Widths,
    fixed_at,
    joined,
    labelled,
    span,
)

_KINDS = {
    "string": "字符", "integer": "整数", "number": "数值", "boolean": "布尔", "object": "对象",
    "array": "列表", "null": "空值",
}  # fmt: skip
_KNOWN = {
    "$schema", "$id", "$defs", "$ref", "$comment", "title", "description", "type", "properties",
    "required", "additionalProperties", "items", "enum", "const", "pattern", "minLength",
    "maxLength", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minItems",
    "maxItems", "uniqueItems", "format", "if", "then", "else", "allOf", "anyOf", "oneOf", "default",
    "examples",
}  # fmt: skip
_DEEPEST = 24
Schema = Mapping[str, Any]


class JsonRows:
    """Walks one schema file."""

    def __init__(self, path: Path, widths: Widths) -> None:
        self._root: Schema = json.loads(path.read_text(encoding="utf-8"))
        self._name = path.name
        self._widths = widths

    @property
    def title(self) -> str:
        """The schema's own title."""
        return str(self._root.get("title", ""))

    def rows(self) -> list[FieldRow]:
        """Every field, the whole message first."""
        return list(self._one(self._root, 0, "（报文）", MUST))

    def _one(self, raw: Schema, depth: int, name: str, required: str) -> Iterator[FieldRow]:
        schema = self._whole(raw, depth)
        label, more = labelled(str(schema.get("description", "")) or self._widths.words(name))
        yield FieldRow(
            depth, name, label, self._kind(schema), self._length(name, schema), required,
            joined(more, fixed_at(schema.get("const"), more), _rules(schema)),
        )  # fmt: skip
        yield from self._inside(schema, depth + 1)

    def _inside(self, schema: Schema, depth: int, must: Sequence[str] = ()) -> Iterator[FieldRow]:
        """What an object holds and of what a list is, under which conditions; ``must``: what is
        required of it besides."""
        must = [*must, *schema.get("required", ())]
        for name, one in schema.get("properties", {}).items():
            yield from self._one(one, depth, name, MUST if name in must else MAY)
        more = schema.get("additionalProperties")
        if isinstance(more, Mapping) and more:
            yield from self._one(more, depth, "（其他各域）", MAY)
        items = schema.get("items")
        if isinstance(items, Mapping):
            whole = self._whole(items, depth)
            # A list of objects: its fields stand right under it; of plain values: what they are.
            if "properties" in whole or "if" in whole:
                yield from self._inside(whole, depth)
            else:
                yield from self._one(whole, depth, "（每一项）", MUST)
        yield from self._conditions(schema, depth, must)

    def _conditions(self, schema: Schema, depth: int, must: Sequence[str]) -> Iterator[FieldRow]:
        if "if" in schema:
            told = _condition(self._whole(schema["if"], depth))
            for branch, words in (("then", f"当 {told}"), ("else", f"否则（不是 {told}）")):
                if branch not in schema:
                    continue
                if set(schema[branch]) <= {"if", "then", "else"}:  # a chain: one case after another
                    yield from self._conditions(schema[branch], depth, must)
                else:
                    yield from self._branch(schema[branch], depth, words, must)
        for word, words in (("allOf", "同时"), ("anyOf", "至少其一"), ("oneOf", "恰好其一")):
            for place, one in enumerate(schema.get(word, ()), start=1):
                yield from self._branch(one, depth, f"{words}（{place}）", must)

    def _branch(
        self, raw: Schema, depth: int, words: str, must: Sequence[str]
    ) -> Iterator[FieldRow]:
        schema = self._whole(raw, depth)
        told = schema.get("properties", {})
        also = [name for name in schema.get("required", ()) if name not in told]
        says = joined(f"须有 {'、'.join(also)}" if also else "", _rules(schema))
        yield FieldRow(depth, f"（{words}）", "", "条件", "", WHEN, says)
        yield from self._inside(schema, depth + 1, must)

    def _whole(self, raw: Schema | bool, depth: int) -> Schema:
        """With what it refers to; raises SchemaNotPrintable."""
        if depth > _DEEPEST:
            raise SchemaNotPrintable(f"{self._name}: nested without end")
        if not isinstance(raw, Mapping):
            return {}
        strange = sorted(set(raw) - _KNOWN)
        if strange:
            raise SchemaNotPrintable(f"{self._name}: {strange[0]}")
        ref = raw.get("$ref")
        if ref is None:
            return raw
        found: Any = self._root
        for step in self._steps(str(ref)):
            if not isinstance(found, Mapping) or step not in found:
                raise SchemaNotPrintable(f"{self._name}: there is no {ref}")
            found = found[step]
        return {**self._whole(found, depth + 1), **{k: v for k, v in raw.items() if k != "$ref"}}

    def _steps(self, ref: str) -> list[str]:
        if not ref.startswith("#/"):
            raise SchemaNotPrintable(f"{self._name}: a reference out of the file, {ref}")
        return ref[2:].split("/")

    def _kind(self, schema: Schema) -> str:
        said = schema.get("type")
        kinds = said if isinstance(said, list) else [said] if said else []
        if not kinds and ("const" in schema or "enum" in schema):
            value = schema["const"] if "const" in schema else schema["enum"][0]
            kinds = ["string" if isinstance(value, str) else "integer"]
        if not kinds and "properties" in schema:
            kinds = ["object"]
        return "或".join(_KINDS[kind] for kind in kinds) or "任意"

    def _length(self, name: str, schema: Schema) -> str:
        text = span(schema.get("minLength"), schema.get("maxLength"), "字符")
        items = span(schema.get("minItems"), schema.get("maxItems"), "项")
        plain = "properties" not in schema and "items" not in schema
        return joined(text, items, self._widths.said(name) if plain else "")


def _rules(schema: Schema) -> str:
    said = []
    if "enum" in schema:
        said.append("取值 " + "、".join(map(str, schema["enum"])))
    if "pattern" in schema:
        said.append(f"样式 {schema['pattern']}")
    for word, sign in (("minimum", "≥"), ("maximum", "≤"), ("exclusiveMinimum", ">"),
                       ("exclusiveMaximum", "<")):  # fmt: skip
        if word in schema:
            said.append(f"{sign} {schema[word]}")
    if schema.get("uniqueItems"):
        said.append("各项不得相同")
    if "format" in schema:
        said.append(f"格式 {schema['format']}")
    if "default" in schema:
        said.append(f"缺省 {schema['default']}")
    return "；".join(said)


def _condition(schema: Schema) -> str:
    """``JLLX = GR``; what cannot be said so short is said as JSON."""
    parts = []
    for name, one in schema.get("properties", {}).items():
        if set(one) == {"const"}:
            parts.append(f"{name} = {one['const']}")
        elif set(one) == {"enum"}:
            parts.append(f"{name} 为 {'、'.join(map(str, one['enum']))} 之一")
        else:
            return json.dumps(schema, ensure_ascii=False)
    if set(schema) - {"properties", "required"} or not parts:
        return json.dumps(schema, ensure_ascii=False)
    return "、".join(parts)
