"""单位信息变更: each field compared with the core's, then one application for each unit.

A message of the bus (``case.unit``) asks whether our copy of the core's registry is whole since
the case came; only then is the unit looked for in it.  Nothing goes to the core before every field
is decided.  The application names the value the core holds: where that has changed, the core
changes nothing and says what it has, and the fields are compared anew.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub import audit
from hub.bus import Effect, Message, NewMessage
from hub.cases import applications, machine
from hub.cases.attachments import problem
from hub.cases.field_tables import case_field
from hub.cases.office import CaseOffice
from hub.cases.tables import VAULT_KIND
from hub.cases.tables import problem as problem_table
from hub.cases.unit_fields import FIELDS, OPEN, VERDICT_ZH, Verdict, compare, masked
from hub.cases.whole_copy import AGAIN_S, CopyHandler
from hub.cases.words import CaseState, Waiting
from hub.core.copy_tables import registry_unit
from hub.core.copying import read_feed
from hub.kernel.clocks import to_us
from hub.kernel.identity import normal_uscc
from hub.kernel.secret import mask_account
from hub.kernel.typed import read_json
from hub.ports.case import Filing
from hub.ports.registry import (
    ApplicationKind,
    ApplicationResult,
    ApplicationState,
    FieldChange,
    UnitChange,
)

UNIT = "case.unit"
_CLOSED_UNIT = "04"
_OLD_VALUE = "old_value"
_WAITS = "field_conflict"
_NOT_OPENED = "本中心没有以该统一社会信用代码开户的单位，无须变更"


class UnitLetter(msgspec.Struct, frozen=True):
    """``ask`` counts the case's questions; ``sequence`` is where the copy stood at ``since_us``,
    business time."""

    case_id: int
    ask: int
    sequence: int
    since_us: int


class Held(msgspec.Struct, frozen=True):
    """What is sealed of a field: the unit's account and the three values."""

    unit: str
    before: str
    core: str
    new: str
    id_type: str


def begin(tx: Connection, office: CaseOffice, row: sa.Row[Any]) -> None:
    """The case is accepted: is the copy whole?"""
    row = machine.move(
        tx, office, row, state=CaseState.CHECKED, waiting=Waiting.ACCOUNT, asks=row.asks + 1
    )
    _ask(tx, office, row, to_us(office.clock.now()))


def _ask(
    tx: Connection, office: CaseOffice, row: sa.Row[Any], since_us: int, delay_s: float = 0
) -> None:
    stands = read_feed(tx, office.registry)
    made = NewMessage(
        interface=office.registry, kind=UNIT, key=f"{row.id}:{row.asks}",
        payload=msgspec.json.encode(UnitLetter(row.id, row.asks, stands.seq, since_us)),
        effect=Effect.READ, group=f"case:{row.id}", subject=f"办件 {row.number} 单位登记",
        month=office.month, contract_version=office.registry_version, items=1, delay_s=delay_s,
        endless=True,
    )  # fmt: skip
    office.bus.put(tx, [made])


class UnitHandler(CopyHandler[UnitLetter]):
    """Is the copy whole, then the comparison."""

    letter = UnitLetter

    def apply(self, tx: Connection, message: Message, result: tuple[UnitLetter, bool]) -> None:
        letter, nothing_new = result
        office = self._office
        row = machine.lock(tx, letter.case_id)
        if row is None or row.asks != letter.ask or row.waiting != Waiting.ACCOUNT.value:
            return
        if row.state != CaseState.CHECKED.value:
            return
        if self.is_whole(tx, letter, letter.since_us, nothing_new=nothing_new):
            _judge(tx, office, row, machine.form(tx, office, row))
            return
        row = machine.move(tx, office, row, asks=row.asks + 1)
        _ask(tx, office, row, letter.since_us, AGAIN_S)


