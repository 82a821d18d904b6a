"""``python -m benchmarks.codecs [rows]``: records a second per bank, ours and bare, in one run.

Ours is the adapter's own port over a line that plays bytes: ``fetch_dues`` of full pages and
``instruct`` of full batches of the contract's sizes, until at least so many rows are done.  Bare is
the least that any code needs for the same bytes (``bare.py``).  Both in this process's processor
time, best of five, turn about.  What of ours is not the codec's has columns of its own; ``codec``
is ours without them.
"""

import os
import sys
from collections.abc import Callable, Mapping, Sequence

from benchmarks.codecs.banks import Bank, every_bank, proven
from benchmarks.codecs.made import PERIOD
from benchmarks.codecs.timing import PARTS, Taken, taken
from tests.adapters.frozen import frozen

_WIDTHS = (5, 6, 11, 9, 10, 7, *[7] * len(PARTS), 9, 7)


def main(rows: int) -> None:
    """Print a table: one line per bank and leg."""
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors before the run")
    _line("bank", "leg", "against", "ours/s", "bare/s", "ratio", *PARTS, "codec/s", "ratio")
    with frozen():
        for bank in every_bank():
            fields = proven(bank)
            _read(bank, rows)
            _write(bank, rows, fields)
    print(f"load {os.getloadavg()[0]:.1f} after it")


def _read(bank: Bank, rows: int) -> None:
    times = -(-rows // bank.page)

    def ours() -> object:
        return [bank.port.fetch_dues(bank.due_line(), PERIOD, None) for _ in range(times)]

    _told(bank, "read", times * bank.page, taken(ours, _again(bank.read_bare, times)))


def _write(bank: Bank, rows: int, fields: Sequence[Mapping[str, str]]) -> None:
    size = len(bank.batch.rows)
    times = -(-rows // size)

    def ours() -> object:
        return [bank.port.instruct(bank.pay_line(), bank.batch) for _ in range(times)]

    def bare() -> object:
        return bank.write_bare(fields)

    _told(bank, "write", times * size, taken(ours, _again(bare, times)))


def _again(act: Callable[[], object], times: int) -> Callable[[], object]:
    return lambda: [act() for _ in range(times)]


def _told(bank: Bank, leg: str, rows: int, found: Taken) -> None:
    _line(
        bank.name, leg, bank.yardstick, f"{rows / found.ours:,.0f}", f"{rows / found.bare:,.0f}",
        f"{found.bare / found.ours:.2f}",
        *(f"{part / found.ours:.0%}" for part in found.parts.values()),
        f"{rows / found.codec:,.0f}", f"{found.bare / found.codec:.2f}",
    )  # fmt: skip


def _line(*cells: str) -> None:
    shown: Sequence[str] = [
        cell.ljust(width) if place < 3 else cell.rjust(width)
        for place, (cell, width) in enumerate(zip(cells, _WIDTHS, strict=True))
    ]
    print("  ".join(shown).rstrip(), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
