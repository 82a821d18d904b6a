"""How a difference is settled: what two people agree on, and what that does to the books.

There are two ways.  *Tied*: a correcting entry of the bank (a return, a correcting credit) or of
the core (a reversal, a late posting) is named by its serial; it must stand in the books that were
read.  *Adopted*: what bank and core hold now is taken as it is.  Either way the amounts must add
up to one of four ends, and anything else is refused, so no settled difference leaves an equation
open:

=============  ===========  ==============================================================
bank, net      core, net    the item
=============  ===========  ==============================================================
the amount     the amount   paid: POSTED
the amount     nothing      paid, posting follows: SUCCEEDED (needs the hold)
nothing        the amount   not paid, reversal follows: RETURNED
nothing        nothing      not paid: REVERSED, or FAILED and the hold is released, or at rest
=============  ===========  ==============================================================
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.kernel.errors import BadInput, NotFound, Refused
from hub.offset.claims import fits
from hub.offset.closing import RunIsClosed
from hub.offset.differences import NoSuchDifference
from hub.offset.nets import BACK, Net, nets
from hub.offset.reconcile import was_settled_by_days
from hub.offset.tables import agreement, core_posting, difference, item, leg, run, statement_entry
from hub.offset.words import DifferenceKind, ItemState, RunState
from hub.ports.bank import EntryKind

_CREDIT = EntryKind.CREDIT.value
_MOVING = (ItemState.PLANNED.value, ItemState.HELD.value)


class Way(StrEnum):
    """平账方式."""

    TIED = "tied"  # 与更正分录挂钩
    ADOPTED = "adopted"  # 以银行与核心所载为准


class NoSuchEntry(NotFound):
    """No entry with this serial stands in the statements or in the core's books."""

    code = "offset.no_such_entry"
    hint = "`hub difference show` lists the entries; `hub offset statement` reads them anew."


class NotACorrection(Refused):
    """This entry does not correct this difference."""

    code = "offset.not_a_correction"
    hint = "Name the return, the correcting credit or the core's reversal of this very number."


class DoesNotAddUp(Refused):
    """With this settlement bank, core and hub would still not agree."""

    code = "offset.does_not_add_up"
    hint = "`hub difference show` says what each of the three holds; have one of them corrected."


class NothingToAdopt(Refused):
    """There is no item of ours that this could belong to."""

    code = "offset.nothing_to_adopt"
    hint = "Have the bank return it, or the core reverse it, and tie the difference to that entry."


class HoldGone(Refused):
    """The hold was let go, so it cannot be posted."""

    code = "offset.hold_gone"
    hint = "Have the bank return the money, or the core post it, and tie the difference to that."


class DayStillOpen(Refused):
    """The credit may still come: a banking day is not closed or not read yet."""

    code = "offset.day_still_open"
    hint = "Settle it when the statement of the closed day has been read."


class StillMoving(Refused):
    """The item has not been sent yet, and may still be."""

    code = "offset.still_moving"
    hint = "Withdraw its batch, or let it be sent; then settle the difference."


class CoreNotRead(Refused):
    """The core's books were not read since something was booked there."""

    code = "offset.core_not_read"
    hint = "`hub offset reconcile` reads them anew; then settle the difference."


class EntryNotWanted(BadInput):
    """A tie names an entry; an adoption names none."""

    code = "offset.entry_not_wanted"
    hint = "Give either the correcting entry's serial, or say that what stands is adopted."


@dataclass(frozen=True, slots=True)
class Outlook:
    """What settling would do.  ``end`` is one of the ends below; amounts in 分 are what bank and
    core show once it is carried out; ``claims`` is an entry that becomes this item's."""

    difference: int
    way: Way
    entry: str
    item: str
    end: str
    bank_fen: int
    core_fen: int
    claims: int = 0
    part: int = 0

    def payload(self) -> dict[str, str | int]:
        """What two people agree on."""
        return {
            "difference": self.difference, "way": self.way.value, "entry": self.entry,
            "item": self.item, "end": self.end, "bank_fen": self.bank_fen,
            "core_fen": self.core_fen,
        }  # fmt: skip


