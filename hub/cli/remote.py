"""``hub session``: windows in which somebody of 运维方 works from afar (远程运维会话)."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.command_log import line_of
from hub.cli.common import (
    AsJson,
    Home,
    Reason,
    TokenFile,
    clean_errors,
    opened,
    seconds,
    show,
    token_of,
)
from hub.cli.progress import padded

if TYPE_CHECKING:
    from hub.people.remote import RemoteSession

app = typer.Typer(no_args_is_help=True, help="远程运维会话 · remote sessions of the operators")
Number = Annotated[int, typer.Argument(min=1, help="会话编号，见 list · its number")]


@app.command("open")
@clean_errors
def open_(
    reason: Reason,
    evidence: Annotated[
        str,
        typer.Option(
            "--evidence", prompt="佐证 (evidence)",
            help="佐证：文件（记名称与摘要）或一句话 · a file (its name and digest) or a text",
        ),
    ],
    lasts: Annotated[
        str, typer.Option("--for", help="多久，如 2h；至多 24h · for how long")
    ] = "2h",
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """运维方申请一个远程运维会话；中心的人用 hub approve 确认之后起算.

    Ask for a remote session; it begins when somebody of 中心 confirms it with hub approve.
    """
    from hub.app.remote_sessions import open_session

    with opened(home) as hub:
        number, approval = open_session(
            hub, token_of(token_file), reason=reason, evidence=evidence,
            minutes=int(seconds(lasts) // 60),
        )  # fmt: skip
    show(
        {"session": number, "approval": approval}, as_json,
        f"远程运维会话 {number} 已申请，待中心确认：hub approve {approval}",
    )  # fmt: skip


@app.command("close")
@clean_errors
def close(
    number: Number, reason: Reason, home: Home = None, token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """结束会话：申请人自己，或中心的人 · end it: whoever asked, or somebody of 中心."""
    from hub.app.remote_sessions import close_session

    with opened(home) as hub:
        close_session(hub, token_of(token_file), number, reason)
    show({"session": number}, as_json, f"远程运维会话 {number} 已结束")


@app.command("list")
@clean_errors
def list_(home: Home = None, as_json: AsJson = False) -> None:
    """列出会话，新的在前 · every session, the newest first."""
    from hub.people.remote import list_sessions

    with opened(home) as hub, hub.store.read() as view:
        found = list_sessions(view)
    lines = [_line(one) for one in found]
    show({"sessions": [_as_dict(one) for one in found]}, as_json, "\n".join(lines) or "没有会话")


@app.command("show")
@clean_errors
def show_(number: Number, home: Home = None, as_json: AsJson = False) -> None:
    """一个会话和在其中执行的命令 · one session and the commands that were run in it."""
    from hub.app.remote_sessions import see_session

    with opened(home) as hub:
        seen = see_session(hub, number)
    one = seen.session
    lines = [_line(one), f"  佐证 {one.evidence} {one.evidence_sm3}".rstrip()]
    lines += [f"  {line_of(command)}" for command in seen.commands]
    said = {**_as_dict(one), "commands": [asdict(command) for command in seen.commands]}
    show(said, as_json, "\n".join(lines))


def _line(one: "RemoteSession") -> str:
    from hub.kernel.clocks import from_us

    until = f"至 {from_us(one.until_us):%m-%d %H:%M}" if one.until_us else f"{one.minutes} 分钟"
    by = f" {one.confirmed_by} 确认" if one.confirmed_by else ""
    return (
        f"{padded(str(one.id), 6)}{padded(one.state.label, 8)}{padded(one.login, 14)}"
        f"{from_us(one.asked_us):%m-%d %H:%M} {until}{by}  {one.reason}"
    )


def _as_dict(one: "RemoteSession") -> dict[str, Any]:
    return {**asdict(one), "state": one.state.value}
