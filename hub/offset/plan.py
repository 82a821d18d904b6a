"""Planning one wave (轮次): from agreements, due lists and accounts to plan lines and items.

Three passes, all streamed, so that a million agreements need neither memory nor a long lock:
``plan_loans`` decides each loan by the rules, ``plan_shares`` shares out what the accounts have,
``plan_items`` writes down what is to be moved.

A plan is a pure function of rows that no longer change, so one that was interrupted is cleared
away and made again, with the same result.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.crypto import new_sm3
from hub.kernel.periods import Period
from hub.offset.parts import parts_of
from hub.offset.plan_items import write_items
from hub.offset.plan_loans import classify_bank
from hub.offset.plan_rows import CHUNK
from hub.offset.plan_shares import share_out
from hub.offset.policy import Policy
from hub.offset.tables import due_class, due_list, item, leg, plan_line, wave
from hub.offset.words import WaveState
from hub.store import Store


def plan_wave(
    store: Store, wave_id: int, period: Period, policy: Policy,
    arrive_on: Mapping[str, int] = MappingProxyType({}),
) -> None:  # fmt: skip
    """Plan a wave from the beginning; what an interrupted try left behind is cleared first.

    ``arrive_on``: for each bank the day on which this wave's money can arrive, where it is known.
    """
    clear(store, wave_id)
    with store.read() as view:
        parts = parts_of(view, wave_id)
    terms = {
        each.bank: replace(policy.terms(each.bank), arrives_on=arrive_on.get(each.bank, 0))
        for each in parts
    }
    for each in parts:
        classify_bank(store, wave_id, each, period, terms[each.bank])
    planned = share_out(store, wave_id, period, terms)
    write_items(store, wave_id, period, terms, planned)


def anything_of(view: Connection, wave_id: int) -> bool:
    """Whether a line of this wave's plan is there."""
    query = sa.select(plan_line.c.agreement_id).where(plan_line.c.wave_id == wave_id)
    return view.scalar(query.limit(1)) is not None


def clear(store: Store, wave_id: int) -> None:
    """Take a plan away, a chunk at a time; its lines last, so that who comes back goes on."""
    with store.write() as tx:
        tx.execute(sa.delete(due_class).where(due_class.c.wave_id == wave_id))
    for table, key in ((item, item.c.number), (plan_line, plan_line.c.agreement_id)):
        while True:
            with store.write() as tx:
                some = sa.select(key).where(table.c.wave_id == wave_id).limit(CHUNK * 2)
                gone = tx.execute(sa.delete(table).where(table.c.wave_id == wave_id, key.in_(some)))
            if gone.rowcount == 0:
                break


def finish_plan(tx: Connection, wave_id: int, now_us: int, digest: str) -> None:
    """The plan stands: fix its digest and each bank's total, open it as a trial (试算)."""
    for bank, fen in tx.execute(
        sa.select(item.c.bank, sa.func.sum(item.c.fen))
        .where(item.c.wave_id == wave_id)
        .group_by(item.c.bank)
    ).all():
        tx.execute(
            sa.update(leg)
            .where(leg.c.wave_id == wave_id, leg.c.bank == bank)
            .values(planned_fen=int(fen))
        )
    tx.execute(
        sa.update(wave)
        .where(wave.c.id == wave_id, wave.c.state == WaveState.PLANNING.value)
        .values(state=WaveState.TRIAL.value, planned_us=now_us, digest=digest)
    )


def plan_digest(view: Connection, wave_id: int, policy_digest: str) -> tuple[str, int, int]:
    """SM3 over policy, due lists and every item: what two people approve; with its totals."""
    hashed = new_sm3(policy_digest.encode())
    for part in parts_of(view, wave_id):
        listed = view.scalar(sa.select(due_list.c.digest).where(due_list.c.id == part.due_list_id))
        hashed.update(f"|{part.bank}|{listed}".encode())
    items = (
        sa.select(item.c.number, item.c.main_fen, item.c.spouse_fen)
        .where(item.c.wave_id == wave_id)
        .order_by(item.c.number)
    )
    count = fen = 0
    for some in view.execute(items, execution_options={"yield_per": 2000}).partitions():
        hashed.update(
            "".join([f"|{number}|{main}|{spouse}" for number, main, spouse in some]).encode()
        )
        count, fen = count + len(some), fen + sum(row[1] + row[2] for row in some)
    return hashed.digest().hex(), count, fen
