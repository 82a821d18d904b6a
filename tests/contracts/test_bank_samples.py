"""Every bank's golden samples agree with its contract; its assumptions stand in the register.

Decoded here by plain codecs and lxml, by neither adapter nor mock.
"""

import base64
import gzip
import json
import re
import struct
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator
from lxml import etree

from hub.contracts import load_contract

ROOT = Path(__file__).parents[2] / "contracts_spec"
BANKS = sorted(path.parent for path in ROOT.glob("banks/*/contract.yaml"))
WRITTEN = (".xml", ".frame")
"""Documents as they stand, and documents in a frame of one byte of flag and six of length."""
XML = [
    path
    for bank in BANKS
    for path in sorted((bank / "samples").iterdir())
    if path.suffix in WRITTEN
]
JSON = [path for bank in BANKS for path in sorted((bank / "samples").glob("*.json"))
        if not path.name.endswith(".envelope.json")]  # fmt: skip


@pytest.mark.parametrize("bank", BANKS, ids=lambda bank: bank.name)
class TestBank:
    def test_the_index_names_every_sample(self, bank: Path) -> None:
        folder = bank / "samples"
        index = yaml.safe_load((folder / "index.yaml").read_text(encoding="utf-8"))["samples"]
        there = {path.name for path in folder.iterdir()} - {"index.yaml", ".gitattributes"}
        assert {one["file"] for one in index} == there

    def test_every_transaction_has_samples_both_ways(self, bank: Path) -> None:
        names = [path.name for path in (bank / "samples").iterdir()]
        for transaction in load_contract(bank).transactions:
            for side in ("request", "reply"):
                assert [n for n in names if n.startswith(transaction) and side in n], transaction

    def test_what_is_assumed_stands_in_the_register(self, bank: Path) -> None:
        contract = load_contract(bank)
        register = yaml.safe_load((ROOT / "assumptions.yaml").read_text(encoding="utf-8"))
        mine = [o for o in register["assumptions"] if o["interface"] == contract.interface]
        where = " ".join(one["where"] for one in mine)
        assumed = [tx.name for tx in contract.transactions.values() if tx.assumed]
        assert assumed
        assert [name for name in assumed if name not in where] == []


@pytest.mark.parametrize("path", XML, ids=lambda path: f"{path.parents[1].name}-{path.name}")
def test_a_sample_is_written_in_its_charset_and_valid_by_its_schema(path: Path) -> None:
    contract = load_contract(path.parents[1])
    transaction = path.name.split(".", maxsplit=1)[0]
    side = "request" if ".request" in path.name else "reply"
    schema_file = contract.schemas[f"{transaction}.{side}"].path
    charset = contract.charset.written
    text = _document(path).decode(charset)
    text = text.split("?>", 1)[1] if path.suffix == ".xml" else text
    text = re.sub("<zip>(.*)</zip>", lambda zipped: _unpacked(zipped[1], charset), text)
    schema = etree.XMLSchema(etree.parse(str(schema_file)))
    schema.validate(etree.fromstring(text))
    wrong = {str(error.path).rsplit("/", 1)[-1].split("[")[0] for error in schema.error_log}
    # What some show on purpose, amounts and states that are none, the index says.
    index = yaml.safe_load((path.parent / "index.yaml").read_text(encoding="utf-8"))["samples"]
    meant = {one["file"]: set(one.get("off_schema", ())) for one in index}
    assert wrong == meant[path.name]


@pytest.mark.parametrize("path", JSON, ids=lambda path: f"{path.parents[1].name}-{path.name}")
def test_a_json_sample_is_valid_by_its_schema(path: Path) -> None:
    contract = load_contract(path.parents[1])
    side = "request" if ".request." in path.name else "reply"
    mine = {name.removesuffix(f".{side}") for name in contract.schemas if name.endswith(side)}
    transaction = max((one for one in mine if path.name.startswith(f"{one}.")), key=len)
    schema = json.loads(contract.schemas[f"{transaction}.{side}"].path.read_text(encoding="utf-8"))
    document = json.loads(path.read_bytes().decode(contract.charset.written))
    assert list(Draft202012Validator(schema).iter_errors(document)) == []


def _document(path: Path) -> bytes:
    data = path.read_bytes()
    if path.suffix == ".xml":
        return data
    flag, length = struct.unpack("1s6s", data[:7])
    assert flag == b"0"
    assert length == str(len(data) - 7).encode().ljust(6)
    return data[7:]


def _unpacked(packed: str, charset: str) -> str:
    return gzip.decompress(base64.b64decode(packed)).decode(charset)
