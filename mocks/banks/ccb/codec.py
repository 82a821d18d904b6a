"""The bank's side of the wire: ``requestXml=`` in, XML out.  Written by hand from the contract."""

from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

from mocks.kit.bank.front import Message
from mocks.kit.xml import Unreadable, parse, tags

HEAD = ("REQUEST_SN", "CUST_ID", "USER_ID", "PASSWORD", "TX_CODE", "LANGUAGE")
_FIELD = b"requestXml="


def read_form(body: bytes) -> Message:
    """The posted form; :class:`Unreadable` for what is not one."""
    if not body.startswith(_FIELD):
        raise Unreadable("没有 requestXml")
    value = body[len(_FIELD) :].partition(b"&")[0].replace(b"+", b" ")
    return read_xml(unquote_to_bytes(value))


def read_xml(data: bytes) -> Message:
    """The XML of a request."""
    root = parse(data)
    info = root.find("TX_INFO")
    if root.tag != "TX" or info is None:
        raise Unreadable("没有 TX/TX_INFO")
    return Message({name: root.findtext(name) or "" for name in HEAD}, info, root, row="LIST")


def reply_xml(
    head: Mapping[str, str], code: str, text: str, out: str | None, charset: str
) -> bytes:
    """A whole reply.  ``charset`` differs only by a fault."""
    fields = (
        ("REQUEST_SN", head.get("REQUEST_SN", "")), ("CUST_ID", head.get("CUST_ID", "")),
        ("TX_CODE", head.get("TX_CODE", "")), ("RETURN_CODE", code), ("RETURN_MSG", text),
        ("LANGUAGE", "CN"),
    )  # fmt: skip
    info = "" if out is None else f"<TX_INFO>{out}</TX_INFO>"
    declaration = '<?xml version="1.0" encoding="GB2312" standalone="yes"?>'
    return f"{declaration}<TX>{tags(fields)}{info}</TX>".encode(charset)
