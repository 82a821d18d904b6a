"""The mocks' own SM2 against the standard's example, an oracle and the hub's engines."""

import gmalg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.crypto import Sm2PrivateKey, Sm2PublicKey
from mocks.kit import sm2

SECRET = 0x3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8
PUBLIC = bytes.fromhex(
    "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
    "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
)
SIGNATURE = bytes.fromhex(
    "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3"
    "b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa"
)


def test_the_published_example() -> None:
    assert sm2.public_of(SECRET) == PUBLIC
    assert sm2.verify(PUBLIC, b"message digest", SIGNATURE)
    assert not sm2.verify(PUBLIC, b"message digest.", SIGNATURE)
    assert not sm2.verify(PUBLIC, b"message digest", SIGNATURE, b"ALICE123@YAHOO.COM")


@settings(max_examples=12, deadline=None)
@given(secret=st.integers(1, sm2.N - 2), message=st.binary(max_size=80))
def test_the_hub_agrees(secret: int, message: bytes) -> None:
    public = sm2.public_of(secret)
    made = sm2.sign(secret, message)
    assert sm2.verify(public, message, made)
    assert Sm2PublicKey(public).verify(message, made)
    theirs = Sm2PrivateKey(secret.to_bytes(32, "big"))
    assert theirs.public.point == public
    assert sm2.verify(public, message, theirs.sign(message))


def test_an_oracle_takes_what_is_signed() -> None:
    made = sm2.sign(SECRET, b"abc")
    oracle = gmalg.SM2(sk=SECRET.to_bytes(32, "big"), uid=sm2.USER_ID, pk=b"\x04" + PUBLIC)
    assert oracle.verify(b"abc", made[:32], made[32:])


@pytest.mark.parametrize(
    "signature",
    [b"", SIGNATURE[:-1], SIGNATURE + b"\0", bytes(64), b"\xff" * 64,
     SIGNATURE[32:] + SIGNATURE[:32]],
)  # fmt: skip
def test_what_is_no_signature_is_refused(signature: bytes) -> None:
    assert not sm2.verify(PUBLIC, b"message digest", signature)


def test_a_point_off_the_curve_is_no_key() -> None:
    assert not sm2.verify(PUBLIC[:-1] + b"\0", b"message digest", SIGNATURE)
    assert not sm2.verify(PUBLIC[:-1], b"message digest", SIGNATURE)
