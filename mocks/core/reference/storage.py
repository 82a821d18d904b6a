"""The core mock's tables, and the number every registry change takes.

One SQLite file on the kit's storage (WAL, synchronous FULL): an answer leaves only after its
transaction is on disk, so ``kill -9`` at any moment leaves a whole bulk command or none of it.
"""

from mocks.kit.storage import Notes, Storage

SCHEMA = """
CREATE TABLE IF NOT EXISTS persons (
    grzh TEXT PRIMARY KEY, dwzh TEXT NOT NULL, xingming TEXT NOT NULL, zjlx TEXT NOT NULL,
    zjhm TEXT NOT NULL, sjhm TEXT NOT NULL, grzhzt TEXT NOT NULL, grjcjs INTEGER NOT NULL,
    gryjce INTEGER NOT NULL, dwyjce INTEGER NOT NULL, balance INTEGER NOT NULL,
    frozen INTEGER NOT NULL, khrq TEXT NOT NULL, jzny TEXT NOT NULL,
    held INTEGER NOT NULL DEFAULT 0, open_case INTEGER NOT NULL DEFAULT 0,
    seq INTEGER NOT NULL, changed_us INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS units (
    dwzh TEXT PRIMARY KEY, dwmc TEXT NOT NULL, tyshxydm TEXT NOT NULL, dwdz TEXT NOT NULL,
    dwfrdbxm TEXT NOT NULL, dwfrdbzjhm TEXT NOT NULL, dwzhzt TEXT NOT NULL,
    dwjcbl TEXT NOT NULL, grjcbl TEXT NOT NULL, jzny TEXT NOT NULL,
    seq INTEGER NOT NULL, changed_us INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS items (
    id INTEGER PRIMARY KEY AUTOINCREMENT, number TEXT NOT NULL UNIQUE, period TEXT NOT NULL,
    bank TEXT NOT NULL, agreement TEXT NOT NULL, payers TEXT NOT NULL, total INTEGER NOT NULL,
    state TEXT NOT NULL, refusal TEXT NOT NULL DEFAULT '0000'
);
CREATE INDEX IF NOT EXISTS items_held ON items (period, bank, id) WHERE state = '01';
CREATE TABLE IF NOT EXISTS postings (
    serial INTEGER PRIMARY KEY AUTOINCREMENT, number TEXT NOT NULL, grzh TEXT NOT NULL,
    amount INTEGER NOT NULL, czbz TEXT NOT NULL, booked_on TEXT NOT NULL, bank TEXT NOT NULL,
    period TEXT NOT NULL, planted INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS postings_of ON postings (period, bank, serial);
CREATE UNIQUE INDEX IF NOT EXISTS postings_once ON postings (number, grzh, czbz)
    WHERE planted = 0;
CREATE INDEX IF NOT EXISTS persons_seq ON persons (seq);
CREATE INDEX IF NOT EXISTS units_seq ON units (seq);
"""

_SEQUENCE = "registry_sequence"
_ACCOUNTING_DAY = "accounting_day"


class Books:
    """The storage with the core's tables and its few named values."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        storage.script(SCHEMA)
        self.notes = Notes(storage)

    def last_sequence(self) -> int:
        """The newest registry change number; 0 before anything was loaded."""
        return int(self.notes.get(_SEQUENCE) or "0")

    def take_sequence(self, count: int) -> int:
        """Reserve ``count`` change numbers inside the open transaction; answers the first."""
        last = self.last_sequence()
        self.notes.put(_SEQUENCE, str(last + count))
        return last + 1

    def accounting_day(self) -> str:
        """YYYYMMDD the books are open from; empty: every day asked for is booked as asked."""
        return self.notes.get(_ACCOUNTING_DAY) or ""

    def set_accounting_day(self, day: str) -> None:
        """Close the books before ``day``: later bookings for earlier days get this date."""
        self.notes.put(_ACCOUNTING_DAY, day)

    def clear(self) -> None:
        """Forget everything (control plane: reset)."""
        with self.storage.write():
            for table in ("persons", "units", "items", "postings", "note"):
                self.storage.run(f"DELETE FROM {table}")
