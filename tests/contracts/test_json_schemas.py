"""JSON Schema: drifts that name places and shapes, and a fast path that agrees with the judge."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.contracts import json_schemas
from hub.contracts.json_fast import compile_schema

CORE = Path(__file__).parents[2] / "contracts_spec" / "core" / "reference"
SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["FHM", "MX"],
    "properties": {
        "FHM": {"$ref": "#/$defs/code"},
        "note": {"type": ["string", "null"], "maxLength": 5, "minLength": 1},
        "kind": {"enum": ["a", "b"]},
        "tags": {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
        "MX": {
            "type": "array",
            "minItems": 1,
            "maxItems": 3,
            "items": {
                "type": "object",
                "required": ["fen"],
                "properties": {"fen": {"type": "integer", "minimum": 0, "maximum": 99}},
            },
        },
    },
    "if": {"properties": {"FHM": {"const": "0000"}}},
    "then": {"required": ["kind"]},
    "$defs": {"code": {"type": "string", "pattern": "^[0-9]{4}$"}},
}
GOOD: dict[str, Any] = {
    "FHM": "0000",
    "note": "成功",
    "kind": "a",
    "tags": ["x", "y"],
    "MX": [{"fen": 1}, {"fen": 99}],
}


@pytest.fixture
def schema(tmp_path: Path) -> Path:
    path = tmp_path / "one.json"
    path.write_text(json.dumps(SCHEMA), encoding="utf-8")
    return path


def _changed(path: list[str | int], value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(GOOD)
    place: Any = changed
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return changed


class TestDrifts:
    def test_a_good_value_has_none(self, schema: Path) -> None:
        assert json_schemas.validate(schema, "one", GOOD) == []

    @pytest.mark.parametrize(
        ("path", "value", "place", "expected", "found"),
        [
            (["FHM"], "郑琪", "one/FHM", "pattern ^[0-9]{4}$", "字×2"),
            (["MX", 1, "fen"], 100, "one/MX/fen", "maximum 99", "number 9×3"),
            (["MX", 0, "fen"], "5", "one/MX/fen", "type integer", "9×1"),
            (["MX", 0, "fen"], 1.0, "one/MX/fen", "type integer", "number 9×1 . 9×1"),
            (["MX", 0, "fen"], True, "one/MX/fen", "type integer", "True"),
            (["MX", 0], {}, "one/MX", "also fen", "without it"),
            (["kind"], "c", "one/kind", "one of a, b", "a×1"),
            (["surplus"], 1, "one", "nothing more here", "also surplus"),
            (["522729200303083343"], 1, "one", "nothing more here", "also 9×18"),
            (["MX"], [], "one/MX", "minItems 1", "list of 0"),
            (["tags"], ["x", "x"], "one/tags", "uniqueItems", "list of 2"),
        ],
    )
    def test_place_expectation_and_shape(
        self, schema: Path, path: list[str | int], value: Any, place: str, expected: str, found: str
    ) -> None:
        drifts = json_schemas.validate(schema, "one", _changed(path, value))
        assert [(d.place, d.expected, d.found) for d in drifts] == [(place, expected, found)]

    def test_the_same_mistake_in_many_rows_is_one_drift(self, schema: Path) -> None:
        value = _changed(["MX"], [{"fen": "a"}, {"fen": "b"}, {"fen": "c"}])
        assert len(json_schemas.validate(schema, "one", value)) == 1

    def test_a_condition_counts(self, schema: Path) -> None:
        lacking = {key: one for key, one in GOOD.items() if key != "kind"}
        assert [d.expected for d in json_schemas.validate(schema, "one", lacking)] == ["also kind"]
        assert json_schemas.validate(schema, "one", lacking | {"FHM": "0001"}) == []


LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 101), st.floats(0, 2),
    st.sampled_from(["0000", "0001", "000", "a", "b", "", "五个字以上吧"]),
)  # fmt: skip
ROWS = st.lists(st.dictionaries(st.sampled_from(["fen", "other"]), LEAVES, max_size=2), max_size=4)
VALUES = st.dictionaries(
    st.sampled_from([*GOOD, "surplus"]), LEAVES | ROWS | st.lists(LEAVES, max_size=3), max_size=6
)
MIXED = st.builds(lambda one: GOOD | one, VALUES) | VALUES | LEAVES


class TestFastPath:
    @settings(max_examples=400, deadline=None)
    @given(MIXED)
    def test_it_says_yes_only_when_the_judge_does(self, value: Any) -> None:
        fast = compile_schema(SCHEMA)
        assert fast is not None
        judged = json_schemas.STRICT(SCHEMA).is_valid(value)
        # A list of other things than texts may be unlike by JSON: the judge is asked then.
        assert judged or not fast(value)
        if not (isinstance(value, dict) and "tags" in value):
            assert fast(value) == judged

    def test_it_says_yes_to_what_is_good(self) -> None:
        fast = compile_schema(SCHEMA)
        assert fast is not None
        assert fast(GOOD)

    @pytest.mark.parametrize(
        "schema",
        [
            {"oneOf": [{"type": "string"}]},
            {"const": 1},
            {"enum": ["a", 1]},
            {"properties": {"a": {"patternProperties": {}}}},
            {"if": {"uniqueItems": True}},
            {"$ref": "other.json"},
        ],
    )
    def test_what_it_does_not_know_is_left_to_the_judge(self, schema: dict[str, Any]) -> None:
        assert compile_schema(schema) is None

    def test_a_schema_may_refer_to_itself(self) -> None:
        tree = {"type": "object", "additionalProperties": {"$ref": "#/$defs/t"}, "$defs": {}}
        tree["$defs"] = {"t": {"type": "object", "additionalProperties": {"$ref": "#/$defs/t"}}}
        fast = compile_schema(tree)
        assert fast is not None
        assert fast({"a": {"b": {}}})
        assert not fast({"a": {"b": 1}})

    @pytest.mark.parametrize(
        "path", sorted((CORE / "schemas").glob("*.json")), ids=lambda p: p.name
    )
    def test_the_cores_schemas_all_take_it(self, path: Path) -> None:
        assert compile_schema(json.loads(path.read_text(encoding="utf-8"))) is not None
