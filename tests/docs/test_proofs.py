"""A page that says "shown by" names tests that exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs/explanation").glob("*.md"))

_FILE = re.compile(r"`(tests/[a-z_0-9/]+\.py)`")
_TEST = re.compile(r"`(test_[a-z_0-9]+)`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_file_it_names_is_there(page: Path) -> None:
    named = _FILE.findall(page.read_text(encoding="utf-8"))
    assert not [name for name in named if not (ROOT / name).is_file()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_test_it_names_is_there(page: Path) -> None:
    sources = "".join(p.read_text(encoding="utf-8") for p in (ROOT / "tests").rglob("test_*.py"))
    named = set(_TEST.findall(page.read_text(encoding="utf-8")))
    assert not sorted(name for name in named if f"def {name}(" not in sources)


def test_the_two_pages_about_money_name_tests() -> None:
    for name in ("life-of-one-offset.md", "why-not-twice.md"):
        assert _TEST.findall((ROOT / "docs/explanation" / name).read_text(encoding="utf-8"))
