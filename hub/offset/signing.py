"""Signing agreements (签订): taken down at the counter, verified and registered with the bank.

待核验 → the bank's verification → the bank's registration → 生效, from the first period whose plan
does not stand yet.  What the bank does not confirm stays 待核验 with its word beside it; it may be
asked again once the cause is gone.  An agreement that replaces another (the repayment account has
changed) ends that one from the same period on, so that no loan has two.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub import audit
from hub.bus import Effect
from hub.kernel.errors import NotFound, Refused
from hub.kernel.periods import Period
from hub.kernel.typed import read_json
from hub.offset.agreements import (
    AgreementRow,
    BadAgreementFile,
    ImportReport,
    RefusedRow,
    check_row,
    keep_rows,
    open_accounts,
)
from hub.offset.dues import open_page
from hub.offset.letters import ClaimOrder, pack
from hub.offset.office import Office
from hub.offset.tables import agreement, due_list, due_record
from hub.offset.tables_signing import agreement_signing
from hub.offset.words import SigningStep

COLUMNS = (
    "XYBH", "YHJC", "JKHTBH", "HKZH", "JKRGJJZH", "GTJKRGJJZH", "QYRQ", "JKRXM", "JKRZJH", "YXYBH",
)  # fmt: skip
"""Of a file of agreements to sign: those of agreements.csv, the borrower's name and document, and
the number of the agreement it replaces (empty for none)."""

VERIFY, REGISTER, CANCEL = "bank.verify", "bank.register", "bank.cancel"
_KINDS = {
    SigningStep.VERIFYING: VERIFY,
    SigningStep.REGISTERING: REGISTER,
    SigningStep.CANCELLING: CANCEL,
}
_TITLES = {VERIFY: "贷款核验", REGISTER: "协议登记", CANCEL: "协议解除"}


class NoSuchAgreement(NotFound):
    """There is no agreement of this number."""

    code = "agreements.none"
    hint = "`hub agreements list` finds agreements by number, bank, loan or account tail."


class BorrowerUnknown(Refused):
    """Nobody has told the hub the borrower's name and document."""

    code = "agreements.borrower_unknown"
    hint = "They come with a signing file, or with the bank's due list: fetch that first."


class AskedAlready(Refused):
    """The bank has been asked and has not answered yet."""

    code = "agreements.asked_already"
    hint = "Wait for the bank's answer; the message is on its channel's page."


class Borrower(NamedTuple):
    """As the bank knows the borrower."""

    name: str
    document: str


@dataclass(slots=True)
class SigningReport:
    """What a file of agreements to sign came to."""

    asked: list[str] = field(default_factory=list)
    unchanged: int = 0
    refused: list[RefusedRow] = field(default_factory=list)


def sign_file(office: Office, path: Path, *, actor: str) -> SigningReport:
    """Take down the agreements of a file and ask each one's bank to verify it.

    The same file again changes nothing.  A row that cannot be taken is refused with its line and
    a code, the rest goes on.  Raises BadAgreementFile.
    """
    report = SigningReport()
    for row, borrower, replaces in _read(path, report):
        with office.store.write() as tx:
            flaw = _flaw(tx, office, row, borrower, replaces)
            if flaw is not None:
                report.refused.append(RefusedRow(row.line, row.number, *flaw))
            elif _take_down(tx, office, row, borrower, replaces, report):
                report.asked.append(row.number)
                audit.record(
                    tx, act="agreement.sign", actor=actor, subject=f"agreement:{row.number}",
                    detail={"bank": row.bank, "replaces": replaces, "file": path.name}, count=1,
                )  # fmt: skip
    return report


def _read(path: Path, report: SigningReport) -> Iterator[tuple[AgreementRow, Borrower, str]]:
    checked, seen = ImportReport(), set[str]()
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            lacking = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if lacking:
                raise BadAgreementFile(f"{path.name}: column missing: {', '.join(lacking)}")
            for values in reader:
                whole = {**values, "XYZT": "0", "ZZRQ": ""}
                row = check_row(reader.line_num, whole, checked, seen)
                if row is not None:
                    said = [(values[name] or "").strip() for name in ("JKRXM", "JKRZJH", "YXYBH")]
                    yield row, Borrower(said[0], said[1]), said[2]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadAgreementFile(f"{path.name}: {error}") from error
    report.refused.extend(checked.refused)


def _flaw(
    tx: Connection, office: Office, row: AgreementRow, borrower: Borrower, replaces: str
) -> tuple[str, str] | None:
    if row.bank not in office.banks:
        return "offset.no_such_bank", f"no adapter serves {row.bank[:8]!r}"
    if not borrower.name or not borrower.document:
        return "agreements.empty_field", "JKRXM or JKRZJH is empty"
    word = office.seat(row.bank).port.obstacle(borrower.name, row.repayment_account)
    if word is not None:
        return f"agreements.{word}", "the bank's wire cannot carry this name or account"
    if not replaces:
        return None
    old = tx.execute(sa.select(agreement).where(agreement.c.number == replaces)).first()
    if old is None or (old.bank, old.loan_contract) != (row.bank, row.loan_contract):
        return "agreements.replaces_nothing", "YXYBH names no agreement of this bank and loan"
    return None


