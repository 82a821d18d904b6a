"""The yardstick: a month's offset at one bank in one process and one SQLite file.

Where a month has several banks, their loans are one bank's here.

The same legs in the same formats as the product (decode the due list, plan, hold, encode and
decode instruction and result, credit, post, encode and decode the statement, match), the same
batch sizes, WAL, synchronous FULL.  No sockets, no bus, no audit, no encryption at rest, no
validation, nobody to approve.  What the bank and the core do is in the same transactions' file,
so it needs no ledger of its own on their side: that is the point of a yardstick.

``python -m benchmarks.offset.yardstick --data DIR --work DIR`` prints its times as JSON.
"""

import argparse
import csv
import json
import resource
import time
from collections import defaultdict
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.offset import wire
from benchmarks.offset.book import fill, open_book
from benchmarks.offset.plan import plan
from hub.kernel.identity import normal_id, normal_id_card, normal_name
from hub.kernel.money import format_yuan

PAGE_ROWS, BATCH_ROWS, COMMAND_ITEMS, INQUIRY_ROWS = 1000, 500, 1000, 100
REFUSED = {"1001": "A1101", "1002": "A1102", "1003": "A1103", "9999": "A1199"}
REASON = {
    "A1101": "account_closed", "A1102": "name_mismatch", "A1103": "loan_settled",
    "A1199": "bank_error",
}  # fmt: skip
_CHARGE = """
WITH taken AS (SELECT number, SUM(fen) AS fen FROM (
    SELECT main AS number, main_fen AS fen FROM item WHERE {which} UNION ALL
    SELECT spouse, spouse_fen FROM item WHERE {which} AND spouse IS NOT NULL) GROUP BY number)
UPDATE account SET {change} FROM taken WHERE taken.number = account.number
"""
Row = tuple[Any, ...]


