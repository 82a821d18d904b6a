"""A message's fields as rows of a table, whatever the contract says them in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.contracts import ContractBroken, Field

MUST, MAY, EITHER, NONE_OR_ONE, WHEN = "必填", "可选", "择一", "至多择一", "条件"
_BREAK = re.compile("[；，。]| (?=[yH])")
_CHINESE = re.compile("[\u3400-\u9fff]")
_LONGEST_LABEL = 24


class SchemaNotPrintable(ContractBroken):
    """A schema says something that the specification document has no words for."""

    code = "contract.not_printable"
    hint = "Nothing is left out silently: teach hub/papers this word, or say it in plainer ones."


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One field.  ``depth`` 0 is the message itself; ``label`` its Chinese name."""

    depth: int
    name: str
    label: str
    kind: str
    length: str
    required: str
    notes: str


@dataclass(frozen=True, slots=True)
class Widths:
    """How many bytes a field of the wire holds, where the contract says so."""

    fields: Mapping[str, Field]

    def said(self, name: str) -> str:
        """``≤60 字节``, or nothing."""
        one = self.fields.get(name)
        return "" if one is None else f"≤{one.bytes} 字节"

    def words(self, name: str) -> str:
        """What the contract calls the field; nothing when it does not."""
        one = self.fields.get(name)
        return "" if one is None else one.what


def labelled(words: str) -> tuple[str, str]:
    """``指令顺序号；PAYENT 为…`` → its name, and what more is said."""
    words = " ".join(words.split())
    name = _BREAK.split(words)[0]
    if len(name) > _LONGEST_LABEL or not _CHINESE.match(name):
        return "", words
    return name, words[len(name) :].lstrip("；，。 ")


def span(least: Any, most: Any, unit: str) -> str:
    """``1–60 字符``, ``≤60 字符``, ``20 字节``; nothing when neither is said."""
    if least in (None, "", 0, "0") and most in (None, ""):
        return ""
    if least == most:
        return f"{most} {unit}"
    if most in (None, ""):
        return f"≥{least} {unit}"
    return f"≤{most} {unit}" if least in (None, "", 0, "0") else f"{least}–{most} {unit}"


def fixed_at(value: object, words: str) -> str:
    """``固定 1``, unless the words say so already."""
    said = f"固定 {value}"
    return "" if value is None or words.startswith(said) else said


def joined(*parts: str, by: str = "；") -> str:
    """The parts that say something."""
    return by.join(part for part in parts if part)
