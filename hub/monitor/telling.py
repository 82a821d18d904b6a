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
KIND_WORDS = {"begin": "故障", "remind": "仍未恢复", "end": "已恢复"}


def title_of(body: Mapping[str, Any], environment: str) -> str:
    """``【生产】[严重] 工商银行商贷月对冲 不通``."""
    what = EFFECT_WORDS.get(body["effect"], body["effect"])
    if body["kind"] == "end":
        what = KIND_WORDS["end"]
    elif body["kind"] == "remind":
        what = f"{what}，{KIND_WORDS['remind']}"
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
    lines.append(f"资金：在途或结果不明 {_money(card)}；待发 {card['waiting']} 条")
    if card["until_us"] is not None:
        word = DUE_WORDS.get(card["until_word"], card["until_word"])
        lines.append(f"可以等到：{_at(card['until_us'])} {word}")
    lines += [f"{number}. {step}" for number, step in enumerate(card["steps"], 1)]
    lines.append(f"切勿：{card['never']}")
    if card["call"]:
        lines.append(f"联系：{card['call']}")
    return lines


def _clock(body: Mapping[str, Any], name: str) -> str:
    """A clock, and that it has run out: the response's only while nobody has it in hand."""
    over = body["at_us"] > body[name] and not (name == "respond_by_us" and body["holder"])
    return f"{_at(body[name])}{'（已超）' if over else ''}"


def _at(instant: int) -> str:
    return from_us(instant).strftime("%m-%d %H:%M")


def _money(card: Mapping[str, Any]) -> str:
    return f"{card['money_count']} 条 {show_yuan(card['money_fen'])}"
