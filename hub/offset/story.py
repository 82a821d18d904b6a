"""What became of one item, from the bank's due list to the close, in the order of its days.

A story is plain values: stages with sentences (codes and what is filled in; the pages have the
words), the numbers of the messages that carried each, and under which subjects the audit tells of
it.  The sentences follow from the books alone; nothing is guessed, and what is not known yet is a
stage that is still open.  Instants are µs UTC of business time, amounts 分, accounts masked.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.bus.preview import Line
from hub.kernel.errors import NotFound
from hub.kernel.secret import mask_name
from hub.offset.dues import open_page
from hub.offset.office import Office
from hub.offset.tables import agreement, due_list, due_record, item, leg, plan_line, run, wave
from hub.offset.words import Decision, ItemState, Outcome

LONGEST_KEY = 60


class NoSuchLife(NotFound):
    """Nothing is known under this number."""

    code = "find.no_such_item"
    hint = (
        "Search for it (`hub find`): by instruction, agreement, loan, serial, account or document."
    )


class Tone(StrEnum):
    """How a stage stands: done, still to come, went wrong, needs a look."""

    DONE = "done"
    OPEN = "open"
    BAD = "bad"
    WARN = "warn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One step.  ``name`` is its heading's code, ``lines`` what happened; ``at_us`` is None while
    it is open or where only the day is known, which then stands in a line; ``shifted``: it was
    told from the database's clock, which is right to the second at best."""

    name: str
    lines: tuple[Line, ...]
    at_us: int | None = None
    tone: Tone = Tone.DONE
    shifted: bool = False
    messages: tuple[int, ...] = ()
    subjects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One item, or an agreement that a plan left out.  ``verdict`` is the whole in a sentence,
    ``advice`` what it means for the person it is about."""

    key: str
    number: str
    period: str
    bank: str
    bank_name: str
    agreement: str
    loan_contract: str
    borrower: str
    main: str
    spouse: str
    repayment: str
    due_on: int
    due_fen: int | None
    fen: int
    main_fen: int
    spouse_fen: int
    outcome: str
    reason: str
    state: str
    batch: str
    bank_serial: str
    try_no: int
    parent: str
    next_try: str
    verdict: Line
    advice: tuple[Line, ...]
    stages: tuple[Stage, ...] = ()


@dataclass(frozen=True, slots=True)
class Life:
    """The rows a story is made from; ``to_business`` is added to the database's instants."""

    view: Connection
    office: Office
    row: sa.RowMapping
    to_business: int

    @property
    def planned(self) -> bool:
        """There is an item."""
        return bool(self.row["number"])

    @property
    def interface(self) -> str:
        """The bank's."""
        return str(self.row["interface"])

    def shifted(self, instant: int | None) -> int | None:
        """An instant of the database's clock in business time."""
        return None if instant is None else instant + self.to_business


def read_life(view: Connection, office: Office, key: str, to_business: int = 0) -> Life:
    """By an instruction number, or by ``agreement@period``.  Raises NoSuchLife."""
    row = _of_item(view, key) if "@" not in key else _of_line(view, *key.rpartition("@")[::2])
    if row is None:
        raise NoSuchLife(f"there is no item {key[:LONGEST_KEY]}")
    return Life(view, office, row, to_business)


def _common() -> list[Any]:
    a, w, r = agreement.c, wave.c, run.c
    return [
        a.number.label("agreement_no"), a.loan_contract, a.main_mask, a.spouse_mask, a.repay_mask,
        w.id.label("the_wave"), w.number.label("wave_no"), w.state.label("wave_state"),
        w.opened_us, w.planned_us, w.approved_us, w.digest,
        r.id.label("the_run"), r.period, r.closed_us, leg.c.interface,
        leg.c.due_list_id.label("leg_list"), due_record.c.due_list_id.label("its_list"),
        due_record.c.page_no, due_record.c.row_no.label("due_row"), due_record.c.overdue,
        due_record.c.settled, due_record.c.flaw, due_record.c.due_on,
        due_record.c.fen.label("record_fen"),
    ]  # fmt: skip


