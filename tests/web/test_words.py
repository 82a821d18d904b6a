"""The catalogue is whole: both languages, the same names to fill in, every key that is used."""

import re
import string
from pathlib import Path

import pytest

from hub.kernel.errors import HubError
from hub.kernel.money import show_yuan
from hub.web import errors, guard, render, show
from hub.web.flow import EQUATIONS
from hub.web.model import Figure, PlanState, RunState
from hub.web.words import LANGUAGES, Words, catalogue

TEMPLATES = sorted(Path(render.HERE, "templates").rglob("*.html"))
SOURCES = [*TEMPLATES, *sorted(render.HERE.glob("*.py"))]


def names_in(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("key", sorted(catalogue()))
def test_both_languages_say_it(key: str) -> None:
    texts = catalogue()[key]
    assert all(texts[language].strip() for language in LANGUAGES)
    assert names_in(texts["zh"]) == names_in(texts["en"])


def test_every_key_used_exists() -> None:
    used = {
        key
        for source in SOURCES
        for key in re.findall(
            r"""\bt\(\s*['"]([a-z_]+\.[a-z_]+)['"]\s*[,)]""", source.read_text(encoding="utf-8")
        )
    }
    assert len(used) > 100
    assert used <= set(catalogue()), used - set(catalogue())


def test_every_section_used_exists() -> None:
    sections = {key.partition(".")[0] for key in catalogue()}
    used = {
        found
        for source in TEMPLATES
        for found in re.findall(r"""t\.of\('([a-z_]+)'""", source.read_text(encoding="utf-8"))
    }
    assert used
    assert used <= sections


def test_every_code_of_ours_has_words() -> None:
    words = Words("zh")
    for state in RunState:
        assert words.knows("run_state", state)
    for plan in PlanState:
        assert words.knows("plan", plan)
    for left, right in EQUATIONS.values():
        for _, name in (*left, *right):
            assert words.knows("figure", name)
    outcomes = ["SUCCEEDED", "FAILED", "SKIPPED", "EXCEPTION", "UNKNOWN", "RETURNED"]
    for outcome in outcomes:
        assert words.knows("outcome", outcome)


def test_every_error_of_the_pages_has_words() -> None:
    kinds = [
        kind
        for kind in vars(guard).values()
        if isinstance(kind, type)
        and issubclass(kind, HubError)
        and kind.__module__ == guard.__name__
    ]
    assert len(kinds) >= 5
    for kind in (*kinds, HubError):
        assert Words("zh").knows("error_text", kind.code), kind.code
        assert Words("zh").knows("error_hint", kind.code), kind.code
    assert errors.RETRY_AFTER_S > 0


def test_a_code_from_outside_shows_as_it_is() -> None:
    assert Words("zh").of("reason", "no_balance") == "账户无可用余额"
    assert Words("zh").of("reason", "something_new") == "something_new"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0 秒"),
        (59, "50 秒"),
        (60, "1 分钟"),
        (3599, "59 分钟"),
        (5700, "1 小时 35 分"),
        (90_000, "1 天 1 小时"),
    ],
)
def test_age(seconds: int, text: str) -> None:
    assert Words("zh").age(0, seconds * 1_000_000) == text


@pytest.mark.parametrize(
    ("us", "text"), [(482_900, "482 ms"), (2_960_000, "2.9 s"), (61_000_000, "1 min")]
)
def test_span(us: int, text: str) -> None:
    assert Words("en").span(0, us) == text


def test_amounts_are_exact_and_read_as_show_yuan() -> None:
    for fen in (0, 5, -5, 100, 1_746_022_905, -123_456_789_012_345_67):
        assert re.sub(r"<[^>]+>", "", show.yuan(fen)) == show_yuan(fen)


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (0, 0, "—"),
        (999, 1000, "99.9%"),
        (9999, 10_000, "99.9%"),
        (1, 1, "100.0%"),
        (10**17, 3 * 10**17, "33.3%"),
    ],
)
def test_percent_is_full_only_when_it_is(part: int, whole: int, text: str) -> None:
    assert show.percent(part, whole) == text


def test_figures_add_up() -> None:
    assert Figure(2, 30) + Figure(1, -5) - Figure(3, 25) == Figure()
    assert (Figure(2, 30) - Figure(2, 30)).nothing
