"""The yardstick's one SQLite file: tables, and the month's CSV files read into them.

Reading the files in is preparation and is not timed: agreements, accounts and the bank's loan
book are there before a month begins.
"""

import csv
import sqlite3
from collections.abc import Collection, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from hub.kernel.identity import comparable_id, normal_name
from hub.kernel.money import parse_yuan
from hub.store import sqlite_library

SCHEMA = """
CREATE TABLE agreement (number TEXT PRIMARY KEY, loan TEXT, repay TEXT, main TEXT, spouse TEXT,
  signed TEXT, in_force INTEGER) WITHOUT ROWID;
CREATE TABLE account (number TEXT PRIMARY KEY, name TEXT, idno TEXT, is_card INTEGER, state TEXT,
  balance INTEGER, frozen INTEGER, held INTEGER DEFAULT 0) WITHOUT ROWID;
CREATE TABLE loan_book (id INTEGER PRIMARY KEY, loan TEXT, dkzh TEXT, hkzh TEXT, name TEXT,
  idno TEXT, due_date TEXT, fen INTEGER, principal INTEGER, interest INTEGER, state TEXT,
  overdue INTEGER, mind TEXT);
CREATE TABLE due (id INTEGER PRIMARY KEY, loan TEXT, repay TEXT, name TEXT, idno TEXT, card TEXT,
  due_date TEXT, fen INTEGER, settled INTEGER);
CREATE TABLE decision (agreement TEXT PRIMARY KEY, outcome TEXT, reason TEXT) WITHOUT ROWID;
CREATE TABLE candidate (due_date TEXT, signed TEXT, agreement TEXT, loan TEXT, repay TEXT,
  name TEXT, fen INTEGER, main TEXT, main_free INTEGER, spouse TEXT, spouse_free INTEGER);
CREATE TABLE item (id INTEGER PRIMARY KEY, number TEXT UNIQUE, agreement TEXT, loan TEXT UNIQUE,
  repay TEXT, name TEXT, fen INTEGER, main TEXT, main_fen INTEGER, spouse TEXT, spouse_fen INTEGER,
  state TEXT, reason TEXT, serial TEXT);
CREATE INDEX item_instructed ON item (id) WHERE state = 'instructed';
CREATE INDEX item_succeeded ON item (id) WHERE state = 'succeeded';
CREATE INDEX item_failed ON item (id) WHERE state = 'failed';
CREATE TABLE batch (number TEXT PRIMARY KEY, first INTEGER, last INTEGER, rows INTEGER,
  fen INTEGER, state TEXT) WITHOUT ROWID;
CREATE TABLE credit (serial INTEGER PRIMARY KEY, number TEXT UNIQUE, account TEXT, name TEXT,
  fen INTEGER, refusal TEXT, mind TEXT, asked INTEGER DEFAULT 0);
CREATE TABLE posting (id INTEGER PRIMARY KEY, number TEXT, account TEXT, fen INTEGER);
CREATE TABLE entry (serial TEXT PRIMARY KEY, number TEXT, fen INTEGER, account TEXT) WITHOUT ROWID;
"""
_PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "cache_size = -65536",
    "wal_autocheckpoint = 20000",  # holds touch accounts all over the file: fewer, longer copies
)
_CHUNK = 10_000


def open_book(path: Path) -> Any:
    """The file, opened as the hub opens its own: same library, WAL, synchronous FULL."""
    connection = sqlite_library().module.connect(str(path), isolation_level=None)
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    return connection


def fill(book: "sqlite3.Connection", data: Path, banks: Collection[str]) -> None:
    """Read these banks' month into an empty file; not timed."""
    book.executescript(SCHEMA)
    _insert(book, "agreement", _agreements(data, banks))
    _insert(book, "account", _accounts(data))
    _insert(book, "loan_book", _loans(data, banks))
    book.execute("CREATE INDEX loan_book_loan ON loan_book (loan)")
    book.execute("ANALYZE")
    book.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _agreements(data: Path, banks: Collection[str]) -> Iterator[tuple[object, ...]]:
    for row in _rows(data / "agreements.csv"):
        if row["YHJC"] in banks:
            yield (
                row["XYBH"], row["JKHTBH"], row["HKZH"], row["JKRGJJZH"],
                row["GTJKRGJJZH"] or None, row["QYRQ"], row["XYZT"] == "1",
            )  # fmt: skip


def _accounts(data: Path) -> Iterator[tuple[object, ...]]:
    for row in _rows(data / "persons.csv"):
        yield (
            row["GRZH"], normal_name(row["XingMing"]), comparable_id(row["ZJHM"], row["ZJLX"]),
            row["ZJLX"] == "01", row["GRZHZT"], parse_yuan(row["GRZHYE"]),
            parse_yuan(row["DJJE"]), 0,
        )  # fmt: skip


def _loans(data: Path, banks: Collection[str]) -> Iterator[tuple[object, ...]]:
    for row in _rows(data / "loans.csv"):
        if row["YHJC"] in banks:
            yield (
                None, row["JKHTBH"], row["DKZH"], row["HKZH"], row["JKRXM"], row["JKRZJH"],
                row["YHRQ"], parse_yuan(row["DQYHJE"]), parse_yuan(row["DQYHBJ"]),
                parse_yuan(row["DQYHLX"]), row["DKZT"], parse_yuan(row["YQJE"]), row["KKJG"],
            )  # fmt: skip


def _insert(book: "sqlite3.Connection", table: str, rows: Iterator[tuple[object, ...]]) -> None:
    while chunk := list(islice(rows, _CHUNK)):
        marks = ",".join("?" * len(chunk[0]))
        book.execute("BEGIN IMMEDIATE")
        book.executemany(f"INSERT INTO {table} VALUES ({marks})", chunk)
        book.execute("COMMIT")
