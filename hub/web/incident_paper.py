"""故障处理报告: an incident's report as the paper that goes to 中心, DOCX or PDF.

Made from the report's values (``hub.app.incident_report``) and nothing else, in Chinese: it is
signed and filed.  Every figure has its source beside it.
"""

from collections.abc import Iterator
from typing import Any, Protocol

from hub.app.incident_report import Made, Plain
from hub.kernel.clocks import from_us
from hub.kernel.money import show_yuan
from hub.papers import CENTRE, Cell, Paper
from hub.papers.pdf import PdfPaper
from hub.web.words import Words

FORMS = ("docx", "pdf")
MEDIA = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf",
}
_W = Words("zh")
_ABSENT = "—"


class _Sheet(Protocol):
    """What both kinds of paper can do."""

    def cover(self, title: str, under: str, facts: list[tuple[str, str]]) -> None: ...
    def heading(self, text: str, level: int = 1) -> None: ...
    def text(self, text: str, *, small: bool = False) -> None: ...
    def table(self, head: Any, rows: Any, widths: Any) -> None: ...
    def signatures(self, parties: list[str]) -> None: ...
    def bytes(self) -> bytes: ...


class _Docx:
    """A DOCX whose chapters follow one another: the first level begins no page here."""

    def __init__(self, title: str, edition: str) -> None:
        self._paper = Paper(title, edition)
        self.cover, self.text, self.table = self._paper.cover, self._paper.text, self._paper.table
        self.signatures, self.bytes = self._paper.signatures, self._paper.bytes

    def heading(self, text: str, level: int = 1) -> None:
        self._paper.heading(text, level + 1)


def paper_of(made: Made, form: str) -> bytes:
    """The file of a report; ``form`` is docx or pdf.  The same report gives the same bytes."""
    body, one = made.body, made.body["incident"]
    title, edition = "故障处理报告", f"编号 {made.number}　{one['name']}"
    paper: _Sheet = _Docx(title, edition) if form == "docx" else PdfPaper(title, edition)
    paper.cover(title, str(one["name"]), list(_cover(made)))
    paper.text(
        "本报告由接口平台按库中记录写出，姓名、证件、账号已遮盖。报告摘要与本文件摘要记入审计链；"
        f"核对：hub incident check {made.number} 文件或摘要。",
        small=True,
    )
    for number, (heading, part) in enumerate(_PARTS, 1):
        paper.heading(f"{number}. {heading}")
        part(paper, body)
    paper.heading(f"{len(_PARTS) + 1}. 确认")
    paper.signatures([f"甲方：{CENTRE}", "乙方：运维方"])
    return paper.bytes()


def _cover(made: Made) -> Iterator[tuple[str, str]]:
    body, one = made.body, made.body["incident"]
    yield "环境", str(body["environment"])
    yield "故障编号", str(made.number)
    yield "接口", f"{one['name']}（{one['interface']}）"
    items = [f"第 {i['number']} 项 {i['name']}（{i['clause']}）" for i in body["service_items"]]
    yield "接口服务项", "\n".join(items) or "不属于 21 个接口服务项"
    for item in body["service_items"]:
        if item["excluded"]:
            yield "合同除外", str(item["excluded"])
    yield "级别与状态", f"{_W('level.' + one['level'])}　{_W('incident_state.' + one['state'])}"
    yield "数据截至", _at(body["as_of_us"])
    yield "报告摘要", f"SM3 {made.digest}"


def _what(paper: _Sheet, body: Plain) -> None:
    one, window = body["incident"], body["window"]
    lasted = max(window["until_us"] - window["from_us"], 0) // 1_000_000
    until = _at(one["restored_us"]) if one["restored_us"] is not None else "尚未恢复"
    rows = [
        ("现象", _W("watch_state." + one["effect"]), "状态翻转（拨测与真实流量）"),
        ("错误码", f"{one['code']} {one['detail']}".strip() or _ABSENT, "故障登记"),
        ("发生", _at(one["begun_us"]), "两次连续失败中的第一次"),
        ("发现", _at(one["opened_us"]), "故障登记"),
        ("恢复", until, "两次连续成功中的第一次"),
        ("历时", f"{lasted // 60} 分 {lasted % 60} 秒", "恢复（或数据截至）减发生"),
        ("处理人", one["holder"] or "尚无人响应", "故障登记"),
    ]
    _figures(paper, rows)


