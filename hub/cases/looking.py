"""Cases as people look at them: the inbox by keyset, and one whole.  Everything is masked."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.cases.errors import NoSuchCase
from hub.cases.tables import application, attachment, case, case_version, link, problem, step
from hub.cases.unit_looking import (
    FieldSeen,
    UnitSeen,
    UnsealingSeen,
    see_fields,
    see_unit,
    see_unsealings,
)
from hub.cases.words import OPEN, Fed, Waiting
from hub.crypto import Tokens
from hub.kernel.identity import ID_CARD, comparable_id, normal_name

_TAIL = 4
_DONE = "03"
_MOST_APPLICATIONS = 200
_LONGEST_ID = 18
_OPEN = [one.value for one in OPEN]


class Tray(StrEnum):
    """Which part of the inbox."""

    OPEN = "open"
    APPLICANT = "applicant"  # waits for the applicant
    HOLD = "hold"
    STAFF = "staff"
    OVERDUE = "overdue"
    UNTOLD = "untold"  # something the platform has not receipted
    ENDED = "ended"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """``query``: the platform's number, a document number, the last four of one, or a name."""

    tray: Tray = Tray.OPEN
    query: str = ""


@dataclass(frozen=True, slots=True)
class CaseLine:
    """One of the inbox.  Days YYYYMMDD; ``untold``: steps the platform has not receipted;
    ``problems`` as (code, Chinese text)."""

    id: int
    interface: str
    kind: str
    door: str
    number: str
    version: int
    subject: str
    state: str
    waiting: str
    reason: str
    received_us: int
    promise_on: int | None
    overdue: bool
    untold: int
    problems: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class CasePage:
    """A page; ``before`` leads to the next older one."""

    lines: tuple[CaseLine, ...]
    before: int | None


@dataclass(frozen=True, slots=True)
class StepSeen:
    """One step, and how far it has been told.  ``at_us`` is business time."""

    place: int
    version: int
    step: str
    at_us: int
    text: str
    lacking: tuple[str, ...]
    fed: str
    receipt: str
    message_id: int | None


@dataclass(frozen=True, slots=True)
class FileSeen:
    """One attachment; ``digest`` is SM3, ``word`` ok, awaited or what is wrong."""

    id: int
    version: int
    place: int
    inside: int
    material: str
    media: str
    size: int
    digest: str
    word: str


@dataclass(frozen=True, slots=True)
class ApplicationSeen:
    """One application at the core; ``state`` is SQZT."""

    number: str
    kind: str
    subject: str
    state: str
    code: str
    reason: str
    cancelling: bool
    live: bool
    made_us: int
    ended_us: int | None


@dataclass(frozen=True, slots=True)
class CaseSeen:
    """One case whole; of many applications the 200 that matter most,
    those not done first.  Amounts in 分; ``versions`` as (version, inbound message, word)."""

    line: CaseLine
    form_version: str
    accepted_on: int | None
    ended_us: int | None
    back_asked: bool
    principal: int | None
    interest: int | None
    versions: tuple[tuple[int, int, str], ...]
    files: tuple[FileSeen, ...]
    steps: tuple[StepSeen, ...]
    applications: tuple[ApplicationSeen, ...]
    unit: UnitSeen | None = None
    fields: tuple[FieldSeen, ...] = ()
    unsealings: tuple[UnsealingSeen, ...] = ()


def list_cases(
    view: Connection, tokens: Tokens, wanted: CaseFilter, *, today: int, before: int | None,
    size: int,
) -> CasePage:  # fmt: skip
    """Newest first."""
    query = sa.select(case).order_by(case.c.id.desc()).limit(size + 1)
    if before is not None:
        query = query.where(case.c.id < before)
    for condition in (*_tray(wanted.tray, today), *_asked(tokens, wanted.query.strip())):
        query = query.where(condition)
    rows = view.execute(query).all()
    lines = lines_of(view, rows[:size], today)
    return CasePage(lines, lines[-1].id if len(rows) > size else None)


def count_trays(view: Connection, today: int) -> dict[str, int]:
    """How many cases lie in each part of the inbox."""
    return {
        tray.value: int(
            view.scalar(sa.select(sa.func.count()).select_from(case).where(*_tray(tray, today)))
            or 0
        )
        for tray in Tray
    }


def find_case(view: Connection, said: str) -> int:
    """A case's number of ours, from it or from the platform's.  Raises NoSuchCase."""
    text = said.strip()
    by_number = list(view.scalars(sa.select(case.c.id).where(case.c.number == text)))
    if len(by_number) == 1:
        return int(by_number[0])
    if len(by_number) > 1:
        known = "、".join(map(str, by_number))
        raise NoSuchCase(f"{text} is a number of several cases: {known}")
    if text.isascii() and text.isdigit() and len(text) <= _LONGEST_ID:
        found = view.scalar(sa.select(case.c.id).where(case.c.id == int(text)))
        if found is not None:
            return int(found)
    raise NoSuchCase(f"there is no case {text[:40]!r}")


