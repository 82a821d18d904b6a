"""``hub duty`` and ``hub alert``: who is on duty, and who has an alert in hand."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from hub.cli.common import (
    AsJson,
    Home,
    Reason,
    TokenFile,
    clean_errors,
    opened,
    show,
    tell,
    token_of,
)
from hub.cli.progress import padded

app = typer.Typer(no_args_is_help=True, help="值班表：排班、换班、联系方式 · the duty list")
alerts = typer.Typer(no_args_is_help=True, help="告警：谁被告知、谁响应 · alerts and who answers")
Number = Annotated[int, typer.Argument(min=1, help="故障编号，见 list · the incident's number")]
Begins = Annotated[
    str, typer.Option("--from", help='开始，"2025-10-14 17:30"，或一天 · when it begins, or a day')
]
Ends = Annotated[
    str,
    typer.Option("--until", help='结束，同上，或 "+2h"；有班次时是最后一天 · when it ends'),
]


@app.command("list")
@clean_errors
def list_(
    days: Annotated[
        int, typer.Option("--days", min=1, max=100, help="往后多少天 · days from now on")
    ] = 14,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """列出值班表：每一段谁在哪一级，空缺，联系方式（遮蔽） · who is on duty, and the gaps."""
    from hub.app.duty_acts import read_board
    from hub.monitor.duty import Rung

    with opened(home) as hub:
        board = read_board(hub, days)
    lines = []
    for one in board.stretches:
        who = "、".join(f"{Rung(rung).label} {login}" for rung, login in one.on.items())
        lines.append(f"{_span(one.from_us, one.until_us)}  {who or '无人'}")
    lines += [f"空缺：{_span(*gap)} 没有值班员" for gap in board.gaps]
    lines += [f"没有备班：{_span(*gap)}" for gap in board.thin]
    lines += [f"{padded(one.login, 20)}{padded(one.way, 6)}{one.mask}" for one in board.reaches]
    lines += [f"{login} 没有联系方式" for login in board.mute]
    said: dict[str, Any] = {
        "used": board.used,
        "stretches": [
            {
                "from_us": one.from_us, "until_us": one.until_us,
                "on": {Rung(rung).code: login for rung, login in one.on.items()},
            }
            for one in board.stretches
        ],
        "gaps": board.gaps, "thin": board.thin, "mute": board.mute,
        "reaches": [asdict(one) for one in board.reaches],
        "changes": [asdict(one) for one in board.changes],
    }  # fmt: skip
    show(said, as_json, "\n".join(lines) if board.used else "没有值班表；告警只到群与告警目录")


@app.command("set")
@clean_errors
def set_(
    rung: Annotated[
        str,
        typer.Argument(
            help="primary 值班员、standby 备班、lead 负责人、centre 中心联系人 · the rung"
        ),
    ],
    login: Annotated[str, typer.Argument(help="登录名；- 为无人 · a login, - for nobody")],
    begins: Begins,
    ends: Ends,
    reason: Reason,
    shift: Annotated[
        str, typer.Option("--shift", help="班次名，见 watch.yaml：逐日排入 · a shift's name")
    ] = "",
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """排班：某人从何时到何时在某一级；后说的算数，旧的留着.

    Put somebody on a rung; what is said last counts, what was said before stays to be read.
    """
    from hub.app.duty_acts import set_duty

    with opened(home) as hub:
        said = set_duty(
            hub, token_of(token_file), rung, login, begins, ends, shift=shift, why=reason
        )
    show({"said": said}, as_json, said)


@app.command()
@clean_errors
def swap(
    one: Annotated[str, typer.Argument(help="登录名 · a login")],
    other: Annotated[str, typer.Argument(help="与谁换 · the other login")],
    begins: Begins,
    ends: Ends,
    reason: Reason,
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """换班：这段时间里两人互换 · two people change places for a time."""
    from hub.app.duty_acts import swap_duty

    with opened(home) as hub:
        said = swap_duty(hub, token_of(token_file), one, other, begins, ends, why=reason)
    show({"said": said}, as_json, said)


@app.command()
@clean_errors
def reach(
    login: Annotated[str, typer.Argument(help="登录名 · a login")],
    way: Annotated[str, typer.Argument(help="sms 手机号码、mail 邮箱 · the way")],
    reason: Reason,
    to_file: Annotated[
        Path | None,
        typer.Option(
            "--to-file",
            help="存有号码或邮箱的文件，空文件为取消；缺省提示输入 · else you are asked",
        ),
    ] = None,
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """登记联系方式，加密存放；不写在命令行上，命令行要记日志.

    How a person is reached, sealed at rest; never on the command line, which is logged.
    """
    from hub.app import duty_acts

    if to_file is not None:
        to = to_file.read_text(encoding="utf-8")
    else:
        to = typer.prompt("号码或邮箱 (number or address)", hide_input=True, err=True)
    with opened(home) as hub:
        said = duty_acts.reach(hub, token_of(token_file), login, way, to, why=reason)
    show({"said": said}, as_json, said)


@alerts.command("list")
@clean_errors
def list_alerts(home: Home = None, as_json: AsJson = False) -> None:
    """列出未恢复的告警：无人响应的在前，告知到第几级、下一级何时 · alerts that last."""
    from hub.kernel.clocks import from_us
    from hub.monitor.incident_reading import list_incidents, see_incident
    from hub.web.words import Words

    with opened(home) as hub, hub.store.read() as view:
        found = [see_incident(view, one.id) for one in list_incidents(view) if one.state == "open"]
    found.sort(key=lambda seen: seen.incident.responded_us is not None)
    words, lines = Words("zh"), []
    for seen in found:
        one = seen.incident
        told = [step.login for step in seen.steps if step.outcome == "told"]
        due = next((step for step in seen.steps if step.due_us is not None), None)
        state = f"{one.responded_by} 已响应" if one.responded_by else "无人响应"
        ahead = f"，第 {due.rung} 级 {from_us(due.due_us or 0):%H:%M}" if due is not None else ""
        lines.append(
            f"{padded(str(one.id), 6)}{padded(words('level.' + one.level), 6)}"
            f"{from_us(one.begun_us):%m-%d %H:%M}  {padded(one.name, 26)}{padded(state, 20)}"
            f"已告知 {'、'.join(told) or '群与告警目录'}{ahead}"
        )
    show({"alerts": [asdict(seen) for seen in found]}, as_json, "\n".join(lines) or "没有告警")


@alerts.command("show")
@clean_errors
def show_alert(number: Number, home: Home = None, as_json: AsJson = False) -> None:
    """一个告警：卡片，各级告知了谁、由哪一路、送到没有 · its card, and who was told how."""
    from hub.kernel.clocks import from_us, to_us
    from hub.monitor.alerts import body_of
    from hub.monitor.duty import Rung
    from hub.monitor.incident_reading import see_incident
    from hub.monitor.telling import lines_of, title_of
    from hub.web.words import Words

    with opened(home) as hub, hub.store.read() as view:
        seen = see_incident(view, number)
        one, kind = seen.incident, "begin" if seen.incident.restored_us is None else "end"
        body = body_of(one, kind, one.card.money, one.card.waiting, to_us(hub.clock.now()))
        environment = hub.settings.environment_word
    words = Words("zh")
    lines = [title_of(body, environment), *lines_of(body)]
    for step in seen.steps:
        at = step.due_us if step.due_us is not None else step.taken_us or 0
        what = words("alert_step." + (step.outcome or "due"))
        lines.append(
            f"第 {step.rung} 级 {padded(Rung(step.rung).label, 12)}{from_us(at):%m-%d %H:%M:%S}  "
            f"{padded(what, 12)}{step.login}".rstrip()
        )
    for alert in seen.alerts:
        sent = f"{from_us(alert.sent_us):%m-%d %H:%M:%S}" if alert.sent_us else "未送达"
        kind = padded(words("alert_kind." + alert.kind), 6)
        to = alert.person or "群"
        lines.append(f"  {kind}{padded(alert.channel, 10)}{padded(to, 14)}{sent} {alert.error}")
    show(asdict(seen), as_json, "\n".join(lines))


@alerts.command()
@clean_errors
def ack(
    number: Number,
    way: Annotated[
        str, typer.Option("--way", help="从哪一路响应：command、sms、phone · answered by which way")
    ] = "command",
    say: Annotated[str, typer.Option("--say", help="说明 · what you say")] = "",
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """响应：我来处理；响应时钟停，不再往上告知 · take it in hand; nobody further is told."""
    from hub.app.incident_acts import act_on
    from hub.monitor.incident_reading import AlreadyAnswered

    with opened(home) as hub:
        try:
            done = act_on(hub, token_of(token_file), number, "respond", say, way=way)
        except AlreadyAnswered as first:
            if not as_json:
                tell(first.said)
            raise
    show({"incident": number, "said": done}, as_json, done)


def _span(from_us_: int, until_us: int) -> str:
    from hub.kernel.clocks import from_us

    return f"{from_us(from_us_):%m-%d %H:%M} – {from_us(until_us):%m-%d %H:%M}"
