"""The bank port over ICBC's NC: which transactions make up each operation.

Contract: ``contracts_spec/banks/icbc``.  An object of this class holds no state between calls
and may serve several threads, each with a line of its own.
"""

from collections.abc import Sequence
from datetime import date

from adapters.banks.icbc import codec, rows
from adapters.banks.icbc.channel import Channel
from adapters.banks.icbc.codec import Customer
from adapters.banks.icbc.rows import Reader
from adapters.kit import banks
from adapters.kit.replies import BadReply, own, unreadable, values
from hub.contracts import CodeStatus, load_contract, shape
from hub.contracts.documents import XmlElement
from hub.kernel.errors import BadInput, HubError
from hub.kernel.money import BadAmount, Fen, parse_fen
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

PAYEE_FIELDS = ("RecAccNameCN", "RecAccNo")
_YUAN_CURRENCY = "001"


def build(context: AdapterContext) -> BankPort:
    """The adapter of one deployment; raises Misconfigured when a value or secret is missing."""
    return IcbcBank(context)


class IcbcBank:
    """工商银行商贷月对冲."""

    def __init__(self, context: AdapterContext) -> None:
        contract = load_contract(context.contract_folder)
        self._contract = contract
        self._clock = context.clock
        self._account = context.value("PayAccNo")
        self._account_name = context.value("PayAccName")
        self._channel = Channel(
            contract=contract,
            customer=Customer(
                cis=context.value("CIS"),
                group_cis=context.value("GroupCIS"),
                id=context.value("ID"),
                bank_code=str(contract.partner.extra["bank_code"]),
            ),
            cert=context.secret("cert"),
            clock=context.clock,
        )
        self.batch_limit: int = contract.limit("batch_rows")
        self.inquiry_limit: int = contract.limit("inquiry_rows")
        self.settle_after_s: float = contract.timing.settle_after_s
        self.numbers_idempotent: bool = contract.numbers.idempotent

    def obstacle(self, name: str, account: str) -> str | None:
        """See ``adapters.kit.banks.obstacle``."""
        return banks.obstacle(self._contract, name, account, fields=PAYEE_FIELDS)

    def probe(self, line: Line) -> ProbeResult:
        """QNCTEST, signed: shows that NC, its key and the bank answer.  Never raises for them."""
        try:
            self._channel.ask(line, "QNCTEST", {})
        except (LineNotSent, LineUnknown) as error:
            return _seen(error, reachable=False)
        except ReplyUnreadable as error:
            return _seen(error, reachable=True)
        except PartnerRefused as error:
            return ProbeResult(True, usable=False, code=error.partner_code, text=error.text)
        return ProbeResult(True, usable=True, code="0", text="")

    def verify_loan(self, line: Line, claim: LoanClaim) -> LoanCheck:
        """QDKVER."""
        return self._claim(line, "QDKVER", claim)

    def register_agreement(self, line: Line, claim: LoanClaim) -> LoanCheck:
        """DKXYREG."""
        return self._claim(line, "DKXYREG", claim)

    def cancel_agreement(self, line: Line, claim: LoanClaim) -> LoanCheck:
        """DKXYCAN."""
        return self._claim(line, "DKXYCAN", claim)

    def fetch_dues(self, line: Line, period: Period, page: str | None) -> DuePage:
        """QDKDUE.  A tag that has expired is refused with B0113: begin again from page one."""
        out = self._channel.ask(line, "QDKDUE", {"Month": period.compact, "NextTag": page or ""})
        said = values(out)
        try:
            own(_out("QDKDUE", "Month"), said.get("Month"), period.compact)
            next_page = _next("QDKDUE", said, page)
        except BadReply as bad:
            unreadable(line, bad)
        reader = Reader(self._contract, "QDKDUE", line.drift)
        count, total = said.get("TotalNum", "").strip(), said.get("TotalAmt", "")
        return DuePage(
            records=tuple(map(reader.due, codec.rows(out))),
            next_page=next_page,
            list_version=said.get("ListVersion", "").strip(),
            total_count=int(count) if count.isascii() and count.isdigit() else None,
            total_amount=_fen(total),
        )

    def fetch_balance(self, line: Line) -> BankBalance:
        """QACCBAL: the usable balance (UsableBalance), as of the bank's QueryTime."""
        asked = {"iSeqno": "1", "AccNo": self._account, "CurrType": _YUAN_CURRENCY}
        out = self._channel.ask(line, "QACCBAL", {"TotalNum": "1"}, [asked])
        found = [row for row in codec.rows(out) if row.get("AccNo", "").strip() == self._account]
        place = "QACCBAL.reply/CMS/eb/out/rd"
        try:
            if len(found) != 1:
                raise BadReply(place, "one row of our account", f"{len(found)} rows")
            row = found[0]
            code = self._contract.code("row_code", row.get("iRetCode", "").strip())
            if code.status is not CodeStatus.DONE:
                raise PartnerRefused(code.shown, code.text, final=False)
            amount, at = _fen(row.get("UsableBalance", "")), banks.moment(row.get("QueryTime", ""))
            if amount is None or at is None:
                raise BadReply(place, "UsableBalance and QueryTime", "one is unreadable")
        except BadReply as bad:
            unreadable(line, bad)
        return BankBalance(self._account, amount, at)

    def instruct(self, line: Line, batch: InstructionBatch) -> tuple[RowResult, ...]:
        """PAYENT: signed, then sent; the batch's number is the package's.

        Every row as the bank said it, repeats included; rows it leaves out are absent; rows
        with numbers that are not this batch's are left out and noted.
        """
        banks.check_batch(self._contract, batch, self.batch_limit, fields=PAYEE_FIELDS)
        at = self._clock.now()
        head = {
            "OnlBatF": "1",
            "SettleMode": "0",
            "TotalNum": str(len(batch.rows)),
            "TotalAmt": str(batch.total),
            "SignTime": codec.stamp(at),
        }
        body = [
            rows.instruction(
                row, account=self._account, name=self._account_name, month=batch.period.compact
            )
            for row in batch.rows
        ]
        out = self._channel.ask(line, "PAYENT", head, body, serial=batch.number, at=at)
        ordered = {row.number: row for row in batch.rows}
        reader = Reader(self._contract, "PAYENT", line.drift)
        return tuple(
            reader.result(row, number, ordered[number])
            for number, row in _numbered(line, "PAYENT", "iSeqno", out)
            if _expected(line, "PAYENT", "iSeqno", number, number in ordered)
        )

    def fetch_results(self, line: Line, batch: str) -> tuple[RowResult, ...]:
        """QPAYENT by batch; empty when the bank does not know it (which proves nothing)."""
        try:
            out = self._channel.ask(line, "QPAYENT", {"QryfSeqno": batch})
        except PartnerRefused as error:
            if self._contract.code("ret_code", error.partner_code).status is CodeStatus.NOT_FOUND:
                return ()
            raise
        try:
            own(_out("QPAYENT", "QryfSeqno"), values(out).get("QryfSeqno"), batch)
        except BadReply as bad:
            unreadable(line, bad)
        reader = Reader(self._contract, "QPAYENT", line.drift)
        return tuple(
            reader.result(row, number)
            for number, row in _numbered(line, "QPAYENT", "QryiSeqno", out)
        )

    def inquire(self, line: Line, numbers: Sequence[str]) -> tuple[RowResult, ...]:
        """QPAYENT by number.  A number the bank leaves out of its answer is UNKNOWN."""
        banks.check_inquiry(numbers, self.inquiry_limit)
        if not numbers:
            return ()
        asked = [
            {"iSeqno": str(place), "QryiSeqno": number}
            for place, number in enumerate(numbers, start=1)
        ]
        out = self._channel.ask(line, "QPAYENT", {"QryfSeqno": ""}, asked)
        reader = Reader(self._contract, "QPAYENT", line.drift)
        wanted = set(numbers)
        results = [
            reader.result(row, number)
            for number, row in _numbered(line, "QPAYENT", "QryiSeqno", out)
            if _expected(line, "QPAYENT", "QryiSeqno", number, number in wanted)
        ]
        missing = len(wanted) - len({result.number for result in results})
        if missing:
            line.drift.note("QPAYENT.reply/CMS/eb/out/rd", "a row per number", "fewer rows")
        return banks.one_per_number(results, numbers)

    def fetch_statement(self, line: Line, day: date, page: str | None) -> StatementPage:
        """QPD for today (open), QHISD for days gone by (closed)."""
        today = self._clock.today()
        if day > today:
            raise BadInput(f"{day} lies ahead; there is no statement yet")
        code = "QPD" if day == today else "QHISD"
        body = {"AccNo": self._account}
        if code == "QHISD":
            body |= {"BeginDate": f"{day:%Y%m%d}", "EndDate": f"{day:%Y%m%d}"}
        out = self._channel.ask(line, code, body | {"NextTag": page or ""})
        said, found = values(out), codec.rows(out)
        reader = Reader(self._contract, code, line.drift)
        try:
            own(_out(code, "AccNo"), said.get("AccNo"), self._account)
            # Half a page would make a credit look as if it had never been.
            own(_out(code, "TotalNum"), said.get("TotalNum"), str(len(found)))
            entries = tuple(reader.entry(row, day) for row in found)
            next_page = _next(code, said, page)
        except BadReply as bad:
            unreadable(line, bad)
        return StatementPage(entries, next_page, closed=code == "QHISD")

    def _claim(self, line: Line, code: str, claim: LoanClaim) -> LoanCheck:
        banks.check_claim(claim)
        body = {
            "XYBH": claim.agreement,
            "JKHTBH": claim.loan_contract,
            "HKZH": claim.repayment_account,
            "JKRXM": claim.borrower_name,
            "JKRZJH": claim.borrower_id,
        }
        said = values(self._channel.ask(line, code, body))
        try:
            own(_out(code, "XYBH"), said.get("XYBH"), claim.agreement)
        except BadReply as bad:
            unreadable(line, bad)
        answer = self._contract.code("check_code", said.get("CheckCode", "").strip())
        if not answer.known:
            place = f"{code}.reply/CMS/eb/out/CheckCode"
            unreadable(line, BadReply(place, "a code of check_code", shape(answer.code)))
        return LoanCheck(answer.status is CodeStatus.DONE, answer.code, answer.text)


