"""早班页: what happened since the last working evening, what waits for a decision, what is due."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from fastapi import APIRouter, Request
from fastapi.responses import Response

from hub.kernel.clocks import from_us
from hub.web.render import Pages, language_of
from hub.web.show import number, short_moment, yuan
from hub.web.words import Words

_SECTIONS = {
    "act": "pending_kind", "state": "watch_state", "run_state": "run_state",
    "alert": "alert_kind", "feed": "due_word", "step": "job_step", "level": "level",
    "ending": "expiry_kind",
}  # fmt: skip
"""Values that are codes, and the catalogue's section that has their words."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its sentence in the catalogue's ``morning_line``, what fills it in, where it is
    done.  Names that end in ``_us`` are instants, in ``_fen`` amounts, in ``_age`` an instant to
    say the age of, in ``_span`` a length in µs.  ``tone``: bad, warn, good, or nothing."""

    code: str
    href: str
    values: Mapping[str, object] = field(default_factory=dict)
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Morning:
    """The page.  Business time."""

    since_us: int
    now_us: int
    night: tuple[Line, ...]
    decide: tuple[Line, ...]
    today: tuple[Line, ...]


class MorningDesk(Protocol):
    """Supplies the page."""

    def morning(self) -> Morning:
        """As it stands."""
        ...


def make_router(desk: MorningDesk, pages: Pages) -> APIRouter:
    """``/morning``."""
    router = APIRouter()

    def morning(request: Request) -> Response:
        """Three lists, each line a link to where it is done."""
        seen, words = desk.morning(), Words(language_of(request))
        values = {"seen": seen, "say": lambda line: _say(words, line, seen.now_us)}
        return pages.page(request, "morning.html", values, now_us=seen.now_us)

    router.add_api_route("/morning", morning, methods=["GET", "HEAD"], response_model=None)
    return router


def _say(words: Words, line: Line, now_us: int) -> str:
    filled = {name: _value(words, name, value, now_us) for name, value in line.values.items()}
    return words(f"morning_line.{line.code}", **filled)


def _value(words: Words, name: str, value: object, now_us: int) -> str:
    if not isinstance(value, int):
        section = _SECTIONS.get(name)
        return words.of(section, str(value)) if section else str(value)
    if name.endswith("_us"):
        same_day = from_us(value).date() == from_us(now_us).date()
        return f"{from_us(value):%H:%M}" if same_day else short_moment(value)
    if name.endswith("_span"):
        return words.age(0, value)
    if name.endswith("_age"):
        return words.age(value, now_us)
    return yuan(value).striptags() if name.endswith("fen") else number(value)
