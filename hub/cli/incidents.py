"""``hub incident`` and ``hub maintenance``."""

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
    token_of,
    write_whole,
)
from hub.cli.progress import padded
from hub.kernel.errors import BadInput, Refused

app = typer.Typer(no_args_is_help=True, help="故障：响应、记录、交接、办结 · incidents")
planned = typer.Typer(no_args_is_help=True, help="计划维护 · planned maintenance")
Number = Annotated[int, typer.Argument(min=1, help="编号，见 list · its number")]
Said = Annotated[
    str,
    typer.Option("--say", help="说明，写入时间线与审计 · what you say", prompt="说明 (say)"),
]


class NoReportFile(BadInput):
    """Nobody said where the report is to be written."""

    code = "incident.no_report_file"
    hint = "Give --docx OUT.docx, --pdf OUT.pdf, or both."


class NotOurReport(Refused):
    """No report of this incident has this digest: it was altered, or is of another hub."""

    code = "incident.not_our_report"
    hint = "Check the incident's number; a report may be written again with `hub incident report`."


@app.command("list")
@clean_errors
def list_(home: Home = None, as_json: AsJson = False) -> None:
    """列出故障，未恢复的在前，带响应与恢复两个时限 · incidents with their two clocks."""
    from hub.kernel.clocks import from_us, to_us
    from hub.monitor.incident_reading import list_incidents
    from hub.web.words import Words

    with opened(home) as hub, hub.store.read() as view:
        found, now_us = list_incidents(view), to_us(hub.clock.now())
    words, lines = Words("zh"), []
    for one in found:
        late = "、".join(
            word for word, is_late in zip(("响应超时", "恢复超时"), one.late(now_us), strict=True)
            if is_late
        )  # fmt: skip
        lines.append(
            f"{padded(str(one.id), 6)}{padded(words('incident_state.' + one.state), 10)}"
            f"{padded(words('level.' + one.level), 6)}{from_us(one.begun_us):%m-%d %H:%M}  "
            f"{padded(one.interface, 22)}{padded(one.holder or '—', 14)}{late}"
        )
    said = [asdict(one) | {"state": one.state, "late": one.late(now_us)} for one in found]
    show({"incidents": said}, as_json, "\n".join(lines) or "没有故障")


@app.command("show")
@clean_errors
def show_(number: Number, home: Home = None, as_json: AsJson = False) -> None:
    """一起故障：卡片、时间线、告警 · one incident with card, timeline and alerts."""
    from hub.kernel.clocks import from_us
    from hub.monitor.incident_reading import see_incident
    from hub.web.words import Words

    with opened(home) as hub, hub.store.read() as view:
        seen = see_incident(view, number)
    words, one = Words("zh"), seen.incident
    lines = [
        f"{one.id} {one.name} · {words('level.' + one.level)} · "
        f"{words('incident_state.' + one.state)}",
        f"响应时限 {from_us(one.respond_by_us):%m-%d %H:%M}，"
        f"恢复时限 {from_us(one.restore_by_us):%m-%d %H:%M}",
        *(f"  {n}. {step}" for n, step in enumerate(one.card.steps, 1)),
        f"  切勿：{one.card.never}",
        f"  联系：{one.card.call}",
    ]
    for line in seen.lines:
        kind = words("incident_line." + line.kind)
        at = f"{from_us(line.at_us):%m-%d %H:%M:%S}"
        lines.append(f"  {at}  {padded(kind, 10)}{line.actor}  {line.said}")
    for alert in seen.alerts:
        sent = f"{from_us(alert.sent_us):%m-%d %H:%M:%S}" if alert.sent_us else "未送达"
        kind = words("alert_kind." + alert.kind)
        lines.append(f"  告警 {kind} {alert.number} {alert.channel} {sent} {alert.error}".rstrip())
    show(asdict(seen), as_json, "\n".join(lines))


def _act(
    number: int, act: str, said: str, *, home: Home, token_file: TokenFile, as_json: bool,
    to: str = "",
) -> None:  # fmt: skip
    from hub.app.incident_acts import act_on

    with opened(home) as hub:
        done = act_on(hub, token_of(token_file), number, act, said, to)
    show({"incident": number, "said": done}, as_json, done)


