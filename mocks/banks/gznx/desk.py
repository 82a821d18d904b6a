"""The bank's desk: each control message as values, the books asked, BODY written."""

from collections.abc import Callable, Mapping

from mocks.banks.gznx.inbox import Inbox
from mocks.banks.gznx.outbox import Outbox
from mocks.banks.gznx.words import BUSI, CHECK_CODE, flag, state
from mocks.kit.bank.book import DUE_FIELDS
from mocks.kit.bank.books import Books
from mocks.kit.bank.desk import BankDesk, Codes, answered, counted, total_off
from mocks.kit.bank.front import Message
from mocks.kit.bank.lists import Lists, bent
from mocks.kit.bank.payments import Told
from mocks.kit.bank.said import Said
from mocks.kit.faults import Hits
from mocks.kit.files import FileStore
from mocks.kit.storage import Row
from mocks.kit.xml import tags, values

NOTICE = "GX1010"
CODES = Codes(
    off_format="E00110", wrong_totals="E00111", other_batch="E00112", unknown_batch="E00115",
    stale="E00113", out_of_hours="E00130",
)  # fmt: skip


class Desk(BankDesk):
    """Serves checked requests."""

    def __init__(self, books: Books, store: FileStore) -> None:
        super().__init__(books, CODES)
        self.outbox = Outbox(books.contract, books.storage, store)
        self.inbox = Inbox(self, store, self.outbox.payments)
        self._lists = Lists(books, CODES)
        agreements = books.registrations
        self._served: Mapping[str, Callable[[Message, Hits], Said]] = {
            "GX0000": lambda _, __: Said("", tags((("AS_OF", self.now()),))),
            NOTICE: self._notice,
            "GX1020": self._batch,
            "GX1030": self._numbers,
            "GX2010": self._dues,
            "GX2020": self._entries,
            "GX3010": self._balance,
            "GX4010": self._check(agreements.verify),
            "GX4020": self._check(agreements.register),
            "GX4030": self._check(agreements.cancel),
        }

    def serve(self, code: str, message: Message, hits: Hits) -> Said:
        """Serve a request that passed the contract's checks."""
        if code != NOTICE:
            self.inbox.look()
        return self._served[code](message, hits)

    @property
    def _org(self) -> str:
        return self.books.clients.client["ORG_NO"]

    def _notice(self, message: Message, hits: Hits) -> Said:
        said = values(message.body)
        told = self.inbox.take(said, hits)
        top = (
            ("BATCH_NO", said["BATCH_NO"]), ("TOTAL_NUM", said["TOTAL_NUM"]),
            ("TOTAL_AMT", str(int(said["TOTAL_AMT"]) + total_off(hits))),
        )  # fmt: skip
        return Said("", tags(top), counted(told, _state))

    def _batch(self, message: Message, hits: Hits) -> Said:
        number = values(message.body)["BATCH_NO"]
        told = self.batch(number, hits)
        turn, name = self.outbox.result(self._org, number, [_result(one) for one in told], hits)
        top = (("BATCH_NO", number), ("TURN", turn), ("FILE_NAME", name))
        return Said("", tags(top), {**counted(told, _state), "file": name})

    def _numbers(self, message: Message, hits: Hits) -> Said:
        asked = [row.findtext("NUMBER") or "" for row in message.rows]
        found = self.books.payments.by_number(asked, hits)
        rows = "".join(
            f"<LIST><NUMBER>{number}</NUMBER><FOUND>0</FOUND></LIST>"
            if told is None
            else f"<LIST>{tags(_inquired(told))}</LIST>"
            for number, told in found
        )
        top = tags((("TOTAL_NUM", str(len(found))),))
        return Said("", top + rows, answered(found, _state))

    def _dues(self, message: Message, hits: Hits) -> Said:
        asked, lists = values(message.body), self._lists
        part = int(asked["PART"])
        whole = lists.due_list(asked["MONTH"], asked.get("VERSION", ""))
        parts = max(lists.pages(whole.rows, part), 1)
        found = self.books.loans.nth_due(
            asked["MONTH"], lists.on_page(part), self.contract.limit("page_rows")
        )
        header = {
            "ORG_NO": self._org, "MONTH": asked["MONTH"], "VERSION": whole.version,
            "PART": str(part), "PARTS": str(parts), "LIST_NUM": str(whole.rows),
            "LIST_AMT": str(whole.fen + total_off(hits)),
        }  # fmt: skip
        rows = [one for row in found for one in bent(_due(row), hits)]
        name = self.outbox.dues(header, rows, hits)
        fields = [(key, value) for key, value in header.items() if key != "ORG_NO"]
        return Said("", tags([*fields, ("FILE_NAME", name)]), {"rows": len(rows), "file": name})

    def _entries(self, message: Message, hits: Hits) -> Said:
        asked, lists = values(message.body), self._lists
        self.own_account(asked["ACC_NO"])
        day, part = lists.day(asked["DATE"]), int(asked["PART"])
        parts = max(lists.pages(self.books.ledger.count(asked["DATE"]), part), 1)
        found = self.books.ledger.nth(
            asked["DATE"], lists.on_page(part), self.contract.limit("page_rows")
        )
        header = {
            "ORG_NO": self._org, "ACC_NO": asked["ACC_NO"], "DATE": asked["DATE"],
            "PART": str(part), "PARTS": str(parts), "DAY_END": "1" if lists.over(day) else "0",
        }  # fmt: skip
        rows = [one for row in found for one in bent(_entry(row), hits)]
        name = self.outbox.statement(header, rows, hits)
        fields = [(key, value) for key, value in header.items() if key != "ORG_NO"]
        return Said("", tags([*fields, ("FILE_NAME", name)]), {"rows": len(rows), "file": name})

    def _balance(self, message: Message, _: Hits) -> Said:
        account = values(message.body)["ACC_NO"]
        self.own_account(account)
        amount = str(self.books.ledger.balance())
        fields = (
            ("ACC_NO", account), ("BALANCE", amount), ("USABLE", amount), ("AS_OF", self.now()),
        )  # fmt: skip
        return Said("", tags(fields), {"fen": amount})

    def _check(self, ask: Callable[[Mapping[str, str]], str]) -> Callable[[Message, Hits], Said]:
        def served(message: Message, hits: Hits) -> Said:
            said = values(message.body)
            asked = {**said, "JKHTBH": said["LOAN_NO"]}
            code = self.claim(ask, asked, hits, CHECK_CODE, "CHECK_CODE")
            text = self.contract.text("check_code", code)
            fields = (("XYBH", said["XYBH"]), ("CHECK_CODE", code), ("CHECK_MSG", text))
            return Said("", tags(fields), {"CHECK_CODE": code})

        return served


