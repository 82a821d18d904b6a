"""联调测试报告: a report as the paper that both sides sign, made from its JSON and nothing else.

The wire contents stand in the page and the JSON; here each step has what was expected and what
came.  The same report gives the same bytes, so that a paper can be held against its report.
"""

from collections.abc import Iterator
from typing import Any

from hub.crypto import Sm2PublicKey
from hub.papers import CENTRE, Cell, Paper

_MOST = 700
_WORDS = {"green": "通过", "red": "不通过", "incomplete": "必测未测全", "passed": "通过",
          "failed": "不通过", "untried": "未测"}  # fmt: skip
Plain = dict[str, Any]


def paper_of(body: Plain) -> bytes:
    """The DOCX of a report's checked body (``report.schema.json``)."""
    paper = Paper(f"{body['name']}联调测试报告", f"规范版本 {body['contract']['version']}")
    paper.cover(body["name"], "接口联调测试报告", list(_facts(body)))
    paper.text(
        "本报告由符合性测试程序写出；其 JSON 文件带摘要与签名，本文由它生成，两者不符以 JSON 为准"
        "（hub certify verify）。报文已遮盖姓名、证件、账号与凭证。",
        small=True,
    )
    paper.signatures([f"甲方：{CENTRE}", f"乙方：{body['partner']['name']}"])
    paper.contents()
    paper.heading("一、总评")
    _summary(paper, body)
    paper.heading("二、案例一览")
    rows = [
        (Cell(one["number"], code=True), one["title"], one["clause"],
         "必测" if one["mandatory"] else "选测", _WORDS[one["verdict"]])
        for one in body["cases"]
    ]  # fmt: skip
    paper.table(("编号", "案例", "规范条款", "", "判定"), rows, (2.4, 7.2, 4.2, 1.4, 1.8))
    if body["not_applicable"]:
        paper.heading("本接口不适用的案例", 2)
        gone = [(one["number"], one["why"]) for one in body["not_applicable"]]
        paper.table(("编号", "为什么"), gone, (2.4, 14.6))
    paper.heading("三、逐项记录")
    for one in body["cases"]:
        _case(paper, one)
    paper.heading("四、覆盖计")
    _coverage(paper, body["coverage"])
    return paper.bytes()


def _facts(body: Plain) -> Iterator[tuple[str, str]]:
    against = body["against"]
    counts = body["counts"]
    yield "总评", _WORDS[body["verdict"]]
    yield (
        "案例",
        (
            f"共 {counts['cases']} 项，必测 {counts['mandatory']} 项；通过 {counts['passed']}，"
            f"不通过 {counts['failed']}，未测 {counts['untried']}"
        ),
    )
    yield (
        "接口",
        f"{body['interface']}；对方 {body['partner']['name']}（{body['partner']['code']}）",
    )
    yield "规范", f"版本 {body['contract']['version']}；摘要 SM3 {body['contract']['digest']}"
    kind = "自带挡板" if against["kind"] == "mock" else "给定地址"
    steered = "由控制面安排情形" if against["steered"] else "情形由人安排"
    yield "测试对象", f"{kind}，{steered}；环境 {body['environment']}"
    yield "执行", f"{body['began'][:19]} 至 {body['ended'][:19]}　{body['by']}".rstrip()
    yield "软件", body["software"]
    yield "与规范不同之处", "；".join(body["deviations"]) or "无"
    yield "报告摘要", f"SM3 {body['digest']}"
    yield "报告签名", _signed(body)


def _signed(body: Plain) -> str:
    seal = body.get("signature")
    if seal is None:
        return "没有签名"
    key = Sm2PublicKey.parse(seal["public_key"]).fingerprint()
    return f"{seal['algorithm']}，公钥指纹 {key}\n{seal['value']}"


