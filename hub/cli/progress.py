"""Progress on a terminal as bars, elsewhere as plain lines, one for each change."""

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Self

import typer

from hub.kernel.money import show_yuan

if TYPE_CHECKING:
    from hub.app.steps import Progress
    from hub.offset.totals import Totals

_STAGES = (
    ("planned", "计划"), ("held", "占用"), ("instructed", "划款"), ("succeeded", "成功"),
    ("failed", "失败"), ("unknown", "不明"), ("posted", "记账"), ("released", "解除占用"),
    ("credited", "银行入账"),
)  # fmt: skip


def figures_text(totals: "Totals") -> str:
    """One line per total that is not nothing."""
    lines = []
    for name, word in _STAGES:
        figure = totals[name]
        if figure.count or figure.fen:
            lines.append(f"  {word:　<5}{figure.count:>9,} 笔  {show_yuan(figure.fen):>22}")
    return "\n".join(lines)


class Follower:
    """Shows a run's progress while it goes on."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._bars = None
        self._last = ""
        if not quiet and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
            from rich.progress import Progress as Bars

            self._bars = Bars(
                TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
                TextColumn("{task.fields[yuan]}"), console=Console(stderr=True),
            )  # fmt: skip
            self._tasks = {
                name: self._bars.add_task(word, total=None, yuan="") for name, word in _STAGES
            }

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
            whole = progress.totals["planned"].count or None
            for name, task in self._tasks.items():
                figure = progress.totals[name]
                self._bars.update(
                    task, total=whole, completed=figure.count, yuan=show_yuan(figure.fen)
                )
            return
        parts = [
            f"{word} {progress.totals[name].count}" for name, word in _STAGES
            if progress.totals[name].count
        ]  # fmt: skip
        line = f"{progress.state}: {', '.join(parts)}"
        if line != self._last:
            typer.echo(line, err=True)
            self._last = line
