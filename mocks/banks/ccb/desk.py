"""The bank's desk: each transaction's request as values, the books asked, TX_INFO written."""

from collections.abc import Callable, Mapping

from lxml import etree

from mocks.banks.ccb.queries import Queries
from mocks.banks.ccb.words import CHECK_CODE, state
from mocks.kit.bank.books import Books
from mocks.kit.bank.desk import BankDesk, Codes, answered, counted, total_off
from mocks.kit.bank.front import Message
from mocks.kit.bank.orders import Order
from mocks.kit.bank.payments import Told
from mocks.kit.bank.said import Said
from mocks.kit.bank.yuan import fen, yuan
from mocks.kit.faults import Hits
from mocks.kit.xml import tags, values

CODES = Codes(
    off_format="YDH90110", wrong_totals="YDH90111", other_batch="YDH90112",
    unknown_batch="YDH90115", stale="YDH90113", out_of_hours="YDH90130",
)  # fmt: skip


class Desk(BankDesk):
    """Serves checked requests."""

    def __init__(self, books: Books) -> None:
        super().__init__(books, CODES)
        self._queries = Queries(books, CODES)
        agreements = books.registrations
        self._served: Mapping[str, Callable[[Message, Hits], Said]] = {
            "6W9101": lambda _, __: Said("", tags((("QUERY_TIME", self.now()),))),
            "6W0100": self._balance,
            "6W0300": self._entries,
            "6WD801": self._pay,
            "6WD802": self._batch,
            "6WD803": self._numbers,
            "6WD901": self._dues,
            "6WD902": self._check(agreements.verify),
            "6WD903": self._check(agreements.register),
            "6WD904": self._check(agreements.cancel),
        }

    def serve(self, code: str, message: Message, hits: Hits) -> Said:
        """Serve a request that passed the contract's checks."""
        return self._served[code](message, hits)

    def _pay(self, message: Message, hits: Hits) -> Said:
        head = values(message.body)
        orders = [_order(row, head) for row in message.rows]
        batch, total = head["BATCH_NO"], fen(head["TOTAL_AMT"])
        told = self.take(batch, orders, count=head["TOTAL_NUM"], fen=total, hits=hits)
        top = (
            ("BATCH_NO", batch), ("TOTAL_NUM", str(len(orders))),
            ("TOTAL_AMT", yuan(str(total + total_off(hits)))),
        )  # fmt: skip
        return Said("", tags(top), counted(told, _state))

    def _batch(self, message: Message, hits: Hits) -> Said:
        number = values(message.body)["BATCH_NO"]
        told = self.batch(number, hits)
        top = (("BATCH_NO", number), ("TOTAL_NUM", str(len(told))))
        return Said("", tags(top) + "".join(map(self._told, told)), counted(told, _state))

    def _numbers(self, message: Message, hits: Hits) -> Said:
        asked = [row.findtext("CUST_SN") or "" for row in message.rows]
        found = self.books.payments.by_number(asked, hits)
        rows = "".join(
            f"<LIST><CUST_SN>{number}</CUST_SN><FOUND>0</FOUND></LIST>"
            if told is None
            else self._told(told, found="1")
            for number, told in found
        )
        top = tags((("TOTAL_NUM", str(len(found))),))
        return Said("", top + rows, answered(found, _state))

    def _told(self, told: Told, found: str | None = None) -> str:
        said, failed = state(told)
        fields = (
            ("CUST_SN", told.number), ("FOUND", found), ("STATE", said),
            ("AMOUNT", yuan(str(told.fen))),
            ("FLOW_NO", told.serial if told.serial and said == "2" else None),
            ("FAIL_CODE", failed or None),
            ("FAIL_MSG", self.contract.text("fail_code", failed) if failed else None),
        )  # fmt: skip
        return f"<LIST>{tags(fields)}</LIST>"

    def _entries(self, message: Message, hits: Hits) -> Said:
        asked = values(message.body)
        self.own_account(asked["ACC_NO"])
        return self._queries.entries(asked["ACC_NO"], asked["DATE"], int(asked["PAGE"]), hits)

    def _dues(self, message: Message, hits: Hits) -> Said:
        asked = values(message.body)
        version = asked.get("VERSION", "")
        return self._queries.dues(asked["MONTH"], version, int(asked["PAGE"]), hits)

    def _balance(self, message: Message, _: Hits) -> Said:
        account = values(message.body)["ACC_NO"]
        self.own_account(account)
        amount = yuan(str(self.books.ledger.balance()))
        fields = (
            ("ACC_NO", account), ("ACC_NAME", self.books.clients.payer[1]), ("BALANCE", amount),
            ("USABLE", amount), ("QUERY_TIME", self.now()),
        )  # fmt: skip
        return Said("", tags(fields), {"yuan": amount})

    def _check(self, ask: Callable[[Mapping[str, str]], str]) -> Callable[[Message, Hits], Said]:
        def served(message: Message, hits: Hits) -> Said:
            said = values(message.body)
            asked = {**said, "JKHTBH": said["LOAN_NO"]}
            code = self.claim(ask, asked, hits, CHECK_CODE, "CHECK_CODE")
            text = self.contract.text("check_code", code)
            fields = (("XYBH", said["XYBH"]), ("CHECK_CODE", code), ("CHECK_MSG", text))
            return Said("", tags(fields), {"CHECK_CODE": code})

        return served


def _order(row: etree._Element, head: Mapping[str, str]) -> Order:
    said = values(row)
    return Order(
        number=said["CUST_SN"], pay_account=head["ACC_NO"], pay_name=head["ACC_NAME"],
        account=said["RECV_ACCNO"], name=said["RECV_ACC_NAME"], fen=fen(said["AMOUNT"]),
        purpose=said["USEOF"], postscript=said["REMARK"], summary="", loan=said["LOAN_NO"],
    )  # fmt: skip


def _state(told: Told) -> str:
    return "/".join(state(told))
