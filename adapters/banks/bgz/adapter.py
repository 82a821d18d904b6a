"""The bank port over the bank's SOAP service: which operations make up each method.

Contract: ``contracts_spec/banks/bgz``.  An object of this class holds no state between calls
and may serve several threads, each with a line of its own.
"""

from collections.abc import Iterator, Sequence
from datetime import date

from adapters.banks.bgz import rows
from adapters.banks.bgz.amounts import fen_of, moment_of, wire_moment
from adapters.banks.bgz.channel import Channel, Response
from adapters.banks.bgz.rows import Reader
from adapters.kit import banks
from adapters.kit.replies import BadReply, known, unreadable
from hub.contracts import CodeStatus, load_contract, shape
from hub.kernel.errors import BadInput, HubError
from hub.kernel.money import format_yuan
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
    """The adapter of one deployment; raises Misconfigured when a value or secret is missing."""
    return BgzBank(context)


class BgzBank:
    """贵州银行商贷月对冲."""

    def __init__(self, context: AdapterContext) -> None:
        contract = load_contract(context.contract_folder)
        self._contract = contract
        self._clock = context.clock
        self._account = context.value("payAccount")
        self._account_name = context.value("payAccountName")
        self._channel = Channel(
            contract=contract,
            username=context.value("username"),
            password=context.secret("password"),
            clock=context.clock,
        )
        self._page = contract.limit("page_rows")
        self.batch_limit: int = contract.limit("batch_rows")
        self.inquiry_limit: int = contract.limit("inquiry_rows")
        self.settle_after_s: float = contract.timing.settle_after_s
        self.numbers_idempotent: bool = contract.numbers.idempotent

    def obstacle(self, name: str, account: str) -> str | None:
        """See ``adapters.kit.banks.obstacle``."""
        return banks.obstacle(self._contract, name, account, fields=rows.PAYEE_FIELDS)

    def probe(self, line: Line) -> ProbeResult:
        """Ping: proves line, ESB, user name, password and clock at once."""
        try:
            said = self._channel.ask(line, "Ping", {"clientTime": wire_moment(self._clock.now())})
            if moment_of(said.head["serverTime"]) is None:
                unreadable(line, BadReply(said.place("serverTime"), "the bank's time", "none"))
        except (LineNotSent, LineUnknown) as error:
            return _seen(error, reachable=False)
        except ReplyUnreadable as error:
            return _seen(error, reachable=True)
        except PartnerRefused as error:
            return ProbeResult(True, usable=False, code=error.partner_code, text=error.text)
        return ProbeResult(True, usable=True, code="Ping", text="")

    def verify_loan(self, line: Line, claim: LoanClaim) -> LoanCheck:
        """VerifyLoan."""
        return self._claim(line, "VerifyLoan", claim)

    def register_agreement(self, line: Line, claim: LoanClaim) -> LoanCheck:
        """RegisterAgreement."""
        return self._claim(line, "RegisterAgreement", claim)

    def cancel_agreement(self, line: Line, claim: LoanClaim) -> LoanCheck:
        """CancelAgreement."""
        return self._claim(line, "CancelAgreement", claim)

    def fetch_dues(self, line: Line, period: Period, page: str | None) -> DuePage:
        """QueryDues.  ``page`` is "number:version"; a version that is gone is refused (HPF0113)."""
        number, _, version = (page or "1:").partition(":")
        asked: dict[str, object] = {"period": period.compact, "pageNo": int(number)}
        if version:
            asked["listVersion"] = version
        said = self._channel.ask(line, "QueryDues", {**asked, "pageSize": self._page})
        try:
            for name, wanted in asked.items():
                said.own(name, wanted)
            more = self._more(said, int(number))
            version = (said.head["listVersion"] or "").strip()
            if more and not version:
                raise BadReply(said.place("listVersion"), "the list's version", "none")
        except BadReply as bad:
            unreadable(line, bad)
        reader = Reader(self._contract, "QueryDues", line.drift)
        return DuePage(
            records=tuple(map(reader.due, said.rows)),
            next_page=f"{int(number) + 1}:{version}" if more else None,
            list_version=version,
            total_count=said.head["totalCount"],
            total_amount=fen_of(said.head["totalAmount"]),
        )

    def fetch_balance(self, line: Line) -> BankBalance:
        """QueryBalance: the usable balance (available), as of the bank's asOf."""
        said = self._channel.ask(line, "QueryBalance", {"account": self._account})
        try:
            said.own("account", self._account)
            amount, at = fen_of(said.head["available"]), moment_of(said.head["asOf"])
            if amount is None or at is None:
                raise BadReply(said.place("available"), "available and asOf", "one is unreadable")
        except BadReply as bad:
            unreadable(line, bad)
        return BankBalance(self._account, amount, at)

    def instruct(self, line: Line, batch: InstructionBatch) -> tuple[RowResult, ...]:
        """BatchPay: every row as the bank said it, repeats included; rows it leaves out are absent.

        The bank decides some at once and says PROC of the others.  A reply with another batch
        number or other totals is not this batch's: unknown.
        """
        banks.check_batch(self._contract, batch, self.batch_limit, fields=rows.PAYEE_FIELDS)
        asked = {
            "batchNo": batch.number,
            "totalCount": len(batch.rows),
            "totalAmount": format_yuan(batch.total),
        }
        account = {
            "payAccount": self._account, "payAccountName": self._account_name, "currency": "CNY",
        }  # fmt: skip
        said = self._channel.ask(
            line, "BatchPay", {**asked, **account}, [rows.instruction(row) for row in batch.rows]
        )
        try:
            said.own("batchNo", batch.number)
            said.own("totalCount", len(batch.rows))
            if fen_of(said.head["totalAmount"]) != batch.total:
                raise BadReply(said.place("totalAmount"), "the request's own", "another amount")
        except BadReply as bad:
            unreadable(line, bad)
        ordered = {row.number for row in batch.rows}
        reader = Reader(self._contract, "BatchPay", line.drift)
        return tuple(
            reader.result(row, number)
            for number, row in _numbered(said)
            if banks.expected(line, reader.number_place(), number, ordered)
        )

    def fetch_results(self, line: Line, batch: str) -> tuple[RowResult, ...]:
        """QueryBatch; empty when the bank does not know it (which proves nothing)."""
        try:
            said = self._channel.ask(line, "QueryBatch", {"batchNo": batch})
        except PartnerRefused as error:
            if self._contract.code("fault", error.partner_code).status is CodeStatus.NOT_FOUND:
                return ()
            raise
        try:
            said.own("batchNo", batch)
            said.own("itemCount", len(said.rows))
        except BadReply as bad:
            unreadable(line, bad)
        reader = Reader(self._contract, "QueryBatch", line.drift)
        numbered = list(_numbered(said))
        if not all(number for number, _ in numbered):
            line.drift.note(reader.number_place(), "a number", "空白")
        return tuple(reader.result(row, number) for number, row in numbered if number)

    def inquire(self, line: Line, numbers: Sequence[str]) -> tuple[RowResult, ...]:
        """QueryPayments.  A number the bank leaves out of its answer is UNKNOWN."""
        banks.check_inquiry(numbers, self.inquiry_limit)
        if not numbers:
            return ()
        said = self._channel.ask(line, "QueryPayments", {"instructionNo": list(numbers)})
        reader = Reader(self._contract, "QueryPayments", line.drift)
        place, wanted = reader.number_place(), set(numbers)
        results = [
            reader.result(row, number)
            for number, row in _numbered(said)
            if banks.expected(line, place, number, wanted)
        ]
        if wanted - {result.number for result in results}:
            line.drift.note(place, "a row per number", "fewer rows")
        return banks.one_per_number(results, numbers)

    def fetch_statement(self, line: Line, day: date, page: str | None) -> StatementPage:
        """QueryStatement, by page number; closed when the bank says that the day has ended."""
        if day > self._clock.today():
            raise BadInput(f"{day} lies ahead; there is no statement yet")
        number = int(page or "1")
        asked = {"account": self._account, "bookDate": day, "pageNo": number}
        said = self._channel.ask(line, "QueryStatement", {**asked, "pageSize": self._page})
        reader = Reader(self._contract, "QueryStatement", line.drift)
        try:
            for name, wanted in asked.items():
                said.own(name, wanted)
            more = self._more(said, number)
            closed = said.head["dayClosed"]
            if closed is None:
                raise BadReply(said.place("dayClosed"), "true or false", "none")
            entries = tuple(reader.entry(row, day) for row in said.rows)
        except BadReply as bad:
            unreadable(line, bad)
        return StatementPage(entries, str(number + 1) if more else None, closed=closed)

    def _more(self, said: Response, number: int) -> bool:
        """Whether a further page follows.

        Half a page would make a credit look as if it had never been: its count must be its rows',
        and pages and total must fit each other.
        """
        said.own("itemCount", len(said.rows))
        pages, total = said.head["pageCount"], said.head["totalCount"]
        if pages is None or total is None or pages != -(-total // self._page):
            raise BadReply(said.place("pageCount"), "as many pages as the total fills", "another")
        before = (number - 1) * self._page
        if number > max(pages, 1) or len(said.rows) != min(total - before, self._page):
            raise BadReply(said.place("item"), "the rows of this page", f"{len(said.rows)} rows")
        return bool(number < pages)

    def _claim(self, line: Line, operation: str, claim: LoanClaim) -> LoanCheck:
        banks.check_claim(claim)
        head = {
            "agreementNo": claim.agreement,
            "loanContractNo": claim.loan_contract,
            "repayAccount": claim.repayment_account,
            "borrowerName": claim.borrower_name,
            "borrowerId": claim.borrower_id,
        }
        said = self._channel.ask(line, operation, head)
        place = said.place("checkCode")
        try:
            said.own("agreementNo", claim.agreement)
            text = (said.head["checkCode"] or "").strip()
            answer = known(self._contract, line, "check_code", text, place)
            if not answer.known:
                raise BadReply(place, "a code of check_code", shape(text))
        except BadReply as bad:
            unreadable(line, bad)
        return LoanCheck(answer.status is CodeStatus.DONE, answer.code, answer.text)


def _numbered(said: Response) -> Iterator[tuple[str, rows.Row]]:
    return ((row.get("instructionNo", "").strip(), row) for row in said.rows)


def _seen(error: HubError, *, reachable: bool) -> ProbeResult:
    return ProbeResult(reachable, usable=False, code=error.code, text=error.message)
