"""ICBC's golden samples agree with its contract, and the assumptions with their register."""

import base64
import gzip
import re
from pathlib import Path

import pytest
import yaml

from hub.contracts import load_contract

ROOT = Path(__file__).parents[2] / "contracts_spec"
ICBC = ROOT / "banks" / "icbc"
SAMPLES = ICBC / "samples"
INDEX = yaml.safe_load((SAMPLES / "index.yaml").read_text(encoding="utf-8"))["samples"]
XML = sorted(path.name for path in SAMPLES.glob("*.xml"))
DRIFTING = {
    "PAYENT.mixed.reply.xml": set(),
    "QDKDUE.page2.reply.xml": {"QDKDUE.reply/CMS/eb/out/rd/DQYHJE"},
}


def test_the_index_names_every_file() -> None:
    there = {path.name for path in SAMPLES.iterdir()} - {"index.yaml", ".gitattributes"}
    assert {one["file"] for one in INDEX} == there


@pytest.mark.parametrize("name", XML)
def test_a_sample_is_valid_gb18030_and_valid_by_its_schema(name: str) -> None:
    contract = load_contract(ICBC)
    data = (SAMPLES / name).read_bytes()
    assert data.startswith(b'<?xml version="1.0" encoding="GBK"?>')
    text = data.decode("gb18030")
    packed = re.search(r"<zip>(.*)</zip>", text, re.S)
    if packed is not None:
        out = gzip.decompress(base64.b64decode(packed[1])).decode("gb18030")
        data = text.replace(packed[0], out).encode("gb18030")
    transaction = name.split(".", maxsplit=1)[0]
    side = "request" if ".request" in name else "reply"
    drifts = contract.validate_xml(f"{transaction}.{side}", data)
    assert {drift.place for drift in drifts} == DRIFTING.get(name, set())


@pytest.mark.parametrize("transaction", load_contract(ICBC).transactions)
def test_every_transaction_has_samples_both_ways(transaction: str) -> None:
    for side in ("request", "reply"):
        assert [name for name in XML if name.startswith(transaction) and side in name]


def test_the_samples_hold_a_four_byte_name_and_the_dot() -> None:
    data = (SAMPLES / "PAYENT.request.xml").read_bytes()
    assert "唐𬭩".encode("gb18030") in data
    assert "欣信丽·红东俊娜".encode("gb18030") in data
    assert len("𬭩".encode("gb18030")) == 4


def test_every_marked_assumption_is_in_the_register() -> None:
    register = yaml.safe_load((ROOT / "assumptions.yaml").read_text(encoding="utf-8"))
    mine = [one for one in register["assumptions"] if one["interface"] == "bank-icbc"]
    where = " ".join(one["where"] for one in mine)
    assumed = [tx.name for tx in load_contract(ICBC).transactions.values() if tx.assumed]
    assert assumed
    assert [name for name in assumed if name not in where] == []
    ids = [one["id"] for one in register["assumptions"]]
    assert len(set(ids)) == len(ids)
    keys = {"id", "interface", "where", "what", "why", "state"}
    assert all(set(one) >= keys for one in register["assumptions"])
