"""The kill suite's report: text for a person, the same as JSON for a program."""

from dataclasses import asdict
from typing import Any

from tests.chaos.boundaries import HUB_SIDE, MEANING, MOCK_SIDE, by_boundary, by_kind
from tests.chaos.suite import Suite

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


def as_text(suite: Suite, database: str, seed: int, command: str) -> str:
    """One page: what was killed where, what the mocks' books say, how to repeat it."""
    runs, asked = suite.runs, suite.asked
    lines = [
        f"宕机试验报告 · kill suite: {'通过 · passed' if suite.good else '未通过 · FAILED'}",
        f"数据库 · database: {database}；"
        f"进程 · processes: hub serve + {asked.workers} × hub worker；"
        f"月份 · months run: {len(runs)}；{suite.seconds:.0f} s",
        f"种子 · seed: {seed}；重做 · repeat: {command}",
        "",
        "一、杀死的位置 · kills by boundary (SIGKILL)",
        *_table(suite),
        f"  挡板合计 · mocks in all: {_mocks(suite)} (要求 · asked {asked.mocks})；"
        f"进程启动 · starts: {sum(ran.starts for ran in runs)}",
        "",
        "二、其他 · besides",
        f"  途中恢复旧备份、两人放行 · older copy restored, released by two: "
        f"{sum(ran.restored for ran in runs)} (要求 · asked {asked.restored})",
        f'  查无之后才入账的批次 · batches booked only after "not found": '
        f"{sum(ran.late_batches for ran in runs)} / {sum(ran.batches for ran in runs)}",
        *(f"  {day.name}: {day.said}" for day in suite.days),
        "",
        "三、判定，只看挡板的账 · verdict, by the mocks' CSV alone",
        *_verdicts(suite),
        "",
        "四、落盘设置，读自中心端自己的连接 · durability as the hub's own connections have it",
        *(f"  {one}" for one in _settings(suite)),
        f"  {POWER_LOSS}",
    ]
    short = suite.short_of()
    if short:
        lines += ["", "未达到 · not reached", *(f"  {one}" for one in short)]
    return "\n".join(lines)


def as_data(suite: Suite, database: str, seed: int, command: str) -> dict[str, Any]:
    """The same, and every single death."""
    return {
        "good": suite.good, "database": database, "seed": seed, "command": command,
        "seconds": round(suite.seconds, 1), "asked": asdict(suite.asked),
        "by_boundary": {one.value: count for one, count in by_boundary(suite.deaths).items()},
        "by_kind": {one.value: dict(kinds) for one, kinds in by_kind(suite.deaths).items()},
        "settings": _settings(suite), "not_reached": suite.short_of(), "power_loss": POWER_LOSS,
        "runs": [asdict(ran) for ran in suite.runs], "days": [asdict(day) for day in suite.days],
    }  # fmt: skip


def _table(suite: Suite) -> list[str]:
    hits, kinds = by_boundary(suite.deaths), by_kind(suite.deaths)
    lines = []
    for one in (*HUB_SIDE, *MOCK_SIDE):
        asked = f"/{suite.asked.each}" if one in HUB_SIDE else ""
        lines.append(f"  {hits[one]:3}{asked:4} {one.value:18} {MEANING[one]}")
        if one in kinds:
            said = "，".join(f"{name} {count}" for name, count in sorted(kinds[one].items()))
            lines.append(f"           {said}")
    return lines


def _mocks(suite: Suite) -> int:
    hits = by_boundary(suite.deaths)
    return sum(hits[one] for one in MOCK_SIDE)


def _verdicts(suite: Suite) -> list[str]:
    lines = []
    for ran in suite.runs:
        v = ran.verdict
        lines.append(
            f"  月 · month {ran.number}: {'好 · good' if ran.good else '坏 · BAD'}；被杀 · killed "
            f"{len(ran.deaths)}，{ran.seconds:.0f} s；入账 · credited {v.credits} 笔 · "
            f"{v.credited_fen / 100:.2f} 元，记账 · postings {v.postings}，占用 · holds "
            f"{v.live_holds} {'；'.join(v.problems)} {ran.audit}".rstrip()
        )
    lines.append(f"  {_RULE}")
    return lines


def _settings(suite: Suite) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    for ran in suite.runs:
        found += [one for one in ran.settings if one not in found]
    return found
