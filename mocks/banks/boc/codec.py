"""The bank's side of the wire: ``<bocb2e>`` in UTF-8.  Written by hand from the contract."""

from collections.abc import Mapping

from mocks.kit.bank.front import Message
from mocks.kit.xml import Unreadable, parse, tags

HEAD = ("termid", "trnid", "custid", "cusopr", "trncod", "token")
CHARSET = "utf-8"


def read_xml(data: bytes) -> Message:
    """The XML of a request; :class:`Unreadable` for what is not one."""
    root = parse(data, CHARSET)
    code = root.findtext("head/trncod") or ""
    body = root.find(f"trans/trn-{code}-rq/{code}-rq") if code.isalnum() else None
    if root.tag != "bocb2e" or body is None:
        raise Unreadable("没有 bocb2e/trans 里的请求体")
    head = {name: root.findtext(f"head/{name}") or "" for name in HEAD}
    return Message(head, body, root, row="detail")


def reply_xml(
    head: Mapping[str, str], code: str, text: str, out: str | None, charset: str
) -> bytes:
    """A whole reply.  ``charset`` differs only by a fault."""
    name = head.get("trncod", "") or "b2e0000"
    body = "" if out is None else f"<{name}-rs>{out}</{name}-rs>"
    status = tags((("rspcod", code), ("rspmsg", text)))
    own = tags((one, head.get(one, "")) for one in HEAD)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<bocb2e version="120" security="true" locale="zh_CN"><head>{own}</head><trans>'
        f"<trn-{name}-rs><status>{status}</status>{body}</trn-{name}-rs></trans></bocb2e>"
    ).encode(charset)
