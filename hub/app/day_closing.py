"""Closing a business day (结日): a person says it is clear, the audit keeps the figures."""

from datetime import date

from hub import audit
from hub.app.hub import Hub
from hub.app.operators import ActNotYours, hands_on
from hub.kernel.errors import Refused
from hub.kernel.secret import Secret
from hub.offset.day_end import BankDay, read_day_end
from hub.people import Party


class DayAhead(Refused):
    """The day has not begun."""

    code = "offset.day_ahead"
    hint = "A day is closed on the day itself or later."


def close_day(hub: Hub, token: Secret, day: date) -> list[BankDay]:
    """Close a day when it is clear at every bank; answers the sheet either way.

    The figures are of one moment just before the entry: to add up a large month takes longer than
    anybody may hold the write lock.  Raises NotAllowed, ActNotYours (a day's money is the centre's
    alone), DayAhead.
    """
    actor = hands_on(hub.people.authenticate(token))
    if actor.party is not Party.CENTRE:
        raise ActNotYours
    if day > hub.clock.today():
        raise DayAhead(f"{day} lies ahead")
    with hub.store.read() as view:
        found = read_day_end(view, hub.office, day)
    if all(each.clear for each in found):
        with hub.store.write() as tx:
            audit.record(
                tx, act="day.closed", actor=actor.login, subject=str(day),
                detail={each.bank: _said(each) for each in found},
                count=sum(each.credited.count for each in found),
                fen=sum(each.credited.fen for each in found),
            )  # fmt: skip
    return found


def _said(one: BankDay) -> str:
    names = ("instructed", "credited", "returned", "posted", "reversed")
    figures = ((name, getattr(one, name)) for name in names)
    return " ".join(f"{name}={figure.count}/{figure.fen}" for name, figure in figures)
