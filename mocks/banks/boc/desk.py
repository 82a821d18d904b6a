"""The bank's desk: each transaction's request as values, the books asked, the body written."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import time

from lxml import etree

from mocks.banks.boc.codec import Message
from mocks.banks.boc.queries import Part, Queries
from mocks.banks.boc.tokens import Tokens
from mocks.banks.boc.words import CHECK_CODE, NOT_FOUND, row_status
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
    tokens: Tokens
    clock: MockClock

    def catch_up(self) -> None:
        """What became due since the last request: payments on their way, money coming back."""
        self.payments.sweep(self.clients.payer)
        self.ledger.settle_returns()

    def serve(self, code: str, message: Message, hits: Hits) -> Said:
        """Serve a request that passed the contract's checks; :class:`Refused` otherwise."""
        served: Mapping[str, Callable[[Message, Hits], Said]] = {
            "b2e0001": self._sign_in,
            "b2e0005": self._balance,
            "b2e0007": self._status,
            "b2e0035": self._entries,
            "b2e0078": self._pay,
            "b2e9001": self._dues,
            "b2e9002": self._check(self.registrations.verify),
            "b2e9003": self._check(self.registrations.register),
            "b2e9004": self._check(self.registrations.cancel),
        }
        return served[code](message, hits)

    def _sign_in(self, message: Message, _: Hits) -> Said:
        if values(message.body)["oprpwd"] != self.clients.client["oprpwd"]:
            raise Refused("B101", "口令不符")
        return Said("", tags((("serverdt", self._now()), ("token", self.tokens.issue()))))

    def _pay(self, message: Message, hits: Hits) -> Said:
        self._in_hours()
        head = values(message.body)
        orders = [_order(row, head) for row in message.details]
        total = sum(order.fen for order in orders)
        if int(head["pybnum"]) != len(orders) or fen(head["pybamt"]) != total:
            raise Refused("B111", "总笔数或总金额与明细不符")
        batch = head["batchid"]
        try:
            told = self.payments.pay(batch, orders, self.clients.payer, hits)
        except OtherBatch as refused:
            raise Refused("B112", "批次号重复且内容不同") from refused
        if told is None or hits.first("batch_lost") is not None:
            return Said("", None, {"batch": batch, "booked": told is not None}, reset=True)
        off = hits.first("wrong_total")
        total += 0 if off is None else int(off.parameters.get("fen", 100))
        top = (("batchid", batch), ("pybnum", str(len(orders))), ("pybamt", yuan(str(total))))
        return Said("", tags(top) + "".join(map(self._told, told)), _counted(told))

    def _status(self, message: Message, hits: Hits) -> Said:
        batch = message.body.findtext("batchid") or ""
        asked = [one.text or "" for one in message.body.iterchildren("insid")]
        if bool(batch) == bool(asked):
            raise Refused("B110", "按批次或按指令，二者取一")
        if batch:
            told = self.payments.by_batch(batch, hits)
            if told is None:
                raise Refused("B115", "查无此批次")
            return Said("", tags((("batchid", batch),)) + "".join(map(self._told, told)),
                        _counted(told))  # fmt: skip
        found = self.payments.by_number(asked, hits)
        rows = "".join(
            self._unknown(number) if told is None else self._told(told) for number, told in found
        )
        known = [told for _, told in found if told is not None]
        return Said("", rows, {**_counted(known), "not_found": len(found) - len(known)})

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
        self._own_account(asked["actacn"])
        first, wanted = int(asked["begnum"]), int(asked["recnum"])
        return _part(self.queries.entries(asked["actacn"], asked["trndat"], first, wanted, hits))

    def _dues(self, message: Message, hits: Hits) -> Said:
        asked = values(message.body)
        first, wanted = int(asked["begnum"]), int(asked["recnum"])
        version = asked.get("listver", "")
        return _part(self.queries.dues(asked["period"], version, first, wanted, hits))

    def _balance(self, message: Message, _: Hits) -> Said:
        account = values(message.body)["actacn"]
        self._own_account(account)
        amount = yuan(str(self.ledger.balance()))
        fields = (
            ("actacn", account), ("actnam", self.clients.payer[1]), ("bokbal", amount),
            ("avabal", amount), ("baldat", self._now()),
        )  # fmt: skip
        return Said("", tags(fields), {"yuan": amount})

    def _check(self, ask: Callable[[Mapping[str, str]], str]) -> Callable[[Message, Hits], Said]:
        def served(message: Message, hits: Hits) -> Said:
            said = values(message.body)
            asked = {name.upper(): text for name, text in said.items()} | {"JKHTBH": said["loanno"]}
            rule = hits.first("answer")
            code = str(rule.answer["chkcod"]) if rule and "chkcod" in rule.answer else ""
            code = code or CHECK_CODE[ask(asked)]
            text = self.contract.text("check_code", code)
            fields = (("xybh", said["xybh"]), ("chkcod", code), ("chkmsg", text))
            return Said("", tags(fields), {"chkcod": code})

        return served

    def _own_account(self, number: str) -> None:
        if number != self.clients.payer[0]:
            raise Refused("B110", "不是本客户的账户")

    def _in_hours(self) -> None:
        if not self.clients.client.keep_hours:
            return
        start, end = (time.fromisoformat(one) for one in self.contract.payment_hours())
        if not start <= self.clock.now().time() < end:
            raise Refused("B130", "划款不在服务时间")

    def _now(self) -> str:
        return self.clock.now().strftime("%Y%m%d%H%M%S")


def _order(row: etree._Element, head: Mapping[str, str]) -> Order:
    said = values(row)
    return Order(
        number=said["insid"], pay_account=head["actacn"], pay_name=head["actnam"],
        account=said["toactn"], name=said["toname"], fen=fen(said["trnamt"]),
        purpose=said["useof"], postscript=said["furinfo"], summary="", loan=said["loanno"],
    )  # fmt: skip


def _counted(told: Sequence[Told]) -> dict[str, object]:
    counts = Counter(row_status(one) for one in told)
    return {"rows": len(told), "codes": dict(sorted(counts.items()))}


def _part(part: Part) -> Said:
    return Said("", part.out, {"rows": part.rows, "first": part.first})
