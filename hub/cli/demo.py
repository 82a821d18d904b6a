"""``hub demo``: a month over bundled mock partners."""

import signal
import threading
from pathlib import Path
from typing import Annotated

import typer

from hub.cli.common import ASKED_WRONGLY, NOT_FINISHED, clean_errors
from hub.cli.progress import Follower, figures_text
from hub.kernel.errors import BadInput, Refused
from hub.kernel.periods import Period

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}


class BadDuration(BadInput):
    """The time is not a number with s, m or h."""

    code = "cli.bad_duration"
    hint = "Write 90s, 10m or 1h."


def seconds(text: str) -> float:
    """``90s``, ``10m``, ``1h`` or plain seconds."""
    number, unit = (text[:-1], text[-1]) if text[-1:] in _UNITS else (text, "s")
    try:
        return float(number) * _UNITS[unit]
    except ValueError:
        raise BadDuration(f"not a time: {text[:12]!r}") from None


@clean_errors
def demo(
    data: Annotated[
        Path | None, typer.Option(help="CSV 数据目录；缺省用自带样例 · default: the sample")
    ] = None,
    month: Annotated[str, typer.Option(help="期次 YYYY-MM")] = "2025-10",
    banks: Annotated[str, typer.Option(help="银行代码，逗号分隔；缺省全部已接入的")] = "",
    policy: Annotated[Path | None, typer.Option(help="政策文件 YAML/JSON")] = None,
    out: Annotated[Path, typer.Option(help="一切都放在这里")] = Path("hub-demo"),
    once: Annotated[
        bool, typer.Option("--once", help="关账即退出（0），没有进展则退出（3）")
    ] = False,
    patience: Annotated[str, typer.Option(help="多久没有进展算卡住")] = "10m",
    wave_wait: Annotated[str, typer.Option(help="等待迟到清单多久")] = "3m",
    port: Annotated[int, typer.Option(help="页面端口；0 任选")] = 8527,
) -> None:
    """用自带挡板跑完一个月的商贷月对冲，并打开看板页面.

    Run a whole month over the bundled mock partners and serve the run board.  The same command
    again goes on with an unfinished month; on a closed one it writes the same files.
    """
    from hub.app import demo as work
    from hub.cli.serving import Page, free_port
    from hub.kernel import logs
    from hub.sample import FOLDER

    logs.configure("warning", "console")
    wanted = work.Wanted(
        data=(data or FOLDER).resolve(),
        period=Period.parse(month),
        banks=tuple(sorted({code.strip() for code in banks.split(",") if code.strip()})),
        policy=policy,
        out=out.resolve(),
        port=free_port(port),
        patience_s=seconds(patience),
        wave_wait_s=seconds(wave_wait),
    )
    try:
        running = work.begin(wanted, lambda text: typer.echo(text, err=True))
    except Refused as error:
        typer.echo(f"{error.message}\n  [{error.code}] {error.hint}", err=True)
        raise typer.Exit(ASKED_WRONGLY) from None
    page = Page(running.hub, wanted.port)
    closed = False
    try:
        page.start()
        _tell(page.address, running, wanted)
        with Follower() as follower:
            closed = work.play(running, wanted, follower.show)
        _tell_end(closed, running, wanted, page.address, once)
        if not once:
            _until_interrupted()
    except KeyboardInterrupt:
        typer.echo("停止 · stopping", err=True)
    finally:
        page.stop()
        work.end(running)
    if once and not closed:
        raise typer.Exit(NOT_FINISHED)


def _tell(address: str, running: "object", wanted: "object") -> None:
    from hub.app.demo import DemoHub, Wanted

    assert isinstance(running, DemoHub)  # noqa: S101  for the type checker
    assert isinstance(wanted, Wanted)  # noqa: S101
    typer.echo(f"看板 · run board: {address}/runs/{wanted.period}")
    for partner, url in running.controls.items():
        typer.echo(f"挡板控制 · {partner}: {url}", err=True)
    for row in running.imported.refused[:10]:
        typer.echo(f"协议第{row.line}行未导入: {row.text} [{row.code}]", err=True)


def _tell_end(closed: bool, running: "object", wanted: "object", address: str, once: bool) -> None:
    from hub.app.demo import DemoHub, Wanted
    from hub.app.steps import read_progress

    assert isinstance(running, DemoHub)  # noqa: S101
    assert isinstance(wanted, Wanted)  # noqa: S101
    progress = read_progress(running.hub, running.run_id)
    word = "已关账 · closed" if closed else "没有进展 · nothing moved; see outcomes.csv for UNKNOWN"
    typer.echo(f"{wanted.period} {word}\n{figures_text(progress.totals)}")
    typer.echo(f"结果 · results: {wanted.out}/outcomes.csv, totals.json")
    if not once:
        typer.echo(
            f"页面继续开着，Ctrl-C 结束 · the page stays open: {address}/runs/{wanted.period}"
        )


def _until_interrupted() -> None:
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    while not stop.wait(0.5):
        pass
