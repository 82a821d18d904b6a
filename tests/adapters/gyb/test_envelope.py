"""The envelope: golden ones open on both sides, and nothing altered does."""

import json
import string
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.banks.gyb.channel import envelope_of
from adapters.kit.envelope import BadEnvelope, Envelope
from mocks.kit.envelope import Distrusted
from tests.adapters.gyb import bench
from tests.adapters.gyb.bench import ENVELOPE, NOW, PARTY

SUBMIT = "/openapi/v1/hc.pay.submit"
NOW_MS = int(NOW.timestamp() * 1000)


@pytest.fixture(scope="module")
def envelope() -> Envelope:
    return envelope_of(bench.context())


def _golden(name: str) -> tuple[str, dict[str, str], bytes]:
    said = bench.sample(f"{name}.envelope.json")
    headers = {one.lower(): text for one, text in said["headers"].items()}
    return said["path"], headers, json.dumps(said["body"]).encode()


def test_the_golden_reply_and_notice_open(envelope: Envelope) -> None:
    path, headers, body = _golden("hc.pay.submit.reply")
    opened = envelope.open(path, headers, body, NOW, "00112233445566778899aabbccddeeff")
    assert opened.document == bench.sample("hc.pay.submit.reply.json")
    path, headers, body = _golden("hc.result.notify.request")
    opened = envelope.open(path, headers, body, NOW)
    assert opened.document == bench.sample("hc.result.notify.request.json")


def test_the_golden_request_opens_at_the_bank() -> None:
    path, headers, body = _golden("hc.pay.submit.request")
    assert ENVELOPE.open(PARTY, path, headers, body, NOW_MS) == bench.sample(
        "hc.pay.submit.request.json"
    )


_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
_DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18), 10**18) | _TEXT,
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(_TEXT, inside, max_size=4),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(document=_DOCUMENTS)
def test_what_one_side_seals_the_other_opens(document: Any) -> None:
    mine = envelope_of(bench.context())
    sealed = mine.seal(SUBMIT, document, NOW)
    lower = {name.lower(): text for name, text in sealed.headers.items()}
    assert ENVELOPE.open(PARTY, SUBMIT, lower, sealed.body, NOW_MS) == document
    back, body = ENVELOPE.seal(PARTY, SUBMIT, document, NOW_MS, sealed.nonce)
    lower = {name.lower(): text for name, text in back.items()}
    assert mine.open(SUBMIT, lower, body, NOW, sealed.nonce).document == document


def test_the_same_document_never_looks_the_same(envelope: Envelope) -> None:
    one, other = (envelope.seal(SUBMIT, {"a": "b"}, NOW) for _ in range(2))
    assert one.nonce != other.nonce
    assert json.loads(one.body)["encData"][:20] != json.loads(other.body)["encData"][:20]


_TURNS = {**dict(zip(string.ascii_letters, string.ascii_letters[1:] + "a", strict=True)),
          **dict(zip(string.digits, string.digits[1:] + "0", strict=True))}  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(place=st.integers(0, 10**6))
def test_no_altered_byte_goes_through_on_either_side(place: int) -> None:
    mine = envelope_of(bench.context())
    sealed = mine.seal(SUBMIT, {"a": "b" * 30}, NOW, "0" * 32)
    text = sealed.body.decode()
    at = place % len(text)
    if text[at] not in _TURNS:
        return
    altered = (text[:at] + _TURNS[text[at]] + text[at + 1 :]).encode()
    lower = {name.lower(): value for name, value in sealed.headers.items()}
    with pytest.raises(Distrusted):
        ENVELOPE.open(PARTY, SUBMIT, lower, altered, NOW_MS)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"x-gyb-app-id": "OTHER"}, "identity"),
        ({"x-gyb-bank-id": ""}, "identity"),
        ({"x-gyb-nonce": "1" * 32}, "signature"),
        ({"x-gyb-nonce": "NOT-HEX"}, "unreadable"),
        ({"x-gyb-timestamp": "1760319000001"}, "signature"),
        ({"x-gyb-timestamp": "yesterday"}, "unreadable"),
    ],
)
def test_a_header_is_part_of_what_is_signed(
    envelope: Envelope, change: dict[str, str], word: str
) -> None:
    headers, body = ENVELOPE.seal(PARTY, SUBMIT, {"a": 1}, NOW_MS, "0" * 32)
    lower = {name.lower(): text for name, text in headers.items()}
    with pytest.raises(BadEnvelope) as caught:
        envelope.open(SUBMIT, {**lower, **change}, body, NOW)
    assert caught.value.word == word


def test_another_path_is_another_message(envelope: Envelope) -> None:
    headers, body = ENVELOPE.seal(PARTY, SUBMIT, {"a": 1}, NOW_MS, "0" * 32)
    lower = {name.lower(): text for name, text in headers.items()}
    with pytest.raises(BadEnvelope) as caught:
        envelope.open("/openapi/v1/hc.ping", lower, body, NOW)
    assert caught.value.word == "signature"


def test_a_request_of_ours_is_no_reply_to_us(envelope: Envelope) -> None:
    sealed = envelope.seal(SUBMIT, {"a": 1}, NOW)
    lower = {name.lower(): text for name, text in sealed.headers.items()}
    with pytest.raises(BadEnvelope) as caught:
        envelope.open(SUBMIT, lower, sealed.body, NOW, sealed.nonce)
    assert caught.value.word == "signature"
