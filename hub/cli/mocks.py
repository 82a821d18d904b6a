"""``hub mocks``: the bundled mock partners (挡板), as processes of their own."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from hub.cli.common import AsJson, clean_errors, show, tell

app = typer.Typer(no_args_is_help=True, help="挡板 · the mock partners")


@app.command("list")
@clean_errors
def list_mocks(as_json: AsJson = False) -> None:
    """列出自带的挡板 · the mocks there are."""
    rows = [line.split("\t") for line in _said("list").splitlines()]
    said = [{"partner": row[0], "title": row[1], "endpoints": row[2].split(",")} for row in rows]
    text = "\n".join(f"{row[0]}\t{row[1]}\t{row[2]}" for row in rows)
    show({"mocks": said}, as_json, text)


@app.command()
@clean_errors
def serve(
    data: Annotated[
        Path | None,
        typer.Option(help="CSV 数据目录（loans、persons、units）；缺省用自带样例 · the CSV folder"),
    ] = None,
    partner: Annotated[
        list[str] | None,
        typer.Option(help="挡板名，可重复；缺省全部 · a mock, may be repeated; default: all"),
    ] = None,
    state: Annotated[
        Path, typer.Option(help="存放挡板状态的目录 · where the mocks keep what they hold")
    ] = Path("mocks-state"),
    clock: Annotated[
        Path | None,
        typer.Option(help="共用的业务时钟文件，与 hub.toml 的 clock_file 一致 · the shared clock"),
    ] = None,
    environment: Annotated[
        str, typer.Option(help="demo 演示 或 test 测试；生产不许 · never production")
    ] = "demo",
    port_base: Annotated[
        int,
        typer.Option(min=0, max=65000, help="起始端口；0 为任选空闲端口 · 0: any free ports"),
    ] = 0,
    ports_file: Annotated[
        Path | None,
        typer.Option(help="端口写到此文件（JSON）；缺省 STATE/ports.json · where ports are told"),
    ] = None,
) -> None:
    """启动挡板，直到 Ctrl-C；不依赖中心端，各地址写在 ports.json.

    Run the mock partners until Ctrl-C; they need no hub. Their addresses stand in ports.json.
    """
    from hub.sample import FOLDER

    ports = ports_file or state / "ports.json"
    words = [sys.executable, "-m", "mocks", "serve", "--state", str(state)]
    words += ["--data", str(data or FOLDER), "--environment", environment]
    words += ["--port-base", str(port_base), "--ports-file", str(ports)]
    if clock is not None:
        words += ["--clock", str(clock)]
    for name in partner or [line.split("\t")[0] for line in _said("list").splitlines()]:
        words += ["--partner", name]
    state.mkdir(parents=True, exist_ok=True)
    tell(f"挡板启动中，地址见 {ports} · their addresses will stand there")
    sys.stdout.flush()
    # Not a child: who ends this process ends the mocks, by whatever signal.
    os.execv(words[0], words)  # noqa: S606  our own command


def _said(command: str) -> str:
    done = subprocess.run(  # noqa: S603  our own command
        [sys.executable, "-m", "mocks", command], capture_output=True, text=True, check=True
    )
    return done.stdout
