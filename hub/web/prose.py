"""The Markdown of contracts as HTML: the same few forms that papers are written from."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from markupsafe import Markup, escape

from hub.papers import markdown

_INLINE = re.compile(r"(\*\*.+?\*\*|`[^`]+`)")
_DEEPEST = 6


@lru_cache(maxsize=128)
def prose(text: str, level: int = 3) -> Markup:
    """``level``: what the text's ``##`` becomes.  Its title is left out; all of it is escaped."""
    page = _Page()
    markdown.onto(page, text, level)
    return page.made()


class _Page:
    """A :class:`hub.papers.markdown.Sheet`."""

    def __init__(self) -> None:
        self._parts: list[Markup] = []
        self._lines: list[Markup] = []

    def made(self) -> Markup:
        """All of it."""
        self._end_list()
        return Markup("\n").join(self._parts)

    def heading(self, text: str, level: int = 1) -> None:
        """A heading."""
        tag = f"h{min(level, _DEEPEST)}"
        self._add(Markup("<{0}>{1}</{0}>").format(Markup(tag), text))  # noqa: S704  of two letters

    def text(self, text: str, *, indent: int = 0) -> None:
        """A paragraph, or a numbered line of a list."""
        if indent:
            self._line(text, indent - 1, "numbered")
        else:
            self._add(Markup("<p>{}</p>").format(_inline(text)))

    def bullet(self, text: str, level: int = 0) -> None:
        """One line of a list."""
        self._line(text, level, "dotted")

    def code(self, text: str) -> None:
        """Text as it stands."""
        self._add(Markup('<pre tabindex="0">{}</pre>').format(text))

    def table(
        self, head: Sequence[str] | None, rows: Iterable[Sequence[str]], widths: Sequence[float]
    ) -> None:
        """A table; a browser finds the widths by itself."""
        _ = widths
        top = Markup("")
        if head is not None:
            cells = Markup("").join(Markup('<th scope="col">{}</th>').format(one) for one in head)
            top = Markup("<thead><tr>{}</tr></thead>").format(cells)
        body = Markup("").join(
            Markup("<tr>{}</tr>").format(
                Markup("").join(Markup("<td>{}</td>").format(_inline(one)) for one in row)
            )
            for row in rows
        )
        self._add(
            Markup(
                '<div class="scroll" tabindex="0"><table class="grid grid-wrap">{}<tbody>{}</tbody>'
                "</table></div>"
            ).format(top, body)
        )

    def _line(self, text: str, level: int, kind: str) -> None:
        self._lines.append(
            Markup('<li class="{} deep-{}">{}</li>').format(kind, level, _inline(text))
        )

    def _end_list(self) -> None:
        if self._lines:
            self._parts.append(Markup("<ul>{}</ul>").format(Markup("").join(self._lines)))
            self._lines = []

    def _add(self, part: Markup) -> None:
        self._end_list()
        self._parts.append(part)


def _inline(text: str) -> Markup:
    return Markup("").join(_piece(part) for part in _INLINE.split(text))


def _piece(part: str) -> Markup:
    if part.startswith("**") and part.endswith("**") and len(part) > 4:
        return Markup("<strong>{}</strong>").format(part[2:-2])
    if part.startswith("`") and part.endswith("`") and len(part) > 2:
        return Markup("<code>{}</code>").format(part[1:-1])
    return escape(part)
