"""Instructions (划款指令): cutting batches, sending them, and what their sending showed.

A batch's number, rows and order are stored, with the message that carries them, in one
transaction before its first send, and are never cut again.  What became of a row is decided in
``results``; here a batch as a whole is marked sent, unknown or refused.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from hub import audit
from hub.bus import Delivery, Effect, Message
from hub.kernel.periods import Period
from hub.offset.dues import DuePageOpened, Payee, open_page
from hub.offset.letters import InstructOrder, pack, unpack
from hub.offset.numbers import batch_number
from hub.offset.office import ItemsMoved, Office, day_number
from hub.offset.results import apply_results
from hub.offset.tables import batch, due_record, item
from hub.offset.words import ItemState, Outcome
from hub.ports.bank import BankPort, RefusalReason, RowResult, RowStatus
from hub.ports.line import PartnerRefused
from hub.store import database_now_us
from hub.store.prepared import Bulk

KIND = "bank.instruct"
NEVER_US = 2**62
"""A time that does not come: nothing is asked until somebody says when."""

_FIRST_ASK_US = 300_000
"""How long a bank is given before it is first asked what became of a batch."""


def cut_batch(tx: Connection, office: Office, run_id: int, period: Period, bank: str) -> int:
    """Cut one batch from what is held and order its sending; rows in it, 0 when none wait."""
    seat = office.seat(bank)
    rows = _held(tx, run_id, bank, seat.port.batch_limit)
    if not rows:
        return 0
    payees = _payees(tx, office, rows)
    number = batch_number(period, [row.number for row in rows])
    order = InstructOrder(
        number,
        str(period),
        [
            (row.number, payee.loan_contract, payee.account, payee.name, row.fen)
            for row, payee in zip(rows, payees, strict=True)
        ],
    )
    fen = sum(row.fen for row in rows)
    message_id = office.to_bank(
        tx, bank, KIND, number, pack(order), period=period, subject=f"批次 {number}",
        effect=Effect.MONEY, items=len(rows), fen=fen,
    )  # fmt: skip
    now_us = office.now_us()
    tx.execute(
        sa.insert(batch).values(
            number=number, run_id=run_id, bank=bank, message_id=message_id, rows_count=len(rows),
            fen=fen, state="cut", asks=0, asks_open=0, next_ask_us=NEVER_US, cut_us=now_us,
        )
    )  # fmt: skip
    today = office.today()
    cut = _CUT.run(tx, [(number, place, today, row[0]) for place, row in enumerate(rows)])
    if cut != len(rows):
        raise ItemsMoved(f"batch {number}: {cut} of {len(rows)} rows still waited")
    audit.record(
        tx, act="offset.batch_cut", actor="hub", subject=number, detail={"bank": bank},
        count=len(rows), fen=fen, root=_root(order),
    )  # fmt: skip
    return len(rows)


_CUT = Bulk(
    sa.update(item)
    .where(item.c.number == sa.bindparam("b_number"), item.c.asked == "")
    .where(item.c.state == ItemState.HELD.value)
    .values(
        batch=sa.bindparam("b_batch"), row_no=sa.bindparam("b_row"), asked="instruct",
        instructed_on=sa.bindparam("b_today"),
    ),
    "b_batch", "b_row", "b_today", "b_number",
)  # fmt: skip


def _root(order: InstructOrder) -> str:
    digests = [audit.digest(f"{number}|{fen}".encode()) for number, _, _, _, fen in order.rows]
    return audit.merkle_root(digests)


def _held(tx: Connection, run_id: int, bank: str, limit: int) -> list[Row[Any]]:
    query = (
        sa.select(
            item.c.number, item.c.fen, due_record.c.due_list_id, due_record.c.page_no,
            due_record.c.row_no,
        )
        .join(due_record, due_record.c.id == item.c.due_record_id)
        .where(
            item.c.run_id == run_id, item.c.bank == bank, item.c.disputed == 0,
            item.c.state == ItemState.HELD.value, item.c.asked == "",
        )
        .order_by(item.c.due_record_id)
        .limit(limit)
    )  # fmt: skip
    return list(tx.execute(query))


def _payees(tx: Connection, office: Office, rows: list[Row[Any]]) -> list[Payee]:
    pages: dict[tuple[int, int], DuePageOpened] = {}
    found = []
    for _, _, due_list_id, page_no, row_no in rows:
        page = pages.get((due_list_id, page_no))
        if page is None:
            page = pages[due_list_id, page_no] = open_page(tx, office, due_list_id, page_no)
        found.append(page.payee(row_no))
    return found


@dataclass(frozen=True, slots=True)
class _Said:
    batch: str
    results: tuple[RowResult, ...]


class InstructHandler:
    """Bus handler of ``bank.instruct``."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def send(self, delivery: Delivery) -> _Said:
        order = unpack(delivery.payload, InstructOrder)
        port: BankPort = delivery.port
        return _Said(order.batch, port.instruct(delivery.line, order.as_batch()))

    def apply(self, tx: Connection, message: Message, result: _Said) -> None:
        self._mark_sent(tx, message, "sent")
        apply_results(tx, self._office, result.results, "reply")

    def refused(self, tx: Connection, message: Message, refusal: PartnerRefused) -> None:
        """The bank's code table calls its refusal of the whole batch final: every row failed."""
        self._mark_sent(tx, message, "refused")
        rows = tx.scalars(sa.select(item.c.number).where(item.c.batch == message.key))
        results = [
            RowResult(
                number, RowStatus.REFUSED, reason=RefusalReason.BANK_ERROR,
                code=refusal.partner_code, text=refusal.text,
            )
            for number in rows
        ]  # fmt: skip
        apply_results(tx, self._office, results, "reply")

    def unknown(self, tx: Connection, message: Message) -> None:
        """It may have been received: every open row is unknown until the bank is asked."""
        self._mark_sent(tx, message, "unknown")
        tx.execute(
            sa.update(item)
            .where(
                item.c.batch == message.key,
                item.c.state.in_([ItemState.HELD.value, ItemState.INSTRUCTED.value]),
            )
            .values(state=ItemState.UNKNOWN.value, outcome=Outcome.UNKNOWN.value)
        )

    def died(self, tx: Connection, message: Message) -> None:
        """Surely never sent: its rows stay on hold; a person resends or withdraws them."""

    def _last_day(self, message: Message) -> int:
        """The last banking day on which what was sent just now may still be booked."""
        ports = (s.port for s in self._office.banks.values() if s.interface == message.interface)
        settle_s = max((port.settle_after_s for port in ports), default=0.0)
        return day_number((self._office.clock.now() + timedelta(seconds=settle_s)).date())

    def _mark_sent(self, tx: Connection, message: Message, state: str) -> None:
        number, database_us = message.key, database_now_us(tx)
        values: dict[str, Any] = {
            "state": state, "next_ask_us": database_us + _FIRST_ASK_US,
            "last_sent_on": self._last_day(message),
        }  # fmt: skip
        if state == "unknown":
            values["unknown_us"] = database_us
        tx.execute(sa.update(batch).where(batch.c.number == number).values(**values))
        tx.execute(
            sa.update(item)
            .where(item.c.batch == number, item.c.was_instructed == 0)
            .values(
                was_instructed=1, asked="", instructed_us=self._office.now_us(),
                state=sa.case(
                    (item.c.state == ItemState.HELD.value, ItemState.INSTRUCTED.value),
                    else_=item.c.state,
                ),
            )
        )  # fmt: skip
