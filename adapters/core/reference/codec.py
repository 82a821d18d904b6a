"""The core's replies to the port's plain values; what differs from the contract is noted."""

from collections.abc import Sequence
from datetime import date

import msgspec
from msgspec import UNSET

from adapters.core.reference import replies
from adapters.core.reference.replies import NotAsAgreed, strictly
from adapters.kit.core_calls import R, hollow, moment, unreadable
from hub.contracts import BadDocument, CodeStatus, Contract, shape
from hub.kernel.money import Fen
from hub.kernel.typed import read_json
from hub.ports.core import (
    UNSETTLED,
    AccountsAnswer,
    CommandKind,
    CommandResult,
    CoreAccount,
    HoldPage,
    LiveHold,
    Payer,
    Posting,
    PostingPage,
)
from hub.ports.line import DriftNotes, ReplyUnreadable

REVERSAL = "02"
"""CZBZ 冲账."""

_REACHED = {
    CommandKind.HOLD: {"01", "02"},
    CommandKind.POST: {"02", "04"},
    CommandKind.RELEASE: {"03", "05", "06"},
    CommandKind.REVERSE: {"04"},
}
"""MXZT that fit a done command: the state it asks for, or one beyond it."""

_TOO_LATE = {"03": "released_before", "04": "reversed_before"}
"""A late hold is answered with its old success; what counts is that nothing is held any more."""


def read(kind: type[R], schema: str, body: bytes, contract: Contract, drift: DriftNotes) -> R:
    """A reply of one kind; drift is noted, and ReplyUnreadable raised when nothing is left."""
    try:
        found: object = strictly(kind, body)
    except NotAsAgreed:
        _note(schema, body, contract, drift)
        try:
            found = read_json(body, kind)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise ReplyUnreadable(f"the core's answer is no {schema}") from None
        if hollow(found):
            raise ReplyUnreadable(f"the core's {schema} lacks its content") from None
    if not isinstance(found, kind):
        raise TypeError(schema)
    return found


def _note(schema: str, body: bytes, contract: Contract, drift: DriftNotes) -> None:
    try:
        parsed = contract.read_json(body)
    except BadDocument as error:
        drift.note(schema, "JSON in UTF-8", error.found)
        return
    drift.drifts.extend(contract.validate_json(schema, parsed))


def command_results(
    kind: CommandKind,
    asked: Sequence[str],
    reply: replies.CommandReply,
    contract: Contract,
    drift: DriftNotes,
) -> tuple[CommandResult, ...]:
    """Exactly one result for every item, in the order asked."""
    rows = () if reply.MX is UNSET else reply.MX
    found = {row.MXBH: row for row in rows}
    if len(found) != len(rows) or found.keys() != set(asked):
        missing, strange = len(set(asked) - found.keys()), len(found.keys() - set(asked))
        raise unreadable(
            drift,
            "command.reply/MX",
            f"one result for each of {len(asked)} items",
            f"{len(rows)} results: {missing} missing, {strange} not asked for,"
            f" {len(rows) - len(found)} repeated",
        )
    return tuple(_result(kind, found[number], contract, drift) for number in asked)


def _result(
    kind: CommandKind, row: replies.ItemRow, contract: Contract, drift: DriftNotes
) -> CommandResult:
    code = contract.code("item", row.FHM)
    done, reason = False, UNSETTLED
    if not code.known:
        drift.note("command.reply/MX/FHM", "a code of the table", shape(row.FHM))
    elif code.status is CodeStatus.REFUSED and code.final:
        reason = code.reason
    elif code.status is CodeStatus.DONE:
        if row.MXZT in _REACHED[kind]:
            done, reason = True, ""
        elif kind is CommandKind.HOLD and row.MXZT in _TOO_LATE:
            reason = _TOO_LATE[row.MXZT]
        else:
            drift.note("command.reply/MX/MXZT", f"a state after {kind}", shape(row.MXZT))
    return CommandResult(row.MXBH, done=done, code=row.FHM, reason=reason, text=row.FHXX)


def accounts(
    asked: Sequence[str], reply: replies.AccountsReply, drift: DriftNotes
) -> AccountsAnswer:
    """Every number asked for stands either among the accounts or among the unknown ones."""
    known = () if reply.ZH is UNSET else reply.ZH
    unknown = () if reply.WZH is UNSET else reply.WZH
    named = [row.GRZH for row in known] + list(unknown)
    if len(set(named)) != len(named) or set(named) != set(asked):
        raise unreadable(
            drift,
            "accounts.reply/ZH+WZH",
            f"each of {len(asked)} accounts once",
            f"{len(known)} accounts and {len(unknown)} unknown",
        )
    return AccountsAnswer(
        tuple(_account(row) for row in known), moment(reply.HXSJ, drift, "accounts.reply/HXSJ")
    )


def _account(row: replies.AccountRow) -> CoreAccount:
    return CoreAccount(
        number=row.GRZH,
        name=row.XingMing,
        id_type=row.ZJLX,
        id_number=row.ZJHM,
        phone=row.SJHM,
        state=row.GRZHZT,
        balance=Fen(row.GRZHYEFEN),
        frozen=Fen(row.DJJEFEN),
        held=Fen(row.ZYJEFEN),
    )


def postings(
    period: str, bank: str, reply: replies.PostingsReply, drift: DriftNotes
) -> PostingPage:
    """One page; what belongs to another period or bank is no answer to what was asked."""
    _same(period, bank, reply.QCNY, reply.YHJC, drift, "postings.reply")
    rows = () if reply.LS is UNSET else reply.LS
    return PostingPage(
        tuple(
            Posting(
                serial=row.YWLSH,
                number=row.MXBH,
                account=row.GRZH,
                amount=Fen(row.FSEFEN),
                reversal=row.CZBZ == REVERSAL,
                booked_on=_day(row.JZRQ, drift),
            )
            for row in rows
        ),
        None if reply.XYY is UNSET else reply.XYY,
    )


def holds(period: str, bank: str, reply: replies.HoldsReply, drift: DriftNotes) -> HoldPage:
    """One page of live holds."""
    _same(period, bank, reply.QCNY, reply.YHJC, drift, "holds.reply")
    rows = () if reply.ZY is UNSET else reply.ZY
    return HoldPage(
        tuple(LiveHold(row.MXBH, Fen(row.FSEFEN), _payers(row)) for row in rows),
        None if reply.XYY is UNSET else reply.XYY,
    )


def _payers(row: replies.HoldRow) -> tuple[Payer, ...]:
    found = () if row.FKR is UNSET else row.FKR
    return tuple(Payer(payer.GRZH, Fen(payer.FSEFEN)) for payer in found)


def _day(text: str, drift: DriftNotes) -> date:
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        raise unreadable(drift, "postings.reply/LS/JZRQ", "a day YYYYMMDD", shape(text)) from None


def _same(
    period: str, bank: str, said_period: object, said_bank: object, drift: DriftNotes, place: str
) -> None:
    if (said_period, said_bank) != (period, bank):
        raise unreadable(drift, f"{place}/QCNY+YHJC", "those asked for", "others")