def _of_item(view: Connection, number: str) -> sa.RowMapping | None:
    i = item.c
    query = (
        sa.select(*item.c, sa.literal("planned").label("decision"), *_common())
        .select_from(item)
        .join(agreement, agreement.c.id == i.agreement_id)
        .join(run, run.c.id == i.run_id)
        .join(wave, wave.c.id == i.wave_id)
        .outerjoin(leg, sa.and_(leg.c.run_id == i.run_id, leg.c.bank == i.bank))
        .outerjoin(due_record, due_record.c.id == i.due_record_id)
        .where(i.number == number)
    )
    return view.execute(query).mappings().one_or_none()


def _of_line(view: Connection, number: str, period: str) -> sa.RowMapping | None:
    """An agreement that a plan left out, as the last wave of that period decided."""
    line = plan_line.c
    blank = {
        column.name: sa.literal(0 if isinstance(column.type, sa.Integer) else "")
        for column in item.c
        if column.name not in {"bank", "reason", "due_fen", "agreement_id", "due_record_id"}
    }
    nothing = [value.label(name) for name, value in blank.items()]
    query = (
        sa.select(
            line.bank, line.reason, line.due_fen, line.agreement_id, line.due_record_id,
            line.decision, *nothing, *_common(),
        )
        .select_from(plan_line)
        .join(agreement, agreement.c.id == line.agreement_id)
        .join(wave, wave.c.id == line.wave_id)
        .join(run, run.c.id == wave.c.run_id)
        .outerjoin(leg, sa.and_(leg.c.run_id == run.c.id, leg.c.bank == line.bank))
        .outerjoin(due_record, due_record.c.id == line.due_record_id)
        .where(agreement.c.number == number, run.c.period == period)
        .where(line.decision.in_([Decision.SKIPPED.value, Decision.EXCEPTION.value]))
        .order_by(line.wave_id.desc())
        .limit(1)
    )  # fmt: skip
    return view.execute(query).mappings().one_or_none()


def borrower_of(life: Life) -> str:
    """The borrower's name, masked, from the sealed page of the due list; empty without one."""
    row = life.row
    if row["its_list"] is None:
        return ""
    page = open_page(life.view, life.office, row["its_list"], row["page_no"])
    name, _ = page.borrower(row["due_row"])
    return mask_name(name)


def verdict_of(life: Life) -> Line:
    """The whole in a sentence."""
    row = life.row
    values: dict[str, str | int] = {
        "fen": row["fen"] or 0, "due_fen": row["due_fen"] or 0, "account": row["repay_mask"],
        "why_code": row["reason"] or "none",
    }  # fmt: skip
    return Line(_verdict(life, row), values)


def _verdict(life: Life, row: sa.RowMapping) -> str:
    if not life.planned:
        return "skipped" if row["decision"] == Decision.SKIPPED.value else "exception"
    if row["disputed"]:
        return "disputed"
    code = _UNDER_WAY.get(ItemState(row["state"]), "under_way")
    match Outcome(row["outcome"]):
        case Outcome.SUCCEEDED:
            paid = "paid" if row["was_posted"] else "paid_not_booked"
            code = paid if row["fen"] >= row["due_fen"] else f"{paid}_partly"
        case Outcome.FAILED:
            held = row["was_held"] and not row["was_released"]
            code = "failed_still_held" if held else "failed"
        case Outcome.RETURNED:
            code = "returned" if row["was_reversed"] else "returned_to_reverse"
        case Outcome.UNKNOWN:
            code = "unknown"
    return code


_UNDER_WAY = {ItemState.PLANNED: "planned", ItemState.HELD: "held", ItemState.INSTRUCTED: "sent"}


def advice_of(life: Life) -> Iterator[Line]:
    """What it means for the person: what they pay themselves, what they need not do."""
    row = life.row
    due, fen = int(row["due_fen"] or 0), int(row["fen"] or 0)
    if not life.planned or row["outcome"] in (Outcome.FAILED, Outcome.RETURNED):
        if row["reason"] not in ("loan_settled", "nothing_due", "agreement_not_in_force"):
            yield Line("pay_yourself")
        return
    if row["outcome"] == Outcome.SUCCEEDED:
        if fen < due:
            yield Line("pay_the_rest", {"fen": due - fen})
        return
    yield Line("wait_for_bank" if row["outcome"] == Outcome.UNKNOWN else "wait")


def due_list_of(life: Life) -> sa.Row[Any] | None:
    """The due list that decided: the record's, else the bank's in this run."""
    number = life.row["its_list"] or life.row["leg_list"]
    if number is None:
        return None
    return life.view.execute(sa.select(due_list).where(due_list.c.id == number)).first()
