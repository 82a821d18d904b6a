"""Signing in to the pages: a password and a one-time code open a session.

The personal token is what a person is handed; with it they set a password and enrol the device
that makes their codes.  A session is a token of a few hours: whatever takes a personal token takes
it too, until it is signed out, idle, or its person's tokens are revoked.

Source: GB/T 22239-2019 8.1.4.1 (identity: complexity and change, failures, two factors);
the codes are RFC 6238's (SHA-1, 30 seconds, six digits, as every authenticator takes them).
"""

import re
import secrets
from dataclasses import dataclass

import sqlalchemy as sa
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor import InvalidToken
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from sqlalchemy.engine import Connection

from hub import audit
from hub.kernel.clocks import from_us
from hub.kernel.secret import Secret
from hub.people import tokens
from hub.people.errors import (
    NoSuchPerson,
    PasswordOld,
    PasswordWeak,
    RoleMissing,
    SignInRefused,
    TooManyTries,
)
from hub.people.people import ENROL, FREE_FAILURES, MAX_WAIT_S, SESSION, VAULT_KIND, Actor, People
from hub.people.tables import person, person_secret, person_token
from hub.people.words import Role
from hub.store import Store, database_now_us
from hub.store.vault import Vault

SESSION_US = 12 * 3600 * 1_000_000
"""A session's longest life: a working day."""
ENROL_US = 10 * 60 * 1_000_000
PASSWORD_US = 90 * 86_400 * 1_000_000
"""A password is to be changed after so long."""

_STEP_S = 30
_DIGITS = 6
_SKEW = 1
"""A code of the step before or after counts: no clock is exact."""
_KEY_BYTES = 20
_NEVER = -1
_LONGEST = 128
_KINDS = ("[a-z]", "[A-Z]", "[0-9]", "[^a-zA-Z0-9]")


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What a person needs to enrol: the key for their device (also as an ``otpauth`` address),
    and the pass with which the first code is given."""

    login: str
    key: Secret
    address: Secret
    enrol: Secret


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One open session, for the list."""

    login: str
    since_us: int
    used_us: int
    until_us: int


