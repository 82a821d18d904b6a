"""``hub offset``: 商贷月对冲, one period (期次) at a time."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.common import (
    NOT_FINISHED,
    AsJson,
    Home,
    Reason,
    TokenFile,
    clean_errors,
    opened,
    show,
    token_of,
)
from hub.cli.progress import Follower, figures_text
from hub.kernel.periods import Period

if TYPE_CHECKING:
    from hub.app.hub import Hub

app = typer.Typer(no_args_is_help=True, help="商贷月对冲 · the month's offset")

Month = Annotated[str, typer.Option("--month", help="期次 YYYY-MM", prompt="期次 (YYYY-MM)")]
Wave = Annotated[int, typer.Option("--wave", help="轮次 · wave")]


@app.command()
@clean_errors
def plan(
    month: Month,
    banks: Annotated[str, typer.Option(help="银行代码，逗号分隔；缺省全部 · e.g. ICBC")] = "",
    policy: Annotated[Path | None, typer.Option(help="政策文件 YAML/JSON")] = None,
    wave_wait: Annotated[float, typer.Option(help="等待迟到清单的秒数")] = 180.0,
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """建立期次：取应还明细、试算。已有期次则显示它.

    Open the month's run; due lists are fetched and a trial is planned by `hub serve`.
    """
    from hub.offset import runs
    from hub.offset.policy import read_policy

    period = Period.parse(month)
    with opened(home) as hub:
        actor = hub.people.authenticate(token_of(token_file))
        wanted = [code for code in banks.split(",") if code] or sorted(hub.office.banks)
        chosen = read_policy(policy or hub.settings.policy_file)
        with hub.store.write() as tx:
            run_id = runs.open_run(
                tx, hub.office, period, wanted, chosen, wave_wait_s=wave_wait, data_digest="",
                actor=actor.login,
            )  # fmt: skip
        said = {"run": run_id, "month": month, "banks": wanted}
        text = f"期次 {month}：{'、'.join(wanted)}。hub serve 取清单并试算，hub offset status 查看"
        show(said, as_json, text)


@app.command()
@clean_errors
def submit(
    month: Month,
    reason: Reason,
    wave: Wave = 1,
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """提交试算，等另一人批准（hub approve）.

    Submit a trial; another person approves it with `hub approve ID`.
    """
    from hub.app.steps import request_plan

    with opened(home) as hub:
        number = request_plan(hub, token_of(token_file), Period.parse(month), wave, reason)
    show(
        {"approval": number}, as_json, f"已提交，审批号 {number}；请另一人执行 hub approve {number}"
    )


@app.command("run")
@clean_errors
def follow(
    month: Month,
    patience: Annotated[float, typer.Option(help="多少秒没有进展就停止等待")] = 600.0,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """执行并跟踪，直到关账；没有别的进程时由本进程执行.

    Carry out and follow a run until it is closed (exit 0) or nothing moves (exit 3).
    """
    from hub.app.hub import Engine
    from hub.app.steps import watch
    from hub.offset import runs

    with opened(home) as hub:
        with hub.store.read() as view:
            run_id = int(runs.find_run(view, Period.parse(month)).id)
        engine = Engine(hub)
        engine.start()
        try:
            with Follower(quiet=as_json) as follower:
                closed = watch(hub, run_id, follower.show, patience_s=patience)
        finally:
            engine.stop()
        _show_status(hub, run_id, as_json)
    if not closed:
        raise typer.Exit(NOT_FINISHED)


@app.command()
@clean_errors
def status(month: Month, home: Home = None, as_json: AsJson = False) -> None:
    """期次到了哪一步：合计、等式、待办.

    Where a run stands: totals, equations, what waits.
    """
    from hub.offset import runs

    with opened(home) as hub:
        with hub.store.read() as view:
            run_id = int(runs.find_run(view, Period.parse(month)).id)
        _show_status(hub, run_id, as_json)


@app.command()
@clean_errors
def reconcile(month: Month, home: Home = None, as_json: AsJson = False) -> None:
    """马上再对一次账（不等下一个时点）.

    Read statements and the core's books again now instead of at the next turn.
    """
    from hub.offset import closing, runs

    with opened(home) as hub:
        with hub.store.write() as tx:
            run_id = int(runs.find_run(tx, Period.parse(month)).id)
            legs = closing.read_again(tx, run_id)
        show({"legs": legs}, as_json, f"{legs} 家银行将重新读取对账单与核心记账（hub serve 执行）")


@app.command()
@clean_errors
def export(
    month: Month,
    out: Annotated[Path, typer.Option(help="输出目录")] = Path(),
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """写出 outcomes.csv、notices.csv、totals.json.

    Write outcomes.csv, notices.csv and totals.json.
    """
    from hub.offset import runs
    from hub.offset.export import export_run

    with opened(home) as hub:
        with hub.store.read() as view:
            run_id = int(runs.find_run(view, Period.parse(month)).id)
        export_run(hub.store, run_id, out)
    show({"out": str(out)}, as_json, f"已写到 {out.resolve()}")


def _show_status(hub: "Hub", run_id: int, as_json: bool) -> None:
    from hub.app.steps import read_progress
    from hub.offset.export import totals_json

    with hub.store.read() as view:
        said: dict[str, Any] = json.loads(totals_json(view, run_id))
    if as_json:
        sys.stdout.write(json.dumps(said, ensure_ascii=False) + "\n")
        return
    progress = read_progress(hub, run_id)
    typer.echo(f"期次 {said['month']} · {progress.state} · 轮次 {', '.join(progress.waves) or '—'}")
    typer.echo(figures_text(progress.totals))
    for each in said["equations"]:
        if any(each["remainder"].values()):
            typer.echo(f"  {each['name']} {each['bank']} 未平：{each['remainder']}")
