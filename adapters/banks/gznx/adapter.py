"""The bank port over 贵州农信's file exchange and control port: what makes up each operation.

Contract: ``contracts_spec/banks/gznx``.  A payment is a file that is put under a temporary name
and renamed: from then on the bank may have it, for it also looks into the folder by itself.  The
notice that follows only hurries it on.  An object of this class holds no state between calls and
may serve several threads, each with a line of its own.
"""

from collections.abc import Mapping, Sequence
from datetime import date

from adapters.banks.gznx import rows
from adapters.banks.gznx.channel import Channel
from adapters.kit import banks
from adapters.kit.amounts import amount, count
from adapters.kit.claims import loan_check
from adapters.kit.files import FileKind
from adapters.kit.paging import page_follows
from adapters.kit.probes import probe
from adapters.kit.reader import RowReader
from adapters.kit.replies import BadReply, own, own_all, readable
from adapters.kit.terms import BankTerms
from hub.contracts import CodeStatus, FixedFile, load_contract, shape
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

_FILES = "files"


def build(context: AdapterContext) -> BankPort:
    """The adapter of one deployment; raises Misconfigured when a value is missing."""
    return GznxBank(context)


class GznxBank(BankTerms):
    """贵州农信商贷月对冲."""

    def __init__(self, context: AdapterContext) -> None:
        contract = load_contract(context.contract_folder)
        super().__init__(contract, payee_fields=rows.PAYEE_FIELDS)
        self._clock = context.clock
        self._org = context.value("ORG_NO")
        self._account = context.value("ACC_NO")
        self._account_name = context.value("ACC_NAME")
        self._full = contract.limit("page_rows")
        self._channel = Channel(contract, self._org, context.clock)
        self._batch, self._result, self._dues, self._statement = (
            FileKind.of(contract, kind, endpoint=_FILES)
            for kind in ("batch", "result", "dues", "statement")
        )

    def probe(self, line: Line) -> ProbeResult:
        """GX0000, and a look into the folder of results: proves both ports, and our key."""

        def ask() -> None:
            self._channel.ask(line, "GX0000", {})
            line.list_files("list.result", endpoint=_FILES, folder=self._result.folder)

        return probe(ask, code="000000")

    def verify_loan(self, line: Line, claim: LoanClaim) -> LoanCheck:
        """GX4010."""
        return self._claim(line, "GX4010", claim)

    def register_agreement(self, line: Line, claim: LoanClaim) -> LoanCheck:
        """GX4020."""
        return self._claim(line, "GX4020", claim)

    def cancel_agreement(self, line: Line, claim: LoanClaim) -> LoanCheck:
        """GX4030."""
        return self._claim(line, "GX4030", claim)

    def fetch_dues(self, line: Line, period: Period, page: str | None) -> DuePage:
        """GX2010 says which file, then the file.  ``page`` is "part:version"; a version that is
        gone is refused (E00113)."""
        part, _, version = (page or "1:").partition(":")
        asked = {"MONTH": period.compact, "VERSION": version, "PART": part}
        asked = {name: text for name, text in asked.items() if name != "VERSION" or text}
        said, _rows = self._channel.ask(line, "GX2010", asked)
        with readable(line):
            own_all(_place("GX2010"), said, asked)
            version = said.get("VERSION", "").strip()
            name = said.get("FILE_NAME", "").strip()
            self._dues.named(name, month=period.compact, version=version)
        file = self._dues.get(line, name)
        with readable(line):
            self._same("dues", file, said, ("MONTH", "VERSION"))
            more = self._follows("dues", file, said, int(part))
        reader = RowReader(self._contract, "dues/detail", line.drift)
        return DuePage(
            records=tuple(reader.due(row, rows.DUE) for row in file.details),
            next_page=f"{int(part) + 1}:{version}" if more else None,
            list_version=version,
            total_count=count(file.header["LIST_NUM"]),
            total_amount=amount(self._contract, file.header["LIST_AMT"]),
        )

    def fetch_balance(self, line: Line) -> BankBalance:
        """GX3010: the usable balance, as of the bank's AS_OF."""
        said, _ = self._channel.ask(line, "GX3010", {"ACC_NO": self._account})
        place = _place("GX3010")
        with readable(line):
            own(f"{place}/ACC_NO", said.get("ACC_NO"), self._account)
            usable = amount(self._contract, said.get("USABLE"))
            at = banks.moment(said.get("AS_OF", ""))
            if usable is None or at is None:
                raise BadReply(place, "USABLE and AS_OF", "one is unreadable")
        return BankBalance(self._account, usable, at)

    def instruct(self, line: Line, batch: InstructionBatch) -> tuple[RowResult, ...]:
        """The file, whose rename is the effect; then GX1010.  No row has a result yet.

        The file's bytes follow from the batch alone, so that one that is sent again is known at
        its destination.  An answer that repeats other totals is not this batch's: unknown.
        """
        banks.check_batch(self._contract, batch, self.batch_limit, fields=rows.PAYEE_FIELDS)
        header = {
            "ORG_NO": self._org, "BATCH_NO": batch.number, "MONTH": batch.period.compact,
            "ACC_NO": self._account, "ACC_NAME": self._account_name,
        }  # fmt: skip
        details = [rows.instruction(place, row) for place, row in enumerate(batch.rows, start=1)]
        content = self._batch.layout.write(header, details)
        name = self._batch.name(batch=batch.number)
        self._batch.put(line, name, content, effect=True)
        told = {
            "BATCH_NO": batch.number,
            "TOTAL_NUM": str(len(batch.rows)),
            "TOTAL_AMT": str(batch.total),
        }
        notice = {
            "BATCH_NO": batch.number, "FILE_NAME": name, "FILE_SIZE": str(len(content)), **told,
        }  # fmt: skip
        said, _ = self._channel.ask(line, "GX1010", notice)
        with readable(line):
            own_all(_place("GX1010"), said, told)
        return ()

    def fetch_results(self, line: Line, batch: str) -> tuple[RowResult, ...]:
        """GX1020 says which result file is the last; it is picked up and acknowledged.

        Empty when the bank does not know the batch (which proves nothing).  A file may be picked
        up any number of times; another content under its name raises FileConflict.
        """
        try:
            said, _ = self._channel.ask(line, "GX1020", {"BATCH_NO": batch})
        except PartnerRefused as error:
            table = self._contract.code("return_code", error.partner_code)
            if table.status is CodeStatus.NOT_FOUND:
                return ()
            raise
        turn, name = said.get("TURN", "").strip(), said.get("FILE_NAME", "").strip()
        with readable(line):
            own(f"{_place('GX1020')}/BATCH_NO", said.get("BATCH_NO"), batch)
            self._result.named(name, batch=batch, turn=turn)
        told = {"BATCH_NO": batch, "TURN": turn}
        file = self._result.pick_up(
            line, name, lambda found: self._same("result", found, told, tuple(told))
        )
        reader = RowReader(self._contract, "result/detail", line.drift)
        numbered = reader.numbered([dict(row) for row in file.details], "NUMBER")
        return tuple(rows.result(reader, row, number) for number, row in numbered)

    def inquire(self, line: Line, numbers: Sequence[str]) -> tuple[RowResult, ...]:
        """GX1030.  A number the bank leaves out of its answer is UNKNOWN."""
        banks.check_inquiry(numbers, self.inquiry_limit)
        if not numbers:
            return ()
        _, found = self._channel.ask(line, "GX1030", {}, [{"NUMBER": n} for n in numbers])
        reader = RowReader(self._contract, f"{_place('GX1030')}/LIST", line.drift)
        return reader.answers(
            line, found, "NUMBER", numbers, lambda row, number: rows.inquired(reader, row, number)
        )

    def fetch_statement(self, line: Line, day: date, page: str | None) -> StatementPage:
        """GX2020 says which file, then the file; closed when its header says that the day has
        ended."""
        if day > self._clock.today():
            raise BadInput(f"{day} lies ahead; there is no statement yet")
        part = page or "1"
        asked = {"ACC_NO": self._account, "DATE": f"{day:%Y%m%d}", "PART": part}
        said, _ = self._channel.ask(line, "GX2020", asked)
        with readable(line):
            own_all(_place("GX2020"), said, asked)
            name = said.get("FILE_NAME", "").strip()
            self._statement.named(name, day=asked["DATE"])
        file = self._statement.get(line, name)
        reader = RowReader(self._contract, "statement/detail", line.drift)
        with readable(line):
            self._same("statement", file, said, ("ACC_NO", "DATE", "DAY_END"))
            more = self._follows("statement", file, said, int(part))
            closed = {"1": True, "0": False}.get(file.header["DAY_END"].strip())
            if closed is None:
                found = shape(file.header["DAY_END"])
                raise BadReply("statement/header/DAY_END", "0 or 1", found)
            entries = tuple(reader.entry(row, day, rows.ENTRY) for row in file.details)
        return StatementPage(entries, str(int(part) + 1) if more else None, closed=closed)

    def _claim(self, line: Line, code: str, claim: LoanClaim) -> LoanCheck:
        banks.check_claim(claim)
        said, _ = self._channel.ask(line, code, rows.claim(claim))
        return loan_check(
            self._contract, line, _place(code), said, claim, agreement="XYBH", code="CHECK_CODE"
        )

    def _same(
        self, kind: str, file: FixedFile, said: Mapping[str, str], names: Sequence[str]
    ) -> None:
        """A file is ours and the one that was told, or BadReply: a copy under another name is
        neither."""
        wanted = {"ORG_NO": self._org} | {name: said.get(name, "").strip() for name in names}
        own_all(f"{kind}/header", file.header, wanted)

    def _follows(self, kind: str, file: FixedFile, said: Mapping[str, str], part: int) -> bool:
        """Whether a further file follows this one; both tell which of how many it is."""
        place = f"{kind}/header"
        for name, wanted in (("PART", part), ("PARTS", count(said.get("PARTS")))):
            if count(file.header[name]) != wanted:
                raise BadReply(f"{place}/{name}", "what was told", shape(file.header[name]))
        parts, here = file.header["PARTS"], len(file.details)
        return page_follows(f"{place}/PARTS", parts, page=part, here=here, full=self._full)


def _place(code: str) -> str:
    return f"{code}.reply/MSG/BODY"
