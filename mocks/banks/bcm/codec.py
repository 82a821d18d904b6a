"""The bank's side of the wire: ``<ap>`` in GB18030.  Written by hand from the contract."""

from collections.abc import Mapping
from datetime import datetime

from mocks.kit.bank.front import Message
from mocks.kit.xml import Unreadable, parse, tags

HEAD = (
    "tr_code", "corp_no", "user_no", "req_no", "tr_acdt", "tr_time", "atom_tr_count", "channel",
    "reserved",
)  # fmt: skip


def read_xml(data: bytes) -> Message:
    """The XML of a request; :class:`Unreadable` for what is not one."""
    root = parse(data)
    body = root.find("body")
    if root.tag != "ap" or root.find("head") is None or body is None:
        raise Unreadable("没有 ap/head、ap/body")
    head = {name: root.findtext(f"head/{name}") or "" for name in HEAD}
    return Message(head, body, root, row="serial_record")


def reply_xml(
    head: Mapping[str, str], code: str, text: str, out: str | None, charset: str, now: datetime
) -> bytes:
    """A whole reply.  ``charset`` differs only by a fault; ``ans_code`` follows the code."""
    taken = code == "0000"
    fields = (
        ("tr_code", head.get("tr_code", "")), ("corp_no", head.get("corp_no", "")),
        ("req_no", head.get("req_no", "")), ("serial_no", f"{now:%Y%m%d%H%M%S}"), ("ans_no", ""),
        ("next_no", ""), ("tr_acdt", f"{now:%Y%m%d}"), ("tr_time", f"{now:%H%M%S}"),
        ("ans_code", "0" if taken else "1"), ("ans_info", "已受理" if taken else "失败"),
        ("particular_code", code), ("particular_info", text), ("atom_tr_count", "1"),
        ("reserved", ""),
    )  # fmt: skip
    body = "" if out is None else f"<body>{out}</body>"
    declaration = '<?xml version="1.0" encoding="GBK"?>'
    return f"{declaration}<ap><head>{tags(fields)}</head>{body}</ap>".encode(charset)
