"""Hold, post, release, reverse: the offset's commands to the core, and its answers.

A chunk of items is marked as asked in the transaction that stores the message, so no item is
ever in two messages at once.  The core's commands are idempotent, so an unknown answer is
settled by the bus with the same command again.
"""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub import audit
from hub.bus import Effect, Message, NewMessage
from hub.bus.tables import message
from hub.core import CommandsLetter, command_kind
from hub.kernel.periods import Period
from hub.offset.agreements import open_accounts
from hub.offset.differences import Finding, open_difference
from hub.offset.letters import pack
from hub.offset.numbers import batch_number
from hub.offset.office import ItemsMoved, Office, run_group
from hub.offset.parts import is_approved
from hub.offset.tables import agreement, item, leg
from hub.offset.words import DifferenceKind, ItemState, Outcome, Reason
from hub.ports.core import CommandKind, CommandResult, Payer
from hub.store import among, database_now_us

_WANTED = {
    CommandKind.HOLD: ItemState.PLANNED,
    CommandKind.POST: ItemState.SUCCEEDED,
    CommandKind.RELEASE: ItemState.FAILED,
    CommandKind.REVERSE: ItemState.RETURNED,
}
"""The state in which an item waits for each command."""

_SENT_WITH = {
    CommandKind.HOLD: "hold_msg",
    CommandKind.POST: "book_msg",
    CommandKind.RELEASE: "book_msg",
    CommandKind.REVERSE: "back_msg",
}
"""Where an item keeps the number of the message that told the core."""

_TITLE = {
    CommandKind.HOLD: "占用",
    CommandKind.POST: "提取记账",
    CommandKind.RELEASE: "解除占用",
    CommandKind.REVERSE: "冲账",
}


def command_some(
    tx: Connection, office: Office, run_id: int, period: Period, bank: str, kind: CommandKind,
    *, at_most: int | None = None,
) -> int:  # fmt: skip
    """Order one bulk command for items that wait for it; how many, 0 when none wait."""
    rows = _waiting(tx, run_id, bank, kind, at_most or office.core_command_limit)
    if not rows:
        return 0
    letter = CommandsLetter(
        period=str(period), bank=bank, business_date=office.clock.today().isoformat(),
        rows=[(row[0], row[1], _payers(tx, office, row)) for row in rows],
    )  # fmt: skip
    numbers, fen = [row.number for row in rows], sum(row.fen for row in rows)
    key = _fresh_key(tx, office, kind, period, numbers)
    (message_id,) = office.bus.put(
        tx,
        [
            NewMessage(
                interface=office.core_interface, kind=command_kind(kind),
                key=key, payload=pack(letter), effect=Effect.COMMAND,
                group=run_group(period), subject=f"{_TITLE[kind]} {bank} {len(rows)} 笔",
                items=len(rows), fen=fen, month=str(period),
                contract_version=office.core_version,
            )
        ],
    )  # fmt: skip
    asked = tx.execute(
        sa.update(item)
        .where(among(tx, item.c.number, numbers), item.c.asked == "")
        .where(item.c.state == _WANTED[kind].value)
        .values({"asked": kind.value, _SENT_WITH[kind]: message_id})
    )
    if asked.rowcount != len(rows):
        raise ItemsMoved(f"{kind.value}: {asked.rowcount} of {len(rows)} items still waited")
    return len(rows)


def _fresh_key(
    tx: Connection, office: Office, kind: CommandKind, period: Period, numbers: list[str]
) -> str:
    """A key nobody has had.  The same items may wait for the same command once more, when the core
    refused it and two people settled that: the old message has its answer and says nothing new."""
    turn, key = 1, batch_number(period, numbers)
    while tx.scalar(
        sa.select(message.c.id).where(
            message.c.interface == office.core_interface,
            message.c.kind == command_kind(kind),
            message.c.msg_key == key,
        )
    ):
        turn += 1
        key = batch_number(period, [*numbers, f"turn {turn}"])
    return key


