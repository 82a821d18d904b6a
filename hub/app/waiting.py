"""What a run waits for at this moment, in Chinese: the board's note, and `hub offset status`."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.app.hub import Hub
from hub.app.month_jobs import times_of
from hub.bus.tables import channel
from hub.offset import second
from hub.offset.differences import count_open
from hub.offset.tables import batch, due_list, item, leg, wave
from hub.offset.words import ItemState, RunState, WaveState
from hub.schedule.tables import job
from hub.store import database_now_us

_ON_THE_WAY = (ItemState.HELD.value, ItemState.INSTRUCTED.value, ItemState.UNKNOWN.value)


def waits_for(hub: Hub, view: Connection, found: sa.Row[Any]) -> tuple[str, ...]:
    """Why a run does not simply go on; empty while it does, or when it is closed."""
    if found.state == RunState.CLOSED.value:
        return ()
    legs = view.execute(sa.select(leg).where(leg.c.run_id == found.id).order_by(leg.c.bank)).all()
    said: list[str] = [*_stopped(hub, view), *_parked(view), *_people(view, found.id)]
    for each in legs:
        name = hub.office.seat(each.bank).name
        if each.wave_id is None:
            said += [f"{name}：{why}" for why in _due_list(hub, view, each)]
        else:
            said += [f"{name}：{why}" for why in _money(hub, view, each)]
    said += second.waits(view, hub.office, found)
    open_ones = count_open(view, found.id)
    if open_ones:
        said.append(f"{open_ones} 项对账差异待两人处理")
    return tuple(dict.fromkeys(said))


def _stopped(hub: Hub, view: Connection) -> Iterator[str]:
    query = sa.select(channel.c.interface).where(channel.c.stopped == 1)
    for interface in view.scalars(query.order_by(channel.c.interface)):
        adapter = hub.adapters.get(interface)
        yield f"{adapter.manifest.partner.name if adapter else interface}通道已停发"


def _parked(view: Connection) -> Iterator[str]:
    query = sa.select(job.c.title, job.c.parked_by, job.c.parked_why).where(job.c.parked_by != "")
    for title, by, why in view.execute(query.order_by(job.c.code)):
        yield f"作业已搁置：{title}（{by}：{why}）"


def _people(view: Connection, run_id: int) -> Iterator[str]:
    for each in view.execute(
        sa.select(wave).where(wave.c.run_id == run_id).order_by(wave.c.number)
    ):
        match WaveState(each.state):
            case WaveState.ASKING:
                yield f"第 {each.number} 轮：向核心系统查询缴存账户"
            case WaveState.PLANNING:
                yield f"第 {each.number} 轮：试算中"
            case WaveState.TRIAL:
                yield f"第 {each.number} 轮计划待经办提交"
            case WaveState.SUBMITTED:
                yield f"第 {each.number} 轮计划待另一人批准"


def _due_list(hub: Hub, view: Connection, each: sa.Row[Any]) -> Iterator[str]:
    latest = view.execute(
        sa.select(due_list)
        .where(due_list.c.run_id == each.run_id, due_list.c.bank == each.bank)
        .order_by(due_list.c.attempt.desc())
        .limit(2)
    ).all()
    if not latest:
        at = times_of(hub, hub.office.seat(each.bank)).dues
        yield f"应还明细尚未取（银行工作日 {at:%H:%M} 起）"
    elif latest[0].state == "complete":
        yield "应还明细已取全，等其他银行的清单"
    else:
        yield f"正在取应还明细（第 {latest[0].attempt} 次，已取 {latest[0].records} 条）"
        yield from (f"上次未取成：{one.trouble}" for one in latest if one.state == "bad")


def _money(hub: Hub, view: Connection, each: sa.Row[Any]) -> Iterator[str]:
    counts = {
        state: int(count)
        for state, count in view.execute(
            sa.select(item.c.state, sa.func.count())
            .where(item.c.run_id == each.run_id, item.c.bank == each.bank)
            .group_by(item.c.state)
        )
    }
    if each.trouble:
        yield each.trouble
    unknown = counts.get(ItemState.UNKNOWN.value, 0)
    if unknown:
        yield f"{unknown} 笔结果不明，查证中"
        yield from _settle_after(hub, view, each)
    moving = sum(counts.get(state, 0) for state in _ON_THE_WAY)
    if moving:
        yield from _closed_hours(hub, view, each.bank)
    if not moving and each.closed_us is None and counts.get(ItemState.SUCCEEDED.value, 0) == 0:
        posted = counts.get(ItemState.POSTED.value, 0)
        if posted:
            yield f"{posted} 笔已记账，等对账单与核心记账核对"


def _settle_after(hub: Hub, view: Connection, each: sa.Row[Any]) -> Iterator[str]:
    """Batches of which it is not known whether they arrived: until when no repeat is allowed."""
    wait_us = int(hub.office.seat(each.bank).port.settle_after_s * 1_000_000)
    now_us = database_now_us(view)
    query = sa.select(batch.c.number, batch.c.unknown_us).where(
        batch.c.run_id == each.run_id, batch.c.bank == each.bank, batch.c.state == "unknown"
    )
    for one in view.execute(query.order_by(batch.c.number).limit(3)):
        left_s = ((one.unknown_us or now_us) + wait_us - now_us) // 1_000_000
        if left_s > 0:
            yield f"批次 {one.number} 发送结果不明，{left_s} 秒内只查证、不重发"


def _closed_hours(hub: Hub, view: Connection, bank: str) -> Iterator[str]:
    """That the bank takes no payments now, and from when it does."""
    hours = hub.office.seat(bank).hours
    if hub.days.open_now(view, hours):
        return
    opens = hub.days.next_opening(view, hours)
    then = "银行工作日历不全，不发送划款" if opens is None else f"{opens:%m-%d %H:%M} 起发送"
    yield f"现在不在银行受理时段（{hours}），{then}"


def stopped_channels(view: Connection) -> tuple[str, ...]:
    """Interfaces whose stop switch is on."""
    query = sa.select(channel.c.interface).where(channel.c.stopped == 1)
    return tuple(view.scalars(query.order_by(channel.c.interface)))
