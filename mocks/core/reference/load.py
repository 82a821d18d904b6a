"""Loads persons.csv and units.csv: everyone's account before the run.

Amounts in the files are yuan with up to two decimals; here they become integer 分.
"""

import csv
import hashlib
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from mocks.core.reference.storage import Books
from mocks.kit.guard import MockRefusal

PERSON_COLUMNS = (
    "GRZH", "DWZH", "XingMing", "ZJLX", "ZJHM", "SJHM", "GRZHZT", "GRJCJS", "GRYJCE", "DWYJCE",
    "GRZHYE", "DJJE", "KHRQ", "JZNY",
)  # fmt: skip
UNIT_COLUMNS = (
    "DWZH", "DWMC", "TYSHXYDM", "DWDZ", "DWFRDBXM", "DWFRDBZJHM", "DWZHZT", "DWJCBL", "GRJCBL",
    "JZNY",
)  # fmt: skip
_MONEY = {"GRJCJS", "GRYJCE", "DWYJCE", "GRZHYE", "DJJE"}
_YUAN = re.compile(r"([0-9]{1,14})(?:\.([0-9]{1,2}))?")
_CENTS, _LONGEST = 2, 16
_CHUNK = 20_000
_MUST = ("units.csv", "persons.csv")
MORE_FILES = (
    "unit_accounts.csv", "contributions.csv", "arrears.csv", "penalties.csv", "unit_marks.csv",
    "fund_loans.csv", "business_entries.csv", "settlements.csv", "bank_accounts.csv",
    "service_days.csv",
)  # fmt: skip
"""What the registry reads beside them; they may be missing."""
_PERSON_SQL = (
    "INSERT INTO persons (grzh, dwzh, xingming, zjlx, zjhm, sjhm, grzhzt, grjcjs, gryjce, dwyjce,"
    " balance, frozen, khrq, jzny, seq, changed_us) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
)
_UNIT_SQL = (
    "INSERT INTO units (dwzh, dwmc, tyshxydm, dwdz, dwfrdbxm, dwfrdbzjhm, dwzhzt, dwjcbl, grjcbl,"
    " jzny, seq, changed_us) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)"
)


def yuan_to_fen(text: str) -> int:
    """``46306.41`` → 4630641; ValueError for anything but yuan with up to two decimals."""
    whole, _, cents = text.partition(".")
    plain = whole + cents
    fits = len(cents) == _CENTS and _CENTS < len(plain) <= _LONGEST
    if fits and plain.isascii() and plain.isdigit():  # as nearly all are: half the time
        return int(plain)
    found = _YUAN.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"不是以元为单位的金额：{text[:24]!r}")
    return int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))


def digest(folder: Path) -> str:
    """Which data this is: SHA-256 over both files, and over the registry's where they are."""
    total = hashlib.sha256()
    for name in (*_MUST, *MORE_FILES):
        path = folder / name
        if not path.is_file():
            if name in MORE_FILES:
                continue
            raise MockRefusal(f"核心挡板缺数据文件 {name}（在 --data 目录里）")
        with path.open("rb") as opened:
            total.update(hashlib.file_digest(opened, "sha256").digest())
    return total.hexdigest()


def load(books: Books, folder: Path, now_us: int) -> None:
    """Fill empty tables from the files, inside the caller's transaction.

    Every record takes a registry change number, so a copy can start from change 0.
    """
    for name, columns, sql in (
        ("units.csv", UNIT_COLUMNS, _UNIT_SQL),
        ("persons.csv", PERSON_COLUMNS, _PERSON_SQL),
    ):
        rows = _rows(folder / name, columns)
        while chunk := list(islice(rows, _CHUNK)):
            first = books.take_sequence(len(chunk))
            books.storage.run_many(
                sql, [(*row, first + place, now_us) for place, row in enumerate(chunk)]
            )


def _rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[str | int, ...]]:
    with path.open(encoding="utf-8-sig", newline="") as opened:
        reader = csv.reader(opened)
        header = next(reader, [])
        missing = [name for name in columns if name not in header]
        if missing:
            raise MockRefusal(f"{path.name} 缺列：{'、'.join(missing)}")
        places = [header.index(name) for name in columns]
        money = [name in _MONEY for name in columns]
        seen: set[str] = set()
        for row in reader:
            try:
                values = tuple(
                    yuan_to_fen(row[place]) if is_money else row[place]
                    for place, is_money in zip(places, money, strict=True)
                )
            except (ValueError, IndexError) as error:
                raise MockRefusal(f"{path.name} 第 {reader.line_num} 行：{error}") from error
            key = str(values[0])
            if key in seen:
                raise MockRefusal(f"{path.name} 第 {reader.line_num} 行：{columns[0]} {key} 重复")
            seen.add(key)
            yield values
