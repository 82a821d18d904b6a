"""A page that says "shown by" names tests and bad days that exist, and leaves no step without."""

import re
from pathlib import Path

import pytest

from tests.chaos.bad_days import DAYS

ROOT = Path(__file__).parents[2]
MONEY = [
    ROOT / "docs/explanation" / f"{name}.md" for name in ("life-of-one-offset", "why-not-twice")
]
PAGES = sorted((ROOT / "docs/explanation").glob("*.md"))

_FILE = re.compile(r"`(tests/[a-z_0-9/]+\.py)`")
_TEST = re.compile(r"`(test_[a-z_0-9]+)`")
_EITHER = re.compile(r"`(?P<file>tests/[a-z_0-9/]+\.py)`|`(?P<test>test_[a-z_0-9]+)`")
_BAD_DAYS = re.compile(r'bad days? ("[^"]+"(?:, "[^"]+")*)')


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_file_it_names_is_there(page: Path) -> None:
    named = _FILE.findall(page.read_text(encoding="utf-8"))
    assert not [name for name in named if not (ROOT / name).is_file()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_test_it_names_is_in_the_file_named_before_it(page: Path) -> None:
    astray = []
    for line in page.read_text(encoding="utf-8").splitlines():
        file = None
        for token in _EITHER.finditer(line):
            if token["file"]:
                file = ROOT / token["file"]
            elif file is None or f"def {token['test']}(" not in file.read_text(encoding="utf-8"):
                astray.append(token["test"])
    assert astray == []


@pytest.mark.parametrize("page", MONEY, ids=lambda page: page.stem)
def test_every_bad_day_it_names_is_lived(page: Path) -> None:
    days = [day.name for day in DAYS]
    named = [
        name
        for said in _BAD_DAYS.findall(page.read_text(encoding="utf-8"))
        for name in re.findall(r'"([^"]+)"', said)
    ]
    assert not [name for name in named if not any(day.endswith(name) for day in days)]


def test_each_step_of_an_offsets_life_names_what_shows_it() -> None:
    steps = MONEY[0].read_text(encoding="utf-8").split("\n## ")[1:]
    assert len(steps) == 12
    assert not [
        step.splitlines()[0] for step in steps if "*Shown by*" not in step or not _proven(step)
    ]  # fmt: skip


def test_each_reason_names_what_shows_it() -> None:
    rows = [
        line for line in MONEY[1].read_text(encoding="utf-8").splitlines()
        if line.startswith("| ") and line.count("|") == 3 and "---" not in line
    ]  # fmt: skip
    reasons = [row for row in rows if not row.startswith(("| `", "| reason", "| boundary"))]
    assert len(reasons) > 15
    assert not [row for row in reasons if not _proven(row)]


def _proven(text: str) -> bool:
    """A step's proof stands behind its last "Shown by", a reason's in the last cell."""
    shown = text.rpartition("*Shown by*")[2] if "*Shown by*" in text else text.split("|")[-2]
    return bool(_EITHER.search(shown) or _BAD_DAYS.search(shown))


def test_the_two_pages_about_money_name_tests() -> None:
    for page in MONEY:
        assert _TEST.findall(page.read_text(encoding="utf-8"))
