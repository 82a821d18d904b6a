"""``hub watch``: what state every interface is in, and its minutes."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from hub.cli.common import AsJson, Home, Reason, TokenFile, clean_errors, opened, show, token_of
from hub.cli.progress import padded

app = typer.Typer(
    no_args_is_help=True, help="接口监测：状态与分钟账 · the interfaces' states and minutes"
)
Interface = Annotated[str, typer.Argument(help="接口代码，如 bank-icbc · the interface")]


@app.command()
@clean_errors
def status(home: Home = None, as_json: AsJson = False) -> None:
    """列出 21 项接口服务各在什么状态，自何时起 · every service item and its state.

    What is known was seen by `hub serve` or a worker: by its probes and in real traffic.
    """
    from hub.app.catalogue import read_catalogue
    from hub.app.overview import see_all
    from hub.kernel.clocks import from_us
    from hub.web.words import Words

    with opened(home) as hub, hub.store.read() as view:
        catalogue = read_catalogue(hub.settings, hub.adapters)
        seen = see_all(hub, catalogue, view)
    words, said, lines = Words("zh"), [], []
    for name in catalogue.interfaces:
        one = seen[name]
        known = one.watched.standing if one.watched is not None else None
        items = [item.number for item in catalogue.items_of(name)]
        share = one.uptime.share
        said.append(
            {
                "interface": name, "name": one.name, "items": items, "state": one.light.value,
                "since_us": known.since_us if known else None,
                "code": known.code if known else "", "detail": known.detail if known else "",
                "doubtful": one.doubtful, "probed_us": one.watched.probed_us if one.watched else 0,
                "probe_ms": one.watched.probe_ms if one.watched else 0,
                "p95_ms": one.traffic.p95_ms, "last_success_us": one.traffic.delivered_us,
                "waiting": one.waiting, "unknown": one.unknown, "dead": one.dead,
                "uptime_bp": share, "no_data_minutes": one.uptime.no_data,
            }
        )  # fmt: skip
        number = "、".join(str(item) for item in items) or "—"
        state = words("light." + one.light.value)
        since = f"{from_us(known.since_us):%m-%d %H:%M}" if known else ""
        bad = f"  {known.code} {known.detail}" if known and one.light.tone == "bad" else ""
        lines.append(
            f"{padded(number, 7)}{padded(name, 24)}{padded(state, 18)}{padded(since, 13)}"
            f"{_percent(share)}{bad}"
        )
    show({"interfaces": said}, as_json, "\n".join(lines))


@app.command()
@clean_errors
def minutes(
    interface: Interface,
    month: Annotated[
        str, typer.Option("--month", help="月份，写作 2025-10，缺省本月 · the month")
    ] = "",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """一个接口一个月的分钟账：每天每类多少分钟，各类相加等于全月 · the minute ledger of a month.

    Classes: normal, partner, line, ours, no_data, client, force_majeure, maintenance,
    out_of_hours, ahead; each minute is counted in exactly one.
    """
    from hub.app.minutes import month_of
    from hub.kernel.periods import Period
    from hub.monitor.words import MinuteClass
    from hub.web.words import Words

    with opened(home) as hub:
        made = month_of(hub, interface, Period.parse(month) if month else None)
    words = Words("zh")
    kinds = list(reversed(MinuteClass))
    said: dict[str, Any] = {
        "interface": interface, "month": made.month, "minutes": sum(made.whole.values()),
        "undecided": made.undecided, "uptime_bp": made.uptime.share,
        "uptime_at_worst_bp": made.uptime.at_worst,
        "whole": {kind.value: made.whole[kind] for kind in kinds},
        "days": [
            {"day": day.day.isoformat(), **{kind.value: day.counts[kind] for kind in kinds}}
            for day in made.days
        ],
    }  # fmt: skip
    shown = [kind for kind in kinds if made.whole[kind]]
    head = padded("", 12) + "".join(padded(words(f"minute_class.{k.value}"), 12) for k in shown)
    lines = [head.rstrip()]
    for day in made.days:
        row = "".join(padded(str(day.counts[kind]), 12) for kind in shown)
        lines.append(f"{padded(day.day.isoformat(), 12)}{row}".rstrip())
    whole = "".join(padded(str(made.whole[kind]), 12) for kind in shown)
    lines.append(f"{padded('全月', 12)}{whole}".rstrip())
    lines.append(
        f"可用率 {_percent(made.uptime.share).strip()}；无数据若全计为不可用 "
        f"{_percent(made.uptime.at_worst).strip()}；待双方签认 {made.undecided} 分钟"
    )
    show(said, as_json, "\n".join(lines))


@app.command()
@clean_errors
def mark(
    interface: Interface,
    begins: Annotated[
        str, typer.Option("--from", help='开始，"2025-10-14 22:00"（北京时间）· when it begins')
    ],
    ends: Annotated[str, typer.Option("--until", help='结束，同上，或 "+90m" · when it ends')],
    klass: Annotated[
        str,
        typer.Option(
            "--class",
            help="归为 · one of force_majeure, client, no_data, ours, line, partner, normal",
        ),
    ],
    reason: Reason,
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """提议把一段时间改归一类；另一方签认之前只标为待定 · propose another class for minutes.

    One person of 中心 and one of 运维方: the other party signs with `hub watch sign`.
    """
    from hub.app.incident_acts import propose_mark

    with opened(home) as hub:
        token = token_of(token_file)
        number = propose_mark(hub, token, interface, begins, ends, klass, reason)
    show({"mark": number}, as_json, f"归类 {number} 已提议，待另一方签认")


@app.command()
@clean_errors
def sign(
    number: Annotated[int, typer.Argument(min=1, help="编号，见 marks · its number")],
    reason: Reason,
    refuse: Annotated[bool, typer.Option("--refuse", help="不同意 · say no")] = False,
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """签认（或不同意）另一方提议的归类 · sign or refuse what the other party proposed."""
    from hub.app.incident_acts import answer_mark

    with opened(home) as hub:
        answer_mark(hub, token_of(token_file), number, yes=not refuse, why=reason)
    said = "不同意" if refuse else "已签认"
    show({"mark": number, "signed": not refuse}, as_json, f"归类 {number} {said}")


@app.command()
@clean_errors
def marks(home: Home = None, as_json: AsJson = False) -> None:
    """列出归类：待另一方签认的在前 · marks, those that wait for the other party first."""
    from hub.kernel.clocks import from_us
    from hub.monitor.marks import list_marks
    from hub.web.words import Words

    with opened(home) as hub, hub.store.read() as view:
        found = list_marks(view)
    words, lines = Words("zh"), []
    for one in found:
        state = {"": "待签认", "signed": "已签认", "refused": "未同意"}[one.answer]
        lines.append(
            f"{padded(str(one.id), 6)}{padded(state, 8)}{padded(one.interface, 22)}"
            f"{from_us(one.from_us):%m-%d %H:%M} – {from_us(one.until_us):%m-%d %H:%M}  "
            f"{words('minute_class.' + one.klass.value)}  {one.proposed_by}  {one.why}"
        )
    show({"marks": [asdict(one) for one in found]}, as_json, "\n".join(lines) or "没有归类")


@app.command()
@clean_errors
def meters(home: Home = None, as_json: AsJson = False) -> None:
    """运行指标：现值、界限、负责人、自何时起超限 · readings held against their limits.

    The readings are taken now; since when one is over was noted by `hub serve`.
    """
    from hub.app.holding import see_meters
    from hub.app.meters import Meters
    from hub.kernel.clocks import from_us

    with opened(home) as hub:
        found = see_meters(hub, Meters(hub))
    said, lines = [], []
    for one in found:
        reading, limit = one.reading, one.reading.limit
        said.append(
            {
                "limit": limit.name, "title": limit.title, "meter": limit.meter,
                "subject": reading.subject, "interface": reading.interface,
                "value": reading.value, "above": limit.above, "below": limit.below,
                "ends": limit.ends, "for_minutes": limit.for_minutes, "level": limit.level,
                "owner": one.owner, "over": one.is_over, "since_us": reading.since_us,
                "incident": one.incident,
            }
        )  # fmt: skip
        since = f"{from_us(reading.since_us):%m-%d %H:%M} 起" if reading.since_us else ""
        number = f"故障 {one.incident}" if one.incident is not None else ""
        lines.append(
            f"{'超限' if one.is_over else '正常'}  {padded(limit.title, 26)}"
            f"{padded(reading.subject, 22)}{padded(one.value, 18)}{padded(one.bound, 18)}"
            f"{padded(one.owner, 26)}{since} {number}".rstrip()
        )
    show({"meters": said}, as_json, "\n".join(lines))


@app.command()
@clean_errors
def feeds(home: Home = None, as_json: AsJson = False) -> None:
    """应到与实到：各接口本月应到、实到、迟到、未到 · what should have come this month.

    Interfaces whose manifest declares nothing are listed as such.
    """
    from hub.app.catalogue import read_catalogue
    from hub.app.feeds_seen import see_feeds
    from hub.kernel.clocks import from_us
    from hub.web.words import Words

    with opened(home) as hub, hub.store.read() as view:
        catalogue = read_catalogue(hub.settings, hub.adapters)
        found = [see_feeds(hub, catalogue, view, name) for name in catalogue.interfaces]
    words, said, lines = Words("zh"), [], []
    for one in found:
        said.append(
            {
                "interface": one.interface, "declares": bool(one.lines),
                "feeds": [
                    {**line.rule.model_dump(mode="json"), **asdict(line.tally)}
                    for line in one.lines
                ],
                "rows": [asdict(row) for row in one.rows],
            }
        )  # fmt: skip
        if not one.lines:
            lines.append(f"{padded(one.interface, 24)}没有声明")
        for line in one.lines:
            t = line.tally
            lines.append(
                f"{padded(one.interface, 24)}{padded(words('feed_what.' + line.rule.what), 16)}"
                f"应到 {t.due}  实到 {t.came}  迟到 {t.late}  未到 {t.missing}"
            )
        lines += [
            f"  未到 {row.subject}，期限 {from_us(row.due_us):%m-%d %H:%M}：{row.cause}"
            for row in one.rows if row.came_us is None
        ]  # fmt: skip
    show({"interfaces": said}, as_json, "\n".join(lines))


def _percent(share: int | None) -> str:
    return f"{share // 100:>3}.{share % 100:02d}%" if share is not None else "      —"
