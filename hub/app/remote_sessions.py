"""Remote sessions put together: asked for, agreed to by 中心, marked in the command log."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import Connection

from hub.app.command_anchors import anchor
from hub.app.command_log import Command, read_commands
from hub.app.hub import Hub
from hub.app.operators import hands_on
from hub.crypto import sm3_hex
from hub.kernel.errors import Refused
from hub.kernel.secret import Secret
from hub.people import Actor, Approval, Party, remote
from hub.people.remote import RemoteSession, SessionState


class SessionNeeded(Refused):
    """运维方 works through a confirmed remote session here."""

    code = "session.needed"
    status = 403
    hint = "`hub session open`, then have somebody of 中心 confirm it with `hub approve`."


@dataclass(frozen=True, slots=True)
class SessionSeen:
    """A session and the commands that were run in it."""

    session: RemoteSession
    commands: tuple[Command, ...]


def register(hub: Hub) -> None:
    """Tell the approvals what agreeing to a session does."""

    def begin(tx: Connection, asked: Approval) -> None:
        remote.confirm(tx, int(asked.payload["session"]), by=asked.confirmed_by)
        anchor(hub, tx, by=asked.confirmed_by)

    def truth(tx: Connection, asked: Approval) -> dict[str, str | int]:
        return _payload(remote.get(tx, int(asked.payload["session"])))

    hub.approvals.on(remote.ACT, begin, truth=truth)


def open_session(
    hub: Hub, token: Secret, *, reason: str, evidence: str, minutes: int
) -> tuple[int, int]:
    """Ask for one; its number and the request's.  ``evidence`` is a file, of which name and SM3
    are kept, or a sentence."""
    actor = hands_on(hub.people.authenticate(token))
    path = Path(evidence)
    is_file = len(evidence) < 400 and path.is_file()
    with hub.store.write() as tx:
        number = remote.ask(
            tx, actor, reason=reason, minutes=minutes,
            evidence=path.name if is_file else evidence,
            evidence_sm3=sm3_hex(path.read_bytes()) if is_file else "",
        )  # fmt: skip
        approval = hub.approvals.request(
            tx, actor, act=remote.ACT, subject=f"session:{number}",
            payload=_payload(remote.get(tx, number)), reason=reason,
        )  # fmt: skip
    return number, approval


def close_session(hub: Hub, token: Secret, number: int, why: str) -> None:
    """End it.  Raises NoSuchSession, SessionNotYours."""
    actor = hands_on(hub.people.authenticate(token))
    with hub.store.write() as tx:
        remote.close(tx, actor, number, why=why)
        anchor(hub, tx, by=actor.login)


def see_session(hub: Hub, number: int) -> SessionSeen:
    """One with its commands.  Raises NoSuchSession."""
    with hub.store.read() as view:
        found = remote.get(view, number)
    began, ended = found.confirmed_us, found.closed_us or found.now_us
    commands = () if began is None else read_commands(hub.settings.home, began, ended)
    mine = tuple(one for one in commands if one.session == number)
    return SessionSeen(found, mine)


def session_of(hub: Hub, actor: Actor) -> RemoteSession | None:
    """The newest session of somebody of 运维方; None for others and without one."""
    if actor.party is not Party.OPERATOR:
        return None
    with hub.store.read() as view:
        return remote.newest_of(view, actor.login)


def trouble_of(found: RemoteSession | None) -> str:
    """Why a command is in no session, for people; empty when it is in one."""
    if found is None or found.state is SessionState.CLOSED:
        return "没有进行中的远程运维会话 · there is no open remote session"
    if found.state is SessionState.ASKED:
        return f"远程运维会话 {found.id} 还没有经中心确认 · session {found.id} is not confirmed yet"
    if found.state is SessionState.EXPIRED:
        return f"远程运维会话 {found.id} 已到期 · session {found.id} has expired"
    return ""


def _payload(found: RemoteSession) -> dict[str, str | int]:
    return {
        "session": found.id, "login": found.login, "minutes": found.minutes,
        "evidence": found.evidence_sm3 or found.evidence,
    }  # fmt: skip
