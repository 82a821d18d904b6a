"""Templates to HTML: one environment, one way to make a page, one way to make a board's parts."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse

from hub.web import access, flow, gate, guard, show
from hub.web.model import Board, PlanState
from hub.web.nav import PLACES, Place
from hub.web.words import HTML_LANG, LANGUAGES, Language, Words

HERE = Path(__file__).parent
STATIC = HERE / "static"
THEMES = ("auto", "light", "dark")
LANGUAGE_COOKIE = "hub_lang"
THEME_COOKIE = "hub_theme"
YEAR_S = 365 * 24 * 3600
_EMPTY_KEY = 'value="" data-form-key'

SECTIONS = (
    "head",
    "flow",
    "pending",
    "plan",
    "banks",
    "equations",
    "outcomes",
    "unknown",
    "differences",
    "alerts",
    "channels",
    "drifts",
    "audit",
)
"""The board's parts, each a template ``board/NAME.html`` and an element ``#s-NAME``."""


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the board as HTML; ``version`` changes exactly when the HTML does."""

    name: str
    html: str
    version: str


@cache
def static_version(path: str) -> str:
    """A few hex digits of a static file's digest, so that browsers may keep it for ever."""
    return hashlib.sha256((STATIC / path).read_bytes()).hexdigest()[:12]


def static_url(path: str) -> str:
    """``/static/hub.css?v=…``."""
    return f"/static/{path}?v={static_version(path)}"


@cache
def templates() -> jinja2.Environment:
    """The template environment.  Everything is escaped; an unknown name is an error."""
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters.update(
        yuan=show.yuan,
        num=show.number,
        signed=show.signed,
        moment=show.moment,
        clock=show.clock,
        short=show.short_moment,
        precise=show.precise,
        day=show.day,
    )
    env.globals.update(
        static=static_url,
        flow=flow,
        percent=show.percent,
        PlanState=PlanState,
        SECTIONS=SECTIONS,
        CSRF_FIELD=guard.CSRF_FIELD,
    )
    return env


def language_of(request: Request) -> Language:
    """``?lang=`` first, then the cookie, else Chinese."""
    for wish in (request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE)):
        for language in LANGUAGES:
            if wish == language:
                return language
    return LANGUAGES[0]


def theme_of(request: Request) -> str:
    """``?theme=`` first, then the cookie, else what the system prefers."""
    for wish in (request.query_params.get("theme"), request.cookies.get(THEME_COOKIE)):
        if wish in THEMES:
            return str(wish)
    return THEMES[0]


def sections(board: Board, language: Language) -> tuple[Section, ...]:
    """All parts of the board, without anything that belongs to one viewer."""
    words = Words(language)
    values = {"board": board, "t": words, "lang": language}
    made = []
    for name in SECTIONS:
        html = templates().get_template(f"board/{name}.html").render(values).strip()
        made.append(Section(name, html, hashlib.sha256(html.encode()).hexdigest()[:16]))
    return tuple(made)


class Pages:
    """Makes whole pages; knows the environment, which is a word on every one of them."""

    def __init__(self, environment: str, *, duty: bool = False, signing: bool = False) -> None:
        self.environment = environment
        self.signing = signing
        self.places: tuple[Place, ...] = tuple(p for p in PLACES if duty or not p.duty)

    def page(
        self,
        request: Request,
        template: str,
        values: Mapping[str, Any],
        *,
        status: int = 200,
        now_us: int | None = None,
    ) -> HTMLResponse:
        """One page in the viewer's language and theme; remembers a choice just made."""
        language, theme, me = language_of(request), theme_of(request), gate.viewer.get()
        shown = {
            "t": Words(language),
            "lang": language,
            "html_lang": HTML_LANG[language],
            "theme": theme,
            "environment": self.environment,
            "places": places_of(self.places, me),
            "me": me,
            "signing": self.signing,
            "now_us": now_us,
            "said": "",
            "form_key": guard.form_key(request),
            "with_key": partial(_with_key, guard.form_key(request)),
            "links": _links(request, language),
        }
        html = templates().get_template(template).render({**shown, **values})
        response = HTMLResponse(html, status)
        guard.remember(request, response)
        for name, cookie, value in (
            ("lang", LANGUAGE_COOKIE, language),
            ("theme", THEME_COOKIE, theme),
        ):
            if name in request.query_params:
                response.set_cookie(
                    cookie, value, max_age=YEAR_S, httponly=True, samesite="lax", path="/"
                )
        return response

    def public(
        self, request: Request, template: str, values: Mapping[str, Any]
    ) -> HTMLResponse:  # fmt: skip
        """A page without cookies, menu or form: the same for everybody who asks its address."""
        language = _public_language(request)
        shown = {
            "t": Words(language), "lang": language, "html_lang": HTML_LANG[language],
            "theme": THEMES[0], "environment": self.environment,
        }  # fmt: skip
        return HTMLResponse(templates().get_template(template).render({**shown, **values}))


def _public_language(request: Request) -> Language:
    """By the address alone: what is kept for everybody must not depend on a cookie."""
    wish = request.query_params.get("lang")
    return next((language for language in LANGUAGES if language == wish), LANGUAGES[0])


def places_of(places: tuple[Place, ...], me: gate.Me | None) -> tuple[Place, ...]:
    """What the menu shows: of who has signed in, what they may open."""
    if me is None:
        return places
    rooms = ((place, access.room_of(place.path)) for place in places)
    return tuple(place for place, room in rooms if room is None or room.admits(me.side, me.may))


def _with_key(key: str, html: str) -> Markup:
    """A part's HTML, already escaped, with this browser's key in its forms.

    Parts are shared by all viewers, so they are made without it; one that comes over the
    stream gets it from the page (static/live.js).
    """
    return Markup(html.replace(_EMPTY_KEY, f'value="{escape(key)}" data-form-key'))  # noqa: S704


def _links(request: Request, language: Language) -> dict[str, str]:
    """The same page in the other language and in each theme, its filters kept."""
    # What answered a POST cannot be fetched again by its address.
    here = request.url if request.method in ("GET", "HEAD") else request.url.replace(path="/")
    other = LANGUAGES[1 - LANGUAGES.index(language)]

    def link(**change: str) -> str:
        url = here.include_query_params(**change)
        return f"{url.path}?{url.query}"

    return {"language": link(lang=other)} | {theme: link(theme=theme) for theme in THEMES}
