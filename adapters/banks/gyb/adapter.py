"""The bank port over 贵阳银行's gateway: which transactions make up each operation.

Contract: ``contracts_spec/banks/gyb``.  An object of this class holds no state between calls and
may serve several threads, each with a line of its own.  Results also come by notice
(``inbound``); nothing here waits for one.
"""

from collections.abc import Sequence
from datetime import date

from adapters.banks.gyb import rows as wire_rows
from adapters.banks.gyb.channel import Channel, Document, envelope_of
from adapters.kit import banks
from adapters.kit.amounts import Amounts, amount, count
from adapters.kit.claims import loan_check
from adapters.kit.documents import number, rows, text, texts
from adapters.kit.paging import page_follows
from adapters.kit.probes import probe
from adapters.kit.reader import RowReader
from adapters.kit.replies import BadReply, own, own_all, readable
from hub.contracts import CodeStatus, load_contract
from hub.kernel.errors import BadInput
from hub.kernel.periods import Period
from hub.ports.bank import (
    BankBalance,
    BankPort,
    DuePage,
    InstructionBatch,
    LoanCheck,
    LoanClaim,
    RowResult,
    StatementPage,
)
from hub.ports.context import AdapterContext
from hub.ports.line import Line, PartnerRefused
from hub.ports.probe import ProbeResult


def build(context: AdapterContext) -> BankPort:
    """The adapter of one deployment; raises Misconfigured when a value or key is missing."""
    return GybBank(context)


