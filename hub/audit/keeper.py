"""The keeper: what a process calls so that entries are sealed and witnessed in time.

``tick(monotonic())`` about once a second from one thread; ``stage_end("held")`` where a stage
of a run ends.  Several processes may each have a keeper: they take turns.
"""

from dataclasses import dataclass

from hub.audit.checkpoints import CheckpointFailed, Checkpoints, StoreNotCurrent
from hub.audit.lines import Checkpoint
from hub.audit.sealing import CHUNK, Sealer
from hub.kernel.errors import HubError
from hub.store import Store


@dataclass(frozen=True, slots=True)
class Kept:
    """What one turn did: entries sealed, the checkpoint written (if one was due and possible)."""

    sealed: int
    checkpoint: Checkpoint | None


class Keeper:
    """Seals and writes checkpoints for one database."""

    def __init__(self, store: Store, checkpoints: Checkpoints) -> None:
        self._store = store
        self._sealer = Sealer(store)
        self.checkpoints = checkpoints
        self.trouble: HubError | None = None
        """Why the last checkpoint could not be written, None while all is well.  The proof must
        not stop the business by itself, nor may it run unproven for long: show it, alert on it."""

    def tick(self, now: float) -> Kept:
        """Seal some; write a checkpoint when one is due.  Raises DatabaseAway only."""
        sealed = self._sealer.seal(CHUNK)
        return Kept(sealed, self._witness("") if self.checkpoints.due(now) else None)

    def stage_end(self, note: str) -> Kept:
        """Seal everything that is committed and write a checkpoint at once."""
        return Kept(self._sealer.seal_all(), self._witness(note))

    def _witness(self, note: str) -> Checkpoint | None:
        try:
            written = self.checkpoints.write(self._store, note)
        except (CheckpointFailed, StoreNotCurrent) as error:
            self.trouble = error
            return None
        self.trouble = None
        return written
