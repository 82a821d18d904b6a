"""Requests and replies as a report may show them: opened where that can be done, and masked.

The wire's own wrappings (forms, Base64, the contract's charset) are opened by their look, without
any adapter, and a fixed-width file by its contract's layouts; what cannot be opened is told by
length and digest.  Names of the test accounts, what stands in fields that hold names, papers or
credentials, and everything that looks like an account or an ID is masked.
"""

import base64
import binascii
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote_to_bytes

from hub.contracts import BadText, Charset, Layout, Record
from hub.crypto import sm3_hex
from hub.kernel.logs import mask_text
from hub.kernel.secret import mask_account, mask_id, mask_name

MOST = 1600
_TOO_LONG = 1 << 18
"""Bytes beyond which a body is told by length and digest alone: looking through megabytes of it for
what to mask takes seconds."""
_MARKUP = re.compile(rb"^\s*[<{\[]")
_PRIVATE = (
    r"Cert|[A-Za-z]*Name[A-Za-z]*|[A-Za-z]*Token|Password|Signature|sign|zip|XingMing|JKRXM|XM"
    r"|ZJHM|JKRZJH|SJHM|DWFRDB[A-Z]*|DWDZ|(?!FILE_)[A-Z]+_(?:ACC_)?NAME"
)
_PRIVATE_NAME = re.compile(_PRIVATE)
_ELEMENT = re.compile(rf"<({_PRIVATE})>([^<]+)(</|$)")
_MEMBER = re.compile(rf'"({_PRIVATE})"\s*:\s*"([^"]*)"')
# Base64 that was not opened may hold a name: it is never shown, however it is broken up.
_LONG = re.compile(r"[A-Za-z0-9+/=]{33,}")
_HEX = re.compile(r"[0-9a-f]+")
_PACKED = re.compile(rb"[A-Za-z0-9+/=%\s-]{40,}")
_LEAST_NAME = 2
_LEAST_SECRET = 4
_MOST_ROWS = 12


class Shower:
    """Masks for one certificate: the test accounts' names, papers and numbers, and ``secrets``,
    the deployment's own, which no report shows wherever they stand."""

    def __init__(
        self,
        charset: Charset,
        names: Iterable[str],
        numbers: Iterable[str],
        secrets: Iterable[str] = (),
        layouts: Iterable[Layout] = (),
    ) -> None:
        self._charset = charset
        self._layouts = tuple(layouts)
        self._names = sorted({n for n in names if len(n) >= _LEAST_NAME}, key=len, reverse=True)
        self._numbers = sorted({n for n in numbers if len(n) >= 8}, key=len, reverse=True)
        self._secrets = sorted({s for s in secrets if len(s) >= _LEAST_SECRET}, key=len)[::-1]

    def show(self, body: bytes) -> str:
        """At most ``MOST`` characters."""
        if not body:
            return ""
        if len(body) > _TOO_LONG:
            return _told(body)
        text = self.mask(self._opened(body))
        if len(text) > MOST:
            text = f"{text[:MOST]}\n……{_told(body)}"
        return text

    def mask(self, text: str) -> str:
        """Without anybody's name, paper or account."""
        text = _ELEMENT.sub(lambda m: f"<{m[1]}>{_hidden(m[2])}{m[3]}", text)
        text = _MEMBER.sub(lambda m: f'"{m[1]}":"{_hidden(m[2])}"', text)
        for secret in self._secrets:
            text = text.replace(secret, "***")
        for name in self._names:
            text = text.replace(name, mask_name(name))
        for number in self._numbers:
            if number in text:
                masked = mask_id(number) if len(number) == 18 else mask_account(number)
                text = text.replace(number, masked)
        return mask_text(text)

    def mask_plain(self, found: Any) -> Any:
        """The same in what a step is given and answers; of many rows the first ones."""
        match found:
            case dict() if len(found) > _MOST_ROWS:
                kept = dict(list(found.items())[:_MOST_ROWS])
                return {**self.mask_plain(kept), "……": f"共 {len(found)} 项"}
            case dict():
                return {key: self.mask_plain(value) for key, value in found.items()}
            case list():
                return [self.mask_plain(value) for value in found]
            case str():
                return self.mask(found)
            case _:
                return found

    def _opened(self, body: bytes) -> str:
        if _MARKUP.match(body):
            return self._text(body)
        for layout in self._layouts:
            records = layout.glance(body, _MOST_ROWS)
            if records is not None:
                return "\n".join(map(_record, records))
        if b"=" in body[:4096]:
            fields = [self._field(pair) for pair in body.split(b"&")]
            return "\n".join(fields)
        return self._text(body)

    def _field(self, pair: bytes) -> str:
        name, _, value = pair.partition(b"=")
        shown = name.decode("ascii", "replace")
        plain = _percent(value)
        # A form's values are percent-encoded, an answer's are as they stand.
        inner = next((one for one in (_inner(value), _inner(plain)) if one is not None), None)
        if inner is not None:
            return f"{shown}=\n{self._text(inner)}"
        if _PRIVATE_NAME.fullmatch(shown):
            return f"{shown}={_hidden(plain.decode('latin-1'))}"
        if _PACKED.fullmatch(value) or _PACKED.fullmatch(plain):
            return f"{shown}={_told(value)}"
        return f"{shown}={self._text(plain)}"

    def _text(self, data: bytes) -> str:
        try:
            text = self._charset.decode(data)
        except BadText:
            return f"不是 {self._charset.declared}{_told(data)}"
        return _LONG.sub(lambda m: m[0] if _HEX.fullmatch(m[0]) else f"（{len(m[0])} 字符）", text)


def _record(record: Record) -> str:
    """One record of a fixed-width file, by the names of its fields."""
    shown = (
        f"{name}={_hidden(text) if _PRIVATE_NAME.fullmatch(name) else text}"
        for name, text in record.items()
        if text.strip()
    )
    return " ".join(shown)


def _told(data: bytes) -> str:
    return f"（{len(data)} 字节，SM3 {sm3_hex(data)[:16]}）"


def _percent(value: bytes) -> bytes:
    return unquote_to_bytes(value.replace(b"+", b" "))


def _inner(value: bytes) -> bytes | None:
    """The document in Base64, also when a signature of unknown form stands before it."""
    try:
        data = base64.b64decode(b"".join(value.split()), validate=True)
    except (binascii.Error, ValueError):
        return value if _MARKUP.match(value) else None
    place = data.find(b"<?xml")
    if place < 0:
        return data if _MARKUP.match(data) else None
    return data[place:]


def _hidden(text: str) -> str:
    return text[:1] + "***" if text.strip() and not text.isascii() else "***"
