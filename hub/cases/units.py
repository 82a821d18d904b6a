"""A case's unit row, and the message that has the next chunk of its accounts made."""

from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.bus import Effect, NewMessage
from hub.cases.office import CaseOffice
from hub.cases.unit_tables import case_unit
from hub.core.copying import read_feed

ROSTER = "case.roster"


class RosterLetter(msgspec.Struct, frozen=True):
    """``turn`` counts the messages of one case; ``sequence`` is where the copy stood."""

    case_id: int
    turn: int
    sequence: int


def turn(tx: Connection, office: CaseOffice, row: sa.Row[Any], delay_s: float = 0) -> None:
    """Have the next chunk made; a message made before is acted upon no more."""
    number, stands = unit_of(tx, row.id).turns + 1, read_feed(tx, office.registry)
    set_unit(tx, row.id, turns=number)
    made = NewMessage(
        interface=office.registry, kind=ROSTER, key=f"{row.id}:{number}",
        payload=msgspec.json.encode(RosterLetter(row.id, number, stands.seq)),
        effect=Effect.READ, group=f"case:{row.id}", subject=f"办件 {row.number} 单位名下账户",
        month=office.month, contract_version=office.registry_version, items=1, delay_s=delay_s,
        endless=True,
    )  # fmt: skip
    office.bus.put(tx, [made])


def find_unit(tx: Connection, case_id: int) -> sa.Row[Any] | None:
    """Locked; None where the case is about no unit's accounts yet."""
    return tx.execute(_of(case_id)).one_or_none()


def unit_of(tx: Connection, case_id: int) -> sa.Row[Any]:
    """Locked."""
    return tx.execute(_of(case_id)).one()


def set_unit(tx: Connection, case_id: int, **values: Any) -> None:
    """Change the row."""
    tx.execute(sa.update(case_unit).where(case_unit.c.case_id == case_id).values(**values))


def _of(case_id: int) -> sa.Select[Any]:
    return sa.select(case_unit).where(case_unit.c.case_id == case_id).with_for_update()
