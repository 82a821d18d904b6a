"""The bank port over BOC's 银企对接: which transactions make up each operation.

Contract: ``contracts_spec/banks/boc``.  An object of this class keeps one sign-in token, and may
serve several threads, each with a line of its own.
"""

from collections.abc import Sequence
from datetime import date

from adapters.banks.boc import rows
from adapters.banks.boc.channel import SIGN_IN, Channel
from adapters.banks.boc.codec import Customer
from adapters.banks.boc.rows import Reader
from adapters.kit import banks
from adapters.kit.replies import BadReply, known, own, unreadable, values
from hub.contracts import CodeStatus, load_contract, shape
from hub.contracts.documents import XmlElement
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
    return BocBank(context)


class BocBank:
    """中国银行商贷月对冲."""

    def __init__(self, context: AdapterContext) -> None:
        contract = load_contract(context.contract_folder)
        self._contract = contract
        self._clock = context.clock
        self._account = context.value("actacn")
        self._account_name = context.value("actnam")
        customer = Customer(
            context.value("termid"), context.value("custid"), context.value("cusopr")
        )
        self._channel = Channel(contract, customer, context.secret("oprpwd"), context.clock)
        self._page = contract.limit("page_rows")
        self.batch_limit: int = contract.limit("batch_rows")
        self.inquiry_limit: int = contract.limit("inquiry_rows")
        self.settle_after_s: float = contract.timing.settle_after_s
        self.numbers_idempotent: bool = contract.numbers.idempotent

    def obstacle(self, name: str, account: str) -> str | None:
        """See ``adapters.kit.banks.obstacle``."""
        return banks.obstacle(self._contract, name, account, fields=rows.PAYEE_FIELDS)

    def probe(self, line: Line) -> ProbeResult:
        """A fresh sign-in: proves front machine, bank and password at once."""
        try:
            self._channel.sign_in(line)
        except (LineNotSent, LineUnknown) as error:
            return _seen(error, reachable=False)
        except ReplyUnreadable as error:
            return _seen(error, reachable=True)
        except PartnerRefused as error:
            return ProbeResult(True, usable=False, code=error.partner_code, text=error.text)
        return ProbeResult(True, usable=True, code="B001", text=SIGN_IN)

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
        asked = [("period", period.compact), ("begnum", first)]
        if version:
            asked.insert(1, ("listver", version))
        body = self._channel.ask(line, "b2e9001", [*asked, ("recnum", str(self._page))])
        said, found = values(body), _details(body)
        try:
            for name, wanted in asked:
                own(f"b2e9001.reply/{name}", said.get(name), wanted)
            following = self._following("b2e9001", said, int(first), len(found))
        except BadReply as bad:
            unreadable(line, bad)
        version = said.get("listver", "").strip()
        reader = Reader(self._contract, "b2e9001", line.drift)
        return DuePage(
            records=tuple(map(reader.due, found)),
            next_page=None if following is None else f"{following}:{version}",
            list_version=version,
            total_count=_count(said.get("notenum", "")),
            total_amount=_yuan(said.get("totamt", "")),
        )

    def fetch_balance(self, line: Line) -> BankBalance:
        """b2e0005: the usable balance (avabal), as of the bank's baldat."""
        said = values(self._channel.ask(line, "b2e0005", [("actacn", self._account)]))
        try:
            own("b2e0005.reply/actacn", said.get("actacn"), self._account)
            amount, at = _yuan(said.get("avabal", "")), banks.moment(said.get("baldat", ""))
            if amount is None or at is None:
                raise BadReply("b2e0005.reply", "avabal and baldat", "one is unreadable")
        except BadReply as bad:
            unreadable(line, bad)
        return BankBalance(self._account, amount, at)

    def instruct(self, line: Line, batch: InstructionBatch) -> tuple[RowResult, ...]:
        """b2e0078: every row as the bank said it, repeats included; rows it leaves out are absent.

        A reply with another batch number or other totals is not this batch's: unknown.
        """
        banks.check_batch(self._contract, batch, self.batch_limit, fields=rows.PAYEE_FIELDS)
        totals = {"pybnum": str(len(batch.rows)), "pybamt": format_yuan(batch.total)}
        head = {
            "batchid": batch.number, "actacn": self._account, "actnam": self._account_name,
            "trncur": "CNY", **totals,
        }  # fmt: skip
        body = self._channel.ask(
            line, "b2e0078", head.items(), [rows.instruction(row) for row in batch.rows]
        )
        said = values(body)
        try:
            for name, wanted in {"batchid": batch.number, **totals}.items():
                own(f"b2e0078.reply/{name}", said.get(name), wanted)
        except BadReply as bad:
            unreadable(line, bad)
        ordered = {row.number: row for row in batch.rows}
        reader = Reader(self._contract, "b2e0078", line.drift)
        return tuple(
            reader.result(row, number, ordered[number])
            for row in _details(body)
            if banks.expected(line, "b2e0078.reply/detail/insid", number := _number(row), ordered)
        )

    def fetch_results(self, line: Line, batch: str) -> tuple[RowResult, ...]:
        """b2e0007 by batch; empty when the bank does not know it (which proves nothing)."""
        try:
            body = self._channel.ask(line, "b2e0007", [("batchid", batch)])
        except PartnerRefused as error:
            if self._contract.code("status", error.partner_code).status is CodeStatus.NOT_FOUND:
                return ()
            raise
        try:
            own("b2e0007.reply/batchid", values(body).get("batchid"), batch)
        except BadReply as bad:
            unreadable(line, bad)
        reader = Reader(self._contract, "b2e0007", line.drift)
        numbered = [(_number(row), row) for row in _details(body)]
        if not all(number for number, _ in numbered):
            line.drift.note("b2e0007.reply/detail/insid", "a number", "空白")
        return tuple(reader.result(row, number) for number, row in numbered if number)

    def inquire(self, line: Line, numbers: Sequence[str]) -> tuple[RowResult, ...]:
        """b2e0007 by number.  A number the bank leaves out of its answer is UNKNOWN."""
        banks.check_inquiry(numbers, self.inquiry_limit)
        if not numbers:
            return ()
        body = self._channel.ask(line, "b2e0007", [("insid", number) for number in numbers])
        reader = Reader(self._contract, "b2e0007", line.drift)
        place, wanted = "b2e0007.reply/detail/insid", set(numbers)
        results = [
            reader.result(row, number)
            for row in _details(body)
            if banks.expected(line, place, number := _number(row), wanted)
        ]
        if wanted - {result.number for result in results}:
            line.drift.note(place, "a row per number", "fewer rows")
        return banks.one_per_number(results, numbers)

    def fetch_statement(self, line: Line, day: date, page: str | None) -> StatementPage:
        """b2e0035, from the n-th entry on; closed when the bank says that the day has ended."""
        if day > self._clock.today():
            raise BadInput(f"{day} lies ahead; there is no statement yet")
        first = page or "1"
        asked = [("actacn", self._account), ("trndat", f"{day:%Y%m%d}"), ("begnum", first)]
        body = self._channel.ask(line, "b2e0035", [*asked, ("recnum", str(self._page))])
        said, found = values(body), _details(body)
        reader = Reader(self._contract, "b2e0035", line.drift)
        try:
            for name, wanted in asked:
                own(f"b2e0035.reply/{name}", said.get(name), wanted)
            following = self._following("b2e0035", said, int(first), len(found))
            closed = {"Y": True, "N": False}.get(said.get("closed", "").strip())
            if closed is None:
                raise BadReply("b2e0035.reply/closed", "Y or N", shape(said.get("closed")))
            entries = tuple(reader.entry(row, day) for row in found)
        except BadReply as bad:
            unreadable(line, bad)
        return StatementPage(entries, None if following is None else str(following), closed=closed)

    def _following(self, code: str, said: dict[str, str], first: int, here: int) -> int | None:
        """Where the next page begins, None on the last.

        Half a page would make a credit look as if it had never been: its count must be its rows'.
        """
        own(f"{code}.reply/recnum", said.get("recnum"), str(here))
        every = _count(said.get("notenum", ""))
        if every is None or every < first - 1 + here:
            raise BadReply(
                f"{code}.reply/notenum", "how many there are", shape(said.get("notenum"))
            )
        if every == first - 1 + here:
            return None
        if here == 0:
            raise BadReply(f"{code}.reply/detail", "the rows that follow", "none")
        return first + here

    def _claim(self, line: Line, code: str, claim: LoanClaim) -> LoanCheck:
        banks.check_claim(claim)
        body = [
            ("xybh", claim.agreement),
            ("loanno", claim.loan_contract),
            ("hkzh", claim.repayment_account),
            ("jkrxm", claim.borrower_name),
            ("jkrzjh", claim.borrower_id),
        ]
        said = values(self._channel.ask(line, code, body))
        place = f"{code}.reply/chkcod"
        try:
            own(f"{code}.reply/xybh", said.get("xybh"), claim.agreement)
            text = said.get("chkcod", "").strip()
            answer = known(self._contract, line, "check_code", text, place)
            if not answer.known:
                raise BadReply(place, "a code of check_code", shape(text))
        except BadReply as bad:
            unreadable(line, bad)
        return LoanCheck(answer.status is CodeStatus.DONE, answer.code, answer.text)


def _details(body: XmlElement) -> list[dict[str, str]]:
    return [values(row) for row in body if row.tag == "detail"]


def _number(row: dict[str, str]) -> str:
    return row.get("insid", "").strip()


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
