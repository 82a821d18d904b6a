"""What people do to the duty list, and the list as pages and commands show it."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.engine import Connection

from hub.app.hub import Hub
from hub.app.incident_acts import NothingSaid, moment
from hub.app.operators import ActNotYours, hands_on
from hub.kernel.clocks import from_us, to_us
from hub.kernel.errors import NotFound
from hub.kernel.secret import Secret
from hub.monitor import duty
from hub.monitor.duty import BadDuty, Rung, Stretch, Turn
from hub.monitor.policy import Shift, read_watch_policy
from hub.monitor.reaching import Reach, ReachWay, put_reach, read_reaches
from hub.people import Actor
from hub.people.people import PersonRow
from hub.schedule import load_span

DAYS = 14
AHEAD_US = 31 * 86_400_000_000
"""How far ahead a gap is looked for."""
_LONGEST = timedelta(days=duty.LONGEST_DAYS)


@dataclass(frozen=True, slots=True)
class DutyBoard:
    """The list over a time: ``gaps`` without 值班员, ``thin`` with nobody behind them; ``mute``:
    people on it whom no way reaches."""

    used: bool
    now: dict[int, str]
    stretches: tuple[Stretch, ...]
    gaps: tuple[tuple[int, int], ...]
    thin: tuple[tuple[int, int], ...]
    reaches: tuple[Reach, ...]
    mute: tuple[str, ...]
    changes: tuple[Turn, ...]
    shifts: tuple[Shift, ...]
    people: tuple[str, ...]


def read_board(hub: Hub, days: int = DAYS) -> DutyBoard:
    """As it stands, from now on."""
    now_us = to_us(hub.clock.now())
    with hub.store.read() as view:
        found = duty.stretches(view, now_us, now_us + days * 86_400_000_000)
        reaches = read_reaches(view)
        reached = {one.login for one in reaches}
        people = [row for row in hub.people.list_people(view) if _may_stand(row)]
        return DutyBoard(
            used=duty.is_used(view), now=duty.on_duty(view, now_us), stretches=tuple(found),
            gaps=tuple(duty.gaps(found, Rung.PRIMARY)),
            thin=tuple(duty.gaps(found, Rung.STANDBY)), reaches=tuple(reaches),
            mute=tuple(sorted({who for one in found for who in one.on.values()} - reached)),
            changes=tuple(duty.read_changes(view)),
            shifts=read_watch_policy(hub.settings.home).duty.shifts,
            people=tuple(row.login for row in people),
        )  # fmt: skip


def next_gap(view: Connection, now_us: int) -> tuple[int, int] | None:
    """The first time ahead without 值班员; None without one, and where there is no list."""
    if not duty.is_used(view):
        return None
    found = duty.gaps(duty.stretches(view, now_us, now_us + AHEAD_US), Rung.PRIMARY)
    return found[0] if found else None


def set_duty(
    hub: Hub, token: Secret, rung: str, login: str, begins: str, ends: str, *, shift: str = "",
    why: str,
) -> str:  # fmt: skip
    """Somebody stands on a rung (``-``: nobody) from one moment to another, or in a shift on the
    days from one to another, the last one included; one line on it.

    Raises BadDuty, BadMoment, NothingSaid, NotFound, CalendarUnknown.
    """
    actor = _hand(hub, token, why)
    step, who = Rung.of(rung), duty.NOBODY if login.strip() == "-" else login.strip()
    with hub.store.write() as tx:
        if who != duty.NOBODY:
            _require_person(hub, tx, who)
        spans = _spans(hub, tx, begins, ends, shift.strip())
        made = duty.put_turns(
            tx, step, who, spans, shift=shift.strip(), by=actor.login, why=why,
            now_us=to_us(hub.clock.now()),
        )  # fmt: skip
    return f"{step.label}：{who or '无人'}，{len(made)} 段，{_said(spans)}"


def swap_duty(
    hub: Hub, token: Secret, one: str, other: str, begins: str, ends: str, *, why: str
) -> str:
    """Two people change places; one line on it.

    Raises BadDuty, BadMoment, NothingSaid, NotFound.
    """
    actor = _hand(hub, token, why)
    first, second = one.strip(), other.strip()
    from_us_ = moment(begins)
    until_us = moment(ends, after_us=from_us_)
    with hub.store.write() as tx:
        for who in (first, second):
            _require_person(hub, tx, who)
        made = duty.swap(
            tx, first, second, from_us_, until_us, by=actor.login, why=why,
            now_us=to_us(hub.clock.now()),
        )  # fmt: skip
    return f"{first} 与 {second} 换班，{len(made)} 段"


def reach(hub: Hub, token: Secret, login: str, way: str, to: str, *, why: str) -> str:
    """How a person is reached from now on; empty: by this way no more; one line on it.

    Raises BadReach, BadDuty, NothingSaid, NotFound.
    """
    actor = _hand(hub, token, why)
    if way not in set(ReachWay):
        raise BadDuty(f"there is no way {way[:20]!r}: sms or mail")
    with hub.store.write() as tx:
        _require_person(hub, tx, login.strip())
        changed = put_reach(
            tx, hub.vault, login.strip(), ReachWay(way), to, by=actor.login, why=why,
            now_us=to_us(hub.clock.now()),
        )  # fmt: skip
    return f"{login.strip()} 的 {way} {'已登记' if changed else '没有变化'}"


def _hand(hub: Hub, token: Secret, why: str) -> Actor:
    actor = hands_on(hub.people.authenticate(token))
    if not why.strip():
        raise NothingSaid
    return actor


def _require_person(hub: Hub, tx: Connection, login: str) -> None:
    """Raises NotFound, BadDuty for somebody who could not answer an alert."""
    row = next((row for row in hub.people.list_people(tx) if row.login == login), None)
    if row is None:
        raise NotFound(f"there is no person {login[:32]!r}")
    if not _may_stand(row):
        raise BadDuty(f"{login} may not answer alerts: {ActNotYours.__doc__}")


def _may_stand(row: PersonRow) -> bool:
    try:
        hands_on(Actor(row.login, row.party, row.roles, 0))
    except ActNotYours:
        return False
    return row.tokens > 0


def _spans(hub: Hub, tx: Connection, begins: str, ends: str, shift: str) -> list[tuple[int, int]]:
    if not shift:
        from_us_ = moment(begins)
        return [(from_us_, moment(ends, after_us=from_us_))]
    known = read_watch_policy(hub.settings.home).duty.shift(shift)
    if known is None:
        raise BadDuty(f"there is no shift {shift[:20]!r}")
    first, last = from_us(moment(begins)).date(), from_us(moment(ends)).date()
    if not first <= last <= first + _LONGEST:
        raise BadDuty(f"from {first} until {last} is no time of at most {duty.LONGEST_DAYS} days")
    spans = list(duty.shift_spans(known, first, last, load_span(tx, first, last)))
    if not spans:
        raise BadDuty(f"the shift {shift} is on none of these days")
    return spans


def _said(spans: list[tuple[int, int]]) -> str:
    return f"{from_us(spans[0][0]):%Y-%m-%d %H:%M} – {from_us(spans[-1][1]):%Y-%m-%d %H:%M}"
