"""What every command shares: where the hub lives, who acts, how errors and results are shown.

Exit codes: 0 done · 1 the rules or the data say no · 2 asked wrongly · 3 not finished in time.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ParamSpec

import typer

from hub.kernel.errors import BadInput, HubError, Misconfigured
from hub.kernel.secret import Secret

if TYPE_CHECKING:
    from hub.app.hub import Hub

DONE, SAID_NO, ASKED_WRONGLY, NOT_FINISHED = 0, 1, 2, 3

Home = Annotated[
    Path | None,
    typer.Option(
        "--home", envvar="HUB_HOME", help="中心端所在目录（含 hub.toml）· the hub's folder"
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON，供脚本使用 · JSON for scripts")]
TokenFile = Annotated[
    Path | None,
    typer.Option(
        "--token-file", help="存有个人令牌的文件；缺省读 HUB_TOKEN 或提示输入 · your personal token"
    ),
]
Reason = Annotated[str, typer.Option("--reason", help="事由 · why", prompt="事由 (reason)")]

_P = ParamSpec("_P")


class NoToken(BadInput):
    """This act needs your personal token."""

    code = "cli.no_token"
    hint = "Give --token-file, set HUB_TOKEN, or run it on a terminal."


def token_of(token_file: Path | None) -> Secret:
    """The acting person's token; a name on the command line is not a person."""
    if token_file is not None:
        return Secret(token_file.read_text(encoding="utf-8").strip())
    given = os.environ.get("HUB_TOKEN")
    if given:
        return Secret(given.strip())
    if not sys.stdin.isatty():
        raise NoToken
    return Secret(typer.prompt("个人令牌 (personal token)", hide_input=True))


@contextmanager
def opened(home: Path | None, *, schema: bool = True) -> Iterator["Hub"]:
    """The hub of a home folder, with its schema checked."""
    from hub.app.assembly import open_hub
    from hub.kernel import logs
    from hub.kernel.settings import Settings
    from hub.store.schema import require_current

    settings = Settings.load(home)
    logs.configure(settings.log_level, settings.log_format)
    settings.home.mkdir(parents=True, exist_ok=True)
    with open_hub(settings) as hub:
        if schema:
            require_current(hub.store)
        yield hub


def show(said: Mapping[str, Any], as_json: bool, text: str) -> None:
    """A command's result: JSON for scripts, a text for people."""
    typer.echo(json.dumps(said, ensure_ascii=False) if as_json else text)


def clean_errors(command: Callable[_P, None]) -> Callable[_P, None]:
    """A HubError becomes its message, code and hint on stderr, and an exit code."""

    @wraps(command)
    def wrapped(*args: _P.args, **kwargs: _P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except HubError as error:
            if kwargs.get("as_json"):
                typer.echo(json.dumps(error.as_dict(), ensure_ascii=False), err=True)
            else:
                typer.echo(f"{error.message}\n  [{error.code}] {error.hint}", err=True)
            wrongly = isinstance(error, BadInput | Misconfigured)
            raise typer.Exit(ASKED_WRONGLY if wrongly else SAID_NO) from None

    return wrapped