def _result(told: Told) -> dict[str, str]:
    said, failed = state(told)
    done = said == "2"
    return {
        "NUMBER": told.number, "STATE": said, "AMOUNT": str(told.fen if done else 0),
        "FAIL_CODE": failed, "FLOW_NO": told.serial if done else "",
    }  # fmt: skip


def _inquired(told: Told) -> list[tuple[str, str | None]]:
    said = {name: text or None for name, text in _result(told).items()}
    return [
        ("NUMBER", told.number), ("FOUND", "1"), ("STATE", said["STATE"]),
        ("AMOUNT", said["AMOUNT"]), ("FAIL_CODE", said["FAIL_CODE"]), ("FLOW_NO", said["FLOW_NO"]),
    ]  # fmt: skip


def _due(row: Row) -> dict[str, str]:
    fields = dict(zip(DUE_FIELDS, row[1:], strict=True))
    return {"LOAN_NO": fields.pop("JKHTBH"), **fields}


def _entry(row: Row) -> dict[str, str]:
    _, day, clock, kind, side, fen, *_, account, name, postscript, _, _, serial = row
    return {
        "FLOW_NO": serial, "DATE": day, "TIME": clock, "FLAG": flag(side), "AMOUNT": str(fen),
        "BUSI": BUSI[kind], "OTHER_ACC": account, "OTHER_NAME": name, "REMARK": postscript,
    }  # fmt: skip


def _state(told: Told) -> str:
    return "/".join(state(told))
