"""The golden envelopes by neither adapter nor mock; what one side seals the other opens."""

import base64
import json
from typing import Any

import gmalg
import pytest
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import CBC
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.banks.psbc.channel import envelope_of
from adapters.kit.envelope import BadEnvelope
from hub.contracts import load_contract
from mocks.kit import sm2
from mocks.kit.envelope import Distrusted
from tests.adapters.psbc import bench
from tests.adapters.psbc.bench import BANK, ENVELOPE, NOW, OURS, PARTY

PATH = "/sfop/hc/trade"
NOW_MS = int(NOW.timestamp() * 1000)


@pytest.mark.parametrize(("side", "secret"), [("request", OURS), ("reply", f"{BANK:064x}")])
def test_a_golden_envelope_by_other_hands(side: str, secret: str) -> None:
    said = bench.sample(f"HC0201.{side}.envelope.json")
    headers, data = said["headers"], said["body"]["encryptedBody"]
    signed = "\n".join([
        headers["psbc-merchant-no"], headers["psbc-platform-no"], headers["psbc-trace-id"],
        headers["psbc-request-time"], said["path"], bench.sm3(data.encode()),
    ])  # fmt: skip
    r, s = decode_dss_signature(base64.b64decode(said["body"]["signature"], validate=True))
    public = b"\x04" + sm2.public_of(int(secret, 16))
    verifier = gmalg.SM2(uid=b"QNZFGJJ@PSBC", pk=public)
    assert verifier.verify(signed.encode(), r.to_bytes(32, "big"), s.to_bytes(32, "big"))
    blob = base64.b64decode(data, validate=True)
    worker = Cipher(SM4(bytes.fromhex(bench.SM4)), CBC(blob[:16])).decryptor()
    padder = padding.PKCS7(128).unpadder()
    plain = padder.update(worker.update(blob[16:]) + worker.finalize()) + padder.finalize()
    assert json.loads(plain) == bench.sample(f"HC0201.{side}.json")


def test_the_golden_envelopes_open_where_they_go() -> None:
    for side in ("request", "reply"):
        said = bench.sample(f"HC0201.{side}.envelope.json")
        body = json.dumps(said["body"]).encode()
        if side == "request":
            found = ENVELOPE.open(PARTY, PATH, said["headers"], body, NOW_MS)
        else:
            mine = envelope_of(bench.context(), load_contract(bench.FOLDER))
            trace = said["headers"]["psbc-trace-id"]
            found = mine.open(PATH, said["headers"], body, NOW, trace).document
        assert found == bench.sample(f"HC0201.{side}.json")


@settings(max_examples=30, deadline=None)
@given(
    document=st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=60), max_size=5,
    )
)  # fmt: skip
def test_what_one_side_seals_the_other_opens(document: Any) -> None:
    mine = envelope_of(bench.context(), load_contract(bench.FOLDER))
    sealed = mine.seal(PATH, document, NOW)
    lower = {name.lower(): text for name, text in sealed.headers.items()}
    assert ENVELOPE.open(PARTY, PATH, lower, sealed.body, NOW_MS) == document
    back, body = ENVELOPE.seal(PARTY, PATH, document, NOW_MS, sealed.nonce)
    assert mine.open(PATH, back, body, NOW, sealed.nonce).document == document


def test_a_signature_written_in_another_form_is_none() -> None:
    """A raw one, a long-winded DER one, one signed under the standard's user id."""
    mine = envelope_of(bench.context(), load_contract(bench.FOLDER))
    headers, body = ENVELOPE.seal(PARTY, PATH, {"a": 1}, NOW_MS, "0" * 32)
    outer = json.loads(body)
    der = base64.b64decode(outer["signature"])
    r, s = decode_dss_signature(der)
    raw = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    long_winded = b"\x30\x81" + der[1:]
    text = "\n".join([
        "8852270000001", "PSBC-SFOP-01", "0" * 32, str(NOW_MS), PATH,
        bench.sm3(outer["encryptedBody"].encode()),
    ]).encode()  # fmt: skip
    default = sm2.sign(BANK, text)
    for wrong in (raw, long_winded, default, b""):
        outer["signature"] = base64.b64encode(wrong).decode()
        with pytest.raises(BadEnvelope) as caught:
            mine.open(PATH, headers, json.dumps(outer).encode(), NOW)
        assert caught.value.word == "signature"
        sealed = mine.seal(PATH, {"a": 1}, NOW)
        body = sealed.body.replace(
            json.loads(sealed.body)["signature"].encode(), outer["signature"].encode()
        )
        with pytest.raises(Distrusted) as refused:
            ENVELOPE.open(PARTY, PATH, sealed.headers, body, NOW_MS)
        assert refused.value.word == "signature"
