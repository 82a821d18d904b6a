"""What the bank tells of itself: the golden notice means this, and what is off is not believed."""

import json
from dataclasses import replace
from typing import Any

import pytest

from adapters.banks.gyb.inbound import build
from hub.ports.bank import RESULTS_NOTICE, RefusalReason, ResultsNotice, RowStatus
from hub.ports.inbound import InboundPort, InboundRequest, NotTaken, Word
from tests.adapters.gyb import bench
from tests.adapters.gyb.bench import BATCH, ENVELOPE, NOW, NUMBERS, PARTY

PATH = "/bank-gyb/hc.result.notify"
NOW_MS = int(NOW.timestamp() * 1000)
GOLDEN = "hc.result.notify.request.json"


@pytest.fixture(scope="module")
def port() -> InboundPort:
    return build(bench.context())


def request(
    document: Any = None, *, party: Any = PARTY, at_ms: int = NOW_MS, nonce: str = "a" * 32,
    body: bytes | None = None, **more: Any,
) -> InboundRequest:  # fmt: skip
    said = bench.sample(GOLDEN) if document is None else document
    headers, sealed = ENVELOPE.seal(party, PATH, said, at_ms, nonce, **more)
    lower = {name.lower(): text for name, text in headers.items()}
    return InboundRequest(PATH, lower, sealed if body is None else body, "127.0.0.1")


def test_the_golden_notice(port: InboundPort) -> None:
    said = bench.sample("hc.result.notify.request.envelope.json")
    headers = {name.lower(): text for name, text in said["headers"].items()}
    found = port.read(InboundRequest(PATH, headers, json.dumps(said["body"]).encode(), ""))
    assert (found.kind, found.sender_id) == (RESULTS_NOTICE, "N251013093001a1b2c3d4e5f6")
    assert (found.nonce, found.nonce_kept_s) == ("00112233445566778899aabbccddeeff", 600)
    assert isinstance(found.value, ResultsNotice)
    assert found.value.batch == BATCH
    assert [(one.number, one.status, one.amount, one.reason) for one in found.value.results] == [
        (NUMBERS[0], RowStatus.DONE, 228414, None),
        (NUMBERS[1], RowStatus.REFUSED, None, RefusalReason.ACCOUNT_CLOSED),
    ]
    assert found.drifts == ()


def test_sent_again_it_says_the_same(port: InboundPort) -> None:
    one = port.read(request(nonce="a" * 32))
    other = port.read(request(nonce="b" * 32, at_ms=NOW_MS + 60_000))
    assert one.value == other.value
    assert one.nonce != other.nonce


@pytest.mark.parametrize(
    ("came", "word"),
    [
        (request(spoil=True), Word.SIGNATURE),
        (request(party=bench.stranger()), Word.SIGNATURE),
        (request(party=replace(PARTY, app_id="OTHER")), Word.SIGNATURE),
        (request(at_ms=NOW_MS - 301_000), Word.STALE),
        (request(at_ms=NOW_MS + 301_000), Word.STALE),
        (request(party=replace(PARTY, cipher=b"0" * 16)), Word.CIPHER),
        (request(charset="utf-16"), Word.CIPHER),
        (request(body=b"<html>"), Word.UNREADABLE),
        (request(body=b""), Word.UNREADABLE),
        (request(body=b"[" * 3000), Word.UNREADABLE),
        (request(body=b'{"encData":"A","encData":"A","sign":"A"}'), Word.UNREADABLE),
        (request(nonce=""), Word.UNREADABLE),
    ],
)
def test_who_is_not_believed(port: InboundPort, came: InboundRequest, word: Word) -> None:
    with pytest.raises(NotTaken) as caught:
        port.read(came)
    assert (caught.value.word, caught.value.sender_id) == (word, "")
    assert caught.value.drifts


def _row(**members: Any) -> dict[str, Any]:
    return {"instNo": NUMBERS[0], "state": "30", "amount": "1", **members}


@pytest.mark.parametrize(
    ("members", "named"),
    [
        ({"rows": []}, True),
        ({"rows": "x"}, True),
        ({"rows": [_row()] * 201}, True),
        ({"rows": [_row(instNo="")]}, True),
        ({"rows": [_row(instNo=7)]}, True),
        ({"rows": [_row(instNo="1\x00")]}, True),
        ({"notifyNo": ""}, False),
        ({"notifyNo": 7}, False),
        ({"notifyNo": "N" * 41}, False),
    ],
)
def test_believed_but_off_the_contract(
    port: InboundPort, members: dict[str, Any], named: bool
) -> None:
    document = {**bench.sample(GOLDEN), **members}
    with pytest.raises(NotTaken) as caught:
        port.read(request(document))
    no = caught.value
    assert (no.word, bool(no.sender_id)) == (Word.REFUSED, named)
    assert json.loads(no.content) == document
    assert no.drifts


@pytest.mark.parametrize("document", [[], "x", 1, None])
def test_a_document_of_another_kind(port: InboundPort, document: Any) -> None:
    with pytest.raises(NotTaken):
        port.read(request([document]))


def test_what_can_still_be_understood_is_taken_and_noted(port: InboundPort) -> None:
    rows = [_row(state="77"), _row(amount=1), _row(failCode="F101"), _row(more="x")]
    found = port.read(request({**bench.sample(GOLDEN), "rows": rows}))
    assert [one.status for one in found.value.results] == [
        RowStatus.UNKNOWN, RowStatus.UNKNOWN, RowStatus.UNKNOWN, RowStatus.DONE,
    ]  # fmt: skip
    assert len(found.drifts) >= 3


@pytest.mark.parametrize(
    ("word", "code"),
    [(Word.ACCEPTED, "0000"), (Word.CONFLICT, "2001"), (Word.BUSY, "2002"), (Word.REFUSED, "2003")],
)
def test_a_sealed_answer_opens_at_the_bank(port: InboundPort, word: Word, code: str) -> None:
    came = request()
    said = port.answer(came, word, "N1")
    lower = {name.lower(): text for name, text in said.headers.items()}
    # What the bank opens must be signed by us: its own key would be its request thrown back.
    found = ENVELOPE.open(PARTY, PATH, lower, said.body, NOW_MS)
    assert said.status == 200
    assert (found["notifyNo"], found["code"]) == ("N1", code)
    assert lower["x-gyb-nonce"] == "a" * 32


@pytest.mark.parametrize(
    ("word", "status", "code"),
    [
        (Word.UNREADABLE, 400, "1000"), (Word.SIGNATURE, 401, "1001"), (Word.STALE, 401, "1002"),
        (Word.REPLAYED, 401, "1003"), (Word.CIPHER, 400, "1004"), (Word.UNAVAILABLE, 503, "9000"),
    ],
)  # fmt: skip
def test_a_plain_answer(port: InboundPort, word: Word, status: int, code: str) -> None:
    said = port.answer(request(), word)
    assert (said.status, json.loads(said.body)["code"]) == (status, code)
