"""The bank's side of the wire: SOAP 1.1 in UTF-8.  Written by hand from the contract, no zeep."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from lxml import etree

from mocks.kit.xml import Unreadable, escape, parse, tags

CHARSET = "utf-8"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
WSA = "http://www.w3.org/2005/08/addressing"
SERVICE = "urn:bgz:hpf:offset:v1"
_REQUEST = re.compile(rf"\{{{SERVICE}\}}([A-Za-z]+)Request")


@dataclass(frozen=True, slots=True)
class Message:
    """A request: operation, its element, wsa:MessageID, the whole tree."""

    operation: str
    body: etree._Element
    message_id: str
    root: etree._Element

    @property
    def items(self) -> list[etree._Element]:
        """The body's item elements."""
        return list(self.body.iterchildren("item"))

    def security(self, path: str) -> etree._Element | None:
        """An element of the security header: ``wsse:UsernameToken/wsse:Nonce``."""
        names = {"s": SOAP, "wsse": WSSE, "wsu": WSU}
        return self.root.find(f"s:Header/wsse:Security/{path}", names)


@dataclass(frozen=True, slots=True)
class Fault:
    """``kind`` is the faultcode (``Client``, ``wsse:MessageExpired``), ``code`` the bank's own."""

    kind: str
    text: str
    code: str = ""


def read_envelope(data: bytes) -> Message:
    """The envelope of a request; :class:`Unreadable` for what is none."""
    root = parse(data, CHARSET)
    body = root.find(f"{{{SOAP}}}Body")
    if root.tag != f"{{{SOAP}}}Envelope" or body is None or len(body) != 1:
        raise Unreadable("不是 SOAP 1.1 信封")
    named = _REQUEST.fullmatch(str(body[0].tag))
    if named is None:
        raise Unreadable("体里不是请求")
    found = root.findtext(f"{{{SOAP}}}Header/{{{WSA}}}MessageID") or ""
    return Message(named[1], body[0], found.strip(), root)


def response_xml(message: Message, out: str, charset: str = CHARSET) -> bytes:
    """A whole answer.  ``charset`` differs only by a fault."""
    name = f"{message.operation}Response"
    inside = f'<b:{name} xmlns:b="{SERVICE}">{out}</b:{name}>'
    return _envelope(inside, message.message_id, charset)


def fault_xml(fault: Fault, message_id: str, charset: str = CHARSET) -> bytes:
    """A Fault; without ``message_id`` it says nothing of whose it is, as a gateway's."""
    kind = fault.kind if ":" in fault.kind else f"soap:{fault.kind}"
    detail = ""
    if fault.code:
        inside = tags((("code", fault.code), ("message", fault.text)))
        detail = f'<detail><b:ServiceFault xmlns:b="{SERVICE}">{inside}</b:ServiceFault></detail>'
    return _envelope(
        f'<soap:Fault><faultcode xmlns:wsse="{WSSE}">{kind}</faultcode>'
        f"<faultstring>{escape(fault.text)}</faultstring>{detail}</soap:Fault>",
        message_id,
        charset,
    )


def rows_xml(fields: Mapping[str, str | None], times: int = 1) -> str:
    """One item, so many times; a value of None leaves its element out."""
    return f"<item>{tags(fields.items())}</item>" * times


def _envelope(inside: str, message_id: str, charset: str) -> bytes:
    related = f'<wsa:RelatesTo xmlns:wsa="{WSA}">{escape(message_id)}</wsa:RelatesTo>'
    header = f"<soap:Header>{related}</soap:Header>" if message_id else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<soap:Envelope xmlns:soap="{SOAP}">{header}<soap:Body>{inside}</soap:Body>'
        "</soap:Envelope>"
    ).encode(charset)
