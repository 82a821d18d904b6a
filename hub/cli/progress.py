"""Progress on a terminal as bars, elsewhere as plain lines, one for each change."""

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.cells import cell_len

from hub.cli.common import tell
from hub.kernel.money import show_yuan

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

    from hub.app.steps import Progress
    from hub.offset.totals import Totals

_STAGES = (
    ("planned", "计划", "planned"), ("held", "占用", "held"), ("instructed", "划款", "instructed"),
    ("succeeded", "成功", "succeeded"), ("failed", "失败", "failed"),
    ("unknown", "不明", "unknown"), ("posted", "记账", "posted"),
    ("released", "解除占用", "released"),
    ("credited", "银行入账", "credited"),
)  # fmt: skip
_RUN = {
    "planned": "取单与试算", "approved": "已批准", "running": "执行中", "reconciled": "已对平",
    "closed": "已关账",
}  # fmt: skip
_WAVE = {
    "asking": "查询账户", "planning": "试算中", "trial": "待提交", "submitted": "待批准",
    "approved": "已批准", "declined": "不做",
}  # fmt: skip


def padded(text: str, cells: int) -> str:
    """Filled up to so many columns of a terminal, where a Chinese character takes two."""
    return text + " " * max(cells - cell_len(text), 0)


def run_word(state: str) -> str:
    """A run's state in Chinese."""
    return _RUN.get(state, state)


def wave_word(state: str) -> str:
    """A wave's state in Chinese."""
    return _WAVE.get(state, state)


def figures_text(totals: "Totals") -> str:
    """One line per total that is not nothing, in columns."""
    lines = []
    for name, word, english in _STAGES:
        figure = totals[name]
        if figure.count or figure.fen:
            label = f"{padded(word, 9)}{padded(english, 11)}"
            lines.append(f"  {label}{figure.count:>9,} 笔{show_yuan(figure.fen):>24}")
    return "\n".join(lines)


class Follower:
    """Shows a run's progress while it goes on."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._bars: Bars | None = None
        self._last = ""
        if not quiet and sys.stderr.isatty():
            self._bars = self._make_bars()

    def _make_bars(self) -> "Bars":
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
        from rich.progress import Progress as Bars

        bars = Bars(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
            TextColumn("{task.fields[yuan]:>20}"), console=Console(stderr=True),
        )  # fmt: skip
        self._tasks = {
            name: bars.add_task(padded(word, 8), total=None, yuan="") for name, word, _ in _STAGES
        }
        return bars

    def __enter__(self) -> Self:
        if self._bars is not None:
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        if self._bars is not None:
            self._bars.stop()

    def show(self, progress: "Progress") -> None:
        """Show what changed since the last time."""
        if self._quiet:
            return
        if self._bars is not None:
            self._show_bars(self._bars, progress)
            return
        parts = [
            f"{word} {progress.totals[name].count:,}" for name, word, _ in _STAGES
            if progress.totals[name].count
        ]  # fmt: skip
        waves = "、".join(f"第{n}轮{wave_word(w)}" for n, w in enumerate(progress.waves, 1))
        state = run_word(progress.state)
        line = f"{state}{f'（{waves}）' if waves else ''}{'：' if parts else ''}{'，'.join(parts)}"
        if line != self._last:
            tell(line)
            self._last = line

    def _show_bars(self, bars: "Bars", progress: "Progress") -> None:
        whole = progress.totals["planned"].count or None
        for name, task in self._tasks.items():
            figure = progress.totals[name]
            bars.update(task, total=whole, completed=figure.count, yuan=show_yuan(figure.fen))
