"""The bank port over CCB's 外联平台: which transactions make up each operation.

Contract: ``contracts_spec/banks/ccb``.  An object of this class holds no state between calls
and may serve several threads, each with a line of its own.
"""

from collections.abc import Sequence
from datetime import date

from adapters.banks.ccb import rows
from adapters.banks.ccb.channel import Channel
from adapters.banks.ccb.codec import Customer
from adapters.banks.ccb.rows import Reader
from adapters.kit import banks
from adapters.kit.replies import BadReply, known, own, unreadable
from hub.contracts import CodeStatus, load_contract, shape
from hub.kernel.errors import BadInput, HubError
from hub.kernel.money import BadAmount, Fen, format_yuan, parse_yuan
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
    return CcbBank(context)


class CcbBank:
    """建设银行商贷月对冲."""

    def __init__(self, context: AdapterContext) -> None:
        contract = load_contract(context.contract_folder)
        self._contract = contract
        self._clock = context.clock
        self._account = context.value("ACC_NO")
        self._account_name = context.value("ACC_NAME")
        self._channel = Channel(
            contract=contract,
            customer=Customer(context.value("CUST_ID"), context.value("USER_ID")),
            password=context.secret("password"),
            clock=context.clock,
        )
        self.batch_limit: int = contract.limit("batch_rows")
        self.inquiry_limit: int = contract.limit("inquiry_rows")
        self.settle_after_s: float = contract.timing.settle_after_s
        self.numbers_idempotent: bool = contract.numbers.idempotent

    def obstacle(self, name: str, account: str) -> str | None:
        """See ``adapters.kit.banks.obstacle``."""
        return banks.obstacle(self._contract, name, account, fields=rows.PAYEE_FIELDS)

    def probe(self, line: Line) -> ProbeResult:
        """6W9101: proves front machine, bank and password at once."""
        try:
            self._channel.ask(line, "6W9101", {})
        except (LineNotSent, LineUnknown) as error:
            return _seen(error, reachable=False)
        except ReplyUnreadable as error:
            return _seen(error, reachable=True)
        except PartnerRefused as error:
            return ProbeResult(True, usable=False, code=error.partner_code, text=error.text)
        return ProbeResult(True, usable=True, code="000000", text="")

    def verify_loan(self, line: Line, claim: LoanClaim) -> LoanCheck:
        """6WD902."""
        return self._claim(line, "6WD902", claim)

    def register_agreement(self, line: Line, claim: LoanClaim) -> LoanCheck:
        """6WD903."""
        return self._claim(line, "6WD903", claim)

    def cancel_agreement(self, line: Line, claim: LoanClaim) -> LoanCheck:
        """6WD904."""
        return self._claim(line, "6WD904", claim)

    def fetch_dues(self, line: Line, period: Period, page: str | None) -> DuePage:
        """6WD901.  ``page`` is "number:version"; a version that is gone is refused (YDH90113)."""
        number, _, version = (page or "1:").partition(":")
        info = {"MONTH": period.compact, "VERSION": version, "PAGE": number}
        said, found = self._channel.ask(
            line, "6WD901", {name: text for name, text in info.items() if name != "VERSION" or text}
        )
        place = "6WD901.reply/TX/TX_INFO"
        try:
            for name, wanted in info.items():
                if name != "VERSION" or wanted:
                    own(f"{place}/{name}", said.get(name), wanted)
            more = _more(place, said, int(number), len(found), self._contract.limit("page_rows"))
        except BadReply as bad:
            unreadable(line, bad)
        version = said.get("VERSION", "").strip()
        reader = Reader(self._contract, "6WD901", line.drift)
        return DuePage(
            records=tuple(map(reader.due, found)),
            next_page=f"{int(number) + 1}:{version}" if more else None,
            list_version=version,
            total_count=_count(said.get("TOTAL_NUM", "")),
            total_amount=_yuan(said.get("TOTAL_AMT", "")),
        )

    def fetch_balance(self, line: Line) -> BankBalance:
        """6W0100: the usable balance, as of the bank's QUERY_TIME."""
        said, _ = self._channel.ask(line, "6W0100", {"ACC_NO": self._account})
        place = "6W0100.reply/TX/TX_INFO"
        try:
            own(f"{place}/ACC_NO", said.get("ACC_NO"), self._account)
            amount = _yuan(said.get("USABLE", ""))
            at = banks.moment(said.get("QUERY_TIME", ""))
            if amount is None or at is None:
                raise BadReply(place, "USABLE and QUERY_TIME", "one is unreadable")
        except BadReply as bad:
            unreadable(line, bad)
        return BankBalance(self._account, amount, at)

    def instruct(self, line: Line, batch: InstructionBatch) -> tuple[RowResult, ...]:
        """6WD801: the reply only says that the batch was taken; no row has a result yet.

        A reply that repeats another batch number or other totals is not this batch's: unknown.
        """
        banks.check_batch(self._contract, batch, self.batch_limit, fields=rows.PAYEE_FIELDS)
        totals = {"TOTAL_NUM": str(len(batch.rows)), "TOTAL_AMT": format_yuan(batch.total)}
        head = {
            "BATCH_NO": batch.number,
            "ACC_NO": self._account,
            "ACC_NAME": self._account_name,
            **totals,
        }
        said, _ = self._channel.ask(line, "6WD801", head, [rows.instruction(r) for r in batch.rows])
        try:
            for name, wanted in {"BATCH_NO": batch.number, **totals}.items():
                own(f"6WD801.reply/TX/TX_INFO/{name}", said.get(name), wanted)
        except BadReply as bad:
            unreadable(line, bad)
        return ()

    def fetch_results(self, line: Line, batch: str) -> tuple[RowResult, ...]:
        """6WD802; empty when the bank does not know the batch (which proves nothing)."""
        try:
            said, found = self._channel.ask(line, "6WD802", {"BATCH_NO": batch})
        except PartnerRefused as error:
            table = self._contract.code("return_code", error.partner_code)
            if table.status is CodeStatus.NOT_FOUND:
                return ()
            raise
        try:
            own("6WD802.reply/TX/TX_INFO/BATCH_NO", said.get("BATCH_NO"), batch)
        except BadReply as bad:
            unreadable(line, bad)
        reader = Reader(self._contract, "6WD802", line.drift)
        place = "6WD802.reply/TX/TX_INFO/LIST/CUST_SN"
        numbered = [(row.get("CUST_SN", "").strip(), row) for row in found]
        for number, _row in numbered:
            if not number:
                line.drift.note(place, "a number", "空白")
        return tuple(reader.result(row, number) for number, row in numbered if number)

    def inquire(self, line: Line, numbers: Sequence[str]) -> tuple[RowResult, ...]:
        """6WD803.  A number the bank leaves out of its answer is UNKNOWN."""
        banks.check_inquiry(numbers, self.inquiry_limit)
        if not numbers:
            return ()
        _, found = self._channel.ask(line, "6WD803", {}, [{"CUST_SN": n} for n in numbers])
        reader = Reader(self._contract, "6WD803", line.drift)
        place, wanted = "6WD803.reply/TX/TX_INFO/LIST/CUST_SN", set(numbers)
        results = [
            reader.inquired(row, number)
            for row in found
            if banks.expected(line, place, number := row.get("CUST_SN", "").strip(), wanted)
        ]
        if wanted - {result.number for result in results}:
            line.drift.note(place, "a row per number", "fewer rows")
        return banks.one_per_number(results, numbers)

    def fetch_statement(self, line: Line, day: date, page: str | None) -> StatementPage:
        """6W0300, by page number; closed when the bank says that the day has ended."""
        if day > self._clock.today():
            raise BadInput(f"{day} lies ahead; there is no statement yet")
        number = int(page or "1")
        info = {"ACC_NO": self._account, "DATE": f"{day:%Y%m%d}", "PAGE": str(number)}
        said, found = self._channel.ask(line, "6W0300", info)
        reader = Reader(self._contract, "6W0300", line.drift)
        place = "6W0300.reply/TX/TX_INFO"
        try:
            for name, wanted in info.items():
                own(f"{place}/{name}", said.get(name), wanted)
            # Half a page would make a credit look as if it had never been.
            own(f"{place}/TOTAL_NUM", said.get("TOTAL_NUM"), str(len(found)))
            more = _more(place, said, number, len(found), self._contract.limit("page_rows"))
            closed = {"1": True, "0": False}.get(said.get("DAY_END", "").strip())
            if closed is None:
                raise BadReply(f"{place}/DAY_END", "0 or 1", shape(said.get("DAY_END")))
            entries = tuple(reader.entry(row, day) for row in found)
        except BadReply as bad:
            unreadable(line, bad)
        return StatementPage(entries, str(number + 1) if more else None, closed=closed)

    def _claim(self, line: Line, code: str, claim: LoanClaim) -> LoanCheck:
        banks.check_claim(claim)
        body = {
            "XYBH": claim.agreement,
            "LOAN_NO": claim.loan_contract,
            "HKZH": claim.repayment_account,
            "JKRXM": claim.borrower_name,
            "JKRZJH": claim.borrower_id,
        }
        said, _ = self._channel.ask(line, code, body)
        place = f"{code}.reply/TX/TX_INFO"
        try:
            own(f"{place}/XYBH", said.get("XYBH"), claim.agreement)
            text = said.get("CHECK_CODE", "").strip()
            answer = known(self._contract, line, "check_code", text, f"{place}/CHECK_CODE")
            if not answer.known:
                raise BadReply(f"{place}/CHECK_CODE", "a code of check_code", shape(text))
        except BadReply as bad:
            unreadable(line, bad)
        return LoanCheck(answer.status is CodeStatus.DONE, answer.code, answer.text)


def _more(place: str, said: dict[str, str], page: int, rows_here: int, full: int) -> bool:
    """Whether a further page follows; a page that is not full with more to come is no page."""
    pages = _count(said.get("PAGES", ""))
    if pages is None or page > max(pages, 1):
        raise BadReply(f"{place}/PAGES", "the number of pages", shape(said.get("PAGES")))
    if page < pages and rows_here != full:
        raise BadReply(f"{place}/LIST", "a full page before the last", f"{rows_here} rows")
    return page < pages


def _count(text: str) -> int | None:
    clean = text.strip()
    return int(clean) if clean.isascii() and clean.isdigit() else None


def _yuan(text: str) -> Fen | None:
    try:
        return parse_yuan(text)
    except BadAmount:
        return None


def _seen(error: HubError, *, reachable: bool) -> ProbeResult:
    return ProbeResult(reachable, usable=False, code=error.code, text=error.message)
