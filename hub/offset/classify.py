"""The plan's rules over plain values: nothing is read or written, so each can be tried alone.

``judge`` decides one loan's agreements and due records, the first rule that fits in the order of
design.md §6; what it leaves as a candidate ``share`` then gives money to, out of what ``free``
says each account has left.  The values are named tuples: a month makes some 10⁷ of them.
"""

from collections.abc import Sequence
from typing import NamedTuple

from hub.kernel.money import ZERO, Fen
from hub.offset.policy import Terms
from hub.offset.words import AgreementState, Decision, Reason


class Account(NamedTuple):
    """A payer's account as the core showed it to this wave; amounts in 分."""

    token: str
    state: str
    balance: Fen
    frozen: Fen
    held: Fen
    name_token: str
    id_token: str
    is_card: bool


class Pledge(NamedTuple):
    """An agreement as the plan needs it.  ``main`` and ``spouse`` are None when unknown to the
    core; ``names_spouse`` tells a missing spouse from none."""

    id: int
    number: str
    in_force: bool
    signed_on: int
    repay_token: str
    main_token: str
    spouse_token: str | None
    main: Account | None
    spouse: Account | None


class Due(NamedTuple):
    """A due record as the plan needs it."""

    id: int
    repay_token: str
    name_token: str
    id_token: str
    card_token: str
    due_on: int
    amount: Fen
    settled: bool
    overdue: bool
    flaw: str
    obstacle: str


class Line(NamedTuple):
    """What is decided for one agreement.  ``notices`` are words for people, parted by commas."""

    pledge: Pledge
    decision: Decision
    reason: Reason = Reason.NONE
    due: Due | None = None
    notices: str = ""


class DueClass(NamedTuple):
    """Where a due record stands in E1: planned (a candidate still), skipped, exception,
    unclaimed."""

    due: Due
    name: str


_HARMLESS = ("", "borrower_id")
"""Flaws of a due record that do not make it unreadable: an ID that cannot be one is compared with
the core's like any other, and so ends as identity_mismatch, in its place among the rules."""

TOO_LATE = "too_late_for_due_date"
"""Planned today it cannot be on the repayment account by its latest arrival day."""

_OBSTACLES = (Reason.NAME_NOT_REPRESENTABLE, Reason.ACCOUNT_NOT_REPRESENTABLE)


def is_in_force(state: str, ended_on: int | None, first_day: int) -> bool:
    """生效, and not ended before the period's first day."""
    return state == AgreementState.IN_FORCE and (ended_on is None or ended_on >= first_day)


def judge(
    pledges: Sequence[Pledge], dues: Sequence[Due], terms: Terms
) -> tuple[list[Line], list[DueClass]]:
    """Decide every agreement of one loan, and the class of each of its due records."""
    if len(pledges) == 1 and pledges[0].in_force:  # nearly all of them
        decided = _decide(pledges[0], dues, terms)
        return [decided], _classes(decided, dues)
    live = sorted((p for p in pledges if p.in_force), key=_signed_first)
    lines = [
        Line(p, Decision.SKIPPED, Reason.AGREEMENT_NOT_IN_FORCE) for p in pledges if not p.in_force
    ]
    if not live:
        name = "skipped" if pledges else "unclaimed"
        return lines, [DueClass(due, name) for due in dues]
    twins = len({(p.main_token, p.spouse_token, p.repay_token) for p in live}) == 1
    decided = _decide(live[0], dues, terms) if len(live) == 1 or twins else _duplicate(live[0])
    lines += [decided, *(_duplicate(p) for p in live[1:])]
    return lines, _classes(decided, dues)


def _classes(decided: Line, dues: Sequence[Due]) -> list[DueClass]:
    name = "planned" if decided.decision is Decision.CANDIDATE else decided.decision.value
    return [DueClass(due, name) for due in dues]


def _signed_first(pledge: Pledge) -> tuple[int, bytes]:
    return pledge.signed_on, pledge.number.encode()


def _duplicate(pledge: Pledge) -> Line:
    return Line(pledge, Decision.EXCEPTION, Reason.DUPLICATE_AGREEMENT)


