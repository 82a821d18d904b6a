"""The few forms of Markdown that contracts are written in, onto a paper: headings, paragraphs,
lists, tables, code."""

import re
from collections.abc import Iterable, Sequence
from typing import Protocol

_HEADING = re.compile(r"(#{1,6})\s+(.*)")
_ITEM = re.compile(r"(\s*)(?:[-*]|(\d+)\.)\s+(.*)")
_RULE = re.compile(r"\|?\s*:?-{2,}:?\s*(?:\|\s*:?-{2,}:?\s*)*\|?")
_LINK = re.compile(r"\[([^\]]+)\]\([^)]+\)")
_CELL = re.compile(r"(?<!\\)\|")


class Sheet(Protocol):
    """What Markdown is written onto: :class:`hub.papers.paper.Paper`, or a page."""

    def heading(self, text: str, level: int = 1) -> None:
        """``level`` from 1."""
        ...

    def text(self, text: str, *, indent: int = 0) -> None:
        """A paragraph, with ``**bold**`` and code between backquotes in it."""
        ...

    def bullet(self, text: str, level: int = 0) -> None:
        """One line of a list."""
        ...

    def code(self, text: str) -> None:
        """Text as it stands."""
        ...

    def table(
        self, head: Sequence[str] | None, rows: Iterable[Sequence[str]], widths: Sequence[float]
    ) -> None:
        """``widths`` are shares."""
        ...


def onto(paper: Sheet, text: str, level: int) -> None:
    """``level``: what the text's ``##`` becomes.  Its title (``#``) is left out."""
    _Writer(paper, level).write(text.split("\n"))


class _Writer:
    def __init__(self, paper: Sheet, level: int) -> None:
        self._paper = paper
        self._level = level
        self._words: list[str] = []
        self._item: tuple[int, str] | None = None

    def write(self, lines: Sequence[str]) -> None:
        place = 0
        while place < len(lines):
            place = self._line(lines, place)
        self._flush()

    def _line(self, lines: Sequence[str], place: int) -> int:
        """Takes in one line, or the block that begins there; the next one's place."""
        line = lines[place]
        if line.strip().startswith("```"):
            return self._code(lines, place)
        if line.lstrip().startswith("|"):
            return self._table(lines, place)
        heading, item = _HEADING.fullmatch(line), _ITEM.fullmatch(line)
        if heading is not None:
            self._flush()
            if len(heading[1]) > 1:
                self._paper.heading(_plain(heading[2]), len(heading[1]) - 2 + self._level)
        elif item is not None:
            self._flush()
            self._item = (len(item[1]) // 2, f"{item[2]}. " if item[2] else "")
            self._words = [item[3]]
        elif not line.strip():
            self._flush()
        else:
            self._words.append(line.strip())
        return place + 1

    def _code(self, lines: Sequence[str], place: int) -> int:
        self._flush()
        deep = len(lines[place]) - len(lines[place].lstrip())
        end = place + 1
        while end < len(lines) and not lines[end].strip().startswith("```"):
            end += 1
        self._paper.code("\n".join(one[deep:] for one in lines[place + 1 : end]))
        return end + 1

    def _table(self, lines: Sequence[str], place: int) -> int:
        self._flush()
        end = place
        while end < len(lines) and lines[end].lstrip().startswith("|"):
            end += 1
        rows = [_cells(one) for one in lines[place:end] if not _RULE.fullmatch(one.strip())]
        wide = max(len(row) for row in rows)
        rows = [[*row, *[""] * (wide - len(row))] for row in rows]
        longest = [max(4, min(40, max(len(row[n]) for row in rows))) for n in range(wide)]
        head = rows[0] if any(rows[0]) else None
        self._paper.table(head, rows[1:], longest)
        return end

    def _flush(self) -> None:
        words, item = _joined(self._words), self._item
        self._words, self._item = [], None
        if not words:
            return
        if item is None:
            self._paper.text(_linkless(words))
        elif item[1]:
            self._paper.text(item[1] + _linkless(words), indent=item[0] + 1)
        else:
            self._paper.bullet(_linkless(words), item[0])


def _cells(line: str) -> list[str]:
    inner = line.strip().removeprefix("|")
    inner = inner[:-1] if inner.endswith("|") and not inner.endswith("\\|") else inner
    return [_plain(one.strip()) for one in _CELL.split(inner)]


def _joined(lines: Sequence[str]) -> str:
    """Lines of one paragraph; between Chinese characters a line's end is no blank."""
    text = ""
    for line in lines:
        glue = " " if text and text[-1].isascii() and line[:1].isascii() else ""
        text += glue + line
    return text


def _linkless(text: str) -> str:
    return _LINK.sub(lambda m: m[1], text).replace("\\|", "|")


def _plain(text: str) -> str:
    return re.sub(r"\*\*(.+?)\*\*|`([^`]+)`", lambda m: m[1] or m[2], _linkless(text))
