"""The bank port over 邮储银行's open platform and file exchange: what makes up each operation.

Contract: ``contracts_spec/banks/psbc``.  The bank never looks into a folder by itself: a file
without a notice has no effect, whatever became of its upload, and HC0201 is the call with the
effect.  An object of this class holds no state between calls and may serve several threads, each
with a line of its own.
"""

from collections.abc import Mapping, Sequence
from datetime import date

from adapters.banks.psbc import rows as wire_rows
from adapters.banks.psbc.channel import Channel, Document, envelope_of
from adapters.banks.psbc.files import ENDPOINT, SheetFiles, Told
from adapters.kit import banks
from adapters.kit.amounts import Amounts, amount, count
from adapters.kit.claims import loan_check
from adapters.kit.documents import number, rows, text, texts
from adapters.kit.paging import page_follows
from adapters.kit.probes import probe
from adapters.kit.reader import RowReader
from adapters.kit.replies import BadReply, own, own_all, readable
from adapters.kit.terms import BankTerms
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
    return PsbcBank(context)


class PsbcBank(BankTerms):
    """邮储银行商贷月对冲."""

    def __init__(self, context: AdapterContext) -> None:
        contract = load_contract(context.contract_folder)
        super().__init__(contract, payee_fields=wire_rows.PAYEE_FIELDS)
        self._clock = context.clock
        self._account = context.value("pay_acct")
        self._account_name = context.value("pay_name")
        self._amounts = Amounts.of(contract)
        self._full = contract.limit("page_rows")
        self._channel = Channel(contract, envelope_of(context, contract), context.clock)
        self._batch, self._result, self._dues, self._statement = (
            SheetFiles.of(contract, kind) for kind in ("batch", "result", "dues", "statement")
        )

    def probe(self, line: Line) -> ProbeResult:
        """HC0101, and a look into the folder of downloads: proves both doors, and all keys."""

        def ask() -> None:
            self._channel.ask(line, "HC0101", {})
            line.list_files("list.result", endpoint=ENDPOINT, folder=self._result.names.folder)

        return probe(ask, code="00000")

    def verify_loan(self, line: Line, claim: LoanClaim) -> LoanCheck:
        """HC0401."""
        return self._claim(line, "HC0401", claim)

    def register_agreement(self, line: Line, claim: LoanClaim) -> LoanCheck:
        """HC0402."""
        return self._claim(line, "HC0402", claim)

    def cancel_agreement(self, line: Line, claim: LoanClaim) -> LoanCheck:
        """HC0403."""
        return self._claim(line, "HC0403", claim)

    def fetch_dues(self, line: Line, period: Period, page: str | None) -> DuePage:
        """HC0301 tells of a file, then the file.  ``page`` is "number:version"; a version that
        is gone is refused (P0208)."""
        part, _, version = (page or "1:").partition(":")
        asked: dict[str, object] = {"period": period.compact, "pageNo": int(part)}
        if version:
            asked["version"] = version
        said = self._channel.ask(line, "HC0301", asked)
        place = _place("HC0301")
        with readable(line):
            self._repeats(place, said, asked)
            version = text(said, "version").strip()
            told = self._dues.told(
                said.get("file"), place, period=period.compact, version=version, page=part
            )
            more = self._follows(place, said, int(part), told)
        own_header = {
            "period": period.compact, "version": version, "pageNo": part,
            "pages": number(said, "pages"),
        }  # fmt: skip
        sheet = self._dues.get(line, told, own_header)
        reader = RowReader(self._contract, "dues/rows", line.drift)
        return DuePage(
            records=tuple(reader.due(row, wire_rows.DUE) for row in sheet.rows),
            next_page=f"{int(part) + 1}:{version}" if more else None,
            list_version=version,
            total_count=count(number(said, "listNum")),
            total_amount=amount(self._contract, text(said, "listAmt")),
        )

    def fetch_balance(self, line: Line) -> BankBalance:
        """HC0303: the usable balance, as of the bank's answer."""
        said, at = self._channel.ask_when(line, "HC0303", {"payAcct": self._account})
        place = _place("HC0303")
        with readable(line):
            own(f"{place}/payAcct", text(said, "payAcct"), self._account)
            usable = amount(self._contract, text(said, "usable"))
            moment = banks.moment(at)
            if usable is None or moment is None:
                raise BadReply(place, "usable and respTime", "one is unreadable")
        return BankBalance(self._account, usable, moment)

    def instruct(self, line: Line, batch: InstructionBatch) -> tuple[RowResult, ...]:
        """The file, then HC0201, which is the effect.  No row has a result yet.

        The file's name holds its digest, so what lies there under that name is this batch's or
        nobody's.  An answer that repeats another batch or file is not this one's: unknown.
        """
        banks.check_batch(self._contract, batch, self.batch_limit, fields=wire_rows.PAYEE_FIELDS)
        head = {
            "batchId": batch.number, "period": batch.period.compact, "payAcct": self._account,
            "payName": self._account_name,
        }  # fmt: skip
        details = [wire_rows.instruction(row, self._amounts) for row in batch.rows]
        content, told = self._batch.made(head, details, batch=batch.number)
        self._batch.names.put(line, told.name, content, effect=False)
        said = self._channel.ask(line, "HC0201", {**head, "file": told.written()})
        place = _place("HC0201")
        with readable(line):
            own(f"{place}/batchId", text(said, "batchId"), batch.number)
            if Told.of(said.get("file"), f"{place}/file") != told:
                raise BadReply(f"{place}/file", "the file of the notice", "another")
        return ()

    def fetch_results(self, line: Line, batch: str) -> tuple[RowResult, ...]:
        """HC0202 tells of the last result file, then the file.

        Empty when the bank does not know the batch (which proves nothing).  A file may be
        fetched any number of times: what it says depends on its content alone.
        """
        try:
            said = self._channel.ask(line, "HC0202", {"batchId": batch})
        except PartnerRefused as error:
            table = self._contract.code("resp_code", error.partner_code)
            if table.status is CodeStatus.NOT_FOUND:
                return ()
            raise
        place = _place("HC0202")
        with readable(line):
            own(f"{place}/batchId", text(said, "batchId"), batch)
            turn = text(said, "turn").strip()
            told = self._result.told(said.get("file"), place, batch=batch, turn=turn)
        sheet = self._result.get(line, told, {"batchId": batch, "turn": turn})
        reader = RowReader(self._contract, "result/rows", line.drift)
        numbered = reader.numbered(list(sheet.rows), "orderNo")
        return tuple(wire_rows.result(reader, row, order) for order, row in numbered)

    def inquire(self, line: Line, numbers: Sequence[str]) -> tuple[RowResult, ...]:
        """HC0203.  A number the bank leaves out of its answer is UNKNOWN."""
        banks.check_inquiry(numbers, self.inquiry_limit)
        if not numbers:
            return ()
        said = self._channel.ask(line, "HC0203", {"orderNos": list(numbers)})
        place = _place("HC0203")
        with readable(line):
            found = rows(said, place)
        reader = RowReader(self._contract, f"{place}/rows", line.drift)
        return reader.answers(
            line, found, "orderNo", numbers,
            lambda row, order: wire_rows.result(reader, row, order),
        )  # fmt: skip

    def fetch_statement(self, line: Line, day: date, page: str | None) -> StatementPage:
        """HC0302 tells of a file, then the file; closed when HC0302 says that the day has
        ended."""
        if day > self._clock.today():
            raise BadInput(f"{day} lies ahead; there is no statement yet")
        part, on = page or "1", f"{day:%Y%m%d}"
        asked = {"payAcct": self._account, "bookDate": on, "pageNo": int(part)}
        said = self._channel.ask(line, "HC0302", asked)
        place = _place("HC0302")
        with readable(line):
            self._repeats(place, said, asked)
            told = self._statement.told(said.get("file"), place, day=on, page=part)
            more = self._follows(place, said, int(part), told)
            closed = said.get("dayEnd")
            if not isinstance(closed, bool):
                raise BadReply(f"{place}/dayEnd", "true or false", "something else")
        own_header = {
            "payAcct": self._account, "bookDate": on, "pageNo": part,
            "pages": number(said, "pages"),
        }  # fmt: skip
        sheet = self._statement.get(line, told, own_header)
        reader = RowReader(self._contract, "statement/rows", line.drift)
        with readable(line):
            entries = tuple(reader.entry(row, day, wire_rows.ENTRY) for row in sheet.rows)
        return StatementPage(entries, str(int(part) + 1) if more else None, closed=closed)

    def _claim(self, line: Line, code: str, claim: LoanClaim) -> LoanCheck:
        banks.check_claim(claim)
        said = self._channel.ask(line, code, wire_rows.claim(claim))
        return loan_check(
            self._contract, line, _place(code), texts(said), claim,
            agreement="agreementNo", code="checkCode",
        )  # fmt: skip

    @staticmethod
    def _repeats(place: str, said: Document, asked: Mapping[str, object]) -> None:
        """The body repeats what was asked, texts as texts and numbers as numbers."""
        repeated = {
            name: number(said, name) if isinstance(one, int) else text(said, name)
            for name, one in asked.items()
        }
        own_all(place, repeated, {name: str(one) for name, one in asked.items()})

    def _follows(self, place: str, said: Document, part: int, told: Told) -> bool:
        """Whether a further file follows; one that is not full with more to come is none."""
        pages = number(said, "pages")
        return page_follows(f"{place}/pages", pages, page=part, here=told.count, full=self._full)


def _place(code: str) -> str:
    return f"{code}.reply/body"
