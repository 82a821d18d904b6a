"""What banks' rows have in common, whatever wire they came by."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime

from hub.contracts import Code, CodeStatus, Contract, Field
from hub.kernel.clocks import SHANGHAI
from hub.kernel.errors import BadInput
from hub.kernel.money import Fen
from hub.ports.bank import (
    EntryKind,
    InstructionBatch,
    LoanClaim,
    RefusalReason,
    RowResult,
    RowStatus,
)
from hub.ports.line import DriftNotes, Line

UNWRITABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
"""Not allowed in XML 1.0, or altered by its white-space rules; no other wire wants them either."""
_ACCOUNT = re.compile(r"[0-9A-Za-z-]+")
_FULL_WIDTH = str.maketrans("０１２３４５６７８９", "0123456789")


def obstacle(
    contract: Contract, name: str, account: str, *, fields: Sequence[str], delimiters: str = ""
) -> str | None:
    """``name_not_representable``, ``account_not_representable`` or None.

    ``fields``: the contract's fields that carry name and account; ``delimiters``: characters that
    separate values on this wire and can stand in none of them.
    """
    name_field, account_field = map(contract.field, fields)
    return _obstacle(name, account, name_field, account_field, delimiters)


def _obstacle(
    name: str, account: str, name_field: Field, account_field: Field, delimiters: str
) -> str | None:
    # What prints holds no control character, no half of one: most names are settled by that.
    if not name.isprintable() and UNWRITABLE.search(name):
        return "name_not_representable"
    if not name.strip() or not name_field.takes(name):
        return "name_not_representable"
    if delimiters and any(one in name for one in delimiters):
        return "name_not_representable"
    if not _ACCOUNT.fullmatch(account) or not account_field.takes(account):
        return "account_not_representable"
    return None


def check_batch(
    contract: Contract,
    batch: InstructionBatch,
    limit: int,
    *,
    fields: Sequence[str],
    delimiters: str = "",
) -> None:
    """Refuse, before anything is sent, what the plan should never have let through: BadInput."""
    numbers = [row.number for row in batch.rows]
    digits = int(contract.numbers.extra["instruction_digits"])
    if not 0 < len(numbers) <= limit:
        raise BadInput(f"a batch has 1 to {limit} rows, not {len(numbers)}")
    if len(set(numbers)) != len(numbers):
        raise BadInput("a number stands twice in the batch")
    name_field, account_field = map(contract.field, fields)
    most = contract.limit("amount_fen")
    for row in batch.rows:
        number = row.number
        if len(number) != digits or not (number.isascii() and number.isdigit()):
            raise BadInput(f"instruction numbers have {digits} digits")
        if row.amount <= 0:
            raise BadInput(f"instruction {row.number}: the amount is not above 0")
        if row.amount > most:
            raise BadInput(f"instruction {row.number}: more than {most} 分 in one amount")
        found = _obstacle(row.payee_name, row.payee_account, name_field, account_field, delimiters)
        if found is not None:
            raise BadInput(f"instruction {row.number}: {found}")


def check_inquiry(numbers: Sequence[str], limit: int) -> None:
    """Raises BadInput for more numbers than the contract takes, or one twice."""
    if len(numbers) > limit or len(set(numbers)) != len(numbers):
        raise BadInput(f"an inquiry takes {limit} different numbers at most")


def check_claim(claim: LoanClaim) -> None:
    """Raises BadInput for a value that no document can carry."""
    texts = (
        claim.agreement, claim.loan_contract, claim.repayment_account, claim.borrower_name,
        claim.borrower_id,
    )  # fmt: skip
    if any(UNWRITABLE.search(text) for text in texts):
        raise BadInput("a value of the claim holds a control character")


def judge(state: Code, detail: Code | None) -> tuple[RowStatus, RefusalReason | None]:
    """Status and reason from a row's state and the code beside it; a contradiction is UNKNOWN."""
    failed = detail is not None and detail.status is not CodeStatus.DONE
    match state.status:
        case CodeStatus.DONE:
            return (RowStatus.UNKNOWN if failed else RowStatus.DONE), None
        case CodeStatus.REFUSED:
            decisive = state if state.final else detail
            if decisive is None or decisive.status is not CodeStatus.REFUSED:
                return RowStatus.UNKNOWN, None
            if not decisive.final:
                return RowStatus.UNKNOWN, None
            return RowStatus.REFUSED, RefusalReason(decisive.reason or RefusalReason.BANK_ERROR)
        case status:
            return RowStatus(status), None


def entry_kind(
    said: Code, amount: int, number: str, *, outgoing: bool, drift: DriftNotes, place: str
) -> EntryKind:
    """What an entry of the paying account is; ``said`` is the bank's word for it (``kind``).

    Our number outweighs the bank's flag: a payment of ours filed under "other" would look as if
    it had never been made, and its hold would be released.
    """
    kind = EntryKind(said.extra.get("kind", EntryKind.OTHER))
    if kind is EntryKind.REVERSAL:
        return kind
    ours = bool(number)
    if outgoing and (ours or kind is EntryKind.CREDIT):
        return EntryKind.REVERSAL if amount < 0 else EntryKind.CREDIT
    if not outgoing and amount >= 0 and (ours or kind is EntryKind.RETURN):
        return EntryKind.RETURN
    if kind is not EntryKind.OTHER:
        drift.note(place, "the side of its kind", "the other side")
    return EntryKind.OTHER


def our_number(remark: str, digits: int) -> str:
    """Our number in a remark: its one run of exactly as many digits; else empty."""
    plain = remark.translate(_FULL_WIDTH)
    runs = "".join(c if c.isascii() and c.isdigit() else " " for c in plain).split()
    ours = {run for run in runs if len(run) == digits}
    return ours.pop() if len(ours) == 1 else ""


def expected(line: Line, place: str, number: str, wanted: set[str] | Mapping[str, object]) -> bool:
    """Whether a row's number is one we asked about; a row of others is noted and left out."""
    if not number:
        line.drift.note(place, "a number", "空白")
    elif number not in wanted:
        line.drift.note(place, "a number we asked about", "another number")
    return number in wanted


def one_per_number(results: Sequence[RowResult], numbers: Sequence[str]) -> tuple[RowResult, ...]:
    """One result per number asked, in their order.

    A number the bank left out, or answered in two ways, is UNKNOWN: it is asked again.
    """
    said: dict[str, set[RowResult]] = {}
    for result in results:
        said.setdefault(result.number, set()).add(result)
    return tuple(
        next(iter(said[number]))
        if len(said.get(number, ())) == 1
        else RowResult(number, RowStatus.UNKNOWN)
        for number in numbers
    )


def positive(amount: Fen | None) -> Fen | None:
    """An amount that can have been credited, else None."""
    return amount if amount is not None and amount > 0 else None


def moment(text: str) -> datetime | None:
    """``yyyyMMddHHmmss`` in Asia/Shanghai, or None."""
    try:
        return datetime.strptime(text.strip(), "%Y%m%d%H%M%S").replace(tzinfo=SHANGHAI)
    except ValueError:
        return None


def day(text: str) -> date | None:
    """``yyyyMMdd``, or None."""
    clean = text.strip()
    if len(clean) != 8 or not (clean.isascii() and clean.isdigit()):
        return None
    try:
        return date.fromisoformat(clean)  # eight digits are yyyyMMdd to it
    except ValueError:
        return None


def is_document(number: str) -> bool:
    """Whether this can be a document's number at all; whose it is, the core is compared with."""
    clean = number.strip()
    return 4 <= len(clean) <= 20 and clean.isascii() and clean.replace("-", "").isalnum()
