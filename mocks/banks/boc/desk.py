"""The bank's desk: each transaction's request as values, the books asked, the body written."""

from collections.abc import Callable, Mapping

from lxml import etree

from mocks.banks.boc.queries import Queries
from mocks.banks.boc.tokens import Tokens
from mocks.banks.boc.words import CHECK_CODE, NOT_FOUND, row_status
from mocks.kit.bank.books import Books
from mocks.kit.bank.desk import BankDesk, Codes, answered, counted, total_off
from mocks.kit.bank.front import Message
from mocks.kit.bank.orders import DONE, Order
from mocks.kit.bank.payments import Told
from mocks.kit.bank.said import Refused, Said
from mocks.kit.bank.yuan import fen, yuan
from mocks.kit.faults import Hits
from mocks.kit.xml import tags, values

CODES = Codes(
    off_format="B110", wrong_totals="B111", other_batch="B112", unknown_batch="B115",
    stale="B113", out_of_hours="B130",
)  # fmt: skip


class Desk(BankDesk):
    """Serves checked requests."""

    def __init__(self, books: Books, tokens: Tokens) -> None:
        super().__init__(books, CODES)
        self._queries = Queries(books, CODES)
        self._tokens = tokens
        agreements = books.registrations
        self._served: Mapping[str, Callable[[Message, Hits], Said]] = {
            "b2e0001": self._sign_in,
            "b2e0005": self._balance,
            "b2e0007": self._status,
            "b2e0035": self._entries,
            "b2e0078": self._pay,
            "b2e9001": self._dues,
            "b2e9002": self._check(agreements.verify),
            "b2e9003": self._check(agreements.register),
            "b2e9004": self._check(agreements.cancel),
        }

    def serve(self, code: str, message: Message, hits: Hits) -> Said:
        """Serve a request that passed the contract's checks."""
        return self._served[code](message, hits)

    def _sign_in(self, message: Message, _: Hits) -> Said:
        if values(message.body)["oprpwd"] != self.books.clients.client["oprpwd"]:
            raise Refused("B101", "口令不符")
        return Said("", tags((("serverdt", self.now()), ("token", self._tokens.issue()))))

    def _pay(self, message: Message, hits: Hits) -> Said:
        head = values(message.body)
        orders = [_order(row, head) for row in message.rows]
        batch, total = head["batchid"], fen(head["pybamt"])
        told = self.take(batch, orders, count=head["pybnum"], fen=total, hits=hits)
        top = (
            ("batchid", batch), ("pybnum", str(len(orders))),
            ("pybamt", yuan(str(total + total_off(hits)))),
        )  # fmt: skip
        return Said("", tags(top) + "".join(map(self._told, told)), counted(told, row_status))

    def _status(self, message: Message, hits: Hits) -> Said:
        batch = message.body.findtext("batchid") or ""
        asked = [one.text or "" for one in message.body.iterchildren("insid")]
        if bool(batch) == bool(asked):
            raise Refused("B110", "按批次或按指令，二者取一")
        if batch:
            told = self.batch(batch, hits)
            rows = tags((("batchid", batch),)) + "".join(map(self._told, told))
            return Said("", rows, counted(told, row_status))
        found = self.books.payments.by_number(asked, hits)
        rows = "".join(
            self._unknown(number) if told is None else self._told(told) for number, told in found
        )
        return Said("", rows, answered(found, row_status))

    def _told(self, told: Told) -> str:
        code = row_status(told)
        fields = (
            ("insid", told.number), ("obssid", told.serial if told.verdict == DONE else None),
            ("trnamt", yuan(str(told.fen))), ("rspcod", code),
            ("rspmsg", self.contract.text("row_status", code)),
        )  # fmt: skip
        return f"<detail>{tags(fields)}</detail>"

    def _unknown(self, number: str) -> str:
        text = self.contract.text("row_status", NOT_FOUND)
        fields = (("insid", number), ("rspcod", NOT_FOUND), ("rspmsg", text))
        return f"<detail>{tags(fields)}</detail>"

    def _entries(self, message: Message, hits: Hits) -> Said:
        asked = values(message.body)
        self.own_account(asked["actacn"])
        first, wanted = int(asked["begnum"]), int(asked["recnum"])
        return self._queries.entries(asked["actacn"], asked["trndat"], first, wanted, hits)

    def _dues(self, message: Message, hits: Hits) -> Said:
        asked = values(message.body)
        first, wanted = int(asked["begnum"]), int(asked["recnum"])
        version = asked.get("listver", "")
        return self._queries.dues(asked["period"], version, first, wanted, hits)

    def _balance(self, message: Message, _: Hits) -> Said:
        account = values(message.body)["actacn"]
        self.own_account(account)
        amount = yuan(str(self.books.ledger.balance()))
        fields = (
            ("actacn", account), ("actnam", self.books.clients.payer[1]), ("bokbal", amount),
            ("avabal", amount), ("baldat", self.now()),
        )  # fmt: skip
        return Said("", tags(fields), {"yuan": amount})

    def _check(self, ask: Callable[[Mapping[str, str]], str]) -> Callable[[Message, Hits], Said]:
        def served(message: Message, hits: Hits) -> Said:
            said = values(message.body)
            asked = {name.upper(): text for name, text in said.items()} | {"JKHTBH": said["loanno"]}
            code = self.claim(ask, asked, hits, CHECK_CODE, "chkcod")
            text = self.contract.text("check_code", code)
            fields = (("xybh", said["xybh"]), ("chkcod", code), ("chkmsg", text))
            return Said("", tags(fields), {"chkcod": code})

        return served


def _order(row: etree._Element, head: Mapping[str, str]) -> Order:
    said = values(row)
    return Order(
        number=said["insid"], pay_account=head["actacn"], pay_name=head["actnam"],
        account=said["toactn"], name=said["toname"], fen=fen(said["trnamt"]),
        purpose=said["useof"], postscript=said["furinfo"], summary="", loan=said["loanno"],
    )  # fmt: skip
