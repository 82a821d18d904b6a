"""What was said on the wire, decoded and masked for everybody, and as it stood for a few.

Decoded means peeled: a frame's head, a form's fields, Base64 in a field, XML or JSON in that.
Masked means that a value is shown only where it cannot be a person's: our own 20-digit numbers,
codes, counts, dates and amounts; of everything else its shape (kinds and lengths).  Every look at
the wording itself is one of a person with the role ``raw``, with a reason, in the audit.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl

import sqlalchemy as sa

from hub import audit
from hub.app.acts import NoReason
from hub.app.hub import Hub
from hub.app.operators import may_see_raw
from hub.bus.tables import call
from hub.contracts.documents import BadDocument, XmlElement, parse_text
from hub.contracts.masking import shape
from hub.crypto.sm3 import sm3_hex
from hub.kernel.errors import NotFound
from hub.kernel.logs import mask_text
from hub.kernel.secret import Secret

LEAVES_MOST = 300
_DEPTH = 4
_CHARSETS = ("utf-8", "gb18030")
_PERSONAL = re.compile(
    r"(?i)(xm|name|xingming|zjh|sfz|cert|idno|phone|mobile|sjhm|addr|acc|card|zh$|hm$|token|"
    r"sign|pin|passw|secret|key|auth)"
)
_PLAIN = re.compile(
    r"[0-9]{20}|[-+]?[0-9]{1,9}(?:\.[0-9]{1,4})?|20[0-9]{2}-[01][0-9]-[0-3][0-9](?:[T ][0-9:.]+)?"
    r"|[A-Z]{1,3}[0-9]{2,8}|[A-Z]{3,8}|true|false|null"
)
_FRAME = re.compile(r"[^<>]{0,24}(?=<)")
"""What stands before a document in a frame: flags and lengths, no wire's longer than this; mostly
there is none."""
_DECLARATION = re.compile(r"^\s*<\?xml\b[^>]*\?>")
_BASE64 = re.compile(r"[A-Za-z0-9+/\r\n]{16,}={0,2}\s*")


class NoSuchCall(NotFound):
    """No such call was made."""

    code = "bus.no_such_call"
    hint = "The page of the message lists its calls."


@dataclass(frozen=True, slots=True)
class Leaf:
    """One value: where it stands, and what may be shown of it."""

    path: str
    shown: str


@dataclass(frozen=True, slots=True)
class Speech:
    """One request or reply: its size, its SM3, how it was peeled (``form › base64 › XML``), and
    its values; ``more`` counts those left out."""

    size: int
    digest: str
    form: str
    leaves: tuple[Leaf, ...]
    more: int = 0


@dataclass(frozen=True, slots=True)
class CallSpeech:
    """Both sides of one call."""

    try_no: int
    call_no: int
    request: Speech
    reply: Speech


def hear(data: bytes) -> Speech:
    """Decode and mask."""
    form: list[str] = []
    found = list(_peel(data, "", form, _DEPTH))
    return Speech(
        len(data), sm3_hex(data)[:16] if data else "", " › ".join(form),
        tuple(found[:LEAVES_MOST]), max(len(found) - LEAVES_MOST, 0),
    )  # fmt: skip


def hear_message(hub: Hub, number: int) -> list[CallSpeech]:
    """What was said in all calls of a message, masked."""
    query = sa.select(call).where(call.c.message_id == number)
    with hub.store.read() as view:
        return [
            CallSpeech(
                row.try_no, row.call_no, hear(hub.vault.open(view, row.key_id, row.request)),
                hear(hub.vault.open(view, row.key_id, row.reply)),
            )
            for row in view.execute(query.order_by(call.c.try_no, call.c.call_no))
        ]  # fmt: skip


def raw_call(
    hub: Hub, token: Secret, number: int, try_no: int, call_no: int, reason: str
) -> tuple[str, str]:
    """Request and reply in their wording, for a person with the role ``raw``.

    The look is in the audit before anything is shown.  Raises RawNotYours, NoSuchCall.
    """
    actor = may_see_raw(hub.people.authenticate(token))
    if not reason.strip():
        raise NoReason
    query = sa.select(call).where(
        call.c.message_id == number, call.c.try_no == try_no, call.c.call_no == call_no
    )
    with hub.store.write() as tx:
        may_see_raw(hub.people.current(tx, actor))
        row = tx.execute(query).one_or_none()
        if row is None:
            raise NoSuchCall(f"message {number} has no call {try_no}.{call_no}")
        request = hub.vault.open(tx, row.key_id, row.request)
        reply = hub.vault.open(tx, row.key_id, row.reply)
        audit.record(
            tx, act="message.raw_seen", actor=actor.login, subject=f"message:{number}",
            detail={"try": try_no, "call": call_no, "reason": mask_text(reason)[:200]},
        )  # fmt: skip
    return wording(request), wording(reply)


def wording(data: bytes) -> str:
    """As it stood: text in UTF-8 or GB18030, hexadecimal for what is neither."""
    return _decoded(data)[0]


def _decoded(data: bytes) -> tuple[str, str]:
    for charset in _CHARSETS:
        try:
            return data.decode(charset), "" if charset == "utf-8" else charset.upper()
        except UnicodeDecodeError:
            continue
    return data.hex(" "), "hex"


def _peel(data: bytes, path: str, form: list[str], depth: int) -> Iterator[Leaf]:
    text, charset = _decoded(data)
    if charset and charset not in form:
        form.append(charset)
    if charset == "hex":
        yield Leaf(path, f"{len(data)} B")
        return
    yield from _of_text(text, path, form, depth)


def _of_text(text: str, path: str, form: list[str], depth: int) -> Iterator[Leaf]:
    clean = text.strip()
    head = _FRAME.match(clean)
    tree = _xml(clean[head.end() :]) if depth and head is not None else None
    if tree is not None and head is not None:
        if head[0]:
            _add(form, "frame")
            yield Leaf(path, _shown("", head[0]))
        _add(form, "XML")
        yield from _of_xml(tree, path)
        return
    if depth and clean[:1] in ("{", "["):
        try:
            value = json.loads(clean)
        except (ValueError, RecursionError):
            pass
        else:
            _add(form, "JSON")
            yield from _of_json(value, path)
            return
    if depth and (inner := _base64(clean)) is not None:
        _add(form, "Base64")
        yield from _peel(inner, path, form, depth - 1)
        return
    fields = _form(clean) if depth else []
    if fields:
        _add(form, "form")
        for name, value in fields:
            yield from _of_text(value, f"{path}/{_name(name)}", form, depth - 1)
        return
    yield from _of_lines(text, path)


def _of_lines(text: str, path: str) -> Iterator[Leaf]:
    lines = text.splitlines()
    for place, line in enumerate(lines, 1):
        where = f"{path}[{place}]" if len(lines) > 1 else path
        yield Leaf(where, _shown(path.rpartition("/")[2], line))


def _of_xml(node: XmlElement, path: str) -> Iterator[Leaf]:
    here = f"{path}/{_name(str(node.tag))}"
    for name, value in node.attrib.items():
        yield Leaf(f"{here}@{_name(str(name))}", _shown(str(name), str(value)))
    children = list(node)
    text = (node.text or "").strip()
    if text or not children:
        yield Leaf(here, _shown(str(node.tag), text))
    for child in children:
        yield from _of_xml(child, here)


def _of_json(value: object, path: str) -> Iterator[Leaf]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _of_json(inner, f"{path}/{_name(str(name))}")
    elif isinstance(value, list):
        for place, inner in enumerate(value, 1):
            yield from _of_json(inner, f"{path}[{place}]")
    else:
        text = value if isinstance(value, str) else json.dumps(value)
        yield Leaf(path, _shown(path.rpartition("/")[2].partition("[")[0], text))


def _shown(name: str, value: str) -> str:
    clean = value.strip()
    if not clean:
        return ""
    if _PERSONAL.search(name) is None and _PLAIN.fullmatch(clean):
        return clean
    return shape(clean)


def _name(name: str) -> str:
    return name if re.fullmatch(r"[\w.:{}-]{1,60}", name) else shape(name)


def _xml(text: str) -> XmlElement | None:
    bare = _DECLARATION.sub("", text)
    if "<!DOCTYPE" in bare or "<!ENTITY" in bare:
        return None
    try:
        return parse_text(bare)
    except BadDocument:
        return None


def _base64(text: str) -> bytes | None:
    if _BASE64.fullmatch(text) is None or text.isdigit():
        return None
    try:
        return base64.b64decode(text, validate=False)
    except binascii.Error:
        return None


def _form(text: str) -> list[tuple[str, str]]:
    if "=" not in text or "\n" in text or " " in text:
        return []
    try:
        return parse_qsl(text, keep_blank_values=True, strict_parsing=True, max_num_fields=100)
    except ValueError:
        return []


def _add(form: list[str], word: str) -> None:
    if word not in form:
        form.append(word)
