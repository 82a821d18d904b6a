"""The long form: ``python -m tests.defects [--only …] [--json FILE]``.

Each defect is put into a copy of the code; the check named beside it is first run on an untouched
copy, where it must be green, and then on the planted one, where it must be red, by the case that
is meant and with the words that are meant.  Exit status 0 when every defect was caught so, 1 when
one was not, 2 when a defect is stale.
"""

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from tests.defects.planted import DEFECTS
from tests.defects.registry import Defect
from tests.defects.trial import Court, Tried, Verdict

_HEAD = ("verdict", "defect 埋入的错", "check 检查", "red case 变红的用例", "s")


def main() -> int:
    """Try what was asked for."""
    asked = _parser().parse_args()
    picked = [one for word in asked.only or [""] for one in _asked_for(word)]
    if asked.list:
        for one in picked:
            print(f"{one.name:28} {one.words}")
            for catch in one.catches:
                print(f"{'':28}   {catch.check}")
        return 0
    place = Path(asked.place or tempfile.mkdtemp(prefix="defects-")).resolve()
    court, rows = Court(place), []
    for one in picked:
        for row in court.try_defect(one):
            rows.append(row)
            _tell(row)
    print(table(rows))
    if asked.json:
        said = {"good": _status(rows) == 0, "trials": [asdict(row) for row in rows]}
        Path(asked.json).write_text(json.dumps(said, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return _status(rows)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.defects", description=__doc__)
    add = parser.add_argument
    add("--only", action="append", help="defects or checks whose name holds this; may be repeated")
    add("--list", action="store_true", help="what there is, without trying any of it")
    add("--json", help="write the report there too")
    add("--place", help="working folder; a new one below the temporary folder when left out")
    return parser


def _asked_for(word: str) -> list[Defect]:
    """Defects whose name holds the word, whole; of the others what it picks of their checks."""
    found = []
    for one in DEFECTS:
        catches = [c for c in one.catches if word in one.name or word in str(c.check)]
        if catches:
            found.append(replace(one, catches=tuple(catches)))
    return found


def _status(rows: Sequence[Tried]) -> int:
    if any(row.verdict is Verdict.STALE for row in rows):
        return 2
    return 0 if rows and all(row.verdict is Verdict.CAUGHT for row in rows) else 1


def _tell(row: Tried) -> None:
    print(
        f"{row.verdict:13} {row.defect}: {row.check}\n"
        f"{'':14}{row.red or '(nothing red)'}: {row.said}",
        flush=True,
    )


def table(rows: Sequence[Tried]) -> str:
    """One line a trial, and the sum."""
    cells = [
        (
            str(r.verdict),
            r.defect,
            r.check,
            r.red or "—",
            f"{r.green_seconds:.0f}+{r.red_seconds:.0f}",
        )
        for r in rows
    ]
    widths = [max(len(line[n]) for line in (_HEAD, *cells)) for n in range(len(_HEAD))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in (_HEAD, tuple("-" * width for width in widths), *cells)
    ]
    counts = ", ".join(
        f"{count} {verdict}" for verdict, count in Counter(r.verdict for r in rows).items()
    )
    return "\n".join(["", *lines, "", f"{len(rows)} trials: {counts}"])


if __name__ == "__main__":
    sys.exit(main())
