"""The registry's own tables, beside persons and units in the same file."""

from mocks.core.reference.storage import Books
from mocks.core.registry import figures

SCHEMA = """
CREATE TABLE IF NOT EXISTS unit_accounts (
    dwzh TEXT PRIMARY KEY, dwfrdbzjlx TEXT NOT NULL DEFAULT '01', dwyb TEXT NOT NULL DEFAULT '',
    dwdzxx TEXT NOT NULL DEFAULT '', jbrxm TEXT NOT NULL DEFAULT '',
    jbrsjhm TEXT NOT NULL DEFAULT '', dwkhrq TEXT NOT NULL DEFAULT '',
    dwxhrq TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS contributions (
    dwzh TEXT NOT NULL, hjny TEXT NOT NULL, yjrs INTEGER NOT NULL, sjrs INTEGER NOT NULL,
    yjje INTEGER NOT NULL, sjje INTEGER NOT NULL, jzrq TEXT NOT NULL,
    seq INTEGER NOT NULL, changed_us INTEGER NOT NULL, PRIMARY KEY (dwzh, hjny)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS contributions_seq ON contributions (seq);
CREATE TABLE IF NOT EXISTS arrears (
    qjbh TEXT PRIMARY KEY, dwzh TEXT NOT NULL, qsny TEXT NOT NULL, zzny TEXT NOT NULL,
    qjys INTEGER NOT NULL, qjje INTEGER NOT NULL, qjzt TEXT NOT NULL,
    seq INTEGER NOT NULL, changed_us INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS penalties (
    cfbh TEXT PRIMARY KEY, dwzh TEXT NOT NULL, cflx TEXT NOT NULL, wsh TEXT NOT NULL,
    jdrq TEXT NOT NULL, sy TEXT NOT NULL, je INTEGER NOT NULL, cfzt TEXT NOT NULL,
    seq INTEGER NOT NULL, changed_us INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS applications (
    id INTEGER PRIMARY KEY AUTOINCREMENT, sqbh TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
    content TEXT NOT NULL, grzh TEXT NOT NULL, state TEXT NOT NULL, code TEXT NOT NULL,
    told TEXT NOT NULL, looks INTEGER NOT NULL DEFAULT 0, looked_us INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS closed_on (grzh TEXT PRIMARY KEY, xhrq TEXT NOT NULL) WITHOUT ROWID;
"""
TABLES = (
    "unit_accounts", "contributions", "arrears", "penalties", "applications", "closed_on",
    "unit_marks", *(one.table for one in figures.FIGURES.values()),
)  # fmt: skip
_LATE = """
CREATE INDEX IF NOT EXISTS persons_unit ON persons (dwzh);
CREATE INDEX IF NOT EXISTS persons_paper ON persons (zjhm);
CREATE INDEX IF NOT EXISTS units_uscc ON units (tyshxydm);
"""


class Register:
    """The books with the registry's tables."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self.storage = books.storage
        self._ready = False
        books.storage.script(SCHEMA + figures.SCHEMA)

    def ready(self) -> None:
        """Indexes only the registry needs, made at its first call: a month's offset over a
        million accounts must not pay for them."""
        if not self._ready:
            self.storage.script(_LATE)
            self._ready = True

    def clear(self) -> None:
        """Forget everything (inside the caller's transaction)."""
        for table in TABLES:
            self.storage.run(f"DELETE FROM {table}")