def _judge(tx: Connection, office: CaseOffice, row: sa.Row[Any], filing: Filing) -> None:
    firm = office.vault.tokens.whole("uscc", normal_uscc(filing.id_number))
    u = registry_unit.c
    query = sa.select(registry_unit).where(u.uscc_token == firm, u.state != _CLOSED_UNIT)
    units = tx.execute(query.order_by(u.unit_token)).all()
    if not units:
        machine.end(tx, office, row, CaseState.DONE, text=_NOT_OPENED)
        return
    earlier = list(tx.execute(_of(row.id)))
    done = (Verdict.CHANGED.value, Verdict.KEPT.value)
    f = case_field.c
    tx.execute(
        sa.delete(case_field).where(
            f.case_id == row.id, f.version == row.version, f.verdict.not_in(done)
        )
    )
    place = max((one.place for one in earlier), default=0)
    for unit in units:
        place = _compare_unit(tx, office, row, filing, unit, earlier, place)
    go_on(tx, office, row)


def _compare_unit(
    tx: Connection, office: CaseOffice, row: sa.Row[Any], filing: Filing, unit: sa.Row[Any],
    earlier: Sequence[sa.Row[Any]], place: int,
) -> int:  # fmt: skip
    said = read_json(office.vault.open(tx, unit.key_id, unit.sealed), dict[str, str])
    mine = [one for one in earlier if one.unit_token == unit.unit_token]
    settled = {
        one.field for one in mine
        if one.version == row.version and one.verdict in (Verdict.CHANGED, Verdict.KEPT)
    }  # fmt: skip
    for name, field in FIELDS.items():
        if f"after.{name}" not in filing.fields or name in settled:
            continue
        ours = [
            _held(tx, office, one).new for one in mine
            if one.field == name and one.verdict == Verdict.CHANGED.value
        ]  # fmt: skip
        core = said.get("ZZJGDM" if name == "uscc" else field.core, "")
        held = Held(
            said["DWZH"].strip(), filing.fields[f"before.{name}"], core,
            filing.fields[f"after.{name}"], said.get("DWFRDBZJLX", "").strip(),
        )  # fmt: skip
        verdict = compare(name, held.before, held.core, held.new, ours, held.id_type)
        place += 1
        tx.execute(
            sa.insert(case_field).values(
                case_id=row.id, place=place, version=row.version, unit_token=unit.unit_token,
                unit_mask=mask_account(held.unit)[:40], field=name, verdict=verdict.value,
                number="", decided_by="", decided_why="", **_keep(tx, office, name, held),
            )
        )  # fmt: skip
    return place


def go_on(tx: Connection, office: CaseOffice, row: sa.Row[Any]) -> None:
    """To staff, to the core, or to the end: as far as the fields are decided."""
    rows = [one for one in tx.execute(_of(row.id)) if one.version == row.version]
    if any(one.verdict in OPEN for one in rows):
        fresh = row.waiting != Waiting.STAFF.value
        staffed = machine.move(tx, office, row, state=CaseState.CHECKED, waiting=Waiting.STAFF)
        if fresh:
            machine.note(tx, staffed, problem(_WAITS))
        return
    p = problem_table.c
    tx.execute(sa.delete(problem_table).where(p.case_id == row.id, p.code == _WAITS))
    wanted = [one for one in rows if one.verdict == Verdict.CHANGE.value]
    if not wanted:
        _finish(tx, office, row, rows)
        return
    for unit in dict.fromkeys(one.unit_token for one in wanted if not one.number):
        _apply(tx, office, row, [one for one in wanted if one.unit_token == unit])
    for live in applications.live_of(tx, row.id):
        machine.follow(tx, office, row, live)


