"""The bank port over CCB's 外联平台: which transactions make up each operation.

Contract: ``contracts_spec/banks/ccb``.  An object of this class holds no state between calls
and may serve several threads, each with a line of its own.
"""

from collections.abc import Sequence
from datetime import date

from adapters.banks.ccb import rows
from adapters.banks.ccb.channel import Channel
from adapters.banks.ccb.codec import Customer
from adapters.kit import banks
from adapters.kit.amounts import amount, count
from adapters.kit.claims import loan_check
from adapters.kit.paging import page_follows
from adapters.kit.probes import probe
from adapters.kit.reader import RowReader
from adapters.kit.replies import BadReply, own, own_all, readable
from adapters.kit.terms import BankTerms
from hub.contracts import CodeStatus, load_contract, shape
from hub.kernel.errors import BadInput
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
from hub.ports.line import Line, PartnerRefused
from hub.ports.probe import ProbeResult


def build(context: AdapterContext) -> BankPort:
    """The adapter of one deployment; raises Misconfigured when a value or secret is missing."""
    return CcbBank(context)


class CcbBank(BankTerms):
    """建设银行商贷月对冲."""

    def __init__(self, context: AdapterContext) -> None:
        contract = load_contract(context.contract_folder)
        super().__init__(contract, payee_fields=rows.PAYEE_FIELDS)
        self._clock = context.clock
        self._account = context.value("ACC_NO")
        self._account_name = context.value("ACC_NAME")
        self._channel = Channel(
            contract=contract,
            customer=Customer(context.value("CUST_ID"), context.value("USER_ID")),
            password=context.secret("password"),
            clock=context.clock,
        )

    def probe(self, line: Line) -> ProbeResult:
        """6W9101: proves front machine, bank and password at once."""
        return probe(lambda: self._channel.ask(line, "6W9101", {}), code="000000")

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
        asked = {"MONTH": period.compact, "VERSION": version, "PAGE": number}
        asked = {name: text for name, text in asked.items() if name != "VERSION" or text}
        said, found = self._channel.ask(line, "6WD901", asked)
        with readable(line):
            own_all(_info("6WD901"), said, asked)
            more = self._follows("6WD901", said, int(number), len(found))
        version = said.get("VERSION", "").strip()
        reader = self._reader(line, "6WD901")
        return DuePage(
            records=tuple(reader.due(row, rows.DUE) for row in found),
            next_page=f"{int(number) + 1}:{version}" if more else None,
            list_version=version,
            total_count=count(said.get("TOTAL_NUM")),
            total_amount=amount(self._contract, said.get("TOTAL_AMT")),
        )

    def fetch_balance(self, line: Line) -> BankBalance:
        """6W0100: the usable balance, as of the bank's QUERY_TIME."""
        said, _ = self._channel.ask(line, "6W0100", {"ACC_NO": self._account})
        place = _info("6W0100")
        with readable(line):
            own(f"{place}/ACC_NO", said.get("ACC_NO"), self._account)
            usable = amount(self._contract, said.get("USABLE"))
            at = banks.moment(said.get("QUERY_TIME", ""))
            if usable is None or at is None:
                raise BadReply(place, "USABLE and QUERY_TIME", "one is unreadable")
        return BankBalance(self._account, usable, at)

    def instruct(self, line: Line, batch: InstructionBatch) -> tuple[RowResult, ...]:
        """6WD801: the reply only says that the batch was taken; no row has a result yet.

        A reply that repeats another batch number or other totals is not this batch's: unknown.
        """
        self.check_batch(batch)
        totals = {"TOTAL_NUM": str(len(batch.rows)), "TOTAL_AMT": format_yuan(batch.total)}
        head = {
            "BATCH_NO": batch.number,
            "ACC_NO": self._account,
            "ACC_NAME": self._account_name,
            **totals,
        }
        said, _ = self._channel.ask(line, "6WD801", head, [rows.instruction(r) for r in batch.rows])
        with readable(line):
            own_all(_info("6WD801"), said, {"BATCH_NO": batch.number, **totals})
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
        with readable(line):
            own(f"{_info('6WD802')}/BATCH_NO", said.get("BATCH_NO"), batch)
        reader = self._reader(line, "6WD802")
        numbered = reader.numbered(found, "CUST_SN")
        return tuple(rows.result(reader, row, number) for number, row in numbered)

    def inquire(self, line: Line, numbers: Sequence[str]) -> tuple[RowResult, ...]:
        """6WD803.  A number the bank leaves out of its answer is UNKNOWN."""
        banks.check_inquiry(numbers, self.inquiry_limit)
        if not numbers:
            return ()
        _, found = self._channel.ask(line, "6WD803", {}, [{"CUST_SN": n} for n in numbers])
        reader = self._reader(line, "6WD803")
        return reader.answers(
            line, found, "CUST_SN", numbers, lambda row, number: rows.inquired(reader, row, number)
        )

    def fetch_statement(self, line: Line, day: date, page: str | None) -> StatementPage:
        """6W0300, by page number; closed when the bank says that the day has ended."""
        if day > self._clock.today():
            raise BadInput(f"{day} lies ahead; there is no statement yet")
        number = int(page or "1")
        asked = {"ACC_NO": self._account, "DATE": f"{day:%Y%m%d}", "PAGE": str(number)}
        said, found = self._channel.ask(line, "6W0300", asked)
        reader, place = self._reader(line, "6W0300"), _info("6W0300")
        with readable(line):
            own_all(place, said, {**asked, "TOTAL_NUM": str(len(found))})
            more = self._follows("6W0300", said, number, len(found))
            closed = {"1": True, "0": False}.get(said.get("DAY_END", "").strip())
            if closed is None:
                raise BadReply(f"{place}/DAY_END", "0 or 1", shape(said.get("DAY_END")))
            entries = tuple(reader.entry(row, day, rows.ENTRY) for row in found)
        return StatementPage(entries, str(number + 1) if more else None, closed=closed)

    def _claim(self, line: Line, code: str, claim: LoanClaim) -> LoanCheck:
        banks.check_claim(claim)
        said, _ = self._channel.ask(line, code, rows.claim(claim))
        return loan_check(
            self._contract, line, _info(code), said, claim, agreement="XYBH", code="CHECK_CODE"
        )

    def _follows(self, code: str, said: dict[str, str], page: int, here: int) -> bool:
        place, full = f"{_info(code)}/PAGES", self._contract.limit("page_rows")
        return page_follows(place, said.get("PAGES"), page=page, here=here, full=full)

    def _reader(self, line: Line, code: str) -> RowReader:
        return RowReader(self._contract, f"{_info(code)}/LIST", line.drift)


def _info(code: str) -> str:
    return f"{code}.reply/TX/TX_INFO"
