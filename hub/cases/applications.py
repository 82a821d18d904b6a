"""Our side of the core's registry: what is applied for, under which number, and how it stands.

An application's number follows from its kind, its subject and which try it is.  The core's
commands are idempotent and ordered by it, so whatever is not settled is sent again as it is.
"""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from hub.bus import Effect, Message, NewMessage
from hub.cases.office import CaseOffice
from hub.cases.tables import VAULT_KIND, application, case, link
from hub.cases.words import OPEN
from hub.core import APPLY, CANCEL, INQUIRE, ApplicationsLetter, NumbersLetter
from hub.ports.registry import Application, ApplicationKind

_MARKS = {
    ApplicationKind.WITHDRAWAL: "TX",
    ApplicationKind.SEAL: "FC",
    ApplicationKind.UNSEAL: "QF",
    ApplicationKind.UNIT_OPEN: "KH",
    ApplicationKind.UNIT_CHANGE: "BG",
}
_TOKEN_PART = 24
_DONE = "03"


def apply(
    tx: Connection, office: CaseOffice, case_id: int, kind: ApplicationKind, *, token: str,
    mask: str, make: Callable[[str], Application],
) -> tuple[sa.Row[Any], bool]:  # fmt: skip
    """Apply for a subject, or join whoever has: the live application, and whether it was there.

    ``token`` is the subject's (an account's), ``make(number)`` the application under its number.
    """
    live_key = f"{kind.value}:{token}"
    found = _live(tx, live_key)
    there = found is not None
    if found is None:
        number = _number(tx, kind, token)
        made = make(number)
        sealed = office.vault.seal(tx, VAULT_KIND, office.month, msgspec.json.encode(made))
        try:
            with tx.begin_nested():
                tx.execute(
                    sa.insert(application).values(
                        kind=kind.value, number=number, subject_token=token, live_key=live_key,
                        try_no=int(number[-2:]), subject_mask=mask[:40], state="", code="",
                        reason="", cancelling=0, asks=0, made_us=office.now_us(tx),
                        key_id=sealed.key_id, sealed=sealed.blob,
                    )
                )  # fmt: skip
        except IntegrityError:  # the other door was first in the same moment
            there = True
        found = _live(tx, live_key)
        if found is None:  # it was, and has ended since: begin anew under the next number
            return apply(tx, office, case_id, kind, token=token, mask=mask, make=make)
        if not there:
            _send(tx, office, found, made, "")
    join(tx, case_id, found.id)
    return found, there


@dataclass(frozen=True, slots=True)
class Wish:
    """One of many applications; as :func:`apply`'s arguments."""

    token: str
    mask: str
    make: Callable[[str], Application]


def apply_many(
    tx: Connection, office: CaseOffice, case_id: int, kind: ApplicationKind, key: str,
    wishes: Sequence[Wish],
) -> None:  # fmt: skip
    """Apply for many subjects in one message ``key``; a subject another case has applied for is
    joined.  At most the contract's limit of one call."""
    made: list[Application] = []
    for wish in wishes:
        live_key = f"{kind.value}:{wish.token}"
        found = _live(tx, live_key)
        if found is None:
            one = wish.make(_number(tx, kind, wish.token))
            sealed = office.vault.seal(tx, VAULT_KIND, office.month, msgspec.json.encode(one))
            tx.execute(
                sa.insert(application).values(
                    kind=kind.value, number=one.number, subject_token=wish.token,
                    live_key=live_key, try_no=int(one.number[-2:]), subject_mask=wish.mask[:40],
                    state="", code="", reason="", cancelling=0, asks=0,
                    made_us=office.now_us(tx), key_id=sealed.key_id, sealed=sealed.blob,
                )
            )  # fmt: skip
            made.append(one)
            found = tx.execute(
                sa.select(application).where(application.c.live_key == live_key)
            ).one()
        join(tx, case_id, found.id)
    if made:
        letter = ApplicationsLetter.of(kind, made)
        _put(tx, office, APPLY, key, letter, Effect.COMMAND, f"申请 {len(made)} 户",
             items=len(made))  # fmt: skip


