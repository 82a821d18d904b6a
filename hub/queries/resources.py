"""What a platform is told of one resource, and what changed since it was told last.

Everything here is plain: a resource's content is JSON in the words of the directory's contract.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from hub.crypto import sm3

_SHARES = ("01", "02", "03")
_ATTACHED = ("path", "method", "format", "digest")
"""What 挂接 says; the rest is compiled."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource: ``code`` is its own for ever, ``content`` all that is said of it."""

    code: str
    content: Mapping[str, Any]

    @property
    def version(self) -> str:
        """Follows from the content."""
        return sm3(encoded(self.content)).hex()[:12]

    @property
    def compiled(self) -> dict[str, Any]:
        """What 编目 says."""
        return {name: value for name, value in self.content.items() if name not in _ATTACHED}

    @property
    def attached(self) -> dict[str, Any]:
        """What 挂接 says."""
        return {name: self.content[name] for name in _ATTACHED}


class ChangeKind(StrEnum):
    """What happened to a resource since the last upload."""

    NEW = "new"
    CHANGED = "changed"
    GONE = "gone"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Change:
    """``details`` in words; ``breaking`` those of them that break who uses it today."""

    code: str
    name: str
    kind: ChangeKind
    details: tuple[str, ...] = ()
    breaking: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """For scripts."""
        return {
            "code": self.code, "name": self.name, "change": self.kind.value,
            "details": list(self.details), "breaking": list(self.breaking),
        }  # fmt: skip


def encoded(content: Mapping[str, Any]) -> bytes:
    """The same content is the same bytes."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def compare(before: Mapping[str, Mapping[str, Any]], now: Sequence[Resource]) -> list[Change]:
    """``before``: code → content as it was uploaded and still stands.  By code."""
    there = {one.code: one for one in now}
    found = []
    for code in sorted({*before, *there}):
        if code not in there:
            name = str(before[code]["name"])
            found.append(Change(code, name, ChangeKind.GONE, ("下架",), ("资源不再提供",)))
        elif code not in before:
            found.append(Change(code, str(there[code].content["name"]), ChangeKind.NEW))
        else:
            found.append(_changed(code, before[code], there[code].content))
    return found


def _changed(code: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> Change:
    told = list(_told(before, now))
    kind = ChangeKind.CHANGED if told else ChangeKind.SAME
    return Change(
        code, str(now["name"]), kind, tuple(text for text, _ in told),
        tuple(text for text, breaks in told if breaks),
    )  # fmt: skip


def _told(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    """(what changed, whether it breaks)."""
    for name in sorted({*before, *now} - {"items"}):
        old, new = before.get(name), now.get(name)
        if old == new:
            continue
        if name == "share":
            narrower = _SHARES.index(str(new)) > _SHARES.index(str(old))
            yield f"共享属性 {old} → {new}", narrower
        elif name == "digest":
            yield "接口规范有改动", False
        else:
            yield f"{name}：{old} → {new}", name in ("path", "method", "format")
    yield from _items(before["items"], now["items"])


def _items(
    before: Sequence[Mapping[str, Any]], now: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[str, bool]]:
    old, new = ({(one["side"], one["name"]): one for one in each} for each in (before, now))
    for key in sorted({*old, *new}):
        place = f"{'请求' if key[0] == 'request' else '应答'} {key[1]}"
        if key not in new:
            yield f"{place} 删除", True
        elif key not in old:
            must = bool(new[key]["required"]) and key[0] == "request"
            yield f"{place} 新增{'（必填）' if must else ''}", must
        else:
            yield from _item(place, key[0], old[key], new[key])


def _item(
    place: str, side: str, old: Mapping[str, Any], new: Mapping[str, Any]
) -> Iterator[tuple[str, bool]]:
    for name, breaks in (("type", True), ("length", side == "request"), ("what", False)):
        if old[name] != new[name]:
            yield f"{place} {name} {old[name]} → {new[name]}", breaks
    if old["required"] != new["required"]:
        now = "必填" if new["required"] else "可选"
        yield f"{place} 改为{now}", bool(new["required"]) == (side == "request")
    if old["sensitive"] != new["sensitive"]:
        yield f"{place} 个人信息 {old['sensitive']} → {new['sensitive']}", False
