"""The bank's desk: each transaction's request as values, the books asked, TX_INFO written."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import time

from lxml import etree

from mocks.banks.ccb.codec import Message
from mocks.banks.ccb.queries import Page, Queries
from mocks.banks.ccb.words import CHECK_CODE, state
from mocks.kit.bank.client import ClientFile
from mocks.kit.bank.contract import Contract
from mocks.kit.bank.ledger import Ledger
from mocks.kit.bank.orders import Order
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

    def serve(self, code: str, message: Message, hits: Hits) -> Said:
        """Serve a request that passed the contract's checks; :class:`Refused` otherwise."""
        served: Mapping[str, Callable[[Message, Hits], Said]] = {
            "6W9101": lambda _, __: Said("", tags((("QUERY_TIME", self._now()),))),
            "6W0100": self._balance,
            "6W0300": self._entries,
            "6WD801": self._pay,
            "6WD802": self._batch,
            "6WD803": self._numbers,
            "6WD901": self._dues,
            "6WD902": self._check(self.registrations.verify),
            "6WD903": self._check(self.registrations.register),
            "6WD904": self._check(self.registrations.cancel),
        }
        return served[code](message, hits)

    def _pay(self, message: Message, hits: Hits) -> Said:
        self._in_hours()
        head = values(message.info)
        orders = [self._order(row, head) for row in message.lists]
        total = sum(order.fen for order in orders)
        if int(head["TOTAL_NUM"]) != len(orders) or fen(head["TOTAL_AMT"]) != total:
            raise Refused("YDH90111", "总笔数或总金额与明细不符")
        batch = head["BATCH_NO"]
        try:
            told = self.payments.pay(batch, orders, self.clients.payer, hits)
        except OtherBatch as refused:
            raise Refused("YDH90112", "批次号重复且内容不同") from refused
        if told is None or hits.first("batch_lost") is not None:
            return Said("", None, {"batch": batch, "booked": told is not None}, reset=True)
        off = hits.first("wrong_total")
        total += 0 if off is None else int(off.parameters.get("fen", 100))
        top = (
            ("BATCH_NO", batch), ("TOTAL_NUM", str(len(orders))), ("TOTAL_AMT", yuan(str(total))),
        )  # fmt: skip
        return Said("", tags(top), _counted(told))

    def _batch(self, message: Message, hits: Hits) -> Said:
        batch = values(message.info)["BATCH_NO"]
        told = self.payments.by_batch(batch, hits)
        if told is None:
            raise Refused("YDH90115", "查无此批次")
        top = (("BATCH_NO", batch), ("TOTAL_NUM", str(len(told))))
        return Said("", tags(top) + "".join(map(self._told, told)), _counted(told))

    def _numbers(self, message: Message, hits: Hits) -> Said:
        asked = [row.findtext("CUST_SN") or "" for row in message.lists]
        found = self.payments.by_number(asked, hits)
        rows = "".join(
            f"<LIST><CUST_SN>{number}</CUST_SN><FOUND>0</FOUND></LIST>"
            if told is None
            else self._told(told, found="1")
            for number, told in found
        )
        known = [told for _, told in found if told is not None]
        summary = {**_counted(known), "not_found": len(found) - len(known)}
        return Said("", tags((("TOTAL_NUM", str(len(found))),)) + rows, summary)

    def _told(self, told: Told, found: str | None = None) -> str:
        said, failed = state(told)
        amount = yuan(str(told.fen))
        fields = (
            ("CUST_SN", told.number), ("FOUND", found), ("STATE", said), ("AMOUNT", amount),
            ("FLOW_NO", told.serial if told.serial and said == "2" else None),
            ("FAIL_CODE", failed or None),
            ("FAIL_MSG", self.contract.text("fail_code", failed) if failed else None),
        )  # fmt: skip
        return f"<LIST>{tags(fields)}</LIST>"

    def _entries(self, message: Message, hits: Hits) -> Said:
        asked = values(message.info)
        self._own_account(asked["ACC_NO"])
        return _page(self.queries.entries(asked["ACC_NO"], asked["DATE"], int(asked["PAGE"]), hits))

    def _dues(self, message: Message, hits: Hits) -> Said:
        asked = values(message.info)
        version = asked.get("VERSION", "")
        return _page(self.queries.dues(asked["MONTH"], version, int(asked["PAGE"]), hits))

    def _balance(self, message: Message, _: Hits) -> Said:
        account = values(message.info)["ACC_NO"]
        self._own_account(account)
        amount = yuan(str(self.ledger.balance()))
        fields = (
            ("ACC_NO", account), ("ACC_NAME", self.clients.payer[1]), ("BALANCE", amount),
            ("USABLE", amount), ("QUERY_TIME", self._now()),
        )  # fmt: skip
        return Said("", tags(fields), {"yuan": amount})

    def _check(self, ask: Callable[[Mapping[str, str]], str]) -> Callable[[Message, Hits], Said]:
        def served(message: Message, hits: Hits) -> Said:
            asked = values(message.info)
            rule = hits.first("answer")
            code = str(rule.answer["CHECK_CODE"]) if rule and "CHECK_CODE" in rule.answer else ""
            code = code or CHECK_CODE[ask({**asked, "JKHTBH": asked["LOAN_NO"]})]
            text = self.contract.text("check_code", code)
            fields = (("XYBH", asked["XYBH"]), ("CHECK_CODE", code), ("CHECK_MSG", text))
            return Said("", tags(fields), {"CHECK_CODE": code})

        return served

    def _order(self, row: etree._Element, head: Mapping[str, str]) -> Order:
        said = values(row)
        return Order(
            number=said["CUST_SN"], pay_account=head["ACC_NO"], pay_name=head["ACC_NAME"],
            account=said["RECV_ACCNO"], name=said["RECV_ACC_NAME"], fen=fen(said["AMOUNT"]),
            purpose=said["USEOF"], postscript=said["REMARK"], summary="", loan=said["LOAN_NO"],
        )  # fmt: skip

    def _own_account(self, number: str) -> None:
        if number != self.clients.payer[0]:
            raise Refused("YDH90110", "不是本客户的账户")

    def _in_hours(self) -> None:
        if not self.clients.client.keep_hours:
            return
        start, end = (time.fromisoformat(one) for one in self.contract.payment_hours())
        if not start <= self.clock.now().time() < end:
            raise Refused("YDH90130", "划款不在服务时间")

    def _now(self) -> str:
        return self.clock.now().strftime("%Y%m%d%H%M%S")


def _counted(told: Sequence[Told]) -> dict[str, object]:
    counts = Counter("/".join(state(one)) for one in told)
    return {"rows": len(told), "states": dict(sorted(counts.items()))}


def _page(page: Page) -> Said:
    return Said("", page.out, {"rows": page.rows, "page": page.page, "pages": page.pages})
