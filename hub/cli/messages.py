"""``hub message``, ``hub inquire``, ``hub resend``: what people do about messages."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.acting import Expect, Preview_, WhyOr, run_act
from hub.cli.common import (
    AsJson,
    Home,
    Month,
    TokenFile,
    clean_errors,
    opened,
    show,
    token_of,
)  # fmt: skip
from hub.cli.progress import padded
from hub.kernel.money import show_yuan
from hub.kernel.periods import Period

if TYPE_CHECKING:
    from hub.app.hub import Hub
    from hub.app.speech import CallSpeech
    from hub.bus.looking import MessageSeen
    from hub.bus.preview import Preview

app = typer.Typer(no_args_is_help=True, help="报文：查找、查看、处理 · messages")
Number = Annotated[int, typer.Argument(help="报文号 · the message's number")]


@clean_errors
def inquire(
    month: Month,
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """马上查证结果不明的批次，不等下一个时点.

    Ask the bank now about everything without a final result.
    """
    from hub.app.orders import inquire_now

    with opened(home) as hub:
        count = inquire_now(hub, token_of(token_file), Period.parse(month))
    show({"batches": count}, as_json, f"{count} 个批次马上查证（hub serve 执行）")


@app.command("list")
@clean_errors
def list_found(
    text: Annotated[
        str, typer.Argument(help="报文号，或批次号的开头 · a number, or how a batch's begins")
    ] = "",
    interface: Annotated[str, typer.Option(help="接口 · interface")] = "",
    kind: Annotated[str, typer.Option(help="种类，如 bank.instruct · kind")] = "",
    state: Annotated[str, typer.Option(help="状态，如 dead、unknown · state")] = "",
    group: Annotated[str, typer.Option(help="组，如 run:2025-10 · group")] = "",
    since: Annotated[
        str, typer.Option(help="自此时起，如 2025-10-09 09:30 · put from then on, business time")
    ] = "",
    until: Annotated[str, typer.Option(help="至此时，不含 · put before then")] = "",
    before: Annotated[int, typer.Option(help="只列这个号以前的 · numbers below this")] = 0,
    size: Annotated[int, typer.Option(min=1, max=1000, help="至多几条 · at most")] = 50,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """列出报文，从新到旧 · messages, newest first."""
    from hub.bus.looking import MessageFilter
    from hub.web.desk.duty import StoreDutyDesk
    from hub.web.duty import at_moment

    span = (at_moment(since), at_moment(until))
    wanted = MessageFilter(interface, kind, state, group, text, *span)
    with opened(home) as hub:
        found = StoreDutyDesk(hub).messages(wanted, before or None, size)
    said = [
        {
            "number": one.id, "interface": one.interface, "kind": one.kind, "key": one.key,
            "state": one.state.value, "rung": one.rung.value, "items": one.items, "fen": one.fen,
            "tries": one.try_no, "subject": one.subject, "error": one.error_code,
        }
        for one in found.rows
    ]  # fmt: skip
    text_out = "\n".join(
        f"{one.id:>10}  {padded(one.kind, 16)}{padded(one.interface, 16)}"
        f"{padded(one.state.value, 12)}{one.items:>6}  {show_yuan(one.fen):>18}  {one.subject}"
        for one in found.rows
    )
    more = f"\n更早的：--before {found.older}" if found.older else ""
    show({"messages": said, "older": found.older}, as_json, (text_out or "没有符合的报文") + more)


@app.command("show")
@clean_errors
def show_one(
    message: Number,
    raw: Annotated[
        str, typer.Option(help="看某次调用的原文，写作 1.2，须有 raw 角色 · a call's wording")
    ] = "",
    reason: WhyOr = "",
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """看一条报文：每次尝试、每次调用、脱敏后的内容、现在能做什么.

    One message with its attempts, what was said (masked), and what may be done now.
    """
    from hub.app import acts, speech
    from hub.bus.looking import see_message

    with opened(home) as hub:
        if raw:
            _show_raw(hub, message, raw, reason, token_file, as_json)
            return
        with hub.store.read() as view:
            seen = see_message(view, message)
            may = [acts.KINDS[a].look(hub, view, str(message)) for a in acts.MESSAGE_ACTS]
        said = speech.hear_message(hub, message)
    _show_seen(seen, may, said, as_json)


def _show_raw(
    hub: "Hub", message: int, raw: str, reason: str, token_file: Path | None, as_json: bool
) -> None:
    from hub.app import speech

    try_no, _, call_no = raw.partition(".")
    if not (try_no.isdigit() and call_no.isdigit()):
        raise typer.BadParameter("写作 1.2：第几次尝试.第几次调用", param_hint="--raw")
    sent, came = speech.raw_call(
        hub, token_of(token_file), message, int(try_no), int(call_no), reason
    )
    show({"request": sent, "reply": came}, as_json, f"— 发出 —\n{sent}\n— 收到 —\n{came}")


def _show_seen(
    seen: "MessageSeen", may: "list[Preview]", said: "list[CallSpeech]", as_json: bool
) -> None:
    from hub.web.sentences import say
    from hub.web.words import Words

    words, one = Words("zh"), seen.message
    heard = {(each.try_no, each.call_no): each for each in said}
    lines = [
        f"报文 {one.id} {words.of('message_kind', one.kind)} {one.interface} {one.subject}",
        f"  {words.of('message_state', one.state)} {words.of('rung', one.rung)}"
        f"  {one.items} 笔 {show_yuan(one.fen)}  键 {one.key}  {one.error_code} {one.error_text}",
    ]
    for each in seen.attempts:
        verdict = words.of("verdict", each.verdict or "pending")
        lines.append(
            f"  第 {each.try_no} 次 {verdict} {words.of('cause', each.cause)} epoch {each.epoch} "
            f"{each.holder} {each.ordered_by} {each.error_code} {each.error_text}".rstrip()
        )
        for call in each.calls:
            lines.append(f"    {call.step} {call.target} {call.outcome} {call.status or ''}")
            talk = heard[each.try_no, call.call_no]
            for title, side in (("发", talk.request), ("收", talk.reply)):
                lines.append(f"      {title} {side.size} B {side.form}")
                lines += [f"        {leaf.path} {leaf.shown}" for leaf in side.leaves]
    for act in may:
        name = words.of("act_name", act.act)
        why = f"不能：{say(words, act.why_not)}" if act.why_not else say(words, act.effects[0])
        lines.append(f"  {name}  {why}")
    told = {
        "number": one.id, "interface": one.interface, "kind": one.kind, "key": one.key,
        "state": one.state.value, "rung": one.rung.value, "items": one.items, "fen": one.fen,
        "maybe_sent": one.maybe_sent, "acts": [each.as_dict() for each in may],
        "attempts": [
            {
                "try": a.try_no, "verdict": a.verdict, "cause": a.cause, "epoch": a.epoch,
                "holder": a.holder, "error": a.error_code, "calls": len(a.calls),
            }
            for a in seen.attempts
        ],
    }  # fmt: skip
    show(told, as_json, "\n".join(lines))


def _command(act: str, text: str) -> Callable[..., None]:
    """One act as a command; they differ by name and words alone."""

    def command(
        message: Number,
        reason: WhyOr = "",
        preview: Preview_ = False,
        expect: Expect = "",
        home: Home = None,
        token_file: TokenFile = None,
        as_json: AsJson = False,
    ) -> None:
        run_act(
            act, str(message), home=home, token_file=token_file, as_json=as_json, preview=preview,
            reason=reason, expect=expect,
        )  # fmt: skip

    command.__doc__ = text
    return clean_errors(command)


resend = _command(
    "message.resend",
    """重发一条报文。资金报文由平台先查证，再由另一人复核（hub approve）.

    Resend one message; for money the hub asks the partner first, and a second person confirms.
    """,
)
app.command("resend")(resend)
for _name, _text in (
    ("inquire", "马上向银行查证这条报文的批次 · ask the bank about this message's batch now."),
    ("park", "搁置一条排队的报文 · hold one queued message back."),
    ("unpark", "放行一条搁置的报文；动账的须两人 · let a parked message go; two people for money."),
    ("close", "办结一条待人工处理的报文，不改明细 · put a dead letter away; no item changes."),
    ("withdraw", "撤回确定未发出的批次，须两人 · withdraw what surely was never sent; two people."),
):
    app.command(_name)(_command(f"message.{_name}", _text))
