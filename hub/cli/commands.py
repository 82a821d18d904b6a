"""``hub commands``: the command log, read and checked."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.command_log import line_of
from hub.cli.common import AsJson, Home, clean_errors, opened, show
from hub.kernel.errors import Refused

if TYPE_CHECKING:
    from hub.app.command_log import Flaw

app = typer.Typer(no_args_is_help=True, help="命令日志 · the command log")
_FLAWS = {
    "cut": "日志末尾被截去 · lines were cut off at the end",
    "rewritten": "与审计链中的锚点不符 · not what the audit's anchor says",
    "chain": "与前一行的摘要不符 · does not follow from the line before",
    "torn": "写到一半的行（断电、磁盘满） · a torn line",
}


class LogAltered(Refused):
    """The command log is not as it was written."""

    code = "commands.altered"
    hint = "Keep the file as it is; whoever can write it has changed it.  Call support."


@app.command("list")
@clean_errors
def list_(
    hours: Annotated[
        int, typer.Option("--hours", min=1, max=8784, help="最近多少小时 · the last hours")
    ] = 24,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """列出执行过的命令：何人、何时、什么命令、退出码、用时 · the commands that were run."""
    from hub.app.command_log import read_commands
    from hub.kernel.clocks import SystemClock, to_us

    now_us = to_us(SystemClock().now())
    with opened(home) as hub:
        found = read_commands(hub.settings.home, now_us - hours * 3_600_000_000, now_us)
    text = "\n".join(map(line_of, found)) or "没有命令"
    show({"commands": [asdict(one) for one in found]}, as_json, text)


@app.command()
@clean_errors
def verify(home: Home = None, as_json: AsJson = False) -> None:
    """核对命令日志：逐行摘要链，及审计链中的锚点 · check the log's chain and its anchors."""
    from hub.app.command_anchors import check_log

    with opened(home) as hub:
        head, anchors, flaws = check_log(hub)
    bad: list[Flaw] = [flaw for flaw in flaws if flaw.what != "torn"]
    said = {
        "good": not bad, "bytes": head.size, "head": head.digest, "anchors": anchors,
        "flaws": [asdict(flaw) for flaw in flaws],
    }  # fmt: skip
    lines = [f"第 {flaw.line} 行：{_FLAWS[flaw.what]}" for flaw in flaws]
    whole = "完好 · whole" if not bad else "被改动 · altered"
    show(said, as_json, "\n".join([f"{whole}，{head.size} 字节，锚点 {anchors} 个", *lines]))
    if bad:
        raise LogAltered(f"commands.log: line {bad[0].line}: {bad[0].what}")
