"""JSON in an envelope of SM4 and SM2, the partner's side: written from the contract's section
``envelope``, apart from the adapters'."""

import base64
import binascii
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import CBC

from mocks.kit import sm2
from mocks.kit.guard import MockRefusal

_BLOCK = 16
_KNOWN = {"algorithm": "SM4", "mode": "CBC", "padding": "PKCS7", "iv": "prefix",
          "encoding": "base64"}  # fmt: skip
_FORMS = ("raw", "der")
_NONCE = re.compile(r"[0-9a-f]{32}")
_MILLIS = re.compile(r"[0-9]{13}")


class Distrusted(Exception):
    """An envelope that is refused.

    ``word``: ``unreadable``, ``identity``, ``signature``, ``stale``, ``cipher``, ``document``.
    ``nonce`` is the request's, as far as it could be read.
    """

    def __init__(self, word: str, why: str, nonce: str = "") -> None:
        super().__init__(word, why)
        self.word = word
        self.why = why
        self.nonce = nonce


@dataclass(frozen=True, slots=True)
class Party:
    """Who the two are: their ids, the bank's private key, the customer's public key, the cipher
    key both hold."""

    app_id: str
    bank_id: str
    secret: int
    customer: bytes
    cipher: bytes


class Envelope:
    """Seals and opens; ``spec`` is the contract's section."""

    def __init__(self, spec: Mapping[str, Any]) -> None:
        signature = spec["signature"]
        how = (signature["algorithm"], signature["encoding"])
        if (
            spec["cipher"] != _KNOWN
            or how != ("SM2withSM3", "base64")
            or signature["form"] not in _FORMS
        ):
            raise MockRefusal("挡板不会这样的信封：看 contract.yaml 的 envelope")
        self._headers: Mapping[str, str] = spec["headers"]
        self._data, self._sign = spec["body"]["data"], spec["body"]["sign"]
        self._lines: list[str] = signature["text"]
        self._der = signature["form"] == "der"
        self._user_id = str(signature["user_id"]).encode()
        self._skew_ms = int(spec["clock_skew_s"]) * 1000

    def nonce(self, headers: Mapping[str, str]) -> str:
        """The nonce of a request, as it stands."""
        return headers.get(self._headers["nonce"].lower(), "")

    def seal(
        self,
        party: Party,
        path: str,
        document: object,
        at_ms: int,
        nonce: str,
        *,
        charset: str = "utf-8",
        spoil: bool = False,
    ) -> tuple[dict[str, str], bytes]:
        """Headers and body.  ``charset`` and ``spoil`` (a signature of something else) differ
        only by a fault."""
        plain = json.dumps(document, ensure_ascii=False).encode(charset)
        filler = padding.PKCS7(_BLOCK * 8).padder()
        padded = filler.update(plain) + filler.finalize()
        iv = os.urandom(_BLOCK)
        worker = Cipher(SM4(party.cipher), CBC(iv)).encryptor()
        data = base64.b64encode(iv + worker.update(padded) + worker.finalize()).decode("ascii")
        facts = {
            "app_id": party.app_id, "bank_id": party.bank_id, "timestamp": str(at_ms),
            "nonce": nonce,
        }  # fmt: skip
        signed = self._text(path, facts, data) + (b"." if spoil else b"")
        made = sm2.sign(party.secret, signed, self._user_id)
        sign = base64.b64encode(_to_der(made) if self._der else made).decode("ascii")
        body = json.dumps({self._data: data, self._sign: sign}).encode("ascii")
        return {self._headers[name]: value for name, value in facts.items()}, body

    def open(
        self, party: Party, path: str, headers: Mapping[str, str], body: bytes, now_ms: int
    ) -> Any:
        """The document of a request; :class:`Distrusted` for one that is refused."""
        facts = {name: headers.get(at.lower(), "") for name, at in self._headers.items()}
        nonce = facts["nonce"] if _NONCE.fullmatch(facts["nonce"]) else ""
        data, sign = self._outer(body, nonce)
        if (facts["app_id"], facts["bank_id"]) != (party.app_id, party.bank_id):
            raise Distrusted("identity", "应用号或机构号不符", nonce)
        if not nonce or not _MILLIS.fullmatch(facts["timestamp"]):
            raise Distrusted("unreadable", "时间戳或随机数不是规范的写法", nonce)
        text = self._text(path, facts, data)
        came = _decoded(sign)
        if not sm2.verify(
            party.customer, text, _from_der(came) if self._der else came, self._user_id
        ):
            raise Distrusted("signature", "签名不符", nonce)
        if abs(int(facts["timestamp"]) - now_ms) > self._skew_ms:
            raise Distrusted("stale", "时间戳超出允许时差", nonce)
        plain = self._plain(party, data, nonce)
        try:
            return strict_json(plain)
        except ValueError as error:
            raise Distrusted("document", f"不是 JSON：{type(error).__name__}", nonce) from error

    def _outer(self, body: bytes, nonce: str) -> tuple[str, str]:
        try:
            outer = strict_json(body)
        except ValueError as error:
            raise Distrusted("unreadable", f"不是 JSON：{type(error).__name__}", nonce) from error
        names = {self._data, self._sign}
        if not isinstance(outer, dict) or set(outer) != names:
            raise Distrusted("unreadable", f"应有 {self._data}、{self._sign}", nonce)
        if not all(isinstance(one, str) and one.isascii() for one in outer.values()):
            raise Distrusted("unreadable", "信封的域不是文本", nonce)
        found = cast("dict[str, str]", outer)
        return found[self._data], found[self._sign]

    def _plain(self, party: Party, data: str, nonce: str) -> bytes:
        blob = _decoded(data)
        if len(blob) < 2 * _BLOCK or len(blob) % _BLOCK:
            raise Distrusted("cipher", "密文长度不对", nonce)
        worker = Cipher(SM4(party.cipher), CBC(blob[:_BLOCK])).decryptor()
        padded = worker.update(blob[_BLOCK:]) + worker.finalize()
        filler = padding.PKCS7(_BLOCK * 8).unpadder()
        try:
            return filler.update(padded) + filler.finalize()
        except ValueError as error:
            raise Distrusted("cipher", "填充不对", nonce) from error

    def _text(self, path: str, facts: Mapping[str, str], data: str) -> bytes:
        known = {**facts, "path": path, "data_sm3": sm2.sm3(data.encode("ascii")).hex()}
        return "\n".join(known[name] for name in self._lines).encode()


def strict_json(data: bytes) -> Any:
    """JSON in UTF-8 without doubled keys, NaN or endless numbers; ValueError otherwise."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) != len(pairs):
            raise ValueError("doubled key")
        return made

    def never(name: str) -> Any:
        raise ValueError(name)

    def whole(digits: str) -> int:
        if len(digits) > 20:
            raise ValueError("too many digits")
        return int(digits)

    try:
        return json.loads(
            data.decode("utf-8"), object_pairs_hook=once, parse_constant=never, parse_int=whole
        )
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _decoded(text: str) -> bytes:
    try:
        found = base64.b64decode(text, validate=True)
    except binascii.Error:
        return b""
    return found if base64.b64encode(found).decode("ascii") == text else b""


def _to_der(raw: bytes) -> bytes:
    """r‖s as SEQUENCE{r, s}."""
    return encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))


def _from_der(data: bytes) -> bytes:
    """SEQUENCE{r, s} as r‖s; empty for anything else, a second way to write it included."""
    try:
        r, s = decode_dss_signature(data)
        raw = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    except (ValueError, OverflowError):
        return b""
    return raw if _to_der(raw) == data else b""
