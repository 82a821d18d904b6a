"""A shadow month (影子月): our plan held against the list that today's scripts made.

Reads rows, writes none: which plan that is, is the caller's business.
"""

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.kernel.money import format_yuan
from hub.offset.export import newest_of_line
from hub.offset.shadow_list import Theirs
from hub.offset.tables import agreement, item, plan_line, wave
from hub.offset.words import Decision


class Kind(StrEnum):
    """How one row differs."""

    SAME = "same"
    ONLY_OURS = "only_ours"
    ONLY_THEIRS = "only_theirs"
    AMOUNT = "amount"
    SPLIT = "split"


NO_AGREEMENT = "no_agreement"
"""Our reason where the list names an agreement we have not, or one of another bank."""
NOT_IN_PLAN = "not_in_plan"
"""Our reason where the agreement's bank was not planned."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet would calculate."""
COLUMNS = (
    "kind", "XYBH", "YHJC", "JKHTBH", "ours", "ours_main", "ours_spouse", "theirs",
    "theirs_main", "theirs_spouse", "reason", "line",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Difference:
    """One agreement, or one row that names none of ours.  Amounts in 分; ``reason`` is our plan's
    (no_balance, partial, …), ``line`` the list's, 0 where it has none."""

    kind: Kind
    agreement: str
    bank: str
    loan: str
    ours: int = 0
    ours_split: tuple[int, int] = (0, 0)
    theirs: int = 0
    theirs_split: tuple[int, int] | None = None
    reason: str = ""
    line: int = 0

    def cells(self) -> tuple[str, ...]:
        """In the order of COLUMNS; amounts in yuan."""
        split = ("", "") if self.theirs_split is None else map(format_yuan, self.theirs_split)
        return (
            self.kind.value, self.agreement, self.bank, self.loan, format_yuan(self.ours),
            *map(format_yuan, self.ours_split), format_yuan(self.theirs), *split, self.reason,
            str(self.line or ""),
        )  # fmt: skip


@dataclass(slots=True)
class Comparison:
    """``rows`` are the differences alone; the counts and sums are of everything.

    By kind: how many, our sum and theirs, in 分."""

    rows: list[Difference] = field(default_factory=list)
    count: Counter[Kind] = field(default_factory=Counter)
    ours: Counter[Kind] = field(default_factory=Counter)
    theirs: Counter[Kind] = field(default_factory=Counter)

    def add(self, one: Difference) -> None:
        """Count it; keep it if it differs."""
        self.count[one.kind] += 1
        self.ours[one.kind] += one.ours
        self.theirs[one.kind] += one.theirs
        if one.kind is not Kind.SAME:
            self.rows.append(one)

    def as_dict(self) -> dict[str, dict[str, int]]:
        """Every kind with its figures."""
        return {
            kind.value: {"count": self.count[kind], "ours_fen": self.ours[kind],
                         "theirs_fen": self.theirs[kind]}
            for kind in Kind
        }  # fmt: skip


def compare(
    view: Connection, run_id: int, banks: Sequence[str], listed: Sequence[Theirs],
    token_of: Callable[[str], str],
) -> Comparison:  # fmt: skip
    """Our plan of a run for ``banks`` against a list.  ``token_of``: an account's token."""
    by_agreement = {one.agreement: one for one in listed if one.agreement}
    by_loan = {
        (one.loan, token_of(one.account)): one for one in listed if not one.agreement
    }  # fmt: skip
    done, used = Comparison(), set[int]()
    for row in _ours(view, run_id, banks):
        theirs = by_agreement.get(row.number) or by_loan.get((row.loan_contract, row.repay_token))
        if theirs is not None and theirs.bank not in ("", row.bank):
            theirs = None
        if theirs is not None and theirs.line in used:
            theirs = None  # two agreements for one loan: the list's row goes to the one planned
        one = _one(row, theirs)
        if theirs is not None:
            used.add(theirs.line)
        if one is not None:
            done.add(one)
    known = _known(view, [one.agreement for one in listed if one.line not in used])
    for theirs in listed:
        if theirs.line not in used:
            reason = NOT_IN_PLAN if theirs.agreement in known else NO_AGREEMENT
            done.add(
                Difference(
                    Kind.ONLY_THEIRS, theirs.agreement, theirs.bank, theirs.loan,
                    theirs=theirs.fen, theirs_split=theirs.split, reason=reason, line=theirs.line,
                )
            )  # fmt: skip
    return done


def _one(row: sa.Row[Any], theirs: Theirs | None) -> Difference | None:
    planned = row.decision == Decision.PLANNED.value
    ours, split = 0, (0, 0)
    if planned:
        ours, split = row.fen or 0, (row.main_fen or 0, row.spouse_fen or 0)
    if theirs is None and not ours:
        return None
    if theirs is not None and not theirs.fen and not ours:
        return None
    kind = Kind.SAME
    if theirs is None or not theirs.fen:
        kind = Kind.ONLY_OURS
    elif not ours:
        kind = Kind.ONLY_THEIRS
    elif ours != theirs.fen:
        kind = Kind.AMOUNT
    elif theirs.split is not None and theirs.split != split:
        kind = Kind.SPLIT
    reason = (row.reason or "") if planned else row.line_reason
    return Difference(
        kind, row.number, row.bank, row.loan_contract, ours, split,
        0 if theirs is None else theirs.fen, None if theirs is None else theirs.split, reason,
        0 if theirs is None else theirs.line,
    )  # fmt: skip


def _ours(view: Connection, run_id: int, banks: Sequence[str]) -> Iterator[sa.Row[Any]]:
    line, i, a = plan_line.c, item.c, agreement.c
    planned_first = sa.case((line.decision == Decision.PLANNED.value, 0), else_=1)
    query = (
        sa.select(
            a.number,
            a.bank,
            a.loan_contract,
            a.repay_token,
            line.decision,
            line.reason.label("line_reason"),
            i.reason,
            i.fen,
            i.main_fen,
            i.spouse_fen,
        )
        .select_from(plan_line)
        .join(wave, wave.c.id == line.wave_id)
        .join(agreement, a.id == line.agreement_id)
        .outerjoin(item, newest_of_line())
        .where(wave.c.run_id == run_id, a.bank.in_(list(banks)))
        .order_by(planned_first, a.id)
    )
    return iter(view.execute(query, execution_options={"yield_per": 2000}))


def _known(view: Connection, numbers: Sequence[str]) -> set[str]:
    found: set[str] = set()
    wanted = sorted({number for number in numbers if number})
    for start in range(0, len(wanted), 500):
        some = wanted[start : start + 500]
        query = sa.select(agreement.c.number).where(agreement.c.number.in_(some))
        found |= set(view.scalars(query))
    return found


def write_csv(path: Path, done: Comparison) -> None:
    """The differences, UTF-8 with a mark, so that a spreadsheet shows the Chinese; what came with
    the list stays text there, and is no formula."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows([_inert(cell) for cell in one.cells()] for one in done.rows)


def _inert(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
