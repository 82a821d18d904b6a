"""``hub demo``: a month over bundled mock partners."""

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.common import (
    ASKED_WRONGLY,
    NOT_FINISHED,
    AsJson,
    clean_errors,
    listed,
    seconds,
    tell,
)  # fmt: skip
from hub.cli.progress import Follower, figures_text
from hub.cli.serving import Page, PortTaken, say_standing
from hub.cli.signals import Told, ending_in_order
from hub.kernel.errors import Refused
from hub.kernel.periods import Period

if TYPE_CHECKING:
    from hub.api.door import Door
    from hub.app.demo import DemoHub, Wanted
    from hub.app.hub import Hub


@clean_errors
def demo(
    data: Annotated[
        Path | None,
        typer.Option(help="CSV 数据目录；缺省用自带的虚构样例 · default: the bundled sample"),
    ] = None,
    month: Annotated[str, typer.Option(help="期次 · the month, YYYY-MM")] = "2025-10",
    banks: Annotated[
        str, typer.Option(help="银行代码，逗号分隔；缺省全部已接入的 · codes like ICBC")
    ] = "",
    policy: Annotated[
        Path | None, typer.Option(help="政策文件 YAML/JSON · the policy file")
    ] = None,
    out: Annotated[
        Path,
        typer.Option(help="一切都放在这里：结果、数据库、挡板、密钥 · everything goes here"),
    ] = Path("hub-demo"),
    once: Annotated[
        bool,
        typer.Option("--once", help="关账即退出（0），没有进展则退出（3）· end when it is closed"),
    ] = False,
    by_hand: Annotated[
        bool,
        typer.Option("--by-hand", help="提交和批准留给你在页面上做 · you submit and approve"),
    ] = False,
    patience: Annotated[
        str, typer.Option(help="多久没有进展算卡住，如 90s、10m · stuck after this long")
    ] = "10m",
    wave_wait: Annotated[
        str, typer.Option(help="等迟到的应还明细多久 · how long to wait for late due lists")
    ] = "3m",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="页面端口；0 任选 · the page's port, 0: any")
    ] = 8527,
    as_json: AsJson = False,
) -> None:
    """用自带挡板跑完一个月的商贷月对冲，并打开期次看板，Ctrl-C 结束.

    Run a whole month over the bundled mock partners and serve the run board.  The same command
    again goes on with an unfinished month; on a closed one it writes the same files.
    """
    from hub.app import demo as work
    from hub.kernel import logs
    from hub.sample import FOLDER

    logs.configure("warning", "console")
    wanted = work.Wanted(
        data=(data or FOLDER).resolve(),
        period=Period.parse(month),
        banks=listed(banks),
        policy=policy,
        out=out.resolve(),
        port=port,
        patience_s=seconds(patience),
        wave_wait_s=seconds(wave_wait),
        by_hand=by_hand,
        platforms=True,
    )
    closed = False
    try:
        with ending_in_order():
            closed = _run(wanted, once=once, as_json=as_json)
    except Told as told:
        tell("已停止 · stopped")
        raise typer.Exit(told.exit_code) from None
    if once and not closed:
        raise typer.Exit(NOT_FINISHED)


def _run(wanted: "Wanted", *, once: bool, as_json: bool) -> bool:
    """Set up, play, serve; whether the run is closed."""
    from hub.app import demo as work

    try:
        running = work.set_up(wanted, tell)
    except Refused as error:  # another demo's folder, or one in use: asked wrongly
        tell(f"{error.message}\n  [{error.code}] {error.hint}")
        raise typer.Exit(ASKED_WRONGLY) from None
    page: Page | None = None
    door: Door | None = None
    closed = False
    try:
        page = _page(running.hub, wanted.port)
        door = _door(running, wanted)
        _tell(page.address, running, wanted, as_json=as_json)
        while not closed:
            with Follower(quiet=as_json) as follower:
                patience_s = math.inf if wanted.by_hand and not once else wanted.patience_s
                closed = work.play(running, wanted, follower.show, patience_s=patience_s)
            _tell_end(closed, running, wanted, as_json=as_json)
            if once:
                return closed
        tell(f"页面继续开着，Ctrl-C 结束 · the page stays open: {_board(page.address, wanted)}")
        _until_told()
    finally:
        if door is not None:
            door.stop()
        if page is not None:
            page.stop()
        work.end(running)
    return closed


def _until_told() -> None:
    """The month is closed and its files are written: to be told to end is a good end."""
    from time import sleep

    try:
        while True:
            sleep(3600)
    except Told:
        tell("已结束 · ended")


def _page(hub: "Hub", port: int) -> Page:
    try:
        page = Page(hub, port)
    except PortTaken:
        page = Page(hub, 0)
        tell(f"端口 {port} 已被占用，改用 {page.port} · port {port} is taken, {page.port} instead")
    page.start()
    return page


def _door(running: "DemoHub", wanted: "Wanted") -> "Door | None":
    """Where published queries are asked, if this demo has any; its caller is told and asks."""
    from hub.api.door import open_door
    from hub.app.demo import open_to_callers
    from hub.app.demo_platforms import CALLER, secret_file
    from hub.app.demo_site import Site
    from hub.wire.http_in import ListenPortTaken

    try:
        door = open_door(running.hub)
    except ListenPortTaken:
        door = open_door(running.hub, 0)
    if door is None:
        return None
    door.start()
    open_to_callers(running, wanted, door.address)
    secret = secret_file(Site(wanted.out))
    tell(
        f"对外查询 · published queries: {door.address}，{CALLER} 的应用密钥 · its secret: {secret}"
    )
    return door


def _board(address: str, wanted: "Wanted") -> str:
    return f"{address}/runs/{wanted.period}"


def _tell(address: str, running: "DemoHub", wanted: "Wanted", *, as_json: bool) -> None:
    from hub.app.demo import token_files

    say_standing(running.hub)
    typer.echo(f"看板 · run board: {_board(address, wanted)}", err=as_json)
    for partner, url in running.controls.items():
        tell(f"挡板控制 · control of {partner}: {url}")
    tell("演示人员的个人令牌 · the demo people's tokens:")
    for title, path in token_files(wanted.out):
        tell(f"  {title}: {path}")
    if wanted.by_hand:
        tell(
            "请在看板上用经办令牌提交、用审批令牌批准 · "
            "submit on the board with the handler's token, approve with the approver's"
        )
    refused = running.imported.refused
    for row in refused[:10]:
        tell(f"协议第 {row.line} 行未导入 · not imported: {row.text} [{row.code}]")
    if len(refused) > 10:
        tell(f"…… 另有 {len(refused) - 10} 行 · and more")


def _tell_end(closed: bool, running: "DemoHub", wanted: "Wanted", *, as_json: bool) -> None:
    from hub.app.demo import patiently
    from hub.app.steps import read_progress

    results = wanted.out / "outcomes.csv"
    if as_json:
        totals = json.loads((wanted.out / "totals.json").read_text(encoding="utf-8"))
        typer.echo(json.dumps({**totals, "out": str(wanted.out)}, ensure_ascii=False))
        return
    progress = patiently(lambda: read_progress(running.hub, running.run_id))
    word = (
        "已关账 · closed" if closed
        else "没有进展，UNKNOWN 与未平等式见结果文件 · nothing moves, see the files"
    )  # fmt: skip
    typer.echo(f"{wanted.period} {word}\n{figures_text(progress.totals)}")
    typer.echo(f"结果 · results: {results}, totals.json")