def join(tx: Connection, case_id: int, application_id: int) -> None:
    """The case's end is this application's from now on."""
    here = sa.and_(link.c.case_id == case_id, link.c.application_id == application_id)
    if not tx.execute(sa.update(link).where(here).values(live=1)).rowcount:
        tx.execute(sa.insert(link).values(case_id=case_id, application_id=application_id, live=1))


def unlink(tx: Connection, case_id: int, application_id: int) -> None:
    """The case goes another way; the row stays."""
    tx.execute(
        sa.update(link)
        .where(link.c.case_id == case_id, link.c.application_id == application_id)
        .values(live=0)
    )


def unlink_failed(tx: Connection, case_id: int, kind: ApplicationKind) -> None:
    """What ended otherwise than done is the case's no more."""
    ended = _failed(case_id, kind).with_only_columns(application.c.id)
    tx.execute(
        sa.update(link)
        .where(link.c.case_id == case_id, link.c.application_id.in_(ended))
        .values(live=0)
    )


def last_failed(tx: Connection, case_id: int, kind: ApplicationKind) -> int:
    """The newest that ended otherwise than done; 0 for none."""
    last = _failed(case_id, kind).with_only_columns(sa.func.max(application.c.id))
    return int(tx.scalar(last) or 0)


def failed_reasons(tx: Connection, case_id: int, kind: ApplicationKind) -> dict[str, int]:
    """Why, and how many."""
    a = application.c
    query = _failed(case_id, kind).with_only_columns(a.reason, a.state, sa.func.count())
    found: dict[str, int] = {}
    for reason, state, count in tx.execute(query.group_by(a.reason, a.state)):
        word = reason or ("cancelled" if state in ("05", "06") else "refused")
        found[word] = found.get(word, 0) + int(count)
    return found


def apply_again(
    tx: Connection, office: CaseOffice, case_id: int, kind: ApplicationKind, key: str, after: int,
    until: int, limit: int,
) -> tuple[int, int]:  # fmt: skip
    """The next of those that failed once more, each under its next number: the last one's id, and
    how many."""
    a = application.c
    query = _failed(case_id, kind).where(a.id > after, a.id <= until).order_by(a.id).limit(limit)
    found = tx.execute(query).all()
    if not found:
        return after, 0
    wishes = []
    for old in found:
        unlink(tx, case_id, old.id)
        wishes.append(repeat(tx, office, old))
    apply_many(tx, office, case_id, kind, key, wishes)
    return int(found[-1].id), len(found)


def repeat(tx: Connection, office: CaseOffice, old: sa.Row[Any], **other: Any) -> Wish:
    """What an application asked for, with ``other`` fields, under a number to come."""
    made = content(tx, office, old)
    return Wish(
        old.subject_token, old.subject_mask,
        lambda number: dataclasses.replace(made, number=number, **other),
    )  # fmt: skip


def _failed(case_id: int, kind: ApplicationKind) -> sa.Select[Any]:
    return (
        sa.select(application)
        .join(link, link.c.application_id == application.c.id)
        .where(
            link.c.case_id == case_id, link.c.live == 1, application.c.kind == kind.value,
            application.c.ended_us.is_not(None), application.c.state != _DONE,
        )
    )  # fmt: skip


def live_of(tx: Connection, case_id: int) -> list[sa.Row[Any]]:
    """Applications of a case that the core may still carry out."""
    query = (
        sa.select(application)
        .join(link, link.c.application_id == application.c.id)
        .where(link.c.case_id == case_id, link.c.live == 1, application.c.ended_us.is_(None))
        .order_by(application.c.id)
    )
    return list(tx.execute(query))


