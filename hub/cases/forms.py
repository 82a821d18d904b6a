"""What several kinds of cases read in a form alike, and ask the core."""

from datetime import date
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.bus import Effect, NewMessage
from hub.cases.office import CaseOffice
from hub.core import PERSONS, PersonsLetter
from hub.kernel.identity import ID_CARD, is_id_card

_LONGEST_ID = 30


def good_id(id_type: str, number: str) -> bool:
    """Whether a document's number can be one of its ZJLX."""
    if not (id_type.isascii() and id_type.isdigit() and len(id_type) == 2):
        return False
    return is_id_card(number) if id_type == ID_CARD else 0 < len(number) <= _LONGEST_ID


def past(text: str, today: date) -> bool:
    """Whether it is a day (YYYY-MM-DD) that has come."""
    try:
        return date.fromisoformat(text) <= today
    except ValueError:
        return False


def ask_persons(
    tx: Connection, office: CaseOffice, row: sa.Row[Any], paper: tuple[str, str]
) -> None:
    """Ask the core for the accounts of (ZJLX, ZJHM); ``row.asks`` counts the questions."""
    asked = NewMessage(
        interface=office.registry, kind=PERSONS, key=f"case:{row.id}:{row.asks}",
        payload=msgspec.json.encode(PersonsLetter(row.id, [paper])), effect=Effect.READ,
        group=f"case:{row.id}", subject=f"办件 {row.number} 查个人账户", month=office.month,
        contract_version=office.registry_version, items=1, endless=True,
    )  # fmt: skip
    office.bus.put(tx, [asked])
