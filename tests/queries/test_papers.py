"""The contracts of the published queries: samples, signatures, codes, and the OpenAPI of them."""

import base64
import hashlib
import hmac
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from adapters.kit.gateway_terms import GatewayTerms
from adapters.one_thing.bankruptcy import adapter as bankruptcy
from adapters.one_thing.listing import adapter as listing
from hub.api.openapi import document
from hub.contracts import load_contract
from hub.kernel.clocks import SHANGHAI, FixedClock
from hub.kernel.money import Fen
from hub.kernel.periods import Period
from hub.kernel.secret import Secret
from hub.ports.context import AdapterContext
from hub.ports.query import (
    Arrears,
    Contribution,
    EnterpriseAnswer,
    Penalty,
    QueryPort,
    QueryWord,
    UnitFacts,
)
from tests.queries.kit import SPEC

NOW = datetime(2025, 10, 14, 9, 30, tzinfo=SHANGHAI)
BOTH = {"listing": listing, "bankruptcy": bankruptcy}
FOLDERS = [SPEC / name for name in BOTH]
each = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)


def port_of(folder: Path) -> QueryPort:
    sid = f"QNGJJ-{folder.name.upper()}-01"
    context = AdapterContext("x", folder, {"sid": sid}, {}, FixedClock(NOW))
    return BOTH[folder.name].build(context)


def sample(folder: Path, name: str) -> bytes:
    return (folder / "samples" / name).read_bytes()


@each
class TestSamples:
    def test_the_index_names_every_sample(self, folder: Path) -> None:
        index = yaml.safe_load(sample(folder, "index.yaml"))["samples"]
        there = {path.name for path in (folder / "samples").iterdir()}
        assert {one["file"] for one in index} == there - {"index.yaml", ".gitattributes"}

    def test_each_is_valid_by_its_schema(self, folder: Path) -> None:
        for path in (folder / "samples").glob("*.json"):
            side = "request" if ".request." in path.name else "reply"
            schema = load_contract(folder).schemas[f"enterprise.{side}"].path
            wanted = Draft202012Validator(json.loads(schema.read_text(encoding="utf-8")))
            assert list(wanted.iter_errors(json.loads(path.read_bytes()))) == []

    def test_questions_are_read(self, folder: Path) -> None:
        port = port_of(folder)
        asked = port.read(sample(folder, "enterprise.request.json"))
        assert asked.name == "都匀样例（集团）有限公司"
        if folder.name == "listing":
            assert (asked.begin, asked.end) == (Period(2025, 1), Period(2025, 9))
        else:
            assert (asked.reference, asked.begin) == ("（2025）黔27破1号", None)
        assert "𬭩" in port.read(sample(folder, "enterprise.not-opened.request.json")).name

    def test_answers_are_these_very_bytes(self, folder: Path) -> None:
        port, found = port_of(folder), _answer(folder)
        shown = frozenset(port.grantable)
        for name, word, answer, visible in (
            ("reply", QueryWord.ANSWERED, found, shown),
            ("granted-few.reply", QueryWord.ANSWERED, found, frozenset({"state", "arrears"})),
            ("not-opened.reply", QueryWord.ANSWERED, EnterpriseAnswer(NOW, ()), shown),
            ("refused-name.reply", QueryWord.NAME_MISMATCH, None, shown),
        ):
            said = port.answer(word, answer, visible)
            assert said.body == sample(folder, f"enterprise.{name}.json")

    def test_the_signature_by_hand_and_by_the_terms(self, folder: Path) -> None:
        given = yaml.safe_load(sample(folder, "signatures.yaml"))
        key, text = given["secret"].encode(), given["text"].encode()
        assert given["text"] == given["sid"] + given["rid"] + given["rtime"]
        wanted = base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
        assert given["sign"]["HMAC-SHA256"] == wanted
        for algorithm, sign in given["sign"].items():
            terms = GatewayTerms("gjgxjhpt", algorithm, "", "200", frozenset(), 300)
            secret = Secret(given["secret"])
            assert terms.sign(given["sid"], given["rid"], given["rtime"], secret) == sign

    def test_every_code_is_in_the_paper(self, folder: Path) -> None:
        paper = (folder / "README.md").read_text(encoding="utf-8")
        for code in load_contract(folder).table("code").codes:
            assert code in paper

    def test_every_assumption_is_in_the_register(self, folder: Path) -> None:
        known = yaml.safe_load((SPEC.parent / "assumptions.yaml").read_text(encoding="utf-8"))
        mine = [one for one in known["assumptions"] if one["interface"].endswith(folder.name)]
        where = " ".join(one["where"] for one in mine)
        for place in ("transactions.enterprise", "amount_unit", "http_status", "max_age_s"):
            assert place in where


def test_the_openapi_document_says_what_the_contracts_say() -> None:
    said: dict[str, Any] = json.loads(json.dumps(document(list(map(load_contract, FOLDERS)))))
    assert len(said["paths"]) == 2
    schemas = said["components"]["schemas"]

    def refs(node: Any) -> list[str]:
        if isinstance(node, list):
            return [ref for one in node for ref in refs(one)]
        if not isinstance(node, dict):
            return []
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [ref for one in node.values() for ref in refs(one)]

    assert {ref.removeprefix("#/components/schemas/") for ref in refs(said)} <= set(schemas)
    # Resolved at the document's root, its schemas judge the samples as the contracts' own do.
    for folder in FOLDERS:
        path = f"/sysapi/onething/{folder.name}/enterprise"
        reply = said["paths"][path]["post"]["responses"]["200"]["content"]["application/json"]
        judge = Draft202012Validator({**said, **reply["schema"]})
        good = json.loads(sample(folder, "enterprise.reply.json"))
        assert judge.is_valid(good)
        good["data"]["dw"][0]["jcrs"] = "25"
        assert not judge.is_valid(good)


def _answer(folder: Path) -> EnterpriseAnswer:
    month = Contribution(Period(2025, 9), 27, 25, Fen(3_812_400), Fen(3_530_000))
    unit = UnitFacts(
        account="522700000325", name="都匀样例（集团）有限公司", state="01", opened_on=20100401,
        closed_on=0, paid_until=Period(2025, 9), people=25,
        contributions=(month,) if folder.name == "listing" else (),
        arrears=(Arrears(Period(2025, 8), Period(2025, 9), 2, Fen(282_400), cured=False),),
        penalties=(
            Penalty("01", "黔南公积金罚〔2025〕1 号", 20250701, "逾期不缴住房公积金",
                    Fen(1_000_000), fulfilled=True),
        ),
        owed=Fen(282_400),
    )  # fmt: skip
    return EnterpriseAnswer(NOW, (unit,))