def _numbered(
    line: Line, code: str, field: str, out: XmlElement
) -> list[tuple[str, dict[str, str]]]:
    """Rows with their number; a row without one says nothing of anybody, and is noted."""
    found = [(row.get(field, "").strip(), row) for row in codec.rows(out)]
    for number, _row in found:
        if not number:
            line.drift.note(f"{code}.reply/CMS/eb/out/rd/{field}", "a number", "空白")
    return [(number, row) for number, row in found if number]


def _expected(line: Line, code: str, field: str, number: str, ours: bool) -> bool:
    if not ours:
        place = f"{code}.reply/CMS/eb/out/rd/{field}"
        line.drift.note(place, "a number we asked about", shape(number))
    return ours


def _out(code: str, field: str) -> str:
    return f"{code}.reply/CMS/eb/out/{field}"


def _next(code: str, said: dict[str, str], page: str | None) -> str | None:
    """The continuation; a bank that gives the same one again would keep us for ever."""
    tag = said.get("NextTag", "").strip()
    if tag and tag == page:
        raise BadReply(f"{code}.reply/CMS/eb/out/NextTag", "a further page", "the same page")
    return tag or None


def _fen(text: str) -> Fen | None:
    try:
        return parse_fen(text)
    except BadAmount:
        return None


def _seen(error: HubError, *, reachable: bool) -> ProbeResult:
    return ProbeResult(reachable, usable=False, code=error.code, text=error.message)
