"""What people decide about one field of a unit: the pushed value, or the core's.

Said as ``case:place``.  Neither value stands in an act: pages show them masked, and the core
changes a field only while it still holds what was decided about.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.app.act_kinds import ActKind
from hub.app.hub import Hub
from hub.bus.preview import Line, Preview
from hub.cases import changing, machine
from hub.cases.errors import NoSuchCase
from hub.cases.looking import find_case
from hub.cases.tables import case
from hub.cases.unit_fields import FIELDS
from hub.kernel.errors import Misconfigured

TAKE, KEEP = "case.field_take", "case.field_keep"


def _look(act: str, _hub: Hub, tx: Connection, said: str) -> Preview:
    row, one = _found(tx, said)
    waits = changing.may_decide(row, one, take=act == TAKE)
    effect = "case_field_takes" if act == TAKE else "case_field_keeps"
    return Preview(
        act=act, subject=f"{row.id}:{one.place}", people=1,
        binding={
            "case": row.number, "version": str(row.version), "verdict": one.verdict,
            "field": FIELDS[one.field].title, "core": one.core_mask, "new": one.new_mask,
        },
        effects=(Line(effect, {"field_title": FIELDS[one.field].title}),),
        stays=(Line("case_platform_told"),),
        why_not=None if waits else Line("case_field_waits_not"),
    )  # fmt: skip


def _decide(take: bool, hub: Hub, tx: Connection, preview: Preview, by: str, why: str) -> str:
    case_id, _, place = preview.subject.partition(":")
    row = machine.lock(tx, int(case_id))
    if row is None:
        raise NoSuchCase
    if hub.cases is None:
        raise Misconfigured("no platform files cases in this deployment")
    changing.decide(tx, hub.cases, row, int(place), take=take, by=by, why=why)
    word = "以推送为准" if take else "保留核心的值"
    return f"办件 {row.number} {preview.binding['field']}：{word}"


def _found(tx: Connection, said: str) -> tuple[sa.Row[Any], sa.Row[Any]]:
    number, _, place = said.rpartition(":")
    if not (place.isascii() and place.isdigit() and len(place) < 10):
        raise NoSuchCase(f"{said[:40]!r} is no case:place")
    row = tx.execute(sa.select(case).where(case.c.id == find_case(tx, number))).one()
    one = changing.field_of(tx, row.id, int(place))
    if one is None:
        raise NoSuchCase(f"case {number[:40]!r} has no field {place}")
    return row, one


KINDS: Mapping[str, ActKind] = {
    TAKE: ActKind(partial(_look, TAKE), partial(_decide, True)),
    KEEP: ActKind(partial(_look, KEEP), partial(_decide, False)),
}
