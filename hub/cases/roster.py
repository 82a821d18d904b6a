"""One turn of the work on a unit's accounts: the next chunk of whatever the case is at."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.bus import Message
from hub.cases import machine, sealing, unsealing
from hub.cases.units import RosterLetter, find_unit, turn
from hub.cases.whole_copy import AGAIN_S, CopyHandler
from hub.cases.words import CaseState


class RosterHandler(CopyHandler[RosterLetter]):
    """Is the copy whole?  Then the next chunk.  An undoing goes before any sealing of its unit."""

    letter = RosterLetter

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
        self, tx: Connection, row: sa.Row[Any], unit: sa.Row[Any],
        letter: RosterLetter, *, nothing_new: bool,
    ) -> None:  # fmt: skip
        whole = self.is_whole(tx, letter, unit.since_us, nothing_new=nothing_new)
        if not whole or unsealing.of_unit(tx, unit.unit_token):
            turn(tx, self._office, row, AGAIN_S)
            return
        sealing.chunk(tx, self._office, row, unit)
