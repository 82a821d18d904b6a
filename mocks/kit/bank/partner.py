"""A bank's mock put together from its books and its endpoints; the control plane every bank has."""

from collections.abc import Mapping, Sequence

from mocks.kit.bank.books import Books
from mocks.kit.bank.control import BankControls
from mocks.kit.faults import FaultKind
from mocks.kit.messages import Answer, Service
from mocks.kit.partner import Control, ControlCall, answer_json

BOTH = {"rows": True}
ROWS_ONLY = {"rows": True, "calls": False}
FAULTS: Mapping[str, FaultKind] = {
    "late": FaultKind("已入账，但到第 inquiries 次查询或 seconds 秒为止都说处理中", **BOTH),
    "batch_lost": FaultKind("整批已入账，连接重置，按批次查询说查无，按号查询才知道"),
    "book_after_not_found": FaultKind(
        "请求还在路上：先不入账、不应答，等查询答了“查无”（再过 seconds 秒）才入账", **BOTH
    ),
    "not_found": FaultKind("查询说查无，不论是否已入账"),
    "wrong_total": FaultKind("应答的总笔数、总金额（差 fen 分）不对"),
    "wrong_amount": FaultKind("入账金额差 fen 分（缺省 1）", **ROWS_ONLY),
}
"""What the kit's books enact for every bank; how its wire tells the rest is each bank's."""


class BankPartner:
    """One bank: books behind endpoints."""

    def __init__(
        self,
        books: Books,
        services: Mapping[str, Service],
        faults: Mapping[str, FaultKind],
        client: str,
    ) -> None:
        """``client`` says what of the customer ``GET /client`` shows."""
        self._books = books
        self._services = services
        self._faults = faults
        self._shown = client
        self._shared = BankControls(
            books.loans, books.ledger, books.payments, books.clock, books.catch_up
        )

    def services(self) -> Mapping[str, Service]:
        """Endpoint → service."""
        return self._services

    def fault_kinds(self) -> Mapping[str, FaultKind]:
        """The bank's and those of ``FAULTS``."""
        return self._faults

    def controls(self) -> Sequence[Control]:
        """Every bank's routes."""
        return (
            *self._shared.routes(),
            Control("GET", "/client", self._shown, self._client),
            Control("POST", "/client", "改其中几项；keep_hours=false 不管服务时间", self._change),
        )

    def reset(self) -> None:
        """See :meth:`Books.reset`."""
        self._books.reset()

    def _client(self, _: ControlCall) -> Answer:
        return answer_json(self._books.clients.shown())

    def _change(self, call: ControlCall) -> Answer:
        self._books.clients.change(dict(call.body))
        return answer_json(self._books.clients.shown())
