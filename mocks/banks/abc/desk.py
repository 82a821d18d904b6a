"""The bank's desk: each transaction's request as values, the books asked, Cmp written."""

from collections.abc import Callable, Mapping

from lxml import etree

from mocks.banks.abc.queries import Queries
from mocks.banks.abc.requests import Requests
from mocks.banks.abc.words import CHECK_CODE, state
from mocks.kit.bank.books import Books
from mocks.kit.bank.desk import BankDesk, Codes, answered, counted, total_off
from mocks.kit.bank.front import Message
from mocks.kit.bank.orders import Order
from mocks.kit.bank.payments import Told
from mocks.kit.bank.said import Refused, Said
from mocks.kit.bank.yuan import fen, yuan
from mocks.kit.faults import Hits
from mocks.kit.xml import tags, values

PAYMENT = "DCAF01"
DONE, WAITING = "0000", "0001"
CODES = Codes(
    off_format="1010", wrong_totals="1011", other_batch="1012", unknown_batch="1015",
    stale="1013", out_of_hours="1030",
)  # fmt: skip


class Desk(BankDesk):
    """Serves checked requests."""

    def __init__(self, books: Books, requests: Requests) -> None:
        super().__init__(books, CODES)
        self._queries = Queries(books, CODES)
        self._requests = requests
        agreements = books.registrations
        self._served: Mapping[str, Callable[[Message, Hits], Said]] = {
            "CQLT01": lambda _, __: Said("", tags((("SysTime", self.now()),))),
            "CQRA06": self._balance,
            "CQRA10": self._entries,
            "CQRT04": self._taken,
            "CQRA61": self._results,
            "DCQR01": self._dues,
            "DCQR02": self._check(agreements.verify),
            "DCAF02": self._check(agreements.register),
            "DCAF03": self._check(agreements.cancel),
            PAYMENT: self._pay,
        }

    def serve(self, code: str, message: Message, hits: Hits) -> Said:
        """Serve a request that passed the contract's checks, if its number may mean it."""
        number = message.head["ReqSeqNo"]
        content = code.encode() + etree.tostring(message.body, method="c14n")
        if not self._requests.take(number, content, self.books.clock.today()):
            raise Refused(CODES.other_batch, "请求流水号一年内用过，内容不同")
        try:
            return self._served[code](message, hits)
        except Refused as refused:
            if self.contract.final_refusal("resp_code", refused.code):
                self._requests.refuse(number, refused.code)
            raise

    def _pay(self, message: Message, hits: Hits) -> Said:
        head = values(message.body)
        orders = [_order(row, head) for row in message.rows]
        batch, total = message.head["ReqSeqNo"], fen(head["TotalAmt"])
        told = self.take(batch, orders, count=head["TotalNum"], fen=total, hits=hits)
        summary = counted(told, _state)
        if hits.first("waiting") is not None:
            return Said(WAITING, None, summary)
        top = (
            ("TotalNum", str(len(orders))), ("TotalAmt", yuan(str(total + total_off(hits)))),
        )  # fmt: skip
        return Said("", tags(top), summary)

    def _taken(self, message: Message, hits: Hits) -> Said:
        asked = values(message.body)["OrgReqSeqNo"]
        refused = self._requests.refusal(asked)
        said = "1" if self.books.payments.has_taken(asked, hits) else "3" if refused else "0"
        fields = [("OrgReqSeqNo", asked), ("TransSta", said)]
        if said == "3":
            text = self.contract.text("resp_code", refused)
            fields += [("OrgRespCode", refused), ("OrgRespInfo", text)]
        return Said("", tags(fields), {"TransSta": said})

    def _results(self, message: Message, hits: Hits) -> Said:
        batch = message.body.findtext("OrgReqSeqNo")
        if batch is not None:
            told = self.batch(batch, hits)
            top = (("OrgReqSeqNo", batch), ("TotalNum", str(len(told))))
            return Said("", tags(top) + "".join(map(self._told, told)), counted(told, _state))
        asked = [one.text or "" for one in message.body.iterchildren("CustSeqNo")]
        found = self.books.payments.by_number(asked, hits)
        rows = "".join(
            f"<Row><CustSeqNo>{number}</CustSeqNo><Found>0</Found></Row>"
            if told is None
            else self._told(told)
            for number, told in found
        )
        return Said("", tags((("TotalNum", str(len(found))),)) + rows, answered(found, _state))

    def _told(self, told: Told) -> str:
        said, failed = state(told)
        fields = (
            ("CustSeqNo", told.number), ("Found", "1"), ("RowSta", said),
            ("Amt", yuan(str(told.fen))),
            ("TransNo", told.serial if told.serial and said == "0" else None),
            ("RowCode", failed or None),
            ("RowInfo", self.contract.text("row_code", failed) if failed else None),
        )  # fmt: skip
        return f"<Row>{tags(fields)}</Row>"

    def _entries(self, message: Message, hits: Hits) -> Said:
        asked = values(message.body)
        self.own_account(asked["AccNo"])
        first, wanted = int(asked["StartNo"]), int(asked["RecNum"])
        return self._queries.entries(asked["AccNo"], asked["TrDate"], first, wanted, hits)

    def _dues(self, message: Message, hits: Hits) -> Said:
        asked = values(message.body)
        first, wanted = int(asked["StartNo"]), int(asked["RecNum"])
        return self._queries.dues(asked["Period"], asked.get("ListVer", ""), first, wanted, hits)

    def _balance(self, message: Message, _: Hits) -> Said:
        account = values(message.body)["AccNo"]
        self.own_account(account)
        amount = yuan(str(self.books.ledger.balance()))
        fields = (
            ("AccNo", account), ("AccName", self.books.clients.payer[1]), ("Bal", amount),
            ("AvailBal", amount), ("BalTime", self.now()),
        )  # fmt: skip
        return Said("", tags(fields), {"yuan": amount})

    def _check(self, ask: Callable[[Mapping[str, str]], str]) -> Callable[[Message, Hits], Said]:
        def served(message: Message, hits: Hits) -> Said:
            said = values(message.body)
            asked = {**said, "JKHTBH": said["LoanNo"]}
            code = self.claim(ask, asked, hits, CHECK_CODE, "ChkCode")
            text = self.contract.text("check_code", code)
            fields = (("XYBH", said["XYBH"]), ("ChkCode", code), ("ChkInfo", text))
            return Said("", tags(fields), {"ChkCode": code})

        return served


def _order(row: etree._Element, head: Mapping[str, str]) -> Order:
    said = values(row)
    return Order(
        number=said["CustSeqNo"], pay_account=head["DbAccNo"], pay_name=head["DbAccName"],
        account=said["CrAccNo"], name=said["CrAccName"], fen=fen(said["Amt"]),
        purpose=said["WhyUse"], postscript=said["Postscript"], summary="", loan=said["LoanNo"],
    )  # fmt: skip


def _state(told: Told) -> str:
    return "/".join(state(told))
