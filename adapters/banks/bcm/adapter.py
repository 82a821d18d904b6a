"""The bank port over BCM's 银企直联: which transactions make up each operation.

Contract: ``contracts_spec/banks/bcm``.  An object of this class holds no state between calls
and may serve several threads, each with a line of its own.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from adapters.banks.bcm import rows
from adapters.banks.bcm.channel import Channel
from adapters.banks.bcm.codec import Customer
from adapters.banks.bcm.records import PIPE
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
from hub.kernel.money import Fen, format_yuan
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

_BY_NUMBERS = "2"


def build(context: AdapterContext) -> BankPort:
    """The adapter of one deployment; raises Misconfigured when a value is missing."""
    return BcmBank(context)


class BcmBank(BankTerms):
    """交通银行商贷月对冲."""

    def __init__(self, context: AdapterContext) -> None:
        contract = load_contract(context.contract_folder)
        super().__init__(contract, payee_fields=rows.PAYEE_FIELDS, delimiters=PIPE)
        self._clock = context.clock
        self._account = context.value("acno")
        self._account_name = context.value("acname")
        customer = Customer(context.value("corp_no"), context.value("user_no"))
        self._channel = Channel(contract, customer, context.clock)

    def probe(self, line: Line) -> ProbeResult:
        """310101: proves front machine, bank and customer at once; reads, changes nothing."""
        return probe(lambda: self.fetch_balance(line), code="0000")

    def verify_loan(self, line: Line, claim: LoanClaim) -> LoanCheck:
        """390002."""
        return self._claim(line, "390002", claim)

    def register_agreement(self, line: Line, claim: LoanClaim) -> LoanCheck:
        """390003."""
        return self._claim(line, "390003", claim)

    def cancel_agreement(self, line: Line, claim: LoanClaim) -> LoanCheck:
        """390004."""
        return self._claim(line, "390004", claim)

    def fetch_dues(self, line: Line, period: Period, page: str | None) -> DuePage:
        """390001.  ``page`` is "number:version"; a version that is gone is refused (P0113)."""
        number, _, version = (page or "1:").partition(":")
        asked = {"period": period.compact, "list_ver": version, "page_no": number}
        asked = {name: text for name, text in asked.items() if name != "list_ver" or text}
        said, found = self._channel.ask(line, "390001", asked)
        with readable(line):
            own_all(_body("390001"), said, asked)
            more = self._follows("390001", said, int(number), len(found))
        version = said.get("list_ver", "").strip()
        reader = self._reader(line, "390001")
        return DuePage(
            records=tuple(reader.due(row, rows.DUE) for row in found),
            next_page=f"{int(number) + 1}:{version}" if more else None,
            list_version=version,
            total_count=count(said.get("sum_num")),
            total_amount=amount(self._contract, said.get("sum_amt")),
        )

    def fetch_balance(self, line: Line) -> BankBalance:
        """310101: the usable balance (avail_bal), as of the bank's bal_time."""
        _, found = self._channel.ask(line, "310101", {"acno": self._account})
        with readable(line):
            usable, at = self._balance(found)
        return BankBalance(self._account, usable, at)

    def instruct(self, line: Line, batch: InstructionBatch) -> tuple[RowResult, ...]:
        """330008: the reply only says that the batch was taken; no record has a result yet.

        A reply that repeats another batch number or other totals is not this batch's: unknown.
        """
        self.check_batch(batch)
        totals = {"sum_num": str(len(batch.rows)), "sum_amt": format_yuan(batch.total)}
        head = {
            "batch_no": batch.number,
            "pay_acno": self._account,
            "pay_acname": self._account_name,
            "cur_code": "CNY",
            **totals,
            "summary": rows.SUMMARY,
        }
        said, _ = self._channel.ask(line, "330008", head, [rows.instruction(r) for r in batch.rows])
        with readable(line):
            own_all(_body("330008"), said, {"batch_no": batch.number, **totals})
        return ()

    def fetch_results(self, line: Line, batch: str) -> tuple[RowResult, ...]:
        """330012; empty when the bank does not know the batch (which proves nothing)."""
        try:
            said, found = self._channel.ask(line, "330012", {"batch_no": batch})
        except PartnerRefused as error:
            table = self._contract.code("particular_code", error.partner_code)
            if table.status is CodeStatus.NOT_FOUND:
                return ()
            raise
        with readable(line):
            own(f"{_body('330012')}/batch_no", said.get("batch_no"), batch)
        reader = self._reader(line, "330012")
        return tuple(rows.result(reader, row, row["cert_no"]) for row in found)

    def inquire(self, line: Line, numbers: Sequence[str]) -> tuple[RowResult, ...]:
        """310204.  A number the bank leaves out of its answer is UNKNOWN."""
        banks.check_inquiry(numbers, self.inquiry_limit)
        if not numbers:
            return ()
        asked = [{"cert_no": number} for number in numbers]
        _, found = self._channel.ask(line, "310204", {"query_flag": _BY_NUMBERS}, asked)
        reader = self._reader(line, "310204")
        return reader.answers(
            line, found, "cert_no", numbers, lambda row, number: rows.result(reader, row, number)
        )

    def fetch_statement(self, line: Line, day: date, page: str | None) -> StatementPage:
        """310201 for today, 310301 for days gone by; closed when the bank says so."""
        today = self._clock.today()
        if day > today:
            raise BadInput(f"{day} lies ahead; there is no statement yet")
        number, written = int(page or "1"), f"{day:%Y%m%d}"
        code = "310201" if day == today else "310301"
        asked = {"acno": self._account, "tr_date": written, "page_no": str(number)}
        sent = {name: text for name, text in asked.items() if name != "tr_date" or day != today}
        said, found = self._channel.ask(line, code, sent)
        reader = self._reader(line, code)
        with readable(line):
            own_all(_body(code), said, asked)
            more = self._follows(code, said, number, len(found))
            closed = {"1": True, "0": False}.get(said.get("day_end", "").strip())
            if closed is None:
                found_text = shape(said.get("day_end"))
                raise BadReply(f"{_body(code)}/day_end", "0 or 1", found_text)
            entries = tuple(reader.entry(row, day, rows.ENTRY) for row in found)
        return StatementPage(entries, str(number + 1) if more else None, closed=closed)

    def _balance(self, found: Sequence[Mapping[str, str]]) -> tuple[Fen, datetime]:
        place = f"{_body('310101')}/serial_record"
        if len(found) != 1:
            raise BadReply(place, "the account's record", f"{len(found)} records")
        (row,) = found
        own(f"{place}/acno", row["acno"], self._account)
        usable, at = amount(self._contract, row["avail_bal"]), banks.moment(row["bal_time"])
        if usable is None or at is None:
            raise BadReply(place, "avail_bal and bal_time", "one is unreadable")
        return usable, at

    def _claim(self, line: Line, code: str, claim: LoanClaim) -> LoanCheck:
        banks.check_claim(claim)
        said, _ = self._channel.ask(line, code, rows.claim(claim))
        return loan_check(
            self._contract, line, _body(code), said, claim, agreement="xybh", code="check_code"
        )

    def _follows(self, code: str, said: Mapping[str, str], page: int, here: int) -> bool:
        place, full = f"{_body(code)}/page_count", self._contract.limit("page_rows")
        return page_follows(place, said.get("page_count"), page=page, here=here, full=full)

    def _reader(self, line: Line, code: str) -> RowReader:
        return RowReader(self._contract, f"{_body(code)}/serial_record", line.drift)


def _body(code: str) -> str:
    return f"{code}.reply/ap/body"
