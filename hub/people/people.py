"""People and their tokens: who is acting.

A name is not a person: an ``Actor`` comes from a token, through ``People.authenticate``, and
everything that counts asks the database again whether that token still holds.

How the first people come about: while there is nobody, ``add(by=None)`` makes one without a token
(`hub people add` on the hub's own machine), who is 系统管理员; the database allows one such founder
for ever.  Everybody after is added with an administrator's token, and is handed a token of their
own: an act of two needs two people who each keep theirs.
"""

import hashlib
import re
import secrets
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from hub import audit
from hub.kernel.clocks import from_us, monotonic
from hub.kernel.secret import PersonName, Secret
from hub.people import tokens
from hub.people.errors import (
    BadPerson,
    BootstrapOver,
    LoginTaken,
    NoSuchPerson,
    RoleMissing,
    SessionOver,
    TokenRefused,
    TooManyTries,
)
from hub.people.tables import person, person_secret, person_token
from hub.people.words import KEPT_APART, Party, Role
from hub.store import Store, database_now_us
from hub.store.vault import Vault

VAULT_KIND = "person"
PERSONAL, SESSION, ENROL = "personal", "session", "enrol"
"""Kinds of token: kept by its owner; a browser's; between a password and its first code."""
FREE_FAILURES = 5
"""Wrong secrets for one id before it must wait: a second, then twice that, up to MAX_WAIT_S."""
MAX_WAIT_S = 900
REMEMBER_S = 20.0
"""How long a process remembers that a token was verified.  A page's requests would otherwise each
pay Argon2's 64 MiB.  What is remembered is a keyed digest; that the token is not revoked is asked
of the database every time."""
IDLE_US = 30 * 60_000_000
"""A session that nobody uses for so long is over (GB/T 22239-2019 8.1.4.1, 超时自动退出)."""
_USED_EVERY_US = 60_000_000  # last_used is written once a minute, not at every request

_LOGIN = re.compile(r"[a-z][a-z0-9._-]{1,31}")


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who showed a token.  ``str()`` is the login, as the audit names people."""

    login: str
    party: Party
    roles: frozenset[Role]
    token_id: int

    def __str__(self) -> str:
        return self.login


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One line of the list.  ``tokens`` counts those that are valid."""

    login: str
    name_mask: str
    party: Party
    roles: frozenset[Role]
    added_us: int
    added_by: str
    tokens: int
    last_used_us: int | None


