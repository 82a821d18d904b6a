"""The bank port over BOC's 银企对接: which transactions make up each operation.

Contract: ``contracts_spec/banks/boc``.  An object of this class keeps one sign-in token, and may
serve several threads, each with a line of its own.
"""

from collections.abc import Sequence
from datetime import date

from adapters.banks.boc import rows
from adapters.banks.boc.channel import SIGN_IN, Channel
from adapters.banks.boc.codec import Customer
from adapters.kit import banks
from adapters.kit.amounts import amount, count
from adapters.kit.claims import loan_check
from adapters.kit.paging import next_row
from adapters.kit.probes import probe
from adapters.kit.reader import RowReader
from adapters.kit.replies import BadReply, own, own_all, readable, values
from adapters.kit.terms import BankTerms
from hub.contracts import CodeStatus, load_contract, shape
from hub.contracts.documents import XmlElement
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
    return BocBank(context)


class BocBank(BankTerms):
    """中国银行商贷月对冲."""

    def __init__(self, context: AdapterContext) -> None:
        contract = load_contract(context.contract_folder)
        super().__init__(contract, payee_fields=rows.PAYEE_FIELDS)
        self._clock = context.clock
        self._account = context.value("actacn")
        self._account_name = context.value("actnam")
        customer = Customer(
            context.value("termid"), context.value("custid"), context.value("cusopr")
        )
        self._channel = Channel(contract, customer, context.secret("oprpwd"), context.clock)
        self._page = contract.limit("page_rows")

    def probe(self, line: Line) -> ProbeResult:
        """A fresh sign-in: proves front machine, bank and password at once."""
        return probe(lambda: self._channel.sign_in(line), code="B001", text=SIGN_IN)

    def verify_loan(self, line: Line, claim: LoanClaim) -> LoanCheck:
        """b2e9002."""
        return self._claim(line, "b2e9002", claim)

    def register_agreement(self, line: Line, claim: LoanClaim) -> LoanCheck:
        """b2e9003."""
        return self._claim(line, "b2e9003", claim)

    def cancel_agreement(self, line: Line, claim: LoanClaim) -> LoanCheck:
        """b2e9004."""
        return self._claim(line, "b2e9004", claim)

    def fetch_dues(self, line: Line, period: Period, page: str | None) -> DuePage:
        """b2e9001.  ``page`` is "first row:version"; a version that is gone is refused (B113)."""
        first, _, version = (page or "1:").partition(":")
        asked = {"period": period.compact, "listver": version, "begnum": first}
        asked = {name: text for name, text in asked.items() if name != "listver" or text}
        body = self._page_of(line, "b2e9001", asked)
        said, found = values(body), _details(body)
        with readable(line):
            own_all("b2e9001.reply", said, {**asked, "recnum": str(len(found))})
            following = self._following("b2e9001", said, int(first), len(found))
        version = said.get("listver", "").strip()
        reader = self._reader(line, "b2e9001")
        return DuePage(
            records=tuple(reader.due(row, rows.DUE) for row in found),
            next_page=None if following is None else f"{following}:{version}",
            list_version=version,
            total_count=count(said.get("notenum")),
            total_amount=amount(self._contract, said.get("totamt")),
        )

    def fetch_balance(self, line: Line) -> BankBalance:
        """b2e0005: the usable balance (avabal), as of the bank's baldat."""
        said = values(self._channel.ask(line, "b2e0005", [("actacn", self._account)]))
        with readable(line):
            own("b2e0005.reply/actacn", said.get("actacn"), self._account)
            usable = amount(self._contract, said.get("avabal"))
            at = banks.moment(said.get("baldat", ""))
            if usable is None or at is None:
                raise BadReply("b2e0005.reply", "avabal and baldat", "one is unreadable")
        return BankBalance(self._account, usable, at)

    def instruct(self, line: Line, batch: InstructionBatch) -> tuple[RowResult, ...]:
        """b2e0078: every row as the bank said it, repeats included; rows it leaves out are absent.

        A reply with another batch number or other totals is not this batch's: unknown.
        """
        self.check_batch(batch)
        totals = {"pybnum": str(len(batch.rows)), "pybamt": format_yuan(batch.total)}
        head = {
            "batchid": batch.number, "actacn": self._account, "actnam": self._account_name,
            "trncur": "CNY", **totals,
        }  # fmt: skip
        body = self._channel.ask(
            line, "b2e0078", head.items(), [rows.instruction(row) for row in batch.rows]
        )
        said = values(body)
        with readable(line):
            own_all("b2e0078.reply", said, {"batchid": batch.number, **totals})
        ordered = {row.number: row for row in batch.rows}
        reader = self._reader(line, "b2e0078")
        return tuple(
            rows.result(reader, row, number, ordered[number])
            for row in _details(body)
            if banks.expected(line, reader.at("insid"), number := _number(row), ordered)
        )

    def fetch_results(self, line: Line, batch: str) -> tuple[RowResult, ...]:
        """b2e0007 by batch; empty when the bank does not know it (which proves nothing)."""
        try:
            body = self._channel.ask(line, "b2e0007", [("batchid", batch)])
        except PartnerRefused as error:
            if self._contract.code("status", error.partner_code).status is CodeStatus.NOT_FOUND:
                return ()
            raise
        with readable(line):
            own("b2e0007.reply/batchid", values(body).get("batchid"), batch)
        reader = self._reader(line, "b2e0007")
        numbered = reader.numbered(_details(body), "insid")
        return tuple(rows.result(reader, row, number) for number, row in numbered)

    def inquire(self, line: Line, numbers: Sequence[str]) -> tuple[RowResult, ...]:
        """b2e0007 by number.  A number the bank leaves out of its answer is UNKNOWN."""
        banks.check_inquiry(numbers, self.inquiry_limit)
        if not numbers:
            return ()
        body = self._channel.ask(line, "b2e0007", [("insid", number) for number in numbers])
        reader = self._reader(line, "b2e0007")
        return reader.answers(
            line, _details(body), "insid", numbers,
            lambda row, number: rows.result(reader, row, number),
        )  # fmt: skip

    def fetch_statement(self, line: Line, day: date, page: str | None) -> StatementPage:
        """b2e0035, from the n-th entry on; closed when the bank says that the day has ended."""
        if day > self._clock.today():
            raise BadInput(f"{day} lies ahead; there is no statement yet")
        first = page or "1"
        asked = {"actacn": self._account, "trndat": f"{day:%Y%m%d}", "begnum": first}
        body = self._page_of(line, "b2e0035", asked)
        said, found = values(body), _details(body)
        reader = self._reader(line, "b2e0035")
        with readable(line):
            own_all("b2e0035.reply", said, {**asked, "recnum": str(len(found))})
            following = self._following("b2e0035", said, int(first), len(found))
            closed = {"Y": True, "N": False}.get(said.get("closed", "").strip())
            if closed is None:
                raise BadReply("b2e0035.reply/closed", "Y or N", shape(said.get("closed")))
            entries = tuple(reader.entry(row, day, rows.ENTRY) for row in found)
        return StatementPage(entries, None if following is None else str(following), closed=closed)

    def _page_of(self, line: Line, code: str, asked: dict[str, str]) -> XmlElement:
        return self._channel.ask(line, code, [*asked.items(), ("recnum", str(self._page))])

    def _following(self, code: str, said: dict[str, str], first: int, here: int) -> int | None:
        return next_row(f"{code}.reply/notenum", said.get("notenum"), first=first, here=here)

    def _claim(self, line: Line, code: str, claim: LoanClaim) -> LoanCheck:
        banks.check_claim(claim)
        said = values(self._channel.ask(line, code, rows.claim(claim)))
        return loan_check(
            self._contract, line, f"{code}.reply", said, claim, agreement="xybh", code="chkcod"
        )

    def _reader(self, line: Line, code: str) -> RowReader:
        return RowReader(self._contract, f"{code}.reply/trans/detail", line.drift)


def _details(body: XmlElement) -> list[dict[str, str]]:
    return [values(row) for row in body if row.tag == "detail"]


def _number(row: dict[str, str]) -> str:
    return row.get("insid", "").strip()