NOT_OURS, PAID, TO_POST, TO_REVERSE, REVERSED, TO_RELEASE, AT_REST, CLAIMED = (
    "not_ours", "paid", "to_post", "to_reverse", "reversed", "to_release", "at_rest", "claimed",
)  # fmt: skip


def outlook(
    view: Connection, number: int, way: Way, entry: str = "", wanted_item: str = ""
) -> Outlook:
    """What settling difference ``number`` this way would do; changes nothing.

    Raises NoSuchDifference and every refusal of this module.
    """
    found = view.execute(
        sa.select(difference).where(difference.c.id == number, difference.c.state == "open")
    ).first()
    if found is None:
        raise NoSuchDifference(f"no difference {number} is open")
    if (way is Way.TIED) != bool(entry):
        raise EntryNotWanted
    ours = view.execute(sa.select(item).where(item.c.number == found.number)).first()
    if ours is None:
        return _strangers(view, found, way, entry, wanted_item)
    net = nets(view, [found.number]).get(found.number, Net())
    claims, part = 0, 0
    if way is Way.TIED:
        net, claims, part = _with_entry(view, found, ours, net, entry)
    end, core_fen = _end(view, ours, net)
    _require_open_run(view, ours, end)
    return Outlook(
        number, way, entry, ours.number, end, net.bank, core_fen, claims=claims, part=part
    )


def _require_open_run(view: Connection, ours: sa.Row[Any], end: str) -> None:
    """After the close only an adjustment is possible: the closed totals stay."""
    state = view.scalar(sa.select(run.c.state).where(run.c.id == ours.run_id))
    stays = end in (TO_REVERSE, REVERSED, AT_REST) or (end == PAID and ours.was_posted == 1)
    if state == RunState.CLOSED.value and not stays:
        raise RunIsClosed


# --- numbers that are no item of ours -----------------------------------------------------------


def _strangers(
    view: Connection, found: sa.Row[Any], way: Way, entry: str, wanted_item: str
) -> Outlook:
    if way is Way.ADOPTED:
        return _claim(view, found, wanted_item)
    if found.kind == DifferenceKind.UNKNOWN_INSTRUCTION.value:
        credit = _stray_credit(view, found)
        back = _bank_entry(view, found.bank, entry)
        if back is None:
            raise NoSuchEntry(f"the statements have no entry {entry[:64]!r}")
        same = (
            back.number == credit.number
            if back.number
            else (back.counter_token == credit.counter_token)
        )
        if back.kind not in BACK or back.fen != credit.fen or not same:
            raise NotACorrection
        _unused(view, found, entry)
        claims = int(back.id) if credit.number and not back.number else 0
        return Outlook(int(found.id), way, entry, "", NOT_OURS, 0, 0, claims=claims)
    posting = _core_entry(view, entry)
    if posting is None:
        raise NoSuchEntry(f"the core's books have no entry {entry[:64]!r}")
    if posting.number != found.number or not posting.reversal:
        raise NotACorrection
    if nets(view, [found.number])[found.number].core != 0:
        raise DoesNotAddUp
    return Outlook(int(found.id), way, entry, "", NOT_OURS, 0, 0)


def _claim(view: Connection, found: sa.Row[Any], wanted_item: str) -> Outlook:
    """A credit whose number is not ours is taken for an item that waits for just this money."""
    if found.kind != DifferenceKind.UNKNOWN_INSTRUCTION.value or not wanted_item:
        raise NothingToAdopt
    credit = _stray_credit(view, found)
    if not fits(view, credit, wanted_item):
        raise NothingToAdopt(f"entry {credit.serial} does not fit item {wanted_item[:20]}")
    fen = int(credit.fen)
    return Outlook(
        int(found.id), Way.ADOPTED, "", wanted_item, CLAIMED, fen, fen, claims=int(credit.id)
    )