def _severity(paper: _Sheet, body: Plain) -> None:
    said = body["severity"]
    row, source = said["row"], f"监测策略版本 {said['policy_version']}"
    if row is None:
        which = f"当时的策略版本是 {said['policy_version']}，现行 {said['policy_today']}，不再对照"
    else:
        which = f"分级表第 {row['number']} 行：{_conditions(row['conditions'])}"
        if row["level"] != said["level"]:
            which += f"（此行为{_W('level.' + row['level'])}；级别按期间最重的一次定，只升不降）"
    rows = [
        ("级别", _W("level." + said["level"]), "故障登记"),
        ("依据", which, source),
        ("响应时限", f"{said['respond_minutes']} 分钟", source),
        ("恢复时限", f"{said['restore_minutes']} 分钟", f"{source}；合同“维护服务标准”"),
    ]
    _figures(paper, rows)


def _clocks(paper: _Sheet, body: Plain) -> None:
    rows = []
    for name, title in (("respond", "响应"), ("restore", "恢复")):
        clock = body["clocks"][name]
        at = _at(clock["at_us"]) if clock["at_us"] is not None else _ABSENT
        who = clock["who"] or ("平台测得" if name == "restore" and clock["at_us"] else _ABSENT)
        rows.append((title, _at(clock["by_us"]), at, who, _verdict(clock)))
    paper.table(("时钟", "时限", "实际", "由谁", "是否按时"), rows, (20, 44, 44, 30, 32))


def _verdict(clock: Plain) -> str:
    if clock["late"]:
        return "超时，仍在计时" if clock["running"] else "超时"
    if clock["running"]:
        return "未到时限，仍在计时"
    return "按时" if clock["at_us"] is not None else "恢复在前，不需响应"


def _timeline(paper: _Sheet, body: Plain) -> None:
    rows = [
        (_at(line["at_us"]), _W("incident_line." + line["kind"]),
         "平台" if line["actor"] == "hub" else line["actor"], line["said"])
        for line in body["timeline"]
    ]  # fmt: skip
    paper.table(("时间", "事项", "由谁", "说明"), rows, (42, 20, 26, 82))
    told = body["audit"]
    paper.text(
        f"审计链中关于本故障的记录 {told['entries']} 条"
        f"（已封存序号 {told['first_seq'] or _ABSENT} 至 {told['last_seq'] or _ABSENT}）。",
        small=True,
    )


def _messages(paper: _Sheet, body: Plain) -> None:
    said, opening = body["messages"], body["money_at_opening"]
    states = "，".join(
        f"{_W.of('message_state', state)} {pile['count']}"
        for state, pile in sorted(said["by_state"].items())
    )
    tried = "，".join(
        f"{_W.of('verdict', word or 'pending')} {count}"
        for word, count in sorted(said["attempts"].items())
    )
    money = said["money"]
    now = "，".join(
        f"{_W.of('message_state', state)} {_pile(pile)}"
        for state, pile in sorted(money["by_state"].items())
    )
    rows = [
        ("受影响报文", f"{said['count']} 条", "期间发送未成，或期间应发而未了结的报文"),
        ("它们现在", states or "无", "报文表，数据截至时"),
        ("期间发送尝试", tried or "无", "发送尝试表，按开始时间"),
        ("发现时资金在途或不明", f"{opening['count']} 条 {show_yuan(opening['fen'])}",
         "告警卡片，故障登记时"),
        ("受影响的划款", _pile(money["whole"]), "受影响报文中的动账报文"),
        ("它们现在", now or "无", "报文表，数据截至时"),
    ]  # fmt: skip
    _figures(paper, rows)
    if said["shown"]:
        listed = [
            (str(one["id"]), one["kind"], one["subject"], _W.of("message_state", one["state"]),
             str(one["items"]), show_yuan(one["fen"]), str(one["tries"]))
            for one in said["shown"]
        ]  # fmt: skip
        head = ("报文", "种类", "标题", "现状", "笔数", "金额", "期间尝试")
        paper.table(head, listed, (16, 34, 42, 20, 14, 26, 18))
    if said["left_out"]:
        paper.text(f"另有 {said['left_out']} 条未列出，见报文页。", small=True)


