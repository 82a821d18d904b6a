"""The catalogue's contract says the same thing wherever it says it."""

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from adapters.kit.gateway_terms import GatewayTerms
from adapters.province.supervision.adapter import build
from adapters.province.supervision.terms import read_catalogue
from hub.api.openapi import document
from hub.contracts import load_contract
from hub.kernel.clocks import FixedClock
from hub.kernel.errors import Misconfigured
from hub.kernel.secret import Secret
from hub.ports.context import AdapterContext
from hub.ports.directory import DirectoryStage
from hub.store import Store
from mocks.province import directory as mock_directory
from tests.province import samples
from tests.province.kit import CENTRE, NOON, SID, SPEC, core_over_the_month, site_on

CONTRACT = load_contract(SPEC)
CATALOGUE = yaml.safe_load((SPEC / "catalogue.yaml").read_text(encoding="utf-8"))
README = (SPEC / "README.md").read_text(encoding="utf-8")
ADAPTED = [
    one for one in CATALOGUE["functions"]
    if one.get("adaptation", "adapted") == "adapted" and "same_as" not in one
]  # fmt: skip


def test_the_samples_are_these_very_bytes(empty_store: Store, tmp_path: Path) -> None:
    mock = core_over_the_month(tmp_path / "core")
    try:
        with site_on(empty_store, tmp_path, mock) as site:
            made = dict(samples.made(site))
    finally:
        mock.stop()
    there = {path.name for path in samples.FOLDER.glob("*.json")}
    assert set(made) == there
    for name, data in made.items():
        assert data == (samples.FOLDER / name).read_bytes(), name


def test_the_index_names_every_sample() -> None:
    index = yaml.safe_load((SPEC / "samples/index.yaml").read_text(encoding="utf-8"))["samples"]
    there = {path.name for path in (SPEC / "samples").iterdir()}
    assert {one["file"] for one in index} == there - {"index.yaml", ".gitattributes"}


@pytest.mark.parametrize("one", ADAPTED, ids=lambda one: one["name"])
def test_contract_catalogue_schemas_and_samples_agree(one: dict[str, Any]) -> None:
    transaction = CONTRACT.transaction(one["name"])
    assert transaction.extra["path"] == f"/JG/{one['module']}/{one['name']}.service"
    assert (transaction.what, transaction.extra["request"], transaction.extra["reply"]) == (
        one["title"], f"{one['request']}.request", f"{one['name']}.reply",
    )  # fmt: skip
    reply = json.loads(CONTRACT.schemas[f"{one['name']}.reply"].path.read_text(encoding="utf-8"))
    row = reply["$defs"]["data"]["items"]
    wanted = [field["name"] for field in one["fields"]]
    assert (list(row["properties"]), row["required"]) == (wanted, wanted)
    assert [row["properties"][field["name"]]["description"] for field in one["fields"]] == [
        field["what"] for field in one["fields"]
    ]
    for side, schema in (("request", one["request"]), ("reply", one["name"])):
        file = CONTRACT.schemas[f"{schema}.{side}"].path
        sample = json.loads((SPEC / f"samples/{one['name']}.{side}.json").read_bytes())
        judge = Draft202012Validator(json.loads(file.read_text(encoding="utf-8")))
        assert list(judge.iter_errors(sample)) == []


def test_the_contract_has_the_adapted_functions_and_no_other() -> None:
    assert set(CONTRACT.transactions) == {one["name"] for one in ADAPTED}
    groups = set(CONTRACT.extra["query"]["grantable"])
    assert {one["grant"] for one in ADAPTED} | {"persons"} == groups


def test_every_code_is_in_the_paper_and_the_count_is_true() -> None:
    for code in CONTRACT.table("code").codes:
        assert code in README
    kinds = [one.get("adaptation", "adapted") for one in CATALOGUE["functions"]]
    said = f"{len(kinds)} 个功能，已适配 {kinds.count('adapted')}，不适用"
    assert f"{said} {kinds.count('not_applicable')}，\n未适配 {kinds.count('pending')}" in README


