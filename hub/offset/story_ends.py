"""The stages of a story from the bank's answer on: inquiries, result, posting, statement,
differences, returns, the close."""

from collections.abc import Iterator

import sqlalchemy as sa

from hub.bus.preview import Line
from hub.bus.tables import message
from hub.offset import statement
from hub.offset.inquiry import INQUIRY, RESULTS
from hub.offset.notify.looking import NEEDS_PEOPLE, told_of
from hub.offset.notify.words import STILL_OPEN, ToldState
from hub.offset.story import Life, Stage, Tone
from hub.offset.story_stages import by_prefix, core_messages, day, keys_of
from hub.offset.tables import (
    batch,
    core_posting,
    difference,
    result_seen,
    statement_day,
    statement_entry,
)
from hub.offset.tables_after import adjustment, repayment
from hub.offset.words import ItemState, Outcome
from hub.ports.bank import EntryKind, RowStatus

_BACK = (EntryKind.RETURN.value, EntryKind.REVERSAL.value)
_INQUIRIES = 10


def answers(life: Life) -> Iterator[Stage]:
    """What the bank has said of this number, by whatever way, once for each different word."""
    query = sa.select(result_seen).where(result_seen.c.number == life.row["number"])
    for each in life.view.execute(query.order_by(result_seen.c.id)):
        values: dict[str, str | int] = {
            "came_by": each.came_by, "said": f"{each.code} {each.text}".strip() or "—",
            "fen": each.fen or 0, "serial": each.bank_serial or "—",
        }  # fmt: skip
        lines = [Line(f"said_{each.status}", values)]
        if each.status == RowStatus.DONE.value and each.bank_serial:
            lines.append(Line("said_serial", values))
        if each.times > 1:
            lines.append(Line("said_again", {"count": each.times}))
        yield Stage(
            name="answer", lines=tuple(lines), at_us=each.first_us, tone=_TONES[each.status]
        )


_TONES = {
    RowStatus.DONE.value: Tone.DONE, RowStatus.REFUSED.value: Tone.BAD,
    RowStatus.PROCESSING.value: Tone.DONE, RowStatus.NOT_FOUND.value: Tone.WARN,
    RowStatus.UNKNOWN.value: Tone.WARN,
}  # fmt: skip


def inquiries(life: Life) -> Iterator[Stage]:
    """What the bank was asked about this item's batch."""
    number = life.row["batch"]
    asked = number and life.view.scalar(sa.select(batch.c.asks).where(batch.c.number == number))
    if not asked:
        return
    sent = by_prefix(life, life.interface, (RESULTS, INQUIRY), number, _INQUIRIES)
    since = life.view.scalar(sa.select(sa.func.min(message.c.created_us)).filter(
        message.c.id.in_(sent)))  # fmt: skip
    yield Stage(
        name="inquiry", lines=(Line("inquired", {"count": asked}),), messages=sent,
        at_us=life.shifted(since), shifted=True,
    )  # fmt: skip


def result(life: Life) -> Iterator[Stage]:
    """What that comes to."""
    row = life.row
    if not life.planned or row["was_withdrawn"] or row["state"] == ItemState.REFUSED.value:
        return
    if row["state"] == ItemState.UNKNOWN.value:
        yield Stage(name="result", lines=(Line("result_unknown"),), tone=Tone.WARN)
    elif row["result_us"] is None:
        if row["was_instructed"]:
            yield Stage(name="result", lines=(Line("result_waits"),), tone=Tone.OPEN)
    elif row["outcome"] == Outcome.FAILED.value:
        said = Line("result_failed", {"why_code": row["reason"] or "none"})
        yield Stage(name="result", lines=(said,), at_us=row["result_us"], tone=Tone.BAD)
    else:
        said = Line("result_paid", {"fen": row["fen"], "account": row["repay_mask"]})
        yield Stage(name="result", lines=(said,), at_us=row["result_us"])


def booked(life: Life) -> Iterator[Stage]:
    """Posted or released at the core, with what the core's books show."""
    row = life.row
    if not life.planned:
        return
    at: int | None = row["booked_us"]
    lines: tuple[Line, ...]
    if row["was_posted"]:
        lines = (Line("posted", {"fen": row["fen"]}), *_postings(life, reversal=0))
        # The reversal was stamped over the posting: its day stands in the core's own line.
        at = None if row["was_reversed"] else at
    elif row["was_released"]:
        lines = (Line("released", {"fen": row["fen"]}),)
    elif row["state"] == ItemState.SUCCEEDED.value:
        lines, at = (Line("post_waits"),), None
    elif row["state"] == ItemState.FAILED.value and row["was_held"]:
        lines, at = (Line("release_waits"),), None
    else:
        return
    sent, done = core_messages(life, row["book_msg"]), row["was_posted"] or row["was_released"]
    yield Stage(
        name="book", lines=lines, at_us=at, tone=Tone.DONE if done else Tone.OPEN, messages=sent,
        subjects=keys_of(life, sent),
    )  # fmt: skip


def _postings(life: Life, *, reversal: int) -> Iterator[Line]:
    p = core_posting.c
    query = sa.select(p.serial, p.fen, p.booked_on).where(
        p.number == life.row["number"], p.reversal == reversal
    )
    for each in life.view.execute(query.order_by(p.id)):
        yield Line("core_shows", {"serial": each.serial, "fen": each.fen,
                                  "day": day(each.booked_on)})  # fmt: skip


