"""One turn of the work on a unit's accounts: the next chunk of whatever the case is at."""

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.bus import Delivery, Message
from hub.cases import machine, sealing, unsealing
from hub.cases.office import CaseOffice
from hub.cases.units import RosterLetter, find_unit, turn
from hub.cases.words import CaseState
from hub.core.copying import read_feed
from hub.kernel.clocks import to_us
from hub.kernel.typed import read_json
from hub.ports.line import PartnerRefused
from hub.ports.registry import RegistryPort

_AGAIN_S = 1.0


class RosterHandler:
    """Is the copy whole?  Then the next chunk.  An undoing goes before any sealing of its unit."""

    def __init__(self, office: CaseOffice) -> None:
        self._office = office

    def send(self, delivery: Delivery) -> tuple[RosterLetter, bool]:
        letter = read_json(delivery.payload, RosterLetter)
        port: RegistryPort = delivery.port
        page = port.changes_since(delivery.line, letter.sequence, 1)
        return letter, not page.changes

    def apply(self, tx: Connection, message: Message, result: tuple[RosterLetter, bool]) -> None:
        letter, nothing_new = result
        office = self._office
        row = machine.lock(tx, letter.case_id)
        unit = None if row is None else find_unit(tx, row.id)
        if row is None or unit is None or letter.turn != unit.turns:
            return
        undoing = unsealing.running(tx, row.id)
        if undoing is not None:
            unsealing.chunk(tx, office, row, undoing)
        elif CaseState(row.state).ended:
            return
        elif unit.stopping:
            sealing.cancel(tx, office, row, unit)
        elif unit.retry_to:
            sealing.retry_chunk(tx, office, row, unit)
        elif not (unit.whole or row.back_asked or row.state == CaseState.PARSED.value):
            self._seal(tx, row, unit, letter, nothing_new=nothing_new)

    def _seal(
        self, tx: Connection, row: sa.Row[tuple[object, ...]], unit: sa.Row[tuple[object, ...]],
        letter: RosterLetter, *, nothing_new: bool,
    ) -> None:  # fmt: skip
        stands = read_feed(tx, self._office.registry)
        as_of = 0 if stands.as_of is None else to_us(stands.as_of)
        still = nothing_new and stands.seq == letter.sequence and stands.as_of is not None
        current = still or as_of >= unit.since_us
        if not current or unsealing.of_unit(tx, unit.unit_token):
            turn(tx, self._office, row, _AGAIN_S)
            return
        sealing.chunk(tx, self._office, row, unit)

    def refused(self, tx: Connection, message: Message, refusal: PartnerRefused) -> None:
        """A contract fault: on the board until somebody has it sent again."""

    def unknown(self, tx: Connection, message: Message) -> None:
        """Cannot be: only money messages end unknown."""

    def died(self, tx: Connection, message: Message) -> None:
        """Cannot be: it has no ceiling."""