def _stray_credit(view: Connection, found: sa.Row[Any]) -> sa.Row[Any]:
    s = statement_entry.c
    query = sa.select(statement_entry).where(
        s.bank == found.bank, s.run_id == found.run_id, s.kind == _CREDIT,
        sa.or_(s.number == found.number, s.serial == found.number),
    )  # fmt: skip
    paid = view.execute(query.order_by(s.id)).all()
    if len(paid) != 1:
        raise DoesNotAddUp(f"{len(paid)} credits stand under {found.number}")
    return paid[0]


def _unused(view: Connection, found: sa.Row[Any], entry: str) -> None:
    """One correcting entry settles one difference."""
    query = sa.select(difference.c.id).where(
        difference.c.bank == found.bank, difference.c.entry == entry, difference.c.id != found.id
    )
    if view.scalar(query.limit(1)) is not None:
        raise NotACorrection(f"entry {entry[:64]} settles another difference already")


# --- items of ours ------------------------------------------------------------------------------


def _with_entry(
    view: Connection, found: sa.Row[Any], ours: sa.Row[Any], net: Net, entry: str
) -> tuple[Net, int, int]:
    """The nets with the correcting entry, the id of the entry this item claims by it (0: it
    bears the number already), and whether it only puts an amount right."""
    _unused(view, found, entry)
    at_bank = _bank_entry(view, found.bank, entry)
    if at_bank is None:
        posting = _core_entry(view, entry)
        if posting is None:
            raise NoSuchEntry(f"neither bank nor core has an entry {entry[:64]!r}")
        if posting.number != ours.number:
            raise NotACorrection
        return net, 0, 0
    part = int(at_bank.fen not in (ours.fen, net.credited))
    if at_bank.number == ours.number:
        if at_bank.kind not in (*BACK, _CREDIT):
            raise NotACorrection
        return net, 0, part
    payee = view.scalar(
        sa.select(agreement.c.repay_token).where(agreement.c.id == ours.agreement_id)
    )
    if at_bank.number or at_bank.kind not in BACK or at_bank.counter_token != payee:
        raise NotACorrection
    more = Net(net.credited, net.back + int(at_bank.fen), net.core)
    return more, int(at_bank.id), part


def _bank_entry(view: Connection, bank: str, serial: str) -> sa.Row[Any] | None:
    s = statement_entry.c
    query = sa.select(statement_entry).where(s.bank == bank, s.serial == serial)
    return view.execute(query.order_by(s.id.desc()).limit(1)).first()


def _core_entry(view: Connection, serial: str) -> sa.Row[Any] | None:
    return view.execute(sa.select(core_posting).where(core_posting.c.serial == serial)).first()


def _end(view: Connection, ours: sa.Row[Any], net: Net) -> tuple[str, int]:
    """Which of the ends this comes to, and what the core shows then."""
    fen = int(ours.fen)
    if net.bank not in (0, fen) or net.core not in (0, fen):
        raise DoesNotAddUp(
            f"bank {net.bank}, core {net.core}, instructed {fen} (in 分): neither paid nor unpaid"
        )
    if not ours.was_instructed and ours.state in _MOVING:
        raise StillMoving(f"item {ours.number} is {ours.state}")
    if net.bank == 0 == net.credited and ours.was_instructed:
        _require_closed_days(view, ours)
    holds = ours.was_held == 1 and ours.was_released == 0
    if net.bank == fen:
        if net.core == fen:
            return PAID, fen
        if not holds or ours.was_reversed:
            raise HoldGone
        return TO_POST, fen
    if net.core == fen:
        return TO_REVERSE, 0
    if ours.was_posted:
        _require_core_read(view, ours)
        return REVERSED, 0
    return (TO_RELEASE if holds else AT_REST), 0


def _require_closed_days(view: Connection, ours: sa.Row[Any]) -> None:
    if not was_settled_by_days(view, ours.number):
        raise DayStillOpen


def _require_core_read(view: Connection, ours: sa.Row[Any]) -> None:
    """Nothing in the core's books means something only when they were read after the last move."""
    here = view.execute(
        sa.select(leg).where(leg.c.run_id == ours.run_id, leg.c.bank == ours.bank)
    ).one()
    asked, seen = here.asked_us or 0, here.core_seen_us or 0
    if here.core_open or asked <= (here.moved_us or 0) or seen < asked:
        raise CoreNotRead