class Yardstick:
    """One month at one bank; ``legs`` holds the seconds of each leg."""

    def __init__(self, work: Path, data: Path, banks: Collection[str]) -> None:
        self._book = open_book(work / "yardstick.sqlite")
        self.legs: dict[str, float] = defaultdict(float)
        fill(self._book, data, banks)

    def run(self) -> None:
        """The whole month, leg by leg; raises when the ledgers disagree at its end."""
        self._dues()
        with self._leg("plan"):
            plan(self._book, "202510")
        self._hold()
        for first, last in self._ranges(BATCH_ROWS):
            self._batch(first, last)
        self._inquire()
        self._statement()
        self._match()

    @contextmanager
    def _leg(self, name: str) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        self.legs[name] += time.perf_counter() - begun

    @contextmanager
    def _write(self) -> Iterator[None]:
        self._book.execute("BEGIN IMMEDIATE")
        yield
        self._book.execute("COMMIT")

    def _ranges(self, size: int) -> Iterator[tuple[int, int]]:
        """First and last id of each run of ``size`` items."""
        (last,) = self._book.execute("SELECT COALESCE(MAX(id), 0) FROM item").fetchone()
        for first in range(1, last + 1, size):
            yield first, min(first + size - 1, last)

    def _pages(self, query: str) -> Iterator[list[Row]]:
        """Pages by key (the last column): an open cursor would keep the WAL from shrinking."""
        last = 0
        while chunk := self._book.execute(f"{query} LIMIT {PAGE_ROWS}", (last,)).fetchall():
            yield chunk
            last = chunk[-1][-1]

    def _dues(self) -> None:
        """The bank writes its pages untimed; decoding and keeping them is ours."""
        columns = "loan, dkzh, hkzh, name, idno, due_date, fen, principal, interest, state, overdue"
        total, fen = self._book.execute("SELECT count(*), sum(fen) FROM loan_book").fetchone()
        for chunk in self._pages(f"SELECT {columns}, id FROM loan_book WHERE id > ? ORDER BY id"):
            page = wire.due_page(chunk, total, fen, "more")
            with self._leg("decode due list"):
                kept = [_due(row) for row in wire.read_due_page(page)]
                with self._write():
                    self._book.executemany("INSERT INTO due VALUES (NULL,?,?,?,?,?,?,?,?)", kept)

    def _hold(self) -> None:
        """Takes all payers of a thousand items at once; balance and state are checked again."""
        with self._leg("hold"):
            for first, last in self._ranges(COMMAND_ITEMS):
                which = f"id BETWEEN {first} AND {last}"
                with self._write():
                    self._book.execute(
                        _CHARGE.format(which=which, change="held = held + taken.fen")
                    )
                    short = self._book.execute(
                        "SELECT count(*) FROM account JOIN item ON account.number"
                        f" IN (item.main, item.spouse) WHERE item.{which} AND (account.held >"
                        " account.balance - account.frozen OR account.state NOT IN ('01', '02'))"
                        " AND account.held > 0"
                    ).fetchone()[0]
                    if short:
                        raise RuntimeError(f"{short} accounts changed between plan and hold")
                    self._book.execute(f"UPDATE item SET state = 'held' WHERE {which}")

    def _batch(self, first: int, last: int) -> None:
        """One batch: stored, written, credited by the bank, answered, read, posted."""
        number = f"202510{first:014d}"
        with self._leg("encode instruction"):
            rows = self._book.execute(
                "SELECT number, repay, name, fen, loan FROM item WHERE id BETWEEN ? AND ?"
                " ORDER BY id", (first, last)
            ).fetchall()  # fmt: skip
            with self._write():
                self._book.execute(
                    "INSERT INTO batch VALUES (?,?,?,?,?,'sent')",
                    (number, first, last, len(rows), sum(row[3] for row in rows)),
                )
                self._book.execute(
                    "UPDATE item SET state = 'instructed' WHERE id BETWEEN ? AND ?", (first, last)
                )
            request = wire.instruction(number, rows)
        with self._leg("decode instruction"):
            orders = wire.read_instruction(request)
        with self._leg("credit"):
            said = self._credit(orders)
        with self._leg("encode result"):
            reply = wire.results(number, said)
        with self._leg("decode result"):
            found = {row[0]: row for row in wire.read_results(reply)}
        with self._leg("post"):
            self._apply(list(found.values()))

    def _credit(self, orders: list[Row]) -> list[tuple[str, str, str, int, str, str]]:
        """The bank's side: one credit per number for ever, and what it says of each."""
        book, said = self._book, []
        minds = dict(_among(book, "SELECT loan, mind FROM loan_book WHERE loan", orders, 4))
        rows = [
            (number, account, name, fen, REFUSED.get(minds[loan], ""), minds[loan])
            for number, account, name, fen, loan in orders
        ]
        with self._write():
            book.executemany(
                "INSERT OR IGNORE INTO credit (number, account, name, fen, refusal, mind)"
                " VALUES (?,?,?,?,?,?)", rows,
            )  # fmt: skip
        serials = dict(_among(book, "SELECT number, serial FROM credit WHERE number", orders, 0))
        for number, account, _, fen, refusal, code in rows:
            result = "6" if refusal else "9" if code == "LATE" else "7"
            row = (number, str(serials[number]), account, fen, result, refusal)
            said += [] if code == "LOST" else [row, row] if code == "TWICE" else [row]
        return said

    def _apply(self, found: list[tuple[str, str, int, str, str]]) -> None:
        """Results into the items; posts what was credited, releases what was refused for good."""
        book = self._book
        done = [(serial, number) for number, serial, _, result, _ in found if result == "7"]
        refused = [(REASON[code], number) for number, _, _, result, code in found if result == "6"]
        with self._write():
            book.executemany(
                "UPDATE item SET state = 'succeeded', serial = ? WHERE number = ?", done
            )
            book.executemany(
                "UPDATE item SET state = 'failed', reason = ? WHERE number = ?", refused
            )
            book.execute(
                _CHARGE.format(
                    which="state = 'succeeded'",
                    change="balance = balance - taken.fen, held = held - taken.fen",
                )
            )
            book.execute(
                "INSERT INTO posting (number, account, fen) SELECT number, main, main_fen FROM item"
                " WHERE state = 'succeeded' AND main_fen > 0 UNION ALL SELECT number, spouse,"
                " spouse_fen FROM item WHERE state = 'succeeded' AND spouse_fen > 0"
            )
            book.execute("UPDATE item SET state = 'posted' WHERE state = 'succeeded'")
            book.execute(_CHARGE.format(which="state = 'failed'", change="held = held - taken.fen"))
            book.execute("UPDATE item SET state = 'released' WHERE state = 'failed'")

    def _inquire(self) -> None:
        """Asks for every instruction without a final result, until each has one."""
        with self._leg("inquire"):
            while open_items := self._book.execute(
                "SELECT number FROM item WHERE state = 'instructed' ORDER BY id"
            ).fetchall():
                numbers = [row[0] for row in open_items]
                for start in range(0, len(numbers), INQUIRY_ROWS):
                    request = wire.inquiry(str(start + 1), numbers[start : start + INQUIRY_ROWS])
                    reply = wire.inquiry_answer("1", self._look_up(wire.read_inquiry(request)))
                    self._apply(wire.read_inquiry_answer(reply))

    def _look_up(self, numbers: list[str]) -> list[tuple[str, str, str, int, str, str]]:
        said = []
        with self._write():
            for number in numbers:
                serial, account, fen, refusal, mind, asked = self._book.execute(
                    "SELECT serial, account, fen, refusal, mind, asked FROM credit"
                    " WHERE number = ?", (number,)
                ).fetchone()  # fmt: skip
                self._book.execute(
                    "UPDATE credit SET asked = asked + 1 WHERE serial = ?", (serial,)
                )
                result = "9" if mind == "LATE" and not asked else "6" if refusal else "7"
                said.append((number, str(serial), account, fen, result, refusal))
        return said

    def _statement(self) -> None:
        pages = self._pages(
            "SELECT CAST(serial AS TEXT), number, account, name, fen, serial FROM credit"
            " WHERE refusal = '' AND serial > ? ORDER BY serial"
        )
        for chunk in pages:
            with self._leg("encode statement"):
                page = wire.statement_page([row[:5] for row in chunk], "more")
            with self._leg("decode statement"):
                entries = wire.read_statement_page(page)
                with self._write():
                    self._book.executemany("INSERT INTO entry VALUES (?,?,?,?)", entries)

    def _match(self) -> None:
        """Hub, bank and core, item by item: the same number, amount and account everywhere."""
        with self._leg("match"):
            self._book.execute("CREATE INDEX entry_number ON entry (number)")
            self._book.execute("CREATE INDEX posting_number ON posting (number)")
            for first, last in self._ranges(COMMAND_ITEMS * 5):
                with self._write():
                    self._book.execute(
                        "UPDATE item SET state = 'reconciled' WHERE id BETWEEN ? AND ?"
                        " AND state = 'posted' AND fen = (SELECT SUM(fen) FROM posting p"
                        " WHERE p.number = item.number) AND 1 = (SELECT count(*) FROM entry e"
                        " WHERE e.number = item.number AND e.fen = item.fen"
                        " AND e.account = item.repay)", (first, last),
                    )  # fmt: skip
            self._check()

    def _check(self) -> None:
        left, held, credited, posted = self._book.execute(
            "SELECT (SELECT count(*) FROM item WHERE state NOT IN ('reconciled', 'released')),"
            " (SELECT COALESCE(SUM(held), 0) FROM account), (SELECT COALESCE(SUM(fen), 0) FROM"
            " entry), (SELECT COALESCE(SUM(fen), 0) FROM posting)"
        ).fetchone()
        if left or held or credited != posted:
            raise RuntimeError(f"not closed: {left} open, {held} held, {credited} ≠ {posted}")

    def outcomes(self) -> Iterator[list[str]]:
        """Rows as of outcomes.csv without the bank: XYBH, outcome, reason, amount, main, spouse."""
        yield from (
            [*row, "0.00", "0.00", "0.00"] for row in self._book.execute("SELECT * FROM decision")
        )
        query = "SELECT agreement, state, reason, fen, main_fen, spouse_fen FROM item"
        for number, state, reason, *amounts in self._book.execute(query):
            outcome = "SUCCEEDED" if state == "reconciled" else "FAILED"
            yield [number, outcome, reason, *map(format_yuan, amounts)]


def _among(book: Any, query: str, rows: list[Row], place: int) -> Any:
    """``query`` for the values at one place of the rows."""
    marks = ",".join("?" * len(rows))
    return book.execute(f"{query} IN ({marks})", [row[place] for row in rows])


def _due(row: wire.Texts) -> Row:
    loan, _, repay, name, idno, due_date, fen, _, _, state, _ = row
    document = idno or ""
    return (
        loan, repay, normal_name(name or ""), normal_id(document), normal_id_card(document),
        due_date, int(fen or "0"), state == "2",
    )  # fmt: skip


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True, help="an empty folder")
    parser.add_argument("--banks", default="ICBC", help="ICBC,CCB,…")
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    yardstick = Yardstick(given.work, given.data, given.banks.split(","))
    yardstick.run()
    with (given.work / "outcomes.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["XYBH", "outcome", "reason", "amount", "main", "spouse"])
        writer.writerows(sorted(yardstick.outcomes()))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    seconds = sum(yardstick.legs.values())
    print(json.dumps({"seconds": seconds, "legs": yardstick.legs, "peak_mib": peak}))


if __name__ == "__main__":
    main()
