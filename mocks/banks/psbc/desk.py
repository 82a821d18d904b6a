"""The bank's desk: each control message's body, the books asked, the answer's body made."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mocks.banks.psbc.inbox import Inbox
from mocks.banks.psbc.outbox import Outbox
from mocks.banks.psbc.words import BIZ_TYPE, CHECK_CODE, in_file, in_message, shown, side
from mocks.kit.bank.books import Books
from mocks.kit.bank.desk import BankDesk, Codes, answered, counted, total_off
from mocks.kit.bank.lists import Entry, Lists, bent
from mocks.kit.bank.said import Refused
from mocks.kit.bank.yuan import yuan
from mocks.kit.faults import Hits
from mocks.kit.files import FileStore

NOTICE = "HC0201"
CODES = Codes(
    off_format="P0201", wrong_totals="P0202", other_batch="P0203", unknown_batch="P0207",
    stale="P0208", out_of_hours="P0301",
)  # fmt: skip
_DUE = {
    "JKHTBH": "contractNo", "DKZH": "loanAcct", "HKZH": "repayAcct", "JKRXM": "borrower",
    "JKRZJH": "idNo", "YHRQ": "dueDate", "DQYHJE": "dueAmt", "DQYHBJ": "duePrin",
    "DQYHLX": "dueInt", "DKZT": "loanState", "YQJE": "overdueAmt",
}  # fmt: skip
"""Standard names as this wire calls them."""
Asked = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Served:
    """An answer's body and the journal's summary."""

    body: Mapping[str, Any] = field(default_factory=dict)
    summary: Mapping[str, object] = field(default_factory=dict)


class Desk(BankDesk):
    """Serves checked requests."""

    def __init__(self, books: Books, store: FileStore) -> None:
        super().__init__(books, CODES)
        self.outbox = Outbox(books.contract, books.storage, store)
        self._inbox = Inbox(self, store, self.outbox.payments)
        self._lists = Lists(books, CODES)
        agreements = books.registrations
        self._served: Mapping[str, Callable[[Asked, Hits], Served]] = {
            "HC0101": lambda _, __: Served(),
            NOTICE: self._notice,
            "HC0202": self._batch,
            "HC0203": self._numbers,
            "HC0301": self._dues,
            "HC0302": self._entries,
            "HC0303": self._balance,
            "HC0401": self._check(agreements.verify),
            "HC0402": self._check(agreements.register),
            "HC0403": self._check(agreements.cancel),
        }

    def serve(self, code: str, asked: Asked, hits: Hits) -> Served:
        """Serve a body that passed the contract's checks.  Raises Refused, CutOff."""
        if hits.first("not_ready") is not None:
            raise Refused("P0209", "文件正在生成")
        return self._served[code](asked, hits)

    def _notice(self, asked: Asked, hits: Hits) -> Served:
        told = self._inbox.take(asked, hits)
        file = dict(asked["file"])
        if total_off(hits):
            file["totalAmt"] = "12345678.90"
        return Served({"batchId": asked["batchId"], "file": file}, counted(told, shown))

    def _batch(self, asked: Asked, hits: Hits) -> Served:
        number = asked["batchId"]
        told = self.batch(number, hits)
        turn, file = self.outbox.result(number, [in_file(one) for one in told], hits)
        summary = {**counted(told, shown), "file": file["fileName"]}
        return Served({"batchId": number, "turn": turn, "file": file}, summary)

    def _numbers(self, asked: Asked, hits: Hits) -> Served:
        found = self.books.payments.by_number(list(dict.fromkeys(asked["orderNos"])), hits)
        rows = [in_message(number, told) for number, told in found]
        return Served({"rows": rows}, answered(found, shown))

    def _dues(self, asked: Asked, hits: Hits) -> Served:
        part, period, lists = asked["pageNo"], asked["period"], self._lists
        whole = lists.due_list(period, asked.get("version", ""))
        pages = max(lists.pages(whole.rows, part), 1)
        plain = lists.dues(period, lists.on_page(part))
        rows = [
            one
            for fields in plain
            for one in bent({_DUE[name]: text for name, text in fields.items()}, hits)
        ]
        header = {
            "period": period, "version": whole.version, "pageNo": str(part), "pages": str(pages),
        }  # fmt: skip
        file = self.outbox.dues(header, rows, hits)
        body = {
            "period": period, "version": whole.version, "pageNo": part, "pages": pages,
            "listNum": whole.rows, "listAmt": yuan(str(whole.fen + total_off(hits))), "file": file,
        }  # fmt: skip
        return Served(body, {"rows": len(rows), "file": file["fileName"]})

    def _entries(self, asked: Asked, hits: Hits) -> Served:
        part, on, lists = asked["pageNo"], asked["bookDate"], self._lists
        self.own_account(asked["payAcct"])
        day = lists.day(on)
        pages = max(lists.pages(self.books.ledger.count(on), part), 1)
        plain = lists.entries(on, lists.on_page(part))
        rows = [one for entry in plain for one in bent(_entry(entry), hits)]
        header = {
            "payAcct": asked["payAcct"], "bookDate": on, "pageNo": str(part), "pages": str(pages),
        }  # fmt: skip
        file = self.outbox.statement(header, rows, hits)
        body = {
            "payAcct": asked["payAcct"], "bookDate": on, "pageNo": part, "pages": pages,
            "dayEnd": lists.over(day), "file": file,
        }  # fmt: skip
        return Served(body, {"rows": len(rows), "file": file["fileName"]})

    def _balance(self, asked: Asked, _: Hits) -> Served:
        self.own_account(asked["payAcct"])
        fen = str(self.books.ledger.balance())
        amount = yuan(fen)
        body = {"payAcct": asked["payAcct"], "balance": amount, "usable": amount}
        return Served(body, {"fen": fen})

    def _check(self, ask: Callable[[Mapping[str, str]], str]) -> Callable[[Asked, Hits], Served]:
        def served(asked: Asked, hits: Hits) -> Served:
            claim = {
                "XYBH": asked["agreementNo"], "JKHTBH": asked["contractNo"],
                "HKZH": asked["repayAcct"], "JKRXM": asked["borrower"], "JKRZJH": asked["idNo"],
            }  # fmt: skip
            code = self.claim(ask, claim, hits, CHECK_CODE, "checkCode")
            text = self.contract.text("check_code", code)
            body = {"agreementNo": asked["agreementNo"], "checkCode": code, "checkMsg": text}
            return Served(body, {"checkCode": code})

        return served


def _entry(one: Entry) -> dict[str, str]:
    return {
        "hostSeq": one.serial, "bookDate": one.day, "bookTime": one.clock, "side": side(one.side),
        "amt": one.amount, "bizType": BIZ_TYPE[one.kind], "oppAcct": one.account,
        "oppName": one.name, "postscript": one.postscript,
    }  # fmt: skip
