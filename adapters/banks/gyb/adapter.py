"""The bank port over 贵阳银行's gateway: which transactions make up each operation.

Contract: ``contracts_spec/banks/gyb``.  An object of this class holds no state between calls and
may serve several threads, each with a line of its own.  Results also come by notice
(``inbound``); nothing here waits for one.
"""

from collections.abc import Sequence
from datetime import date

from adapters.banks.gyb import rows as wire_rows
from adapters.banks.gyb.channel import Channel, Document, envelope_of, rows, text, whole
from adapters.banks.gyb.rows import Reader
from adapters.kit import banks
from adapters.kit.amounts import Amounts
from adapters.kit.replies import BadReply, known, own, unreadable
from hub.contracts import CodeStatus, load_contract, shape
from hub.kernel.errors import BadInput, HubError
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
from hub.ports.line import Line, LineNotSent, LineUnknown, PartnerRefused, ReplyUnreadable
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
        try:
            said = self._channel.ask(line, "hc.ping", {})
        except (LineNotSent, LineUnknown) as error:
            return _seen(error, reachable=False)
        except ReplyUnreadable as error:
            return _seen(error, reachable=True)
        except PartnerRefused as error:
            return ProbeResult(True, usable=False, code=error.partner_code, text=error.text)
        return ProbeResult(True, usable=True, code=text(said, "code"), text="")

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
        number, _, version = (page or "1:").partition(":")
        asked = {"month": period.compact, "pageNo": int(number)}
        if version:
            asked["version"] = version
        said = self._channel.ask(line, "hc.due.query", asked)
        place = "hc.due.query.reply"
        try:
            found = rows(said, place)
            own(f"{place}/month", text(said, "month"), period.compact)
            if version:
                own(f"{place}/version", text(said, "version"), version)
            more = self._more(place, said, int(number), len(found))
        except BadReply as bad:
            unreadable(line, bad)
        version = text(said, "version").strip()
        reader = self._reader("hc.due.query.reply", line)
        return DuePage(
            records=tuple(map(reader.due, found)),
            next_page=f"{int(number) + 1}:{version}" if more else None,
            list_version=version,
            total_count=whole(said, "totalCount"),
            total_amount=self._amounts.read(said.get("totalAmount")),
        )

    def fetch_balance(self, line: Line) -> BankBalance:
        """hc.balance.query: the usable balance, as of the bank's time."""
        said = self._channel.ask(line, "hc.balance.query", {"account": self._account})
        place = "hc.balance.query.reply"
        try:
            own(f"{place}/account", text(said, "account"), self._account)
            amount = self._amounts.read(said.get("usable"))
            at = banks.moment(text(said, "bankTime"))
            if amount is None or at is None:
                raise BadReply(place, "usable and bankTime", "one is unreadable")
        except BadReply as bad:
            unreadable(line, bad)
        return BankBalance(self._account, amount, at)

    def instruct(self, line: Line, batch: InstructionBatch) -> tuple[RowResult, ...]:
        """hc.pay.submit: the reply only says that the batch was taken; no row has a result yet.

        A reply that repeats another batch number or other totals is not this batch's: unknown.
        """
        banks.check_batch(self._contract, batch, self.batch_limit, fields=wire_rows.PAYEE_FIELDS)
        amount = self._amounts.write(batch.total)
        said = self._channel.ask(
            line,
            "hc.pay.submit",
            {
                "batchNo": batch.number,
                "payAccount": self._account,
                "payName": self._account_name,
                "totalCount": len(batch.rows),
                "totalAmount": amount,
                "rows": [wire_rows.instruction(row, self._amounts) for row in batch.rows],
            },
        )
        place = "hc.pay.submit.reply"
        try:
            own(f"{place}/batchNo", text(said, "batchNo"), batch.number)
            own(f"{place}/totalAmount", text(said, "totalAmount"), amount)
            if whole(said, "totalCount") != len(batch.rows):
                raise BadReply(f"{place}/totalCount", "the request's own", "another")
        except BadReply as bad:
            unreadable(line, bad)
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
        try:
            own(f"{place}/batchNo", text(said, "batchNo"), batch)
            found = rows(said, place)
        except BadReply as bad:
            unreadable(line, bad)
        reader = self._reader(place, line)
        numbered = [(text(row, "instNo").strip(), row) for row in found]
        if not all(number for number, _ in numbered):
            line.drift.note(f"{place}/rows/instNo", "a number", "空白")
        return tuple(reader.result(row, number) for number, row in numbered if number)

    def inquire(self, line: Line, numbers: Sequence[str]) -> tuple[RowResult, ...]:
        """hc.pay.query.  A number the bank leaves out of its answer is UNKNOWN."""
        banks.check_inquiry(numbers, self.inquiry_limit)
        if not numbers:
            return ()
        said = self._channel.ask(line, "hc.pay.query", {"instNos": list(numbers)})
        place, wanted = "hc.pay.query.reply", set(numbers)
        try:
            found = rows(said, place)
        except BadReply as bad:
            unreadable(line, bad)
        reader, at = self._reader(place, line), f"{place}/rows/instNo"
        results = [
            reader.result(row, number)
            for row in found
            if banks.expected(line, at, number := text(row, "instNo").strip(), wanted)
        ]
        if wanted - {result.number for result in results}:
            line.drift.note(at, "a row per number", "fewer rows")
        return banks.one_per_number(results, numbers)

    def fetch_statement(self, line: Line, day: date, page: str | None) -> StatementPage:
        """hc.statement.query, by page number; closed when the bank says that the day has ended."""
        if day > self._clock.today():
            raise BadInput(f"{day} lies ahead; there is no statement yet")
        number = int(page or "1")
        asked = {"account": self._account, "date": f"{day:%Y%m%d}"}
        said = self._channel.ask(line, "hc.statement.query", {**asked, "pageNo": number})
        place = "hc.statement.query.reply"
        reader = self._reader(place, line)
        try:
            for name, wanted in asked.items():
                own(f"{place}/{name}", text(said, name), wanted)
            found = rows(said, place)
            # Half a page would make a credit look as if it had never been.
            if whole(said, "count") != len(found):
                raise BadReply(f"{place}/count", "as many as there are rows", "another number")
            more = self._more(place, said, number, len(found))
            closed = said.get("dayEnd")
            if not isinstance(closed, bool):
                raise BadReply(f"{place}/dayEnd", "true or false", "something else")
            entries = tuple(reader.entry(row, day) for row in found)
        except BadReply as bad:
            unreadable(line, bad)
        return StatementPage(entries, str(number + 1) if more else None, closed=closed)

    def _more(self, place: str, said: Document, page: int, here: int) -> bool:
        """Whether a page follows; a page that is not full with more to come is no page."""
        if whole(said, "pageNo") != page:
            raise BadReply(f"{place}/pageNo", "the page asked for", "another")
        pages = whole(said, "pages")
        if pages is None or page > max(pages, 1):
            raise BadReply(f"{place}/pages", "how many pages there are", "something else")
        if page < pages and here != self._contract.limit("page_rows"):
            raise BadReply(f"{place}/rows", "a full page before the last", f"{here} rows")
        return page < pages

    def _claim(self, line: Line, code: str, claim: LoanClaim) -> LoanCheck:
        banks.check_claim(claim)
        body = {
            "agreementNo": claim.agreement,
            "loanNo": claim.loan_contract,
            "repayAccount": claim.repayment_account,
            "borrowerName": claim.borrower_name,
            "borrowerId": claim.borrower_id,
        }
        said = self._channel.ask(line, code, body)
        place = f"{code}.reply/checkCode"
        try:
            own(f"{code}.reply/agreementNo", text(said, "agreementNo"), claim.agreement)
            found = text(said, "checkCode").strip()
            answer = known(self._contract, line, "check_code", found, place)
            if not answer.known:
                raise BadReply(place, "a code of check_code", shape(found))
        except BadReply as bad:
            unreadable(line, bad)
        return LoanCheck(answer.status is CodeStatus.DONE, answer.code, answer.text)

    def _reader(self, document: str, line: Line) -> Reader:
        return Reader(self._contract, self._amounts, document, line.drift)


def _seen(error: HubError, *, reachable: bool) -> ProbeResult:
    return ProbeResult(reachable, usable=False, code=error.code, text=error.message)
