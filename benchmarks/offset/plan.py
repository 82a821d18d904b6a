"""The yardstick's plan: the rules of the offset over one SQLite file, streamed, in two passes."""

import sqlite3
from collections.abc import Iterator
from itertools import groupby, islice
from typing import Any

RETAIN = 1  # 分 left on every account
USABLE = ("01", "02")
NAME_BYTES = 60  # RecAccNameCN
_CHUNK = 10_000

_AGREEMENTS = """
SELECT a.loan, a.number, a.signed, a.repay, a.main, a.spouse, a.in_force, m.name, m.idno, m.is_card,
  m.state, m.balance - m.frozen - m.held, s.state, s.balance - s.frozen - s.held
FROM agreement a LEFT JOIN account m ON m.number = a.main LEFT JOIN account s ON s.number = a.spouse
ORDER BY a.loan, a.signed, a.number"""
_DUES = "SELECT loan, repay, name, idno, card, due_date, fen, settled FROM due ORDER BY loan, id"

Row = tuple[Any, ...]


def plan(book: "sqlite3.Connection", period: str) -> None:
    """Decide every agreement; items are numbered in the order in which money is shared out."""
    decisions: list[Row] = []
    candidates: list[Row] = []
    for signed, dues in _by_loan(book):
        _judge(signed, dues, decisions, candidates)
        if len(decisions) + len(candidates) >= _CHUNK:
            _keep(book, decisions, candidates)
    _keep(book, decisions, candidates)
    _share_out(book, period)


def _by_loan(book: "sqlite3.Connection") -> Iterator[tuple[list[Row], list[Row]]]:
    """Agreements and due records of each loan that has an agreement, merged in loan order."""
    dues = groupby(book.cursor().execute(_DUES), key=lambda row: row[0])
    loan, records = next(dues, (None, iter(())))
    for wanted, signed in groupby(book.cursor().execute(_AGREEMENTS), key=lambda row: row[0]):
        while loan is not None and loan < wanted:
            loan, records = next(dues, (None, iter(())))
        found = list(records) if loan == wanted else []
        yield list(signed), found


def _judge(signed: list[Row], dues: list[Row], decisions: list[Row], out: list[Row]) -> None:
    live = []
    for row in signed:
        if row[6]:
            live.append(row)
        else:
            decisions.append((row[1], "SKIPPED", "agreement_not_in_force"))
    if not live:
        return
    first, others = live[0], live[1:]
    decisions += [(row[1], "EXCEPTION", "duplicate_agreement") for row in others]
    if any(row[3:6] != first[3:6] for row in others):
        decisions.append((first[1], "EXCEPTION", "duplicate_agreement"))
        return
    verdict = _verdict(first, dues)
    if verdict is not None:
        decisions.append((first[1], *verdict))
        return
    due = dues[0]
    out.append(
        (due[5], first[2], first[1], first[0], first[3], first[7], due[6], first[4],
         _free(first[10], first[11]), first[5] if first[5] != first[4] else None,
         _free(first[12], first[13]) if first[5] != first[4] else 0)
    )  # fmt: skip


def _verdict(agreement: Row, dues: list[Row]) -> tuple[str, str] | None:  # noqa: PLR0911
    if len(dues) != 1:
        return "EXCEPTION", "duplicate_due_record" if dues else "no_due_record"
    _, repay, name, idno, card, _, fen, settled = dues[0]
    if fen is None or fen < 0:
        return "EXCEPTION", "bad_due_record"
    if settled:
        return "SKIPPED", "loan_settled"
    if agreement[10] is None or (agreement[5] is not None and agreement[12] is None):
        return "EXCEPTION", "account_not_found"
    if name != agreement[7] or (card if agreement[9] else idno) != agreement[8]:
        return "EXCEPTION", "identity_mismatch"
    if repay != agreement[3]:
        return "EXCEPTION", "repayment_account_changed"
    if fen == 0:
        return "SKIPPED", "nothing_due"
    if len(name.encode("gb18030")) > NAME_BYTES:
        return "EXCEPTION", "name_not_representable"
    return None


def _free(state: str | None, usable: int | None) -> int:
    return max(0, usable - RETAIN) if state in USABLE and usable is not None else 0


def _keep(book: "sqlite3.Connection", decisions: list[Row], candidates: list[Row]) -> None:
    book.execute("BEGIN IMMEDIATE")
    book.executemany("INSERT INTO decision VALUES (?,?,?)", decisions)
    book.executemany("INSERT INTO candidate VALUES (?,?,?,?,?,?,?,?,?,?,?)", candidates)
    book.execute("COMMIT")
    decisions.clear()
    candidates.clear()


def _share_out(book: "sqlite3.Connection", period: str) -> None:
    """In the order of due date, signing date, number; only accounts asked twice are remembered."""
    taken = dict.fromkeys(
        (row[0] for row in book.execute(
            "SELECT number FROM (SELECT main AS number FROM candidate UNION ALL"
            " SELECT spouse FROM candidate WHERE spouse IS NOT NULL)"
            " GROUP BY number HAVING count(*) > 1")), 0,
    )  # fmt: skip
    ordered = book.cursor().execute("SELECT * FROM candidate ORDER BY due_date, signed, agreement")
    serial = 0
    while chunk := list(islice(ordered, _CHUNK)):
        items, decisions = [], []
        for _, _, number, loan, repay, name, due, main, main_free, spouse, spouse_free in chunk:
            from_main = min(due, main_free - taken.get(main, 0))
            from_spouse = min(due - from_main, spouse_free - taken.get(spouse, 0))
            fen = from_main + from_spouse
            if fen <= 0:
                decisions.append((number, "SKIPPED", "no_balance"))
                continue
            if main in taken:
                taken[main] += from_main
            if spouse in taken:
                taken[spouse] += from_spouse
            serial += 1
            items.append(
                (serial, f"{period}{serial:014d}", number, loan, repay, name, fen, main, from_main,
                 spouse, from_spouse, "planned", "partial" if fen < due else "")
            )  # fmt: skip
        book.execute("BEGIN IMMEDIATE")
        book.executemany("INSERT INTO decision VALUES (?,?,?)", decisions)
        book.executemany("INSERT INTO item VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,'')", items)
        book.execute("COMMIT")
