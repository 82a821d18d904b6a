"""Acts that take two people: one asks, another confirms, and the act is done in that moment.

The request keeps what was asked for as canonical JSON with its digest.  To confirm checks, in one
transaction: the request is open and fresh, the second person is another one, of the right party
and role, with a token that still holds; the stored payload has its digest; what is true now still
is what was asked for.  Then the act's executor runs in the same transaction: there is no state
"confirmed but not done" that a crash could leave behind.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from hub import audit
from hub.crypto.sm3 import sm3_hex
from hub.kernel.logs import mask_text
from hub.people.errors import (
    BadRequestForTwo,
    NobodyExecutes,
    NoSuchRequest,
    PayloadChanged,
    RequestClosed,
    RequestExpired,
    RoleMissing,
    SamePerson,
    WrongParty,
)
from hub.people.people import Actor, People
from hub.people.tables import approval
from hub.people.words import ACTS, Act, Party, Role
from hub.store import database_now_us

Payload = Mapping[str, str | int]


class ApprovalState(StrEnum):
    """``confirmed`` lasts only inside the transaction that executes the act."""

    REQUESTED = "requested"
    CONFIRMED = "confirmed"
    DONE = "done"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """One request.  Instants are µs UTC of the database's clock; ``confirmed_by`` is empty until
    it is confirmed; ``ended_why`` is the second person's word, or why it ended otherwise."""

    id: int
    act: str
    subject: str
    payload: dict[str, str | int]
    digest: str
    reason: str
    requested_by: str
    requested_us: int
    expires_us: int
    state: ApprovalState
    ended_by: str
    ended_us: int | None
    ended_why: str

    @property
    def title(self) -> str:
        """The act in Chinese."""
        return ACTS[self.act].title

    @property
    def confirmed_by(self) -> str:
        """Who confirmed it; empty when nobody has."""
        agreed = self.state in (ApprovalState.CONFIRMED, ApprovalState.DONE)
        return self.ended_by if agreed else ""


Executor = Callable[[Connection, Approval], object]
Truth = Callable[[Connection, Approval], Payload]


def digest_of(payload: Payload) -> str:
    """SM3 over the payload's canonical JSON: keys sorted, no blanks, UTF-8."""
    return sm3_hex(_canonical(payload).encode())


