"""The funds check: what the paying account holds, before money is planned on and moved."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.bus import Delivery, Message
from hub.bus.words import MessageState
from hub.kernel.periods import Period
from hub.kernel.secret import mask_account
from hub.offset.handling import ReadHandler
from hub.offset.letters import BalanceAsk, pack, unpack
from hub.offset.office import Office
from hub.offset.tables import item, leg, wave
from hub.offset.tables_month import second_part
from hub.offset.words import ItemState, WaveState
from hub.ports.bank import BankBalance, BankPort
from hub.store import database_now_us

KIND = "bank.balance"
_UNDER_WAY = (MessageState.QUEUED, MessageState.WAITING, MessageState.IN_FLIGHT)
_AGAIN_US = 15_000_000
"""How often a bank is asked again while its paying account holds too little."""


def ask_balance(
    tx: Connection, office: Office, period: Period, leg_row: sa.Row[tuple[int]]
) -> None:
    """Order one look at the paying account; none while the one before is under way."""
    interface, before = office.seat(leg_row.bank).interface, leg_row.balance_asked
    asked = office.bus.find(tx, interface, KIND, f"{leg_row.id}:{before}")
    if asked is not None and asked.state in _UNDER_WAY:
        return
    turn = before + 1
    letter = BalanceAsk(leg_row.run_id, leg_row.bank)
    office.to_bank(
        tx, leg_row.bank, KIND, f"{leg_row.id}:{turn}", pack(letter), period=period,
        subject=f"付款账户余额 {leg_row.bank}", endless=True,
    )  # fmt: skip
    tx.execute(
        sa.update(leg)
        .where(leg.c.id == leg_row.id)
        .values(balance_asked=turn, balance_next_us=database_now_us(tx) + _AGAIN_US)
    )


@dataclass(frozen=True, slots=True)
class _Got:
    ask: BalanceAsk
    balance: BankBalance


class BalanceHandler(ReadHandler):
    """Bus handler of ``bank.balance``."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def send(self, delivery: Delivery) -> _Got:
        ask = unpack(delivery.payload, BalanceAsk)
        port: BankPort = delivery.port
        return _Got(ask, port.fetch_balance(delivery.line))

    def apply(self, tx: Connection, message: Message, result: _Got) -> None:
        here = sa.and_(leg.c.run_id == result.ask.run_id, leg.c.bank == result.ask.bank)
        found = tx.execute(
            sa.select(leg.c.wave_id, wave.c.state)
            .join(wave, wave.c.id == leg.c.wave_id)
            .where(here)
        ).one()
        enough = result.balance.amount >= _still_to_pay(tx, result.ask)
        approved = found.state == WaveState.APPROVED.value
        trouble = "" if enough else "付款账户余额不足，等待补足"
        tx.execute(
            sa.update(leg)
            .where(here)
            .values(
                balance_fen=result.balance.amount, balance_us=self._office.now_us(),
                payer_mask=mask_account(result.balance.account), trouble=trouble,
                funded=int(enough and approved),
            )
        )  # fmt: skip


def _still_to_pay(tx: Connection, ask: BalanceAsk) -> int:
    waiting = (ItemState.PLANNED.value, ItemState.HELD.value)
    # A second wave that nobody has signed may not hold up what was approved before it.
    unsigned = (
        sa.select(wave.c.id)
        .join(second_part, second_part.c.wave_id == wave.c.id)
        .where(wave.c.run_id == ask.run_id, wave.c.state != WaveState.APPROVED.value)
    )
    query = sa.select(sa.func.coalesce(sa.func.sum(item.c.fen), 0)).where(
        item.c.run_id == ask.run_id, item.c.bank == ask.bank, item.c.state.in_(waiting),
        item.c.wave_id.not_in(unsigned),
    )  # fmt: skip
    return int(tx.scalar(query) or 0)
