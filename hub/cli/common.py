"""What every command shares: where the hub lives, who acts, how errors and results are shown.

Exit codes: 0 done · 1 the rules or the data say no · 2 asked wrongly · 3 not finished in time ·
130 and 143 ended by Ctrl-C and SIGTERM.
"""

import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, ParamSpec

import structlog
import typer
from typer.exceptions import Abort, TyperException

from hub.cli.command_log import running
from hub.cli.signals import Told
from hub.kernel.errors import BadInput, HubError, Misconfigured, Unavailable
from hub.kernel.logs import get_logger, mask_text
from hub.kernel.secret import Secret

if TYPE_CHECKING:
    from hub.app.hub import Hub
    from hub.people import Actor

DONE, SAID_NO, ASKED_WRONGLY, NOT_FINISHED = 0, 1, 2, 3
_BROKEN_PIPE = 141
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)([smh]?)")

Home = Annotated[
    Path | None,
    typer.Option(
        "--home",
        envvar="HUB_HOME",
        help="中心端所在目录（含 hub.toml），缺省 ./hub-home · the hub's folder",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON，供脚本使用 · JSON for scripts")]
TokenFile = Annotated[
    Path | None,
    typer.Option(
        "--token-file",
        help="存有个人令牌的文件；缺省读 HUB_TOKEN，再缺省则提示输入 · "
        "the file with your personal token; else HUB_TOKEN, else you are asked",
    ),
]
Reason = Annotated[
    str, typer.Option("--reason", help="事由，写入审计 · why; goes into the audit",
                      prompt="事由 (reason)")
]  # fmt: skip
Month = Annotated[
    str,
    typer.Option("--month", help="期次，写作 2025-10 · the month", prompt="期次 (YYYY-MM)"),
]

_P = ParamSpec("_P")
_log = get_logger(__name__)


class NoToken(BadInput):
    """This act needs your personal token."""

    code = "cli.no_token"
    hint = "Give --token-file, set HUB_TOKEN, or run it on a terminal."


class BadTokenFile(BadInput):
    """The token's file cannot be read."""

    code = "cli.bad_token_file"
    hint = "It must be a text file of yours that holds the token (hubp_…) and nothing else."


class BadDuration(BadInput):
    """The time is not a number with s, m or h."""

    code = "cli.bad_duration"
    hint = "Write 90s, 10m or 1h."


class SystemSaysNo(Unavailable):
    """The operating system refuses."""

    code = "system.refused"
    hint = "Free the disk or correct the file's rights, then run it again; nothing is lost."


class StatementFailed(HubError):
    """The database refused a statement of ours."""

    code = "store.statement_failed"
    hint = 'Nothing was changed.  Set log_level = "debug", run it again and call support.'


class Unforeseen(HubError):
    """Something went wrong that the hub did not foresee."""

    code = "hub.unforeseen"
    hint = 'Nothing was half done.  Set log_level = "debug", run it again and call support.'


def token_of(token_file: Path | None) -> Secret:
    """The acting person's token; a name on the command line is not a person.

    Raises NoToken, BadTokenFile.
    """
    if token_file is not None:
        try:
            return Secret(token_file.read_text(encoding="utf-8").strip())
        except OSError as error:
            raise BadTokenFile(f"{token_file}: {error.strerror}") from None
        except UnicodeDecodeError:
            raise BadTokenFile(f"{token_file}: not a text file") from None
    given = os.environ.get("HUB_TOKEN")
    if given:
        return Secret(given.strip())
    if not sys.stdin.isatty():
        raise NoToken
    return Secret(typer.prompt("个人令牌 (personal token)", hide_input=True, err=True))


def seconds(text: str) -> float:
    """``90s``, ``10m``, ``1h`` or plain seconds.  Raises BadDuration."""
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        raise BadDuration(f"not a time: {text[:12]!r}")
    return float(found[1]) * _UNITS[found[2] or "s"]


def listed(text: str) -> tuple[str, ...]:
    """``ICBC, CCB`` → the codes, sorted, each once."""
    return tuple(sorted({code.strip() for code in text.split(",") if code.strip()}))


@contextmanager
def opened(home: Path | None, *, schema: bool = True, serving: bool = False) -> Iterator["Hub"]:
    """The hub of a home folder, with its schema checked.  Only what serves logs its doings; of a
    command's, people want the result."""
    from sqlalchemy.engine import make_url

    from hub.app.assembly import open_hub
    from hub.kernel import logs
    from hub.kernel.settings import Settings
    from hub.store.schema import require_current

    settings = Settings.load(home)
    quiet = not serving and settings.log_level == "info"
    logs.configure("warning" if quiet else settings.log_level, settings.log_format)
    settings.home.mkdir(parents=True, exist_ok=True)
    with open_hub(settings) as hub:
        running.opened(make_url(settings.database_url).render_as_string(hide_password=True))
        if schema:
            require_current(hub.store)
        if not serving:  # those who act on its pages have entries of their own in the audit
            hub.people.known = lambda who: _mark(hub, who)
        yield hub


def _mark(hub: "Hub", who: "Actor") -> None:
    """Note who runs the command and in which remote session; without one, say so to 运维方, or
    refuse where the settings want one.  Raises SessionNeeded."""
    from hub.app.remote_sessions import SessionNeeded, session_of, trouble_of
    from hub.people import Party

    found = session_of(hub, who)
    trouble = trouble_of(found) if who.party is Party.OPERATOR else ""
    within = found.id if found is not None and not trouble else None
    running.known(who.login, who.party.value, within)
    if not trouble or running.is_about("session"):
        return
    if hub.settings.remote_sessions == "required":
        raise SessionNeeded(trouble)
    if found is not None and found.closed_us is None:
        tell(trouble)


def show(said: Mapping[str, Any], as_json: bool, text: str) -> None:
    """A command's result: JSON for scripts, a text for people."""
    typer.echo(json.dumps(said, ensure_ascii=False) if as_json else text)


def write_whole(path: Path, content: bytes) -> None:
    """A result's file: the whole of it or none, whatever happens on the way."""
    fresh = path.with_name(path.name + ".new")
    fresh.write_bytes(content)
    fresh.replace(path)


def tell(text: str) -> None:
    """A word on the way, to stderr: stdout holds results alone."""
    typer.echo(text, err=True)


def clean_errors(command: Callable[_P, None]) -> Callable[_P, None]:
    """Whatever goes wrong becomes one message with code and hint on stderr, and an exit code."""

    @wraps(command)
    def wrapped(*args: _P.args, **kwargs: _P.kwargs) -> None:
        as_json = bool(kwargs.get("as_json"))
        try:
            command(*args, **kwargs)
            sys.stdout.flush()
        except (typer.Exit, Abort, TyperException):
            raise
        except Told as told:
            raise typer.Exit(told.exit_code) from None
        except KeyboardInterrupt:
            raise typer.Exit(Told.BY_CTRL_C) from None
        except BrokenPipeError:
            _nobody_listens()
        except Exception as error:  # noqa: BLE001  a person never sees a traceback
            _fail(error, as_json)

    return wrapped


def _fail(error: Exception, as_json: bool) -> NoReturn:
    known = _as_hub_error(error)
    if known is not error and structlog.is_configured():
        _log.debug("the command failed", exc_info=error)
    if as_json:
        tell(json.dumps(known.as_dict(), ensure_ascii=False))
    else:
        tell(f"{known.message}\n  [{known.code}] {known.hint}")
    wrongly = isinstance(known, BadInput | Misconfigured)
    raise typer.Exit(ASKED_WRONGLY if wrongly else SAID_NO) from None


def _as_hub_error(error: Exception) -> HubError:
    from sqlalchemy.exc import SQLAlchemyError

    if isinstance(error, HubError):
        return error
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        return SystemSaysNo(f"{place}{error.strerror or type(error).__name__}")
    if isinstance(error, SQLAlchemyError):
        first = mask_text(str(getattr(error, "orig", None) or type(error).__name__))
        return StatementFailed(f"the database says: {first.splitlines()[0][:200]}")
    return Unforeseen(f"unforeseen: {type(error).__name__}")


def _nobody_listens() -> NoReturn:
    """``hub … | head``: whoever read has enough.  Python would complain at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    raise typer.Exit(_BROKEN_PIPE) from None
