"""What can be asked of the account and of the book: from the n-th row, so many rows."""

from mocks.banks.abc.words import TR_TYPE, side_code
from mocks.kit.bank.books import Books
from mocks.kit.bank.desk import Codes, total_off
from mocks.kit.bank.lists import Entry, Lists, bent
from mocks.kit.bank.said import Said
from mocks.kit.bank.yuan import yuan
from mocks.kit.faults import Hits
from mocks.kit.xml import tags


class Queries:
    """At most ``page_rows`` rows at once."""

    def __init__(self, books: Books, codes: Codes) -> None:
        self._ledger = books.ledger
        self._lists = Lists(books, codes)

    def entries(self, account: str, day_text: str, first: int, wanted: int, hits: Hits) -> Said:
        """CQRA10: one day's entries; DayEnd once the day is over."""
        lists = self._lists
        day, every = lists.day(day_text), self._ledger.count(day_text)
        rows = lists.entries(day_text, lists.skipped(first, every), wanted)
        head = (
            ("AccNo", account), ("TrDate", day_text), ("DayEnd", "1" if lists.over(day) else "0"),
            ("StartNo", str(first)), ("RecNum", str(len(rows) + bool(total_off(hits)))),
            ("TotalNum", str(every)),
        )  # fmt: skip
        listed = "".join(_row(_entry(row), hits) for row in rows)
        return Said("", tags(head) + listed, {"rows": len(rows), "first": first})

    def dues(self, month: str, version: str, first: int, wanted: int, hits: Hits) -> Said:
        """DCQR01: the month's list; another version than today's is gone."""
        lists = self._lists
        whole = lists.due_list(month, version)
        rows = lists.dues(month, lists.skipped(first, whole.rows), wanted)
        head = (
            ("Period", month), ("ListVer", whole.version), ("StartNo", str(first)),
            ("RecNum", str(len(rows))), ("TotalNum", str(whole.rows)),
            ("TotalAmt", yuan(str(whole.fen + total_off(hits)))),
        )  # fmt: skip
        listed = "".join(_row(_due(row), hits) for row in rows)
        return Said("", tags(head) + listed, {"rows": len(rows), "first": first})


def _due(row: dict[str, str]) -> dict[str, str]:
    return {"LoanNo": row.pop("JKHTBH"), **row}


def _entry(entry: Entry) -> dict[str, str]:
    return {
        "TransNo": entry.serial, "TrDate": entry.day, "TrTime": entry.clock,
        "DrCr": side_code(entry.side), "Amt": entry.amount, "TrType": TR_TYPE[entry.kind],
        "OppAccNo": entry.account, "OppAccName": entry.name, "Postscript": entry.postscript,
    }  # fmt: skip


def _row(fields: dict[str, str], hits: Hits) -> str:
    return "".join(f"<Row>{tags(one.items())}</Row>" for one in bent(fields, hits))
