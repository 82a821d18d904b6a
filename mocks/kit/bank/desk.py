"""What every bank's desk does before it says so in its own words."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import time

from mocks.kit.bank.books import Books
from mocks.kit.bank.orders import Order
from mocks.kit.bank.payments import OtherBatch, Told
from mocks.kit.bank.said import CutOff, Refused
from mocks.kit.faults import Hits


@dataclass(frozen=True, slots=True)
class Codes:
    """A bank's codes for what every bank refuses."""

    off_format: str
    wrong_totals: str
    other_batch: str
    unknown_batch: str
    stale: str
    out_of_hours: str


class BankDesk:
    """The desk of one bank; ``serve`` is the bank's own."""

    def __init__(self, books: Books, codes: Codes) -> None:
        self.books = books
        self.contract = books.contract
        self.codes = codes

    def take(
        self, batch: str, orders: Sequence[Order], *, count: str, fen: int, hits: Hits
    ) -> list[Told]:
        """Take a batch, booked on return; ``count`` and ``fen`` are the totals it was sent with.

        Raises Refused, or CutOff where a rule lets the request or its answer be lost.
        """
        self.in_hours()
        if int(count) != len(orders) or fen != sum(order.fen for order in orders):
            raise Refused(self.codes.wrong_totals, "总笔数或总金额与明细不符")
        try:
            told = self.books.payments.pay(batch, orders, self.books.clients.payer, hits)
        except OtherBatch as refused:
            raise Refused(self.codes.other_batch, "批次号重复且内容不同") from refused
        if told is None or hits.first("batch_lost") is not None:
            raise CutOff({"batch": batch, "booked": told is not None})
        return told

    def batch(self, number: str, hits: Hits) -> list[Told]:
        """What became of a batch; Refused for one the bank does not know."""
        told = self.books.payments.by_batch(number, hits)
        if told is None:
            raise Refused(self.codes.unknown_batch, "查无此批次")
        return told

    def claim(
        self,
        ask: Callable[[Mapping[str, str]], str],
        asked: Mapping[str, str],
        hits: Hits,
        codes: Mapping[str, str],
        field: str,
    ) -> str:
        """The bank's code for a claim (``asked`` by standard names), or what a rule says in
        ``field`` instead."""
        rule = hits.first("answer")
        if rule is not None and field in rule.answer:
            return str(rule.answer[field])
        return codes[ask(asked)]

    def own_account(self, number: str) -> None:
        """Refused unless it is the customer's paying account."""
        if number != self.books.clients.payer[0]:
            raise Refused(self.codes.off_format, "不是本客户的账户")

    def in_hours(self) -> None:
        """Refused outside the contract's hours of payment, while the customer keeps them."""
        if not self.books.clients.client.keep_hours:
            return
        start, end = (time.fromisoformat(one) for one in self.contract.payment_hours())
        if not start <= self.books.clock.now().time() < end:
            raise Refused(self.codes.out_of_hours, "划款不在服务时间")

    def now(self) -> str:
        """``yyyyMMddHHmmss``, business time."""
        return self.books.clock.now().strftime("%Y%m%d%H%M%S")


def counted(told: Sequence[Told], state: Callable[[Told], str]) -> dict[str, object]:
    """For the journal: how many rows in each state."""
    counts = Counter(map(state, told))
    return {"rows": len(told), "states": dict(sorted(counts.items()))}


def answered(
    found: Sequence[tuple[str, Told | None]], state: Callable[[Told], str]
) -> dict[str, object]:
    """For the journal: the same of an inquiry, with how many were not found."""
    known = [told for _, told in found if told is not None]
    return {**counted(known, state), "not_found": len(found) - len(known)}


def total_off(hits: Hits) -> int:
    """By how many 分 a total is told wrong; 0 without a rule."""
    rule = hits.first("wrong_total")
    return 0 if rule is None else int(rule.parameters.get("fen", 100))
