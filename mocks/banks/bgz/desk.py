"""The bank's desk: each operation's request as values, the books asked, the answer written."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time

from lxml import etree

from mocks.banks.bgz.codec import Message, rows_xml
from mocks.banks.bgz.queries import Page, Queries
from mocks.banks.bgz.words import CHECK_CODE, IN_HAND, NOT_FOUND, state
from mocks.kit.bank.client import ClientFile
from mocks.kit.bank.contract import Contract
from mocks.kit.bank.ledger import Ledger
from mocks.kit.bank.orders import DONE, Order
from mocks.kit.bank.payments import OtherBatch, Payments, Told
from mocks.kit.bank.registrations import Registrations
from mocks.kit.bank.said import Refused, Said
from mocks.kit.bank.yuan import fen, yuan
from mocks.kit.clock import MockClock
from mocks.kit.faults import Hits
from mocks.kit.xml import tags, values


@dataclass(frozen=True, slots=True)
class Desk:
    """Serves checked requests."""

    contract: Contract
    clients: ClientFile
    payments: Payments
    queries: Queries
    registrations: Registrations
    ledger: Ledger
    clock: MockClock

    def catch_up(self) -> None:
        """What became due since the last request: payments on their way, money coming back."""
        self.payments.sweep(self.clients.payer)
        self.ledger.settle_returns()

    def serve(self, message: Message, hits: Hits) -> Said:
        """Serve a request that passed the contract's checks; :class:`Refused` otherwise."""
        served: Mapping[str, Callable[[Message, Hits], Said]] = {
            "Ping": self._ping,
            "QueryBalance": self._balance,
            "QueryStatement": self._entries,
            "BatchPay": self._pay,
            "QueryBatch": self._batch,
            "QueryPayments": self._numbers,
            "QueryDues": self._dues,
            "VerifyLoan": self._check(self.registrations.verify),
            "RegisterAgreement": self._check(self.registrations.register),
            "CancelAgreement": self._check(self.registrations.cancel),
        }
        return served[message.operation](message, hits)

    def _ping(self, _: Message, __: Hits) -> Said:
        day = self.clock.today().isoformat()
        return Said("", tags((("businessDate", day), ("serverTime", self._now()))))

    def _pay(self, message: Message, hits: Hits) -> Said:
        self._in_hours()
        head = values(message.body)
        orders = [_order(row, head) for row in message.items]
        total = sum(order.fen for order in orders)
        if int(head["totalCount"]) != len(orders) or fen(head["totalAmount"]) != total:
            raise Refused("HPF0111", "总笔数或总金额与明细不符")
        batch = head["batchNo"]
        try:
            told = self.payments.pay(batch, orders, self.clients.payer, hits)
        except OtherBatch as refused:
            raise Refused("HPF0112", "批次号重复且内容不同") from refused
        if told is None or hits.first("batch_lost") is not None:
            return Said("", None, {"batch": batch, "booked": told is not None}, reset=True)
        off = hits.first("wrong_total")
        total += 0 if off is None else int(off.parameters.get("fen", 100))
        top = (
            ("batchNo", batch), ("totalCount", str(len(orders))),
            ("totalAmount", yuan(str(total))),
        )  # fmt: skip
        later = {order.number for order in orders[self.contract.limit("instant_rows") :]}
        rows = "".join(
            _in_hand(one) if one.number in later and not one.wire else self._told(one)
            for one in told
        )
        return Said("", tags(top) + rows, _counted(told))

    def _batch(self, message: Message, hits: Hits) -> Said:
        batch = values(message.body)["batchNo"]
        told = self.payments.by_batch(batch, hits)
        if told is None:
            raise Refused("HPF0115", "查无此批次")
        top = (("batchNo", batch), ("itemCount", str(len(told))))
        return Said("", tags(top) + "".join(map(self._told, told)), _counted(told))

    def _numbers(self, message: Message, hits: Hits) -> Said:
        asked = [one.text or "" for one in message.body.iterchildren("instructionNo")]
        found = self.payments.by_number(asked, hits)
        rows = "".join(
            self._unknown(number) if told is None else self._told(told) for number, told in found
        )
        known = [told for _, told in found if told is not None]
        summary = {**_counted(known), "not_found": len(found) - len(known)}
        return Said("", tags((("itemCount", str(len(found))),)) + rows, summary)

    def _told(self, told: Told) -> str:
        said, reason = state(told)
        table = ("reason", reason) if reason else ("status", said)
        return rows_xml(
            {
                "instructionNo": told.number, "status": said, "reasonCode": reason or None,
                "amount": yuan(str(told.fen)),
                "bankSerial": told.serial if told.serial and told.verdict == DONE else None,
                "message": self.contract.text(*table),
            }
        )  # fmt: skip

    def _unknown(self, number: str) -> str:
        text = self.contract.text("status", NOT_FOUND)
        return rows_xml({"instructionNo": number, "status": NOT_FOUND, "message": text})

    def _entries(self, message: Message, hits: Hits) -> Said:
        asked = values(message.body)
        self._own_account(asked["account"])
        day = date.fromisoformat(asked["bookDate"])
        page, size = int(asked["pageNo"]), int(asked["pageSize"])
        return _page(self.queries.entries(asked["account"], day, page, size, hits))

    def _dues(self, message: Message, hits: Hits) -> Said:
        asked = values(message.body)
        page, size = int(asked["pageNo"]), int(asked["pageSize"])
        version = asked.get("listVersion", "")
        return _page(self.queries.dues(asked["period"], version, page, size, hits))

    def _balance(self, message: Message, _: Hits) -> Said:
        account = values(message.body)["account"]
        self._own_account(account)
        amount = yuan(str(self.ledger.balance()))
        fields = (
            ("account", account), ("accountName", self.clients.payer[1]), ("balance", amount),
            ("available", amount), ("asOf", self._now()),
        )  # fmt: skip
        return Said("", tags(fields), {"yuan": amount})

    def _check(self, ask: Callable[[Mapping[str, str]], str]) -> Callable[[Message, Hits], Said]:
        def served(message: Message, hits: Hits) -> Said:
            said = values(message.body)
            asked = {
                "XYBH": said["agreementNo"], "JKHTBH": said["loanContractNo"],
                "HKZH": said["repayAccount"], "JKRXM": said["borrowerName"],
                "JKRZJH": said["borrowerId"],
            }  # fmt: skip
            rule = hits.first("answer")
            code = str(rule.answer["checkCode"]) if rule and "checkCode" in rule.answer else ""
            code = code or CHECK_CODE[ask(asked)]
            text = self.contract.text("check_code", code)
            fields = (("agreementNo", asked["XYBH"]), ("checkCode", code), ("checkMessage", text))
            return Said("", tags(fields), {"checkCode": code})

        return served

    def _own_account(self, number: str) -> None:
        if number != self.clients.payer[0]:
            raise Refused("HPF0110", "不是本客户的账户")

    def _in_hours(self) -> None:
        if not self.clients.client.keep_hours:
            return
        start, end = (time.fromisoformat(one) for one in self.contract.payment_hours())
        if not start <= self.clock.now().time() < end:
            raise Refused("HPF0130", "划款不在服务时间")

    def _now(self) -> str:
        return self.clock.now().strftime("%Y-%m-%dT%H:%M:%S+08:00")


def _order(row: etree._Element, head: Mapping[str, str]) -> Order:
    said = values(row)
    return Order(
        number=said["instructionNo"], pay_account=head["payAccount"],
        pay_name=head["payAccountName"], account=said["payeeAccount"], name=said["payeeName"],
        fen=fen(said["amount"]), purpose=said["purpose"], postscript=said["postscript"],
        summary="", loan=said["loanContractNo"],
    )  # fmt: skip


def _in_hand(told: Told) -> str:
    """A row beyond those that are decided while the caller waits."""
    amount = yuan(str(told.fen))
    return rows_xml({"instructionNo": told.number, "status": IN_HAND, "amount": amount})


def _counted(told: Sequence[Told]) -> dict[str, object]:
    counts = Counter("/".join(state(one)) for one in told)
    return {"rows": len(told), "states": dict(sorted(counts.items()))}


def _page(page: Page) -> Said:
    return Said("", page.out, {"rows": page.rows, "page": page.page})
