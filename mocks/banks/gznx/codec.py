"""The bank's side of the control port: frames in, frames out.  Written by hand from the
contract."""

from collections.abc import Mapping

from mocks.kit.bank.front import Message
from mocks.kit.tcp import Framing
from mocks.kit.xml import Unreadable, parse, tags

_HEAD = ("ORG_NO", "SEQ_NO", "TX_CODE", "SEND_TIME")
_HEAD_BYTES = 8


def announced(head: bytes) -> int:
    """How many bytes follow; ValueError for a head that is none."""
    text = head.decode("ascii")
    if len(text) != _HEAD_BYTES or not text.isdecimal():
        raise ValueError("不是报文头")
    return int(text)


def with_length(frame: bytes, text: str) -> bytes:
    """The same frame, its head saying something else."""
    return text.encode("ascii").rjust(_HEAD_BYTES, b"0") + frame[_HEAD_BYTES:]


FRAMING = Framing(head=_HEAD_BYTES, length_of=announced, with_length=with_length)


def read_frame(frame: bytes) -> Message:
    """A request's frame; :class:`Unreadable` for what is not one."""
    try:
        whole = announced(frame[:_HEAD_BYTES]) == len(frame) - _HEAD_BYTES
    except ValueError as error:
        raise Unreadable("不是报文头") from error
    if not whole:
        raise Unreadable("长度与报文体不符")
    return read_body(frame[_HEAD_BYTES:])


def read_body(body: bytes) -> Message:
    """The XML of a request."""
    root = parse(body)
    head, inside = root.find("HEAD"), root.find("BODY")
    if root.tag != "MSG" or head is None or inside is None:
        raise Unreadable("没有 MSG/HEAD、BODY")
    fields = {name: head.findtext(name) or "" for name in _HEAD}
    return Message(fields, inside, root, row="LIST")


def reply_frame(
    head: Mapping[str, str], code: str, text: str, out: str | None, charset: str
) -> bytes:
    """A whole reply.  ``charset`` differs only by a fault."""
    fields = (
        ("ORG_NO", head.get("ORG_NO", "")), ("SEQ_NO", head.get("SEQ_NO", "")),
        ("TX_CODE", head.get("TX_CODE", "")), ("RET_CODE", code), ("RET_MSG", text),
    )  # fmt: skip
    inside = "" if out is None else f"<BODY>{out}</BODY>"
    declaration = '<?xml version="1.0" encoding="GB18030"?>'
    body = f"{declaration}<MSG><HEAD>{tags(fields)}</HEAD>{inside}</MSG>".encode(charset)
    return b"%08d" % len(body) + body