def _decide(  # noqa: PLR0911  a return for each rule, in their order
    pledge: Pledge, dues: Sequence[Due], terms: Terms
) -> Line:
    if len(dues) != 1:
        reason = Reason.DUPLICATE_DUE_RECORD if dues else Reason.NO_DUE_RECORD
        return Line(pledge, Decision.EXCEPTION, reason)
    due = dues[0]
    if due.flaw not in _HARMLESS or due.amount < 0:
        return Line(pledge, Decision.EXCEPTION, Reason.BAD_DUE_RECORD, due)
    if due.settled:
        return Line(pledge, Decision.SKIPPED, Reason.LOAN_SETTLED, due)
    obstacle = _obstacle(pledge, due)
    if obstacle is not Reason.NONE:
        return Line(pledge, Decision.EXCEPTION, obstacle, due)
    if due.amount == 0:
        return Line(pledge, Decision.SKIPPED, Reason.NOTHING_DUE, due)
    if due.obstacle:
        return _unwritable(pledge, due)
    return Line(pledge, Decision.CANDIDATE, due=due, notices=_notices(pledge, due, terms))


def _unwritable(pledge: Pledge, due: Due) -> Line:
    """Name or account do not fit the bank's fields; a word we do not know stands as a notice."""
    if due.obstacle in _OBSTACLES:
        return Line(pledge, Decision.EXCEPTION, Reason(due.obstacle), due)
    notice = f"obstacle:{due.obstacle}"
    return Line(pledge, Decision.EXCEPTION, Reason.NAME_NOT_REPRESENTABLE, due, notice)


def _obstacle(pledge: Pledge, due: Due) -> Reason:
    if pledge.main is None or (pledge.spouse_token is not None and pledge.spouse is None):
        return Reason.ACCOUNT_NOT_FOUND
    theirs = due.card_token if pledge.main.is_card else due.id_token
    same = (due.name_token, theirs) == (pledge.main.name_token, pledge.main.id_token)
    if not same or not due.name_token or not theirs:  # two blanks are nobody's identity
        return Reason.IDENTITY_MISMATCH
    if due.repay_token != pledge.repay_token:
        return Reason.REPAYMENT_ACCOUNT_CHANGED
    return Reason.NONE


def _notices(pledge: Pledge, due: Due, terms: Terms) -> str:
    """Words for people, beside the reason: what staff must tell this person."""
    found = []
    if due.due_on < terms.arrives_on:
        found.append(TOO_LATE)
    if due.overdue:
        found.append("loan_overdue")
    if pledge.main is not None:
        if pledge.main.state not in terms.usable_states:
            found.append("main_account_not_usable")
        elif pledge.main.frozen > 0:
            found.append("main_account_frozen")
    return ",".join(found)


def free(account: Account | None, taken: int, own_holds: int, terms: Terms) -> Fen:
    """What an account can give, in 分.

    balance − judicially frozen − others' live holds − what this run has taken − retain, never
    below 0, and 0 where its state is not usable.  ``own_holds`` is the part of the core's hold
    figure that is this run's own, and is counted in ``taken`` already.
    """
    if account is None or account.state not in terms.usable_states:
        return ZERO
    others = max(account.held - own_holds, 0)
    return Fen(max(account.balance - account.frozen - others - taken - terms.retain, 0))


class Share(NamedTuple):
    """How one instalment is shared out; all zero with a reason when nothing is paid."""

    main: Fen
    spouse: Fen
    reason: Reason

    @property
    def total(self) -> Fen:
        return Fen(self.main + self.spouse)


def share(due: Fen, free_main: Fen, free_spouse: Fen, terms: Terms) -> Share:
    """target = min(due, cap); amount = min(target, both accounts' free), main first."""
    target = due if terms.cap is None else min(due, terms.cap)
    from_main = Fen(min(target, free_main))
    from_spouse = Fen(min(target - from_main, free_spouse))
    paid = from_main + from_spouse
    if paid == 0:
        return Share(ZERO, ZERO, Reason.NO_BALANCE)
    if paid < target and not terms.partial:
        return Share(ZERO, ZERO, Reason.INSUFFICIENT_BALANCE)
    return Share(from_main, from_spouse, Reason.PARTIAL if paid < due else Reason.NONE)
