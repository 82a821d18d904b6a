"""The bank's side of the wire: form and XML in, XML out. Written by hand from the contract."""

import base64
import gzip
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from lxml import etree

from mocks.kit.xml import CHARSET, Unreadable, parse, tags

_ZIP_FROM = 64 * 1024
_DIGEST = 32
_MANY = 100
_BASE64_ESCAPES = ((b"%2B", b"+"), (b"%2F", b"/"), (b"%3D", b"="), (b"%2b", b"+"), (b"%2f", b"/"))
PUB = ("TransCode", "CIS", "BankCode", "ID", "TranDate", "TranTime", "fSeqno")


@dataclass(frozen=True, slots=True)
class Message:
    """A request's XML: the seven fields of ``pub``, the ``in`` element, the whole tree."""

    pub: Mapping[str, str]
    body: etree._Element
    root: etree._Element


def read_form(body: bytes) -> Mapping[str, bytes]:
    """The fields of a form as bytes, as they were before percent-encoding."""
    fields: dict[str, bytes] = {}
    for pair in body.split(b"&"):
        name, _, value = pair.partition(b"=")
        value = value.replace(b"+", b" ")
        if value.count(b"%") > _MANY:  # Base64: three escapes only, a tenth of the time
            for escaped, plain in _BASE64_ESCAPES:
                value = value.replace(escaped, plain)
        fields[unquote_to_bytes(name).decode("ascii", "replace")] = (
            value if b"%" not in value else unquote_to_bytes(value)
        )
    return fields


def read_xml(data: bytes) -> Message:
    """Decode GB18030 and parse; entities and DOCTYPE are refused."""
    root = parse(data)
    pub, body = root.find("eb/pub"), root.find("eb/in")
    if pub is None or body is None:
        raise Unreadable("没有 CMS/eb/pub 或 CMS/eb/in")
    return Message({name: pub.findtext(name) or "" for name in PUB}, body, root)


def reply_xml(
    pub: Mapping[str, str], code: str, text: str, out: str | None, charset: str = CHARSET
) -> bytes:
    """A whole reply; a large ``out`` travels as ``zip``.  ``charset`` differs only by a fault."""
    if out is not None and len(out) >= _ZIP_FROM:
        packed = gzip.compress(f"<out>{out}</out>".encode(charset), compresslevel=1, mtime=0)
        tail = f"<zip>{base64.b64encode(packed).decode('ascii')}</zip>"
    else:
        tail = "" if out is None else f"<out>{out}</out>"
    head = tags((name, pub.get(name, "")) for name in PUB)
    said = tags((("RetCode", code), ("RetMsg", text)))
    return (
        f'<?xml version="1.0" encoding="GBK"?><CMS><eb><pub>{head}{said}</pub>{tail}</eb></CMS>'
    ).encode(charset)


def wrap_reply(xml: bytes) -> bytes:
    """As the NC sends it: ``reqData=`` and Base64."""
    return b"reqData=" + base64.b64encode(xml)


class Seal:
    """The NC's signature: Base64 of HMAC-SHA256 (32 bytes) followed by the signed bytes."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def sign(self, xml: bytes) -> str:
        """The signature text, in lines as a token prints it."""
        return base64.encodebytes(self._digest(xml) + xml).decode("ascii")

    def open(self, signature: bytes) -> bytes | None:
        """The signed bytes, or None when the signature is wrong or there is none."""
        try:
            raw = base64.b64decode(b"".join(signature.split()), validate=True)
        except ValueError:
            return None
        if not hmac.compare_digest(raw[:_DIGEST], self._digest(raw[_DIGEST:])):
            return None
        return raw[_DIGEST:]

    def _digest(self, xml: bytes) -> bytes:
        return hmac.new(self._key, xml, hashlib.sha256).digest()
