"""The one hook of the command log: around every command line, whatever command it names."""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from hub.kernel.errors import Unavailable

if TYPE_CHECKING:
    from hub.app.command_log import Command, Writer

_HELP = {"--help", "--version"}


class NotLogged(Unavailable):
    """The command log of the hub's home cannot be written, so the command was not begun."""

    code = "cli.not_logged"
    hint = "Free the disk or correct the rights of commands.log; the contract wants every command."


class LoggedGroup(TyperGroup):
    """``hub``: notes a command before it begins and when it has ended."""

    def main(self, *given: Any, **more: Any) -> Any:
        args = given[0] if given else more.pop("args", None)
        words = list(sys.argv[1:] if args is None else args)
        running.begin(words)
        code = 1
        try:
            return super().main(words, *given[1:], **more)
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1
            raise
        finally:
            running.end(code)


class Running:
    """The command this process runs.  A home that is made by the command itself (the first
    person, a demo) is logged from when it is there."""

    def __init__(self) -> None:
        self._words: list[str] = []
        self._home = Path()
        self._writer: Writer | None = None

    def begin(self, words: list[str]) -> None:
        """Leaves with exit code 1 when there is a home and nothing can be noted in it."""
        self._words, self._home, self._writer = words, _home_of(words), None
        if words and not _HELP & set(words):
            self.now_there()

    def now_there(self) -> None:
        """Note the beginning, if it was not and the home is there."""
        from hub.app.command_log import Writer

        if self._writer is not None or not self._words or not self._home.is_dir():
            return
        writer = Writer(self._home)
        try:
            writer.begin(self._words)
        except OSError as error:
            _refuse(NotLogged(f"commands.log: {error.strerror}"), self._words)
        self._writer = writer

    def opened(self, database: str) -> None:
        """Which database the command works on."""
        self.now_there()
        if self._writer is not None:
            self._writer.database(database)

    def known(self, login: str, party: str, session: int | None) -> None:
        """Who showed a token."""
        if self._writer is not None:
            self._writer.who(login, party, session)

    def is_about(self, group: str) -> bool:
        """Whether the command is one of this group."""
        return self._words[:1] == [group]

    def end(self, code: int) -> None:
        """The command is over; that this could not be noted undoes nothing, and is said."""
        try:
            if self._words and not _HELP & set(self._words):
                self.now_there()
            if self._writer is not None:
                self._writer.end(code)
        except OSError as error:
            typer.echo(f"commands.log: {error.strerror}", err=True)
        finally:
            self._words, self._writer = [], None


running = Running()


def _home_of(words: Sequence[str]) -> Path:
    """The home that a command line means: what typer will find, found before it looks."""
    demo = words[:1] == ["demo"]
    name, default = ("--out", "hub-demo") if demo else ("--home", os.environ.get("HUB_HOME", ""))
    chosen = default or "hub-home"
    for place, word in enumerate(words):
        if word == name and place + 1 < len(words):
            chosen = words[place + 1]
        elif word.startswith(f"{name}="):
            chosen = word.partition("=")[2]
    home = Path(chosen).expanduser().resolve()
    return home / "hub" if demo else home


def _refuse(error: NotLogged, words: Sequence[str]) -> None:
    if "--json" in words:
        typer.echo(json.dumps(error.as_dict(), ensure_ascii=False), err=True)
    else:
        typer.echo(f"{error.message}\n  [{error.code}] {error.hint}", err=True)
    raise SystemExit(1)


def line_of(one: "Command") -> str:
    """One command for a terminal."""
    from hub.cli.progress import padded
    from hub.kernel.clocks import from_us

    ended = f"{one.exit_code} {one.took_ms} ms" if one.ended_us is not None else "没有结束"
    session = f" 会话 {one.session}" if one.session is not None else ""
    return (
        f"{from_us(one.begun_us):%m-%d %H:%M:%S}  {padded(one.login or one.os_user, 12)}"
        f"{padded(ended, 14)}hub {' '.join(one.argv)}{session}"
    )