class People:
    """The people of one database.  Safe across threads."""

    def __init__(self, store: Store, vault: Vault) -> None:
        self._store = store
        self._vault = vault
        self._lock = threading.Lock()
        self._digest_key = secrets.token_bytes(32)
        self._verified: dict[bytes, tuple[int, float]] = {}
        self.known: Callable[[Actor], None] = lambda _actor: None
        """Told of everybody whose token held: the command log notes who ran a command."""

    def add(
        self, tx: Connection, *, login: str, name: str, party: Party, roles: Iterable[Role],
        by: Actor | None,
    ) -> Secret:  # fmt: skip
        """Add a person; answers the personal token, which is shown once and kept nowhere.

        ``by`` is an administrator; None makes the very first person, who becomes 系统管理员 of
        中心 whatever else is asked for.  Raises BootstrapOver, LoginTaken, BadPerson.
        """
        wanted = frozenset(Role(role) for role in roles)
        if by is None:
            self._refuse_second_founder(tx)
            party, wanted = Party.CENTRE, wanted | {Role.ADMINISTRATOR}
        else:
            self._administrator(tx, by)
        _check(login, name, wanted)
        now_us = database_now_us(tx)
        sealed = self._vault.seal(tx, VAULT_KIND, f"{from_us(now_us):%Y-%m}", name.strip().encode())
        actor = by.login if by else login
        try:
            with tx.begin_nested():
                person_id = tx.execute(
                    sa.insert(person)
                    .values(
                        login=login,
                        name_key_id=sealed.key_id,
                        name_blob=sealed.blob,
                        name_mask=PersonName(name).shown()[:40],
                        party=Party(party).value,
                        roles=",".join(sorted(wanted)),
                        added_us=now_us,
                        added_by=actor,
                        founder=None if by else "first",
                    )
                    .returning(person.c.id)
                ).scalar_one()
        except IntegrityError:
            if by is None:
                raise BootstrapOver from None
            raise LoginTaken(f"there is a person with the login {login!r}") from None
        token = self._give_token(tx, person_id, actor, now_us)
        audit.record(
            tx, act="person.add", actor=actor, subject=login,
            detail=f"{Party(party).value}: {','.join(sorted(wanted))}",
        )  # fmt: skip
        return token

    def renew(self, tx: Connection, *, login: str, by: Actor) -> Secret:
        """Revoke whatever token this person has and give a new one."""
        person_id = self._revoke(tx, login, by)
        audit.record(tx, act="person.renew", actor=by.login, subject=login)
        return self._give_token(tx, person_id, by.login, database_now_us(tx))

    def revoke(self, tx: Connection, *, login: str, by: Actor) -> None:
        """Make this person's tokens worthless, at once and everywhere.  The person stays: what
        they did keeps its name."""
        self._revoke(tx, login, by)
        audit.record(tx, act="person.revoke", actor=by.login, subject=login)

    def authenticate(self, token: Secret) -> Actor:
        """Who this token belongs to.  Raises TokenRefused or TooManyTries.

        Takes no transaction: a failure must stay counted though the caller's work is undone, and
        Argon2 must not hold the write lock.
        """
        digest = hashlib.blake2b(token.reveal().strip().encode(), key=self._digest_key).digest()
        parts = tokens.take_apart(token)
        with self._store.read() as tx:
            now_us = database_now_us(tx)
            row = _token_row(tx, person_token.c.lookup == parts.lookup)
        if row is not None and row.wait_until_us > now_us:
            raise TooManyTries
        if not self._remembered(digest, row.id if row else 0):
            if not tokens.fits(row.hash if row else None, parts.secret) or row is None:
                self._count_failure(parts.lookup)
                raise TokenRefused
            self._remember(digest, row.id)
        if row is None or row.revoked_us is not None:
            raise TokenRefused  # the same words: a finder learns nothing about a lost token
        _check_session(row, now_us)
        if row.failures or now_us - (row.last_used_us or 0) > _USED_EVERY_US:
            self._mark_used(row.id)
        actor = _actor(row)
        self.known(actor)
        return actor

    def current(self, tx: Connection, actor: Actor) -> Actor:
        """The same person as the database knows them inside this transaction.

        Raises TokenRefused when the token they showed was revoked meanwhile, or was never shown.
        """
        row = _token_row(tx, person_token.c.id == actor.token_id)
        if row is None or row.revoked_us is not None or row.login != actor.login:
            raise TokenRefused
        _check_session(row, database_now_us(tx))
        return _actor(row)

    def list_people(self, tx: Connection) -> list[PersonRow]:
        """Everybody, by login."""
        personal = sa.and_(person_token.c.revoked_us.is_(None), person_token.c.kind == PERSONAL)
        valid = sa.func.count(sa.case((personal, person_token.c.id)))
        rows = tx.execute(
            sa.select(person, valid.label("valid"), sa.func.max(person_token.c.last_used_us))
            .join_from(person, person_token, person.c.id == person_token.c.person_id, isouter=True)
            .group_by(person.c.id)
            .order_by(person.c.login)
        ).all()
        return [
            PersonRow(
                row.login, row.name_mask, Party(row.party), _roles(row.roles), row.added_us,
                row.added_by, row.valid, row[-1],
            )
            for row in rows
        ]  # fmt: skip

    def name(self, tx: Connection, login: str) -> PersonName:
        """A person's name, opened: for a sheet that people sign."""
        row = tx.execute(sa.select(person).where(person.c.login == login)).one_or_none()
        if row is None:
            raise NoSuchPerson(f"there is no person with the login {login[:40]!r}")
        return PersonName(self._vault.open(tx, row.name_key_id, row.name_blob).decode())

    def _refuse_second_founder(self, tx: Connection) -> None:
        # Two at once both pass here; the unique founder stops the second.
        if tx.execute(sa.select(sa.func.count()).select_from(person)).scalar_one():
            raise BootstrapOver

    def _administrator(self, tx: Connection, by: Actor) -> None:
        if Role.ADMINISTRATOR not in self.current(tx, by).roles:
            raise RoleMissing(f"{by.login} is not {Role.ADMINISTRATOR.label}")

    def _give_token(self, tx: Connection, person_id: int, by: str, now_us: int) -> Secret:
        fresh = tokens.new_token()
        tx.execute(
            sa.insert(person_token).values(
                person_id=person_id, lookup=fresh.lookup, hash=fresh.hash, created_us=now_us,
                created_by=by, revoked_by="", failures=0, wait_until_us=0, kind=PERSONAL,
            )
        )  # fmt: skip
        return fresh.token

    def _revoke(self, tx: Connection, login: str, by: Actor) -> int:
        self._administrator(tx, by)
        # Locked: two renewals at once must not leave two valid tokens.
        found = tx.execute(
            sa.select(person.c.id).where(person.c.login == login).with_for_update()
        ).scalar()
        if found is None:
            raise NoSuchPerson(f"there is no person with the login {login[:40]!r}")
        tx.execute(
            sa.update(person_token)
            .where(person_token.c.person_id == found, person_token.c.revoked_us.is_(None))
            .values(revoked_us=database_now_us(tx), revoked_by=by.login)
        )
        # The password goes too: who is sent away signs in no more, and whoever had a lost token
        # may have set one with it.
        tx.execute(sa.delete(person_secret).where(person_secret.c.person_id == found))
        return int(found)

    def _remembered(self, digest: bytes, token_id: int) -> bool:
        with self._lock:
            found = self._verified.get(digest)
            return found is not None and found[0] == token_id and monotonic() < found[1]

    def _remember(self, digest: bytes, token_id: int) -> None:
        now = monotonic()
        with self._lock:
            self._verified = {k: v for k, v in self._verified.items() if v[1] > now}
            self._verified[digest] = (token_id, now + REMEMBER_S)

    def _count_failure(self, lookup: str) -> None:
        with self._store.write() as tx:
            row = tx.execute(
                sa.select(person_token.c.id, person_token.c.failures, person.c.login)
                .join_from(person_token, person, person.c.id == person_token.c.person_id)
                .where(person_token.c.lookup == lookup)
                .with_for_update()
            ).one_or_none()
            if row is None:
                return
            failures = row.failures + 1
            beyond = failures - FREE_FAILURES
            wait_s = min(2 ** min(beyond, 20), MAX_WAIT_S) if beyond >= 0 else 0
            tx.execute(
                sa.update(person_token)
                .where(person_token.c.id == row.id)
                .values(
                    failures=failures,
                    wait_until_us=database_now_us(tx) + wait_s * 1_000_000 if wait_s else 0,
                )
            )
            if wait_s:
                audit.record(
                    tx, act="person.locked", actor="hub", subject=row.login,
                    detail=f"{failures} wrong tokens, waits {wait_s} s", count=failures,
                )  # fmt: skip

    def _mark_used(self, token_id: int) -> None:
        with self._store.write() as tx:
            tx.execute(
                sa.update(person_token)
                .where(person_token.c.id == token_id)
                .values(last_used_us=database_now_us(tx), failures=0, wait_until_us=0)
            )


