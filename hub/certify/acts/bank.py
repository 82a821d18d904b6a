"""The words of the bank port's scenarios: verify, register, cancel, dues, balance, instruct,
inquire, results, statement, obstacle.

Rows are named (``b1.1`` is the first row of batch ``b1``): numbers are given here, and a batch
that is sent again is the very same value.
"""

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from hub.bus import Rung
from hub.certify.acts.stage import BadStep, Plain, Stage, Untried, crowd_of, pages_of
from hub.certify.ear import told_of
from hub.certify.suite import Suite
from hub.kernel.money import Fen, format_yuan
from hub.kernel.periods import Period
from hub.ports.bank import (
    BankBalance,
    BankPort,
    DuePage,
    EntryKind,
    InstructionBatch,
    InstructionRow,
    LoanCheck,
    LoanClaim,
    RowResult,
    RowStatus,
    StatementEntry,
    StatementPage,
)
from hub.ports.line import Line

_LOAN_COLUMNS = (
    "YHJC", "JKHTBH", "DKZH", "HKZH", "JKRXM", "JKRZJH", "DKYE", "DKLL", "SYQS", "YDHKR", "YHRQ",
    "DQYHJE", "DQYHBJ", "DQYHLX", "DKZT", "YQJE", "KKJG",
)  # fmt: skip
_FINAL = (RowStatus.DONE, RowStatus.REFUSED)


