"""The loan book: the bank's rows of loans.csv, due lists from it, and each row's KKJG."""

import csv
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

from mocks.kit.guard import MockRefusal
from mocks.kit.partner import Site
from mocks.kit.storage import Row, Storage

_COLUMNS = (
    "JKHTBH", "DKZH", "HKZH", "JKRXM", "JKRZJH", "YHRQ", "DQYHJE", "DQYHBJ", "DQYHLX",
    "DKZT", "YQJE", "KKJG",
)  # fmt: skip
_AMOUNTS = {"DQYHJE", "DQYHBJ", "DQYHLX", "YQJE"}
_DDL = """
CREATE TABLE IF NOT EXISTS loan(
  id INTEGER PRIMARY KEY, JKHTBH TEXT NOT NULL, DKZH TEXT NOT NULL, HKZH TEXT NOT NULL,
  JKRXM TEXT NOT NULL, JKRZJH TEXT NOT NULL, YHRQ TEXT NOT NULL, DQYHJE TEXT NOT NULL,
  DQYHBJ TEXT NOT NULL, DQYHLX TEXT NOT NULL, DKZT TEXT NOT NULL, YQJE TEXT NOT NULL,
  KKJG TEXT NOT NULL, loaded_KKJG TEXT NOT NULL, month TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS due_list(
  month TEXT PRIMARY KEY, version TEXT NOT NULL, rows INTEGER NOT NULL, fen INTEGER NOT NULL);
"""
_INDEXES = """
CREATE INDEX IF NOT EXISTS loan_contract ON loan(JKHTBH);
CREATE INDEX IF NOT EXISTS loan_month ON loan(month, id);
"""
DUE_FIELDS = (
    "JKHTBH", "DKZH", "HKZH", "JKRXM", "JKRZJH", "YHRQ", "DQYHJE", "DQYHBJ", "DQYHLX",
    "DKZT", "YQJE",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Loan:
    """One row of the book; ``mind`` is its KKJG, which never goes on the wire."""

    contract: str
    account: str
    name: str
    id_number: str
    state: str
    mind: str


@dataclass(frozen=True, slots=True)
class DueList:
    """A month's list as a whole: ``fen`` is the sum of what is readable, negatives as they are."""

    month: str
    version: str
    rows: int
    fen: int


class LoanBook:
    """The bank's loans, in SQLite; loaded once, in one transaction."""

    def __init__(self, site: Site, bank: str) -> None:
        """``bank`` is the YHJC whose rows are this book's."""
        self._bank = bank
        self._storage: Storage = site.storage
        self._storage.script(_DDL)
        self._load(site)
        self._storage.script(_INDEXES)

    def find(self, contracts: Sequence[str]) -> Mapping[str, list[Loan]]:
        """Loan contract → its rows (two when the list has it twice), in the book's order."""
        found: dict[str, list[Loan]] = {}
        for start in range(0, len(contracts), 500):
            part = contracts[start : start + 500]
            marks = ",".join("?" * len(part))
            for row in self._storage.rows(
                "SELECT JKHTBH,HKZH,JKRXM,JKRZJH,DKZT,KKJG FROM loan "
                f"WHERE JKHTBH IN ({marks}) ORDER BY id",
                part,
            ):
                found.setdefault(row[0], []).append(Loan(*row))
        return found

    def due_list(self, month: str) -> DueList:
        """The list of a month; one without loans is empty."""
        row = self._storage.row(
            "SELECT month,version,rows,fen FROM due_list WHERE month=?", (month,)
        )
        return DueList(month, f"{month}-0", 0, 0) if row is None else DueList(*row)

    def due_rows(self, month: str, after: int, limit: int) -> list[Row]:
        """Rows (id, then DUE_FIELDS) with id > ``after``; amounts are texts in 分."""
        return self._storage.rows(
            f"SELECT id,{','.join(DUE_FIELDS)} FROM loan WHERE month=? AND id>? "
            "ORDER BY id LIMIT ?",
            (month, after, limit),
        )

    def nth_due(self, month: str, skip: int, limit: int) -> list[Row]:
        """Rows as ``due_rows`` gives them, after the first ``skip``."""
        return self._storage.rows(
            f"SELECT id,{','.join(DUE_FIELDS)} FROM loan WHERE month=? "
            "ORDER BY id LIMIT ? OFFSET ?",
            (month, limit, skip),
        )

    def set_mind(self, contract: str, mind: str) -> int:
        """Change KKJG of a loan's rows; how many there are."""
        return self._storage.run("UPDATE loan SET KKJG=? WHERE JKHTBH=?", (mind, contract))

    def reset(self) -> None:
        """Every KKJG back to the file's."""
        self._storage.run("UPDATE loan SET KKJG=loaded_KKJG WHERE KKJG<>loaded_KKJG")

    def _load(self, site: Site) -> None:
        stood = site.loaded_digest
        if site.data is None:
            if stood is None:
                raise MockRefusal(
                    f"{self._bank} 挡板还没有数据：请用 --data 指明 loans.csv 所在目录。"
                )
            return
        path = site.data / "loans.csv"
        if not path.is_file():
            raise MockRefusal(f"{path} 不存在：{self._bank} 挡板要读 loans.csv。")
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if stood == digest:
            return
        if stood is not None:
            raise MockRefusal(
                f"{site.state} 是用别的 loans.csv 建的；请换 --state，或用原来的数据。"
            )
        marks = ",".join("?" * (len(_COLUMNS) + 2))
        names = ",".join(_COLUMNS)
        with self._storage.write() as storage:
            storage.run_many(
                f"INSERT INTO loan({names},loaded_KKJG,month) VALUES({marks})",
                _rows(path, self._bank),
            )
            storage.run(
                "INSERT INTO due_list(month,version,rows,fen) SELECT month, month||'-'||?, "
                "COUNT(*), SUM(CASE WHEN DQYHJE GLOB '*[^-0-9]*' THEN 0 "
                "ELSE CAST(DQYHJE AS INTEGER) END) FROM loan GROUP BY month",
                (digest[:8],),
            )
            site.loaded(digest)


def _rows(path: Path, bank_code: str) -> Iterator[tuple[str, ...]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = csv.reader(file)
        head = next(lines, [])
        missing = [name for name in ("YHJC", *_COLUMNS) if name not in head]
        if missing:
            raise MockRefusal(f"{path} 缺少列：{'、'.join(missing)}")
        bank = head.index("YHJC")
        places = [(head.index(name), name in _AMOUNTS) for name in _COLUMNS]
        due = head.index("YHRQ")
        for line in lines:
            if len(line) != len(head):
                raise MockRefusal(
                    f"{path} 第 {lines.line_num} 行有 {len(line)} 列，应为 {len(head)}"
                )
            if line[bank] == bank_code:
                cells = [fen_text(line[at]) if money else line[at] for at, money in places]
                yield (*cells, cells[-1], line[due][:6])


_PLAIN = re.compile(r"[0-9]+\.[0-9]{2}")


def fen_text(yuan: str) -> str:
    """Yuan as the wire's text in 分; what cannot be read goes out as it stands."""
    if _PLAIN.fullmatch(yuan) is not None:  # as nearly all are: a third of a Decimal's time
        return str(int(yuan.replace(".", "")))
    try:
        fen = Decimal(yuan.strip()) * 100
        return str(int(fen)) if fen == int(fen) else yuan
    except (InvalidOperation, ValueError, OverflowError):
        return yuan