def test_the_signature_by_hand_and_by_the_terms() -> None:
    given = yaml.safe_load((SPEC / "samples/signatures.yaml").read_text(encoding="utf-8"))
    wanted = hmac.digest(given["secret"].encode(), given["text"].encode(), hashlib.sha256)
    assert given["text"] == given["sid"] + given["rid"] + given["rtime"]
    assert given["sign"]["HMAC-SHA256"] == base64.b64encode(wanted).decode()
    for algorithm, sign in given["sign"].items():
        terms = GatewayTerms("gjgxjhpt", algorithm, "", "200", frozenset(), 300)
        made = terms.sign(given["sid"], given["rid"], given["rtime"], Secret(given["secret"]))
        assert made == sign


def test_openapi_has_every_path() -> None:
    said = document([CONTRACT])
    assert len(said["paths"]) == len(ADAPTED)
    reply = said["components"]["schemas"]["province-supervision.get_yqqk_DataCx.reply"]
    judge = Draft202012Validator({**said, **json.loads(json.dumps(reply))})
    good = json.loads((SPEC / "samples/get_yqqk_DataCx.reply.json").read_bytes())
    assert judge.is_valid(good)
    assert not judge.is_valid(good | {"data": [{}]})


def test_the_feed_s_new_kinds_are_in_the_core_s_contract() -> None:
    core = load_contract(SPEC.parents[1] / "core" / "registry")
    sample = json.loads((core.folder / "samples/changes.figures.reply.json").read_bytes())
    assert core.validate_json("changes.reply", sample) == []
    assert [one["JLLX"] for one in sample["BG"]] == ["DK", "YW", "JS", "ZH", "FW"]
    for row in sample["BG"]:
        lost = json.loads(json.dumps(sample))
        for one in lost["BG"]:
            if one["JLLX"] == row["JLLX"]:
                one["ZD"].popitem()
        assert core.validate_json("changes.reply", lost), row["JLLX"]


def test_a_word_of_the_catalogue_that_nobody_knows_is_found_at_once(tmp_path: Path) -> None:
    text = (SPEC / "catalogue.yaml").read_text(encoding="utf-8")
    path = tmp_path / "catalogue.yaml"
    for good, bad in (
        ("source: fund,", "source: funds,"), ("as: wan}", "as: wanyuan}"),
        ("how: distinct", "how: unique"), ("adaptation: not_applicable, why", "adaptation: no, x"),
    ):  # fmt: skip
        path.write_text(text.replace(good, bad, 1), encoding="utf-8")
        with pytest.raises(Misconfigured):
            read_catalogue(path)


def test_it_is_not_built_without_its_values() -> None:
    for values in ({"sid": SID}, {"zjbzxbm": CENTRE}):
        with pytest.raises(Misconfigured):
            build(AdapterContext("x", SPEC, values, {}, FixedClock(NOON)))


DIRECTORIES = [SPEC.parent / name for name in ("sharing", "upload")]
each_directory = pytest.mark.parametrize("folder", DIRECTORIES, ids=lambda one: one.name)


@each_directory
def test_a_directory_s_papers_agree(folder: Path) -> None:
    contract = load_contract(folder)
    index = yaml.safe_load((folder / "samples/index.yaml").read_text(encoding="utf-8"))["samples"]
    there = {path.name for path in (folder / "samples").glob("*.json")}
    assert {one["file"] for one in index} == there
    for name, transaction in contract.transactions.items():
        for side in ("request", "reply"):
            sample = json.loads((folder / f"samples/{name}.{side}.json").read_bytes())
            assert contract.validate_json(str(transaction.extra[side]), sample) == []
    paper = (folder / "README.md").read_text(encoding="utf-8")
    codes = contract.table("reply_code").codes
    assert all(code in paper for code in codes)
    assert {code: one.text for code, one in codes.items() if code != "410"} == {
        code: text for code, text in mock_directory._TEXTS.items() if code != "410"
    }
    assert {stage.value for stage in DirectoryStage} | {"alive"} == set(contract.transactions)


@each_directory
def test_what_the_mock_wants_of_a_step_is_what_the_schema_requires(folder: Path) -> None:
    contract = load_contract(folder)
    for stage, must in mock_directory._MUST.items():
        schema = json.loads(contract.schemas[f"{stage}.request"].path.read_text(encoding="utf-8"))
        assert {"number", "code", "version", *must} == set(schema["required"])


def test_the_two_directories_say_the_same_but_for_their_names() -> None:
    said = [
        {name: (one.what, one.effect) for name, one in load_contract(folder).transactions.items()}
        for folder in DIRECTORIES
    ]
    assert said[0] == said[1]
