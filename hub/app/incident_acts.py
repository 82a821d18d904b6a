"""What people do to incidents and maintenance: by token, audited, in one transaction."""

from datetime import datetime, timedelta

from hub.app.catalogue import NoSuchInterface
from hub.app.hub import Hub
from hub.app.operators import hands_on
from hub.kernel.clocks import SHANGHAI, from_us, to_us
from hub.kernel.errors import BadInput, NotFound, Refused
from hub.kernel.secret import Secret
from hub.monitor import incident_reading, marks, works
from hub.people import Party

_LONGEST = 18
ACTS = ("respond", "note", "hand", "resolve")


class MaintenanceNotYours(Refused):
    """Maintenance is agreed to by 中心: it is left out of what the operators are assessed on."""

    code = "watch.maintenance_not_yours"
    status = 403
    hint = "Ask somebody of 中心 to plan it; `hub people list` shows who is."


class BadMoment(BadInput):
    """The moment is not written as it must be."""

    code = "watch.bad_moment"
    hint = 'Write "2025-10-14 22:00", Beijing time; an end may be "+90m" or "+2h".'


class NothingSaid(BadInput):
    """This needs a sentence."""

    code = "incident.nothing_said"
    hint = "Say what was found or done; it goes into the timeline and the audit."


def number_of(text: str) -> int:
    """An incident's or maintenance's number as given; raises NotFound."""
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST):
        raise NotFound(f"there is no number {text[:_LONGEST]!r}")
    return int(text)


WAYS = ("page", "command", "sms", "phone")
"""By which way somebody answers."""
_ANSWER = "我来处理"


def act_on(
    hub: Hub, token: Secret, number: int, act: str, said: str, to: str = "", way: str = ""
) -> str:
    """``respond`` (by a ``way``; it needs no words), ``note``, ``hand`` (over ``to`` a login) or
    ``resolve``; one line on it.

    Raises NothingSaid, NoSuchIncident, IncidentElsewhere, AlreadyAnswered, and what people's
    rules refuse.
    """
    actor = hands_on(hub.people.authenticate(token))
    text, now_us = said.strip(), to_us(hub.clock.now())
    if act == "respond":
        text = text or _ANSWER
    if way and way not in WAYS:
        raise BadInput(f"there is no way {way[:10]!r}: {', '.join(WAYS)}")
    if not text:
        raise NothingSaid
    with hub.store.write() as tx:
        match act:
            case "respond":
                incident_reading.respond(
                    tx, number, by=actor.login, said=text, now_us=now_us, way=way
                )
                return f"故障 {number} 已由 {actor.login} 响应"
            case "note":
                incident_reading.note(tx, number, by=actor.login, said=text, now_us=now_us)
                return f"故障 {number} 已记一笔"
            case "hand":
                if to not in {row.login for row in hub.people.list_people(tx)}:
                    raise NotFound(f"there is no person {to[:32]!r}")
                incident_reading.hand_over(
                    tx, number, by=actor.login, to=to, said=text, now_us=now_us
                )
                return f"故障 {number} 已交给 {to}"
            case "resolve":
                incident_reading.resolve(tx, number, by=actor.login, cause=text, now_us=now_us)
                return f"故障 {number} 已办结"
    raise BadInput(f"there is no act {act[:20]!r}")


def plan_maintenance(
    hub: Hub, token: Secret, interface: str, begins: str, ends: str, why: str
) -> int:
    """Plan it; its number.  Raises BadMoment, BadMaintenance, NoSuchInterface,
    MaintenanceNotYours."""
    actor = hands_on(hub.people.authenticate(token))
    if actor.party is not Party.CENTRE:
        raise MaintenanceNotYours
    if interface != works.EVERY and interface not in hub.adapters:
        raise NoSuchInterface(f"there is no adapter for {interface[:40]!r}")
    from_us = moment(begins)
    until_us = moment(ends, after_us=from_us)
    with hub.store.write() as tx:
        return works.plan(
            tx, interface, from_us, until_us, why=why, by=actor.login,
            now_us=to_us(hub.clock.now()),
        )  # fmt: skip


def cancel_maintenance(hub: Hub, token: Secret, number: int, why: str) -> None:
    """Cancel or end it.  Raises NoSuchMaintenance, MaintenanceNotYours."""
    actor = hands_on(hub.people.authenticate(token))
    if actor.party is not Party.CENTRE:
        raise MaintenanceNotYours
    with hub.store.write() as tx:
        works.cancel(tx, number, by=actor.login, now_us=to_us(hub.clock.now()), why=why)


def propose_mark(
    hub: Hub, token: Secret, interface: str, begins: str, ends: str, klass: str, why: str
) -> int:
    """One party says of which class minutes are; the mark's number.

    Raises BadMoment, BadMark, MarkNeedsBoth, NoSuchInterface."""
    actor = hands_on(hub.people.authenticate(token))
    if interface not in hub.adapters:
        raise NoSuchInterface(f"there is no adapter for {interface[:40]!r}")
    from_us = moment(begins)
    with hub.store.write() as tx:
        return marks.propose(
            tx, actor, interface, from_us, moment(ends, after_us=from_us), klass, why=why,
            now_us=to_us(hub.clock.now()),
        )  # fmt: skip


def answer_mark(hub: Hub, token: Secret, number: int, *, yes: bool, why: str) -> None:
    """The other party signs or refuses.  Raises NoSuchMark, MarkNeedsBoth."""
    actor = hands_on(hub.people.authenticate(token))
    with hub.store.write() as tx:
        marks.answer(tx, actor, number, yes=yes, why=why, now_us=to_us(hub.clock.now()))


def moment(text: str, after_us: int | None = None) -> int:
    """``2025-10-14 22:00`` in Beijing time, or ``+90m`` after another.  Raises BadMoment."""
    clean = text.strip()
    if after_us is not None and clean[:1] == "+" and clean[1:-1].isdigit() and len(clean) < 8:
        unit = {"m": timedelta(minutes=1), "h": timedelta(hours=1)}.get(clean[-1])
        if unit is not None:
            return to_us(from_us(after_us) + int(clean[1:-1]) * unit)
    try:
        return to_us(datetime.fromisoformat(clean).replace(tzinfo=SHANGHAI))
    except ValueError:
        raise BadMoment(f"not a moment: {clean[:20]!r}") from None
