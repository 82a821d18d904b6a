"""What can be asked of the account and of the book: from the n-th row, so many rows."""

from mocks.banks.boc.words import TRNTYP, direct
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
        """b2e0035: one day's entries; closed once the day is over."""
        lists = self._lists
        day, every = lists.day(day_text), self._ledger.count(day_text)
        rows = lists.entries(day_text, lists.skipped(first, every), wanted)
        head = (
            ("actacn", account), ("trndat", day_text), ("closed", "Y" if lists.over(day) else "N"),
            ("begnum", str(first)), ("recnum", str(len(rows) + bool(total_off(hits)))),
            ("notenum", str(every)),
        )  # fmt: skip
        listed = "".join(_detail(_entry(row), hits) for row in rows)
        return Said("", tags(head) + listed, {"rows": len(rows), "first": first})

    def dues(self, month: str, version: str, first: int, wanted: int, hits: Hits) -> Said:
        """b2e9001: the month's list; another version than today's is gone."""
        lists = self._lists
        whole = lists.due_list(month, version)
        rows = lists.dues(month, lists.skipped(first, whole.rows), wanted)
        head = (
            ("period", month), ("listver", whole.version), ("begnum", str(first)),
            ("recnum", str(len(rows))), ("notenum", str(whole.rows)),
            ("totamt", yuan(str(whole.fen + total_off(hits)))),
        )  # fmt: skip
        listed = "".join(_detail(_due(row), hits) for row in rows)
        return Said("", tags(head) + listed, {"rows": len(rows), "first": first})


def _due(row: dict[str, str]) -> dict[str, str]:
    return {"loanno": row.pop("JKHTBH")} | {name.lower(): text for name, text in row.items()}


def _entry(entry: Entry) -> dict[str, str]:
    return {
        "obssid": entry.serial, "trndat": entry.day, "trntim": entry.clock,
        "direct": direct(entry.side), "trnamt": entry.amount, "trntyp": TRNTYP[entry.kind],
        "toactn": entry.account, "toname": entry.name, "furinfo": entry.postscript,
    }  # fmt: skip


def _detail(fields: dict[str, str], hits: Hits) -> str:
    return "".join(f"<detail>{tags(one.items())}</detail>" for one in bent(fields, hits))