def _apply(
    tx: Connection, office: CaseOffice, row: sa.Row[Any], fields: Sequence[sa.Row[Any]]
) -> None:
    """One unit's fields, all or none.  The number is this case's own, so that two cases about one
    unit meet at the core, in its order."""
    held = {one.field: _held(tx, office, one) for one in fields}
    unit = next(iter(held.values())).unit
    changes = tuple(FieldChange(FIELDS[name].core, one.core, one.new) for name, one in held.items())
    live, _ = applications.apply(
        tx, office, row.id, ApplicationKind.UNIT_CHANGE,
        token=office.vault.tokens.whole("change", f"{row.id}:{unit}"),
        mask=mask_account(unit), make=lambda number: UnitChange(number, unit, changes),
    )  # fmt: skip
    for one in fields:
        _set(tx, one, number=live.number)


def _finish(
    tx: Connection, office: CaseOffice, row: sa.Row[Any], rows: Sequence[sa.Row[Any]]
) -> None:
    count = Counter(Verdict(one.verdict) for one in rows)
    changed, refused = count[Verdict.CHANGED], count[Verdict.REFUSED]
    words = f"已变更 {changed} 项，不须变更 {count[Verdict.SAME] + count[Verdict.FOREIGN]} 项"
    if count[Verdict.KEPT]:
        words += f"，经人工核定保留 {count[Verdict.KEPT]} 项"
    if refused:
        words += f"，核心不予变更 {refused} 项"
    state = CaseState.FAILED if refused and not changed else CaseState.DONE
    machine.end(tx, office, row, state, reason="refused" if state is CaseState.FAILED else "",
                text=words, lines=_lines(rows))  # fmt: skip


def _lines(rows: Sequence[sa.Row[Any]]) -> list[str]:
    several = len({one.unit_token for one in rows}) > 1
    return [
        (f"单位 {one.unit_mask} " if several else "")
        + f"{FIELDS[one.field].title}：{VERDICT_ZH[Verdict(one.verdict)]}"
        for one in rows
    ]


def settled(
    tx: Connection, office: CaseOffice, head: sa.Row[Any], row: sa.Row[Any],
    said: ApplicationResult,
) -> None:  # fmt: skip
    """One unit's application has ended; ``head`` is locked."""
    mine = list(tx.execute(sa.select(case_field).where(case_field.c.number == row.number)))
    _take(tx, office, head, mine, said, dropped=bool(row.cancelling))
    applications.unlink(tx, head.id, row.id)
    if head.state == CaseState.PARSED.value:
        return  # a newer version is being corrected
    if head.back_asked:
        end_back(tx, office, head)
    elif head.waiting == Waiting.CANCEL.value:
        anew = machine.move(tx, office, head, waiting=Waiting.NOTHING)
        machine.begin(tx, office, anew, machine.form(tx, office, anew))
    elif not applications.live_of(tx, head.id):
        go_on(tx, office, head)


def _take(
    tx: Connection, office: CaseOffice, head: sa.Row[Any], mine: Sequence[sa.Row[Any]],
    said: ApplicationResult, *, dropped: bool,
) -> None:  # fmt: skip
    if said.state is ApplicationState.DONE:
        for one in mine:
            _set(tx, one, verdict=Verdict.CHANGED.value)
        audit.record(
            tx, act="case.unit_changed", actor="hub", subject=f"case:{head.id}",
            detail={"application": said.number}, count=len(mine),
            root=audit.merkle_root(audit.digest(one.sealed) for one in mine),
        )  # fmt: skip
        return
    told = {one.name: one.old for one in said.conflicts}
    known = [one for one in mine if FIELDS[one.field].core in told]
    moved = [one for one in known if _held(tx, office, one).core != told[FIELDS[one.field].core]]
    if dropped or not (said.reason == _OLD_VALUE and moved):
        word = Verdict.DROPPED if dropped else Verdict.REFUSED
        for one in mine:
            _set(tx, one, verdict=word.value)
        return
    for one in mine:  # none was changed: compare with what the core has now
        core = told.get(FIELDS[one.field].core)
        _again(tx, office, head, one, core)