def see_case(view: Connection, said: str, *, today: int) -> CaseSeen:
    """Raises NoSuchCase."""
    case_id = find_case(view, said)
    row = view.execute(sa.select(case).where(case.c.id == case_id)).one()
    (line,) = lines_of(view, [row], today)
    versions = view.execute(
        sa.select(case_version.c.version, case_version.c.inbound_id, case_version.c.word)
        .where(case_version.c.case_id == case_id)
        .order_by(case_version.c.inbound_id)
    ).all()
    return CaseSeen(
        line=line, form_version=row.form_version, accepted_on=row.accepted_on,
        ended_us=row.ended_us, back_asked=bool(row.back_asked), principal=row.principal,
        interest=row.interest, versions=tuple((v.version, v.inbound_id, v.word) for v in versions),
        files=_files(view, case_id), steps=_steps(view, case_id),
        applications=_applications(view, case_id), unit=see_unit(view, case_id),
        fields=see_fields(view, case_id),
        unsealings=see_unsealings(view, case_id),
    )  # fmt: skip


def _tray(tray: Tray, today: int) -> list[sa.ColumnElement[bool]]:
    is_open = case.c.state.in_(_OPEN)
    untold = sa.select(step.c.case_id).where(step.c.fed.in_(_UNTOLD))
    found: dict[Tray, list[sa.ColumnElement[bool]]] = {
        Tray.OPEN: [is_open],
        Tray.APPLICANT: [is_open, case.c.waiting == Waiting.MATERIALS.value],
        Tray.HOLD: [is_open, case.c.waiting == Waiting.HOLD.value],
        Tray.STAFF: [is_open, case.c.waiting == Waiting.STAFF.value],
        Tray.OVERDUE: [is_open, case.c.promise_on < today],
        Tray.UNTOLD: [case.c.id.in_(untold)],
        Tray.ENDED: [case.c.state.not_in(_OPEN)],
        Tray.ALL: [],
    }
    return found[tray]


_UNTOLD = (Fed.WAITING.value, Fed.SENT.value)


def _asked(tokens: Tokens, query: str) -> list[sa.ColumnElement[bool]]:
    if not query:
        return []
    if len(query) == _TAIL and query[:-1].isdigit():
        return [case.c.subject_tail == tokens.tail("id", query.upper())]
    number = comparable_id(query, ID_CARD)
    return [
        sa.or_(
            case.c.number == query,
            case.c.subject_token == tokens.whole("id", number),
            case.c.name_token == tokens.whole("name", normal_name(query)),
        )
    ]


def lines_of(
    view: Connection, rows: Sequence["sa.Row[Any]"], today: int
) -> tuple[CaseLine, ...]:  # fmt: skip
    """Heads as the inbox shows them, in the same order."""
    ids = [row.id for row in rows]
    untold: dict[int, int] = {
        int(number): int(count)
        for number, count in view.execute(
            sa.select(step.c.case_id, sa.func.count())
            .where(step.c.case_id.in_(ids), step.c.fed.in_(_UNTOLD))
            .group_by(step.c.case_id)
        )
    }
    wrong: dict[int, list[tuple[str, str]]] = {}
    for one in view.execute(
        sa.select(problem).where(problem.c.case_id.in_(ids)).order_by(problem.c.place)
    ):
        wrong.setdefault(one.case_id, []).append((one.code, one.text))
    return tuple(
        CaseLine(
            row.id, row.interface, row.kind, row.door, row.number, row.version, row.subject_mask,
            row.state, row.waiting, row.reason, row.received_us, row.promise_on,
            row.state in _OPEN and row.promise_on is not None and row.promise_on < today,
            untold.get(row.id, 0), tuple(wrong.get(row.id, ())),
        )
        for row in rows
    )  # fmt: skip


def _files(view: Connection, case_id: int) -> tuple[FileSeen, ...]:
    a = attachment.c
    rows = view.execute(
        sa.select(a.id, a.version, a.place, a.inside, a.material, a.media, a.size, a.digest, a.word)
        .where(a.case_id == case_id)
        .order_by(a.version.desc(), a.place)
    )
    return tuple(FileSeen(*row) for row in rows)


def _steps(view: Connection, case_id: int) -> tuple[StepSeen, ...]:
    rows = view.execute(sa.select(step).where(step.c.case_id == case_id).order_by(step.c.place))
    return tuple(
        StepSeen(
            row.place, row.version, row.step, row.at_us, row.text,
            tuple(msgspec.json.decode(row.lacking)), row.fed, row.receipt, row.message_id,
        )
        for row in rows
    )  # fmt: skip


def _applications(view: Connection, case_id: int) -> tuple[ApplicationSeen, ...]:
    a = application.c
    rows = view.execute(
        sa.select(
            a.number,
            a.kind,
            a.subject_mask,
            a.state,
            a.code,
            a.reason,
            a.cancelling,
            link.c.live,
            a.made_us,
            a.ended_us,
        )
        .join(link, link.c.application_id == a.id)
        .where(link.c.case_id == case_id)
        .order_by(link.c.live.desc(), sa.case((a.state == _DONE, 1), else_=0), a.id.desc())
        .limit(_MOST_APPLICATIONS)
    )
    return tuple(
        ApplicationSeen(
            row.number, row.kind, row.subject_mask, row.state, row.code, row.reason,
            bool(row.cancelling), bool(row.live), row.made_us, row.ended_us,
        )
        for row in rows
    )  # fmt: skip
