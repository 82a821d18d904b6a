"""SM2 by libcrypto 3 (OpenSSL), called through ctypes, which lets other threads run meanwhile.

Nothing here trusts the library blindly: ``hub.crypto.sm2_engines`` lets it answer known
questions first and takes the plain Python engine when an answer is wrong.
"""

import ctypes
import functools
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ctypes import byref, c_char_p, c_int, c_long, c_size_t, c_ulong, c_void_p

from hub.crypto.errors import CipherBroken, KeyUnreadable
from hub.crypto.sm2_forms import (
    CipherForm,
    SignatureForm,
    Sm2Cipher,
    read_cipher,
    read_signature,
    write_cipher,
    write_private,
    write_public,
    write_signature,
)

_NAMES = ("libcrypto.so.3", "libcrypto.so.4", "libcrypto.3.dylib", "libcrypto-3-x64.dll")
_OLDEST = 0x30000000
_KEYS_KEPT = 128

_SIGNATURES: dict[str, tuple[type | None, tuple[type, ...]]] = {
    "OpenSSL_version_num": (c_ulong, ()),
    "EVP_sm3": (c_void_p, ()),
    "d2i_AutoPrivateKey": (c_void_p, (c_void_p, c_void_p, c_long)),
    "d2i_PUBKEY": (c_void_p, (c_void_p, c_void_p, c_long)),
    "EVP_PKEY_free": (None, (c_void_p,)),
    "EVP_PKEY_CTX_new": (c_void_p, (c_void_p, c_void_p)),
    "EVP_PKEY_CTX_free": (None, (c_void_p,)),
    "EVP_PKEY_CTX_set1_id": (c_int, (c_void_p, c_char_p, c_int)),
    "EVP_MD_CTX_new": (c_void_p, ()),
    "EVP_MD_CTX_free": (None, (c_void_p,)),
    "EVP_MD_CTX_set_pkey_ctx": (None, (c_void_p, c_void_p)),
    "EVP_DigestSignInit": (c_int, (c_void_p, c_void_p, c_void_p, c_void_p, c_void_p)),
    "EVP_DigestSign": (c_int, (c_void_p, c_void_p, c_void_p, c_char_p, c_size_t)),
    "EVP_DigestVerifyInit": (c_int, (c_void_p, c_void_p, c_void_p, c_void_p, c_void_p)),
    "EVP_DigestVerify": (c_int, (c_void_p, c_char_p, c_size_t, c_char_p, c_size_t)),
    "EVP_PKEY_encrypt_init": (c_int, (c_void_p,)),
    "EVP_PKEY_encrypt": (c_int, (c_void_p, c_void_p, c_void_p, c_char_p, c_size_t)),
    "EVP_PKEY_decrypt_init": (c_int, (c_void_p,)),
    "EVP_PKEY_decrypt": (c_int, (c_void_p, c_void_p, c_void_p, c_char_p, c_size_t)),
    "ERR_clear_error": (None, ()),
}


class LibraryMissing(Exception):
    """No libcrypto 3 with SM2 could be loaded; the message says why."""


def _load(names: tuple[str, ...]) -> ctypes.CDLL:
    for name in names:
        with suppress(OSError):
            return ctypes.CDLL(name)
    raise LibraryMissing(f"none of {', '.join(names)} can be loaded")


def _declare(library: ctypes.CDLL) -> None:
    try:
        for name, (result, arguments) in _SIGNATURES.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, list(arguments)
    except AttributeError as error:
        raise LibraryMissing(f"the library lacks a function: {error}") from error
    if library.OpenSSL_version_num() < _OLDEST:
        raise LibraryMissing("the library is older than OpenSSL 3")


class _Key:
    """An EVP_PKEY; libcrypto allows many threads to use one at a time."""

    def __init__(self, library: ctypes.CDLL, data: bytes, *, private: bool) -> None:
        self._library = library
        buffer = ctypes.create_string_buffer(data, len(data))
        place = c_void_p(ctypes.addressof(buffer))
        read = library.d2i_AutoPrivateKey if private else library.d2i_PUBKEY
        self.handle = read(None, byref(place), len(data))
        if not self.handle:
            library.ERR_clear_error()
            raise KeyUnreadable("libcrypto does not take this SM2 key")

    def __del__(self) -> None:
        if getattr(self, "handle", None):
            self._library.EVP_PKEY_free(self.handle)


