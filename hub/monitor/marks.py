"""Marks (归类): minutes that one party says are of another class, until the other signs.

Until then they keep the class that was counted and are *undecided*.  Never by one party alone:
whoever is assessed on a minute may propose, not decide.
"""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.audit import record
from hub.kernel.errors import BadInput, NotFound, Refused
from hub.monitor.incident_tables import mark
from hub.monitor.ledger import MINUTE_US, Mark
from hub.monitor.words import MARKABLE, MinuteClass
from hub.people import Actor, Party
from hub.store import insert_row

SIDES = (Party.CENTRE, Party.OPERATOR)
SIGNED, REFUSED = "signed", "refused"
LONGEST_US = 31 * 86_400_000_000


class BadMark(BadInput):
    """These minutes cannot be marked so."""

    code = "watch.bad_mark"
    hint = (
        "Whole minutes that are over, a month at most; the class is one of "
        + ", ".join(one.value for one in MARKABLE) + "; say why."
    )  # fmt: skip


class NoSuchMark(NotFound):
    """There is no such mark, or it has been answered."""

    code = "watch.no_such_mark"
    hint = "`hub watch marks` lists what waits for the other party."


class MarkNeedsBoth(Refused):
    """A mark takes one person of 中心 and one of 运维方."""

    code = "watch.mark_needs_both"
    status = 403
    hint = "Whoever proposed it is of your party; somebody of the other one signs."


@dataclass(frozen=True, slots=True)
class MarkSeen:
    """One mark; ``answer`` is empty while it waits for the other party."""

    id: int
    interface: str
    from_us: int
    until_us: int
    klass: MinuteClass
    why: str
    proposed_by: str
    proposed_party: str
    proposed_us: int
    answer: str
    answered_by: str
    answered_why: str
    answered_us: int | None


def require_markable(from_us: int, until_us: int, klass: str, now_us: int) -> None:
    """Whole minutes that are over, a month at most; a class of MARKABLE.  Raises BadMark."""
    whole = from_us % MINUTE_US == 0 and until_us % MINUTE_US == 0
    fits = whole and from_us < until_us <= min(now_us, from_us + LONGEST_US)
    if not fits or klass not in set(MARKABLE):
        raise BadMark


def propose(
    tx: Connection, actor: Actor, interface: str, from_us: int, until_us: int, klass: str, *,
    why: str, now_us: int,
) -> int:  # fmt: skip
    """One party's word; its number.  Raises BadMark, MarkNeedsBoth."""
    _side(actor)
    require_markable(from_us, until_us, klass, now_us)
    if not why.strip():
        raise BadMark
    number = insert_row(
        tx, mark, interface=interface, from_us=from_us, until_us=until_us, klass=klass,
        why=why.strip()[:200], proposed_by=actor.login, proposed_party=actor.party.value,
        proposed_us=now_us, answer="", answered_by="", answered_why="", answered_us=None,
    )  # fmt: skip
    record(
        tx, act="watch.mark", actor=actor.login, subject=f"interface:{interface}",
        detail={"number": number, "class": klass, "from_us": from_us, "until_us": until_us,
                "reason": why[:200]},
    )  # fmt: skip
    return number


def answer(tx: Connection, actor: Actor, number: int, *, yes: bool, why: str, now_us: int) -> None:
    """The other party's word.  Raises NoSuchMark, MarkNeedsBoth."""
    side = _side(actor)
    found = tx.execute(
        sa.select(mark).where(mark.c.id == number, mark.c.answer == "")
    ).one_or_none()
    if found is None:
        raise NoSuchMark(f"mark {number}")
    if found.proposed_party == side.value:
        raise MarkNeedsBoth
    said = SIGNED if yes else REFUSED
    done = tx.execute(
        sa.update(mark)
        .where(mark.c.id == number, mark.c.answer == "")
        .values(answer=said, answered_by=actor.login, answered_why=why[:200], answered_us=now_us)
    )
    if not done.rowcount:
        raise NoSuchMark(f"mark {number}")
    record(
        tx, act=f"watch.mark_{said}", actor=actor.login, subject=f"mark:{number}",
        detail={"class": found.klass, "reason": why[:200]},
    )  # fmt: skip


def read_marks(tx: Connection, interface: str, from_us: int, until_us: int) -> list[Mark]:
    """For a ledger: signed ones and those that wait, in the order of their signing."""
    m = mark.c
    query = (
        sa.select(m.from_us, m.until_us, m.klass, m.answer)
        .where(m.interface == interface, m.until_us > from_us, m.from_us < until_us)
        .where(m.answer != REFUSED)
        .order_by(m.answered_us, m.id)
    )
    return [
        Mark(row.from_us, row.until_us, MinuteClass(row.klass), row.answer == SIGNED)
        for row in tx.execute(query)
    ]


def list_marks(tx: Connection, most: int = 200) -> list[MarkSeen]:
    """Those that wait first, then the newest."""
    waits = sa.case((mark.c.answer == "", 0), else_=1)
    query = sa.select(mark).order_by(waits, mark.c.id.desc()).limit(most)
    return [_seen(row) for row in tx.execute(query)]


def marks_of(tx: Connection, interface: str, from_us: int, until_us: int) -> list[MarkSeen]:
    """Every one of an interface that touches a time, refused ones too, newest first."""
    query = (
        sa.select(mark)
        .where(mark.c.interface == interface)
        .where(mark.c.until_us > from_us, mark.c.from_us < until_us)
        .order_by(mark.c.id.desc())
    )
    return [_seen(row) for row in tx.execute(query)]


def find_mark(tx: Connection, number: int) -> MarkSeen:
    """One.  Raises NoSuchMark."""
    row = tx.execute(sa.select(mark).where(mark.c.id == number)).one_or_none()
    if row is None:
        raise NoSuchMark(f"mark {number}")
    return _seen(row)


def _seen(row: "sa.Row[Any]") -> MarkSeen:
    said = dict(row._mapping)
    return MarkSeen(**{**said, "klass": MinuteClass(row.klass)})


def _side(actor: Actor) -> Party:
    if actor.party not in SIDES:
        raise MarkNeedsBoth("only 中心 and 运维方 agree on minutes")
    return actor.party