@app.command()
@clean_errors
def respond(
    number: Number, say: Said, home: Home = None, token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """响应：我来处理，响应时钟停 · somebody has it in hand; the response clock stops."""
    _act(number, "respond", say, home=home, token_file=token_file, as_json=as_json)


@app.command()
@clean_errors
def note(
    number: Number, say: Said, home: Home = None, token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """记一笔：查到什么、做了什么 · a line in the timeline."""
    _act(number, "note", say, home=home, token_file=token_file, as_json=as_json)


@app.command()
@clean_errors
def hand(
    number: Number,
    to: Annotated[str, typer.Option("--to", help="交给谁（登录名）· to whom")],
    say: Said,
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """交接给另一人 · hand it over to another person."""
    _act(number, "hand", say, home=home, token_file=token_file, as_json=as_json, to=to)


@app.command()
@clean_errors
def resolve(
    number: Number, say: Said, home: Home = None, token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """办结：恢复之后写明原因 · close it after service was restored, with its cause."""
    _act(number, "resolve", say, home=home, token_file=token_file, as_json=as_json)


@app.command()
@clean_errors
def report(
    number: Number,
    docx: Annotated[Path | None, typer.Option(help="写出 DOCX 文件 · the report as DOCX")] = None,
    pdf: Annotated[Path | None, typer.Option(help="写出 PDF 文件 · the report as PDF")] = None,
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """写出《故障处理报告》，摘要记入审计 · the incident report; its digest goes into the audit.

    --json prints its values.  `hub incident check` tells whether a paper is one of ours.
    """
    from hub.app import incident_report as work
    from hub.app.operators import hands_on
    from hub.crypto import sm3_hex
    from hub.web.incident_paper import paper_of

    wanted = [(form, path) for form, path in (("docx", docx), ("pdf", pdf)) if path is not None]
    if not wanted:
        raise NoReportFile
    files = []
    with opened(home) as hub:
        actor = hands_on(hub.people.authenticate(token_of(token_file)))
        made = work.report_of(hub, number)
        for form, path in wanted:
            content = paper_of(made, form)
            write_whole(path, content)
            values = work.keep(hub, made, by=actor.login, form=form, file=content)
            files.append({"form": form, "file": str(path), "sm3": sm3_hex(content)})
    said = {"incident": number, "digest": made.digest, "values": str(values), "files": files}
    lines = [f"{one['form']}：{one['file']}\n  文件摘要 SM3 {one['sm3']}" for one in files]
    text = "\n".join([f"故障 {number} 报告摘要 SM3 {made.digest}", *lines])
    show({**said, "report": made.body}, as_json, text)


@app.command()
@clean_errors
def check(
    number: Number,
    what: Annotated[
        str, typer.Argument(help="报告文件，或纸上的摘要 · the report's file, or the digest on it")
    ],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """核对一份《故障处理报告》是否由本平台写出、未被改动 · whether a report is ours, unaltered."""
    from hub.app.incident_report import evidence_of
    from hub.crypto import sm3_hex
    from hub.kernel.clocks import from_us

    path = Path(what)
    digest = sm3_hex(path.read_bytes()) if path.is_file() else what.strip().lower()
    with opened(home) as hub:
        found = evidence_of(hub, number, digest)
    if not found:
        raise NotOurReport(f"incident {number}: the audit knows no report with SM3 {digest}")
    lines = [
        f"{from_us(one.at_us):%Y-%m-%d %H:%M:%S}（机器时间） {one.actor} {one.form}，审计序号 "
        f"{one.seq if one.seq is not None else '待封存'}\n  报告 SM3 {one.digest}"
        for one in found
    ]
    said = {"incident": number, "entries": [asdict(one) for one in found]}
    show(said, as_json, "\n".join(lines))


@planned.command("plan")
@clean_errors
def plan(
    interface: Annotated[
        str, typer.Argument(help="接口代码；全部接口写 '*' · the interface, or '*'")
    ],
    begins: Annotated[
        str, typer.Option("--from", help='开始，"2025-10-14 22:00"（北京时间）· when it begins')
    ],
    ends: Annotated[
        str, typer.Option("--until", help='结束，同上，或 "+90m"、"+2h" · when it ends')
    ],
    reason: Reason,
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """计划维护：只能事先；由中心的人定，期间照样拨测、不告警、不计入可用率.

    Plan maintenance, beforehand, by 中心: probing goes on, no alarm, not counted in the uptime.
    """
    from hub.app.incident_acts import plan_maintenance

    with opened(home) as hub:
        number = plan_maintenance(hub, token_of(token_file), interface, begins, ends, reason)
    show({"maintenance": number}, as_json, f"计划维护 {number} 已登记")


@planned.command("list")
@clean_errors
def list_planned(
    days: Annotated[
        int, typer.Option("--days", min=1, max=400, help="前后多少天 · days before and after now")
    ] = 31,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """列出计划维护，已取消的也在内 · planned maintenance, cancelled too."""
    from hub.kernel.clocks import from_us, to_us
    from hub.monitor.works import read_works

    span = days * 86_400_000_000
    with opened(home) as hub, hub.store.read() as view:
        now_us = to_us(hub.clock.now())
        found = read_works(view, now_us - span, now_us + span)
    said: list[dict[str, Any]] = [asdict(one) for one in found]
    lines = []
    for one in found:
        gone = f"  已取消（{one.cancelled_by}）" if one.cancelled_us is not None else ""
        lines.append(
            f"{padded(str(one.id), 6)}{padded(one.interface, 22)}{from_us(one.from_us):%m-%d %H:%M}"
            f" – {from_us(one.until_us):%m-%d %H:%M}  {one.planned_by}  {one.why}{gone}"
        )
    show({"maintenance": said}, as_json, "\n".join(lines) or "没有计划维护")


@planned.command("cancel")
@clean_errors
def cancel(
    number: Number, reason: Reason, home: Home = None, token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """取消计划维护；已开始的就此结束 · cancel it; one under way ends now."""
    from hub.app.incident_acts import cancel_maintenance

    with opened(home) as hub:
        cancel_maintenance(hub, token_of(token_file), number, reason)
    show({"maintenance": number}, as_json, f"计划维护 {number} 已取消")
