"""Agreements (对冲协议): importing them from CSV, with a check of every row.

A row that cannot be read is refused with its line, a code and what to do; the rest goes on.
Importing the same file again changes nothing; a row that says something else of a known number
is refused, for an agreement is changed by its own acts, never by a file.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub import audit
from hub.kernel.errors import BadInput
from hub.kernel.secret import mask_account
from hub.offset.tables import agreement
from hub.offset.words import AgreementState
from hub.store import Store, among
from hub.store.prepared import insert_of
from hub.store.vault import Vault

COLUMNS = (
    "XYBH", "YHJC", "JKHTBH", "HKZH", "JKRGJJZH", "GTJKRGJJZH", "QYRQ", "XYZT", "ZZRQ",
)  # fmt: skip
STATES = {
    "0": AgreementState.PENDING,
    "1": AgreementState.IN_FORCE,
    "2": AgreementState.ENDED,
    "3": AgreementState.SUSPENDED,
}
"""XYZT as agreements.csv writes it."""

_CHUNK = 2000
_LONGEST = {"XYBH": 32, "YHJC": 8, "JKHTBH": 30, "HKZH": 30, "JKRGJJZH": 20, "GTJKRGJJZH": 20}


class BadAgreementFile(BadInput):
    """The agreements file cannot be read."""

    code = "agreements.bad_file"
    hint = "Export it again as UTF-8 CSV with the header row " + ",".join(COLUMNS) + "."


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """One row that was not taken in: its line in the file, why (a stable code), what it says."""

    line: int
    number: str
    code: str
    text: str


@dataclass(slots=True)
class ImportReport:
    """What an import did, in rows."""

    added: int = 0
    unchanged: int = 0
    refused: list[RefusedRow] = field(default_factory=list)


class AgreementRow(NamedTuple):
    """One row of a file, checked.  Days as YYYYMMDD."""

    line: int
    number: str
    bank: str
    loan_contract: str
    repayment_account: str
    main: str
    spouse: str
    signed_on: int
    state: AgreementState
    ended_on: int | None


def import_agreements(
    store: Store, vault: Vault, path: Path, *, actor: str, month: str
) -> ImportReport:
    """Take in a CSV file in chunks of one transaction each.

    Raises BadAgreementFile when the file as a whole is unreadable or lacks a column; single bad
    rows are in the report.  ``month`` (YYYY-MM) chooses the data key.
    """
    report = ImportReport()
    seen: set[str] = set()  # of one chunk: those before it are in the table, beyond ``last``
    with store.read() as view:
        last = int(view.scalar(sa.select(sa.func.max(agreement.c.id))) or 0)
    rows = _read(path, report, seen)
    while chunk := list(islice(rows, _CHUNK)):
        seen.clear()
        with store.write() as tx:
            keep_rows(tx, vault, chunk, report, month, last=last)
            audit.record(
                tx, act="agreements.import", actor=actor, subject=path.name,
                detail={"added_so_far": report.added, "refused_so_far": len(report.refused)},
                count=len(chunk),
            )  # fmt: skip
    return report


def _read(path: Path, report: ImportReport, seen: set[str]) -> Iterator[AgreementRow]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            lacking = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if lacking:
                raise BadAgreementFile(f"{path.name}: column missing: {', '.join(lacking)}")
            for values in reader:
                row = check_row(reader.line_num, values, report, seen)
                if row is not None:
                    yield row
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadAgreementFile(f"{path.name}: {error}") from error


def check_row(
    line: int, values: dict[str, str], report: ImportReport, seen: set[str]
) -> AgreementRow | None:
    """One row, or None when it is refused (in the report).  ``seen``: numbers of this file."""
    said = {name: (values.get(name) or "").strip() for name in COLUMNS}
    flaw = _flaw(said, seen)
    if flaw is not None:
        report.refused.append(RefusedRow(line, said["XYBH"][:32], *flaw))
        return None
    seen.add(said["XYBH"])
    spouse = said["GTJKRGJJZH"]
    return AgreementRow(
        line=line,
        number=said["XYBH"],
        bank=said["YHJC"],
        loan_contract=said["JKHTBH"],
        repayment_account=said["HKZH"],
        main=said["JKRGJJZH"],
        spouse="" if spouse == said["JKRGJJZH"] else spouse,  # the same account counts once
        signed_on=int(said["QYRQ"]),
        state=STATES[said["XYZT"]],
        ended_on=int(said["ZZRQ"]) if said["ZZRQ"] else None,
    )


_TWICE = ("agreements.number_twice", "XYBH stands twice in this file; the first one counts")


def _flaw(said: dict[str, str], seen: set[str]) -> tuple[str, str] | None:
    for name in ("XYBH", "YHJC", "JKHTBH", "HKZH", "JKRGJJZH"):
        if not said[name]:
            return "agreements.empty_field", f"{name} is empty"
    for name, longest in _LONGEST.items():
        if len(said[name]) > longest:
            return "agreements.too_long", f"{name} is longer than {longest} characters"
    if said["XYBH"] in seen:
        return _TWICE
    for name in ("QYRQ", "ZZRQ"):
        if (said[name] or name == "QYRQ") and not _is_day(said[name]):
            return "agreements.bad_date", f"{name} is not a day written YYYYMMDD"
    if said["XYZT"] not in STATES:
        return "agreements.unknown_state", "XYZT is none of 0, 1, 2, 3"
    return None


def _is_day(text: str) -> bool:
    if len(text) != len("20251010") or not (text.isascii() and text.isdigit()):
        return False
    try:
        date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return False
    return True


def keep_rows(
    tx: Connection, vault: Vault, rows: Sequence[AgreementRow], report: ImportReport, month: str,
    *, last: int | None = None,
) -> None:  # fmt: skip
    """Add the rows that are new; one known with other values is refused in the report, as is one
    that an earlier chunk of this file has added: beyond ``last``, the newest before the file."""
    known = _known(tx, [row.number for row in rows])
    fresh = []
    for row in rows:
        values = _values(vault, row)
        before = known.get(row.number)
        if before is None:
            fresh.append((*values.values(), *vault.seal(tx, "agreement", month, _private(row))))
        elif last is not None and before["id"] > last:
            report.refused.append(RefusedRow(row.line, row.number, *_TWICE))
        elif all(before[name] == values[name] for name in _COMPARED):
            report.unchanged += 1
        else:
            report.refused.append(
                RefusedRow(row.line, row.number, "agreements.differs",
                           "the hub knows this number with other values; nothing was changed")
            )  # fmt: skip
    report.added += _ADD.run(tx, fresh)


_COMPARED = ("bank", "loan_contract", "repay_token", "main_token", "spouse_token", "signed_on")


def _known(tx: Connection, numbers: Sequence[str]) -> dict[str, sa.RowMapping]:
    columns = [agreement.c.id, agreement.c.number, *(agreement.c[name] for name in _COMPARED)]
    found = tx.execute(sa.select(*columns).where(among(tx, agreement.c.number, numbers)))
    return {str(row["number"]): row for row in found.mappings()}


def _values(vault: Vault, row: AgreementRow) -> dict[str, Any]:
    """The columns of ``_ADD``, in its order, but for what is sealed."""
    tokens = vault.tokens
    return {
        "number": row.number,
        "bank": row.bank,
        "loan_contract": row.loan_contract,
        "repay_token": tokens.whole("account", row.repayment_account),
        "repay_tail": tokens.tail("account", row.repayment_account),
        "main_token": tokens.whole("account", row.main),
        "spouse_token": tokens.whole("account", row.spouse) if row.spouse else None,
        "repay_mask": mask_account(row.repayment_account),
        "main_mask": mask_account(row.main),
        "spouse_mask": mask_account(row.spouse) if row.spouse else "",
        "signed_on": row.signed_on,
        "ended_on": row.ended_on,
        "state": row.state.value,
    }


_ADD = insert_of(
    agreement, "number", "bank", "loan_contract", "repay_token", "repay_tail", "main_token",
    "spouse_token", "repay_mask", "main_mask", "spouse_mask", "signed_on", "ended_on", "state",
    "key_id", "sealed",
)  # fmt: skip


def _private(row: AgreementRow) -> bytes:
    return msgspec.json.encode((row.repayment_account, row.main, row.spouse))


class Accounts(NamedTuple):
    """The accounts an agreement names, in clear; spouse empty when there is none."""

    repayment: str
    main: str
    spouse: str

    @property
    def payers(self) -> tuple[str, ...]:
        """Main first."""
        return (self.main, self.spouse) if self.spouse else (self.main,)


def open_accounts(tx: Connection, vault: Vault, key_id: int, sealed: bytes) -> Accounts:
    """Open what ``import_agreements`` sealed."""
    return Accounts(*msgspec.json.decode(vault.open(tx, key_id, sealed)))
