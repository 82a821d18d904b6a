"""The suite's reports: Markdown for a person, the same as JSON for a program."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from tests.chaos.bad_days import Lived
from tests.chaos.boundaries import (
    CALL_SIDE,
    HUB_SIDE,
    MEANING,
    MOCK_SIDE,
    by_bank,
    by_boundary,
    by_kind,
)
from tests.chaos.circumstances import Circumstances
from tests.chaos.suite import DURABLE, Suite

POWER_LOSS = (
    "kill -9 不能证明断电：被杀进程已写出的数据仍在操作系统缓存中，断电则不然。"
    "断电靠上列落盘设置、磁盘如实执行 fsync 来保证，本套件只核对设置，未做断电试验。 · "
    "Not shown: power loss. What a killed process has written is still in the operating "
    "system's cache; after power loss only what fsync has put on disk is there. "
    "The settings above are read and asserted; no power was cut."
)
_RULE = (
    "每笔指令至多入账一次，每笔入账记账一次且金额相同，无占用遗留，结果与应有结果逐行一致 · "
    "each instruction credited at most once, each credit posted once with the same amount, "
    "no hold left, outcomes row for row as expected"
)
_QUICK = (
    "缩短（以秒计），规则不变 · shortened to seconds, the same rules",
    "接口规范原值 · as the contracts have them",
)


def as_text(suite: Suite, so: Circumstances) -> str:
    """A page: what was killed where, what the mocks' books say, how to repeat it."""
    asked, short = suite.asked, suite.short_of()
    parts = [
        f"# 宕机试验报告 · kill suite: {verdict(good=suite.good)}",
        *circumstances(so, suite.seconds),
        f"- 进程 · processes: hub serve + {asked.workers} × hub worker；"
        f"启动 · starts {sum(ran.starts for ran in suite.runs)}；月份 · months {len(suite.runs)}",
        "",
        "## 一、杀死的位置 · kills by boundary (SIGKILL)",
        *_boundaries(suite),
        *_banks(suite),
        "## 二、其他 · besides",
        f"- 途中恢复旧备份、两人放行 · older copy restored, released by two: "
        f"{sum(ran.restored for ran in suite.runs)} (要求 · asked {asked.restored})",
        f'- 查无之后才入账的批次 · batches booked only after "not found": '
        f"{sum(ran.late_batches for ran in suite.runs)} / {sum(ran.batches for ran in suite.runs)}",
        *(f"- {day.name}: {day.said}" for day in suite.days),
        "",
        "## 三、判定，只看挡板的账 · verdict, by the mocks' CSV alone",
        *_verdicts(suite),
        "## 四、落盘设置，读自写入的连接 · durability as the hub's writing connections have it",
        *_settings(suite),
        POWER_LOSS,
    ]
    if short:
        parts += ["", "## 未达到 · not reached", *(f"- {one}" for one in short)]
    return "\n".join(parts) + "\n"


def as_data(suite: Suite, so: Circumstances) -> dict[str, Any]:
    """The same, and every single death."""
    return {
        "good": suite.good, **asdict(so), "seconds": round(suite.seconds, 1),
        "asked": asdict(suite.asked),
        "by_boundary": {one.value: count for one, count in by_boundary(suite.deaths).items()},
        "by_kind": {one.value: dict(kinds) for one, kinds in by_kind(suite.deaths).items()},
        "by_bank": {
            bank: {one.value: count for one, count in hits.items()}
            for bank, hits in by_bank(suite.deaths).items()
        },
        "settings": _found(suite), "not_reached": suite.short_of(), "power_loss": POWER_LOSS,
        "runs": [asdict(ran) for ran in suite.runs], "days": [asdict(day) for day in suite.days],
    }  # fmt: skip


def verdict(*, good: bool) -> str:
    """In one word of both tongues."""
    return "通过 · passed" if good else "未通过 · FAILED"


