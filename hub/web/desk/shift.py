"""Pages show business time; the bus and the people stamp the database's."""

from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, TypeVar, cast

import msgspec
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

    def back(self, instant: int | None) -> int | None:
        """Business time → database time."""
        return None if instant is None else instant - self.by_us

    def all(self, value: T) -> T:
        """A value with every instant in it (fields that end in ``_us``) in business time."""
        if isinstance(value, tuple):
            return cast(T, tuple(self.all(each) for each in value))
        if isinstance(value, msgspec.Struct):
            names = value.__struct_fields__
            return cast(T, msgspec.structs.replace(value, **self._moved(value, names)))
        if not is_dataclass(value) or isinstance(value, type):
            return value
        moved = self._moved(value, tuple(each.name for each in fields(value)))
        return cast(T, replace(value, **moved))

    def _moved(self, value: object, names: tuple[str, ...]) -> dict[str, Any]:
        moved: dict[str, Any] = {}
        for name in names:
            held = getattr(value, name)
            if name.endswith("_us") and isinstance(held, int):
                moved[name] = self(held) if held else held
            elif isinstance(held, tuple | msgspec.Struct) or is_dataclass(held):
                moved[name] = self.all(held)
        return moved
