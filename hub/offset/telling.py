"""A whole story put together: see ``hub.offset.story``."""

from collections.abc import Callable, Iterator
from operator import itemgetter

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.offset import story_ends as ends
from hub.offset import story_stages as stages
from hub.offset.office import Office
from hub.offset.story import Life, Stage, Story, Tone, advice_of, borrower_of, read_life, verdict_of
from hub.offset.tables_after import repayment

_IN_ORDER: tuple[Callable[[Life], Iterator[Stage]], ...] = (
    stages.listed, stages.planned, stages.approved, stages.held, stages.instructed,
    ends.inquiries, ends.answers, ends.result, ends.booked, ends.stated, ends.disputed,
    ends.came_back, ends.people_told, ends.ended,
)  # fmt: skip

_LAST = 2**62


def tell(view: Connection, office: Office, key: str, to_business: int = 0) -> Story:
    """One item by its number, or what a plan left out by ``agreement@period``.

    ``to_business`` is what the database's instants lack to business time, in µs.  Raises
    NoSuchLife.
    """
    life = read_life(view, office, key, to_business)
    row = life.row
    seat = office.banks.get(row["bank"])
    return Story(
        key=key, number=row["number"], period=row["period"], bank=row["bank"],
        bank_name=row["bank"] if seat is None else seat.name, agreement=row["agreement_no"],
        loan_contract=row["loan_contract"], borrower=borrower_of(life), main=row["main_mask"],
        spouse=row["spouse_mask"], repayment=row["repay_mask"], due_on=row["due_on"] or 0,
        due_fen=row["record_fen"], fen=row["fen"], main_fen=row["main_fen"],
        spouse_fen=row["spouse_fen"], outcome=_outcome(life), reason=row["reason"],
        state=row["state"], batch=row["batch"] or "", bank_serial=row["bank_serial"],
        try_no=row["try_no"], parent=row["parent"] or "", next_try=_next_try(life),
        verdict=verdict_of(life), advice=tuple(advice_of(life)),
        stages=tuple(stage for _, stage in sorted(_stages(life), key=itemgetter(0))),
    )  # fmt: skip


def _stages(life: Life) -> Iterator[tuple[int, Stage]]:
    """With the moment each is ordered by: what is still open comes last; what is done at a moment
    that is not kept goes with the one before it."""
    last, end = 0, life.row["reconciled_us"] or _LAST
    for place in _IN_ORDER:
        for stage in place(life):
            if stage.at_us is not None:
                # Two clocks never agree to the microsecond: what must come after, does.
                last = min(max(stage.at_us, last), end) if stage.shifted else stage.at_us
            yield (_LAST if stage.tone is Tone.OPEN else last), stage


def _outcome(life: Life) -> str:
    row = life.row
    return str(row["outcome"]) if life.planned else str(row["decision"]).upper()


def _next_try(life: Life) -> str:
    if not life.planned:
        return ""
    query = sa.select(repayment.c.number).where(repayment.c.parent == life.row["number"])
    return str(life.view.scalar(query) or "")