class GybBank:
    """贵阳银行商贷月对冲."""

    def __init__(self, context: AdapterContext) -> None:
        contract = load_contract(context.contract_folder)
        self._contract = contract
        self._clock = context.clock
        self._account = context.value("pay_account")
        self._account_name = context.value("pay_name")
        self._amounts = Amounts.of(contract)
        self._channel = Channel(contract, envelope_of(context), context.clock)
        self.batch_limit: int = contract.limit("batch_rows")
        self.inquiry_limit: int = contract.limit("inquiry_rows")
        self.settle_after_s: float = contract.timing.settle_after_s
        self.numbers_idempotent: bool = contract.numbers.idempotent

    def obstacle(self, name: str, account: str) -> str | None:
        """See ``adapters.kit.banks.obstacle``."""
        return banks.obstacle(self._contract, name, account, fields=wire_rows.PAYEE_FIELDS)

    def probe(self, line: Line) -> ProbeResult:
        """hc.ping: proves gateway, bank and keys at once."""
        return probe(lambda: self._channel.ask(line, "hc.ping", {}), code="000000")

    def verify_loan(self, line: Line, claim: LoanClaim) -> LoanCheck:
        """hc.loan.verify."""
        return self._claim(line, "hc.loan.verify", claim)

    def register_agreement(self, line: Line, claim: LoanClaim) -> LoanCheck:
        """hc.agreement.register."""
        return self._claim(line, "hc.agreement.register", claim)

    def cancel_agreement(self, line: Line, claim: LoanClaim) -> LoanCheck:
        """hc.agreement.cancel."""
        return self._claim(line, "hc.agreement.cancel", claim)

    def fetch_dues(self, line: Line, period: Period, page: str | None) -> DuePage:
        """hc.due.query.  ``page`` is "number:version"; a version that is gone is refused (E113)."""
        part, _, version = (page or "1:").partition(":")
        asked: dict[str, object] = {"month": period.compact, "pageNo": int(part)}
        if version:
            asked["version"] = version
        said = self._channel.ask(line, "hc.due.query", asked)
        place = "hc.due.query.reply"
        with readable(line):
            found = rows(said, place)
            own(f"{place}/month", text(said, "month"), period.compact)
            if version:
                own(f"{place}/version", text(said, "version"), version)
            more = self._more(place, said, int(part), len(found))
        version = text(said, "version").strip()
        reader = self._reader(place, line)
        return DuePage(
            records=tuple(reader.due(row, wire_rows.DUE) for row in found),
            next_page=f"{int(part) + 1}:{version}" if more else None,
            list_version=version,
            total_count=count(number(said, "totalCount")),
            total_amount=amount(self._contract, text(said, "totalAmount")),
        )

    def fetch_balance(self, line: Line) -> BankBalance:
        """hc.balance.query: the usable balance, as of the bank's time."""
        said = self._channel.ask(line, "hc.balance.query", {"account": self._account})
        place = "hc.balance.query.reply"
        with readable(line):
            own(f"{place}/account", text(said, "account"), self._account)
            usable = amount(self._contract, text(said, "usable"))
            at = banks.moment(text(said, "bankTime"))
            if usable is None or at is None:
                raise BadReply(place, "usable and bankTime", "one is unreadable")
        return BankBalance(self._account, usable, at)

    def instruct(self, line: Line, batch: InstructionBatch) -> tuple[RowResult, ...]:
        """hc.pay.submit: the reply only says that the batch was taken; no row has a result yet.

        A reply that repeats another batch number or other totals is not this batch's: unknown.
        """
        banks.check_batch(self._contract, batch, self.batch_limit, fields=wire_rows.PAYEE_FIELDS)
        total = self._amounts.write(batch.total)
        said = self._channel.ask(
            line,
            "hc.pay.submit",
            {
                "batchNo": batch.number,
                "payAccount": self._account,
                "payName": self._account_name,
                "totalCount": len(batch.rows),
                "totalAmount": total,
                "rows": [wire_rows.instruction(row, self._amounts) for row in batch.rows],
            },
        )
        place = "hc.pay.submit.reply"
        with readable(line):
            own_all(place, texts(said), {"batchNo": batch.number, "totalAmount": total})
            own(f"{place}/totalCount", number(said, "totalCount"), str(len(batch.rows)))
        return ()

    def fetch_results(self, line: Line, batch: str) -> tuple[RowResult, ...]:
        """hc.pay.batch.query; empty when the bank does not know the batch (proves nothing)."""
        try:
            said = self._channel.ask(line, "hc.pay.batch.query", {"batchNo": batch})
        except PartnerRefused as error:
            if self._contract.code("code", error.partner_code).status is CodeStatus.NOT_FOUND:
                return ()
            raise
        place = "hc.pay.batch.query.reply"
        with readable(line):
            own(f"{place}/batchNo", text(said, "batchNo"), batch)
            found = rows(said, place)
        reader = self._reader(place, line)
        return tuple(
            wire_rows.result(reader, row, one) for one, row in reader.numbered(found, "instNo")
        )

    def inquire(self, line: Line, numbers: Sequence[str]) -> tuple[RowResult, ...]:
        """hc.pay.query.  A number the bank leaves out of its answer is UNKNOWN."""
        banks.check_inquiry(numbers, self.inquiry_limit)
        if not numbers:
            return ()
        said = self._channel.ask(line, "hc.pay.query", {"instNos": list(numbers)})
        place = "hc.pay.query.reply"
        with readable(line):
            found = rows(said, place)
        reader = self._reader(place, line)
        return reader.answers(
            line, found, "instNo", numbers, lambda row, one: wire_rows.result(reader, row, one)
        )

    def fetch_statement(self, line: Line, day: date, page: str | None) -> StatementPage:
        """hc.statement.query, by page number; closed when the bank says that the day has ended."""
        if day > self._clock.today():
            raise BadInput(f"{day} lies ahead; there is no statement yet")
        part = int(page or "1")
        asked = {"account": self._account, "date": f"{day:%Y%m%d}"}
        said = self._channel.ask(line, "hc.statement.query", {**asked, "pageNo": part})
        place = "hc.statement.query.reply"
        reader = self._reader(place, line)
        with readable(line):
            own_all(place, texts(said), asked)
            found = rows(said, place)
            # Half a page would make a credit look as if it had never been.
            if number(said, "count") != str(len(found)):
                raise BadReply(f"{place}/count", "as many as there are rows", "another number")
            more = self._more(place, said, part, len(found))
            closed = said.get("dayEnd")
            if not isinstance(closed, bool):
                raise BadReply(f"{place}/dayEnd", "true or false", "something else")
            entries = tuple(reader.entry(row, day, wire_rows.ENTRY) for row in found)
        return StatementPage(entries, str(part + 1) if more else None, closed=closed)

    def _more(self, place: str, said: Document, page: int, here: int) -> bool:
        own(f"{place}/pageNo", number(said, "pageNo"), str(page))
        full, pages = self._contract.limit("page_rows"), number(said, "pages")
        return page_follows(f"{place}/pages", pages, page=page, here=here, full=full)

    def _claim(self, line: Line, code: str, claim: LoanClaim) -> LoanCheck:
        banks.check_claim(claim)
        said = self._channel.ask(line, code, wire_rows.claim(claim))
        return loan_check(
            self._contract, line, f"{code}.reply", texts(said), claim,
            agreement="agreementNo", code="checkCode",
        )  # fmt: skip

    def _reader(self, document: str, line: Line) -> RowReader:
        return RowReader(self._contract, f"{document}/rows", line.drift)
