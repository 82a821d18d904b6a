"""The bank's desk: each transaction's request as values, the books asked, Cmp written."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import time

from lxml import etree

from mocks.banks.abc.codec import Message
from mocks.banks.abc.queries import Part, Queries
from mocks.banks.abc.requests import Requests
from mocks.banks.abc.words import CHECK_CODE, state
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

PAYMENT = "DCAF01"


@dataclass(frozen=True, slots=True)
class Desk:
    """Serves checked requests."""

    contract: Contract
    clients: ClientFile
    payments: Payments
    queries: Queries
    registrations: Registrations
    ledger: Ledger
    requests: Requests
    clock: MockClock

    def catch_up(self) -> None:
        """What became due since the last request: payments on their way, money coming back."""
        self.payments.sweep(self.clients.payer)
        self.ledger.settle_returns()

    def serve(self, code: str, message: Message, hits: Hits) -> Said:
        """Serve a request that passed the contract's checks; :class:`Refused` otherwise."""
        served: Mapping[str, Callable[[Message, Hits], Said]] = {
            "CQLT01": lambda _, __: Said("", tags((("SysTime", self._now()),))),
            "CQRA06": self._balance,
            "CQRA10": self._entries,
            "CQRT04": self._taken,
            "CQRA61": self._results,
            "DCQR01": self._dues,
            "DCQR02": self._check(self.registrations.verify),
            "DCAF02": self._check(self.registrations.register),
            "DCAF03": self._check(self.registrations.cancel),
            PAYMENT: self._pay,
        }
        return served[code](message, hits)

    def _pay(self, message: Message, hits: Hits) -> Said:
        self._in_hours()
        head = values(message.info)
        orders = [self._order(row, head) for row in message.rows]
        total = sum(order.fen for order in orders)
        if int(head["TotalNum"]) != len(orders) or fen(head["TotalAmt"]) != total:
            raise Refused("1011", "总笔数或总金额与明细不符")
        batch = message.head["ReqSeqNo"]
        try:
            told = self.payments.pay(batch, orders, self.clients.payer, hits)
        except OtherBatch as refused:
            raise Refused("1012", "请求流水号重复且内容不同") from refused
        if told is None or hits.first("batch_lost") is not None:
            return Said("", None, {"batch": batch, "booked": told is not None}, reset=True)
        off = hits.first("wrong_total")
        total += 0 if off is None else int(off.parameters.get("fen", 100))
        top = (("TotalNum", str(len(orders))), ("TotalAmt", yuan(str(total))))
        return Said("", tags(top), _counted(told))

    def _taken(self, message: Message, hits: Hits) -> Said:
        asked = values(message.info)["OrgReqSeqNo"]
        refused = self.requests.refusal(asked)
        said = "1" if self.payments.has_taken(asked, hits) else "3" if refused else "0"
        fields = (
            ("OrgReqSeqNo", asked), ("TransSta", said),
            ("OrgRespCode", refused if said == "3" else None),
            ("OrgRespInfo", self.contract.text("resp_code", refused) if said == "3" else None),
        )  # fmt: skip
        return Said("", tags(fields), {"TransSta": said})

    def _results(self, message: Message, hits: Hits) -> Said:
        asked = values(message.info)
        if "OrgReqSeqNo" in asked:
            return self._of_batch(asked["OrgReqSeqNo"], hits)
        numbers = [one.text or "" for one in message.info.iterchildren("CustSeqNo")]
        found = self.payments.by_number(numbers, hits)
        rows = "".join(
            f"<Row><CustSeqNo>{number}</CustSeqNo><Found>0</Found></Row>"
            if told is None
            else self._told(told)
            for number, told in found
        )
        known = [told for _, told in found if told is not None]
        summary = {**_counted(known), "not_found": len(found) - len(known)}
        return Said("", tags((("TotalNum", str(len(found))),)) + rows, summary)

    def _of_batch(self, batch: str, hits: Hits) -> Said:
        told = self.payments.by_batch(batch, hits)
        if told is None:
            raise Refused("1015", "查无此请求")
        top = (("OrgReqSeqNo", batch), ("TotalNum", str(len(told))))
        return Said("", tags(top) + "".join(map(self._told, told)), _counted(told))

    def _told(self, told: Told) -> str:
        said, failed = state(told)
        done = told.serial and said == "0"
        fields = (
            ("CustSeqNo", told.number), ("Found", "1"), ("RowSta", said),
            ("Amt", yuan(str(told.fen))), ("TransNo", told.serial if done else None),
            ("RowCode", failed or None),
            ("RowInfo", self.contract.text("row_code", failed) if failed else None),
        )  # fmt: skip
        return f"<Row>{tags(fields)}</Row>"

    def _entries(self, message: Message, hits: Hits) -> Said:
        asked = values(message.info)
        self._own_account(asked["AccNo"])
        first, wanted = int(asked["StartNo"]), int(asked["RecNum"])
        return _part(self.queries.entries(asked["AccNo"], asked["TrDate"], first, wanted, hits))

    def _dues(self, message: Message, hits: Hits) -> Said:
        asked = values(message.info)
        first, wanted = int(asked["StartNo"]), int(asked["RecNum"])
        version = asked.get("ListVer", "")
        return _part(self.queries.dues(asked["Period"], version, first, wanted, hits))

    def _balance(self, message: Message, _: Hits) -> Said:
        account = values(message.info)["AccNo"]
        self._own_account(account)
        amount = yuan(str(self.ledger.balance()))
        fields = (
            ("AccNo", account), ("AccName", self.clients.payer[1]), ("Bal", amount),
            ("AvailBal", amount), ("BalTime", self._now()),
        )  # fmt: skip
        return Said("", tags(fields), {"yuan": amount})

    def _check(self, ask: Callable[[Mapping[str, str]], str]) -> Callable[[Message, Hits], Said]:
        def served(message: Message, hits: Hits) -> Said:
            asked = values(message.info)
            rule = hits.first("answer")
            code = str(rule.answer["ChkCode"]) if rule and "ChkCode" in rule.answer else ""
            code = code or CHECK_CODE[ask({**asked, "JKHTBH": asked["LoanNo"]})]
            text = self.contract.text("check_code", code)
            fields = (("XYBH", asked["XYBH"]), ("ChkCode", code), ("ChkInfo", text))
            return Said("", tags(fields), {"ChkCode": code})

        return served

    def _order(self, row: etree._Element, head: Mapping[str, str]) -> Order:
        said = values(row)
        return Order(
            number=said["CustSeqNo"], pay_account=head["DbAccNo"], pay_name=head["DbAccName"],
            account=said["CrAccNo"], name=said["CrAccName"], fen=fen(said["Amt"]),
            purpose=said["WhyUse"], postscript=said["Postscript"], summary="",
            loan=said["LoanNo"],
        )  # fmt: skip

    def _own_account(self, number: str) -> None:
        if number != self.clients.payer[0]:
            raise Refused("1010", "不是本客户的账户")

    def _in_hours(self) -> None:
        if not self.clients.client.keep_hours:
            return
        start, end = (time.fromisoformat(one) for one in self.contract.payment_hours())
        if not start <= self.clock.now().time() < end:
            raise Refused("1030", "划款不在服务时间")

    def _now(self) -> str:
        return self.clock.now().strftime("%Y%m%d%H%M%S")


def _counted(told: Sequence[Told]) -> dict[str, object]:
    counts = Counter("/".join(state(one)) for one in told)
    return {"rows": len(told), "states": dict(sorted(counts.items()))}


def _part(part: Part) -> Said:
    return Said("", part.out, {"rows": part.rows, "first": part.first})
