"""Planning after a restore: what bank and core hold already binds the plan that is made again.

Balances have moved since the plan this copy lost, so a plan made from them alone would come to
other amounts under the same numbers.  Therefore an item whose number the core holds or has booked
is planned with the core's amounts, whatever the rules say now; and for the others an account is
looked at as it was before: what these items hold or have booked is put back first, and counted
as taken.  Without a restoration all of this is empty.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from sqlalchemy.engine import Connection

from hub.kernel.money import Fen
from hub.kernel.periods import Period
from hub.offset import numbers
from hub.offset.adoption import facts_of
from hub.offset.classify import Account, Due, DueClass, Line, Share
from hub.offset.restoration import open_row
from hub.offset.words import Decision, Reason

_NOTICE = "adopted"


@dataclass(slots=True)
class Bound:
    """Amounts in 分 by number and by account token; ``booked`` is net of what was reversed."""

    period: Period
    shares: dict[str, dict[str, int]] = field(default_factory=dict)
    held: Counter[str] = field(default_factory=Counter)
    booked: Counter[str] = field(default_factory=Counter)
    taken: Counter[str] = field(default_factory=Counter)

    def number(self, bank: str, agreement: str) -> str:
        """The number of an agreement's first try, when something is bound under it; else empty."""
        if not self.shares:
            return ""
        number = numbers.item_number(self.period, bank, agreement, 1)
        return number if number in self.shares else ""

    def share(self, number: str, due: Fen, main_token: str, spouse_token: str | None) -> Share:
        """The amounts as the core has them; without its word on who pays, main first."""
        parts = self.shares[number]
        main = parts.get(main_token, 0) + parts.get("", 0)
        spouse = parts.get(spouse_token or "-", 0)
        reason = Reason.PARTIAL if main + spouse < due else Reason.NONE
        return Share(Fen(main), Fen(spouse), reason)

    def before(self, account: Account) -> Account:
        """The account as it was before these items took from it."""
        booked = self.booked.get(account.token, 0)
        return account._replace(balance=Fen(account.balance + booked)) if booked else account


def read_bound(view: Connection, period: Period) -> Bound:
    """What binds a plan of this period; nothing unless a restoration is open and has read."""
    bound, row = Bound(period), open_row(view)
    if row is None:
        return bound
    prefix = period.compact[2:]
    for fact in facts_of(view, int(row.read_turn), ("hold", "posting", "unposting")):
        if not fact.number.startswith(prefix):
            continue
        fen, token = int(fact.fen), fact.account_token
        if fact.kind == "unposting":
            bound.booked[token] -= fen
            continue
        parts = bound.shares.setdefault(fact.number, {})
        parts[token] = parts.get(token, 0) + fen
        (bound.held if fact.kind == "hold" else bound.booked)[token] += fen
        bound.taken[token] += fen
    return bound


def bind_lines(
    judged: Iterable[tuple[list[Line], list[DueClass]]], bound: Bound, bank: str
) -> Iterator[tuple[list[Line], list[DueClass]]]:
    """Agreements under whose number something is held or booked are planned, whatever the rules
    say of them now: as long as the bank's list has one due record to plan them on."""
    if not bound.shares:
        yield from judged
        return
    for lines, classes in judged:
        due = classes[0].due if len(classes) == 1 else None
        fixed = [_bind(line, due, bound, bank) for line in lines]
        changed = any(a is not b for a, b in zip(lines, fixed, strict=True))
        yield fixed, [DueClass(due, "planned")] if changed and due is not None else classes


def _bind(line: Line, due: Due | None, bound: Bound, bank: str) -> Line:
    if line.decision is Decision.CANDIDATE or due is None:
        return line
    if not bound.number(bank, line.pledge.number):
        return line
    notices = ",".join(filter(None, (line.notices, _NOTICE)))
    return Line(line.pledge, Decision.CANDIDATE, due=due, notices=notices)