class Acts(Stage):
    """One case under way at a bank."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._batches: dict[str, InstructionBatch] = {}
        self._agreements: dict[str, str] = {}
        self._opened = date.min

    def opened(self) -> None:
        """The statement asked for later is this day's, the due list its month's."""
        self._opened = self.endpoint.clock.today()

    @property
    def _period(self) -> Period:
        return Period.of(self._opened)

    def refer(self, name: str) -> str:
        """``b1`` the batch's number, ``b1.1`` its first row's, ``today`` the day."""
        if name == "today":
            return self.endpoint.clock.today().isoformat()
        batch, _, row = name.partition(".")
        if batch not in self._batches:
            return super().refer(name)
        found = self._batches[batch]
        return found.rows[int(row) - 1].number if row else found.number

    # --- loans and agreements ---

    def do_verify(self, given: Plain) -> Plain:
        """``subject``, ``change``: some of its values told otherwise."""
        return self._check(given, lambda port, line, claim: port.verify_loan(line, claim))

    def do_register(self, given: Plain) -> Plain:
        """As verify; ``agreement`` names the agreement, so that it can come again."""
        return self._check(
            given, lambda port, line, claim: port.register_agreement(line, claim), effect=True
        )

    def do_cancel(self, given: Plain) -> Plain:
        """As register."""
        return self._check(
            given, lambda port, line, claim: port.cancel_agreement(line, claim), effect=True
        )

    def _check(self, given: Plain, ask: Any, *, effect: bool = False) -> Plain:
        subject = {**self.subject(given["subject"]), **given.get("change", {})}
        name = str(given.get("agreement", "a"))
        agreement = self._agreements.setdefault(name, f"DC{self.number(14)}")
        claim = LoanClaim(
            agreement,
            *(
                str(subject[key])
                for key in ("loan_contract", "repayment_account", "borrower_name", "borrower_id")
            ),
        )
        ended, said = self.call(given, lambda port, line: ask(port, line, claim), effect=effect)
        if isinstance(said, LoanCheck):
            ended |= {"matches": said.matches, "code": said.code}
            self.codes.add(said.code)
        return ended

    # --- reading ---

    def do_dues(self, given: Plain) -> Plain:
        """The whole due list; ``tag`` begins with that continuation instead."""
        tag = given.get("tag")

        def fetch(page: str | None) -> tuple[Plain, DuePage | None]:
            begin = tag if page is None else page
            return self.call(given, lambda port, line: port.fetch_dues(line, self._period, begin))

        ended, pages = pages_of(fetch)
        records = [record for page in pages for record in page.records]
        if not pages:
            return ended
        total = sum(record.amount or 0 for record in records)
        first: DuePage = pages[0]
        ended["records"] = len(records)
        ended["versions"] = len({page.list_version for page in pages})
        ended["totals_agree"] = (first.total_count, first.total_amount) == (len(records), total)
        ended["subjects"] = {
            name: self._due_of(name, records) for name in given.get("subjects", [])
        }
        return ended

    def _due_of(self, name: str, records: Sequence[Any]) -> Plain:
        subject = self.subject(name)
        found = [one for one in records if one.loan_contract == subject["loan_contract"]]
        if not found:
            return {"times": 0}
        due = found[0]
        wanted = subject.get("due_fen")
        return {
            "times": len(found), "fen": due.amount, "settled": due.settled,
            "overdue": due.overdue, "flaw": due.flaw,
            "as_given": due.amount == wanted
            and due.repayment_account == subject["repayment_account"]
            and due.borrower_name == subject["borrower_name"]
            and due.borrower_id.strip().upper() == str(subject["borrower_id"]).strip().upper(),
        }  # fmt: skip

    def do_balance(self, given: Plain) -> Plain:
        """The paying account's balance; ``ours`` whether it is of the deployment's account."""
        ended, said = self.call(given, lambda port, line: port.fetch_balance(line))
        if isinstance(said, BankBalance):
            ended |= {"fen": said.amount, "today": said.as_of.date() == self.endpoint.clock.today()}
        return ended

    def do_obstacle(self, given: Plain) -> Plain:
        """Whether a name and an account can be written at all; nobody is called."""
        port: BankPort = self.endpoint.port
        return {"obstacle": port.obstacle(str(given["name"]), str(given["account"]))}

    # --- money ---

    def do_instruct(self, given: Plain) -> Plain:
        """``batch`` with ``rows`` (subject, fen) or ``many``; one that is known goes again as it
        is, with ``change`` (fen) under the same numbers, with ``as`` in a batch of that name."""
        batch = self._batch(given)
        ended, said = self.call(given, lambda port, line: port.instruct(line, batch), effect=True)
        if said is None:
            return ended
        self.rungs.add(Rung.ACCEPTED)
        return {**ended, **self._told(str(given.get("as", given["batch"])), said)}

    def do_results(self, given: Plain) -> Plain:
        """What became of ``batch``, asked by its number."""
        batch = self._known(given["batch"])
        ended, said = self.call(given, lambda port, line: port.fetch_results(line, batch.number))
        return ended if said is None else {**ended, **self._told(given["batch"], said)}

    def do_inquire(self, given: Plain) -> Plain:
        """What became of each row of ``batch`` (``rows``: only those places), asked by number."""
        batch = self._known(given["batch"])
        limit = self.endpoint.port.inquiry_limit
        numbers = [row.number for row in batch.rows]
        ended: Plain = {}
        found: list[RowResult] = []
        for start in range(0, len(numbers), limit):
            part = numbers[start : start + limit]
            ended, said = self.call(given, partial(_inquire, numbers=part))
            if said is None:
                return ended
            found += said
        return {**ended, **self._told(given["batch"], found)}

    def do_notices(self, given: Plain) -> Plain:
        """What the bank has told of itself about ``batch`` since the case began: as do_results,
        with ``notices`` (each counted once), ``others`` (of other batches, of none), ``repeats``,
        ``conflicts`` (one id, two contents), ``distrusted`` (not believed).  Raises Untried."""
        if self.endpoint.ear is None:
            raise Untried("没有接收端口：hub.toml 的 inbound_port 已被占用（先停 hub serve）")
        said, figures = told_of(self.endpoint.ear.heard(), self._known(given["batch"]).number)
        return {**figures, **self._told(given["batch"], said)}

    def _told(self, name: str, said: Sequence[RowResult]) -> Plain:
        batch = self._known(name)
        rows: Plain = {}
        for place, row in enumerate(batch.rows, start=1):
            mine = [one for one in said if one.number == row.number]
            if mine:
                rows[str(place)] = _row(mine, row)
        for one in said:
            self.codes.update(one.code.split(":"))
            if one.status in _FINAL:
                self.rungs.add(Rung.RESULT)
        return {
            "rows": rows,
            "told": len(said),
            "absent": len(batch.rows) - len(rows),
            "strangers": len(said) - sum(row["times"] for row in rows.values()),
            "statuses": dict(Counter(one.status.value for one in said)),
            "exact": sum(one["exact"] for one in rows.values()),
        }

    def _batch(self, given: Plain) -> InstructionBatch:
        name = given["batch"]
        batch = self._batches.get(name)
        if batch is None:
            batch = InstructionBatch(self.number(), self._period, self._rows(given))
        elif "rows" in given or "many" in given:
            raise BadStep(f"批次 {name} 已经有了：再送只写 batch")
        if "change" in given:
            rows = tuple(
                replace(row, amount=Fen(row.amount + int(given["change"]["fen"])))
                for row in batch.rows
            )
            batch = replace(batch, rows=rows)
        if "as" in given:
            batch = replace(batch, number=self.number())
        if "change" not in given or "as" in given:
            self._batches[str(given.get("as", name))] = batch
        return batch

    def _rows(self, given: Plain) -> tuple[InstructionRow, ...]:
        if "many" in given:
            many = int(given["many"])
            chosen = self.crowd()
            subjects = [chosen[place % len(chosen)] for place in range(many)]
            return tuple(
                self._row(subject, place) for place, subject in enumerate(subjects, start=1)
            )
        return tuple(
            self._row({**self.subject(one["subject"]), **one.get("change", {})}, int(one["fen"]))
            for one in given["rows"]
        )

    def _row(self, subject: Mapping[str, Any], fen: int) -> InstructionRow:
        return InstructionRow(
            self.number(), str(subject["loan_contract"]), str(subject["repayment_account"]),
            str(subject["borrower_name"]), Fen(fen),
        )  # fmt: skip

    def _known(self, name: str) -> InstructionBatch:
        if name not in self._batches:
            raise BadStep(f"没有批次 {name}")
        return self._batches[name]

    # --- the account's statement ---

    def do_statement(self, given: Plain) -> Plain:
        """The whole statement of the day the case began, or ``day: today``; what it says of
        ``batches``."""
        day = self.endpoint.clock.today() if given.get("day") == "today" else self._opened
        ended, pages = self._statement(given, day)
        if not pages:
            return ended
        entries = [entry for page in pages for entry in page.entries]
        rows: Plain = {}
        for name in given.get("batches", []):
            for place, row in enumerate(self._known(name).rows, start=1):
                rows[f"{name}.{place}"] = _booked(row, entries)
        if any(row["credits"] for row in rows.values()):
            self.rungs.add(Rung.RECONCILED)
        return {
            **ended, "closed": all(page.closed for page in pages), "entries": len(entries),
            "same_serial": len(entries) - len({entry.serial for entry in entries}),
            "rows": rows,
            "once_exact": sum(row["credits"] == 1 and row["exact"] for row in rows.values()),
            "kinds": dict(Counter(entry.kind.value for entry in entries)),
            "named": {
                name: sum(entry.counter_name == self.subject(name)["borrower_name"]
                          for entry in entries)
                for name in given.get("subjects", [])
            },
        }  # fmt: skip

    def _statement(self, given: Plain, day: date) -> tuple[Plain, list[StatementPage]]:
        def fetch(page: str | None) -> tuple[Plain, StatementPage | None]:
            def ask(port: BankPort, line: Line) -> StatementPage:
                return port.fetch_statement(line, day, page)

            return self.call(given, ask)

        return pages_of(fetch)


def _inquire(port: BankPort, line: Line, numbers: Sequence[str]) -> tuple[RowResult, ...]:
    return port.inquire(line, numbers)


def _row(mine: Sequence[RowResult], ordered: InstructionRow) -> Plain:
    one = mine[0]
    return {
        "status": one.status.value, "reason": one.reason.value if one.reason else "",
        "code": one.code.rpartition(":")[2], "fen": one.amount, "times": len(mine),
        "same": len(set(mine)) == 1, "exact": one.amount == ordered.amount,
    }  # fmt: skip


def _booked(row: InstructionRow, entries: Sequence[StatementEntry]) -> Plain:
    mine = [entry for entry in entries if entry.number == row.number]
    credited = [entry for entry in mine if entry.kind is EntryKind.CREDIT]
    return {
        "credits": len(credited),
        "exact": all(
            entry.amount == row.amount and entry.counter_account == row.payee_account
            for entry in credited
        ),
        "returns": sum(entry.kind is EntryKind.RETURN for entry in mine),
        "reversals": sum(entry.kind is EntryKind.REVERSAL for entry in mine),
        "back_exact": all(entry.amount == row.amount for entry in mine),
    }


def write_data(suite: Suite, folder: Path) -> None:
    """``loans.csv`` for a bundled bank: every subject of the suite and its crowd."""
    due = date.fromisoformat(suite.business_day) + timedelta(days=6)
    loans = [*suite.subjects.values(), *crowd_of(suite)]
    with (folder / "loans.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, _LOAN_COLUMNS)
        writer.writeheader()
        for place, subject in enumerate(loans, start=1):
            writer.writerow(_loan(suite.contract.partner.code, subject, f"{due:%Y%m%d}", place))


def _loan(bank: str, subject: Mapping[str, Any], due: str, place: int) -> dict[str, str]:
    amount = subject.get("due_text") or format_yuan(int(subject.get("due_fen", 0)))
    return {
        "YHJC": bank, "JKHTBH": str(subject["loan_contract"]), "DKZH": f"DK{place:012d}",
        "HKZH": str(subject["repayment_account"]), "JKRXM": str(subject["borrower_name"]),
        "JKRZJH": str(subject["borrower_id"]), "DKYE": "100000.00", "DKLL": "0.0305",
        "SYQS": "60", "YDHKR": due[-2:], "YHRQ": due, "DQYHJE": amount, "DQYHBJ": "0.00",
        "DQYHLX": "0.00", "DKZT": str(subject.get("loan_state", "0")), "YQJE": "0.00",
        "KKJG": str(subject.get("mind", "0000")),
    }  # fmt: skip
