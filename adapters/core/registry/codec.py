"""The registry's replies to the port's plain values; what differs from the contract is noted."""

from collections.abc import Sequence
from datetime import date

import msgspec
from msgspec import UNSET

from adapters.core.registry import replies
from adapters.kit.core_calls import R, hollow, moment, unreadable
from hub.contracts import BadDocument, CodeStatus, Contract, shape
from hub.kernel.identity import comparable_id
from hub.kernel.money import Fen
from hub.kernel.typed import convert
from hub.ports.line import DriftNotes, ReplyUnreadable
from hub.ports.registry import (
    HOLD,
    UNSETTLED,
    ApplicationKind,
    ApplicationResult,
    ApplicationState,
    FieldChange,
    PersonAccount,
    PersonsAnswer,
)

_HELD = "01"
"""ZTDC: the core waits for an offset."""


def read(kind: type[R], schema: str, body: bytes, contract: Contract, drift: DriftNotes) -> R:
    """A reply of one kind; drift is noted, and ReplyUnreadable raised when nothing is left."""
    try:
        parsed = contract.read_json(body)
    except BadDocument as error:
        raise unreadable(drift, schema, "JSON in UTF-8", error.found) from None
    drift.drifts.extend(contract.validate_json(schema, parsed))
    try:
        found = convert(parsed, kind)
    except msgspec.ValidationError:
        raise ReplyUnreadable(f"the core's answer is no {schema}") from None
    if hollow(found):
        raise ReplyUnreadable(f"the core's {schema} lacks its content")
    return found


def results(
    kind: ApplicationKind, asked: Sequence[str], reply: replies.ApplicationsReply,
    contract: Contract, drift: DriftNotes,
) -> tuple[ApplicationResult, ...]:  # fmt: skip
    """Exactly one result for every application, in the order asked."""
    rows = () if reply.SQ is UNSET else reply.SQ
    found = {row.SQBH: row for row in rows}
    if len(found) != len(rows) or found.keys() != set(asked):
        missing, strange = len(set(asked) - found.keys()), len(found.keys() - set(asked))
        raise unreadable(
            drift, "applications.reply/SQ", f"one result for each of {len(asked)} applications",
            f"{len(rows)} results: {missing} missing, {strange} not asked for,"
            f" {len(rows) - len(found)} repeated",
        )  # fmt: skip
    return tuple(_result(kind, found[number], contract, drift) for number in asked)


def _result(
    kind: ApplicationKind, row: replies.ApplicationRow, contract: Contract, drift: DriftNotes
) -> ApplicationResult:  # fmt: skip
    code = contract.code("application", row.FHM)
    state, reason = _state(row, contract, drift), UNSETTLED
    if not code.known:
        drift.note("applications.reply/SQ/FHM", "a code of the table", shape(row.FHM))
    elif code.status is CodeStatus.REFUSED and code.final:
        reason = code.reason
    elif code.reason == HOLD:
        reason = HOLD
    elif code.status is CodeStatus.DONE and state is not None:
        reason = ""
    if reason == "" and state is ApplicationState.DONE and kind is ApplicationKind.WITHDRAWAL:
        reason = _sums_told(row, drift)
    if reason in (UNSETTLED, HOLD) or state is None:
        state = ApplicationState.ABSENT  # nothing may be concluded from it
    return ApplicationResult(
        number=row.SQBH, state=state, code=row.FHM, reason=reason, text=row.FHXX, unit=row.DWZH,
        principal=None if row.BJFEN is None else Fen(row.BJFEN),
        interest=None if row.LXFEN is None else Fen(row.LXFEN),
        ended_on=_day(row.BJRQ, drift), held=row.ZTDC == _HELD,
        conflicts=tuple(FieldChange(one.ZDM, one.JZ, one.XZ) for one in row.CY), was=row.YZT,
    )  # fmt: skip


def _state(
    row: replies.ApplicationRow, contract: Contract, drift: DriftNotes
) -> ApplicationState | None:
    if contract.code("application_state", row.SQZT).known:
        return ApplicationState(row.SQZT)
    drift.note("applications.reply/SQ/SQZT", "a state of the table", shape(row.SQZT))
    return None


def _sums_told(row: replies.ApplicationRow, drift: DriftNotes) -> str:
    """A withdrawal that is done must say what was paid: without it nothing is settled."""
    if row.BJFEN is not None and row.LXFEN is not None and min(row.BJFEN, row.LXFEN) >= 0:
        return ""
    drift.note("applications.reply/SQ/BJFEN+LXFEN", "principal and interest in fen", "none")
    return UNSETTLED


def persons(
    asked: Sequence[tuple[str, str]], reply: replies.PersonsReply, drift: DriftNotes
) -> PersonsAnswer:
    """Accounts of the people asked for; anybody else's is no answer to what was asked."""
    rows = () if reply.ZH is UNSET else reply.ZH
    if any(not _among(row, asked) for row in rows) or len({r.GRZH for r in rows}) != len(rows):
        raise unreadable(drift, "persons.reply/ZH", "accounts of those asked for", "others")
    return PersonsAnswer(
        tuple(
            PersonAccount(
                row.GRZH, row.DWZH, row.XingMing, row.ZJLX, row.ZJHM, row.GRZHZT,
                Fen(row.GRZHYEFEN), Fen(row.DJJEFEN), Fen(row.ZYJEFEN),
            )
            for row in rows
        ),
        moment(reply.HXSJ, drift, "persons.reply/HXSJ"),
    )  # fmt: skip


def _among(row: replies.PersonRow, asked: Sequence[tuple[str, str]]) -> bool:
    paper = comparable_id(row.ZJHM, row.ZJLX)
    return any(kind == row.ZJLX and paper == comparable_id(number, kind) for kind, number in asked)


def _day(text: str, drift: DriftNotes) -> date | None:
    if not text:
        return None
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        place = "applications.reply/SQ/BJRQ"
        raise unreadable(drift, place, "a day YYYYMMDD", shape(text)) from None
