"""Steps of a case, each told to the platform until it is receipted.

One step of a case is on its way at a time, so the platform hears them in their order; the message
has no ceiling, so that a platform that is away for a day loses nothing.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub import audit
from hub.bus import Delivery, Effect, Message, NewMessage, Rung
from hub.cases.office import CaseOffice, number_day
from hub.cases.tables import case, step
from hub.cases.words import Fed
from hub.kernel.clocks import from_us, to_us
from hub.kernel.money import Fen
from hub.kernel.typed import read_json
from hub.ports.case import CasePort, Feedback, FeedbackReceipt, Step
from hub.ports.line import PartnerRefused

FEEDBACK = "case.feedback"


class FeedbackLetter(msgspec.Struct, frozen=True):
    """One step as it is told; days as YYYYMMDD."""

    case_id: int
    place: int
    door: str
    number: str
    version: int
    step: str
    at_us: int
    text: str
    lacking: list[str]
    promise_days: int
    promise_on: int | None
    principal: int | None
    interest: int | None

    def feedback(self) -> Feedback:
        """In the port's form."""
        return Feedback(
            self.door, self.number, self.version, self.place, Step(self.step), from_us(self.at_us),
            self.text, tuple(self.lacking), self.promise_days,
            number_day(self.promise_on) if self.promise_on else None,
            None if self.principal is None else Fen(self.principal),
            None if self.interest is None else Fen(self.interest),
        )  # fmt: skip


def tell(
    tx: Connection, office: CaseOffice, row: sa.Row[Any], word: Step, text: str = "",
    lacking: Sequence[str] = (), promise_days: int = 0,
) -> None:  # fmt: skip
    """Add a step to the case's history and have it told.  ``row`` as it stands after the step."""
    last = tx.scalar(sa.select(sa.func.max(step.c.place)).where(step.c.case_id == row.id))
    tx.execute(
        sa.insert(step).values(
            case_id=row.id, place=(last or 0) + 1, version=row.version, step=word.value,
            at_us=to_us(office.clock.now()), text=text[:200],
            lacking=msgspec.json.encode(list(lacking)).decode(), promise_days=promise_days,
            promise_on=row.promise_on if promise_days else None,
            principal=row.principal, interest=row.interest,
            fed=Fed.WAITING.value, receipt="",
        )
    )  # fmt: skip
    audit.record(
        tx, act=f"case.{word.value}", actor="hub", subject=f"case:{row.id}",
        detail={"number": row.number, "version": row.version, "text": text[:120]}, count=1,
        fen=row.principal or 0,
    )  # fmt: skip
    _next(tx, office, row.id)


def _next(tx: Connection, office: CaseOffice, case_id: int) -> None:
    """Send the first step not told yet, unless one is on its way."""
    waiting = tx.execute(
        sa.select(step)
        .where(step.c.case_id == case_id, step.c.fed.in_((Fed.WAITING.value, Fed.SENT.value)))
        .order_by(step.c.place)
        .limit(1)
    ).one_or_none()
    if waiting is None or waiting.fed == Fed.SENT.value:
        return
    head = tx.execute(
        sa.select(case.c.interface, case.c.door, case.c.number).where(case.c.id == case_id)
    ).one()
    letter = FeedbackLetter(
        case_id, waiting.place, head.door, head.number, waiting.version, waiting.step,
        waiting.at_us, waiting.text, msgspec.json.decode(waiting.lacking),
        waiting.promise_days, waiting.promise_on, waiting.principal, waiting.interest,
    )  # fmt: skip
    made = NewMessage(
        interface=head.interface, kind=FEEDBACK, key=f"{case_id}:{waiting.place}",
        payload=msgspec.json.encode(letter), effect=Effect.COMMAND, group=f"case:{case_id}",
        subject=f"办件 {head.number} 第 {waiting.place} 条进度", month=office.month,
        contract_version=office.seat(head.interface).contract_version, items=1, endless=True,
    )  # fmt: skip
    (number,) = office.bus.put(tx, [made])
    _mark(tx, case_id, waiting.place, fed=Fed.SENT.value, message_id=number)


def _mark(tx: Connection, case_id: int, place: int, **values: Any) -> int:
    done = tx.execute(
        sa.update(step)
        .where(
            step.c.case_id == case_id, step.c.place == place,
            step.c.fed.in_((Fed.WAITING.value, Fed.SENT.value)),
        )
        .values(**values)
    )  # fmt: skip
    return int(done.rowcount)


class FeedbackHandler:
    """Tells one step; its receipt lets the next one go."""

    def __init__(self, office: CaseOffice) -> None:
        self._office = office

    def send(self, delivery: Delivery) -> tuple[FeedbackLetter, FeedbackReceipt]:
        letter = read_json(delivery.payload, FeedbackLetter)
        port: CasePort = delivery.port
        return letter, port.feedback(delivery.line, letter.feedback())

    def apply(
        self, tx: Connection, message: Message, result: tuple[FeedbackLetter, FeedbackReceipt]
    ) -> None:
        letter, said = result
        self._ended(tx, letter, Fed.RECEIPTED, said.receipt)
        self._office.bus.climb(tx, [message.id], Rung.RECEIPTED)

    def refused(self, tx: Connection, message: Message, refusal: PartnerRefused) -> None:
        """The platform will not have this step; the others are told all the same."""
        payload = self._office.bus.payload(tx, message.id)
        letter = read_json(payload, FeedbackLetter)
        audit.record(
            tx, act="case.feedback_refused", actor="hub", subject=f"case:{letter.case_id}",
            detail={"place": letter.place, "code": refusal.partner_code},
        )  # fmt: skip
        self._ended(tx, letter, Fed.REFUSED, refusal.partner_code)

    def unknown(self, tx: Connection, message: Message) -> None:
        """Cannot be: only money messages end unknown."""

    def died(self, tx: Connection, message: Message) -> None:
        """Cannot be: it has no ceiling."""

    def _ended(self, tx: Connection, letter: FeedbackLetter, fed: Fed, said: str) -> None:
        # The case first: a step may be added to it at this very moment.
        tx.execute(sa.select(case.c.id).where(case.c.id == letter.case_id).with_for_update())
        now = self._office.now_us(tx)
        if _mark(tx, letter.case_id, letter.place, fed=fed.value, receipt=said[:40], fed_us=now):
            _next(tx, self._office, letter.case_id)