def circumstances(so: Circumstances, seconds: float) -> list[str]:
    """The head of each report."""
    return [
        "",
        f"- 开始 · begun: {so.begun}；历时 · took {seconds:.0f} s",
        f"- 代码 · commit: {so.commit or '(no repository)'}；Python {so.python}",
        f"- 数据库 · database: {so.database}；机器 · machine: {so.machine}，"
        f"文件系统 · file system {so.filesystem or '(unknown)'}",
        f"- 数据 · data: {so.agreements} 份协议 · agreements，{'、'.join(so.banks)}；"
        f"接口时限 · contract times: {_QUICK[0] if so.quick else _QUICK[1]}",
        f"- 种子 · seed: {so.seed}；重做 · repeat: `{so.command}`",
    ]


def days_as_text(lived: Sequence[Lived], so: Circumstances) -> str:
    """The bad days' page."""
    good = all_good(lived)
    rows = [
        [day.name, _day(day), f"{day.seconds:.0f}", day.said.replace("|", "/")] for day in lived
    ]
    return "\n".join([
        f"# 坏日子报告 · bad days: {verdict(good=good)}",
        *circumstances(so, sum(day.seconds for day in lived)), "",
        *table(["坏日子 · day", "判定 · verdict", "s", "经过 · what came of it"], rows),
        f"判定只看挡板的账 · judged by the mocks' CSV alone: {_RULE}", "",
    ])  # fmt: skip


def all_good(lived: Sequence[Lived]) -> bool:
    """Some were lived, and each of them ended as it must."""
    return any(not day.left_out for day in lived) and all(day.good for day in lived)


def _day(day: Lived) -> str:
    return "未做 · left out" if day.left_out else _run(good=day.good)


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """A Markdown table and the empty line after it."""
    return [
        "| " + " | ".join(head) + " |", "|" + "---|" * len(head),
        *("| " + " | ".join(str(cell) for cell in row) + " |" for row in rows), "",
    ]  # fmt: skip


def _run(*, good: bool) -> str:
    return "好 · good" if good else "坏 · BAD"


def _boundaries(suite: Suite) -> list[str]:
    hits, kinds, rows = by_boundary(suite.deaths), by_kind(suite.deaths), []
    for one in (*HUB_SIDE, *MOCK_SIDE):
        asked = suite.asked.each if one in HUB_SIDE else ""
        said = "，".join(f"{name} {count}" for name, count in sorted(kinds.get(one, {}).items()))
        rows.append([f"`{one.value}`", MEANING[one], hits[one], asked, said])
    mocks = sum(hits[one] for one in MOCK_SIDE)
    rows.append(["", "挡板合计 · mocks in all", mocks, suite.asked.mocks, ""])
    return table(
        ["boundary", "位置 · where", "次数 · hits", "要求 · asked", "报文 · by kind"], rows
    )


def _banks(suite: Suite) -> list[str]:
    if not suite.asked.banks:
        return []
    hits = by_bank(suite.deaths)
    rows = [[bank, *(hits.get(bank, {}).get(one, 0) for one in CALL_SIDE)]
            for bank in suite.asked.banks]  # fmt: skip
    return [
        "每家银行划款指令一环 · the call that moves each bank's money, cut at:",
        "",
        *table(["interface", *(f"`{one.value}`" for one in CALL_SIDE)], rows),
    ]


def _verdicts(suite: Suite) -> list[str]:
    rows = []
    for ran in suite.runs:
        v = ran.verdict
        rows.append([
            ran.number, _run(good=ran.good), len(ran.deaths), ran.restored, f"{ran.seconds:.0f}",
            v.credits, f"{v.credited_fen / 100:.2f}", v.postings, v.live_holds,
            "；".join([*v.problems, *([ran.audit] if ran.audit else [])]).replace("|", "/"),
        ])  # fmt: skip
    head = [
        "月 · month", "判定 · verdict", "被杀 · killed", "恢复 · restored", "s",
        "入账笔数 · credits", "元 · yuan", "记账 · postings", "遗留占用 · holds", "不符 · wrong",
    ]  # fmt: skip
    return [*table(head, rows), _RULE, ""]


def _settings(suite: Suite) -> list[str]:
    rows = [
        [f"`{name}`", value, " / ".join(DURABLE[name])]
        for one in _found(suite) for name, value in sorted(one.items())
    ]  # fmt: skip
    return ["", *table(["设置 · setting", "读到 · read", "必须 · must be"], rows)]


def _found(suite: Suite) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    for ran in suite.runs:
        found += [one for one in ran.settings if one not in found]
    return found
