"""JSON in an envelope: SM4 over the document, SM2 over who says it, when, and what.

How it is written (names, mode, forms, the signed lines) is the contract's section ``envelope``;
requests, replies and notices are the same.  The document's ciphertext is signed, so nothing is
decrypted that the partner has not signed.  A reply repeats the request's nonce: the answer to
another call is none.
"""

import base64
import binascii
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.contracts import BadDocument, Contract
from hub.contracts.documents import read_json
from hub.crypto import BadEncoding, CipherBroken, SignatureForm, Sm2PrivateKey, Sm2PublicKey
from hub.crypto import sm4 as cipher
from hub.crypto.sm3 import sm3_hex
from hub.kernel.errors import Misconfigured
from hub.kernel.secret import Secret

_NONCE = re.compile(r"[0-9a-f]{32}")
_MILLIS = re.compile(r"[0-9]{13}")
_SUPPORTED = {
    "algorithm": "SM4", "mode": "CBC", "padding": "PKCS7", "iv": "prefix", "encoding": "base64",
}  # fmt: skip
_LINES = {"path", "app_id", "bank_id", "timestamp", "nonce", "data_sm3"}


class BadEnvelope(Exception):
    """An envelope that is not to be believed, inside adapters only.

    ``word``: ``unreadable`` (no envelope at all), ``identity``, ``signature``, ``stale``,
    ``nonce`` (not the one asked with), ``cipher``, ``document``; ``place``, ``expected`` and
    ``found`` tell a drift, without any value.
    """

    def __init__(self, word: str, place: str, expected: str, found: str) -> None:
        super().__init__(word, place, expected, found)
        self.word = word
        self.place = place
        self.expected = expected
        self.found = found


@dataclass(frozen=True, slots=True)
class Keys:
    """Our signing key, the partner's public key, the cipher key both hold (16 bytes)."""

    own: Sm2PrivateKey
    partner: Sm2PublicKey
    cipher: bytes

    @classmethod
    def parse(cls, own: Secret, partner: Secret, cipher_key: Secret) -> "Keys":
        """From their files: PEM or hex, PEM or hex, 32 hex characters.  Raises Misconfigured."""
        try:
            key = bytes.fromhex(cipher_key.reveal().strip())
        except ValueError:
            key = b""
        if len(key) != cipher.KEY_SIZE:
            raise Misconfigured("the SM4 key's file must hold 32 hex characters")
        return cls(
            Sm2PrivateKey.parse(own.reveal()), Sm2PublicKey.parse(partner.reveal().strip()), key
        )


@dataclass(frozen=True, slots=True)
class Sealed:
    """What goes on the wire, and the nonce it went with."""

    headers: dict[str, str]
    body: bytes
    nonce: str


@dataclass(frozen=True, slots=True)
class Opened:
    """What an envelope held: the parsed document, its bytes, the nonce it came with."""

    document: Any
    data: bytes
    nonce: str


