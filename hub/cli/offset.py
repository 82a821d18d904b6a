"""``hub offset``: 商贷月对冲, one period (期次) at a time."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.common import (
    NOT_FINISHED,
    AsJson,
    Home,
    Month,
    Reason,
    TokenFile,
    clean_errors,
    listed,
    opened,
    seconds,
    show,
    token_of,
)
from hub.cli.progress import Follower, figures_text, run_word, wave_word
from hub.cli.serving import say_standing
from hub.cli.signals import ending_in_order
from hub.kernel.money import show_yuan
from hub.kernel.periods import Period
from hub.people.words import ACTS

if TYPE_CHECKING:
    from hub.app.hub import Hub
    from hub.app.steps import Progress

app = typer.Typer(no_args_is_help=True, help="商贷月对冲 · the month's offset")

Wave = Annotated[int, typer.Option("--wave", min=1, help="轮次 · which wave")]


@app.command()
@clean_errors
def plan(
    month: Month,
    banks: Annotated[
        str, typer.Option(help="银行代码，逗号分隔；缺省全部已接入的 · codes like ICBC")
    ] = "",
    wave_wait: Annotated[
        str,
        typer.Option(help="等迟到的应还明细多久，如 90s、10m · how long late lists are awaited"),
    ] = "3m",
    shadow: Annotated[
        Path | None,
        typer.Option(
            help="影子月：只与这份清单比对，不建期次、不占用、不发送 · only compare with this list"
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="影子月的差异写到 .csv 或 .xlsx · where the differences go"),
    ] = None,
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """建立期次：由 hub serve 取应还明细、试算；已建立的期次原样返回.

    Open the month's run; `hub serve` fetches the due lists and plans a trial. Asked twice it
    answers with the run that exists. With --shadow nothing is opened, held or sent.
    """
    if shadow is not None or out is not None:
        from hub.cli.shadow import run_shadow

        run_shadow(
            shadow, Period.parse(month), listed(banks), seconds(wave_wait), out, home,
            as_json=as_json,
        )  # fmt: skip
        return
    from hub.offset import runs
    from hub.offset.policy import current_policy

    period, wait_s = Period.parse(month), seconds(wave_wait)
    with opened(home) as hub:
        actor = hub.people.authenticate(token_of(token_file))
        wanted = listed(banks) or tuple(sorted(hub.office.banks))
        with hub.store.write() as tx:
            run_id = runs.open_run(
                tx, hub.office, period, wanted, current_policy(tx), wave_wait_s=wait_s,
                data_digest="", actor=actor.login,
            )  # fmt: skip
        said = {"run": run_id, "month": str(period), "banks": list(wanted)}
        text = f"期次 {period}：{'、'.join(wanted)}。hub serve 取清单并试算，hub offset status 查看"
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


@app.command()
@clean_errors
def decline(
    month: Month,
    reason: Reason,
    wave: Annotated[int, typer.Option("--wave", min=2, help="轮次 · which wave")] = 2,
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """不做第二轮：撤下尚未批准的第二轮计划，第一轮的结论不变.

    Decline a second wave that is not approved; what the first wave decided stands.
    """
    from hub.app.steps import decline_wave

    with opened(home) as hub:
        decline_wave(hub, token_of(token_file), Period.parse(month), wave, reason)
    show({"wave": wave, "state": "declined"}, as_json, f"第 {wave} 轮不做；第一轮的结论不变")


@app.command()
@clean_errors
def withdraw(
    batch: Annotated[str, typer.Argument(help="批次号，20 位 · the batch's number")],
    reason: Reason,
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """撤回一个确定没有发出的批次（通道已停发），须另一人复核（hub approve）.

    Withdraw a batch that surely was never sent; its holds are released. Stop the channel first.
    """
    from hub.app.withdrawals import ask_withdrawal

    with opened(home) as hub:
        number = ask_withdrawal(hub, token_of(token_file), batch, reason)
    text = f"已申请撤回，审批号 {number}；请另一人执行 hub approve {number}"
    show({"approval": number}, as_json, text)


@app.command("run")
@clean_errors
def follow(
    month: Month,
    patience: Annotated[
        str, typer.Option(help="多久没有进展就停止等待，如 10m · give up after this long")
    ] = "10m",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """执行并跟踪一个期次，直到关账（0）或不再有进展（3）；可与 hub serve 同时运行.

    Carry out and follow a run until it is closed (exit 0) or nothing moves (exit 3); `hub serve`
    may run beside it.
    """
    from hub.app.assembly import start_engine
    from hub.app.steps import watch
    from hub.offset import runs

    patience_s = seconds(patience)
    with opened(home) as hub:
        with hub.store.read() as view:
            run_id = int(runs.find_run(view, Period.parse(month)).id)
        with ending_in_order():
            engine = start_engine(hub)
            try:
                say_standing(hub)
                with Follower(quiet=as_json) as follower:
                    closed = watch(hub, run_id, follower.show, patience_s=patience_s)
            finally:
                engine.stop()
        _show_status(hub, run_id, as_json)
    if not closed:
        raise typer.Exit(NOT_FINISHED)


@app.command()
@clean_errors
def status(month: Month, home: Home = None, as_json: AsJson = False) -> None:
    """期次到了哪一步：合计、等式、在等什么、待批事项.

    Where a run stands: totals, equations, what it waits for, what is to be confirmed.
    """
    from hub.offset import runs

    with opened(home) as hub:
        say_standing(hub)
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
def statement(month: Month, home: Home = None, as_json: AsJson = False) -> None:
    """马上读取对账单；已关账的期次也可，关账后的退回记作调整.

    Read the bank statements now, of a closed run too: what comes back after the close is an
    adjustment (`hub serve` carries it out).
    """
    from hub.app.settlements import read_statements

    with opened(home) as hub:
        legs = read_statements(hub, Period.parse(month))
    show({"legs": legs}, as_json, f"{legs} 家银行将读取对账单（hub serve 执行）")


@app.command()
@clean_errors
def repay(
    item: Annotated[str, typer.Argument(help="已失败或已退票的明细号，20 位 · the ended item")],
    reason: Reason,
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """申请重付：为失败或退票的明细另立一笔，须另一人审批（hub approve）.

    Order a second try of an item that failed or came back, as a new item; another person approves.
    """
    from hub.app.settlements import ask_repay

    with opened(home) as hub:
        approval, order = ask_repay(hub, token_of(token_file), item, reason)
    text = (
        f"新明细 {order.number}（第 {order.try_no} 次，{show_yuan(order.fen)}，"
        f"由 {order.carried_by} 期次承办），审批号 {approval}；请另一人执行 hub approve {approval}"
    )
    show({"approval": approval, **order.payload()}, as_json, text)


@app.command()
@clean_errors
def late(month: Month, wave: Wave = 1, home: Home = None, as_json: AsJson = False) -> None:
    """一个轮次里不能按期到账的明细（最迟到账日之前到不了），批准前先看.

    Items of a wave that would arrive after their latest day; look before it is approved.
    """
    from dataclasses import asdict

    from hub.offset import runs
    from hub.offset.timely import late_items

    with opened(home) as hub, hub.store.read() as view:
        found = runs.find_wave(view, runs.find_run(view, Period.parse(month)).id, wave)
        late_ones = list(late_items(view, hub.office, int(found.id)))
    rows = [
        {name: str(value) if name.endswith("_on") and value else value
         for name, value in asdict(one).items()}
        for one in late_ones
    ]  # fmt: skip
    lines = [
        f"{one.bank}  {one.agreement}  {one.number}  应还日 {one.due_on}  "
        f"最迟到账日 {one.latest_on or '—'}  {show_yuan(one.fen)}"
        for one in late_ones
    ]
    total = f"不能按期到账 too late：{len(rows)} 笔 {show_yuan(sum(one.fen for one in late_ones))}"
    show({"items": rows}, as_json, "\n".join([*lines, total]))


@app.command()
@clean_errors
def export(
    month: Month,
    out: Annotated[Path, typer.Option(help="输出目录 · the folder")] = Path(),
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """写出结果文件 outcomes.csv、notices.csv、totals.json；有关账后调整时另写 adjustments.csv.

    Write outcomes.csv, notices.csv and totals.json; adjustments.csv when there are any.
    """
    from hub.offset import runs
    from hub.offset.export import export_run

    with opened(home) as hub:
        with hub.store.read() as view:
            run_id = int(runs.find_run(view, Period.parse(month)).id)
        out.mkdir(parents=True, exist_ok=True)
        export_run(hub.store, run_id, out)
    show({"out": str(out)}, as_json, f"已写到 {out.resolve()}")


def _show_status(hub: "Hub", run_id: int, as_json: bool) -> None:
    from hub.app.steps import read_progress
    from hub.app.waiting import waits_for
    from hub.offset.export import totals_json
    from hub.offset.tables import run

    with hub.store.read() as view:
        said: dict[str, Any] = json.loads(totals_json(view, run_id))
        waits = waits_for(hub, view, view.execute(run.select().where(run.c.id == run_id)).one())
        asked = hub.approvals.open_requests(view)
        late = _late_figures(hub, view, run_id)
    progress = read_progress(hub, run_id)
    said["state"], said["waves"], said["waits"] = progress.state, list(progress.waves), list(waits)
    said["late"] = late
    said["approvals"] = [
        {"approval": one.id, "act": one.act, "subject": one.subject, "by": one.requested_by}
        for one in asked
    ]
    show(said, as_json, "" if as_json else _status_text(said, progress))


def _late_figures(hub: "Hub", view: Any, run_id: int) -> list[dict[str, Any]]:
    """What of each plan comes too late for its due date, by wave and bank."""
    import sqlalchemy as sa

    from hub.offset.tables import wave
    from hub.offset.timely import timeliness

    waves = sa.select(wave.c.id, wave.c.number).where(wave.c.run_id == run_id)
    return [
        {"wave": int(each.number), "bank": part.bank, "count": part.late.count,
         "fen": part.late.fen, "arrives_on": str(part.arrives_on or "")}
        for each in view.execute(waves.order_by(wave.c.number))
        for part in timeliness(view, hub.office, int(each.id))
    ]  # fmt: skip


def _status_text(said: dict[str, Any], progress: "Progress") -> str:
    waves = "、".join(f"第 {n} 轮{wave_word(state)}" for n, state in enumerate(said["waves"], 1))
    lines = [f"期次 {said['month']} · {run_word(said['state'])}" + (f" · {waves}" if waves else "")]
    lines += [figures_text(progress.totals)] if figures_text(progress.totals) else []
    lines += [f"  {one['name']} {one['bank']} 未平 open：{one['remainder']['count']} 笔 "
              f"{show_yuan(one['remainder']['fen'])}"
              for one in said["equations"] if any(one["remainder"].values())]  # fmt: skip
    lines += [f"  关账后 {one['name']} {one['bank']} after the close：左 "
              f"{show_yuan(one['left']['fen'])} 右 {show_yuan(one['right']['fen'])}"
              for one in said.get("adjusted_equations", [])]  # fmt: skip
    lines += [f"  不能按期到账 too late：第 {one['wave']} 轮 {one['bank']} {one['count']} 笔 "
              f"{show_yuan(one['fen'])}" for one in said["late"] if one["count"]]  # fmt: skip
    lines += [f"  等待 waits：{why}" for why in said["waits"]]
    lines += [
        f"  待批 to confirm：hub approve {one['approval']}（{ACTS[one['act']].title} "
        f"{one['subject']}，{one['by']} 申请）"
        for one in said["approvals"]
    ]
    return "\n".join(lines)
