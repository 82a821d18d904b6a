"""``hub mocks``: the bundled mock partners (挡板), as processes of their own."""

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="挡板 · the mock partners")


@app.command()
def serve(
    data: Annotated[Path, typer.Option(help="CSV 数据目录")],
    partner: Annotated[list[str] | None, typer.Option(help="挡板名，可重复；缺省全部")] = None,
    state: Annotated[Path, typer.Option(help="挡板状态目录")] = Path("mocks-state"),
    port_base: Annotated[int, typer.Option(help="起始端口；0 为任选空闲端口")] = 0,
    ports_file: Annotated[Path | None, typer.Option(help="端口写到此文件（JSON）")] = None,
) -> None:
    """启动挡板，直到 Ctrl-C；端口见输出或 --ports-file.

    Run the mock partners until Ctrl-C; they also run without the hub.
    """
    words = [sys.executable, "-m", "mocks", "serve", "--state", str(state), "--data", str(data)]
    words += ["--port-base", str(port_base)]
    if ports_file is not None:
        words += ["--ports-file", str(ports_file)]
    for name in partner or _all():
        words += ["--partner", name]
    raise typer.Exit(subprocess.call(words))  # noqa: S603  our own command


def _all() -> list[str]:
    said = subprocess.run(
        [sys.executable, "-m", "mocks", "list"], capture_output=True, text=True, check=True
    )
    return [line.split("\t")[0] for line in said.stdout.splitlines()]