def live_kind(
    tx: Connection, case_id: int, kind: ApplicationKind, after: int = 0, limit: int = 1
) -> list[sa.Row[Any]]:
    """Of many of one kind the next that the core may still carry out, with a higher id."""
    query = (
        sa.select(application)
        .join(link, link.c.application_id == application.c.id)
        .where(
            link.c.case_id == case_id, link.c.live == 1, application.c.ended_us.is_(None),
            application.c.kind == kind.value, application.c.id > after,
        )
        .order_by(application.c.id)
        .limit(limit)
    )  # fmt: skip
    return list(tx.execute(query))


def count_live(tx: Connection, case_id: int) -> tuple[int, int]:
    """How many the core may still carry out for this case alone, and for another one too."""
    other, head = link.alias("other"), case.alias("head")
    shared = (
        sa.select(other.c.case_id)
        .join(head, head.c.id == other.c.case_id)
        .where(
            other.c.application_id == application.c.id, other.c.live == 1,
            other.c.case_id != case_id, head.c.state.in_([one.value for one in OPEN]),
        )
        .exists()
    )  # fmt: skip
    mine = (
        sa.select(sa.func.count(), sa.func.sum(sa.case((shared, 1), else_=0)))
        .select_from(link)
        .join(application, link.c.application_id == application.c.id)
        .where(link.c.case_id == case_id, link.c.live == 1, application.c.ended_us.is_(None))
    )
    every, both = tx.execute(mine).one()
    return int(every) - int(both or 0), int(both or 0)


def others(tx: Connection, application_id: int, case_id: int) -> bool:
    """Whether another open case stands behind this application."""
    query = (
        sa.select(sa.func.count())
        .select_from(link)
        .join(case, case.c.id == link.c.case_id)
        .where(
            link.c.application_id == application_id, link.c.live == 1,
            link.c.case_id != case_id, case.c.state.in_([one.value for one in OPEN]),
        )
    )  # fmt: skip
    return bool(tx.scalar(query))


def content(tx: Connection, office: CaseOffice, row: sa.Row[Any]) -> Application:
    """What was applied for."""
    opened = office.vault.open(tx, row.key_id, row.sealed)
    letter = ApplicationsLetter(row.kind, [msgspec.json.decode(opened)])
    return letter.applications()[0]


def cancel(tx: Connection, office: CaseOffice, row: sa.Row[Any]) -> None:
    """Ask the core to cancel; one on its way there is barred by this."""
    if row.cancelling:
        return
    tx.execute(sa.update(application).where(application.c.id == row.id).values(cancelling=1))
    letter = NumbersLetter(row.kind, [row.number])
    _put(tx, office, CANCEL, row.number, letter, Effect.COMMAND, f"撤销申请 {row.number}")


def cancel_many(tx: Connection, office: CaseOffice, rows: Sequence[sa.Row[Any]], key: str) -> int:
    """As :func:`cancel`, in one message ``key``; answers how many were asked for now."""
    asked = [row for row in rows if not row.cancelling]
    if not asked:
        return 0
    tx.execute(
        sa.update(application)
        .where(application.c.id.in_([row.id for row in asked]))
        .values(cancelling=1)
    )
    letter = NumbersLetter(asked[0].kind, [row.number for row in asked])
    _put(tx, office, CANCEL, key, letter, Effect.COMMAND, f"撤销申请 {len(asked)} 户",
         items=len(asked))  # fmt: skip
    return len(asked)


def ask(tx: Connection, office: CaseOffice, rows: Sequence[sa.Row[Any]], delay_s: float) -> None:
    """Ask the core in one message, after a while, how these of one kind stand; older questions
    are followed by none.  At most the contract's limit of one call."""
    asks = max(row.asks for row in rows) + 1
    tx.execute(
        sa.update(application)
        .where(application.c.id.in_([row.id for row in rows]))
        .values(asks=asks)
    )
    letter = NumbersLetter(rows[0].kind, [row.number for row in rows])
    about = rows[0].number if len(rows) == 1 else f"{len(rows)} 户"
    _put(tx, office, INQUIRE, f"{rows[0].number}:{asks}", letter, Effect.READ,
         f"查证申请 {about}", delay_s, items=len(rows))  # fmt: skip