def _alerts(paper: _Sheet, body: Plain) -> None:
    rows = [
        (f"{_W('alert_kind.' + one['kind'])} {one['number'] or ''}".strip(), one["channel"],
         _at(one["made_us"]),
         _at(one["sent_us"]) if one["sent_us"] is not None else f"未送达（已试 {one['tries']} 次）",
         one["error"] or _ABSENT)
        for one in body["alerts"]
    ]  # fmt: skip
    if not rows:
        paper.text("没有发出告警。")
        return
    head = ("告警", "途径", "写出", "送达", "最后的错误")
    paper.table(head, rows, (24, 24, 44, 44, 34))


def _minutes(paper: _Sheet, body: Plain) -> None:
    said = body["minutes"]
    classes = [
        (_W("minute_class." + klass), f"{count} 分钟", "分钟账")
        for klass, count in said["classes"].items()
    ]
    rows = [
        ("窗口", f"自 {_at(said['from_us'])} 起 {said['count']} 分钟", "含有故障时间的整分钟"),
        *classes,
        ("待双方签认", f"{said['undecided']} 分钟", "归类提议，另一方尚未签认"),
    ]
    _figures(paper, rows)


def _resolution(paper: _Sheet, body: Plain) -> None:
    one = body["incident"]
    if one["resolved_us"] is None:
        paper.text("尚未办结。")
        return
    rows = [
        ("原因与处理", one["cause"], "办结人填写"),
        ("办结", f"{one['resolved_by']}　{_at(one['resolved_us'])}", "故障登记"),
    ]
    _figures(paper, rows)


def _commands(paper: _Sheet, body: Plain) -> None:
    said = body["commands"]
    paper.text(
        "合同“远程登录”条：任何指令必须形成命令日志文件，同本报告一同发送给中心。以下是故障期间"
        "（发生至恢复）开始执行的命令，密钥、姓名与账号已遮盖。",
        small=True,
    )
    for one in body["sessions"]:
        end = _at(one["closed_us"] if one["closed_us"] is not None else one["until_us"])
        paper.text(
            f"远程运维会话 {one['number']}：{one['login']}，{one['confirmed_by']} 确认，"
            f"{_at(one['confirmed_us'])} 至 {end}；事由 {one['reason']}；佐证 {one['evidence']} "
            f"{one['evidence_sm3']}".rstrip()
        )
    rows = [
        (_at(one["begun_us"]), one["login"] or f"{one['os_user']}（未出示令牌）",
         Cell("hub " + " ".join(one["argv"]), code=True), _ended(one),
         str(one["session"]) if one["session"] is not None else _ABSENT)
        for one in said["listed"]
    ]  # fmt: skip
    if rows:
        paper.table(("开始", "何人", "命令", "结果", "会话"), rows, (38, 30, 66, 24, 12))
    else:
        paper.text("期间没有执行过命令。")
    paper.text(f"日志写到第 {said['bytes']} 字节，末行摘要 SM3 {said['head'] or _ABSENT}，"
               "记入审计链；核对：hub commands verify。", small=True)  # fmt: skip


def _ended(one: Plain) -> str:
    if one["ended_us"] is None:
        return "没有结束（仍在运行或被杀）"
    return f"退出码 {one['exit_code']}，{one['took_ms']} 毫秒"


_PARTS = (
    ("故障情况", _what),
    ("级别与依据", _severity),
    ("两个时限", _clocks),
    ("时间线（发现、响应、记录、交接、恢复、办结）", _timeline),
    ("受影响的报文与资金", _messages),
    ("告警", _alerts),
    ("期间的分钟归类", _minutes),
    ("原因与处理", _resolution),
    ("附：期间的命令日志", _commands),
)


def _figures(paper: _Sheet, rows: list[tuple[str, str, str]]) -> None:
    shown = [(Cell(name, bold=True), text, source) for name, text, source in rows]
    paper.table(("项目", "内容", "出处"), shown, (32, 86, 52))


def _conditions(said: Plain) -> str:
    """A row's conditions as a reader of the table would say them."""
    words = []
    if "interface" in said:
        words.append(f"接口 {said['interface']}")
    if "effect" in said:
        words.append("、".join(_W.of("watch_state", one) for one in said["effect"]))
    if "days" in said:
        words.append(f"每月 {said['days']} 日")
    if "money" in said:
        words.append("有在途或不明的资金" if said["money"] else "没有在途或不明的资金")
    return "，".join(words) or "其余一切"


def _pile(pile: Plain) -> str:
    return f"{pile['count']} 条 {pile['items']} 笔 {show_yuan(pile['fen'])}"


def _at(instant: int | None) -> str:
    return f"{from_us(instant):%Y-%m-%d %H:%M:%S}" if instant is not None else _ABSENT