def stated(life: Life) -> Iterator[Stage]:
    """What the bank's statements show of it."""
    row, e = life.row, statement_entry.c
    if not life.planned:
        return
    query = sa.select(statement_entry).where(e.number == row["number"]).order_by(e.id)
    entries = life.view.execute(query).all()
    for each in entries:
        back = each.kind in _BACK
        values: dict[str, str | int] = {
            "day": day(each.day),
            "serial": each.serial,
            "fen": each.fen,
            "to": each.counter_mask,
        }
        lines = [Line(f"statement_{each.kind}", values)]
        if each.matched_us is not None:
            lines.append(Line("statement_matched"))
        if each.late:
            lines.append(Line("statement_late"))
        read_us, sent = _reading(life, int(each.run_id), each.bank, int(each.day))
        yield Stage(
            name="back" if back else "statement", lines=tuple(lines), at_us=read_us, messages=sent,
            shifted=True, tone=Tone.BAD if back else Tone.DONE, subjects=(each.serial,),
        )  # fmt: skip
    if not entries and row["was_posted"]:
        yield Stage(name="statement", lines=(Line("statement_waits"),), tone=Tone.OPEN)


def _reading(life: Life, run_id: int, bank: str, of_day: int) -> tuple[int | None, tuple[int, ...]]:
    """When a day was last read, and by which messages."""
    d = statement_day.c
    found = life.view.execute(
        sa.select(d.round, d.read_us).where(d.run_id == run_id, d.bank == bank, d.day == of_day)
    ).first()
    if found is None:
        return None, ()
    kinds, key = (statement.KIND,), f"{run_id}:{of_day}:{found.round}"
    return life.shifted(found.read_us), by_prefix(life, life.interface, kinds, key)


def disputed(life: Life) -> Iterator[Stage]:
    """Differences over it, and how they were settled."""
    if not life.planned:
        return
    query = sa.select(difference).where(difference.c.number == life.row["number"])
    for each in life.view.execute(query.order_by(difference.c.id)):
        values: dict[str, str | int] = {
            "kind": each.kind, "number": str(each.id), "hub_fen": each.hub_fen,
            "bank_fen": each.bank_fen, "core_fen": each.core_fen,
        }  # fmt: skip
        about = (str(each.number), f"difference {each.id}")
        tone = Tone.BAD if each.state == "open" else Tone.WARN
        yield Stage(name="difference", lines=(Line("difference", values),),
                    at_us=each.opened_us, tone=tone, subjects=about)  # fmt: skip
        if each.settled_us is not None:
            said = Line("difference_settled", {"number": str(each.id), "how": each.settlement})
            yield Stage(name="difference", lines=(said,), at_us=each.settled_us)


def came_back(life: Life) -> Iterator[Stage]:
    """A returned payment: the reversal at the core, the adjustment after the close."""
    row = life.row
    if row["outcome"] != Outcome.RETURNED.value:
        return
    sent = core_messages(life, row["back_msg"])
    subjects = (*keys_of(life, sent), f"{row['period']} {row['bank']}")
    lines: tuple[Line, ...] = (Line("reverse_waits"),)
    if row["was_reversed"]:
        lines = (Line("reversed", {"fen": row["fen"]}), *_postings(life, reversal=1))
    yield Stage(
        name="back", lines=lines, at_us=row["booked_us"] if row["was_reversed"] else None,
        tone=Tone.WARN if row["was_reversed"] else Tone.OPEN, messages=sent, subjects=subjects,
    )  # fmt: skip
    query = sa.select(adjustment).where(adjustment.c.number == row["number"])
    for each in life.view.execute(query.order_by(adjustment.c.id)):
        said = Line("adjusted", {"day": day(each.made_on), "fen": each.fen})
        yield Stage(name="back", lines=(said,), tone=Tone.WARN)


def ended(life: Life) -> Iterator[Stage]:
    """Reconciled, paid again by another item, and the close of its period."""
    row = life.row
    if not life.planned:
        return
    subject = f"run {row['the_run']} {row['bank']}"
    if row["reconciled_us"] is not None:
        yield Stage(name="reconcile", lines=(Line("reconciled"),), at_us=row["reconciled_us"],
                    subjects=(subject,))  # fmt: skip
    elif row["state"] in (ItemState.POSTED.value, ItemState.RELEASED.value):
        yield Stage(name="reconcile", lines=(Line("reconcile_waits"),), tone=Tone.OPEN)
    again = life.view.execute(
        sa.select(repayment).where(repayment.c.parent == row["number"])
    ).first()
    if again is not None:
        said = Line("paid_again", {"number": again.number, "by": again.ordered_by})
        yield Stage(name="again", lines=(said,), at_us=again.ordered_us)
    if row["closed_us"] is not None:
        said = Line("run_closed", {"period": row["period"]})
        yield Stage(name="close", lines=(said,), at_us=row["closed_us"],
                    subjects=(f"run {row['the_run']}",))  # fmt: skip


def people_told(life: Life) -> Iterator[Stage]:
    """What the borrower was told of it, and when."""
    row = life.row
    for one in told_of(life.view, row["agreement_id"], row["period"], row["number"]):
        state = ToldState(one.state)
        values: dict[str, str | int] = {"template": one.template, "number": one.number or "—"}
        tone = Tone.WARN if state in NEEDS_PEOPLE else Tone.DONE
        yield Stage(
            name="told", lines=(Line(f"told_{one.occasion}", values), Line(f"told_{one.state}")),
            at_us=one.told_us or (one.found_us if state in NEEDS_PEOPLE else None),
            tone=Tone.OPEN if state in STILL_OPEN else tone,
            messages=() if one.message is None else (one.message,),
        )  # fmt: skip
