"""The papers of the registry's contract say the same thing wherever they say it."""

import json
import re
from typing import Any

import pytest
import yaml

from adapters.kit.core_signing import Signer
from hub.contracts import load_contract
from hub.kernel.secret import Secret
from hub.ports.registry import ApplicationKind, ApplicationState
from mocks.core.registry import codec as mock_codec
from mocks.core.registry import rules
from tests.mocks.running import ROOT

FOLDER = ROOT / "contracts_spec" / "core" / "registry"
CONTRACT = load_contract(FOLDER)
RAW: dict[str, Any] = yaml.safe_load((FOLDER / "contract.yaml").read_text(encoding="utf-8"))
ORDERING: dict[str, Any] = yaml.safe_load((FOLDER / "ordering.yaml").read_text(encoding="utf-8"))
README = (FOLDER / "README.md").read_text(encoding="utf-8")
SIGNATURES = yaml.safe_load((FOLDER / "samples/signatures.yaml").read_text(encoding="utf-8"))
CODES = RAW["code_tables"]["application"]["codes"]


def test_readme_s_table_is_ordering_yaml() -> None:
    words = {"first": "看单位、账户，见第 4 节", "first_answer": "首次的拒绝码"}
    rows = re.findall(r"^\| (0[0-9]) (\S+) \| (.+) \| (.+) \|$", README, re.MULTILINE)
    states = RAW["code_tables"]["application_state"]["codes"]
    assert [row[0] for row in rows] == sorted(ORDERING["cells"]) == sorted(states)
    assert {state.value for state in ApplicationState} == set(states)
    for state, name, *cells in rows:
        assert name == states[state]["text"]
        for cell, command in zip(cells, ("apply", "cancel"), strict=True):
            said = ORDERING["cells"][state][command]
            wanted = words.get(said) if isinstance(said, str) else _cell(said)
            assert cell == wanted, (state, command)


def _cell(said: dict[str, str]) -> str:
    return said["code"] + (f" → {said['to']}" if "to" in said else "")


def test_the_mock_s_rules_are_ordering_yaml() -> None:
    for state, cells in ORDERING["cells"].items():
        said = cells["apply"]
        move = rules.again(state, "2103")
        if said == "first":
            assert move is None
        elif said == "first_answer":
            assert move == rules.Move("2103")
        else:
            assert move == rules.Move(said["code"])
        assert rules.cancel(state) == rules.Move(cells["cancel"]["code"], cells["cancel"].get("to"))


def test_every_code_of_the_ordering_is_known_and_said_by_the_mock() -> None:
    named = {one["code"] for listed in ORDERING["first"].values() for one in listed}
    named |= {c["code"] for row in ORDERING["cells"].values() for c in row.values()
              if isinstance(c, dict)}  # fmt: skip
    assert named <= set(CODES)
    assert {code: one["text"] for code, one in CODES.items() if code != "0000"} == {
        code: text for code, text in rules.TEXTS.items() if code != "0000"
    }
    assert set(ORDERING["first"]) == {kind.value for kind in ApplicationKind}


def test_a_refusal_is_final_and_names_its_reason_and_the_hold_is_not() -> None:
    for code, one in CODES.items():
        if one["status"] == "refused":
            assert one["final"], code
            assert one["reason"], code
    assert (CODES["2105"]["final"], CODES["2105"]["reason"]) == (False, "hold")


def test_the_mock_knows_the_contract_s_paths_and_limits() -> None:
    wanted = {one["path"]: f"registry.{name}" for name, one in RAW["transactions"].items()}
    assert wanted == mock_codec.OPERATIONS
    limits = RAW["limits"]
    assert (limits["applications"], limits["persons"], limits["changes"], limits["fields"]) == (
        mock_codec.MOST_APPLICATIONS, mock_codec.MOST_PERSONS, mock_codec.MOST_CHANGES,
        mock_codec.MOST_FIELDS,
    )  # fmt: skip
    assert tuple(RAW["booking"]["changeable"]) == mock_codec.CHANGEABLE


def test_openapi_is_the_same_contract() -> None:
    found = yaml.safe_load((FOLDER / "openapi.yaml").read_text(encoding="utf-8"))
    assert found["info"]["version"] == RAW["version"]
    made = {}
    for path, entry in found["paths"].items():
        post = entry["post"]
        asked = post["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        reply = post["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
        made[path] = (post["operationId"], asked, reply)
    assert made == {
        one["path"]: (name, f"schemas/{one['request']}.json", f"schemas/{one['reply']}.json")
        for name, one in RAW["transactions"].items()
    }
    headers = {one["name"] for one in found["components"]["securitySchemes"].values()}
    assert headers == set(RAW["signature"]["headers"].values())


def test_it_signs_as_the_core_s_other_contract() -> None:
    other = yaml.safe_load(
        (FOLDER.parent / "reference" / "contract.yaml").read_text(encoding="utf-8")
    )["signature"]
    same = ("algorithm", "key", "text", "headers", "clock_skew_s", "nonce_kept_s")
    assert {name: RAW["signature"][name] for name in same} == {name: other[name] for name in same}


@pytest.mark.parametrize("name", sorted(SIGNATURES["requests"]))
def test_golden_samples(name: str) -> None:
    one = SIGNATURES["requests"][name]
    body = (FOLDER / "samples" / one["body"]).read_bytes()
    signer = Signer("sample", Secret(SIGNATURES["key"]))
    made = signer.signature("POST", one["path"], one["timestamp"], one["nonce"], body)
    assert made == one["signature"]
    assert one["path"] == CONTRACT.transaction(name).extra["path"]
    for side in ("request", "reply"):
        sample = CONTRACT.read_json((FOLDER / f"samples/{name}.{side}.json").read_bytes())
        schema = str(CONTRACT.transaction(name).extra[side])
        assert CONTRACT.validate_json(schema, sample) == []
    mock_codec.reader(f"registry.{name}")(json.loads(body))  # the mock reads it by hand


@pytest.mark.parametrize(
    ("kind", "field"), [("GR", "GRZHZT"), ("DW", "DWKHRQ"), ("HJ", "SJJEFEN"), ("QJ", "QJZT"),
                        ("CF", "CFLX")],
)  # fmt: skip
def test_a_record_without_one_of_its_fields_is_drift(kind: str, field: str) -> None:
    page = json.loads((FOLDER / "samples/changes.reply.json").read_bytes())
    row = next(one for one in page["BG"] if one["JLLX"] == kind)
    del row["ZD"][field]
    assert CONTRACT.validate_json("changes.reply", page)


def test_assumptions_are_registered() -> None:
    register = yaml.safe_load(
        (ROOT / "contracts_spec" / "assumptions.yaml").read_text(encoding="utf-8")
    )["assumptions"]
    mine = [one for one in register if one["interface"] == RAW["interface"]]
    assert len(mine) == len({one["id"] for one in mine}) >= 7
