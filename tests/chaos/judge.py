"""The judge: reads the partners' own books and the outcomes, never the hub's database."""

import csv
import io
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from tests.chaos.places import Control

_COLUMNS = ("XYBH", "YHJC", "outcome", "reason", "amount", "main", "spouse")
_SHOWN = 5


@dataclass(slots=True)
class Verdict:
    """What the books say; ``problems`` is empty when all is as it must be."""

    credits: int = 0
    credited_fen: int = 0
    postings: int = 0
    live_holds: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return not self.problems

    def must(self, wrong: Iterable[object], what: str) -> None:
        """Note what is wrong, if anything is."""
        found = list(wrong)
        if found:
            self.problems.append(f"{what}: {len(found)}, e.g. {found[:_SHOWN]}")


def judge(banks: Sequence[Control], core: Control, out: Path, expected: Path) -> Verdict:
    """Judge a closed run: ``expected`` is the outcomes file that ``out``'s must equal."""
    said = Verdict()
    credited = _credits(said, banks)
    _batches(said, banks)
    _postings(said, core, credited)
    agreements = _items(said, core, credited)
    _outcomes(said, out / "outcomes.csv", expected, credited, agreements)
    _totals(said, out / "totals.json")
    return said


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def _credits(said: Verdict, banks: Sequence[Control]) -> dict[str, int]:
    """Every instruction credited at most once; number → 分."""
    rows = [row for bank in banks for row in _rows(bank.ask("GET", "/credits.csv"))]
    said.must((r for r in rows if r["kind"] != "credit"), "entries that are no credit of ours")
    said.must((r for r in rows if r["times"] != "1"), "instructions credited more than once")
    credited: dict[str, int] = {}
    loans: set[str] = set()
    for row in rows:
        said.must([row["number"]] if row["number"] in credited else [], "a second credit")
        said.must([row["JKHTBH"]] if row["JKHTBH"] in loans else [], "a loan paid twice")
        credited[row["number"]] = int(row["amount_fen"])
        loans.add(row["JKHTBH"])
    said.credits, said.credited_fen = len(credited), sum(credited.values())
    return credited


def _batches(said: Verdict, banks: Sequence[Control]) -> None:
    """An instruction has gone out in one batch only: a batch is never cut again."""
    seen: dict[str, set[str]] = defaultdict(set)
    for bank in banks:
        for row in _rows(bank.ask("GET", "/batches.csv")):
            seen[row["number"]].add(row["batch"])
    said.must((n for n, batches in seen.items() if len(batches) > 1), "cut into a second batch")


def _postings(said: Verdict, core: Control, credited: dict[str, int]) -> None:
    """Every credit posted once with the same amount, nothing else posted, no hold left."""
    rows = _rows(core.ask("GET", "/postings.csv"))
    said.postings = len(rows)
    said.must((r for r in rows if r["CZBZ"] != "01"), "reversals")
    seen: set[tuple[str, str]] = set()
    posted: dict[str, int] = defaultdict(int)
    for row in rows:
        key = (row["number"], row["GRZH"])
        said.must([key] if key in seen else [], "an account posted twice for one item")
        seen.add(key)
        posted[row["number"]] += int(row["amount_fen"])
    said.must(sorted(credited.keys() - posted.keys()), "credits without posting")
    said.must(sorted(posted.keys() - credited.keys()), "postings without credit")
    said.must(
        (n for n in credited.keys() & posted.keys() if credited[n] != posted[n]),
        "posted otherwise than credited",
    )
    holds = _rows(core.ask("GET", "/holds.csv"))
    said.live_holds = len(holds)
    said.must((row["number"] for row in holds), "holds left over")


def _items(said: Verdict, core: Control, credited: dict[str, int]) -> dict[str, str]:
    """Agreement → the number of its one item at the core."""
    agreements: dict[str, str] = {}
    for row in _rows(core.ask("GET", "/items.csv")):
        known = agreements.setdefault(row["agreement"], row["number"])
        said.must([row] if known != row["number"] else [], "an agreement with two items")
    said.must(sorted(credited.keys() - set(agreements.values())), "credits the core never held")
    return agreements


def _outcomes(
    said: Verdict, came: Path, expected: Path, credited: dict[str, int], agreements: dict[str, str]
) -> None:
    if not came.is_file():
        said.problems.append("there is no outcomes.csv")
        return
    rows, wanted = _rows(came.read_text("utf-8")), _rows(expected.read_text("utf-8"))
    said.must(
        (
            (r["XYBH"], r["outcome"], r["reason"], "expected", w["outcome"], w["reason"])
            for r, w in zip(rows, wanted, strict=False)
            if any(r[name] != w[name] for name in _COLUMNS)
        ),
        "outcomes not as expected",
    )
    if len(rows) != len(wanted):
        said.problems.append(f"{len(rows)} outcomes where {len(wanted)} were expected")
    for row in rows:
        fen = credited.get(agreements.get(row["XYBH"], ""), 0)
        paid = int(Decimal(row["amount"]) * 100) if row["outcome"] == "SUCCEEDED" else 0
        said.must([row["XYBH"]] if fen != paid else [], "told otherwise than the bank credited")


def _totals(said: Verdict, path: Path) -> None:
    if not path.is_file():
        said.problems.append("there is no totals.json")
        return
    totals = json.loads(path.read_text("utf-8"))
    if totals["closed"] is not True:
        said.problems.append("the run is not closed")
    said.must(
        (e["name"] for e in totals["equations"] if any(e["remainder"].values())),
        "equations that do not balance",
    )
    if totals["total"]["unknown"]["count"]:
        said.problems.append("there are unknown items")
    if totals["total"]["credited"]["fen"] != said.credited_fen:
        said.problems.append("totals.json says another sum than the bank credited")
