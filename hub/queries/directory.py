"""Puts resources on the province's directories: 编目 → 挂接 → 审核 → 上架, and 下架.

Each step is a message of the bus without a ceiling, so that a platform that is away for a day
loses nothing; its receipt is kept beside it and in the audit.  One step of a resource is on its way
at a time.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from hub import audit
from hub.bus import Bus, Effect, NewMessage
from hub.crypto import sm3
from hub.kernel.clocks import BusinessClock
from hub.kernel.logs import mask_text
from hub.people import Actor
from hub.ports.directory import DirectoryStage
from hub.queries.directory_tables import directory_resource, directory_step
from hub.queries.directory_words import (
    STEP,
    UP_STAGES,
    BreakingChange,
    NoReason,
    NoSuchResource,
    NothingToPublish,
    ResourceOnItsWay,
    ResourceState,
    Standing,
    StepLetter,
    StepState,
    Target,
)
from hub.queries.resources import Change, ChangeKind, Resource, compare, encoded
from hub.store import database_now_us

_r, _s = directory_resource.c, directory_step.c


class Directory:
    """Orders steps and takes their receipts; works inside the caller's transaction."""

    def __init__(self, bus: Bus, clock: BusinessClock) -> None:
        self._bus, self._clock = bus, clock

    def publish(
        self, tx: Connection, target: Target, resources: Sequence[Resource], by: Actor,
        reason: str, *, breaking: bool,
    ) -> list[Change]:  # fmt: skip
        """Order all that is new, changed or gone; answers what was.

        Raises NothingToPublish, BreakingChange (each named), NoReason, ResourceOnItsWay.
        """
        found = [one for one in changes(tx, target.interface, resources)
                 if one.kind is not ChangeKind.SAME]  # fmt: skip
        if not found:
            raise NothingToPublish
        broken = [f"{one.code}: {'; '.join(one.breaking)}" for one in found if one.breaking]
        if broken and not breaking:
            raise BreakingChange("\n".join(broken))
        if broken and not reason.strip():
            raise NoReason
        _require_still(tx, target.interface, [one.code for one in found])
        there = {one.code: one for one in resources}
        for change in found:
            gone = change.kind is ChangeKind.GONE
            stages = (DirectoryStage.WITHDRAW,) if gone else UP_STAGES
            self._order(tx, target, change, there.get(change.code), stages, by, reason)
        return found

    def withdraw(self, tx: Connection, target: Target, code: str, by: Actor, reason: str) -> None:
        """Order one taken down.  Raises NoSuchResource, NoReason, ResourceOnItsWay."""
        if not reason.strip():
            raise NoReason
        before = uploaded(tx, target.interface)
        if code not in before:
            raise NoSuchResource(f"{code[:60]!r} stands on no directory of {target.interface}")
        _require_still(tx, target.interface, [code])
        name = str(before[code]["name"])
        change = Change(code, name, ChangeKind.GONE, ("下架",), ("资源不再提供",))
        self._order(tx, target, change, None, (DirectoryStage.WITHDRAW,), by, reason)

    def _order(
        self, tx: Connection, target: Target, change: Change, resource: Resource | None,
        stages: Sequence[DirectoryStage], by: Actor, reason: str,
    ) -> None:  # fmt: skip
        row = tx.execute(_of(target.interface, change.code)).one_or_none()
        count = 1 if row is None else row.round + 1
        version = resource.version if resource is not None else row.version if row else ""
        try:
            _begin(tx, target, change.code, row, resource, count, stages[0])
            _add_steps(tx, target, change, count, version, stages, by, reason)
        except IntegrityError:  # somebody else ordered it at this very moment
            raise ResourceOnItsWay(f"on its way: {change.code}") from None
        audit.record(
            tx, act="directory.ordered", actor=by.login,
            subject=f"directory:{target.interface}:{change.code}"[:120],
            detail={
                "change": change.kind.value, "round": count, "version": version,
                "details": "；".join(change.details)[:300], "breaking": len(change.breaking),
                "reason": mask_text(reason)[:150],
            },
            count=len(stages),
        )  # fmt: skip
        self.send_next(tx, target, change.code)

    def send_next(self, tx: Connection, target: Target, code: str) -> None:
        """Put the first step that waits on the bus, unless one is on its way."""
        row = tx.execute(_of(target.interface, code)).one()
        step = tx.execute(
            sa.select(directory_step)
            .where(
                _s.target == target.interface, _s.code == code, _s.round == row.round,
                _s.state.in_((StepState.WAITING.value, StepState.SENT.value)),
            )
            .order_by(_s.place)
            .limit(1)
        ).one_or_none()  # fmt: skip
        if step is None or step.state == StepState.SENT.value:
            return
        self.put(tx, target, step, _content(row, step), 0.0)

    def put(
        self, tx: Connection, target: Target, step: "sa.Row[Any]", content: dict[str, Any],
        delay_s: float,
    ) -> None:  # fmt: skip
        """One step, or a review asked about again, on the bus."""
        letter = StepLetter(
            step.number, step.target, step.code, step.round, step.place, step.stage, step.version,
            content,
        )  # fmt: skip
        made = NewMessage(
            interface=target.interface, kind=STEP, key=f"{step.number}:{step.asks}",
            payload=msgspec.json.encode(letter), effect=Effect.COMMAND,
            group=f"directory:{target.interface}",
            subject=f"资源目录 {step.code} {step.stage}"[:120], month=f"{self._clock.now():%Y-%m}",
            contract_version=target.contract_version, items=1, delay_s=delay_s, endless=True,
        )  # fmt: skip
        (number,) = self._bus.put(tx, [made])
        tx.execute(
            sa.update(directory_step)
            .where(_s.id == step.id)
            .values(state=StepState.SENT.value, message_id=number)
        )


