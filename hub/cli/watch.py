"""``hub watch``: what state every interface is in, and its minutes."""

from typing import Annotated, Any

import typer

from hub.cli.common import AsJson, Home, clean_errors, opened, show
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


def _percent(share: int | None) -> str:
    return f"{share // 100:>3}.{share % 100:02d}%" if share is not None else "      —"
