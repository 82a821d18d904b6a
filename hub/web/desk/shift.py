"""Pages show business time; the bus and the people stamp the database's."""

from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, TypeVar, cast

from sqlalchemy.engine import Connection

from hub.app.hub import Hub
from hub.store import database_now_us

T = TypeVar("T")


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

    def all(self, value: T) -> T:
        """A value with every instant in it (fields that end in ``_us``) in business time."""
        if isinstance(value, tuple):
            return cast(T, tuple(self.all(each) for each in value))
        if not is_dataclass(value) or isinstance(value, type):
            return value
        moved: dict[str, Any] = {}
        for each in fields(value):
            held = getattr(value, each.name)
            if each.name.endswith("_us") and isinstance(held, int):
                moved[each.name] = self(held) if held else held
            elif isinstance(held, tuple) or is_dataclass(held):
                moved[each.name] = self.all(held)
        return cast(T, replace(value, **moved))