def _again(
    tx: Connection, office: CaseOffice, head: sa.Row[Any], one: sa.Row[Any], core: str | None
) -> None:
    held = _held(tx, office, one)
    if core is None or core == held.core:
        _set(tx, one, number="")
        return
    held = msgspec.structs.replace(held, core=core)
    ours = [
        _held(tx, office, old).new for old in tx.execute(_of(head.id))
        if old.unit_token == one.unit_token and old.field == one.field
        and old.verdict == Verdict.CHANGED.value
    ]  # fmt: skip
    verdict = compare(one.field, held.before, core, held.new, ours, held.id_type)
    _set(tx, one, number="", verdict=verdict.value, decided_by="", decided_why="",
         **_keep(tx, office, one.field, held))  # fmt: skip


def end_back(tx: Connection, office: CaseOffice, head: sa.Row[Any]) -> None:
    """Taken back: the case ends with the last application; what was changed stays so."""
    if applications.live_of(tx, head.id):
        return
    rows = list(tx.execute(_of(head.id)))
    changed = sum(one.verdict == Verdict.CHANGED.value for one in rows)
    for one in rows:
        if one.verdict in (*OPEN, Verdict.CHANGE.value):
            _set(tx, one, verdict=Verdict.DROPPED.value)
    rows = [one for one in tx.execute(_of(head.id)) if one.version == head.version or
            one.verdict == Verdict.CHANGED.value]  # fmt: skip
    text = f"已撤回；已变更的 {changed} 项不自动改回" if changed else "申请人撤回"
    machine.end(tx, office, head, CaseState.WITHDRAWN, text=text, lines=_lines(rows))


def take_back(tx: Connection, office: CaseOffice, head: sa.Row[Any]) -> None:
    """What is at the core and not done is cancelled there; the case ends when it has said so."""
    for live in applications.live_of(tx, head.id):
        applications.cancel(tx, office, live)
    head = machine.move(tx, office, head, waiting=Waiting.CANCEL, back_asked=1)
    end_back(tx, office, head)


def decide(
    tx: Connection, office: CaseOffice, head: sa.Row[Any], place: int, *, take: bool, by: str,
    why: str,
) -> bool:  # fmt: skip
    """A person has decided one field: the pushed value, or the core's.  False: nothing waits."""
    one = field_of(tx, head.id, place)
    if one is None or not may_decide(head, one, take=take):
        return False
    verdict = Verdict.CHANGE if take else Verdict.KEPT
    _set(tx, one, verdict=verdict.value, decided_by=by[:64], decided_why=why[:200])
    go_on(tx, office, head)
    return True


def may_decide(head: sa.Row[Any], one: sa.Row[Any], *, take: bool) -> bool:
    """Whether this field waits for this decision."""
    staffed = head.waiting == Waiting.STAFF.value and head.state == CaseState.CHECKED.value
    words = (Verdict.CONFLICT.value,) if take else OPEN
    return staffed and one.version == head.version and one.verdict in words


def field_of(tx: Connection, case_id: int, place: int) -> sa.Row[Any] | None:
    """One field's row."""
    return tx.execute(_of(case_id).where(case_field.c.place == place)).one_or_none()


def _of(case_id: int) -> sa.Select[Any]:
    return sa.select(case_field).where(case_field.c.case_id == case_id).order_by(case_field.c.place)


def _held(tx: Connection, office: CaseOffice, one: sa.Row[Any]) -> Held:
    return read_json(office.vault.open(tx, one.key_id, one.sealed), Held)


def _keep(tx: Connection, office: CaseOffice, name: str, held: Held) -> dict[str, Any]:
    sealed = office.vault.seal(tx, VAULT_KIND, office.month, msgspec.json.encode(held))
    return {
        "key_id": sealed.key_id, "sealed": sealed.blob, "before_mask": masked(name, held.before),
        "core_mask": masked(name, held.core), "new_mask": masked(name, held.new),
    }  # fmt: skip


def _set(tx: Connection, one: sa.Row[Any], **values: Any) -> None:
    here = sa.and_(case_field.c.case_id == one.case_id, case_field.c.place == one.place)
    tx.execute(sa.update(case_field).where(here).values(**values))
