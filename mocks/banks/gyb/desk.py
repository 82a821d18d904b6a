"""The bank's desk: each transaction's document, the books asked, the answer's part written."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time
from typing import Any

from mocks.banks.gyb.notices import Notices
from mocks.banks.gyb.queries import Page, Queries
from mocks.banks.gyb.words import CHECK_CODE, NOT_FOUND, row, state
from mocks.kit.bank.client import ClientFile
from mocks.kit.bank.contract import Contract
from mocks.kit.bank.ledger import Ledger
from mocks.kit.bank.orders import Order
from mocks.kit.bank.payments import OtherBatch, Payments, Told
from mocks.kit.bank.registrations import Registrations
from mocks.kit.bank.said import Refused
from mocks.kit.clock import MockClock
from mocks.kit.faults import Hits

Asked = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Served:
    """What a transaction answers beside the head, the journal's summary; or a reset."""

    out: Mapping[str, Any] = field(default_factory=dict)
    summary: Mapping[str, object] = field(default_factory=dict)
    reset: bool = False


@dataclass(frozen=True, slots=True)
class Desk:
    """Serves checked requests."""

    contract: Contract
    clients: ClientFile
    payments: Payments
    queries: Queries
    registrations: Registrations
    ledger: Ledger
    notices: Notices
    clock: MockClock

    def catch_up(self) -> None:
        """What became due since the last request: payments on their way, money coming back."""
        self.payments.sweep(self.clients.payer)
        self.ledger.settle_returns()

    def serve(self, code: str, asked: Asked, hits: Hits) -> Served:
        """Serve a request that passed the contract's checks; :class:`Refused` otherwise."""
        served: Mapping[str, Callable[[Asked, Hits], Served]] = {
            "hc.ping": lambda _, __: Served(),
            "hc.balance.query": self._balance,
            "hc.statement.query": self._entries,
            "hc.pay.submit": self._pay,
            "hc.pay.batch.query": self._batch,
            "hc.pay.query": self._numbers,
            "hc.due.query": self._dues,
            "hc.loan.verify": self._check(self.registrations.verify),
            "hc.agreement.register": self._check(self.registrations.register),
            "hc.agreement.cancel": self._check(self.registrations.cancel),
        }
        return served[code](asked, hits)

    def _pay(self, asked: Asked, hits: Hits) -> Served:
        self._in_hours()
        orders = [_order(one, asked) for one in asked["rows"]]
        total = sum(order.fen for order in orders)
        if (asked["totalCount"], asked["totalAmount"]) != (len(orders), str(total)):
            raise Refused("E111", "总笔数或总金额与明细不符")
        if len({order.number for order in orders}) != len(orders):
            raise Refused("E110", "同一批里指令号重复")
        batch = asked["batchNo"]
        try:
            told = self.payments.pay(batch, orders, self.clients.payer, hits)
        except OtherBatch as refused:
            raise Refused("E112", "批次号重复且内容不同") from refused
        if told is None or hits.first("batch_lost") is not None:
            return Served(summary={"batch": batch, "booked": told is not None}, reset=True)
        self.notices.tell(batch, told, hits)
        off = hits.first("wrong_total")
        total += 0 if off is None else int(off.parameters.get("fen", 100))
        out = {"batchNo": batch, "totalCount": len(orders), "totalAmount": str(total)}
        return Served(out, _counted(told))

    def _batch(self, asked: Asked, hits: Hits) -> Served:
        told = self.payments.by_batch(asked["batchNo"], hits)
        if told is None:
            raise Refused("E115", "查无此批次")
        rows = [row(self.contract, one) for one in told]
        return Served({"batchNo": asked["batchNo"], "rows": rows}, _counted(told))

    def _numbers(self, asked: Asked, hits: Hits) -> Served:
        found = self.payments.by_number(list(dict.fromkeys(asked["instNos"])), hits)
        rows = [
            {"instNo": number, "state": NOT_FOUND} if told is None else row(self.contract, told)
            for number, told in found
        ]
        known = [told for _, told in found if told is not None]
        return Served({"rows": rows}, {**_counted(known), "not_found": len(found) - len(known)})

    def _entries(self, asked: Asked, hits: Hits) -> Served:
        self._own_account(asked["account"])
        return _page(self.queries.entries(asked["account"], asked["date"], asked["pageNo"], hits))

    def _dues(self, asked: Asked, hits: Hits) -> Served:
        version = asked.get("version", "")
        return _page(self.queries.dues(asked["month"], version, asked["pageNo"], hits))

    def _balance(self, asked: Asked, _: Hits) -> Served:
        self._own_account(asked["account"])
        amount = str(self.ledger.balance())
        return Served(
            {"account": asked["account"], "accountName": self.clients.payer[1],
             "balance": amount, "usable": amount},
            {"fen": amount},
        )  # fmt: skip

    def _check(self, ask: Callable[[Mapping[str, str]], str]) -> Callable[[Asked, Hits], Served]:
        def served(asked: Asked, hits: Hits) -> Served:
            rule = hits.first("answer")
            code = str(rule.answer["checkCode"]) if rule and "checkCode" in rule.answer else ""
            claim = {
                "XYBH": asked["agreementNo"], "JKHTBH": asked["loanNo"],
                "HKZH": asked["repayAccount"], "JKRXM": asked["borrowerName"],
                "JKRZJH": asked["borrowerId"],
            }  # fmt: skip
            code = code or CHECK_CODE[ask(claim)]
            text = self.contract.text("check_code", code)
            out = {"agreementNo": asked["agreementNo"], "checkCode": code, "checkMessage": text}
            return Served(out, {"checkCode": code})

        return served

    def _own_account(self, number: str) -> None:
        if number != self.clients.payer[0]:
            raise Refused("E110", "不是本客户的账户")

    def _in_hours(self) -> None:
        if not self.clients.client.keep_hours:
            return
        start, end = (time.fromisoformat(one) for one in self.contract.payment_hours())
        if not start <= self.clock.now().time() < end:
            raise Refused("E130", "划款不在服务时间")


def _order(one: Mapping[str, str], head: Asked) -> Order:
    return Order(
        number=one["instNo"], pay_account=head["payAccount"], pay_name=head["payName"],
        account=one["payeeAccount"], name=one["payeeName"], fen=int(one["amount"]),
        purpose=one["purpose"], postscript=one["remark"], summary="", loan=one["loanNo"],
    )  # fmt: skip


def _counted(told: Sequence[Told]) -> dict[str, object]:
    counts = Counter("/".join(state(one)) for one in told)
    return {"rows": len(told), "states": dict(sorted(counts.items()))}


def _page(page: Page) -> Served:
    return Served(page.out, {"rows": page.rows, "page": page.out["pageNo"]})