class Sessions:
    """Passwords, codes and sessions of one database.  Safe across threads."""

    def __init__(self, store: Store, vault: Vault, people: People) -> None:
        self._store, self._vault, self._people = store, vault, people

    def set_password(self, token: Secret, password: Secret, issuer: str) -> Enrolment:
        """Set a password, and begin with a new key for the codes.

        ``token`` is the personal one, or a session of the same person.  Whoever was signed in as
        this person is signed out.  Raises PasswordWeak and what ``People.authenticate`` raises.
        """
        actor = self._people.authenticate(token)
        check_password(password, actor.login)
        hashed, key = tokens.hash_of(password), secrets.token_bytes(_KEY_BYTES)
        with self._store.write() as tx:
            actor = self._people.current(tx, actor)
            now_us, person_id = database_now_us(tx), _person_id(tx, actor.login)
            sealed = self._vault.seal(tx, VAULT_KIND, f"{from_us(now_us):%Y-%m}", key)
            values = {
                "hash": hashed, "set_us": now_us, "failures": 0, "wait_until_us": 0,
                "code_key_id": sealed.key_id, "code_blob": sealed.blob, "code_step": _NEVER,
            }  # fmt: skip
            _end(tx, person_id, actor.login, now_us)
            tx.execute(sa.delete(person_secret).where(person_secret.c.person_id == person_id))
            tx.execute(sa.insert(person_secret).values(person_id=person_id, **values))
            enrol = _open(tx, person_id, actor.login, ENROL, now_us, ENROL_US)
            audit.record(tx, act="person.password", actor=actor.login, subject=actor.login)
        address = _totp(key).get_provisioning_uri(actor.login, issuer)
        return Enrolment(actor.login, Secret(_base32(address)), Secret(address), enrol)

    def enrol(self, enrol: Secret, code: str) -> Secret:
        """The first code proves that the device has the key; answers the session.

        Raises SignInRefused for a wrong one (the pass is good for ten minutes) and when the pass
        is none.
        """
        parts = tokens.take_apart(enrol)
        with self._store.read() as tx:
            row = tx.execute(
                _pass().where(person_token.c.lookup == parts.lookup, person_token.c.kind == ENROL)
            ).one_or_none()
            now_us = database_now_us(tx)
            good = (
                row is not None
                and row.revoked_us is None
                and now_us < row.until_us
                and tokens.fits(row.token_hash, parts.secret)
            )
            step = self._step(tx, row, code, now_us) if row is not None and good else None
        if row is None or step is None:
            raise SignInRefused
        with self._store.write() as tx:
            _take_step(tx, row.person_id, row.code_step, step)
            _end(tx, row.person_id, row.login, now_us)
            audit.record(tx, act="person.enrolled", actor=row.login, subject=row.login)
            return _open(tx, row.person_id, row.login, SESSION, now_us, SESSION_US)

    def sign_in(self, login: str, password: Secret, code: str) -> Secret:
        """Answers the session: a token of its own, shown to the browser alone.

        Raises SignInRefused (whatever of the three was wrong), TooManyTries, PasswordOld.
        """
        with self._store.read() as tx:
            row = tx.execute(_known().where(person.c.login == login.strip())).one_or_none()
            now_us = database_now_us(tx)
            if row is not None and row.wait_until_us > now_us:
                raise TooManyTries
        fits = tokens.fits(row.hash if row is not None else None, password.reveal())
        with self._store.read() as tx:
            known = row is not None and fits and row.code_step != _NEVER
            step = self._step(tx, row, code, now_us) if row is not None and known else None
        if row is None or step is None:
            if row is not None:
                self._count_failure(row.person_id, row.login)
            raise SignInRefused
        if now_us - row.set_us > PASSWORD_US:
            raise PasswordOld
        with self._store.write() as tx:
            _take_step(tx, row.person_id, row.code_step, step)
            audit.record(tx, act="person.signed_in", actor=row.login, subject=row.login)
            return _open(tx, row.person_id, row.login, SESSION, now_us, SESSION_US)

    def sign_out(self, session: Secret) -> None:
        """End a session; one that is over already stays so."""
        parts = tokens.take_apart(session)
        with self._store.write() as tx:
            row = tx.execute(
                sa.select(person_token.c.id, person_token.c.hash, person.c.login)
                .join_from(person_token, person, person.c.id == person_token.c.person_id)
                .where(person_token.c.lookup == parts.lookup, person_token.c.kind == SESSION)
                .where(person_token.c.revoked_us.is_(None))
            ).one_or_none()
            if row is None or not tokens.fits(row.hash, parts.secret):
                return
            tx.execute(
                sa.update(person_token)
                .where(person_token.c.id == row.id)
                .values(revoked_us=database_now_us(tx), revoked_by=row.login)
            )
            audit.record(tx, act="person.signed_out", actor=row.login, subject=row.login)

    def end(self, *, login: str, by: Actor) -> int:
        """A security administrator ends a person's sessions; how many there were.

        Raises RoleMissing, NoSuchPerson.
        """
        with self._store.write() as tx:
            acting = self._people.current(tx, by)
            if not acting.roles & {Role.SECURITY, Role.ADMINISTRATOR}:
                raise RoleMissing(f"{by.login} is not {Role.SECURITY.label}")
            count = _end(tx, _person_id(tx, login), by.login, database_now_us(tx))
            audit.record(tx, act="person.sessions_ended", actor=by.login, subject=login,
                         count=count)  # fmt: skip
            return count

    def open_ones(self, tx: Connection) -> list[SessionRow]:
        """Who is signed in, newest first."""
        now_us = database_now_us(tx)
        rows = tx.execute(
            sa.select(person_token, person.c.login)
            .join_from(person_token, person, person.c.id == person_token.c.person_id)
            .where(person_token.c.kind == SESSION, person_token.c.revoked_us.is_(None))
            .where(person_token.c.until_us > now_us)
            .order_by(person_token.c.id.desc())
        ).all()
        return [
            SessionRow(row.login, row.created_us, row.last_used_us or row.created_us, row.until_us)
            for row in rows
        ]

    def _step(self, tx: Connection, row: "sa.Row[tuple[object, ...]]", code: str, now_us: int
              ) -> int | None:  # fmt: skip
        """The 30-second step whose code this is and that was not used before; None: none."""
        clean = re.sub(r"[\s-]", "", code)
        if re.fullmatch(f"[0-9]{{{_DIGITS}}}", clean) is None:
            return None
        totp, now = _totp(self._vault.open(tx, row.code_key_id, row.code_blob)), now_us // 1_000_000
        for step in range(now // _STEP_S - _SKEW, now // _STEP_S + _SKEW + 1):
            try:
                totp.verify(clean.encode("ascii"), step * _STEP_S)
            except InvalidToken:
                continue
            return step if step > row.code_step else None
        return None

    def _count_failure(self, person_id: int, login: str) -> None:
        with self._store.write() as tx:
            failures = (
                1
                + tx.execute(
                    sa.select(person_secret.c.failures)
                    .where(person_secret.c.person_id == person_id)
                    .with_for_update()
                ).scalar_one()
            )
            beyond = failures - FREE_FAILURES
            wait_s = min(2 ** min(beyond, 20), MAX_WAIT_S) if beyond >= 0 else 0
            until_us = database_now_us(tx) + wait_s * 1_000_000 if wait_s else 0
            tx.execute(
                sa.update(person_secret)
                .where(person_secret.c.person_id == person_id)
                .values(failures=failures, wait_until_us=until_us)
            )
            if wait_s:
                audit.record(
                    tx, act="person.locked", actor="hub", subject=login,
                    detail=f"{failures} wrong sign-ins, waits {wait_s} s", count=failures,
                )  # fmt: skip


def check_password(password: Secret, login: str) -> None:
    """Raises PasswordWeak."""
    text = password.reveal()
    kinds = sum(re.search(kind, text) is not None for kind in _KINDS)
    if not 10 <= len(text) <= _LONGEST or kinds < 3 or login in text.lower():
        raise PasswordWeak


def _totp(key: bytes) -> TOTP:
    return TOTP(key, _DIGITS, SHA1(), _STEP_S)  # noqa: S303  (RFC 6238's own, and devices')


def _base32(address: str) -> str:
    found = re.search(r"secret=([A-Z2-7]+)", address)
    return found[1] if found else ""


def _known() -> "sa.Select[tuple[object, ...]]":
    return sa.select(person_secret, person.c.login).join_from(
        person_secret, person, person.c.id == person_secret.c.person_id
    )


def _pass() -> "sa.Select[tuple[object, ...]]":
    return (
        sa.select(
            person_secret, person.c.login, person_token.c.hash.label("token_hash"),
            person_token.c.until_us, person_token.c.revoked_us,
        )
        .join_from(person_secret, person, person.c.id == person_secret.c.person_id)
        .join(person_token, person_token.c.person_id == person.c.id)
    )  # fmt: skip


def _person_id(tx: Connection, login: str) -> int:
    found = tx.execute(sa.select(person.c.id).where(person.c.login == login)).scalar()
    if found is None:
        raise NoSuchPerson(f"there is no person with the login {login[:40]!r}")
    return int(found)


def _take_step(tx: Connection, person_id: int, known: int, step: int) -> None:
    """Use a code up; the second of two who show the same one is refused."""
    taken = tx.execute(
        sa.update(person_secret)
        .where(person_secret.c.person_id == person_id, person_secret.c.code_step == known)
        .values(code_step=step, failures=0, wait_until_us=0)
    )
    if taken.rowcount != 1:
        raise SignInRefused


def _open(
    tx: Connection, person_id: int, login: str, kind: str, now_us: int, life_us: int
) -> Secret:
    fresh = tokens.new_session()
    tx.execute(
        sa.insert(person_token).values(
            person_id=person_id, lookup=fresh.lookup, hash=fresh.hash, created_us=now_us,
            created_by=login, revoked_by="", failures=0, wait_until_us=0, kind=kind,
            until_us=now_us + life_us,
        )
    )  # fmt: skip
    return fresh.token


def _end(tx: Connection, person_id: int, by: str, now_us: int) -> int:
    """Revoke every session (and pass) of a person."""
    ended = tx.execute(
        sa.update(person_token)
        .where(person_token.c.person_id == person_id, person_token.c.kind.in_((SESSION, ENROL)))
        .where(person_token.c.revoked_us.is_(None))
        .values(revoked_us=now_us, revoked_by=by)
    )
    return int(ended.rowcount)
