"""What the core tells for supervision beside the registry proper: loans, business entries, bank
settlements, the centre's own bank accounts and the service platform's daily counts.

Source: contracts_spec/core/registry README §5.2, kinds DK YW JS ZH FW (1.1.0).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FigureTable:
    """One kind: its file, its table, its columns in the wire's order.

    ``key``: the columns of JLBH; ``money`` columns are yuan in the file and go out as ``…FEN``.
    """

    kind: str
    table: str
    columns: Sequence[str]
    key: Sequence[str]
    money: frozenset[str] = frozenset()

    @property
    def wire(self) -> Sequence[str]:
        """Names as the feed has them."""
        return [f"{name}FEN" if name in self.money else name for name in self.columns]

    @property
    def places(self) -> Mapping[str, str]:
        """File column → table column."""
        return {name: name.lower() for name in self.columns}

    @property
    def create(self) -> str:
        """Its DDL."""
        columns = ", ".join(
            f"{name.lower()} {'INTEGER' if name in self.money else 'TEXT'} NOT NULL"
            for name in self.columns
        )
        key = ", ".join(name.lower() for name in self.key)
        return (
            f"CREATE TABLE IF NOT EXISTS {self.table} ({columns}, seq INTEGER NOT NULL,"
            f" changed_us INTEGER NOT NULL, PRIMARY KEY ({key})) WITHOUT ROWID;\n"
            f"CREATE INDEX IF NOT EXISTS {self.table}_seq ON {self.table} (seq);\n"
        )

    @property
    def select(self) -> str:
        """What the feed reads: seq, changed_us, JLBH, then the fields."""
        key = " || '-' || ".join(name.lower() for name in self.key)
        names = ", ".join(name.lower() for name in self.columns)
        return f"SELECT seq, changed_us, {key}, {names} FROM {self.table}"


FIGURES: Mapping[str, FigureTable] = {
    "fund_loans.csv": FigureTable(
        "DK", "fund_loans",
        ("JKHTBH", "JKRGJJZH", "DWZH", "JGBM", "JKRXM", "JKRZJH", "DKDBLX", "DKHKFS", "DKFFE",
         "DKFFRQ", "DKYE", "DQJHHKJE", "DKFXDJ", "DQYQQS", "LJYQQS", "YQBJZE", "YQLXZE", "YQKSRQ",
         "FWXZ", "FWZL", "SPRXM", "DYSLRQ", "DYBJRQ"),
        ("JKHTBH",), frozenset({"DKFFE", "DKYE", "DQJHHKJE", "YQBJZE", "YQLXZE"}),
    ),
    "business_entries.csv": FigureTable(
        "YW", "business_entries",
        ("YWLSH", "YWFL", "YWLX", "TQYY", "JZRQ", "FSE", "BJE", "LXE", "BLQD", "DWZH", "JGBM",
         "CZBZ"),
        ("YWLSH",), frozenset({"FSE", "BJE", "LXE"}),
    ),
    "settlements.csv": FigureTable(
        "JS", "settlements",
        ("YWLSH", "ZJYWLX", "SZFX", "FSE", "JSFSRQ", "JSFSSJ", "JSYHDM", "FKZHHM", "FKZHMC",
         "FKYHDM", "SKZHHM", "SKZHMC", "SKYHDM", "ZhaiYao", "BLQD", "JGBM", "SQRXM", "SPRXM"),
        ("YWLSH",), frozenset({"FSE"}),
    ),
    "bank_accounts.csv": FigureTable(
        "ZH", "bank_accounts", ("YHZH", "YHDM", "YHMC", "ZHXZ", "ZHLX", "YE"), ("YHZH",),
        frozenset({"YE"}),
    ),
    "service_days.csv": FigureTable(
        "FW", "service_days", ("RQ", "FWLB", "FL", "FLMC", "SL"), ("RQ", "FWLB", "FL")
    ),
}  # fmt: skip
SCHEMA = "".join(one.create for one in FIGURES.values()) + (
    "CREATE TABLE IF NOT EXISTS unit_marks (dwzh TEXT PRIMARY KEY, jgbm TEXT NOT NULL,"
    " dwjjlx TEXT NOT NULL, dwsshy TEXT NOT NULL) WITHOUT ROWID;\n"
)
