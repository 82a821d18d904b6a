"""An incident's timeline: a line for everything that happens to it."""

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.monitor.incident_tables import incident_line


def add_line(tx: Connection, number: int, at_us: int, kind: str, actor: str, text: str) -> None:
    """One line of an incident's timeline."""
    tx.execute(
        sa.insert(incident_line).values(
            incident_id=number, at_us=at_us, kind=kind, actor=actor, said=text[:600]
        )
    )
