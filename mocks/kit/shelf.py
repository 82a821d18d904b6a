"""Which contract files this process reads: where they lie, and of a contract with editions, which.

A partner that changes its interface on a day lays the new contract beside the old one, as
``contracts_spec/<group>/<name>@<version>``, with ``effective_from`` in it.  A mock speaks what is
in force on the business day it starts on, and starts anew when that changes, as a bank cuts over
at night; or it speaks the edition it was ordered to.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, cast

from mocks.kit.guard import MockRefusal
from mocks.kit.partner import CONTRACTS
from mocks.kit.yaml_files import read_yaml


@dataclass
class Shelf:
    """``ordered``: folder without edition → folder with it (``banks/gznx@2.0.0``)."""

    folder: Path = CONTRACTS
    ordered: dict[str, str] = field(default_factory=dict)
    day: date = date.min
    taken: dict[str, str] = field(default_factory=dict)

    def order(self, editions: Sequence[str]) -> None:
        """Speak these, whatever the day.  Raises MockRefusal for one that is not there."""
        for one in editions:
            if not (self.folder / one / "contract.yaml").is_file():
                raise MockRefusal(f"没有规范 {one}")
            self.ordered[one.partition("@")[0]] = one

    def take(self, place: str) -> Path:
        """The folder of the contract at ``banks/gznx`` that this process speaks."""
        if place not in self.taken:
            self.taken[place] = self.ordered.get(place) or self.in_force(place, self.day)
        return self.folder / self.taken[place]

    def in_force(self, place: str, day: date) -> str:
        """Of the editions of a contract, the one of a business day."""
        found, latest = place, date.min
        home = self.folder / place
        for edition in home.parent.glob(f"{home.name}@*/contract.yaml"):
            raw = cast("dict[str, Any]", read_yaml(edition))
            begins = date.fromisoformat(str(raw["effective_from"]))
            if latest < begins <= day:
                found, latest = f"{home.parent.name}/{edition.parent.name}", begins
        return found

    def is_over(self, day: date) -> bool:
        """Whether another edition than the one spoken is in force on a day."""
        return any(
            place not in self.ordered and self.in_force(place, day) != taken
            for place, taken in self.taken.items()
        )


SHELF = Shelf()
"""This process's; set before the partner is built."""