class LibcryptoEngine:
    """SM2 by libcrypto: thousands of operations a second on one core."""

    name = "libcrypto"

    def __init__(self, names: tuple[str, ...] = _NAMES) -> None:
        self._c = _load(names)
        _declare(self._c)
        self._sm3 = self._c.EVP_sm3()
        if not self._sm3:
            raise LibraryMissing("the library was built without SM3")
        self._private = functools.lru_cache(_KEYS_KEPT)(self._read_private)
        self._public = functools.lru_cache(_KEYS_KEPT)(self._read_public)

    def _read_private(self, secret: bytes, public: bytes) -> _Key:
        return _Key(self._c, write_private(secret, public), private=True)

    def _read_public(self, public: bytes) -> _Key:
        return _Key(self._c, write_public(public), private=False)

    @contextmanager
    def _digest_context(self, key: _Key, user_id: bytes) -> Iterator[c_void_p]:
        outer = self._c.EVP_MD_CTX_new()
        inner = self._c.EVP_PKEY_CTX_new(key.handle, None)
        try:
            if self._c.EVP_PKEY_CTX_set1_id(inner, user_id, len(user_id)) != 1:
                raise KeyUnreadable("libcrypto does not take this user id")
            self._c.EVP_MD_CTX_set_pkey_ctx(outer, inner)
            yield outer
        finally:
            self._c.EVP_MD_CTX_free(outer)
            self._c.EVP_PKEY_CTX_free(inner)

    def sign(self, secret: bytes, public: bytes, message: bytes, user_id: bytes) -> bytes:
        """r‖s, 64 bytes."""
        key = self._private(secret, public)
        with self._digest_context(key, user_id) as context:
            size = c_size_t(80)  # SEQUENCE of two integers: at most 72 bytes
            buffer = ctypes.create_string_buffer(size.value)
            if (
                self._c.EVP_DigestSignInit(context, None, self._sm3, None, key.handle) != 1
                or self._c.EVP_DigestSign(context, buffer, byref(size), message, len(message)) != 1
            ):
                self._c.ERR_clear_error()
                raise KeyUnreadable("libcrypto could not sign with this key")
        return read_signature(buffer.raw[: size.value], SignatureForm.DER)

    def verify(self, public: bytes, message: bytes, signature: bytes, user_id: bytes) -> bool:
        """Whether r‖s is the key's signature of this message under this user id."""
        key = self._public(public)
        wire = write_signature(signature, SignatureForm.DER)
        with self._digest_context(key, user_id) as context:
            if self._c.EVP_DigestVerifyInit(context, None, self._sm3, None, key.handle) != 1:
                self._c.ERR_clear_error()
                raise KeyUnreadable("libcrypto could not verify with this key")
            found = self._c.EVP_DigestVerify(context, wire, len(wire), message, len(message))
        if found != 1:
            self._c.ERR_clear_error()
        return bool(found == 1)

    def encrypt(self, public: bytes, plain: bytes) -> Sm2Cipher:
        """Encrypt for the holder of the private key."""
        context = self._c.EVP_PKEY_CTX_new(self._public(public).handle, None)
        try:
            self._c.EVP_PKEY_encrypt_init(context)
            # x, y, C3 and their heads take at most 120 bytes beside the plain text's length.
            wire = self._run(self._c.EVP_PKEY_encrypt, context, plain, len(plain) + 128)
        finally:
            self._c.EVP_PKEY_CTX_free(context)
        if wire is None:
            raise CipherBroken("libcrypto could not encrypt with this key")
        return read_cipher(wire, CipherForm.DER, prefix=False)

    def decrypt(self, secret: bytes, public: bytes, cipher: Sm2Cipher) -> bytes:
        """Raises CipherBroken when C3 does not fit."""
        wire = write_cipher(cipher, CipherForm.DER, prefix=False)
        context = self._c.EVP_PKEY_CTX_new(self._private(secret, public).handle, None)
        try:
            self._c.EVP_PKEY_decrypt_init(context)
            plain = self._run(self._c.EVP_PKEY_decrypt, context, wire, len(wire))
        finally:
            self._c.EVP_PKEY_CTX_free(context)
        if plain is None:
            raise CipherBroken
        return plain

    def _run(
        self, function: "ctypes._NamedFuncPointer", context: c_void_p, data: bytes, room: int
    ) -> bytes | None:
        size = c_size_t(room)
        buffer = ctypes.create_string_buffer(room)
        if function(context, buffer, byref(size), data, len(data)) != 1:
            self._c.ERR_clear_error()
            return None
        return buffer.raw[: size.value]