def is_newest(message: Message, row: sa.Row[Any]) -> bool:
    """Whether this is the newest question about it, or none at all."""
    return message.kind != INQUIRE or message.key.rpartition(":")[2] == str(row.asks)


def send_again(tx: Connection, office: CaseOffice, row: sa.Row[Any]) -> None:
    """The core does not know it (it was restored, or never had it): the same once more."""
    _send(tx, office, row, content(tx, office, row), f"~lost{row.asks}")


def find(tx: Connection, number: str) -> sa.Row[Any] | None:
    """By number."""
    return tx.execute(sa.select(application).where(application.c.number == number)).one_or_none()


def lock(tx: Connection, application_id: int) -> sa.Row[Any]:
    """Ours until the transaction ends."""
    return tx.execute(
        sa.select(application).where(application.c.id == application_id).with_for_update()
    ).one()


def update(tx: Connection, row: sa.Row[Any], **values: Any) -> None:
    """Change its row."""
    tx.execute(sa.update(application).where(application.c.id == row.id).values(**values))


def done_of(tx: Connection, kind: ApplicationKind, tokens: list[str]) -> sa.Row[Any] | None:
    """The newest application for one of these subjects that the core has carried out."""
    query = (
        sa.select(application)
        .where(
            application.c.kind == kind.value, application.c.subject_token.in_(tokens),
            application.c.state == _DONE,
        )
        .order_by(application.c.id.desc())
        .limit(1)
    )  # fmt: skip
    return tx.execute(query).one_or_none()


def live_for(tx: Connection, kind: ApplicationKind, tokens: list[str]) -> sa.Row[Any] | None:
    """The application for one of these subjects that the core may be carrying out, locked."""
    keys = [f"{kind.value}:{one}" for one in tokens]
    query = sa.select(application).where(application.c.live_key.in_(keys)).limit(1)
    return tx.execute(query.with_for_update()).one_or_none()


def cases_of(tx: Connection, application_id: int) -> list[int]:
    """Cases whose end is this application's, in the order in which they are locked."""
    query = sa.select(link.c.case_id).where(
        link.c.application_id == application_id, link.c.live == 1
    )
    return [int(one) for one in tx.scalars(query.order_by(link.c.case_id))]


def _live(tx: Connection, live_key: str) -> sa.Row[Any] | None:
    query = sa.select(application).where(application.c.live_key == live_key)
    return tx.execute(query.with_for_update()).one_or_none()


def _number(tx: Connection, kind: ApplicationKind, token: str) -> str:
    before = tx.scalar(
        sa.select(sa.func.count()).where(
            application.c.kind == kind.value, application.c.subject_token == token
        )
    )
    return f"{_MARKS[kind]}{token[:_TOKEN_PART]}{int(before or 0) + 1:02d}"


def _send(
    tx: Connection, office: CaseOffice, row: sa.Row[Any], made: Application, again: str
) -> None:
    letter = ApplicationsLetter.of(ApplicationKind(row.kind), [made])
    _put(tx, office, APPLY, f"{row.number}{again}", letter, Effect.COMMAND,
         f"申请 {row.number}")  # fmt: skip


def _put(
    tx: Connection, office: CaseOffice, kind: str, key: str, letter: msgspec.Struct,
    effect: Effect, subject: str, delay_s: float = 0, items: int = 1,
) -> None:  # fmt: skip
    made = NewMessage(
        interface=office.registry, kind=kind, key=key, payload=msgspec.json.encode(letter),
        effect=effect, group="cases", subject=subject, month=office.month,
        contract_version=office.registry_version, items=items, delay_s=delay_s, endless=True,
    )  # fmt: skip
    office.bus.put(tx, [made])
