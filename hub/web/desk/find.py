"""The desk of the search: over the offset's books and the bus, every search in the audit."""

import json
import re
from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub import audit
from hub.app.hub import Hub
from hub.audit.tables import audit_entry
from hub.bus.looking import MessageFilter, list_messages, see_message
from hub.bus.values import Message
from hub.cases.finding import find_cases
from hub.cases.office import day_number
from hub.kernel.logs import mask_text
from hub.kernel.secret import mask_account, mask_name
from hub.offset.finding import find
from hub.offset.story import Stage
from hub.offset.telling import tell
from hub.store import among
from hub.web.desk.shift import Shift
from hub.web.find import FoundAll, StoryView
from hub.web.model.items import AuditLine

_MESSAGES = 10
_SHORTEST_KEY = 6
_AUDIT_MOST = 200
_OUR_NUMBERS = {
    "instruction", "batch", "agreement", "loan", "bank_serial", "core_serial", "case_number",
    "case_receipt", "case_application",
}  # fmt: skip
_HAN = re.compile("[\u3400-\u9fff]")


class StoreFind:
    """:class:`hub.web.find.FindDesk` over one hub.  Safe across threads."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def now_us(self) -> int:
        return self._hub.office.now_us()

    def banks(self) -> dict[str, str]:
        return {code: seat.name for code, seat in sorted(self._hub.office.banks.items())}

    def find(self, text: str, by: str) -> FoundAll:
        hub = self._hub
        with hub.store.read() as view:
            shift = Shift.now(hub, view)
            found = find(view, hub.vault.tokens, text, hub.office.banks)
            messages = shift.all(_messages(view, found.text))
            today = day_number(hub.clock.today())
            filed = find_cases(view, hub.vault.tokens, found.text, today=today)
        whole = FoundAll(found, messages, filed)
        with hub.store.write() as tx:
            audit.record(
                tx, act="find.search", actor=by, subject="find",
                detail={"query": _masked(whole), "ways": ",".join(whole.ways)},
                count=len(found.items) + len(filed.lines),
            )  # fmt: skip
        return whole

    def story(self, key: str) -> StoryView:
        hub = self._hub
        with hub.store.read() as view:
            shift = Shift.now(hub, view)
            told = tell(view, hub.office, key, shift.by_us)
            numbers = {number for stage in told.stages for number in stage.messages}
            messages = {number: shift.all(see_message(view, number)) for number in numbers}
            lines = _audit(view, told.stages, shift)
        return StoryView(told, messages, lines)

    def printed(self, key: str, by: str) -> StoryView:
        view = self.story(key)
        with self._hub.store.write() as tx:
            audit.record(tx, act="find.printed", actor=by, subject=view.story.key, count=1)
        return view


def _messages(view: Connection, text: str) -> tuple[Message, ...]:
    """By number; by the beginning of a key where it is long enough to mean one."""
    number = text.isdigit() and not text.startswith("0")
    if not (number or len(text) >= _SHORTEST_KEY):
        return ()
    return list_messages(view, MessageFilter(text=text), size=_MESSAGES).rows


def _masked(found: FoundAll) -> str:
    """What was looked for, as the audit may hold it: our own numbers whole; of what may be an
    account or a document its end; of what may be a name its first character."""
    text = found.offset.text
    if _HAN.search(text):
        return mask_name(text)
    whole = found.ways and set(found.ways) <= _OUR_NUMBERS
    return mask_text(text) if whole else mask_account(text)


def _audit(
    view: Connection, stages: tuple[Stage, ...], shift: Shift
) -> tuple[tuple[AuditLine, ...], ...]:
    """What the audit tells under each stage's subjects, and of the attempts of its messages."""
    about = [_subjects(stage) for stage in stages]
    wanted = sorted({subject for each in about for subject in each})
    query = (
        sa.select(audit_entry)
        .where(among(view, audit_entry.c.subject, wanted))
        .order_by(audit_entry.c.id)
        .limit(_AUDIT_MOST)
    )
    by_subject: dict[str, list[AuditLine]] = {}
    for row in view.execute(query) if wanted else ():
        by_subject.setdefault(row.subject, []).append(_line(row, shift))
    return tuple(tuple(_of(by_subject, each)) for each in about)


def newest_sealed(view: Connection, subject: str, shift: Shift) -> AuditLine | None:
    """The last entry about a subject that stands in the chain."""
    query = (
        sa.select(audit_entry)
        .where(audit_entry.c.subject == subject, audit_entry.c.seq.is_not(None))
        .order_by(audit_entry.c.id.desc())
        .limit(1)
    )
    row = view.execute(query).one_or_none()
    return None if row is None else _line(row, shift)


def lines_about(view: Connection, subject: str, shift: Shift) -> tuple[AuditLine, ...]:
    """What the audit tells of one subject, oldest first."""
    query = sa.select(audit_entry).where(audit_entry.c.subject == subject)
    rows = view.execute(query.order_by(audit_entry.c.id).limit(_AUDIT_MOST))
    return tuple(_line(row, shift) for row in rows)


def _subjects(stage: Stage) -> tuple[str, ...]:
    return (*stage.subjects, *(f"message:{number}" for number in stage.messages))


def _of(known: dict[str, list[AuditLine]], subjects: Iterable[str]) -> list[AuditLine]:
    found = [line for subject in dict.fromkeys(subjects) for line in known.get(subject, [])]
    return sorted(found, key=lambda line: line.at_us)


def _line(row: "sa.Row[tuple[object, ...]]", shift: Shift) -> AuditLine:
    detail = json.loads(row.detail or "{}")
    said = " · ".join(str(v) if k == "text" else f"{k} {v}" for k, v in detail.items())
    return AuditLine(
        number=row.seq or row.id, at_us=shift(row.instant_us), actor=row.actor, act=row.act,
        text=said, digest=row.chain or "", sealed=row.seq is not None,
    )  # fmt: skip
