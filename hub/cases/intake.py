"""What platforms file, filed again, or withdraw, taken into the books.

The sender's number and version decide: a lower version than the case's, or one after its end, is
kept and changes nothing; a withdrawal that comes before what it withdraws leaves a mark that the
late filing meets.
"""

from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub import audit
from hub.bus import Taken
from hub.bus.intake import VAULT_KIND as MESSAGE
from hub.cases import attachments, feeding, machine
from hub.cases.office import CaseOffice, day_number
from hub.cases.tables import VAULT_KIND, case, case_version
from hub.cases.words import CaseState, Waiting
from hub.kernel.identity import comparable_id, normal_name
from hub.kernel.secret import mask_id, mask_name
from hub.kernel.typed import read_msgpack
from hub.ports.case import Filing, Step, TakenBack

_TOO_LATE = {
    CaseState.DONE: "已办结，不再变更",
    CaseState.FAILED: "已不予办理",
    CaseState.WITHDRAWN: "已撤回",
}


class FilingUser:
    """Takes filings in (see hub.bus.NoticeUser)."""

    def __init__(self, office: CaseOffice) -> None:
        self._office = office

    def pack(self, value: Filing) -> bytes:
        return msgspec.msgpack.encode(value)

    def take(self, tx: Connection, taken: Taken) -> None:
        filing = read_msgpack(taken.content, Filing)
        office = self._office
        office.seat(taken.interface)
        office.vault.prepare(tx, (VAULT_KIND, MESSAGE), office.month)
        row = _find(tx, taken.interface, filing.door, filing.number)
        if row is None:
            row = _insert(tx, office, taken.interface, filing)
        elif filing.version <= row.version or row.state == CaseState.DONE.value:
            _note(tx, office, row.id, filing.version, taken.id, "late")
            if row.state == CaseState.DONE.value and filing.version > row.version:
                row = machine.move(tx, office, row, version=filing.version)
                feeding.tell(tx, office, row, Step.DONE, _TOO_LATE[CaseState.DONE])
            return
        else:
            row = _again(tx, office, row, filing)
        _note(tx, office, row.id, filing.version, taken.id, "taken")
        feeding.tell(tx, office, row, Step.RECEIVED)
        attachments.store(tx, office, row, filing.files)
        row = machine.move(tx, office, row, state=CaseState.PARSED)
        feeding.tell(tx, office, row, Step.PARSED)
        machine.check(tx, office, row)


class TakenBackUser:
    """Takes withdrawals in."""

    def __init__(self, office: CaseOffice) -> None:
        self._office = office

    def pack(self, value: TakenBack) -> bytes:
        return msgspec.msgpack.encode(value)

    def take(self, tx: Connection, taken: Taken) -> None:
        back = read_msgpack(taken.content, TakenBack)
        office = self._office
        office.seat(taken.interface)
        office.vault.prepare(tx, (VAULT_KIND, MESSAGE), office.month)
        row = _find(tx, taken.interface, back.door, back.number)
        if row is None:
            row = _insert(tx, office, taken.interface, _nothing(back))
            _note(tx, office, row.id, back.version, taken.id, "back")
            machine.end(tx, office, row, CaseState.WITHDRAWN, text="申请人撤回")
            return
        late = back.version < row.version
        _note(tx, office, row.id, back.version, taken.id, "late" if late else "back")
        if late:
            return
        row = machine.move(tx, office, row, version=back.version)
        state = CaseState(row.state)
        if state.ended:
            end = {CaseState.DONE: Step.DONE, CaseState.FAILED: Step.FAILED}
            feeding.tell(tx, office, row, end.get(state, Step.WITHDRAWN), _TOO_LATE[state])
            return
        machine.withdraw(tx, office, row, "申请人撤回")


def _find(tx: Connection, interface: str, door: str, number: str) -> sa.Row[Any] | None:
    query = sa.select(case).where(
        case.c.interface == interface, case.c.door == door, case.c.number == number
    )
    return tx.execute(query.with_for_update()).one_or_none()


def _insert(tx: Connection, office: CaseOffice, interface: str, filing: Filing) -> sa.Row[Any]:
    """Two notices of a case at once: the second meets the unique key, nothing of it stays, and it
    is carried out again after the first."""
    now, month = office.now_us(tx), office.month
    done = tx.execute(
        sa.insert(case)
        .values(
            interface=interface, kind=filing.kind, door=filing.door, number=filing.number,
            state=CaseState.RECEIVED.value, waiting=Waiting.NOTHING.value, reason="",
            back_asked=0, asks=0, received_us=now, received_on=day_number(office.today),
            moved_us=now, month=month, **_said(tx, office, filing, month),
        )
        .returning(case.c.id)
    )  # fmt: skip
    return tx.execute(sa.select(case).where(case.c.id == done.scalar_one())).one()


def _again(tx: Connection, office: CaseOffice, row: sa.Row[Any], filing: Filing) -> sa.Row[Any]:
    """A higher version stands in the older one's place."""
    return machine.move(
        tx, office, row, state=CaseState.RECEIVED, waiting=Waiting.NOTHING, reason="",
        back_asked=0, ended_us=None, accepted_on=None, promise_on=None, principal=None,
        interest=None, **_said(tx, office, filing, row.month),
    )  # fmt: skip


def _said(tx: Connection, office: CaseOffice, filing: Filing, month: str) -> dict[str, Any]:
    tokens = office.vault.tokens
    number, name = comparable_id(filing.id_number, filing.id_type), normal_name(filing.name)
    return {
        "version": filing.version, "form_version": filing.form_version[:8],
        "subject_token": tokens.whole("id", number), "subject_tail": tokens.tail("id", number),
        "name_token": tokens.whole("name", name),
        "subject_mask": f"{mask_name(name)[:60]} {mask_id(number)[:50]}".strip(),
        **machine.keep_form(tx, office, filing, month),
    }  # fmt: skip


def _nothing(back: TakenBack) -> Filing:
    """A case of which only the withdrawal came."""
    return Filing(back.kind, back.door, back.number, back.version, "", "", "", "", {})


def _note(
    tx: Connection, office: CaseOffice, case_id: int, version: int, inbound_id: int, word: str
) -> None:
    tx.execute(
        sa.insert(case_version).values(
            case_id=case_id, version=version, inbound_id=inbound_id, taken_us=office.now_us(tx),
            word=word,
        )
    )  # fmt: skip
    audit.record(
        tx, act=f"case.version_{word}", actor="hub", subject=f"case:{case_id}",
        detail={"version": version, "inbound": inbound_id}, count=1,
    )  # fmt: skip
