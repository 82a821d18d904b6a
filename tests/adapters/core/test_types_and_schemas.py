"""The strict types and the schema files must accept and refuse the same replies.

Good sample replies are changed in one place at a time (hypothesis picks where and how); both
readers then judge the result.
"""

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.core.reference import codec
from adapters.core.reference.replies import NotAsAgreed, strictly
from hub.contracts import load_contract
from hub.ports.line import DriftNotes, ReplyUnreadable
from tests.adapters.core.test_samples import KINDS, SAMPLES
from tests.core.corekit import CONTRACT

ODD: list[Any] = [
    None, True, False, 0, 1, -1, 1.0, 1.5, 2**53 - 1, 2**53, "", "0", "01", "02", "03", "0000",
    "9999", "00000", "12345678", "2025-10-10", "20251301", "20251010", "202510", "202513", "ICBC",
    "icbc", "I", "汉字", "a b", "x" * 20, "x" * 21, "x" * 33, "字" * 201, "0" * 20, [], {}, [1],
    "2025-10-10T09:30:00+08:00", "2025-10-10T09:30:00Z", "2025-10-10 09:30:00", "GR", "DW", "11",
]  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value but the whole."""
    found = [path] if path else []
    steps: list[Any] = []
    if isinstance(value, dict):
        steps = list(value)
    elif isinstance(value, list):
        steps = list(range(len(value)))
    for step in steps:
        found += places(value[step], (*path, step))
    return found


@st.composite
def changed(draw: st.DrawFn) -> tuple[str, Any]:
    name = draw(st.sampled_from(sorted(KINDS)))
    reply = copy.deepcopy(json.loads((SAMPLES / f"{name}.reply.json").read_text("utf-8")))
    place = draw(st.sampled_from(places(reply)))
    inside = reply
    for step in place[:-1]:
        inside = inside[step]
    match draw(st.sampled_from(["put", "drop", "add"])):
        case "put":
            inside[place[-1]] = draw(st.sampled_from(ODD))
        case "drop":
            del inside[place[-1]]
        case _ if isinstance(inside, dict):
            inside["BZ"] = draw(st.sampled_from(ODD))
    return name, reply


@settings(max_examples=600, deadline=None)
@given(changed())
def test_the_same_verdict(one: tuple[str, Any]) -> None:
    name, reply = one
    contract = load_contract(CONTRACT)
    schema = str(contract.transaction(name).extra["reply"])
    body = json.dumps(reply, ensure_ascii=False).encode()
    drifts = contract.validate_json(schema, reply)
    try:
        strictly(KINDS[name], body)
    except NotAsAgreed:
        assert drifts, "the types refuse what the schema allows"
    else:
        assert not drifts, "the types allow what the schema refuses"


@settings(max_examples=300, deadline=None)
@given(changed())
def test_what_differs_is_noted_and_nothing_else_is_raised(one: tuple[str, Any]) -> None:
    name, reply = one
    contract, drift = load_contract(CONTRACT), DriftNotes()
    schema = str(contract.transaction(name).extra["reply"])
    body = json.dumps(reply, ensure_ascii=False).encode()
    try:
        codec.read(KINDS[name], schema, body, contract, drift)
    except ReplyUnreadable:
        assert drift.drifts
    assert bool(drift.drifts) == bool(contract.validate_json(schema, reply))


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"<html></html>", b"\xff\xfe{}", b'"0000"', b"[" * 9000]
)
def test_no_json(body: bytes) -> None:
    for name, kind in KINDS.items():
        drift = DriftNotes()
        with pytest.raises(ReplyUnreadable):
            codec.read(kind, f"{name}.reply" if name in ("accounts", "postings", "holds",
                       "changes", "probe") else "command.reply", body,
                       load_contract(CONTRACT), drift)  # fmt: skip
        assert drift.drifts