def _summary(paper: Paper, body: Plain) -> None:
    paper.text(f"**{_WORDS[body['verdict']]}**。全部必测项都测了且没有一项不通过，总评才是“通过”。")
    if body["failed"]:
        paper.text(f"不通过：{'、'.join(body['failed'])}")
    if body["mandatory_untried"]:
        paper.text(f"必测而未测：{'、'.join(body['mandatory_untried'])}")
    rows = [(Cell(name, code=True), url) for name, url in body["against"]["endpoints"].items()]
    if rows:
        paper.table(("端点", "地址"), rows, (3, 14))


def _case(paper: Paper, case: Plain) -> None:
    paper.heading(f"{case['number']}　{case['title']}　{_WORDS[case['verdict']]}", 3)
    must = "必测" if case["mandatory"] else "选测"
    paper.text(
        f"证明：{case['shows']}（{case['clause']}，{must}；{case['began'][:19]}，"
        f"{case['millis']} 毫秒）"
    )
    if case["why"]:
        paper.text(f"**{case['why']}**")
    if case["steps"]:
        rows = [_step(number, one, case) for number, one in enumerate(case["steps"], start=1)]
        paper.table(("", "步骤", "预期", "实际", "判定"), rows, (0.8, 4.6, 4.6, 5.2, 1.8))


def _step(number: int, step: Plain, case: Plain) -> list[str | Cell]:
    says = [step["says"] or step["do"], _short(step["given"])]
    if "tamper" in step["given"]:
        says.append(f"线上改动：{step['given']['tamper']}")
    found = [_short(step["found"])]
    found += [f"接口漂移：{one}" for one in step["drifts"]]
    found += [f"{call['step']} {call['at'][11:23]} {_outcome(call)}" for call in step["calls"]]
    if step["more_calls"]:
        found.append(f"另有 {step['more_calls']} 次同类调用")
    # The step that a case broke off at is its last; of an untried one it was not judged.
    broke = number == len(case["steps"]) and case["verdict"] != "passed"
    verdict = "不一致" if step["short"] else _WORDS[case["verdict"]] if broke else "一致"
    return [
        str(number), "\n".join(one for one in says if one), _short(step["expected"]),
        "\n".join(one for one in [*found, *step["short"]] if one), verdict,
    ]  # fmt: skip


def _outcome(call: Plain) -> str:
    words = {"not_sent": "未发送", "unknown": "结果不明"}
    answered = f"HTTP {call['status']}" if call["status"] else "已应答"
    return words.get(call["outcome"], answered) + ("（有效果的一步）" if call["effect"] else "")


def _coverage(paper: Paper, coverage: Plain) -> None:
    paper.text("规范码表里没有任何案例碰到的码，送达阶梯上没有到过的一级。")
    rows = [
        (Cell(name, code=True), table["what"], _of(table), "、".join(table["untouched"]) or "—")
        for name, table in coverage["codes"].items()
    ]
    rungs = coverage["rungs"]
    rows.append(
        (Cell("rungs", code=True), "阶梯", _of(rungs), "、".join(rungs["untouched"]) or "—")
    )
    paper.table(("码表", "说明", "碰到", "没有碰到"), rows, (3.4, 5.6, 1.6, 6.4))


def _of(table: Plain) -> str:
    touched = len(table["touched"])
    return f"{touched}/{touched + len(table['untouched'])}"


def _short(value: Plain) -> str:
    if not value:
        return ""
    text = _plain(value).removeprefix("{").removesuffix("}")
    return text if len(text) <= _MOST else f"{text[:_MOST]}……（全文见网页报告）"


def _plain(value: Any) -> str:
    """``{"rows": {"1": {"done": true}}}`` → ``{rows: {1: {done: 是}}}``: read by people."""
    match value:
        case dict():
            return "{" + "，".join(f"{key}: {_plain(one)}" for key, one in value.items()) + "}"
        case list():
            return "[" + "、".join(map(_plain, value)) + "]"
        case bool():
            return "是" if value else "否"
        case None:
            return "无"
        case _:
            return str(value)
