"""What was told, to look at: counts, rows, one text, and what a plan would tell."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.kernel.errors import NotFound
from hub.kernel.secret import PhoneNumber
from hub.kernel.typed import read_json
from hub.offset.notify import choosing
from hub.offset.notify.letters import TextsLetter
from hub.offset.notify.passes import CHUNK, lines_of
from hub.offset.notify.seat import NotifySeat
from hub.offset.notify.tables import told
from hub.offset.notify.words import ToldState
from hub.offset.office import Office
from hub.offset.tables import agreement, run, wave
from hub.offset.words import WaveState

NEEDS_PEOPLE = (ToldState.NO_ADDRESS, ToldState.REFUSED, ToldState.DEAD)
"""Nobody will be told these by the machine."""


class NoSuchText(NotFound):
    """There is no such text."""

    code = "notify.no_such_text"
    hint = "`hub notify list` shows the numbers."


@dataclass(frozen=True, slots=True)
class Pile:
    """How many texts of an occasion stand in a state; ``parts``: short messages they fill."""

    period: str
    occasion: str
    state: str
    count: int
    parts: int


@dataclass(frozen=True, slots=True)
class Told:
    """One text.  ``key``: where its item's story is; instants µs UTC of business time."""

    id: int
    number: str
    agreement: str
    period: str
    bank: str
    occasion: str
    turn: int
    template: str
    said: str
    state: str
    detail: str
    parts: int
    key: str
    message: int | None
    not_before: int
    found_us: int
    told_us: int | None


@dataclass(frozen=True, slots=True)
class Wording:
    """A text as it was written, to the masked telephone number."""

    row: Told
    to: str
    text: str


@dataclass(frozen=True, slots=True)
class ToldFilter:
    """Empty: any."""

    period: str = ""
    occasion: str = ""
    state: str = ""
    text: str = ""


def count_told(view: Connection) -> list[Pile]:
    """Newest period first."""
    t = told.c
    rows = view.execute(
        sa.select(t.period, t.occasion, t.state, sa.func.count(), sa.func.sum(t.parts))
        .group_by(t.period, t.occasion, t.state)
        .order_by(t.period.desc(), t.occasion, t.state)
    )
    return [Pile(p, o, s, int(count), int(parts or 0)) for p, o, s, count, parts in rows]


def list_told(
    view: Connection, wanted: ToldFilter, *, before: int | None = None, size: int = 50
) -> list[Told]:
    """One page, newest first."""
    t = told.c
    query = _rows().order_by(t.id.desc()).limit(size)
    for column, value in (
        (t.period, wanted.period), (t.occasion, wanted.occasion), (t.state, wanted.state)
    ):  # fmt: skip
        if value:
            query = query.where(column == value)
    if wanted.text:
        query = query.where(sa.or_(agreement.c.number == wanted.text, t.number == wanted.text))
    if before is not None:
        query = query.where(t.id < before)
    return [_told(row) for row in view.execute(query)]


def told_of(view: Connection, agreement_id: int, period: str, item_no: str) -> list[Told]:
    """What was told of one item, and of its agreement where it had none yet, oldest first."""
    t = told.c
    query = _rows().where(
        t.agreement_id == agreement_id, t.period == period, t.item.in_(["", item_no])
    )
    return [_told(row) for row in view.execute(query.order_by(t.id))]


def see_text(view: Connection, office: Office, wanted: str) -> Wording:
    """By a text's number, or by its row's.  Raises NoSuchText."""
    t = told.c
    mine = t.id == int(wanted) if _is_row(wanted) else t.number == wanted
    found = view.execute(_rows().where(mine)).first() if wanted else None
    if found is None:
        raise NoSuchText(f"there is no text {wanted[:40]!r}")
    row = _told(found)
    if row.message is None:
        return Wording(row, "", "")
    letter = read_json(office.bus.payload(view, row.message), TextsLetter)
    for number, _, to, text in letter.rows:
        if number == row.id:
            return Wording(row, PhoneNumber(to).shown(), text)
    return Wording(row, "", "")


def forecast(view: Connection, seat: NotifySeat, period: str) -> Counter[str]:
    """Template → how many texts the period's plans, approved or not, come to."""
    waves = view.execute(
        sa.select(wave.c.id, wave.c.run_id)
        .join(run, run.c.id == wave.c.run_id)
        .where(run.c.period == period)
        .where(wave.c.state.not_in([WaveState.ASKING.value, WaveState.DECLINED.value]))
        .order_by(wave.c.number)
    ).all()
    found: Counter[str] = Counter()
    for one in waves:
        cursor = 0
        while rows := lines_of(view, one.id, one.run_id, cursor):
            for row in rows:
                choice = choosing.before(row, seat.texts)
                if choice is not None and choice.for_all(seat.rules.who):
                    found[choice.template] += 1
            cursor = int(rows[-1].agreement_id)
            if len(rows) < CHUNK:
                break
    return found


def _is_row(wanted: str) -> bool:
    return wanted.isascii() and wanted.isdigit() and len(wanted) <= 18


def _rows() -> sa.Select[Any]:
    return sa.select(told, agreement.c.number.label("agreement_no")).join(
        agreement, agreement.c.id == told.c.agreement_id
    )


def _told(row: Any) -> Told:
    return Told(
        id=row.id, number=row.number, agreement=row.agreement_no, period=row.period,
        bank=row.bank, occasion=row.occasion, turn=row.turn, template=row.template,
        said=row.said, state=row.state, detail=row.detail, parts=row.parts,
        key=row.item or f"{row.agreement_no}@{row.period}", message=row.message_id,
        not_before=row.not_before, found_us=row.found_us, told_us=row.told_us,
    )  # fmt: skip