def _token_row(
    tx: Connection, which: sa.ColumnElement[bool]
) -> "sa.Row[tuple[object, ...]] | None":
    return tx.execute(
        sa.select(person_token, person.c.login, person.c.party, person.c.roles)
        .join_from(person_token, person, person.c.id == person_token.c.person_id)
        .where(which)
    ).one_or_none()


def _check_session(row: "sa.Row[tuple[object, ...]]", now_us: int) -> None:
    """A session ends by itself; one that only enrols opens nothing.  Raises SessionOver."""
    if row.kind == PERSONAL:
        return
    used_us = max(row.last_used_us or 0, row.created_us)
    if row.kind != SESSION or now_us >= row.until_us or now_us - used_us >= IDLE_US:
        raise SessionOver


def _actor(row: "sa.Row[tuple[object, ...]]") -> Actor:
    return Actor(row.login, Party(row.party), _roles(row.roles), row.id)


def _roles(text: str) -> frozenset[Role]:
    return frozenset(Role(word) for word in text.split(",") if word)


def _check(login: str, name: str, roles: frozenset[Role]) -> None:
    if _LOGIN.fullmatch(login) is None:
        raise BadPerson("a login is 2 to 32 of a-z, 0-9, dot, dash, underscore; first a letter")
    if not 1 <= len(name.strip()) <= 40:
        raise BadPerson("a name has 1 to 40 characters")
    if not roles:
        raise BadPerson("a person needs a role: " + ", ".join(role.value for role in Role))
    if len(roles & KEPT_APART) > 1:
        apart = "、".join(role.label for role in Role if role in KEPT_APART)
        raise BadPerson(f"nobody may have two of these roles: {apart}")