def _waiting(
    tx: Connection, run_id: int, bank: str, kind: CommandKind, limit: int
) -> list[sa.Row[Any]]:
    query = (
        sa.select(
            item.c.number, agreement.c.number.label("agreement_no"), item.c.main_fen,
            item.c.spouse_fen, agreement.c.key_id, agreement.c.sealed, item.c.fen,
        )
        .join(agreement, agreement.c.id == item.c.agreement_id)
        .where(
            item.c.run_id == run_id, item.c.bank == bank, item.c.asked == "",
            item.c.state == _WANTED[kind].value, item.c.disputed == 0,
            *([is_approved(run_id)] if kind is CommandKind.HOLD else []),
        )
        .order_by(item.c.due_record_id)  # so that a batch is cut from few pages of the due list
        .limit(limit)
    )  # fmt: skip
    return sorted(tx.execute(query), key=itemgetter(0))


def _payers(tx: Connection, office: Office, row: sa.Row[Any]) -> tuple[Payer, ...]:
    _, _, main_fen, spouse_fen, key_id, sealed, _ = row
    _, main, spouse = open_accounts(tx, office.vault, key_id, sealed)
    given = ((main, main_fen), (spouse, spouse_fen))
    return tuple([Payer(account, fen) for account, fen in given if fen > 0])


class Bookkeeper:
    """Takes the core's answers into the books."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def take(
        self, kind: CommandKind, tx: Connection, answered: Message,
        results: Sequence[CommandResult],
    ) -> None:  # fmt: skip
        """Apply one answered bulk command."""
        done = [result.number for result in results if result.done]
        legs = tx.execute(
            sa.select(item.c.run_id, item.c.bank, sa.func.sum(item.c.fen))
            .where(among(tx, item.c.number, [result.number for result in results]))
            .group_by(item.c.run_id, item.c.bank)
        ).all()
        if done:
            tx.execute(
                sa.update(item)
                .where(among(tx, item.c.number, done), item.c.asked == kind.value)
                .values(asked="", **self._done_values(kind))
            )
            # The core's books have changed for these legs: a reading of before is stale.
            for run_id, bank, _ in legs:
                tx.execute(
                    sa.update(leg)
                    .where(leg.c.run_id == run_id, leg.c.bank == bank)
                    .values(moved_us=database_now_us(tx))
                )
        for result in results:
            if not result.done:
                self._refused(tx, kind, result)
        audit.record(
            tx, act=f"offset.{kind.value}", actor="hub", subject=answered.key,
            detail={"done": len(done), "refused": len(results) - len(done)}, count=len(results),
            fen=sum(int(fen) for _, _, fen in legs),
            root=audit.merkle_root(
                [audit.digest(f"{r.number}|{int(r.done)}".encode()) for r in results]
            ),
        )  # fmt: skip

    def _done_values(self, kind: CommandKind) -> dict[str, Any]:
        now_us = self._office.now_us()
        match kind:
            case CommandKind.HOLD:
                return {"state": ItemState.HELD.value, "was_held": 1, "held_us": now_us}
            case CommandKind.POST:
                return {"state": ItemState.POSTED.value, "was_posted": 1, "booked_us": now_us}
            case CommandKind.RELEASE:
                return {"state": ItemState.RELEASED.value, "was_released": 1, "booked_us": now_us}
            case CommandKind.REVERSE:
                return {
                    "state": ItemState.REVERSED.value, "was_reversed": 1, "booked_us": now_us,
                    "live_key": None,
                }  # fmt: skip

    def _refused(self, tx: Connection, kind: CommandKind, result: CommandResult) -> None:
        said = f"{result.code} {result.reason} {result.text}".strip()
        if kind is CommandKind.HOLD:
            tx.execute(
                sa.update(item)
                .where(item.c.number == result.number, item.c.asked == kind.value)
                .values(
                    state=ItemState.REFUSED.value, outcome=Outcome.FAILED.value,
                    reason=Reason.HOLD_REFUSED.value, detail=said[:200], live_key=None, asked="",
                )
            )  # fmt: skip
            return
        found = tx.execute(
            sa.update(item)
            .where(item.c.number == result.number)
            .values(detail=said[:200])
            .returning(item.c.run_id, item.c.bank, item.c.fen, item.c.outcome)
        ).one()
        credited = found.fen if found.outcome == Outcome.SUCCEEDED.value else 0
        finding = Finding(
            DifferenceKind.BANK_ONLY if credited else DifferenceKind.CONTRADICTION,
            found.bank, result.number, found.fen, credited, 0,
            f"核心拒绝{_TITLE[kind]}：{said}",
        )  # fmt: skip
        open_difference(tx, found.run_id, finding, self._office.now_us(), again=True)
