"""What the platform pushes means this, what is off is not believed; what we tell is the contract's.

Signatures are made here by hand, from the contract's words.
"""

import base64
import hmac
import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import yaml

from adapters.one_thing.retirement import adapter, inbound
from hub.contracts import load_contract
from hub.crypto import sm3_hex
from hub.kernel.clocks import SHANGHAI, FixedClock
from hub.kernel.money import Fen
from hub.kernel.secret import Secret
from hub.ports.case import FILED, TAKEN_BACK, Feedback, Filing, Step, TakenBack
from hub.ports.context import AdapterContext
from hub.ports.inbound import InboundPort, InboundRequest, NotTaken, Word
from hub.ports.line import DriftNotes, HttpReply, PartnerRefused, ReplyUnreadable
from tests.mocks.running import ROOT

FOLDER = ROOT / "contracts_spec" / "one_thing" / "retirement"
SAMPLES = FOLDER / "samples"
CONTRACT = load_contract(FOLDER)
NOW = datetime(2025, 10, 13, 9, 30, tzinfo=SHANGHAI)
SID, RID, KEY = "QNGJJ-RETIRE-01", "GZZWFW520000", "example-caller-secret"
NAME = "𠮷田𬭩·阿依努尔"
PUSH = "/onething-retirement/case/push"


def context() -> AdapterContext:
    keys = {"caller_secret": KEY, "caller_secret_next": "next", "app_key": "a", "docs_key": "d"}
    return AdapterContext(
        "onething-retirement", FOLDER, {n: k.example for n, k in CONTRACT.values.items()},
        {name: Secret(key) for name, key in keys.items()}, FixedClock(NOW),
    )  # fmt: skip


@pytest.fixture(scope="module")
def port() -> InboundPort:
    return inbound.build(context())


def sample(name: str) -> Any:
    return json.loads((SAMPLES / name).read_text(encoding="utf-8"))


def request(
    body: Any, route: str = PUSH, *, key: str = KEY, at: datetime = NOW, **headers: str
) -> InboundRequest:
    rtime = str(int(at.timestamp() * 1000))
    made = base64.b64encode(hmac.digest(key.encode(), f"{SID}{RID}{rtime}".encode(), "sha256"))
    own = {"rid": RID, "sid": SID, "rtime": rtime, "sign": made.decode()} | headers
    sent = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    return InboundRequest(route, {f"gjzwfwpt_{n}": t for n, t in own.items()}, sent, "127.0.0.1")


def filing(port: InboundPort, body: Any, route: str = PUSH) -> Filing:
    found = port.read(request(body, route)).value
    assert isinstance(found, Filing)
    return found


def test_every_sample_is_valid_by_its_schema_and_in_the_index() -> None:
    named = {
        one["file"]
        for one in yaml.safe_load((SAMPLES / "index.yaml").read_text("utf-8"))["samples"]
    }
    there = {path.name for path in SAMPLES.iterdir()} - {"index.yaml", ".gitattributes"}
    assert named == there
    alias = {"alive": "refresh"}
    for name in sorted(there - {"headers.yaml"}):
        first, side = name.split(".")[0], name.removesuffix(".json").rpartition(".")[2]
        second = name.split(".")[1]
        schema = f"{first}.{second}" if first in ("case", "item") else alias.get(first, first)
        schema = (
            "feedback" if schema in ("accept", "process", "result") and side == "reply" else schema
        )
        assert CONTRACT.validate_json(f"{schema}.{side}", sample(name)) == [], name


def test_the_golden_headers() -> None:
    told = yaml.safe_load((SAMPLES / "headers.yaml").read_text(encoding="utf-8"))
    made = request({}).headers
    assert (made["gjzwfwpt_rtime"], made["gjzwfwpt_sign"]) == (
        told["rtime"], told["sign"]["HMAC-SHA256"],
    )  # fmt: skip


