"""The golden bytes of the contract, read by the mock's own codec and by the running mock."""

import base64
from pathlib import Path

import httpx
import pytest
import yaml
from lxml import etree

from mocks.banks.icbc.codec import PUB, Seal, read_form, read_xml, reply_xml, wrap_reply
from mocks.kit.bank.contract import read_contract
from tests.mocks.icbc_client import PATH, Client, decode
from tests.mocks.running import ROOT, Mock

SAMPLES = ROOT / "contracts_spec" / "banks" / "icbc" / "samples"
KEY = b"golden-sample-key"
FORMS = sorted(path.name for path in SAMPLES.glob("*.request.form.txt"))
REFUSED = sorted(path.name for path in SAMPLES.glob("*.refused-*.reply.xml"))
EXPECTED = {"QPAYENT.batch.request.form.txt": "B0115"}


def read(name: str) -> bytes:
    return Path(SAMPLES / name).read_bytes()


def test_the_samples_are_there() -> None:
    listed = {one["file"] for one in yaml.safe_load(read("index.yaml"))["samples"]}
    assert {*FORMS, *REFUSED} <= listed
    assert len(FORMS) >= 10
    assert len(REFUSED) >= 5


@pytest.mark.parametrize("name", FORMS)
def test_a_form_gives_the_xml(name: str) -> None:
    stem = name.removesuffix(".form.txt")
    form, xml = read_form(read(name)), read(stem + ".xml")
    code = form["TransCode"].decode()
    data = form["reqData"]
    assert (Seal(KEY).open(data) if read_contract("icbc").signed(code) else data) == xml
    message = read_xml(xml)
    assert message.pub["TransCode"] == code
    assert message.pub["fSeqno"].encode() == form["PackageID"]
    read_contract("icbc").schema(f"{code}.request").assertValid(message.root)


def test_the_seal_is_the_contracts() -> None:
    signed = read("PAYENT.request.sign.html").decode("gb18030")
    inner = signed.partition("<sign>")[2].partition("</sign>")[0]
    ours = Seal(KEY).sign(read("PAYENT.request.xml"))
    assert "".join(ours.split()) == "".join(inner.split())


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_is_written_as_in_the_sample(name: str) -> None:
    golden = etree.fromstring(read(name).decode("gb18030").split("?>", 1)[1].encode("utf-8"))
    said = {str(one.tag): one.text or "" for one in golden.iterfind("eb/pub/*")}
    pub = {field: said[field] for field in PUB}
    ours = reply_xml(pub, said["RetCode"], said["RetMsg"], None)
    assert ours.split(b"?>", 1)[1].strip() == read(name).split(b"?>", 1)[1].strip()
    assert said["RetMsg"].startswith(read_contract("icbc").text("ret_code", said["RetCode"])[:2])
    wire = read(name.removesuffix(".xml") + ".txt")
    assert wire.startswith(b"reqData=")
    assert base64.b64decode(wire[8:]) == read(name)
    assert base64.b64decode(wrap_reply(ours)[8:]) == ours


@pytest.mark.parametrize("name", FORMS)
def test_the_running_mock_takes_the_golden_form(bank: Mock, caller: Client, name: str) -> None:
    before = bank.control("GET", "/client")
    bank.control("POST", "/client", {"cert": "GOLDEN-CERT-0001+/=", "seal_key": KEY.hex()})
    answer = httpx.post(
        bank.urls["api"] + PATH, content=read(name),
        headers={"Content-Type": "application/x-www-form-urlencoded; charset=GBK"},
    )  # fmt: skip
    bank.control("POST", "/client", {"cert": before["cert"]})
    assert decode(answer, strict=False).code == EXPECTED.get(name, "0")
