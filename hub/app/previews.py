"""What each act of an operator would do now: one function per act, on the transaction it is given.

The figures come from the bus; what a batch's items make of it comes from the offset.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.app import standing
from hub.app.hub import Hub
from hub.bus import Effect, Message, MessageState
from hub.bus.channels import CLAIMABLE_STATES, ChannelState, read_channel
from hub.bus.intake import BY_THE_STOP
from hub.bus.preview import Line, Preview, Values
from hub.bus.tables import message
from hub.kernel.errors import NotFound
from hub.offset import asking
from hub.offset.withdraw import NotWithdrawable, withdrawal_of

S = MessageState


class NoSuchChannel(NotFound):
    """There is no interface of this code."""

    code = "bus.no_such_channel"
    hint = "`hub channel list` shows every interface."


def _channel(hub: Hub, tx: Connection, interface: str) -> ChannelState:
    if interface not in hub.adapters:
        raise NoSuchChannel(f"there is no interface {interface[:40]!r}")
    return read_channel(tx, interface)


def stop(hub: Hub, tx: Connection, interface: str) -> Preview:
    """停发: parks what is queued, leaves what is in flight, lets readings go on."""
    hub.partners.open(interface)
    seen = _channel(hub, tx, interface)
    waits = seen.moving(*CLAIMABLE_STATES)
    flying = seen.moving(S.IN_FLIGHT.value)
    by_person = seen.stopped and seen.stopped_by != standing.STOPPED_BY
    return Preview(
        act="channel.stop", subject=interface, people=1,
        binding={
            "interface": interface, "messages": waits.count, "items": waits.items,
            "fen": waits.fen, "in_flight": flying.count,
        },
        effects=(
            Line("stop_parks", {"count": waits.count, "items": waits.items, "fen": waits.fen}),
            Line("stop_new"),
        ),
        stays=(
            Line("stop_in_flight", {"count": flying.count, "fen": flying.fen}),
            Line("stop_reads"),
        ),
        final=(Line("stop_two_resume"),),
        why_not=Line("already_stopped", {"by": seen.stopped_by}) if by_person else None,
    )  # fmt: skip


def resume(hub: Hub, tx: Connection, interface: str) -> Preview:
    """恢复: what the stop held back goes out, with its total; what people parked stays."""
    seen = _channel(hub, tx, interface)
    held, parked = seen.held, seen.pile(S.PARKED.value)
    return Preview(
        act="channel.resume", subject=interface, people=2,
        binding={
            "interface": interface, "stopped_us": seen.stopped_us or 0, "messages": held.count,
            "items": held.items, "fen": held.fen, "newest": seen.newest_held,
        },
        effects=(
            Line("resume_sends", {"count": held.count, "items": held.items, "fen": held.fen}),
        ),
        stays=(
            Line("resume_stays", {"count": parked.count - held.count}),
            Line("resume_unknown", {"count": seen.pile(S.UNKNOWN.value).count}),
        ),
        final=(Line("cannot_be_called_back"),),
        why_not=_not_current(hub) or (None if seen.stopped else Line("not_stopped")),
    )  # fmt: skip


def _not_current(hub: Hub) -> Line | None:
    """Asked for it may be; carried out it is refused until the database is released."""
    return None if standing.read_standing(hub).good else Line("store_not_current")


# --- messages ---


def _bound(one: Message, **more: str | int) -> Values:
    return {
        "message": one.id, "state": one.state.value, "epoch": one.epoch, "try": one.try_no,
        "items": one.items, "fen": one.fen, **more,
    }  # fmt: skip


def _carries(one: Message) -> Line:
    return Line("carries", {"items": one.items, "fen": one.fen, "subject": one.subject})


def _preview(act: str, one: Message, people: int, **more: Any) -> Preview:
    return Preview(act=act, subject=str(one.id), people=people, binding=_bound(one), **more)


def _find(hub: Hub, tx: Connection, subject: str) -> Message:
    if not (subject.isascii() and subject.isdigit() and len(subject) <= 18):
        raise NotFound(f"there is no message {subject[:18]!r}")
    return hub.bus.message(tx, int(subject))


def inquire(hub: Hub, tx: Connection, subject: str) -> Preview:
    """查证: a question to the bank; moves nothing by itself."""
    one = _find(hub, tx, subject)
    found = asking.batch_of(tx, one.id)
    why_not = None
    if found is None:
        why_not = Line("no_batch")
    elif not _open_rows(tx, found.number):
        why_not = Line("nothing_open")
    elif one.state in (S.QUEUED, S.WAITING, S.IN_FLIGHT):
        why_not = Line("not_now", {"state": one.state.value})
    going = [] if found is None else asking.open_inquiries(tx, hub.bus, one.id)
    effect = Line("inquire_going", {"message": going[0].id}) if going else Line("inquire_asks")
    return _preview(
        "message.inquire", one, 1, effects=(effect, Line("inquire_takes_in")),
        stays=(Line("inquire_moves_nothing"), Line("not_found_proves_nothing")), why_not=why_not,
    )  # fmt: skip


def _open_rows(tx: Connection, number: str) -> int:
    states = asking.states_of(tx, number)
    return sum(states.get(state, 0) for state in ("held", "instructed", "unknown"))


def resend(hub: Hub, tx: Connection, subject: str) -> Preview:
    """重发: the same number with the same body again; for money after an inquiry, by two."""
    one = _find(hub, tx, subject)
    found = asking.batch_of(tx, one.id)
    people = 1 if one.effect is Effect.READ else 2
    effects = [Line("resend_same"), _carries(one)]
    stays = [Line("resend_number_protects")] if one.effect is not Effect.READ else []
    if one.effect is Effect.MONEY:
        effects.append(_inquiry_line(hub, tx, one))
    if hub.bus.stopped(tx, one.interface) and one.effect is not Effect.READ:
        stays.append(Line("waits_for_resume", {"interface": one.interface}))
    final = (Line("cannot_be_called_back"),) if one.effect is not Effect.READ else ()
    return _preview(
        "message.resend", one, people, effects=tuple(effects), stays=tuple(stays), final=final,
        why_not=_no_resend(hub, tx, one, found),
    )  # fmt: skip


def _inquiry_line(hub: Hub, tx: Connection, one: Message) -> Line:
    answered = asking.answered_inquiry(tx, hub.bus, one.id)
    if answered is not None:
        return Line("inquiry_answered", {"message": answered})
    going = asking.open_inquiries(tx, hub.bus, one.id)
    return Line("inquiry_waits", {"message": going[0].id}) if going else Line("inquiry_first")


def needs_inquiry(preview: Preview) -> bool:
    """Whether the resend begins with an inquiry that the hub makes itself."""
    return any(line.code == "inquiry_first" for line in preview.effects)


def _no_resend(hub: Hub, tx: Connection, one: Message, found: "sa.Row[Any] | None") -> Line | None:
    may = {S.UNKNOWN, S.DEAD, S.PARKED}
    if one.effect is not Effect.MONEY:
        may |= {S.DELIVERED, S.REJECTED}
    elif one.state in (S.DELIVERED, S.REJECTED):
        return Line("money_is_final", {"state": one.state.value})
    if one.state not in may:
        return Line("not_now", {"state": one.state.value})
    if found is None or one.effect is not Effect.MONEY:
        return None
    return _no_second_try(hub, tx, one, found)


def _no_second_try(hub: Hub, tx: Connection, one: Message, found: "sa.Row[Any]") -> Line | None:
    """Where an attempt may have arrived, only a number that the bank credits once protects, and
    only once the first can no longer be under way; where none did, its items must still wait."""
    if not one.maybe_sent:
        held = asking.states_of(tx, found.number) == {"held": found.rows_count}
        return None if held else Line("items_moved")
    if not hub.office.seat(found.bank).port.numbers_idempotent:
        return Line("statement_decides")
    left = asking.ripe_in_s(tx, hub.office, found)
    return Line("too_early", {"seconds": left}) if left else None


def park(hub: Hub, tx: Connection, subject: str) -> Preview:
    """搁置: holds one message back until a person lets it go."""
    one = _find(hub, tx, subject)
    by_stop = one.state is S.PARKED and _parked_by_stop(tx, one)
    ready = one.state in (S.QUEUED, S.WAITING) or by_stop
    lines = (Line("park_holds"), _carries(one))
    return _preview(
        "message.park", one, 1, effects=lines, stays=(Line("park_survives_resume"),),
        final=(Line("park_two_let_go"),) if one.effect is not Effect.READ else (),
        why_not=None if ready else Line("not_now", {"state": one.state.value}),
    )  # fmt: skip


def _parked_by_stop(tx: Connection, one: Message) -> bool:
    by = tx.scalar(sa.select(message.c.parked_by).where(message.c.id == one.id))
    return bool(by == BY_THE_STOP)


def unpark(hub: Hub, tx: Connection, subject: str) -> Preview:
    """放行: a parked message goes back into the queue."""
    one = _find(hub, tx, subject)
    why_not = None
    if one.state is not S.PARKED:
        why_not = Line("not_now", {"state": one.state.value})
    elif hub.bus.stopped(tx, one.interface) and one.effect is not Effect.READ:
        why_not = Line("resume_channel_first", {"interface": one.interface})
    return _preview(
        "message.unpark", one, 1 if one.effect is Effect.READ else 2,
        effects=(Line("unpark_queues"), _carries(one)),
        final=(Line("cannot_be_called_back"),) if one.effect is not Effect.READ else (),
        why_not=why_not,
    )  # fmt: skip


def close(hub: Hub, tx: Connection, subject: str) -> Preview:
    """办结: puts a dead letter away; its items stay exactly as they are."""
    one = _find(hub, tx, subject)
    found = asking.batch_of(tx, one.id)
    why_not = None
    if one.state is not S.DEAD:
        why_not = Line("not_now", {"state": one.state.value})
    elif found is not None and _open_rows(tx, found.number):
        # Closed, it could neither be sent nor withdrawn any more, and its items would hang.
        why_not = Line("items_wait", {"count": _open_rows(tx, found.number)})
    return _preview(
        "message.close", one, 1, effects=(Line("close_puts_away"),),
        stays=(Line("close_changes_no_item"),), final=(Line("close_is_final"),), why_not=why_not,
    )  # fmt: skip


def withdraw(hub: Hub, tx: Connection, subject: str) -> Preview:
    """撤回: what surely was never sent is not paid in this period; its holds are released."""
    one = _find(hub, tx, subject)
    found = asking.batch_of(tx, one.id)
    binding: Values = _bound(one, batch="")
    why_not: Line | None = Line("no_batch")
    if found is not None:
        why_not = None
        try:
            binding = withdrawal_of(tx, hub.office, found.number)
        except NotWithdrawable:
            binding = _bound(one, batch=found.number)
            why_not = Line("maybe_sent") if one.maybe_sent else Line("stop_first")
    return Preview(
        act="message.withdraw", subject=str(one.id), people=2, binding=binding,
        effects=(
            Line("withdraw_releases", {"items": one.items, "fen": one.fen}),
            Line("withdraw_closes"),
        ),
        final=(Line("withdraw_is_final"),), why_not=why_not,
    )  # fmt: skip
