"""Texts on their way, and what became of them."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub import audit
from hub.bus import Delivery, Handler, Message
from hub.kernel.typed import read_json
from hub.offset.notify.asking import PHONES, TEXTS, PhonesHandler
from hub.offset.notify.letters import TextsLetter
from hub.offset.notify.seat import NotifySeat
from hub.offset.notify.tables import told
from hub.offset.notify.words import ToldState
from hub.offset.office import Office
from hub.ports.line import PartnerRefused, ReplyUnreadable
from hub.ports.notify import NotifyPort, NotifyStatus

_STATES = {
    NotifyStatus.TAKEN: ToldState.TOLD, NotifyStatus.ALREADY: ToldState.ALREADY,
    NotifyStatus.REFUSED: ToldState.REFUSED,
}  # fmt: skip


def handlers(office: Office, seat: NotifySeat | None) -> Mapping[str, Handler]:
    """By message kind; none where nobody is told anything."""
    if seat is None:
        return {}
    return {PHONES: PhonesHandler(office, seat), TEXTS: TextsHandler(office)}


class TextsHandler:
    """A batch of texts to one destination.  Repeated as it is: the numbers make it idempotent."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def send(self, delivery: Delivery) -> list[tuple[int, NotifyStatus, str]]:
        """See Handler.send: (row, what became of it, the destination's code)."""
        letter = read_json(delivery.payload, TextsLetter)
        port: NotifyPort = delivery.port
        results = port.tell(delivery.line, letter.as_texts())
        if [one.number for one in results] != [number for _, number, _, _ in letter.rows]:
            raise ReplyUnreadable("the destination did not answer for every text")
        rows = zip(letter.rows, results, strict=True)
        return [(row[0], one.status, one.code) for row, one in rows]

    def apply(self, tx: Connection, message: Message, result: Any) -> None:
        """Into the books."""
        now_us = self._office.now_us()
        tx.execute(
            sa.update(told)
            .where(told.c.id == sa.bindparam("b_id"), told.c.message_id == message.id)
            .values(
                state=sa.bindparam("b_state"), detail=sa.bindparam("b_detail"), told_us=now_us
            ),
            [
                {"b_id": row, "b_state": _STATES[status].value, "b_detail": code[:60]}
                for row, status, code in result
            ],
        )  # fmt: skip
        audit.record(
            tx, act="notify.told", actor="hub", subject=f"message:{message.id}",
            detail={
                status.value: sum(one[1] is status for one in result) for status in NotifyStatus
            },
            count=len(result),
        )  # fmt: skip

    def refused(self, tx: Connection, message: Message, refusal: PartnerRefused) -> None:
        """The destination takes none of them."""
        self._end(tx, message, ToldState.REFUSED, refusal.partner_code)

    def unknown(self, tx: Connection, message: Message) -> None:
        """Cannot be: only money messages end unknown."""

    def died(self, tx: Connection, message: Message) -> None:
        """A dead letter: somebody has it sent again, or tells these people otherwise."""
        self._end(tx, message, ToldState.DEAD, "")

    def _end(self, tx: Connection, message: Message, state: ToldState, why: str) -> None:
        tx.execute(
            sa.update(told)
            .where(told.c.message_id == message.id, told.c.state == ToldState.QUEUED.value)
            .values(state=state.value, detail=why[:60])
        )
