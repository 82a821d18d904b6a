"""The paying account: its balance, its entries, what comes back and when.

An entry's ``serial`` is the bank's unique number.  A credit and the
instruction it belongs to are written in one transaction, before any answer leaves.
"""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from mocks.kit.bank.banking_days import banking_day_after
from mocks.kit.clock import MockClock
from mocks.kit.partner import ControlError
from mocks.kit.storage import Notes, Row, Storage

CREDIT, RETURN, REVERSAL, OTHER = "credit", "return", "reversal", "other"
SHAPES = {"退票": RETURN, "冲正": REVERSAL, "return": RETURN, "reversal": REVERSAL}
OUT, IN = "out", "in"
OPENING_FEN = 5_000_000_000_000
"""What the paying account holds at first: 500 亿元, enough for a province's month."""

_DDL = """
CREATE TABLE IF NOT EXISTS entry(
  id INTEGER PRIMARY KEY, day TEXT NOT NULL, time TEXT NOT NULL, kind TEXT NOT NULL,
  side TEXT NOT NULL, fen INTEGER NOT NULL, number TEXT NOT NULL, batch TEXT NOT NULL,
  loan TEXT NOT NULL, account TEXT NOT NULL, name TEXT NOT NULL, postscript TEXT NOT NULL,
  summary TEXT NOT NULL, purpose TEXT NOT NULL, serial TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS entry_day ON entry(day, id);
CREATE INDEX IF NOT EXISTS entry_number ON entry(number);
CREATE TABLE IF NOT EXISTS coming_back(
  id INTEGER PRIMARY KEY, number TEXT NOT NULL, day TEXT NOT NULL, kind TEXT NOT NULL,
  with_number INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS coming_back_day ON coming_back(day);
CREATE TABLE IF NOT EXISTS account(one INTEGER PRIMARY KEY CHECK(one=1), fen INTEGER NOT NULL);
"""
_COLUMNS = "day,time,kind,side,fen,number,batch,loan,account,name,postscript,summary,purpose,serial"
_EXPORT = (
    "number",
    "batch",
    "JKHTBH",
    "HKZH",
    "amount_fen",
    "booked_on",
    "serial",
    "kind",
    "times",
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the account; ``fen`` is negative only in a red reversal (冲正红字)."""

    kind: str
    side: str
    fen: int
    number: str
    batch: str
    loan: str
    account: str
    name: str
    postscript: str
    summary: str
    purpose: str


@dataclass(frozen=True, slots=True)
class Coming:
    """Money of ``number`` that comes back on ``day``, as 退票 or 冲正."""

    number: str
    day: date
    kind: str
    with_number: bool = True


class Ledger:
    """Entries and balance.  ``_next`` is the id of the next entry: one writer, so it is sure."""

    def __init__(self, storage: Storage, clock: MockClock, serial: str) -> None:
        """``serial`` is a format of ``day`` (yyyyMMdd) and ``place``: how this bank numbers."""
        self._storage = storage
        self._clock = clock
        self._serial = serial
        storage.script(_DDL)
        storage.run("INSERT OR IGNORE INTO account(one,fen) VALUES(1,?)", (OPENING_FEN,))
        self._notes = Notes(storage)

    def balance(self) -> int:
        """In 分."""
        return int(self._storage.value("SELECT fen FROM account"))

    def set_balance(self, fen: int) -> None:
        """For tests of an account that runs dry."""
        self._storage.run("UPDATE account SET fen=?", (fen,))

    def book(self, entries: Iterable[Entry], moment: datetime) -> list[str]:
        """Book entries at a business moment, inside the caller's transaction; their serials."""
        day, time = moment.strftime("%Y%m%d"), moment.strftime("%H%M%S")
        place = int(self._storage.value("SELECT COALESCE(MAX(id),0) FROM entry"))
        place = max(place, int(self._notes.get("last_entry") or 0))
        rows, serials, moved = [], [], 0
        for entry in entries:
            place += 1
            serial = self._serial.format(day=day, place=place)
            serials.append(serial)
            moved += entry.fen if entry.side == IN else -entry.fen
            rows.append(
                (
                    place, day, time, entry.kind, entry.side, entry.fen, entry.number, entry.batch,
                    entry.loan, entry.account, entry.name, entry.postscript, entry.summary,
                    entry.purpose, serial,
                )
            )  # fmt: skip
        marks = ",".join("?" * 15)
        self._storage.run_many(f"INSERT INTO entry(id,{_COLUMNS}) VALUES({marks})", rows)
        self._storage.run("UPDATE account SET fen=fen+?", (moved,))
        return serials

    def will_come_back(self, numbers: Iterable[str], booked: date, days: int) -> None:
        """Plan returned payments for the ``days``-th banking day after booking."""
        back = banking_day_after(booked, days).strftime("%Y%m%d")
        self._storage.run_many(
            "INSERT INTO coming_back(number,day,kind,with_number) VALUES(?,?,?,1)",
            [(number, back, RETURN) for number in numbers],
        )

    def plan_return(self, coming: Coming) -> None:
        """Plan one by order of the control plane; a credit of that number must exist."""
        if self._credit(coming.number) is None:
            raise ControlError(f"没有指令 {coming.number} 的入账，无从退回", 404)
        self._storage.run(
            "INSERT INTO coming_back(number,day,kind,with_number) VALUES(?,?,?,?)",
            (coming.number, coming.day.strftime("%Y%m%d"), coming.kind, int(coming.with_number)),
        )

    def settle_returns(self) -> None:
        """Book what was to come back by today; called before anything looks at the account."""
        today = self._clock.now()
        due = self._storage.rows(
            "SELECT id,number,day,kind,with_number FROM coming_back WHERE day<=? ORDER BY day,id",
            (today.strftime("%Y%m%d"),),
        )
        if not due:
            return
        with self._storage.write():
            for row_id, number, day, kind, with_number in due:
                moment = today
                if day != today.strftime("%Y%m%d"):
                    moment = datetime.strptime(day + "10", "%Y%m%d%H").replace(tzinfo=today.tzinfo)
                credit = self._credit(number)
                if credit is not None:
                    self.book([_back(credit, kind, bool(with_number))], moment)
                self._storage.run("DELETE FROM coming_back WHERE id=?", (row_id,))

    def page(self, first: str, last: str, after: tuple[str, int], limit: int) -> list[Row]:
        """Entries of days ``first`` to ``last`` (yyyyMMdd) beyond ``after`` (day, id), in order."""
        day, place = max((first, 0), after)
        # The day begun first, by its own key: asked for both at once, SQLite would walk over all
        # entries of the day before ``after`` for every page.
        begun = self._storage.rows(
            f"SELECT id,{_COLUMNS} FROM entry WHERE day=? AND day<=? AND id>? ORDER BY id LIMIT ?",
            (day, last, place, limit),
        )
        return begun + self._storage.rows(
            f"SELECT id,{_COLUMNS} FROM entry WHERE day>? AND day<=? ORDER BY day,id LIMIT ?",
            (day, last, limit - len(begun)),
        )

    def count(self, day: str) -> int:
        """How many entries a day (yyyyMMdd) has."""
        return int(self._storage.value("SELECT COUNT(*) FROM entry WHERE day=?", (day,)))

    def nth(self, day: str, skip: int, limit: int) -> list[Row]:
        """A day's entries after the first ``skip``, in order."""
        return self._storage.rows(
            f"SELECT id,{_COLUMNS} FROM entry WHERE day=? ORDER BY id LIMIT ? OFFSET ?",
            (day, limit, skip),
        )

    def forget(self, number: str) -> int:
        """Take a credit away as if it had never been booked; how many entries went."""
        with self._storage.write():
            last = self._storage.value("SELECT COALESCE(MAX(id),0) FROM entry")
            self._notes.put("last_entry", str(last))  # a serial is never used again
            fen = self._storage.value(
                "SELECT COALESCE(SUM(fen),0) FROM entry WHERE number=? AND kind=?", (number, CREDIT)
            )
            self._storage.run("UPDATE account SET fen=fen+?", (fen,))
            return self._storage.run(
                "DELETE FROM entry WHERE number=? AND kind=?", (number, CREDIT)
            )

    def shift(self, number: str, fen: int) -> int:
        """Change a credit's amount by ``fen``; how many entries changed."""
        with self._storage.write():
            changed = self._storage.run(
                "UPDATE entry SET fen=fen+? WHERE number=? AND kind=?", (fen, number, CREDIT)
            )
            self._storage.run("UPDATE account SET fen=fen-?", (fen * changed,))
        return changed

    def double(self, number: str) -> str:
        """Credit a number once more today; the new serial."""
        credit = self._credit(number)
        if credit is None:
            raise ControlError(f"没有指令 {number} 的入账", 404)
        with self._storage.write():
            return self.book([credit], self._clock.now())[0]

    def plant(self, entry: Entry) -> str:
        """Book an entry nobody ordered; its serial."""
        with self._storage.write():
            return self.book([entry], self._clock.now())[0]

    def export(self) -> str:
        """credits.csv: every entry that touches money, in order; amounts in 分.

        ``times`` is how often its number was credited; ``kind`` credit, return, reversal, other.
        """
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(_EXPORT)
        for row in self._storage.each(
            "SELECT number,batch,loan,account,fen,day,serial,kind,"
            "CASE WHEN number='' THEN 1 ELSE (SELECT COUNT(*) FROM entry o "
            "WHERE o.number=e.number AND o.kind='credit') END FROM entry e ORDER BY id"
        ):
            writer.writerow((*row[:5], _dashed(row[5]), row[6], row[7], row[8]))
        return text.getvalue()

    def totals(self) -> dict[str, dict[str, int]]:
        """Kind → count and 分."""
        return {
            kind: {"count": count, "fen": fen}
            for kind, count, fen in self._storage.rows(
                "SELECT kind,COUNT(*),SUM(fen) FROM entry GROUP BY kind ORDER BY kind"
            )
        }

    def reset(self) -> None:
        """An empty ledger with the opening balance; serials go on."""
        last = self._storage.value("SELECT COALESCE(MAX(id),0) FROM entry")
        self._notes.put("last_entry", str(max(last, int(self._notes.get("last_entry") or 0))))
        self._storage.run("DELETE FROM entry")
        self._storage.run("DELETE FROM coming_back")
        self.set_balance(OPENING_FEN)

    def _credit(self, number: str) -> Entry | None:
        row = self._storage.row(
            "SELECT kind,side,fen,number,batch,loan,account,name,postscript,summary,purpose "
            "FROM entry WHERE number=? AND kind=? ORDER BY id LIMIT 1",
            (number, CREDIT),
        )
        return None if row is None else Entry(*row)


def _back(credit: Entry, kind: str, with_number: bool) -> Entry:
    """退票 is a positive entry on the other side; 冲正 the same side in red."""
    red = kind == REVERSAL
    return Entry(
        kind=kind,
        side=OUT if red else IN,
        fen=-credit.fen if red else credit.fen,
        number=credit.number,
        batch=credit.batch,
        loan=credit.loan,
        account=credit.account,
        name=credit.name,
        postscript=credit.postscript if with_number else "",
        summary="冲正" if red else "退票",
        purpose=credit.purpose,
    )


def _dashed(day: str) -> str:
    return f"{day[:4]}-{day[4:6]}-{day[6:]}"
