"""The bank port over ABC's 银企直联: which transactions make up each operation.

Contract: ``contracts_spec/banks/abc``.  A batch's number is its ReqSeqNo, which the bank never
takes twice in a year: by it CQRT04 tells whether the batch was taken, and CQRA61 what became of
its rows.  An object of this class holds no state between calls and may serve several threads,
each with a line of its own.
"""

from collections.abc import Sequence
from datetime import date

from adapters.banks.abc import rows
from adapters.banks.abc.channel import Channel
from adapters.banks.abc.codec import Customer
from adapters.kit import banks
from adapters.kit.amounts import amount, count
from adapters.kit.claims import loan_check
from adapters.kit.paging import next_row
from adapters.kit.probes import probe
from adapters.kit.reader import RowReader
from adapters.kit.replies import BadReply, known, own, own_all, readable, values
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
    return AbcBank(context)


class AbcBank(BankTerms):
    """农业银行商贷月对冲."""

    def __init__(self, context: AdapterContext) -> None:
        contract = load_contract(context.contract_folder)
        super().__init__(contract, payee_fields=rows.PAYEE_FIELDS)
        self._clock = context.clock
        self._account = context.value("DbAccNo")
        self._account_name = context.value("DbAccName")
        self._page = str(contract.limit("page_rows"))
        self._channel = Channel(
            contract=contract,
            customer=Customer(context.value("CorpNo"), context.value("OpNo")),
            auth=context.secret("auth_no"),
            clock=context.clock,
        )

    def probe(self, line: Line) -> ProbeResult:
        """CQLT01: proves front machine, bank and authentication at once."""
        return probe(lambda: self._channel.ask(line, "CQLT01", []), code="0000")

    def verify_loan(self, line: Line, claim: LoanClaim) -> LoanCheck:
        """DCQR02."""
        return self._claim(line, "DCQR02", claim)

    def register_agreement(self, line: Line, claim: LoanClaim) -> LoanCheck:
        """DCAF02."""
        return self._claim(line, "DCAF02", claim)

    def cancel_agreement(self, line: Line, claim: LoanClaim) -> LoanCheck:
        """DCAF03."""
        return self._claim(line, "DCAF03", claim)

    def fetch_dues(self, line: Line, period: Period, page: str | None) -> DuePage:
        """DCQR01.  ``page`` is "first row:version"; a version that is gone is refused (1013)."""
        first, _, version = (page or "1:").partition(":")
        asked = {"Period": period.compact, "ListVer": version, "StartNo": first}
        asked = {name: text for name, text in asked.items() if name != "ListVer" or text}
        body = self._page_of(line, "DCQR01", asked)
        said, found = values(body), _rows(body)
        with readable(line):
            own_all(_place("DCQR01"), said, {**asked, "RecNum": str(len(found))})
            following = self._following("DCQR01", said, int(first), len(found))
        version = said.get("ListVer", "").strip()
        reader = self._reader(line, "DCQR01")
        return DuePage(
            records=tuple(reader.due(row, rows.DUE) for row in found),
            next_page=None if following is None else f"{following}:{version}",
            list_version=version,
            total_count=count(said.get("TotalNum")),
            total_amount=amount(self._contract, said.get("TotalAmt")),
        )

    def fetch_balance(self, line: Line) -> BankBalance:
        """CQRA06: the usable balance, as of the bank's BalTime."""
        said = values(self._channel.ask(line, "CQRA06", [("AccNo", self._account)]))
        place = _place("CQRA06")
        with readable(line):
            own(f"{place}/AccNo", said.get("AccNo"), self._account)
            usable = amount(self._contract, said.get("AvailBal"))
            at = banks.moment(said.get("BalTime", ""))
            if usable is None or at is None:
                raise BadReply(place, "AvailBal and BalTime", "one is unreadable")
        return BankBalance(self._account, usable, at)

    def instruct(self, line: Line, batch: InstructionBatch) -> tuple[RowResult, ...]:
        """DCAF01: the reply only says that the batch was taken (or waits); no row has a result.

        A reply that repeats other totals is not this batch's: unknown.
        """
        banks.check_batch(self._contract, batch, self.batch_limit, fields=rows.PAYEE_FIELDS)
        totals = {"TotalNum": str(len(batch.rows)), "TotalAmt": format_yuan(batch.total)}
        fields = [("DbAccNo", self._account), ("DbAccName", self._account_name), *totals.items()]
        orders = [rows.instruction(row) for row in batch.rows]
        body = self._channel.order(line, "DCAF01", batch.number, fields, orders)
        if body is not None:
            with readable(line):
                own_all(_place("DCAF01"), values(body), totals)
        return ()

    def fetch_results(self, line: Line, batch: str) -> tuple[RowResult, ...]:
        """CQRT04, and for a batch that was taken CQRA61.

        Empty when the bank does not know it (which proves nothing).  A batch that was refused is
        told as PartnerRefused with the code of that refusal.
        """
        if not self._taken(line, batch):
            return ()
        body = self._channel.ask(line, "CQRA61", [("OrgReqSeqNo", batch)])
        with readable(line):
            own(f"{_place('CQRA61')}/OrgReqSeqNo", values(body).get("OrgReqSeqNo"), batch)
        reader = self._reader(line, "CQRA61")
        numbered = reader.numbered(_rows(body), "CustSeqNo")
        return tuple(rows.result(reader, row, number) for number, row in numbered)

    def inquire(self, line: Line, numbers: Sequence[str]) -> tuple[RowResult, ...]:
        """CQRA61 by number.  A number the bank leaves out of its answer is UNKNOWN."""
        banks.check_inquiry(numbers, self.inquiry_limit)
        if not numbers:
            return ()
        body = self._channel.ask(line, "CQRA61", [("CustSeqNo", number) for number in numbers])
        reader = self._reader(line, "CQRA61")
        return reader.answers(
            line, _rows(body), "CustSeqNo", numbers,
            lambda row, number: rows.result(reader, row, number),
        )  # fmt: skip

    def fetch_statement(self, line: Line, day: date, page: str | None) -> StatementPage:
        """CQRA10, from the n-th entry on; closed when the bank says that the day has ended."""
        if day > self._clock.today():
            raise BadInput(f"{day} lies ahead; there is no statement yet")
        first = page or "1"
        asked = {"AccNo": self._account, "TrDate": f"{day:%Y%m%d}", "StartNo": first}
        body = self._page_of(line, "CQRA10", asked)
        said, found = values(body), _rows(body)
        reader, place = self._reader(line, "CQRA10"), _place("CQRA10")
        with readable(line):
            # Half a page would make a credit look as if it had never been.
            own_all(place, said, {**asked, "RecNum": str(len(found))})
            following = self._following("CQRA10", said, int(first), len(found))
            closed = {"1": True, "0": False}.get(said.get("DayEnd", "").strip())
            if closed is None:
                raise BadReply(f"{place}/DayEnd", "0 or 1", shape(said.get("DayEnd")))
            entries = tuple(reader.entry(row, day, rows.ENTRY) for row in found)
        return StatementPage(entries, None if following is None else str(following), closed=closed)

    def _taken(self, line: Line, batch: str) -> bool:
        """Whether the bank says that it took a batch; PartnerRefused for neither yes nor no."""
        said = values(self._channel.ask(line, "CQRT04", [("OrgReqSeqNo", batch)]))
        place = _place("CQRT04")
        with readable(line):
            own(f"{place}/OrgReqSeqNo", said.get("OrgReqSeqNo"), batch)
        text = said.get("TransSta", "").strip()
        state = known(self._contract, line, "trans_sta", text, f"{place}/TransSta")
        if state.status is CodeStatus.REFUSED:
            text = said.get("OrgRespCode", "").strip()
            why = known(self._contract, line, "resp_code", text, f"{place}/OrgRespCode")
            final = why.final and why.status is CodeStatus.REFUSED
            raise PartnerRefused(why.shown, why.text, final=final)
        if state.status not in (CodeStatus.PROCESSING, CodeStatus.NOT_FOUND):
            raise PartnerRefused(state.shown, state.text, final=False)
        return state.status is CodeStatus.PROCESSING

    def _page_of(self, line: Line, code: str, asked: dict[str, str]) -> XmlElement:
        return self._channel.ask(line, code, [*asked.items(), ("RecNum", self._page)])

    def _following(self, code: str, said: dict[str, str], first: int, here: int) -> int | None:
        return next_row(f"{_place(code)}/TotalNum", said.get("TotalNum"), first=first, here=here)

    def _claim(self, line: Line, code: str, claim: LoanClaim) -> LoanCheck:
        banks.check_claim(claim)
        said = values(self._channel.ask(line, code, rows.claim(claim)))
        return loan_check(
            self._contract, line, _place(code), said, claim, agreement="XYBH", code="ChkCode"
        )

    def _reader(self, line: Line, code: str) -> RowReader:
        return RowReader(self._contract, f"{_place(code)}/Row", line.drift)


def _place(code: str) -> str:
    return f"{code}.reply/ap/Cmp"


def _rows(body: XmlElement) -> list[dict[str, str]]:
    return [values(row) for row in body if row.tag == "Row"]
