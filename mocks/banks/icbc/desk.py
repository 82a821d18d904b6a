"""The bank's desk: each transaction's request as values, the books asked, the ``out`` written."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import time

from lxml import etree

from mocks.banks.icbc.codec import Message
from mocks.banks.icbc.queries import Page, Queries, QueryRefused, balance_out
from mocks.banks.icbc.words import CHECK_CODE, result
from mocks.kit.bank.client import ClientFile
from mocks.kit.bank.contract import Contract
from mocks.kit.bank.ledger import Ledger
from mocks.kit.bank.orders import Order
from mocks.kit.bank.payments import OtherBatch, Payments, Told
from mocks.kit.bank.registrations import Registrations
from mocks.kit.bank.said import Refused, Said
from mocks.kit.clock import MockClock
from mocks.kit.faults import Hits
from mocks.kit.xml import escape, tags, values


class Desk:
    """Serves checked requests."""

    def __init__(
        self,
        *,
        contract: Contract,
        clients: ClientFile,
        payments: Payments,
        queries: Queries,
        registrations: Registrations,
        ledger: Ledger,
        clock: MockClock,
    ) -> None:
        self._contract = contract
        self._clients = clients
        self._payments = payments
        self._queries = queries
        self._ledger = ledger
        self._clock = clock
        self._served: Mapping[str, Callable[[Mapping[str, str], Message, Hits], Said]] = {
            "PAYENT": self._payent,
            "QPAYENT": self._qpayent,
            "QPD": self._qpd,
            "QHISD": self._qhisd,
            "QACCBAL": self._qaccbal,
            "QDKDUE": self._qdkdue,
            "QDKVER": self._check(registrations.verify),
            "DKXYREG": self._check(registrations.register),
            "DKXYCAN": self._check(registrations.cancel),
            "QNCTEST": self._qnctest,
        }

    def catch_up(self) -> None:
        """What became due since the last request: payments on their way, money coming back."""
        self._payments.sweep(self._clients.payer)
        self._ledger.settle_returns()

    def serve(self, code: str, pub: Mapping[str, str], message: Message, hits: Hits) -> Said:
        """Serve a request that passed the contract's checks; :class:`Refused` otherwise."""
        return self._served[code](pub, message, hits)

    def _payent(self, pub: Mapping[str, str], message: Message, hits: Hits) -> Said:
        self._in_hours()
        orders = [_order(row) for row in message.body.iterchildren("rd")]
        head = values(message.body)
        total = sum(order.fen for order in orders)
        if int(head["TotalNum"]) != len(orders) or int(head["TotalAmt"]) != total:
            raise Refused("B0111", "总笔数或总金额与明细不符")
        batch = pub["fSeqno"]
        try:
            told = self._payments.pay(batch, orders, self._clients.payer, hits)
        except OtherBatch as refused:
            raise Refused("B0112", "包序列号重复且内容不同") from refused
        if told is None or hits.first("batch_lost") is not None:
            return Said("", None, {"batch": batch, "booked": told is not None}, reset=True)
        off = hits.first("wrong_total")
        total += 0 if off is None else int(off.parameters.get("fen", 100))
        count = len(orders) + (0 if off is None else 1)
        top = (
            ("OnlBatF", "1"), ("SettleMode", "0"), ("TotalNum", str(count)),
            ("TotalAmt", str(total)),
        )  # fmt: skip
        payer = self._clients.client["PayAccNo"]
        body = "".join(self._paid(one, payer) for one in told)
        return Said("", tags(top) + body, _counted(told))

    def _paid(self, told: Told, payer: str) -> str:
        """A row, written out: 500 of these are in every reply."""
        serial = f"<OrderNo>{told.serial}</OrderNo>" if told.serial else ""
        state, code = result(told)
        return (
            f"<rd><iSeqno>{escape(told.number)}</iSeqno>{serial}<PayAccNo>{payer}</PayAccNo>"
            f"<RecAccNo>{escape(told.account)}</RecAccNo><PayAmt>{told.fen}</PayAmt>"
            f"<Result>{state}</Result><instrRetCode>{code}</instrRetCode>"
            f"<instrRetMsg>{self._word(code)}</instrRetMsg></rd>"
        )

    def _qpayent(self, _: Mapping[str, str], message: Message, hits: Hits) -> Said:
        batch = message.body.findtext("QryfSeqno") or ""
        asked = [row.findtext("QryiSeqno") or "" for row in message.body.iterchildren("rd")]
        if bool(batch) == bool(asked):
            raise Refused("B0110", "按批次或按指令，二者取一")
        if batch:
            told = self._payments.by_batch(batch, hits)
            if told is None:
                raise Refused("B0115", "查无此批次")
            found: list[tuple[str, Told | None]] = [(one.number, one) for one in told]
        else:
            found = self._payments.by_number(asked, hits)
        rows = "".join(
            self._inquired(place, number, told) for place, (number, told) in enumerate(found, 1)
        )
        known = [told for _, told in found if told is not None]
        summary = {**_counted(known), "not_found": len(found) - len(known)}
        return Said("", tags((("QryfSeqno", batch),)) + rows, summary)

    def _inquired(self, place: int, number: str, told: Told | None) -> str:
        fields: list[tuple[str, str | None]] = [("iSeqno", str(place)), ("QryiSeqno", number)]
        if told is None:
            text = self._contract.text("row_code", "B0116")
            fields += [("iRetCode", "B0116"), ("iRetMsg", text)]
            return f"<rd>{tags(fields)}</rd>"
        state, code = result(told)
        fields += [
            ("OrderNo", told.serial or None), ("RecAccNo", told.account),
            ("PayAmt", str(told.fen)), ("iRetCode", "0"), ("iRetMsg", ""),
            ("Result", state), ("instrRetCode", code), ("instrRetMsg", self._word(code)),
        ]  # fmt: skip
        return f"<rd>{tags(fields)}</rd>"

    def _qpd(self, _: Mapping[str, str], message: Message, hits: Hits) -> Said:
        asked = values(message.body)
        self._own_account(asked["AccNo"])
        return _page(lambda: self._queries.today(self._clients.payer, asked["NextTag"], hits))

    def _qhisd(self, _: Mapping[str, str], message: Message, hits: Hits) -> Said:
        asked = values(message.body)
        self._own_account(asked["AccNo"])
        days = (asked["BeginDate"], asked["EndDate"])
        return _page(
            lambda: self._queries.history(self._clients.payer, days, asked["NextTag"], hits)
        )

    def _qaccbal(self, _: Mapping[str, str], message: Message, __: Hits) -> Said:
        row = message.body.find("rd")
        asked = values(row) if row is not None else {}
        self._own_account(asked["AccNo"])
        fen = self._ledger.balance()
        out = balance_out(asked["AccNo"], fen, self._clock.now(), asked["iSeqno"])
        return Said("", out, {"fen": fen})

    def _qdkdue(self, _: Mapping[str, str], message: Message, hits: Hits) -> Said:
        asked = values(message.body)
        return _page(lambda: self._queries.dues(asked["Month"], asked["NextTag"], hits))

    def _qnctest(self, _: Mapping[str, str], __: Message, ___: Hits) -> Said:
        return Said("", tags((("QueryTime", self._clock.now().strftime("%Y%m%d%H%M%S")),)))

    def _check(
        self, ask: Callable[[Mapping[str, str]], str]
    ) -> Callable[[Mapping[str, str], Message, Hits], Said]:
        def served(_: Mapping[str, str], message: Message, hits: Hits) -> Said:
            asked = values(message.body)
            rule = hits.first("answer")
            code = str(rule.answer["CheckCode"]) if rule and "CheckCode" in rule.answer else ""
            code = code or CHECK_CODE[ask(asked)]
            text = self._contract.text("check_code", code)
            fields = (("XYBH", asked["XYBH"]), ("CheckCode", code), ("CheckMsg", text))
            return Said("", tags(fields), {"CheckCode": code})

        return served

    def _own_account(self, number: str) -> None:
        if number != self._clients.client["PayAccNo"]:
            raise Refused("B0110", "不是本客户的账户")

    def _in_hours(self) -> None:
        if not self._clients.client.keep_hours:
            return
        start, end = (time.fromisoformat(one) for one in self._contract.payment_hours())
        if not start <= self._clock.now().time() < end:
            raise Refused("B0130", "划款不在服务时间")

    def _word(self, code: str) -> str:
        return self._contract.text("instr_ret_code", code)


def _order(row: etree._Element) -> Order:
    """By place, not by name: the schema, checked before, fixes the order of the fields."""
    (
        number, _, pay_account, pay_name, account, name, _, _, _, fen, purpose, postscript,
        summary, loan,
    ) = [child.text or "" for child in row]  # fmt: skip
    return Order(
        number, pay_account, pay_name, account, name, int(fen), purpose, postscript, summary, loan
    )


def _counted(told: Sequence[Told]) -> dict[str, object]:
    counts = Counter("/".join(result(one)) for one in told)
    return {"rows": len(told), "results": dict(sorted(counts.items()))}


def _page(fetch: Callable[[], Page]) -> Said:
    try:
        page = fetch()
    except QueryRefused as refused:
        raise Refused(str(refused), "查询不能答复") from refused
    return Said("", page.out, {"rows": page.rows, "NextTag": page.next_tag})
