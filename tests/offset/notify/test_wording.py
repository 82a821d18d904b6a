"""The wording: what ships, a centre's own, what is refused; and quiet hours."""

from datetime import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hub.kernel.notify_settings import NotifySettings
from hub.offset.notify.asking import number_of
from hub.offset.notify.wording import FIELDS, BadTexts, read_texts
from hub.ports.notify import sms_parts
from hub.web.words import Words

SHIPPED = read_texts()


@pytest.mark.parametrize("name", sorted(SHIPPED.templates))
def test_every_template_fits_and_has_a_word_on_the_pages(name: str) -> None:
    text = SHIPPED.example(name)
    assert SHIPPED.fits(text)
    assert sms_parts(text) <= 3
    assert "{" not in text
    assert Words("zh").knows("told_template", name)


def own(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "texts.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_centre_says_only_what_it_says_otherwise(tmp_path: Path) -> None:
    path = own(
        tmp_path,
        'version: 7\nvalues: {phone: "0854-12329"}\n'
        'templates: {after.failed: "{name}：{month}月未划款，电{phone}"}\n',
    )
    made = read_texts(path)
    assert made.version == 7
    assert made.example("after.failed") == "欧**：12月未划款，电0854-12329"
    assert "0854-12329" in made.example("before.partial")
    assert made.silent == SHIPPED.silent


@pytest.mark.parametrize(
    "text",
    [
        'templates: {after.failed: "{id_number}"}', 'templates: {after.failed: "{name.x}"}',
        'templates: {after.failed: "{name"}', 'templates: {after.failed: ""}',
        'templates: {after.nonsense: "x"}', "values: {url: x}", "other: 1", "- 1", "longest: many",
        f"templates: {{after.failed: {'长' * 336}}}", "templates: [1]", "{",
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused_with_its_name(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadTexts):
        read_texts(own(tmp_path, text))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadTexts):
        read_texts(tmp_path / "none.yaml")


def test_no_field_is_a_whole_number_or_name() -> None:
    assert not {"account", "id", "to", "full_name", "sjhm"} & set(FIELDS)


@given(st.times())
def test_quiet_hours_over_midnight(now: time) -> None:
    quiet = NotifySettings(quiet="21:00-08:00").is_quiet(now)
    assert quiet == (now >= time(21) or now < time(8))
    assert NotifySettings(quiet="12:00-14:00").is_quiet(now) == (time(12) <= now < time(14))
    assert not NotifySettings(quiet="").is_quiet(now)


@pytest.mark.parametrize("said", ["21-8", "25:00-08:00", "21:00", "x"])
def test_a_span_that_is_none_is_refused(said: str) -> None:
    with pytest.raises(ValidationError):
        NotifySettings(quiet=said)


def test_a_number_follows_from_what_it_is_about_alone() -> None:
    one = number_of("2025-10", "A1", "after", "1" * 20, 0)
    assert one == number_of("2025-10", "A1", "after", "1" * 20, 0)
    assert one.startswith("202510-")
    assert len({one, number_of("2025-10", "A1", "after", "1" * 20, 1),
                number_of("2025-10", "A1", "before", "", 0)}) == 3  # fmt: skip
