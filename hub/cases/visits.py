"""Visits: browsers that a platform signed in, each with one assertion and one one-time key.

The database itself refuses a second visit with the same assertion; a key is stored as a token only
and redeemed by conditional update.  Times are business time: the platform's are, and the key's
thirty minutes are counted by the clock that people see.
"""

from dataclasses import dataclass
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from hub.cases.office import CaseOffice
from hub.cases.tables import VAULT_KIND, visit
from hub.kernel.clocks import to_us
from hub.kernel.identity import comparable_id, normal_name
from hub.kernel.secret import mask_id, mask_name
from hub.kernel.typed import read_msgpack
from hub.ports.entry import Visitor

_KEY = "entry_key"
_MARK = "entry_mark"
_REQUEST = "entry_request"


@dataclass(frozen=True, slots=True)
class Found:
    """A visit whose key was given."""

    id: int
    number: str
    until_us: int
    redeemed_us: int | None
    same_request: bool
    visitor: Visitor


def admit(
    tx: Connection, office: CaseOffice, interface: str, mark: str, key: str, visitor: Visitor,
    life_s: int,
) -> int | None:  # fmt: skip
    """The new visit's number; None when this assertion came before."""
    tokens = office.vault.tokens
    number, name = comparable_id(visitor.id_number, visitor.id_type), normal_name(visitor.name)
    sealed = office.vault.seal(tx, VAULT_KIND, office.month, msgspec.msgpack.encode(visitor))
    now = to_us(office.clock.now())
    try:
        with tx.begin_nested():
            made: int | None = tx.scalar(
                sa.insert(visit)
                .values(
                    interface=interface, mark=tokens.whole(_MARK, mark),
                    key_token=tokens.whole(_KEY, key), user_type=visitor.user_type.value,
                    number=visitor.number, subject_token=tokens.whole("id", number),
                    subject_mask=f"{mask_name(name)[:60]} {mask_id(number)[:50]}".strip(),
                    came_us=now, until_us=now + life_s * 1_000_000, key_id=sealed.key_id,
                    sealed=sealed.blob,
                )
                .returning(visit.c.id)
            )  # fmt: skip
    except IntegrityError:
        return None
    return made


def by_key(
    tx: Connection, office: CaseOffice, interface: str, key: str, request: str
) -> Found | None:
    """The visit of a key, locked; ``request`` tells the request that asks."""
    tokens = office.vault.tokens
    row = tx.execute(
        sa.select(visit)
        .where(visit.c.interface == interface, visit.c.key_token == tokens.whole(_KEY, key))
        .with_for_update()
    ).one_or_none()
    if row is None:
        return None
    same = row.redeem_token == tokens.whole(_REQUEST, request)
    return Found(row.id, row.number, row.until_us, row.redeemed_us, same, _opened(tx, office, row))


def redeem(tx: Connection, office: CaseOffice, visit_id: int, request: str) -> bool:
    """Use its key up; False when somebody was first."""
    done = tx.execute(
        sa.update(visit)
        .where(visit.c.id == visit_id, visit.c.redeemed_us.is_(None))
        .values(
            redeemed_us=to_us(office.clock.now()),
            redeem_token=office.vault.tokens.whole(_REQUEST, request),
        )
    )
    return done.rowcount == 1


def redeemed(tx: Connection, office: CaseOffice, interface: str, number: str) -> Visitor | None:
    """Who came on a visit whose key the hall has redeemed; ``number`` as the hall was told it."""
    if not (number.isascii() and number.isdigit() and len(number) <= 18):
        return None
    row = tx.execute(
        sa.select(visit).where(
            visit.c.id == int(number), visit.c.interface == interface,
            visit.c.redeemed_us.is_not(None),
        )
    ).one_or_none()  # fmt: skip
    return None if row is None else _opened(tx, office, row)


@dataclass(frozen=True, slots=True)
class VisitLine:
    """One visit as people see it; times are business time, µs UTC."""

    id: int
    interface: str
    user_type: str
    number: str
    subject: str
    came_us: int
    until_us: int
    redeemed_us: int | None


def of_number(view: Connection, number: str) -> list[VisitLine]:
    """Every visit for a platform's case, oldest first."""
    v = visit.c
    rows = view.execute(
        sa.select(
            v.id, v.interface, v.user_type, v.number, v.subject_mask, v.came_us, v.until_us,
            v.redeemed_us,
        )
        .where(v.number == number)
        .order_by(v.id)
    )  # fmt: skip
    return [VisitLine(*row) for row in rows]


def _opened(tx: Connection, office: CaseOffice, row: sa.Row[Any]) -> Visitor:
    return read_msgpack(office.vault.open(tx, row.key_id, row.sealed), Visitor)
