"""How a person on duty is reached: telephone number and mail address, sealed."""

import re
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.audit import record
from hub.kernel.clocks import from_us
from hub.kernel.errors import BadInput
from hub.kernel.logs import mask_text
from hub.kernel.secret import PhoneNumber
from hub.monitor.duty_tables import duty_reach
from hub.store import insert_row
from hub.store.vault import Vault

VAULT_KIND = "duty"
_PHONE = re.compile(r"1[0-9]{10}")
_MAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


class ReachWay(StrEnum):
    """A way to one person."""

    SMS = "sms"
    MAIL = "mail"


class BadReach(BadInput):
    """This is no telephone number or mail address."""

    code = "duty.bad_reach"
    hint = "A mobile number has 11 digits and begins with 1; a mail address has one @."


@dataclass(frozen=True, slots=True)
class Reach:
    """One way to one person, as pages show it."""

    login: str
    way: str
    mask: str
    set_by: str
    set_us: int


def put_reach(
    tx: Connection, vault: Vault, login: str, way: ReachWay, to: str, *, by: str, why: str,
    now_us: int,
) -> bool:  # fmt: skip
    """A person is reached there from now on, or (empty) by this way no more; False when that is
    what stood already.  Raises BadReach."""
    clean = to.strip()
    pattern = _PHONE if way is ReachWay.SMS else _MAIL
    if clean and pattern.fullmatch(clean) is None:
        raise BadReach(f"not a {way.value} address")
    token = vault.tokens.whole(f"duty_{way.value}", clean.lower()) if clean else ""
    last = _newest(tx, login).get(way.value)
    if (last.token if last is not None else "") == token:
        return False
    sealed = None
    if clean:
        sealed = vault.seal(tx, VAULT_KIND, f"{from_us(now_us):%Y-%m}", clean.encode())
    insert_row(
        tx, duty_reach, login=login, way=way.value, token=token, mask=_mask(way, clean),
        key_id=None if sealed is None else sealed.key_id,
        blob=None if sealed is None else sealed.blob, set_by=by, set_us=now_us,
        why=mask_text(" ".join(why.split()))[:200],
    )  # fmt: skip
    record(tx, act="duty.reach", actor=by, subject=f"person:{login}",
           detail={"way": way.value, "to": _mask(way, clean)})  # fmt: skip
    return True


def read_reaches(tx: Connection) -> list[Reach]:
    """Every way to everybody, masked, by login."""
    rows = (row for found in _all(tx).values() for row in found.values())
    return [
        Reach(row.login, row.way, row.mask, row.set_by, row.set_us)
        for row in rows if row.blob is not None
    ]  # fmt: skip


def ways_to(tx: Connection, login: str) -> tuple[str, ...]:
    """By which ways a person can be reached."""
    return tuple(way for way, row in _newest(tx, login).items() if row.blob is not None)


def open_reach(tx: Connection, vault: Vault, login: str, way: str) -> str | None:
    """Where a person is reached; None when this way was taken away."""
    row = _newest(tx, login).get(way)
    if row is None or row.blob is None:
        return None
    return vault.open(tx, row.key_id, row.blob).decode()


def _newest(tx: Connection, login: str) -> "dict[str, sa.Row[tuple[object, ...]]]":
    return _all(tx, login).get(login, {})


def _all(
    tx: Connection, login: str | None = None
) -> "dict[str, dict[str, sa.Row[tuple[object, ...]]]]":
    c = duty_reach.c
    newest = sa.select(sa.func.max(c.id)).group_by(c.login, c.way)
    query = sa.select(duty_reach).where(c.id.in_(newest)).order_by(c.login, c.way)
    if login is not None:
        query = query.where(c.login == login)
    found: dict[str, dict[str, sa.Row[tuple[object, ...]]]] = {}
    for row in tx.execute(query):
        found.setdefault(row.login, {})[row.way] = row
    return found


def _mask(way: ReachWay, to: str) -> str:
    if not to:
        return ""
    if way is ReachWay.SMS:
        return PhoneNumber(to).shown()
    name, _, domain = to.partition("@")
    return f"{name[:1]}***@{domain}"[:60]