class Envelope:
    """Seals and opens for one deployment; holds no state between calls."""

    def __init__(self, contract: Contract, app_id: str, bank_id: str, keys: Keys) -> None:
        said = contract.extra["envelope"]
        signed, ciphered = said["signature"], said["cipher"]
        if dict(ciphered) != _SUPPORTED or signed["algorithm"] != "SM2withSM3":
            raise Misconfigured(f"{contract.interface}: an envelope this program cannot write")
        if signed["encoding"] != "base64" or not _LINES.issuperset(signed["text"]):
            raise Misconfigured(f"{contract.interface}: a signature this program cannot write")
        self._charset = contract.charset
        self._headers: Mapping[str, str] = said["headers"]
        self._data, self._sign = str(said["body"]["data"]), str(said["body"]["sign"])
        self._form = SignatureForm(signed["form"])
        self._user_id = str(signed["user_id"]).encode()
        self._lines = tuple(str(one) for one in signed["text"])
        self._skew_ms = int(said["clock_skew_s"]) * 1000
        self._ids = {"app_id": app_id, "bank_id": bank_id}
        self._keys = keys

    def seal(self, path: str, document: object, now: datetime, nonce: str = "") -> Sealed:
        """One document to the partner.  ``nonce``: the request's, for a reply; else a new one.

        Raises BadText for what the charset cannot carry.
        """
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
        iv = secrets.token_bytes(cipher.BLOCK_SIZE)
        blob = iv + cipher.cbc_encrypt(self._keys.cipher, iv, self._charset.encode(text))
        data = base64.b64encode(blob).decode("ascii")
        facts = {
            **self._ids, "timestamp": str(_millis(now)), "nonce": nonce or secrets.token_hex(16),
        }  # fmt: skip
        signature = self._keys.own.sign(
            self._signed(path, facts, data), form=self._form, user_id=self._user_id
        )
        outer = {self._data: data, self._sign: base64.b64encode(signature).decode("ascii")}
        return Sealed(
            {self._headers[name]: value for name, value in facts.items()},
            json.dumps(outer, separators=(",", ":")).encode("ascii"),
            facts["nonce"],
        )

    def open(
        self, path: str, headers: Mapping[str, str], body: bytes, now: datetime, nonce: str = ""
    ) -> Opened:
        """What the partner says; ``headers`` by lower-case names.  ``nonce``: what a reply must
        repeat.  Raises BadEnvelope."""
        data, sign = self._outer(body)
        facts = {name: headers.get(at.lower(), "").strip() for name, at in self._headers.items()}
        for name, wanted in self._ids.items():
            if facts[name] != wanted:
                raise self._bad("identity", self._headers[name], "ours", "another")
        at = facts["timestamp"]
        if not _NONCE.fullmatch(facts["nonce"]) or not _MILLIS.fullmatch(at):
            raise self._bad("unreadable", "headers", "timestamp and nonce", "not their form")
        signature = _unbase64(sign)
        text = self._signed(path, facts, data)
        if signature is None or not self._keys.partner.verify(
            text, signature, form=self._form, user_id=self._user_id
        ):
            raise self._bad("signature", self._sign, "the partner's signature", "none of it")
        if abs(int(at) - _millis(now)) > self._skew_ms:
            raise self._bad("stale", self._headers["timestamp"], "within the skew", "outside")
        if nonce and facts["nonce"] != nonce:
            raise self._bad("nonce", self._headers["nonce"], "the request's own", "another")
        plain = self._decrypted(data)
        try:
            return Opened(read_json(plain, self._charset), plain, facts["nonce"])
        except BadDocument as error:
            raise self._bad("document", self._data, "JSON of the contract", error.found) from None

    def nonce_of(self, headers: Mapping[str, str]) -> str:
        """The nonce a request came with, as it stands."""
        return headers.get(self._headers["nonce"].lower(), "")

    def _outer(self, body: bytes) -> tuple[str, str]:
        try:
            outer = read_json(body, self._charset)
        except BadDocument as error:
            raise self._bad("unreadable", "body", "JSON of the contract", error.found) from None
        wanted = {self._data, self._sign}
        if not isinstance(outer, dict) or set(outer) != wanted:
            raise self._bad("unreadable", "body", f"{self._data} and {self._sign}", "other keys")
        data, sign = outer[self._data], outer[self._sign]
        if not isinstance(data, str) or not isinstance(sign, str) or not data.isascii():
            raise self._bad("unreadable", "body", "two texts", "something else")
        return data, sign

    def _decrypted(self, data: str) -> bytes:
        blob = _unbase64(data) or b""
        iv, rest = blob[: cipher.BLOCK_SIZE], blob[cipher.BLOCK_SIZE :]
        try:
            if not rest:
                raise BadEncoding("no ciphertext")
            return cipher.cbc_decrypt(self._keys.cipher, iv, rest)
        except (BadEncoding, CipherBroken):
            raise self._bad("cipher", self._data, "SM4 under our key", "something else") from None

    def _signed(self, path: str, facts: Mapping[str, str], data: str) -> bytes:
        known = {**facts, "path": path, "data_sm3": sm3_hex(data.encode("ascii"))}
        return "\n".join(known[name] for name in self._lines).encode("utf-8")

    @staticmethod
    def _bad(word: str, place: str, expected: str, found: str) -> BadEnvelope:
        return BadEnvelope(word, place, expected, found)


def _millis(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _unbase64(text: str) -> bytes | None:
    """The bytes, or None; of the several ways to write the last letter only the right one."""
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return found if base64.b64encode(found).decode("ascii") == text else None
