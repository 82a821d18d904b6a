"""Limits (界限) on what is measured: from which value on somebody must look, and who that is.

A reading is over from ``above`` (or ``below``) on and stays so until it has come back to
``ends``: in between nothing changes, so one that hovers is one alert and no flood.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy.engine import Connection

from hub.monitor.tables import watch_over

HUB = "hub"
"""Whose incident it is when a reading belongs to no interface."""


class Limit(BaseModel):
    """One limit of the policy's ``meters``.

    ``where``: labels a reading must carry.  ``for_minutes``: how long it must last before it is
    told.  ``missing``: that there is no reading at all counts as over.  ``owner``: empty is the
    interface's own.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,29}$")
    title: str = Field(max_length=40)
    meter: str
    where: Mapping[str, str] = {}
    above: float | None = None
    below: float | None = None
    ends: float
    for_minutes: int = Field(default=0, ge=0)
    missing: bool = False
    unit: Literal["count", "seconds", "bytes", "ratio"] = "count"
    level: Literal["major", "serious", "ordinary"] = "ordinary"
    owner: str = ""
    steps: tuple[str, str, str]
    never: str

    @model_validator(mode="after")
    def _one_side(self) -> "Limit":
        if (self.above is None) == (self.below is None):
            raise ValueError("a limit is either above or below")
        if self.above is not None and self.ends > self.above:
            raise ValueError("ends lies on the good side: at most above")
        if self.below is not None and self.ends < self.below:
            raise ValueError("ends lies on the good side: at least below")
        return self

    @property
    def bound(self) -> float:
        """The value from which on a reading is over."""
        return self.above if self.above is not None else self.below or 0.0

    def fits(self, labels: Mapping[str, str]) -> bool:
        """Whether the limit is on a reading with these labels."""
        return all(labels.get(name) == value for name, value in self.where.items())

    def is_over(self, value: float | None, *, was: bool) -> bool:
        """Whether a reading is over, given whether the one before was.  None: no reading."""
        if value is None:
            return self.missing
        if self.above is not None:
            return value > self.above or (was and value > self.ends)
        return value < self.bound or (was and value < self.ends)


def key_of(kind: str, *parts: str) -> str:
    """The key of a trouble that is no interface's state: ``meter:`` and a digest of the parts."""
    return f"{kind}:{sha256(chr(0).join(parts).encode()).hexdigest()[:28]}"


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading held against one limit.  ``value`` None: there is none; ``since_us``: since when
    it is over, None while it is not."""

    limit: Limit
    subject: str
    interface: str
    value: float | None
    since_us: int | None = None

    @property
    def key(self) -> str:
        """The same for the same limit and labels."""
        return key_of("meter", self.limit.name, self.subject)

    def is_told(self, now_us: int) -> bool:
        """Whether it has been over for long enough."""
        return self.since_us is not None and (
            now_us - self.since_us >= self.limit.for_minutes * 60_000_000
        )


OVER = watch_over.c.name.like("meter:%")
"""Rows that are readings; the others say since when a feed is watched."""


def read_over(tx: Connection) -> dict[str, int]:
    """What is over, by key: since when, business time."""
    query = sa.select(watch_over.c.name, watch_over.c.since_us)
    return {row.name: int(row.since_us) for row in tx.execute(query)}


def note_over(tx: Connection, key: str, since_us: int) -> None:
    """It is over from now on."""
    tx.execute(sa.insert(watch_over).values(name=key, since_us=since_us))


def forget_over(tx: Connection, key: str) -> None:
    """It is not any more."""
    tx.execute(sa.delete(watch_over).where(watch_over.c.name == key))
