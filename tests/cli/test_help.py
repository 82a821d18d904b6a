"""Help that a newcomer understands.  That the reference page says the same, tests/docs checks."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from hub.cli.main import app

PAGE = Path(__file__).parents[2] / "docs/reference/commands.md"
_CHINESE = re.compile("[\u4e00-\u9fff]")


def _commands(group: typer.Typer, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for one in group.registered_commands:
        yield (*before, str(one.name or (one.callback and one.callback.__name__)))
    for sub in group.registered_groups:
        assert sub.typer_instance is not None
        yield from _commands(sub.typer_instance, (*before, str(sub.name)))


ALL = sorted(_commands(app))


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_every_command_helps_in_chinese_and_english(words: tuple[str, ...]) -> None:
    done = CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "120", "TERM": "dumb"})
    assert done.exit_code == 0
    body = done.output.split("Usage:", 1)[1]
    assert _CHINESE.search(body)
    assert re.search("[a-z]{3,} [a-z]{2,} ", body)
    assert "--json" in done.output or words == ("mocks", "serve")
    assert f"## `hub {' '.join(words)}`" in PAGE.read_text(encoding="utf-8")


def test_issue_commands_are_all_there() -> None:
    wanted = (
        "demo", "serve", "worker", "mocks serve", "agreements import", "offset plan",
        "offset submit", "offset run", "offset status", "offset reconcile", "offset export",
        "inquire", "resend", "approve", "db upgrade", "audit verify", "audit export",
        "people add", "people list", "channel stop", "channel resume", "difference list",
        "difference settle",
    )  # fmt: skip
    assert {tuple(one.split()) for one in wanted} <= set(ALL)
