"""What can be asked of the account and of the book, by page number."""

from mocks.banks.bcm.listing import columns_of, listing
from mocks.banks.bcm.words import BUSI_TYPE, dc_flag
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
        self._contract = books.contract
        self._ledger = books.ledger
        self._lists = Lists(books, codes)

    def entries(self, account: str, day_text: str, page: int, hits: Hits) -> Said:
        """310201 and 310301: one day's entries; day_end once the day is over."""
        lists = self._lists
        day = lists.day(day_text)
        pages = lists.pages(self._ledger.count(day_text), page)
        rows = [_entry(one) for one in lists.entries(day_text, lists.on_page(page))]
        head = (
            ("acno", account), ("tr_date", day_text), ("day_end", "1" if lists.over(day) else "0"),
            ("page_no", str(page)), ("page_count", str(pages)),
        )  # fmt: skip
        return self._said(head, "310301.reply", rows, hits, {"page": page, "pages": pages})

    def dues(self, month: str, version: str, page: int, hits: Hits) -> Said:
        """390001: the month's list; another version than today's is gone."""
        lists = self._lists
        whole = lists.due_list(month, version)
        pages = lists.pages(whole.rows, page)
        rows = [_due(one) for one in lists.dues(month, lists.on_page(page))]
        head = (
            ("period", month), ("list_ver", whole.version), ("page_no", str(page)),
            ("page_count", str(pages)), ("sum_num", str(whole.rows)),
            ("sum_amt", yuan(str(whole.fen + total_off(hits)))),
        )  # fmt: skip
        return self._said(head, "390001.reply", rows, hits, {"page": page, "pages": pages})

    def _said(
        self,
        head: tuple[tuple[str, str], ...],
        message: str,
        rows: list[dict[str, str]],
        hits: Hits,
        summary: dict[str, object],
    ) -> Said:
        told = [one for row in rows for one in bent(row, hits)]
        listed = listing(columns_of(self._contract, message), told, hits)
        return Said("", tags(head) + listed, {"rows": len(told), **summary})


def _due(row: dict[str, str]) -> dict[str, str]:
    return {"loan_no": row.pop("JKHTBH")} | {name.lower(): text for name, text in row.items()}


def _entry(entry: Entry) -> dict[str, str]:
    return {
        "serial_no": entry.serial, "tr_date": entry.day, "tr_time": entry.clock,
        "dc_flag": dc_flag(entry.side), "amt": entry.amount, "busi_type": BUSI_TYPE[entry.kind],
        "oppo_acno": entry.account, "oppo_acname": entry.name, "postscript": entry.postscript,
    }  # fmt: skip
