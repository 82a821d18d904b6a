"""ICBC's wire ↔ envelopes: XML in GB18030, the form of NC, Base64 replies, gzip in ``<zip>``.

Everything here follows ``contracts_spec/banks/icbc`` (README.md §2 to §4); what rows mean is in
``rows.py``.  Nothing here calls anybody.
"""

import base64
import binascii
import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode
from xml.sax.saxutils import escape

from adapters.kit.forms import quoted
from adapters.kit.replies import BadReply, values
from hub.contracts import BadDocument, Contract
from hub.contracts.documents import XmlElement

DECLARATION = '<?xml version="1.0" encoding="GBK"?>\n'
FORM_VERSION = "0.0.1.0"
_MARK = b"reqData="
_NC_ERROR = re.compile(rb"\s*errorCode=([^&\s]{1,20})")
_BASE64 = re.compile(rb"[0-9A-Za-z+/=]+")
_BLANKS = b" \t\r\n"
_MOST_UNZIPPED = 64 * 1024 * 1024
"""A page holds 1000 rows of at most 1 KB; a reply that unpacks to more is an attack or a fault."""

Values = Mapping[str, str]
"""Element name → text, in the order of the contract's sequence."""


@dataclass(frozen=True, slots=True)
class Customer:
    """Who we are at the bank: values of the deployment."""

    cis: str
    group_cis: str
    id: str
    bank_code: str


def stamp(moment: datetime) -> str:
    """``yyyyMMddHHmmssSSS``."""
    return f"{moment:%Y%m%d%H%M%S}{moment.microsecond // 1000:03d}"


def request_xml(
    contract: Contract,
    customer: Customer,
    *,
    code: str,
    serial: str,
    at: datetime,
    body: Values,
    rows: Iterable[Values] = (),
) -> bytes:
    """One request as signed and sent: bytes of the written charset."""
    pub = {
        "TransCode": code,
        "CIS": customer.cis,
        "BankCode": customer.bank_code,
        "ID": customer.id,
        "TranDate": f"{at:%Y%m%d}",
        "TranTime": stamp(at)[8:],
        "fSeqno": serial,
    }
    inside = _elements(body) + "".join(f"<rd>{_elements(row)}</rd>\n" for row in rows)
    text = f"{DECLARATION}<CMS><eb><pub>{_elements(pub)}</pub><in>{inside}</in></eb></CMS>"
    return contract.charset.encode(text)


def form(
    contract: Contract, customer: Customer, *, code: str, serial: str, cert: str, data: bytes
) -> bytes:
    """The form of the api port; ``data`` is the signed text, or the XML where none is signed."""
    fields: list[tuple[str, bytes]] = [
        (name, contract.charset.encode(value))
        for name, value in (
            ("Version", FORM_VERSION),
            ("TransCode", code),
            ("BankCode", customer.bank_code),
            ("GroupCIS", customer.group_cis),
            ("ID", customer.id),
            ("PackageID", serial),
            ("Cert", cert),
        )
    ]
    head = urlencode(fields).encode("ascii")
    return head + b"&" + _MARK + _quoted(data)


def _quoted(data: bytes) -> bytes:
    """As urlencode does; of the Base64 of a signed text only three characters need it."""
    if _BASE64.fullmatch(data):
        return data.replace(b"+", b"%2B").replace(b"/", b"%2F").replace(b"=", b"%3D")
    return quoted(data)


def sign_root(contract: Contract, data: bytes) -> XmlElement:
    """The sign port's answer; raises BadReply when it is no document."""
    try:
        return contract.read_xml(data)
    except BadDocument as error:
        raise BadReply("sign.reply", "the signed text", error.found) from None


def signed_text(root: XmlElement) -> tuple[str, bytes]:
    """Of the sign port's answer: its result code, and the signed text without its line breaks.

    Raises BadReply when that is no Base64.
    """
    code = (root.findtext("head/result") or "").strip()
    text = "".join((root.findtext("body/sign") or "").split())
    if code == "0" and not _is_base64(text):
        raise BadReply("sign.reply/html/body/sign", "Base64", f"{len(text)} characters")
    return code, text.encode("ascii", "replace")


def nc_error(body: bytes) -> str | None:
    """The code of an error of NC itself (``errorCode=…``), else None."""
    found = _NC_ERROR.match(body)
    return found[1].decode("ascii", "replace") if found else None


def reply_root(contract: Contract, code: str, body: bytes) -> XmlElement:
    """The CMS element of a reply, its ``<zip>`` unpacked to ``<out>``.  Raises BadReply."""
    place = f"{code}.reply"
    text = body.strip(_BLANKS)
    if not text.startswith(_MARK):
        raise BadReply(place, "reqData=", "HTML" if b"<" in text[:64] else "something else")
    try:
        packed = base64.b64decode(text[len(_MARK) :].translate(None, _BLANKS), validate=True)
    except binascii.Error:
        raise BadReply(f"{place}/reqData", "Base64", "no Base64") from None
    root = _read(contract, place, packed)
    eb = root.find("eb")
    if root.tag != "CMS" or eb is None or eb.find("pub") is None:
        raise BadReply(place, "CMS/eb/pub", "another document")
    _unzip(contract, place, eb)
    return root


def rows(out: XmlElement) -> list[dict[str, str]]:
    """The ``<rd>`` rows of a reply, each as ``values``."""
    return [values(one) for one in out if one.tag == "rd"]


def _elements(fields: Values) -> str:
    return "".join(f"<{name}>{escape(text)}</{name}>" for name, text in fields.items())


def _read(contract: Contract, place: str, data: bytes) -> XmlElement:
    try:
        return contract.read_xml(data)
    except BadDocument as error:
        raise BadReply(place, "XML of the contract's charset", error.found) from None


def _unzip(contract: Contract, place: str, eb: XmlElement) -> None:
    packed = eb.find("zip")
    if packed is None:
        return
    try:
        squeezed = base64.b64decode("".join((packed.text or "").split()), validate=True)
        reader = zlib.decompressobj(16 + zlib.MAX_WBITS)
        data = reader.decompress(squeezed, _MOST_UNZIPPED)
    except (binascii.Error, ValueError, zlib.error):
        raise BadReply(f"{place}/zip", "Base64 of gzip", "neither") from None
    if not reader.eof:
        raise BadReply(f"{place}/zip", "whole gzip below 64 MiB", "half of it, or too much")
    out = _read(contract, f"{place}/zip", data)
    if out.tag != "out" or eb.find("out") is not None:
        raise BadReply(f"{place}/zip", "one out element", "another one")
    eb.replace(packed, out)


def _is_base64(text: str) -> bool:
    try:
        return bool(base64.b64decode(text.encode("ascii"), validate=True))
    except (binascii.Error, UnicodeEncodeError):
        return False
