"""SM3, HMAC-SM3 and SM4 against published answers, and round trips of anything."""

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.crypto import BadEncoding, CipherBroken, HmacSm3, hmac_sm3, new_sm3, sm3_hex, sm4
from hub.crypto.sm3 import _carried_sm3, _CarriedHasher, sm3

_KEY = bytes.fromhex("0123456789abcdeffedcba9876543210")


@pytest.mark.parametrize(
    ("message", "digest"),
    [
        (b"abc", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),
        # GB/T 32905-2016 annex A.2
        (b"abcd" * 16, "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"),
    ],
)
def test_sm3_gives_the_published_digests(message: bytes, digest: str) -> None:
    assert sm3_hex(message) == digest
    assert _carried_sm3(message).hex() == digest


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_sm3_in_pieces_is_sm3_of_the_whole(first: bytes, second: bytes) -> None:
    hasher, carried = new_sm3(first), _CarriedHasher()
    carried.update(first)
    assert carried.digest() == hasher.digest() == sm3(first)
    hasher.update(second)
    copied = carried.copy()
    copied.update(second)
    assert copied.digest() == hasher.digest() == sm3(first + second)
    assert carried.digest() == sm3(first)


@given(st.binary(max_size=150), st.binary(max_size=300))
def test_hmac_is_the_standard_librarys(key: bytes, message: bytes) -> None:
    assert hmac_sm3(key, message) == hmac.new(key, message, "sm3").digest()
    prepared = HmacSm3(key)
    assert prepared.digest(message) == prepared.digest(message) == hmac_sm3(key, message)


def test_sm4_gives_the_published_block() -> None:
    blob = sm4.encrypt_blocks(_KEY, _KEY)
    assert blob.hex() == "681edf34d206965e86b3e94f536e4246"
    assert sm4.decrypt_blocks(_KEY, blob) == _KEY


def test_sm4_gives_the_published_block_after_a_million_rounds() -> None:
    # GB/T 32907-2016 annex A.2; CBC over zeros is the same chain of blocks.
    blob = sm4.cbc_encrypt(_KEY, _KEY, bytes(16 * 1_000_000))
    assert blob[-32:-16].hex() == "595298c7c6fd271f0402f804c33d3f66"


def test_gcm_opens_the_published_message() -> None:
    # RFC 8998 appendix A.1
    nonce = bytes.fromhex("00001234567800000000abcd")
    aad = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    body = bytes.fromhex(
        "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735"
        "d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d"
    )
    tag = bytes.fromhex("83de3541e4c2b58177e065a9bf7b62ec")
    plain = "".join(c * 16 for c in ("a", "b", "c", "d", "e", "f", "e", "a"))
    assert sm4.gcm_open(_KEY, nonce + body + tag, aad).hex() == plain


@given(st.binary(max_size=500), st.binary(min_size=16, max_size=16), st.binary(max_size=40))
def test_what_is_sealed_opens(plain: bytes, key: bytes, aad: bytes) -> None:
    assert sm4.gcm_open(key, sm4.gcm_seal(key, plain, aad), aad) == plain
    assert sm4.cbc_decrypt(key, key, sm4.cbc_encrypt(key, key, plain)) == plain


@given(st.binary(max_size=80), st.integers(0, 10_000))
def test_one_altered_bit_is_noticed(plain: bytes, at: int) -> None:
    blob = bytearray(sm4.gcm_seal(_KEY, plain, b"kind"))
    blob[at // 8 % len(blob)] ^= 1 << at % 8
    with pytest.raises(CipherBroken):
        sm4.gcm_open(_KEY, bytes(blob), b"kind")
    with pytest.raises(CipherBroken):
        sm4.gcm_open(_KEY, sm4.gcm_seal(_KEY, plain, b"kind"), b"other")


def test_wrong_sizes_are_named() -> None:
    with pytest.raises(BadEncoding, match="16 bytes, not 15"):
        sm4.gcm_seal(_KEY[:15], b"", b"")
    with pytest.raises(BadEncoding, match="whole SM4 blocks"):
        sm4.cbc_decrypt(_KEY, _KEY, bytes(17))
    with pytest.raises(CipherBroken, match="too short"):
        sm4.gcm_open(_KEY, bytes(27), b"")
    with pytest.raises(CipherBroken, match="padding"):
        sm4.cbc_decrypt(_KEY, _KEY, bytes(16))
