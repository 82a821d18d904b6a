"""What can be asked of the account and of the book, by page number."""

from mocks.banks.ccb.words import BUSI, flag
from mocks.kit.bank.books import Books
from mocks.kit.bank.desk import Codes, total_off
from mocks.kit.bank.lists import Entry, Lists, bent
from mocks.kit.bank.said import Said
from mocks.kit.bank.yuan import yuan
from mocks.kit.faults import Hits
from mocks.kit.xml import tags


class Queries:
    """Pages of ``page_rows``; a page number beyond the last is refused."""

    def __init__(self, books: Books, codes: Codes) -> None:
        self._ledger = books.ledger
        self._lists = Lists(books, codes)

    def entries(self, account: str, day_text: str, page: int, hits: Hits) -> Said:
        """6W0300: one day's entries; DAY_END once the day is over."""
        lists = self._lists
        day = lists.day(day_text)
        pages = lists.pages(self._ledger.count(day_text), page)
        rows = lists.entries(day_text, lists.on_page(page))
        head = (
            ("ACC_NO", account), ("DATE", day_text), ("DAY_END", "1" if lists.over(day) else "0"),
            ("PAGE", str(page)), ("PAGES", str(pages)),
            ("TOTAL_NUM", str(len(rows) + bool(total_off(hits)))),
        )  # fmt: skip
        listed = "".join(_list(_entry(row), hits) for row in rows)
        return Said("", tags(head) + listed, {"rows": len(rows), "page": page, "pages": pages})

    def dues(self, month: str, version: str, page: int, hits: Hits) -> Said:
        """6WD901: the month's list; another version than today's is gone."""
        lists = self._lists
        whole = lists.due_list(month, version)
        pages = lists.pages(whole.rows, page)
        rows = lists.dues(month, lists.on_page(page))
        head = (
            ("MONTH", month), ("VERSION", whole.version), ("PAGE", str(page)),
            ("PAGES", str(pages)), ("TOTAL_NUM", str(whole.rows)),
            ("TOTAL_AMT", yuan(str(whole.fen + total_off(hits)))),
        )  # fmt: skip
        listed = "".join(_list({"LOAN_NO": row.pop("JKHTBH"), **row}, hits) for row in rows)
        return Said("", tags(head) + listed, {"rows": len(rows), "page": page, "pages": pages})


def _entry(entry: Entry) -> dict[str, str]:
    return {
        "FLOW_NO": entry.serial, "DATE": entry.day, "TIME": entry.clock, "FLAG": flag(entry.side),
        "AMOUNT": entry.amount, "BUSI": BUSI[entry.kind], "OTHER_ACC": entry.account,
        "OTHER_NAME": entry.name, "REMARK": entry.postscript,
    }  # fmt: skip


def _list(fields: dict[str, str], hits: Hits) -> str:
    return "".join(f"<LIST>{tags(one.items())}</LIST>" for one in bent(fields, hits))
