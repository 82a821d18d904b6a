"""``hub job``: 计划作业, listed, started, parked, resumed, skipped."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.common import AsJson, Home, Reason, TokenFile, clean_errors, opened, show, token_of
from hub.cli.progress import padded
from hub.kernel.errors import BadInput

if TYPE_CHECKING:
    from hub.app.jobbing import Schedule
    from hub.schedule.showing import DueRow, JobRow

app = typer.Typer(no_args_is_help=True, help="计划作业 · the jobs of the banking calendar")

Job = Annotated[str, typer.Argument(help="作业名，如 dues.ICBC，见 hub job list · its name")]
STATES = {
    "due": "待执行", "running": "执行中", "done": "已执行", "failed": "未成功", "skipped": "已跳过",
}  # fmt: skip


class BadMoment(BadInput):
    """Not a moment."""

    code = "cli.bad_moment"
    hint = "Write 2025-10-09T08:30, Beijing time."


@app.command("list")
@clean_errors
def list_jobs(home: Home = None, as_json: AsJson = False) -> None:
    """列出全部作业：上次、下次、搁置，以及停机期间漏过的到期.

    Every job with its last and next due, what is parked, and what was missed while down.
    """
    from hub.app.jobbing import read_schedule

    with opened(home) as hub:
        found = read_schedule(hub)
    show(found.as_dict(), as_json, _text(found))


@app.command()
@clean_errors
def run(
    job: Job, reason: Reason, home: Home = None, token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """马上执行一次，不等到期（由 hub serve 执行）· due now; `hub serve` carries it out."""
    from hub.app import jobbing

    with opened(home) as hub:
        said = jobbing.start(hub, token_of(token_file), job, reason)
    show({"job": job, "act": "run"}, as_json, said)


@app.command()
@clean_errors
def park(
    job: Job, reason: Reason, home: Home = None, token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """搁置：恢复之前，到期也不执行 · none of its dues run until it is resumed."""
    from hub.app import jobbing

    with opened(home) as hub:
        said = jobbing.park(hub, token_of(token_file), job, reason)
    show({"job": job, "act": "park"}, as_json, said)


@app.command()
@clean_errors
def resume(
    job: Job, reason: Reason, home: Home = None, token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """恢复：搁置期间到期的按漏跑补上 · let it run again; what was missed is run."""
    from hub.app import jobbing

    with opened(home) as hub:
        said = jobbing.resume(hub, token_of(token_file), job, reason)
    show({"job": job, "act": "resume"}, as_json, said)


@app.command()
@clean_errors
def skip(
    job: Job,
    reason: Reason,
    at: Annotated[
        str,
        typer.Option(
            help="跳过哪一次，写作 2025-10-09T08:30；缺省为正在等的或下一次 · which due; "
            "by default the one that waits, else the next"
        ),
    ] = "",
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """跳过一次到期，其余照常 · leave one due out; the others run."""
    from hub.app import jobbing

    moment = _moment(at) if at else None
    with opened(home) as hub:
        said = jobbing.skip(hub, token_of(token_file), job, reason, moment)
    show({"job": job, "act": "skip"}, as_json, said)


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise BadMoment(f"{text[:25]!r} is not a moment") from None
    if found.tzinfo is not None:
        raise BadMoment(f"{text[:25]!r} has a time zone")
    return found


def _text(found: "Schedule") -> str:
    lines = [_line(one) for one in found.jobs] or ["没有作业：hub serve 启动时登记 · none yet"]
    if found.missed:
        lines.append("停机期间漏过的到期 · missed while down:")
        lines += [f"  {_missed(one)}" for one in found.missed[:20]]
    if found.lacks is not None:
        urgent = "，请尽快导入" if found.urgent else ""
        lines.append(f"银行工作日历缺 {found.lacks} 年{urgent} · the calendar lacks {found.lacks}")
    return "\n".join(lines)


def _line(one: "JobRow") -> str:
    from hub.schedule.showing import iso

    last = one.last
    said = "尚未到期" if last is None else f"{iso(last.due_us)} {STATES[last.state]} {last.note}"
    parked = f"  ‖ 已搁置（{one.parked_by}：{one.parked_why}）" if one.parked_by else ""
    return (
        f"{padded(one.code, 16)}{padded(one.title, 28)}下次 {iso(one.next_us) or '—':<17} "
        f"上次 {said}{parked}"
    )


def _missed(one: "DueRow") -> str:
    from hub.schedule.showing import iso

    more = f"，连同此前 {one.stands_for} 次" if one.stands_for else ""
    return f"{one.job} {iso(one.due_us)}{more}，{iso(one.looked_us)} 补上：{STATES[one.state]}"
