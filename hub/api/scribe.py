"""Calls that come at once are written down in one transaction.

Whoever comes while nobody writes does so at once; those who come meanwhile wait, and the first of
them then writes for all.  Nobody waits for company, and nobody's answer leaves before the commit
that holds their call.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy.exc import IntegrityError

from hub.queries import calls
from hub.queries.calls import Call
from hub.store import DatabaseAway, Store
from hub.store.vault import Vault

MOST = 64
"""Calls of one transaction: the write lock is not held for long."""

PATIENCE_S = 40.0
"""Longer than the store itself waits for a lock."""


@dataclass(slots=True, eq=False)
class _Waiting:
    call: Call
    woken: threading.Event = field(default_factory=threading.Event)
    leads: bool = False
    fresh: bool = False
    error: Exception | None = None


class Scribe:
    """One door's; used by several threads at once."""

    def __init__(self, store: Store, vault: Vault) -> None:
        self._store, self._vault = store, vault
        self._lock = threading.Lock()
        self._busy = False
        self._queue: list[_Waiting] = []

    def write(self, call: Call) -> bool:
        """Write it down; False, and nothing is, when its signature was used before.  Raises what
        the store raises."""
        mine = _Waiting(call)
        with self._lock:
            self._queue.append(mine)
            mine.leads = not self._busy
            self._busy = True
        if not mine.leads and not mine.woken.wait(PATIENCE_S):
            self._give_up(mine)
        if mine.leads:
            self._lead()
        if mine.error is not None:
            raise mine.error
        return mine.fresh

    def _give_up(self, mine: _Waiting) -> None:
        """Leave the queue; whoever was called in that moment, or is being written, does not."""
        with self._lock:
            if not mine.leads and mine in self._queue:
                self._queue.remove(mine)
                raise DatabaseAway(f"the calls before this one took over {PATIENCE_S:g} s")
        mine.woken.wait()

    def _lead(self) -> None:
        """Write what waits, oneself among it, then let the next lead."""
        with self._lock:
            batch, self._queue = self._queue[:MOST], self._queue[MOST:]
        try:
            self._write(batch)
        except Exception as error:  # noqa: BLE001  each of them raises it where it waits
            for one in batch:
                one.error = error
        with self._lock:
            heir = self._queue[0] if self._queue else None
            self._busy = heir is not None
            if heir is not None:
                heir.leads = True
                heir.woken.set()
        for one in batch:
            one.woken.set()

    def _write(self, batch: Sequence[_Waiting]) -> None:
        try:
            with self._store.write() as tx:
                calls.write_calls(tx, self._vault, [one.call for one in batch])
        except IntegrityError:
            for one in batch:
                one.fresh = self._alone(one.call)
            return
        for one in batch:
            one.fresh = True

    def _alone(self, call: Call) -> bool:
        try:
            with self._store.write() as tx:
                calls.write_calls(tx, self._vault, [call])
        except IntegrityError:
            return False
        return True
