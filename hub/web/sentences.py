"""Previews in words: the same sentences on the page and on the command line."""

from collections.abc import Iterator

from hub.bus.preview import Change, Line, Preview
from hub.kernel.money import show_yuan
from hub.web.show import number
from hub.web.words import Words

_SECTIONS = {
    "state": "message_state", "kind": "difference_kind", "agreement_state": "agreement_state",
    "case_state": "case_state", "template": "told_template",
    "why_code": "reason", "came_by": "result_way",
}  # fmt: skip
"""Values that are codes, and the catalogue's section that has their words."""


def say(words: Words, line: Line, section: str = "preview") -> str:
    """One sentence: ``*fen`` as yuan, counts with separators, codes in words.  ``section``: where
    the catalogue has it."""
    filled = {name: _value(words, name, value) for name, value in line.values.items()}
    return words(f"{section}.{line.code}", **filled)


def say_change(words: Words, change: Change) -> str:
    """``搁置的报文 12 → 15``."""
    before, now = (_value(words, change.name, each) for each in (change.before, change.now))
    return f"{words.of('binding', change.name)} {before or '—'} → {now or '—'}"


def lines_of(words: Words, preview: Preview) -> Iterator[str]:
    """A preview for a terminal: each sentence behind the word for its kind."""
    if preview.why_not is not None:
        yield f"{words('act.why_not')}：{say(words, preview.why_not)}"
    for title, lines in (
        ("act.effects", preview.effects), ("act.stays", preview.stays), ("act.final", preview.final)
    ):  # fmt: skip
        yield from (f"{words(title)}：{say(words, line)}" for line in lines)
    yield words("act.people_one" if preview.people == 1 else "act.people_two")
    yield f"{words('act.digest')}：{preview.digest}"


def _value(words: Words, name: str, value: str | int) -> str:
    if isinstance(value, int):
        if name.endswith("fen"):
            return show_yuan(value)
        return str(value) if name in ("message", "newest", "stopped_us") else number(value)
    section = _SECTIONS.get(name)
    return words.of(section, value) if section else value