def test_the_golden_filing(port: InboundPort) -> None:
    found = port.read(request(sample("case.push.request.json")))
    assert (found.kind, found.sender_id) == (FILED, "onething/GZ20251013000001/1")
    assert (found.nonce_kept_s, found.drifts) == (900, ())
    said = found.value
    assert isinstance(said, Filing)
    assert (said.door, said.version, said.name) == ("onething", 1, NAME)
    assert said.fields["payee_account"] == "6222080000000000015"
    assert [(one.material, one.content[:4]) for one in said.files] == [
        ("01", b"\x89PNG"), ("02", b"%PDF"),
    ]  # fmt: skip
    assert NAME not in repr(found)
    assert "6222" not in repr(found)


def test_the_older_item_says_the_same_person(port: InboundPort) -> None:
    said = filing(port, sample("item.push.request.json"), "/onething-retirement/item/push")
    assert (said.door, said.kind, said.id_number) == ("item", "retirement", "522701650101000")
    assert said.fields["retired"] == "1"
    assert said.fields["payee_account"] == "6222080000000000015"


@pytest.mark.parametrize("door", ["case", "item"])
def test_a_withdrawal(port: InboundPort, door: str) -> None:
    found = port.read(request(sample(f"{door}.withdraw.request.json"),
                              f"/onething-retirement/{door}/withdraw"))  # fmt: skip
    assert found.kind == TAKEN_BACK
    assert isinstance(found.value, TakenBack)
    assert found.value.version == 1


@pytest.mark.parametrize(
    ("came", "word"),
    [
        (request({}, key="another"), Word.SIGNATURE),
        (request({}, sid="other"), Word.SIGNATURE),
        (request({}, sign=""), Word.UNREADABLE),
        (request({}, at=NOW - timedelta(seconds=301)), Word.STALE),
        (request(b"<html>"), Word.UNREADABLE),
        (request(b"[]"), Word.UNREADABLE),
        (request(b'{"id": 1, "id": 2}'), Word.UNREADABLE),
        (request({}), Word.REFUSED),
    ],
)
def test_what_is_off_is_not_believed(port: InboundPort, came: InboundRequest, word: Word) -> None:
    with pytest.raises(NotTaken) as no:
        port.read(came)
    assert (no.value.word, no.value.sender_id) == (word, "")
    answer = json.loads(port.answer(came, word).body)
    assert answer["data"] is None
    assert CONTRACT.validate_json("push.reply", answer) == []


def test_the_next_secret_is_believed_too(port: InboundPort) -> None:
    body = b"\xef\xbb\xbf" + json.dumps(sample("case.push.request.json")).encode()
    assert port.read(request(body, key="next")).kind == FILED


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"name": ""}, "name"), ({"name": 5}, "name"), ({"idCardNumber": None}, "idCardNumber"),
        ({"attachmentList": {}}, "attachmentList"),
        ({"attachmentList": ["x"]}, "attachmentList"),
    ],
)  # fmt: skip
def test_off_the_contract_is_stored_as_refused(
    port: InboundPort, change: dict[str, Any], place: str
) -> None:
    with pytest.raises(NotTaken) as no:
        port.read(request(sample("case.push.request.json") | change))
    assert (no.value.word, no.value.sender_id) == (Word.REFUSED, "onething/GZ20251013000001/1")
    assert place in {drift.place.partition("request/")[2] for drift in no.value.drifts}
    assert NAME not in str(no.value) + str(no.value.drifts)
    said = json.loads(port.answer(request({}), Word.REFUSED, no.value.sender_id).body)
    assert said["data"] == {"id": "GZ20251013000001", "version": 1}


@pytest.mark.parametrize("version", [0, -1, 10_000, "1", 1.0, True, None])
def test_a_version_is_a_whole_number(port: InboundPort, version: object) -> None:
    with pytest.raises(NotTaken) as no:
        port.read(request(sample("case.push.request.json") | {"version": version}))
    assert no.value.sender_id == ""


@pytest.mark.parametrize(
    ("file", "flaw"),
    [
        ({"fileBase64": "!!!"}, "not_base64"), ({}, "nothing"), ({"fileBase64": ""}, "nothing"),
        ({"fileId": "http://127.0.0.1/x"}, "bad_link"), ({"fileId": "../../etc"}, "bad_link"),
    ],
)  # fmt: skip
def test_a_file_without_bytes_says_why(port: InboundPort, file: dict[str, str], flaw: str) -> None:
    listed = [{"attName": "a.pdf", "attType": "01", **file}]
    said = filing(port, sample("case.push.request.json") | {"attachmentList": listed})
    assert [(one.flaw, one.link) for one in said.files] == [(flaw, "")]


