"""``hub find``: what happened to my item?"""

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.common import AsJson, Home, TokenFile, clean_errors, opened, show, token_of

if TYPE_CHECKING:
    from hub.app.hub import Hub
    from hub.web.find import FoundAll, StoryView
    from hub.web.words import Words

NOBODY = "command"
"""Who searches on the machine itself without saying who they are."""


@clean_errors
def find(
    text: Annotated[
        str,
        typer.Argument(
            help="指令号、批次号、协议号、合同号、流水号、办件编号、报文号，"
            "账号或证件号（整号或后四位），姓名 · any of an item's or a case's numbers; an account "
            "or document, whole or its last four; a name"
        ),
    ],
    home: Home = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """查一笔后来怎样了：各期结果；只有一笔时讲全过程.

    What became of an item: what a number leads to; when that is one item, its whole life.  The
    search is in the audit, under your name when you give a token.
    """
    from hub.web.desk.find import StoreFind

    with opened(home) as hub:
        by = _who(hub, token_file)
        desk = StoreFind(hub)
        found = desk.find(text, by)
        alone = found.offset.items[0].key if len(found.offset.items) == 1 else ""
        life = desk.story(alone) if alone else None
        banks = desk.banks()
    show(_as_dict(found, life), as_json, _as_text(found, life, banks))


def _who(hub: "Hub", token_file: Path | None) -> str:
    if token_file is None and not os.environ.get("HUB_TOKEN"):
        return NOBODY
    return hub.people.authenticate(token_of(token_file)).login


def _as_dict(found: "FoundAll", life: "StoryView | None") -> dict[str, Any]:
    offset = found.offset
    return {
        "text": offset.text, "ways": list(found.ways), "more": found.more,
        "items": [{"key": each.key, **asdict(each)} for each in offset.items],
        "agreements": [asdict(each) for each in offset.agreements],
        "entries": [asdict(each) for each in offset.entries],
        "dues": [asdict(each) for each in offset.dues],
        "cases": [
            {"number": each.number, "id": each.id, "interface": each.interface, "kind": each.kind,
             "state": each.state, "waiting": each.waiting, "promise_on": each.promise_on}
            for each in found.cases.lines
        ],
        "messages": [
            {"number": each.id, "interface": each.interface, "kind": each.kind,
             "state": each.state.value, "rung": each.rung.value, "subject": each.subject}
            for each in found.messages
        ],
        "life": None if life is None else _life_dict(life),
    }  # fmt: skip


def _life_dict(view: "StoryView") -> dict[str, Any]:
    """For scripts: codes and figures; of messages what became of them, of the audit its chain."""
    story = asdict(view.story)
    for stage, lines in zip(story["stages"], view.audit, strict=True):
        stage["messages"] = [_message_dict(view, number) for number in stage["messages"]]
        stage["audit"] = [
            {"number": line.number, "act": line.act, "actor": line.actor, "chain": line.digest,
             "sealed": line.sealed}
            for line in lines
        ]  # fmt: skip
        del stage["subjects"]
    return story


def _message_dict(view: "StoryView", number: int) -> dict[str, Any]:
    seen = view.messages[number]
    return {
        "number": number, "kind": seen.message.kind, "state": seen.message.state.value,
        "rung": seen.message.rung.value,
        "attempts": [
            {"try": a.try_no, "verdict": a.verdict, "claimed_us": a.started_us,
             "sent_us": a.calls[0].started_us if a.calls else None,
             "answered_us": a.calls[-1].ended_us if a.calls else None, "recorded_us": a.ended_us,
             "error": a.error_code}
            for a in seen.attempts
        ],
    }  # fmt: skip


def _as_text(found: "FoundAll", life: "StoryView | None", banks: dict[str, str]) -> str:
    from hub.kernel.money import show_yuan
    from hub.web.words import Words

    words, offset = Words("zh"), found.offset
    if found.nothing:
        return f"{words('find.nothing')}：{offset.text}\n{words('find.nothing_hint')}"
    ways = "、".join(words.of("find_way", way) for way in found.ways)
    lines = [f"{words('find.as')}{ways}"] if ways else []
    for each in offset.items:
        outcome = words.of("outcome", each.outcome or "OPEN")
        why = words.of("reason", each.reason) if each.reason else ""
        lines.append(
            f"{each.period}  {banks.get(each.bank, each.bank)}  {each.agreement}  {outcome} {why}"
            f"  {show_yuan(each.fen)}  {each.main} → {each.repayment}  {each.number}"
        )
    shown = {each.agreement for each in offset.items}
    lines += [
        f"{words('item.agreement')} {each.number}  {words.of('agreement_state', each.state)}"
        f"  {each.loan_contract}"
        for each in offset.agreements if each.number not in shown
    ]  # fmt: skip
    lines += [
        f"{words('find.entries')}：{each.bank} {each.day} {each.serial} {show_yuan(each.fen)}"
        for each in offset.entries
    ]
    lines += [
        f"{words('find.dues')}：{each.period} {each.bank} {show_yuan(each.fen)}"
        for each in offset.dues
    ]
    lines += [
        f"{words('case.one')} {each.number}  {words.of('case_kind', each.kind)}"
        f"  {words.of('case_state', each.state)}  {each.subject}"
        for each in found.cases.lines
    ]
    lines += [
        f"{words('find.messages')} {each.id}  {words.of('message_kind', each.kind)}"
        f"  {words.of('message_state', each.state)}  {each.subject}"
        for each in found.messages
    ]
    if found.more:
        lines.append(words("find.more"))
    return "\n".join([*lines, *(_life_text(life, words) if life else [])])


def _life_text(view: "StoryView", words: "Words") -> list[str]:
    from hub.web.sentences import say
    from hub.web.show import moment

    story = view.story
    lines = ["", say(words, story.verdict, "life")]
    lines += [say(words, line, "advice") for line in story.advice]
    for stage in story.stages:
        when = moment(stage.at_us) if stage.at_us is not None else "—"
        said = "；".join(say(words, line, "story") for line in stage.lines)
        sent = f"（报文 {'、'.join(map(str, stage.messages))}）" if stage.messages else ""
        lines.append(f"  {when:<19}  {words.of('stage_name', stage.name)}：{said}{sent}")
    return lines
