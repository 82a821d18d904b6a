"""Remote sessions (远程运维会话): 运维方 asks, 中心 agrees, both see what was done in it.

Not the sessions of the pages (:mod:`hub.people.sessions`): one of these says that somebody may
work from afar for some hours, and its commands are marked with its number in the command log.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.audit import record
from hub.kernel.errors import BadInput, NotFound, Refused
from hub.kernel.logs import mask_text
from hub.people.people import Actor
from hub.people.remote_tables import remote_session
from hub.people.words import Party
from hub.store import database_now_us, insert_row

ACT = "session.remote"
LONGEST_MINUTES = 24 * 60
_MINUTE_US = 60_000_000


class BadSession(BadInput):
    """This remote session cannot be asked for."""

    code = "session.bad"
    hint = "Give a reason, evidence, and a time between 1 minute and 24 hours."


class NoSuchSession(NotFound):
    """There is no such remote session, or it has ended."""

    code = "session.none"
    hint = "`hub session list` shows every session's number and state."


class SessionOpen(Refused):
    """This person has a remote session already that has not ended."""

    code = "session.open_already"
    hint = "Close it first: `hub session close NUMBER`."


class SessionNotYours(Refused):
    """A remote session is asked for by 运维方, and closed by whoever asked or by 中心."""

    code = "session.not_yours"
    status = 403
    hint = "People of 中心 work without one; `hub people list` shows who is of which party."


class SessionState(StrEnum):
    """Where it stands."""

    ASKED = "asked"
    OPEN = "open"
    EXPIRED = "expired"
    CLOSED = "closed"

    @property
    def label(self) -> str:
        """待确认, 进行中, 已到期 or 已结束."""
        return {"asked": "待确认", "open": "进行中", "expired": "已到期", "closed": "已结束"}[self]


@dataclass(frozen=True, slots=True)
class RemoteSession:
    """One session as of ``now_us``."""

    id: int
    login: str
    reason: str
    evidence: str
    evidence_sm3: str
    minutes: int
    asked_us: int
    confirmed_us: int | None
    confirmed_by: str
    until_us: int | None
    closed_us: int | None
    closed_by: str
    closed_why: str
    now_us: int

    @property
    def state(self) -> SessionState:
        """Where it stands now."""
        if self.closed_us is not None:
            return SessionState.CLOSED
        if self.until_us is None:
            return SessionState.ASKED
        return SessionState.OPEN if self.now_us < self.until_us else SessionState.EXPIRED


def ask(
    tx: Connection, actor: Actor, *, reason: str, evidence: str, evidence_sm3: str, minutes: int
) -> int:
    """Ask for one; its number.  Raises SessionNotYours, SessionOpen, BadSession."""
    if actor.party is not Party.OPERATOR:
        raise SessionNotYours
    said, shown = _clean(reason), _clean(evidence)
    if not said or not shown or not 1 <= minutes <= LONGEST_MINUTES:
        raise BadSession
    newest = newest_of(tx, actor.login)
    if newest is not None and newest.state in (SessionState.ASKED, SessionState.OPEN):
        raise SessionOpen(f"session {newest.id} of {actor.login} is {newest.state.value}")
    return insert_row(
        tx, remote_session, login=actor.login, reason=said, evidence=shown,
        evidence_sm3=evidence_sm3, minutes=minutes, asked_us=database_now_us(tx),
        confirmed_us=None, confirmed_by="", until_us=None, closed_us=None, closed_by="",
        closed_why="",
    )  # fmt: skip


def confirm(tx: Connection, number: int, *, by: str) -> None:
    """中心 has agreed: it is good from now on.  Raises NoSuchSession."""
    now_us = database_now_us(tx)
    found = get(tx, number)
    done = tx.execute(
        sa.update(remote_session)
        .where(remote_session.c.id == number, remote_session.c.confirmed_us.is_(None))
        .where(remote_session.c.closed_us.is_(None))
        .values(confirmed_us=now_us, confirmed_by=by, until_us=now_us + found.minutes * _MINUTE_US)
    )
    if not done.rowcount:
        raise NoSuchSession(f"session {number} is {found.state.value}")


def close(tx: Connection, actor: Actor, number: int, *, why: str) -> None:
    """End it, asked for or open.  Raises NoSuchSession, SessionNotYours, BadSession."""
    found, said = get(tx, number), _clean(why)
    if actor.login != found.login and actor.party is not Party.CENTRE:
        raise SessionNotYours
    if not said:
        raise BadSession("say why")
    done = tx.execute(
        sa.update(remote_session)
        .where(remote_session.c.id == number, remote_session.c.closed_us.is_(None))
        .values(closed_us=database_now_us(tx), closed_by=actor.login, closed_why=said)
    )
    if not done.rowcount:
        raise NoSuchSession(f"session {number} is closed")
    record(
        tx, act="session.close", actor=actor.login, subject=f"session:{number}",
        detail={"reason": said},
    )  # fmt: skip


def get(tx: Connection, number: int) -> RemoteSession:
    """One.  Raises NoSuchSession."""
    row = tx.execute(sa.select(remote_session).where(remote_session.c.id == number)).one_or_none()
    if row is None:
        raise NoSuchSession(f"there is no session {number}")
    return _session(row, database_now_us(tx))


def newest_of(tx: Connection, login: str) -> RemoteSession | None:
    """The last one that a person asked for."""
    row = tx.execute(
        sa.select(remote_session)
        .where(remote_session.c.login == login)
        .order_by(remote_session.c.id.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else _session(row, database_now_us(tx))


def list_sessions(tx: Connection, most: int = 100) -> list[RemoteSession]:
    """The newest first."""
    now_us = database_now_us(tx)
    query = sa.select(remote_session).order_by(remote_session.c.id.desc()).limit(most)
    return [_session(row, now_us) for row in tx.execute(query)]


def sessions_between(tx: Connection, from_us: int, until_us: int) -> list[RemoteSession]:
    """Those that were good in some part of a time, in order."""
    s = remote_session.c
    query = (
        sa.select(remote_session)
        .where(s.confirmed_us <= until_us, s.until_us >= from_us)
        .where(sa.or_(s.closed_us.is_(None), s.closed_us >= from_us))
        .order_by(s.id)
    )
    now_us = database_now_us(tx)
    return [_session(row, now_us) for row in tx.execute(query)]


def _session(row: "sa.Row[Any]", now_us: int) -> RemoteSession:
    said = dict(row._mapping)
    return RemoteSession(login=said.pop("login_name"), **said, now_us=now_us)


def _clean(text: str) -> str:
    return mask_text(" ".join(text.split()))[:200]
