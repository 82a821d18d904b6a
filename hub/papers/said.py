"""What a contract file says, key by key, with the comments beside it: they are part of it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

_COMMENT = re.compile(r"\s+#\s?(.*)$")
_LINE = re.compile(r"(\s*)#\s?(.*)$")


@dataclass(frozen=True, slots=True)
class Said:
    """One key: its ``path`` from the section down, its value as text, the comments about it:
    above it as far in as it is itself, on its line, or further in below it."""

    path: tuple[str, ...]
    value: str
    note: str


class SaidFile:
    """A YAML file that was found sound before (``load_contract``)."""

    def __init__(self, path: Path) -> None:
        text = path.read_text(encoding="utf-8")
        self._lines = text.splitlines()
        self._root = yaml.compose(text, Loader=yaml.SafeLoader)

    def section(self, name: str) -> list[Said]:
        """Everything below a key of the file; nothing when there is no such key."""
        for key, value in self._pairs(self._root):
            if key.value == name:
                return list(self._below(value, ()))
        return []

    def notes(self, name: str) -> str:
        """The comments about a section as a whole."""
        for key, value in self._pairs(self._root):
            if key.value == name:
                return self._note(key, value)
        return ""

    def _below(self, node: yaml.Node, path: tuple[str, ...]) -> Iterator[Said]:
        if not isinstance(node, yaml.MappingNode):
            yield Said(path, _text(node), "")
            return
        for key, value in self._pairs(node):
            here, note = (*path, str(key.value)), self._note(key, value)
            if isinstance(value, yaml.MappingNode) and value.value:
                if note:
                    yield Said(here, "", note)
                yield from self._below(value, here)
            else:
                yield Said(here, _text(value), note)

    def _note(self, key: yaml.Node, value: yaml.Node) -> str:
        block = isinstance(value, yaml.CollectionNode) and not value.flow_style
        mark = key.end_mark if block else value.end_mark
        said = [self._beside(mark, block=block)]
        # A key inside braces has its neighbours' lines around it, not lines of its own.
        if not self._lines[key.start_mark.line][: key.start_mark.column].strip():
            said = [*self._above(key), *said]
            said += [] if block else self._under(key, mark.line + 1)
        return " ".join(one for one in said if one)

    def _above(self, key: yaml.Node) -> list[str]:
        found: list[str] = []
        line = key.start_mark.line - 1
        while line >= 0 and (one := _LINE.fullmatch(self._lines[line])):
            if len(one[1]) != key.start_mark.column:
                break
            found.insert(0, one[2].strip())
            line -= 1
        return found

    def _under(self, key: yaml.Node, line: int) -> list[str]:
        found: list[str] = []
        while line < len(self._lines) and (one := _LINE.fullmatch(self._lines[line])):
            if len(one[1]) <= key.start_mark.column + 4:
                break
            found.append(one[2].strip())
            line += 1
        return found

    def _beside(self, mark: yaml.Mark, *, block: bool) -> str:
        line = self._lines[mark.line] if mark.line < len(self._lines) else ""
        rest = line[mark.column :]
        found = _COMMENT.search(rest)
        # Of a value inside braces, what stands behind it is its neighbours.
        if found is None or (not block and rest[: found.start()].strip()):
            return ""
        return found[1].strip()

    @staticmethod
    def _pairs(node: yaml.Node | None) -> Sequence[tuple[yaml.Node, yaml.Node]]:
        return node.value if isinstance(node, yaml.MappingNode) else ()


def _text(node: yaml.Node) -> str:
    if isinstance(node, yaml.ScalarNode):
        words = {"true": "是", "false": "否", "null": "无"}
        plain = node.style is None
        return words.get(node.value, str(node.value)) if plain else str(node.value)
    if isinstance(node, yaml.SequenceNode):
        return "、".join(_text(one) for one in node.value)
    if isinstance(node, yaml.MappingNode):
        inside = (f"{key.value}: {_text(value)}" for key, value in node.value)
        return "{" + "，".join(inside) + "}" if node.value else "（无）"
    return ""
