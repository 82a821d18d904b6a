"""The papers of the core's contract say the same thing wherever they say it."""

import json
import re
from typing import Any

import yaml

from tests.core.corekit import CONTRACT, ROOT

CONTRACT_FILE: dict[str, Any] = yaml.safe_load(
    (CONTRACT / "contract.yaml").read_text(encoding="utf-8")
)
ORDERING: dict[str, Any] = yaml.safe_load((CONTRACT / "ordering.yaml").read_text(encoding="utf-8"))
README = (CONTRACT / "README.md").read_text(encoding="utf-8")
COMMANDS = ("hold", "post", "release", "reverse")


def test_readme_s_table_is_ordering_yaml() -> None:
    words = {"first_hold": "看账户，见 4.3", "first_answer": "首次的拒绝码"}
    rows = re.findall(r"^\| (0[0-9]) (\S+) \| (.+) \|$", README, re.MULTILINE)
    states = CONTRACT_FILE["code_tables"]["item_state"]["codes"]
    assert [row[0] for row in rows] == sorted(ORDERING["cells"]) == sorted(states)
    for state, name, cells in rows:
        assert name == states[state]["text"]
        wanted = []
        for command in COMMANDS:
            cell = ORDERING["cells"][state][command]
            if isinstance(cell, str):
                wanted.append(words[cell])
            else:
                wanted.append(cell["code"] + (f" → {cell['to']}" if "to" in cell else ""))
        assert [cell.strip() for cell in cells.split("|")] == wanted


def test_every_code_of_the_ordering_is_in_the_table_and_final() -> None:
    codes = CONTRACT_FILE["code_tables"]["item"]["codes"]
    named = {
        cell["code"]
        for row in ORDERING["cells"].values()
        for cell in row.values()
        if isinstance(cell, dict)
    } | {one["code"] for one in ORDERING["first_hold"]}
    assert all(codes[code]["final"] for code in named)
    assert all(code in README for code in codes)


def test_openapi_is_the_same_contract() -> None:
    found = yaml.safe_load((CONTRACT / "openapi.yaml").read_text(encoding="utf-8"))
    assert found["info"]["version"] == CONTRACT_FILE["version"]
    wanted = {
        one["path"]: (name, f"schemas/{one['request']}.json", f"schemas/{one['reply']}.json")
        for name, one in CONTRACT_FILE["transactions"].items()
    }
    made = {}
    for path, entry in found["paths"].items():
        post = entry["post"]
        asked = post["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        reply = post["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
        made[path] = (post["operationId"], asked, reply)
    assert made == wanted
    assert all((CONTRACT / one).is_file() for _, *refs in made.values() for one in refs)
    headers = {one["name"] for one in found["components"]["securitySchemes"].values()}
    assert headers == set(CONTRACT_FILE["signature"]["headers"].values())


def test_no_schema_knows_a_money_that_is_no_integer() -> None:
    for path in (CONTRACT / "schemas").glob("*.json"):
        _no_number(json.loads(path.read_text(encoding="utf-8")))


def _no_number(node: Any) -> None:
    if isinstance(node, dict):
        assert node.get("type") != "number"
        for name, one in node.items():
            if name.endswith("FEN"):
                assert one["type"] == "integer"
            _no_number(one)
    elif isinstance(node, list):
        for one in node:
            _no_number(one)


def test_assumptions_are_registered() -> None:
    register = yaml.safe_load(
        (ROOT / "contracts_spec" / "assumptions.yaml").read_text(encoding="utf-8")
    )["assumptions"]
    mine = [one for one in register if one["interface"] == CONTRACT_FILE["interface"]]
    assert len(mine) == len({one["id"] for one in mine}) >= 8
    assert all(one["what"] and one["why"] and one["where"] for one in mine)