class Approvals:
    """The requests of one database.  Executors are registered once, at start."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._executors: dict[str, tuple[Executor, Truth | None]] = {}

    def on(self, act: str, executor: Executor, *, truth: Truth | None = None) -> None:
        """``executor(tx, approval)`` carries the act out, inside the confirming transaction: no
        network, well under a second; what it raises undoes the confirmation.

        ``truth(tx, approval)`` answers the payload as a request made now would have it; when that
        differs, the confirmation is refused.
        """
        self._executors[ACTS[act].code] = (executor, truth)

    def request(
        self, tx: Connection, actor: Actor, *, act: str, subject: str, payload: Payload, reason: str
    ) -> int:
        """Ask for an act; answers the request's id, the same for the same open request.

        ``subject`` names the one thing it is about (``run:2025-10/wave:1``): an open request for
        it that says something else is withdrawn, since both cannot be right.  The payload holds
        numbers and digests, no personal data.  Raises RoleMissing, WrongParty, TokenRefused,
        BadRequestForTwo.
        """
        known = self._act(act)
        self._allow(tx, actor, known, known.request_roles, known.request_party, "request")
        body = _canonical(payload)
        digest = sm3_hex(body.encode())
        if not reason.strip() or not 1 <= len(subject) <= 120:
            raise BadRequestForTwo("a request needs a subject and a reason")
        now_us = database_now_us(tx)
        values = {
            "act": act, "subject": subject, "body": body, "digest": digest,
            "reason": _said(reason), "requested_by": actor.login, "requested_us": now_us,
            "expires_us": now_us + known.fresh_s * 1_000_000, "ended_by": "", "ended_why": "",
            "state": ApprovalState.REQUESTED, "open_key": _open_key(act, subject),
        }  # fmt: skip
        while True:
            open_id = self._same_or_withdraw(tx, actor, values, now_us)
            if open_id is not None:
                return open_id
            try:
                with tx.begin_nested():
                    approval_id = tx.execute(
                        sa.insert(approval).values(values).returning(approval.c.id)
                    ).scalar_one()
            except IntegrityError:
                continue  # somebody asked for the same thing in this moment: look again
            break
        self._note(tx, self.get(tx, approval_id), "request", actor, reason)
        return int(approval_id)

    def confirm(self, tx: Connection, actor: Actor, approval_id: int, reason: str = "") -> Approval:
        """Agree, and have the act done.  Answers the approval as done.

        Raises NoSuchRequest, RequestClosed, RequestExpired, SamePerson, WrongParty, RoleMissing,
        TokenRefused, PayloadChanged, NobodyExecutes, and whatever the executor raises; then
        nothing has changed.
        """
        asked = self._second(tx, actor, approval_id)
        if digest_of(asked.payload) != asked.digest:
            raise PayloadChanged(f"request {asked.id} was altered in the database")
        if asked.act not in self._executors:
            raise NobodyExecutes(f"this process does not carry out {asked.act}")
        executor, truth = self._executors[asked.act]
        if truth is not None:
            _require_same(asked.payload, truth(tx, asked))
        self._end(tx, asked.id, ApprovalState.CONFIRMED, actor.login, reason)
        self._note(tx, asked, "confirm", actor, reason)
        executor(tx, self.get(tx, asked.id))
        tx.execute(
            sa.update(approval)
            .where(approval.c.id == asked.id)
            .values(state=ApprovalState.DONE, open_key=None)
        )
        return self.get(tx, asked.id)

    def refuse(self, tx: Connection, actor: Actor, approval_id: int, reason: str) -> Approval:
        """The second person says no.  The same people may who could confirm."""
        asked = self._second(tx, actor, approval_id)
        return self._close(tx, asked, ApprovalState.REFUSED, actor, reason)

    def withdraw(self, tx: Connection, actor: Actor, approval_id: int, reason: str) -> Approval:
        """Whoever asked takes it back."""
        asked = self._open(tx, approval_id)
        if self._people.current(tx, actor).login != asked.requested_by:
            raise RoleMissing(f"only {asked.requested_by} can withdraw request {asked.id}")
        return self._close(tx, asked, ApprovalState.WITHDRAWN, actor, reason)

    def get(self, tx: Connection, approval_id: int) -> Approval:
        """One request; raises NoSuchRequest."""
        row = tx.execute(sa.select(approval).where(approval.c.id == approval_id)).one_or_none()
        if row is None:
            raise NoSuchRequest(f"there is no request {approval_id}")
        return _approval(row)

    def open_requests(self, tx: Connection) -> list[Approval]:
        """What can be confirmed now, oldest first."""
        rows = tx.execute(
            sa.select(approval)
            .where(approval.c.state == ApprovalState.REQUESTED)
            .where(approval.c.expires_us > database_now_us(tx))
            .order_by(approval.c.id)
        )
        return [_approval(row) for row in rows]

    def expire(self, tx: Connection) -> int:
        """Mark what has grown too old; answers how many.  Only tidies: an old request is refused
        whether it is marked or not."""
        now_us = database_now_us(tx)
        expired = tx.execute(
            sa.update(approval)
            .where(approval.c.state == ApprovalState.REQUESTED, approval.c.expires_us <= now_us)
            .values(state=ApprovalState.EXPIRED, open_key=None, ended_us=now_us)
        )
        if expired.rowcount:
            audit.record(
                tx, act="approval.expire", actor="hub", subject="approvals",
                detail="too old to be confirmed", count=expired.rowcount,
            )  # fmt: skip
        return expired.rowcount

    def _act(self, code: str) -> Act:
        if code not in ACTS:
            raise BadRequestForTwo(f"{code[:40]!r} is no act that takes two people")
        return ACTS[code]

    def _allow(
        self, tx: Connection, actor: Actor, act: Act, roles: frozenset[Role], party: Party,
        verb: str,
    ) -> None:  # fmt: skip
        found = self._people.current(tx, actor)
        if found.party is not party:
            raise WrongParty(f"to {verb} {act.code} ({act.title}) is {party.label}'s alone")
        if not found.roles & roles:
            words = " / ".join(role.label for role in Role if role in roles)
            raise RoleMissing(f"to {verb} {act.code} ({act.title}) needs {words}")

    def _open(self, tx: Connection, approval_id: int) -> Approval:
        """The request, locked against a second confirmer until this transaction ends."""
        row = tx.execute(
            sa.select(approval).where(approval.c.id == approval_id).with_for_update()
        ).one_or_none()
        if row is None:
            raise NoSuchRequest(f"there is no request {approval_id}")
        found = _approval(row)
        if found.state is ApprovalState.EXPIRED:
            raise RequestExpired
        if found.state is not ApprovalState.REQUESTED:
            raise RequestClosed(f"request {found.id} is {found.state.value} ({found.ended_by})")
        if found.expires_us <= database_now_us(tx):
            raise RequestExpired
        return found

    def _second(self, tx: Connection, actor: Actor, approval_id: int) -> Approval:
        asked = self._open(tx, approval_id)
        if actor.login == asked.requested_by:
            raise SamePerson(f"{actor.login} asked for request {asked.id} and cannot confirm it")
        act = self._act(asked.act)
        self._allow(tx, actor, act, act.confirm_roles, act.party, "confirm")
        return asked

    def _close(
        self, tx: Connection, asked: Approval, state: ApprovalState, actor: Actor, reason: str
    ) -> Approval:
        self._end(tx, asked.id, state, actor.login, reason)
        self._note(tx, asked, state.value, actor, reason)
        return self.get(tx, asked.id)

    @staticmethod
    def _note(tx: Connection, about: Approval, what: str, actor: Actor, reason: str) -> None:
        """The audit's entry; a payload's ``items`` and ``fen`` (分) become its figures."""
        count, fen = (about.payload.get(key) for key in ("items", "fen"))
        audit.record(
            tx, act=f"{about.act}.{what}", actor=actor.login, subject=about.subject,
            detail={"request": about.id, "payload": about.digest, "reason": _said(reason)},
            count=count if isinstance(count, int) else 0, fen=fen if isinstance(fen, int) else 0,
        )  # fmt: skip

    def _end(
        self, tx: Connection, approval_id: int, state: ApprovalState, by: str, why: str
    ) -> None:
        ended = tx.execute(
            sa.update(approval)
            .where(approval.c.id == approval_id, approval.c.state == ApprovalState.REQUESTED)
            .values(
                state=state, open_key=None, ended_by=by, ended_us=database_now_us(tx),
                ended_why=_said(why),
            )
        )  # fmt: skip
        if ended.rowcount != 1:
            raise RequestClosed

    def _same_or_withdraw(
        self, tx: Connection, actor: Actor, wanted: dict[str, Any], now_us: int
    ) -> int | None:
        """The open request that says the same; one that says something else, or is too old, makes
        room."""
        found = tx.execute(
            sa.select(approval).where(approval.c.open_key == wanted["open_key"]).with_for_update()
        ).one_or_none()
        if found is None:
            return None
        expired = found.expires_us <= now_us
        if found.digest == wanted["digest"] and not expired:
            return int(found.id)
        tx.execute(
            sa.update(approval)
            .where(approval.c.id == found.id)
            .values(
                state=ApprovalState.EXPIRED if expired else ApprovalState.WITHDRAWN,
                open_key=None, ended_by=actor.login, ended_us=now_us, ended_why="asked anew",
            )
        )  # fmt: skip
        return None


def _canonical(payload: Payload) -> str:
    for key, value in payload.items():
        if not isinstance(value, str | int) or isinstance(value, bool):
            raise BadRequestForTwo(f"payload.{key} must be text or a whole number")
    return json.dumps(dict(payload), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _require_same(asked: Payload, now: Payload) -> None:
    if digest_of(now) == digest_of(asked):
        return
    names = [name for name in {**asked, **now} if asked.get(name) != now.get(name)]
    moved = ", ".join(f"{name} {asked.get(name, '')} → {now.get(name, '')}" for name in names)
    raise PayloadChanged(f"since it was asked for: {moved}")


def _open_key(act: str, subject: str) -> str:
    return f"{act}:{subject}"


def _said(text: str) -> str:
    # People type freely; a reason stands in clear on pages and in the audit.
    return mask_text(" ".join(text.split()))[:200]


def _approval(row: "sa.Row[tuple[object, ...]]") -> Approval:
    return Approval(
        id=row.id, act=row.act, subject=row.subject, payload=json.loads(row.body),
        digest=row.digest, reason=row.reason, requested_by=row.requested_by,
        requested_us=row.requested_us, expires_us=row.expires_us,
        state=ApprovalState(row.state), ended_by=row.ended_by, ended_us=row.ended_us,
        ended_why=row.ended_why,
    )  # fmt: skip
