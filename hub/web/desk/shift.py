"""Pages show business time; the bus and the people stamp the database's."""

from dataclasses import dataclass

from sqlalchemy.engine import Connection

from hub.app.hub import Hub
from hub.store import database_now_us


@dataclass(frozen=True, slots=True)
class Shift:
    """Database time → business time, in µs."""

    by_us: int

    @classmethod
    def now(cls, hub: Hub, view: Connection) -> "Shift":
        """The difference at this moment."""
        return cls(hub.office.now_us() - database_now_us(view))

    def __call__(self, instant: int) -> int:
        return instant + self.by_us

    def maybe(self, instant: int | None) -> int | None:
        """None stays None."""
        return None if instant is None else self(instant)