# --- feedback ---


class Wire:
    """A line whose other end is a function."""

    def __init__(self, answer: Callable[[str, dict[str, Any]], Any]) -> None:
        self.answer = answer
        self.drift = DriftNotes()
        self.said: list[tuple[str, dict[str, Any]]] = []

    def post(self, step: str, *, path: str, body: bytes, **_: Any) -> HttpReply:
        said = json.loads(body)
        if path.endswith("refreshsecret"):
            data: Any = {"appsecret": "s", "expires_in": 7200}
            return HttpReply(200, {}, json.dumps({"code": 200, "data": data}).encode())
        self.said.append((path, said))
        return HttpReply(200, {}, json.dumps(self.answer(path, said)).encode())


def ok(_path: str, _said: dict[str, Any]) -> Any:
    return {"code": "200", "message": "ok", "data": {"receiptno": "HZ1"}}


def told(step: Step, door: str = "onething", **more: Any) -> Feedback:
    return Feedback(door, "GZ1", 1, 3, step, NOW, **more)


@pytest.mark.parametrize("door", ["onething", "item"])
@pytest.mark.parametrize("step", [one for one in Step if one is not Step.UNDONE])
def test_every_step_is_told_by_the_contract(step: Step, door: str) -> None:
    line = Wire(ok)
    more: dict[str, Any] = {"text": "原因"}
    if step is Step.CHECKED:
        more |= {"promise_days": 5, "promise_on": date(2025, 10, 20)}
    if step is Step.DONE:
        more |= {"principal": Fen(4402227), "interest": Fen(19443)}
    if step is Step.LACKING:
        more |= {"lacking": ("缺少必需的材料",)}
    made = adapter.build(context()).feedback(line, told(step, door, **more))
    assert made.receipt == "HZ1"
    ((path, said),) = line.said
    name = next(n for n, tx in CONTRACT.transactions.items() if tx.extra["path"] == path)
    assert CONTRACT.validate_json(f"{name}.request", said) == []
    if step is Step.DONE:
        assert {"44022.27", "194.43"} <= set(map(str, said.values()))


@pytest.mark.parametrize(
    ("code", "final"), [("300", False), ("404", True), ("409", True), ("?", False)]
)
def test_a_refusal_is_final_only_by_the_table(code: str, final: bool) -> None:
    with pytest.raises(PartnerRefused) as no:
        adapter.build(context()).feedback(Wire(lambda *_: {"code": code}), told(Step.DONE))
    assert no.value.final is final


@pytest.mark.parametrize("data", [None, {}, {"receiptno": ""}, {"receiptno": 5}, []])
def test_no_receipt_is_no_receipt(data: Any) -> None:
    with pytest.raises(ReplyUnreadable):
        adapter.build(context()).feedback(Wire(lambda *_: {"code": "200", "data": data}),
                                          told(Step.DONE))  # fmt: skip


def test_a_document_is_taken_only_with_its_digest() -> None:
    port = adapter.build(context())
    said = {"filebase64": base64.b64encode(b"%PDF").decode(), "sm3": sm3_hex(b"%PDF")}
    assert port.fetch(Wire(lambda *_: {"code": "200", "data": said}), "DOC-1") == b"%PDF"
    for wrong in ({**said, "sm3": "0" * 64}, {**said, "filebase64": "!"}, {}, None):
        with pytest.raises(ReplyUnreadable):
            port.fetch(Wire(lambda *_, data=wrong: {"code": "200", "data": data}), "DOC-1")
    with pytest.raises(PartnerRefused):
        port.fetch(Wire(lambda *_: {"code": "404"}), "DOC-1")


def test_alive_asks_for_a_secret_and_nothing_else() -> None:
    line = Wire(ok)
    assert adapter.build(context()).probe(line).usable
    assert line.said == []
