"""The bank's side of the wire: frames in, frames out.  Written by hand from the contract."""

from collections.abc import Mapping
from dataclasses import dataclass

from mocks.kit.bank.front import Message
from mocks.kit.tcp import Framing
from mocks.kit.xml import CHARSET, Unreadable, parse, tags

HEAD = (
    "CCTransCode", "ProductID", "ChannelType", "CorpNo", "OpNo", "AuthNo", "ReqSeqNo",
    "ReqDate", "ReqTime",
)  # fmt: skip
_FLAG, _HEAD_BYTES = "0", 7


def announced(head: bytes) -> int:
    """How many bytes follow; ValueError for a head that is none."""
    text = head[1:].decode("ascii").rstrip(" ")
    if head[:1] not in (b"0", b"1") or not text.isdigit():
        raise ValueError("不是报文头")
    return int(text)


def with_length(frame: bytes, text: str) -> bytes:
    """The same frame, its head saying something else."""
    return frame[:1] + text.encode("ascii").ljust(_HEAD_BYTES - 1) + frame[_HEAD_BYTES:]


FRAMING = Framing(head=_HEAD_BYTES, length_of=announced, with_length=with_length)


def read_frame(frame: bytes) -> Message:
    """A request's frame; :class:`Unreadable` for what is not one."""
    try:
        whole = announced(frame[:_HEAD_BYTES]) == len(frame) - _HEAD_BYTES
    except ValueError as error:
        raise Unreadable("不是报文头") from error
    if not whole:
        raise Unreadable("长度与报文体不符")
    if frame[:1] != _FLAG.encode():
        raise Unreadable("加密的报文不收")
    return read_body(frame[_HEAD_BYTES:])


def read_body(body: bytes) -> Message:
    """The XML of a request."""
    root = parse(body)
    info = root.find("Cmp")
    if root.tag != "ap" or info is None:
        raise Unreadable("没有 ap/Cmp")
    return Message({name: root.findtext(name) or "" for name in HEAD}, info, root, row="Row")


@dataclass(frozen=True, slots=True)
class Stamp:
    """What every reply bears: the bank's day, time and number."""

    day: str
    clock: str
    serial: str


def reply_frame(
    head: Mapping[str, str],
    stamp: Stamp,
    code: str,
    text: str,
    out: str | None,
    *,
    wait: bool = False,
    charset: str = CHARSET,
) -> bytes:
    """A whole reply.  ``charset`` differs only by a fault."""
    fields = (
        ("CCTransCode", head.get("CCTransCode", "")), ("ReqSeqNo", head.get("ReqSeqNo", "")),
        ("RespSource", "1"), ("RespSeqNo", stamp.serial), ("RespDate", stamp.day),
        ("RespTime", stamp.clock), ("RespCode", code), ("RespInfo", text), ("RxtInfo", ""),
        ("WaitFlag", "1" if wait else "0"), ("FileFlag", "0"),
    )  # fmt: skip
    info = "" if out is None else f"<Cmp>{out}</Cmp>"
    body = f"<ap>{tags(fields)}{info}</ap>".encode(charset)
    return f"{_FLAG}{len(body):<6}".encode("ascii") + body