def _take_down(
    tx: Connection, office: Office, row: AgreementRow, borrower: Borrower, replaces: str,
    report: SigningReport,
) -> bool:  # fmt: skip
    month, kept = f"{office.clock.today():%Y-%m}", ImportReport()
    keep_rows(tx, office.vault, [row], kept, month)
    report.refused.extend(kept.refused)
    report.unchanged += kept.unchanged
    if not kept.added:
        return False
    found = find_agreement(tx, row.number)
    sealed = office.vault.seal(tx, "agreement", month, msgspec.json.encode(borrower))
    tx.execute(
        sa.insert(agreement_signing).values(
            agreement_id=found.id, step=SigningStep.VERIFYING.value, turn=1, said_code="",
            said_text="", asked_us=office.now_us(), replaces=replaces, key_id=sealed.key_id,
            sealed=sealed.blob,
        )
    )  # fmt: skip
    _order(tx, office, found, borrower, SigningStep.VERIFYING, 1)
    return True


def ask_bank(tx: Connection, office: Office, number: str, step: SigningStep) -> int:
    """Ask the agreement's bank (verify, register or cancel); the message's number.

    The borrower comes from the signing, else from the bank's newest due list.  Raises
    NoSuchAgreement, BorrowerUnknown, AskedAlready.
    """
    found = find_agreement(tx, number)
    before = tx.execute(
        sa.select(agreement_signing).where(agreement_signing.c.agreement_id == found.id)
    ).first()
    if before is not None and before.step in [step.value for step in _KINDS]:
        raise AskedAlready
    borrower = borrower_of(tx, office, found)
    turn = 1 if before is None else int(before.turn) + 1
    values: dict[str, Any] = {
        "step": step.value, "turn": turn, "asked_us": office.now_us(), "answered_us": None,
    }  # fmt: skip
    if before is None:
        sealed = office.vault.seal(
            tx, "agreement", f"{office.clock.today():%Y-%m}", msgspec.json.encode(borrower)
        )
        values |= {"agreement_id": found.id, "said_code": "", "said_text": "", "replaces": "",
                   "key_id": sealed.key_id, "sealed": sealed.blob}  # fmt: skip
        tx.execute(sa.insert(agreement_signing).values(values))
    else:
        tx.execute(
            sa.update(agreement_signing)
            .where(agreement_signing.c.agreement_id == found.id)
            .values(values)
        )
    return _order(tx, office, found, borrower, step, turn)


def _order(
    tx: Connection, office: Office, found: sa.Row[Any], borrower: Borrower, step: SigningStep,
    turn: int,
) -> int:  # fmt: skip
    kind = _KINDS[step]
    repayment = open_accounts(tx, office.vault, found.key_id, found.sealed).repayment
    order = ClaimOrder(
        found.number, found.loan_contract, repayment, borrower.name, borrower.document
    )
    return office.to_bank(
        tx, found.bank, kind, f"{found.number}:{turn}", pack(order),
        period=Period.of(office.clock.today()), subject=f"{_TITLES[kind]} {found.number}",
        effect=Effect.READ if kind == VERIFY else Effect.COMMAND,
    )  # fmt: skip


def borrower_of(tx: Connection, office: Office, found: sa.Row[Any]) -> Borrower:
    """Name and document of an agreement's borrower.  Raises BorrowerUnknown."""
    kept = tx.execute(
        sa.select(agreement_signing.c.key_id, agreement_signing.c.sealed).where(
            agreement_signing.c.agreement_id == found.id
        )
    ).first()
    if kept is not None:
        plain = office.vault.open(tx, kept.key_id, kept.sealed)
        return read_json(plain, Borrower)
    here = tx.execute(
        sa.select(due_record.c.due_list_id, due_record.c.page_no, due_record.c.row_no)
        .join(due_list, due_list.c.id == due_record.c.due_list_id)
        .where(due_list.c.bank == found.bank, due_list.c.state == "complete")
        .where(due_record.c.loan_contract == found.loan_contract)
        .order_by(due_record.c.id.desc())
        .limit(1)
    ).first()
    if here is None:
        raise BorrowerUnknown
    return Borrower(*open_page(tx, office, here.due_list_id, here.page_no).borrower(here.row_no))


def find_agreement(tx: Connection, number: str) -> sa.Row[Any]:
    """The agreement's row.  Raises NoSuchAgreement."""
    found = tx.execute(sa.select(agreement).where(agreement.c.number == number)).first()
    if found is None:
        raise NoSuchAgreement(f"there is no agreement {number[:32]!r}")
    return found
