"""``hub notify``: what people are told, and what a plan would tell them."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from hub.cli.common import AsJson, Home, clean_errors, opened, show
from hub.cli.progress import padded
from hub.kernel.errors import Refused

app = typer.Typer(no_args_is_help=True, help="告知借款人：清单、正文、预览 · telling people")

_MOST = 1000


class TellsNobody(Refused):
    """This deployment tells nobody anything."""

    code = "notify.tells_nobody"
    hint = "Give a notify interface its address in hub.toml; docs/how-to/tell-people.md says how."


@app.command("list")
@clean_errors
def list_texts(
    month: Annotated[str, typer.Option(help="期次，2025-10 · the period")] = "",
    occasion: Annotated[str, typer.Option(help="before | after | correction")] = "",
    state: Annotated[str, typer.Option(help="状态，如 told、no_address · its state")] = "",
    agreement: Annotated[str, typer.Option(help="协议号或告知编号 · agreement or number")] = "",
    most: Annotated[int, typer.Option(min=1, max=_MOST, help="最多几条 · at most")] = 50,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """按场合、状态统计，列出最近的告知 · counts by occasion and state, and the newest texts."""
    from hub.offset.notify.looking import ToldFilter, count_told, list_told
    from hub.web.words import Words

    wanted = ToldFilter(month, occasion, state, agreement)
    with opened(home) as hub, hub.store.read() as view:
        piles = [one for one in count_told(view) if month in ("", one.period)]
        rows = list_told(view, wanted, size=most)
    words = Words("zh")
    lines = [
        f"{one.period}  {padded(words.of('told_occasion', one.occasion), 8)}"
        f"{padded(words.of('told_state', one.state), 14)}{one.count} 条（短信 {one.parts} 条）"
        for one in piles
    ]
    lines += [
        f"{one.id}  {one.agreement}  {words.of('told_occasion', one.occasion)}"
        f"  {words.of('told_template', one.template)}  {words.of('told_state', one.state)}"
        f"  {one.number or one.detail}"
        for one in rows
    ]
    said = {"counts": [asdict(one) for one in piles], "texts": [asdict(one) for one in rows]}
    show(said, as_json, "\n".join(lines) or words("told.none"))


@app.command("show")
@clean_errors
def show_text(
    number: Annotated[str, typer.Argument(help="告知编号或行号 · a text's or its row's number")],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """一条告知的正文；手机号只显示遮蔽的。查看记入审计.

    One text as it was written; the look is in the audit.
    """
    from hub import audit
    from hub.offset.notify.looking import see_text
    from hub.web.show import moment
    from hub.web.words import Words

    with opened(home) as hub:
        with hub.store.read() as view:
            found = see_text(view, hub.office, number)
        with hub.store.write() as tx:
            audit.record(tx, act="notify.seen", actor="command", subject=f"text:{found.row.id}",
                         count=1)  # fmt: skip
    row, words = found.row, Words("zh")
    text = "\n".join(
        [
            f"{row.number or '—'}  {words.of('told_state', row.state)}  {row.detail}".rstrip(),
            f"{row.agreement}  {row.period}  {words.of('told_occasion', row.occasion)}",
            f"{found.to or '—'}  {moment(row.told_us) if row.told_us else '—'}",
            found.text or "（还没有编写）",
        ]
    )
    show({**asdict(row), "to": found.to, "text": found.text}, as_json, text)


@app.command()
@clean_errors
def preview(
    month: Annotated[
        str, typer.Option(help="期次：现有计划会告知多少人 · how many its plans come to")
    ] = "",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """各场合的措辞（以最长的值填写）与短信条数；给 --month 时另计各有多少人.

    The wording of every template at its longest, and how many people a month's plans come to.
    """
    from hub.offset.notify.looking import forecast
    from hub.ports.notify import sms_parts, sms_units

    with opened(home) as hub:
        seat = hub.office.notify
        if seat is None:
            raise TellsNobody
        with hub.store.read() as view:
            counts = forecast(view, seat, month) if month else {}
    texts = []
    for name in sorted(seat.texts.templates):
        text = seat.texts.example(name)
        one: dict[str, Any] = {
            "template": name, "text": text, "units": sms_units(text), "parts": sms_parts(text)
        }  # fmt: skip
        texts.append({**one, "people": counts.get(name, 0)} if month else one)
    lines = [
        f"{one['template']}（{one['units']} 字，短信 {one['parts']} 条"
        + (f"，{one['people']} 人）" if month else "）") + f"\n  {one['text']}"
        for one in texts
    ]  # fmt: skip
    rules = seat.rules
    lines.append(
        f"措辞版本 {seat.texts.version}；告知 {rules.who}；免打扰 {rules.quiet or '无'}；"
        f"每人每日最多 {rules.most_per_day} 条"
    )
    said = {"version": seat.texts.version, "who": rules.who, "templates": texts}
    show(said, as_json, "\n".join(lines))