def _begin(
    tx: Connection, target: Target, code: str, row: "sa.Row[Any] | None",
    resource: Resource | None, count: int, stage: DirectoryStage,
) -> None:  # fmt: skip
    values: dict[str, Any] = {
        "round": count, "stage": stage.value, "state": ResourceState.ON_WAY.value,
        "remark": "", "moved_us": database_now_us(tx),
    }  # fmt: skip
    if resource is not None:
        values |= {"version": resource.version, "content": encoded(resource.content)}
    if row is None:
        tx.execute(
            sa.insert(directory_resource).values(target=target.interface, code=code, **values)
        )
        return
    tx.execute(
        sa.update(directory_resource)
        .where(_r.target == target.interface, _r.code == code)
        .values(**values)
    )


def _add_steps(
    tx: Connection, target: Target, change: Change, count: int, version: str,
    stages: Sequence[DirectoryStage], by: Actor, reason: str,
) -> None:  # fmt: skip
    for place, stage in enumerate(stages, 1):
        text = f"{target.interface}\n{change.code}\n{count}\n{version}\n{stage.value}"
        tx.execute(
            sa.insert(directory_step).values(
                number=f"ML{sm3(text.encode()).hex()[:30]}", target=target.interface,
                code=change.code, round=count, place=place, stage=stage.value, version=version,
                state=StepState.WAITING.value, asks=0, receipt="", remark="", message_id=None,
                ordered_by=by.login, reason=reason.strip()[:200],
                breaking=int(bool(change.breaking)), made_us=database_now_us(tx), done_us=None,
            )
        )  # fmt: skip


def changes(view: Connection, target: str, resources: Sequence[Resource]) -> list[Change]:
    """What differs from what was uploaded last, those that are the same too."""
    return compare(uploaded(view, target), resources)


def uploaded(view: Connection, target: str) -> dict[str, dict[str, Any]]:
    """Code → content of what was put up last and not taken down since, or is on its way for the
    first time.  What was rejected or refused before it was ever up counts as never uploaded."""
    rows = view.execute(
        sa.select(_r.code, _r.state, _r.content, _r.up_content).where(_r.target == target)
    )
    found = {}
    for code, state, content, up_content in rows:
        if up_content is not None or state == ResourceState.ON_WAY.value:
            found[code] = json.loads(bytes(content if up_content is None else up_content))
    return found


def standings(view: Connection, target: str) -> list[Standing]:
    """Every resource a directory was ever told of, by code, with the steps of its last round."""
    steps: dict[tuple[str, int], list[Mapping[str, Any]]] = {}
    for row in view.execute(
        sa.select(
            _s.code, _s.round, _s.stage, _s.state, _s.receipt, _s.remark, _s.number, _s.asks,
            _s.ordered_by, _s.reason, _s.breaking, _s.made_us, _s.done_us,
        )
        .where(_s.target == target)
        .order_by(_s.code, _s.round, _s.place)
    ):  # fmt: skip
        steps.setdefault((row.code, row.round), []).append(dict(row._mapping))
    return [
        Standing(
            row.code, str(json.loads(bytes(row.content))["name"]), row.version, row.stage,
            row.state, row.round, row.remark, tuple(steps.get((row.code, row.round), ())),
        )
        for row in view.execute(
            sa.select(directory_resource).where(_r.target == target).order_by(_r.code)
        )
    ]  # fmt: skip


def _of(target: str, code: str) -> "sa.Select[Any]":
    return sa.select(directory_resource).where(_r.target == target, _r.code == code)


def _require_still(tx: Connection, target: str, codes: Collection[str]) -> None:
    on_way = tx.scalars(
        sa.select(_r.code).where(
            _r.target == target, _r.code.in_(list(codes)),
            _r.state == ResourceState.ON_WAY.value,
        )
    ).all()  # fmt: skip
    if on_way:
        raise ResourceOnItsWay(f"on its way: {', '.join(on_way[:5])}")


def _content(row: "sa.Row[Any]", step: "sa.Row[Any]") -> dict[str, Any]:
    """What a stage says beside number, code and version."""
    resource = Resource(row.code, json.loads(bytes(row.content)))
    match DirectoryStage(step.stage):
        case DirectoryStage.COMPILE:
            return resource.compiled
        case DirectoryStage.ATTACH:
            return resource.attached
        case DirectoryStage.WITHDRAW:
            return {"reason": step.reason or "接口停用"}
    return {}
