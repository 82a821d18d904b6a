"""SM4 (GB/T 32907-2016): CBC with PKCS#7 padding for partners, GCM (RFC 8998) for ourselves.

Keys are 16 bytes.  GCM nonces are 12 random bytes: a data key serves one month of one kind,
far below the 2**32 messages where random nonces under one key become a risk (NIST SP 800-38D
§8.3).
"""

import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import CBC, ECB, GCM

from hub.crypto.errors import BadEncoding, CipherBroken

KEY_SIZE = 16
BLOCK_SIZE = 16
NONCE_SIZE = 12
TAG_SIZE = 16


def new_key() -> bytes:
    """16 bytes from the operating system's generator."""
    return os.urandom(KEY_SIZE)


def _check_key(key: bytes) -> None:
    if len(key) != KEY_SIZE:
        raise BadEncoding(f"an SM4 key has {KEY_SIZE} bytes, not {len(key)}")


def encrypt_blocks(key: bytes, plain: bytes) -> bytes:
    """ECB without padding: whole blocks only.

    Only because some partners' contracts ask for it: equal blocks stay visible.
    """
    _check_blocks(key, plain)
    worker = Cipher(SM4(key), ECB()).encryptor()  # noqa: S305
    return worker.update(plain) + worker.finalize()


def decrypt_blocks(key: bytes, blob: bytes) -> bytes:
    """The reverse of ``encrypt_blocks``."""
    _check_blocks(key, blob)
    worker = Cipher(SM4(key), ECB()).decryptor()  # noqa: S305
    return worker.update(blob) + worker.finalize()


def _check_blocks(key: bytes, data: bytes) -> None:
    _check_key(key)
    if len(data) % BLOCK_SIZE:
        raise BadEncoding(f"{len(data)} bytes are not whole SM4 blocks of {BLOCK_SIZE}")


def cbc_encrypt(key: bytes, iv: bytes, plain: bytes) -> bytes:
    """CBC with PKCS#7 padding; ``iv`` is 16 bytes and not part of the answer."""
    _check_key(key)
    if len(iv) != BLOCK_SIZE:
        raise BadEncoding(f"an SM4 IV has {BLOCK_SIZE} bytes, not {len(iv)}")
    fill = BLOCK_SIZE - len(plain) % BLOCK_SIZE
    worker = Cipher(SM4(key), CBC(iv)).encryptor()
    return worker.update(plain + bytes([fill]) * fill) + worker.finalize()


def cbc_decrypt(key: bytes, iv: bytes, blob: bytes) -> bytes:
    """The reverse; raises CipherBroken when the padding is wrong (CBC proves nothing else)."""
    _check_blocks(key, blob)
    if len(iv) != BLOCK_SIZE:
        raise BadEncoding(f"an SM4 IV has {BLOCK_SIZE} bytes, not {len(iv)}")
    worker = Cipher(SM4(key), CBC(iv)).decryptor()
    plain = worker.update(blob) + worker.finalize()
    fill = plain[-1] if plain else 0
    if not 1 <= fill <= BLOCK_SIZE or plain[-fill:] != bytes([fill]) * fill:
        raise CipherBroken("the padding is wrong: another key, or altered")
    return plain[:-fill]


def gcm_seal(key: bytes, plain: bytes, aad: bytes) -> bytes:
    """nonce (12) + ciphertext + tag (16); ``aad`` is bound but not carried."""
    _check_key(key)
    nonce = os.urandom(NONCE_SIZE)
    worker = Cipher(_under(key), GCM(nonce)).encryptor()
    worker.authenticate_additional_data(aad)
    body = worker.update(plain) + worker.finalize()
    return nonce + body + worker.tag


def gcm_open(key: bytes, blob: bytes, aad: bytes) -> bytes:
    """The reverse; raises CipherBroken for another key, other ``aad`` or any altered bit."""
    _check_key(key)
    if len(blob) < NONCE_SIZE + TAG_SIZE:
        raise CipherBroken(f"{len(blob)} bytes are too short to be sealed data")
    mode = GCM(blob[:NONCE_SIZE], blob[-TAG_SIZE:])
    worker = Cipher(_under(key), mode).decryptor()
    worker.authenticate_additional_data(aad)
    try:
        return worker.update(blob[NONCE_SIZE:-TAG_SIZE]) + worker.finalize()
    except InvalidTag as error:
        raise CipherBroken from error


@lru_cache(maxsize=64)
def _under(key: bytes) -> SM4:
    """The algorithm under a key: a third of the time a short value takes is making it anew."""
    return SM4(key)
