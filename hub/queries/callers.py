"""Who may ask what: callers, their app secrets, their grants.

A grant is never changed: it is revoked and another one made, so that every call points at what
held when it was made.
"""

import ipaddress
import re
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from hub import audit
from hub.kernel.clocks import BusinessClock, to_us
from hub.kernel.logs import mask_text
from hub.kernel.secret import Secret
from hub.people import Actor, Party
from hub.people.words import Role
from hub.queries.errors import (
    BadCaller,
    BadGrant,
    CallerRevoked,
    GrantNotYours,
    GrantThere,
    NoSuchCaller,
    NoSuchGrant,
)
from hub.queries.tables import query_caller, query_grant, query_secret
from hub.store import database_now_us, insert_row
from hub.store.vault import Vault

VAULT_KIND = "caller"
MOST_CALLS = 1_000_000
_RID = re.compile(r"[!-~]{1,60}")
_MAY = {Role.HANDLER, Role.APPROVER, Role.ADMINISTRATOR}


@dataclass(frozen=True, slots=True)
class CallerRow:
    """One line of the list: a caller and one of its grants (None: it has none)."""

    rid: str
    title: str
    addresses: str
    per_minute: int
    per_day: int
    revoked_us: int | None
    grant: "GrantRow | None"


@dataclass(frozen=True, slots=True)
class GrantRow:
    """``until_day`` YYYYMMDD; ``shown`` are names of the contract's grantable fields."""

    id: int
    interface: str
    purpose: str
    basis: str
    shown: tuple[str, ...]
    until_day: int
    granted_by: str
    granted_us: int
    revoked_us: int | None
    revoked_why: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be granted, as a person asks for it."""

    rid: str
    interface: str
    purpose: str
    basis: str
    until: date
    shown: tuple[str, ...]
    title: str = ""
    addresses: tuple[str, ...] = ()
    per_minute: int = 60
    per_day: int = 10_000


@dataclass(frozen=True, slots=True)
class Granted:
    """``secret``: of a caller that is new, shown once."""

    grant_id: int
    secret: Secret | None


class Callers:
    """The callers of one database.  Safe across threads."""

    def __init__(self, vault: Vault, clock: BusinessClock) -> None:
        self._vault = vault
        self._clock = clock

    def grant(
        self, tx: Connection, wanted: Wanted, grantable: Mapping[str, Collection[str]], by: Actor
    ) -> Granted:
        """Let a caller ask; one not known yet is added and handed its secret.

        ``grantable``: what each published interface can show.  Raises BadCaller, BadGrant,
        CallerRevoked, GrantThere, GrantNotYours.
        """
        _may(by)
        _check(wanted, grantable, self._clock.today())
        caller_id, secret = self._caller(tx, wanted, by)
        try:
            with tx.begin_nested():
                grant_id = insert_row(
                    tx, query_grant, caller_id=caller_id, interface=wanted.interface,
                    purpose=wanted.purpose.strip(), basis=wanted.basis.strip(),
                    shown=",".join(wanted.shown), until_day=int(f"{wanted.until:%Y%m%d}"),
                    granted_us=database_now_us(tx), granted_by=by.login, revoked_us=None,
                    revoked_by="", revoked_why="", open_key=f"{caller_id}:{wanted.interface}",
                )  # fmt: skip
        except IntegrityError:
            raise GrantThere(f"{wanted.rid} may ask {wanted.interface} already") from None
        audit.record(
            tx, act="grant.given", actor=by.login, subject=f"caller:{wanted.rid}",
            detail={
                "grant": grant_id, "interface": wanted.interface, "until": f"{wanted.until}",
                "purpose": mask_text(wanted.purpose)[:100], "basis": mask_text(wanted.basis)[:100],
                "shown": ",".join(wanted.shown),
            },
        )  # fmt: skip
        return Granted(grant_id, secret)

    def revoke(self, tx: Connection, rid: str, interface: str, why: str, by: Actor) -> int:
        """Take one grant back, or with no ``interface`` all and the caller with them; answers how
        many grants ended.  Raises NoSuchCaller, NoSuchGrant, BadGrant, GrantNotYours."""
        _may(by)
        if not why.strip():
            raise BadGrant("say why it is revoked")
        caller = _find(tx, rid)
        g, now_us = query_grant.c, database_now_us(tx)
        held = [g.caller_id == caller.id, g.revoked_us.is_(None)]
        if interface:
            held.append(g.interface == interface)
        ended = {"revoked_us": now_us, "revoked_by": by.login, "revoked_why": why.strip()[:200]}
        count = tx.execute(
            sa.update(query_grant).where(*held).values(**ended, open_key=None)
        ).rowcount
        if interface and not count:
            raise NoSuchGrant(f"{rid} has no grant for {interface}")
        if not interface:
            tx.execute(
                sa.update(query_caller)
                .where(query_caller.c.id == caller.id, query_caller.c.revoked_us.is_(None))
                .values(**ended)
            )
        audit.record(
            tx, act="grant.revoked", actor=by.login, subject=f"caller:{rid}",
            detail={"interface": interface or "*", "why": mask_text(why)[:150]}, count=count,
        )  # fmt: skip
        return int(count)

    def rotate(self, tx: Connection, rid: str, keep: timedelta, by: Actor) -> Secret:
        """A new app secret; older ones hold for ``keep`` more, so that nobody is cut off.
        Raises NoSuchCaller, CallerRevoked, GrantNotYours."""
        _may(by)
        caller = _find(tx, rid)
        if caller.revoked_us is not None:
            raise CallerRevoked(f"{rid} was revoked")
        until_us = to_us(self._clock.now() + keep)
        s = query_secret.c
        tx.execute(
            sa.update(query_secret)
            .where(s.caller_id == caller.id, sa.or_(s.until_us.is_(None), s.until_us > until_us))
            .values(until_us=until_us)
        )
        audit.record(
            tx, act="caller.rotated", actor=by.login, subject=f"caller:{rid}",
            detail={"keep_s": int(keep.total_seconds())},
        )  # fmt: skip
        return self._new_secret(tx, caller.id, by)

    def _caller(self, tx: Connection, wanted: Wanted, by: Actor) -> tuple[int, Secret | None]:
        c = query_caller.c
        found = tx.execute(sa.select(query_caller).where(c.rid == wanted.rid)).one_or_none()
        if found is not None:
            if found.revoked_us is not None:
                raise CallerRevoked(f"{wanted.rid} was revoked")
            return int(found.id), None
        if not wanted.title.strip():
            raise BadCaller(f"{wanted.rid} is new: say whose it is")
        caller_id = insert_row(
            tx, query_caller, rid=wanted.rid, title=wanted.title.strip(),
            addresses=",".join(wanted.addresses), per_minute=wanted.per_minute,
            per_day=wanted.per_day, added_us=database_now_us(tx), added_by=by.login,
            revoked_us=None, revoked_by="", revoked_why="",
        )  # fmt: skip
        audit.record(
            tx, act="caller.added", actor=by.login, subject=f"caller:{wanted.rid}",
            detail={
                "title": mask_text(wanted.title)[:100], "addresses": ",".join(wanted.addresses),
                "per_minute": wanted.per_minute, "per_day": wanted.per_day,
            },
        )  # fmt: skip
        return caller_id, self._new_secret(tx, caller_id, by)

    def _new_secret(self, tx: Connection, caller_id: int, by: Actor) -> Secret:
        secret = Secret(secrets.token_urlsafe(32))
        month = f"{self._clock.now():%Y-%m}"
        sealed = self._vault.seal(tx, VAULT_KIND, month, secret.reveal().encode("ascii"))
        insert_row(
            tx, query_secret, caller_id=caller_id, key_id=sealed.key_id, sealed=sealed.blob,
            made_us=database_now_us(tx), made_by=by.login, until_us=None,
        )  # fmt: skip
        return secret


def list_callers(view: Connection) -> list[CallerRow]:
    """Every caller with each of its grants, revoked ones too."""
    c, g = query_caller.c, query_grant.c
    rows = view.execute(
        sa.select(
            c.rid, c.title, c.addresses, c.per_minute, c.per_day, c.revoked_us,
            g.id.label("grant_id"), g.interface, g.purpose, g.basis, g.shown, g.until_day,
            g.granted_by, g.granted_us, g.revoked_us.label("grant_revoked_us"), g.revoked_why,
        )
        .join_from(query_caller, query_grant, c.id == g.caller_id, isouter=True)
        .order_by(c.rid, g.id)
    )  # fmt: skip
    return [
        CallerRow(
            row.rid, row.title, row.addresses, row.per_minute, row.per_day, row.revoked_us,
            None if row.grant_id is None else GrantRow(
                row.grant_id, row.interface, row.purpose, row.basis,
                tuple(filter(None, row.shown.split(","))), row.until_day, row.granted_by,
                row.granted_us, row.grant_revoked_us, row.revoked_why,
            ),
        )
        for row in rows
    ]  # fmt: skip


def caller_id(view: Connection, rid: str) -> int:
    """Raises NoSuchCaller."""
    return int(_find(view, rid).id)


def networks(addresses: Sequence[str]) -> tuple[str, ...]:
    """Addresses and networks in their plain form.  Raises BadCaller."""
    try:
        return tuple(str(ipaddress.ip_network(one.strip(), strict=False)) for one in addresses)
    except ValueError:
        raise BadCaller("an address or network is none, e.g. 10.1.2.3 or 10.1.0.0/16") from None


def _may(by: Actor) -> None:
    if by.party is not Party.CENTRE or not by.roles & _MAY:
        raise GrantNotYours


def _find(tx: Connection, rid: str) -> "sa.Row[Any]":
    found = tx.execute(sa.select(query_caller).where(query_caller.c.rid == rid)).one_or_none()
    if found is None:
        raise NoSuchCaller(f"there is no caller {rid[:60]!r}")
    return found


def _check(wanted: Wanted, grantable: Mapping[str, Collection[str]], today: date) -> None:
    known = grantable.get(wanted.interface)
    if known is None:
        published = ", ".join(sorted(grantable)) or "none"
        raise BadGrant(f"{wanted.interface[:40]!r} is not published here; there is {published}")
    strange = sorted(set(wanted.shown) - set(known))
    if strange or not wanted.shown:
        said = f"it cannot show {strange[0][:30]!r}" if strange else "it shows nothing"
        raise BadGrant(f"{said}; there is {', '.join(known)}")
    for name in ("purpose", "basis"):
        if not 1 <= len(getattr(wanted, name).strip()) <= 200:
            raise BadGrant(f"the {name} has 1 to 200 characters")
    if wanted.until < today:
        raise BadGrant(f"{wanted.until} is over")
    if _RID.fullmatch(wanted.rid) is None:
        raise BadCaller("a caller's id (rid) is 1 to 60 printable ASCII characters")
    if len(wanted.title.strip()) > 120:
        raise BadCaller("a caller's title has at most 120 characters")
    if len(",".join(wanted.addresses)) > 400:
        raise BadCaller("too many addresses: name their networks")
    if not (0 < wanted.per_minute <= MOST_CALLS and 0 < wanted.per_day <= MOST_CALLS * 100):
        raise BadCaller(f"a quota is 1 to {MOST_CALLS} calls a minute")


def expired(until_day: int, now: datetime) -> bool:
    """Whether a grant's last day is over."""
    return int(f"{now:%Y%m%d}") > until_day
