"""An alert in plain Chinese: what a person reads in the spool, on a robot's screen, in a mail."""

from collections.abc import Mapping
from typing import Any

from hub.kernel.clocks import from_us
from hub.kernel.money import show_yuan

LEVEL_WORDS = {"major": "重大", "serious": "严重", "ordinary": "一般"}
EFFECT_WORDS = {
    "unreachable": "不通", "unusable": "连通但不可用", "ours": "中心端故障", "up": "正常",
    "over": "超出界限", "late": "应到未到",
}  # fmt: skip
DUE_WORDS = {"dues": "取应还明细", "statement": "取对账单"}
KIND_WORDS = {"begin": "故障", "remind": "仍未恢复", "escalate": "无人响应", "end": "已恢复"}
SHORT_MOST = 134
"""UCS-2 units of a text for the telephone: two short messages."""
_NAME_MOST = 30


def title_of(body: Mapping[str, Any], environment: str) -> str:
    """``【生产】[严重] 工商银行商贷月对冲 不通``."""
    what = EFFECT_WORDS.get(body["effect"], body["effect"])
    if body["kind"] == "end":
        what = KIND_WORDS["end"]
    elif body["kind"] in ("remind", "escalate"):
        what = f"{what}，{KIND_WORDS[body['kind']]}"
    return f"【{environment}】[{LEVEL_WORDS[body['level']]}] {body['name']} {what}"


def lines_of(body: Mapping[str, Any]) -> list[str]:
    """The rest, a line each: since when, clocks, and of what has not ended the card."""
    card = body["card"]
    lines = [f"故障编号 {body['incident']} · 接口 {body['interface']}"]
    if body["kind"] == "end":
        lasted = max(body["restored_us"] - body["begun_us"], 0) // 60_000_000
        lines.append(
            f"{_at(body['begun_us'])} 起，{_at(body['restored_us'])} 恢复，历时 {lasted} 分钟"
        )
        lines.append(f"待发 {card['waiting']} 条，在途或不明 {_money(card)}")
        return lines
    lines.append(f"{_at(body['begun_us'])} 起；错误 {body['code']} {body['detail']}".rstrip())
    lines.append(
        f"响应时限 {_clock(body, 'respond_by_us')}，恢复时限 {_clock(body, 'restore_by_us')}"
        + (f"；处理人 {body['holder']}" if body["holder"] else "；尚无人响应")
    )
    if body.get("duty"):
        lines.append("值班：" + "、".join(f"{rung} {login}" for rung, login in body["duty"]))
    lines.append(f"影响：{card['affected']}")
    lines.append(f"资金：在途或结果不明 {_money(card)}；待发 {card['waiting']} 条")
    if card["until_us"] is not None:
        word = DUE_WORDS.get(card["until_word"], card["until_word"])
        lines.append(f"可以等到：{_at(card['until_us'])} {word}")
    else:
        lines.append("可以等：近期没有到期的作业，以恢复时限为准")
    lines += [f"{number}. {step}" for number, step in enumerate(card["steps"], 1)]
    lines.append(f"切勿：{card['never']}")
    if card["call"]:
        lines.append(f"联系：{card['call']}")
    return lines


def short_of(body: Mapping[str, Any], environment: str) -> str:
    """For the telephone: what, whether money is in flight, until when to answer, and under which
    number the card is found.  No person's data, and what the partner said stays out, too."""
    name = f"{body['name'][:_NAME_MOST]}…" if len(body["name"]) > _NAME_MOST else body["name"]
    title = title_of({**body, "name": name}, environment)
    number = f"故障{body['incident']}"
    if body["kind"] == "end":
        return f"{title}。{number}，{_at(body['restored_us'])}"
    card = body["card"]
    money = f"资金{card['money_count']}条在途或不明" if card["money_count"] else "无资金在途"
    rung = f"，第{body['rung']}级" if body.get("rung") else ""
    answer = (
        f"{body['holder']}处理中" if body["holder"] else f"限{_at(body['respond_by_us'])}前响应"
    )
    return f"{title}。{money}；{answer}。{number}{rung}，卡片见故障页"


def _clock(body: Mapping[str, Any], name: str) -> str:
    """A clock, and that it has run out: the response's only while nobody has it in hand."""
    over = body["at_us"] > body[name] and not (name == "respond_by_us" and body["holder"])
    return f"{_at(body[name])}{'（已超）' if over else ''}"


def _at(instant: int) -> str:
    return from_us(instant).strftime("%m-%d %H:%M")


def _money(card: Mapping[str, Any]) -> str:
    return f"{card['money_count']} 条 {show_yuan(card['money_fen'])}"
