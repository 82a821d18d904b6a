"""企业信息变更 on a real database and a real bus, over a core in memory that compares and sets."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import sqlalchemy as sa

from hub.app import field_acts
from hub.cases import CaseSeat
from hub.cases.field_tables import case_field
from hub.cases.looking import see_case
from hub.core.copying import Follower
from hub.kernel.clocks import FixedClock
from hub.ports.case import CaseTerms, Feedback, FileRules, Filing, TakenBack
from hub.ports.core import ChangesPage, RegistryChange
from hub.ports.line import LineUnknown
from hub.ports.registry import (
    ApplicationKind,
    ApplicationResult,
    ApplicationState,
    FieldChange,
    UnitChange,
)
from hub.store import Store
from tests.cases.books import NOON, Platform
from tests.cases.kit import PLATFORM, REGISTRY, Office, _Line, make_office
from tests.cases.sealing_kit import _FIRM, OTHER, USCC
from tests.tables import make_tables

NUMBER = "BG1"
ONE, TWO = "522700000001", "522700000002"
TERMS = CaseTerms("change", 5, {}, FileRules((), 0, 0, 0, 0))
S = ApplicationState
_NAMES = {"name": "DWMC", "address": "DWDZ", "legal_person": "DWFRDBXM"}
OLD = {"name": "都匀样例有限公司", "address": "都匀市", "legal_person": "吴一"}


@dataclass
class ChangingCore:
    """Units by account; what was changed, in order: (account, field, from, to).

    ``slow``: a change is accepted, and done when ``finish`` is called.
    """

    units: dict[str, dict[str, str]] = field(default_factory=dict)
    made: dict[str, UnitChange] = field(default_factory=dict)
    said: dict[str, ApplicationResult] = field(default_factory=dict)
    log: list[tuple[str, str, str, str]] = field(default_factory=list)
    feed: list[str] = field(default_factory=list)
    slow: bool = False
    lose: int = 0
    refuses: bool = False
    application_limit: int = 1000
    persons_limit: int = 200

    def _lost(self) -> None:
        if self.lose:
            self.lose -= 1
            raise LineUnknown("the answer was lost")

    def changes_since(self, _line: Any, sequence: int, limit: int) -> ChangesPage:
        newest = {what: place for place, what in enumerate(self.feed, 1)}
        found = sorted((place, what) for what, place in newest.items() if place > sequence)
        told = tuple(
            RegistryChange(place, "DW", what, dict(self.units[what]), NOON)
            for place, what in found[:limit]
        )
        return ChangesPage(told, len(found) > limit)

    def put(self, unit: str, name: str, value: str) -> None:
        """Somebody at the core's counter changes a field."""
        self.units[unit][_NAMES[name]] = value
        self.feed.append(unit)

    def apply(
        self, _line: Any, _kind: ApplicationKind, applications: Sequence[Any]
    ) -> tuple[ApplicationResult, ...]:
        for one in applications:
            if one.number not in self.said:
                self.made[one.number] = one
                self.said[one.number] = _answer(one.number, S.ACCEPTED)
                if not self.slow:
                    self.finish(one.number)
            assert self.made.get(one.number, one) == one, "another body under a known number"
        self._lost()
        return tuple(self._again(one.number) for one in applications)

    def finish(self, number: str) -> None:
        """All fields or none, and only over the value that is expected."""
        one = self.made[number]
        unit = self.units[one.unit]
        differ = tuple(
            FieldChange(c.name, unit[c.name], c.new) for c in one.changes if unit[c.name] != c.old
        )
        if self.refuses or differ:
            reason = "state" if self.refuses else "old_value"
            self.said[number] = ApplicationResult(
                number, S.REFUSED, "2104", reason, "", conflicts=() if self.refuses else differ
            )
            return
        for change in one.changes:
            self.log.append((one.unit, change.name, change.old, change.new))
            unit[change.name] = change.new
        self.feed.append(one.unit)
        self.said[number] = _answer(number, S.DONE)

    def open(self) -> list[str]:
        return [number for number, one in self.said.items() if not one.state.ended]

    def cancel(
        self, _line: Any, _kind: ApplicationKind, numbers: Sequence[str]
    ) -> tuple[ApplicationResult, ...]:
        told = []
        for number in numbers:
            stands = self.said.get(number)
            if stands is None:
                self.said[number] = _answer(number, S.BARRED)
            elif not stands.state.ended:
                self.said[number] = _answer(number, S.CANCELLED)
            ended = self.said[number].state in (S.DONE, S.REFUSED)
            told.append(
                replace(self.said[number], reason="ended_before", conflicts=())
                if ended
                else self.said[number]
            )
        self._lost()
        return tuple(told)

    def inquire(
        self, _line: Any, _kind: ApplicationKind, numbers: Sequence[str]
    ) -> tuple[ApplicationResult, ...]:
        return tuple(self.said.get(n, _answer(n, S.ABSENT)) for n in numbers)

    def _again(self, number: str) -> ApplicationResult:
        stands = self.said[number]
        if stands.state in (S.CANCELLED, S.BARRED):
            return replace(stands, reason="cancelled_before")
        return stands


def _answer(number: str, state: ApplicationState) -> ApplicationResult:
    return ApplicationResult(number, state, "0000", "", "")


@dataclass
class Firm:
    """Units of one firm, and the office that changes them."""

    base: Office
    core: ChangingCore
    follower: Follower
    version: int = 0

    def file(self, number: str = NUMBER, uscc: str = USCC, **new: str) -> None:
        """The next version; ``new`` by field, ``before_<field>`` where it is not what was."""
        self.version += 1
        said = {"business": "1", "registered_on": "2025-10-13"}
        for name in list(new):
            if not name.startswith("before_"):
                said |= {
                    f"before.{name}": new.get(f"before_{name}", OLD.get(name, "")),
                    f"after.{name}": new[name],
                }
        self.base.push(
            Filing("change", "regulator", number, self.version, "", new.get("name", OLD["name"]),
                   "", uscc, said)
        )  # fmt: skip

    def take_back(self) -> None:
        self.version += 1
        self.base.push(TakenBack("change", "regulator", NUMBER, self.version, "不变了"))

    def step(self) -> None:
        """What is due is sent once; the copy is brought up to date."""
        self.base.hurry()
        self.base.work()
        while self.follower.step():
            pass

    def settle(self, most: int = 200) -> None:
        """Until the case waits for nobody but people, and all is told."""
        for _ in range(most):
            if not self.base.open_messages():
                return
            self.step()
        raise AssertionError((self.base.open_messages(), self.head().state, self.head().waiting))

    def head(self, number: str = NUMBER) -> sa.Row[Any]:
        return self.base.case(number, "regulator")

    def fields(self, version: int | None = None) -> dict[str, str]:
        """Field → verdict, of the newest version."""
        wanted = self.version if version is None else version
        rows = self.base.rows(case_field)
        return {one.field: one.verdict for one in rows if one.version == wanted}

    def decide(self, name: str, act: str) -> str | None:
        """A person's word on one field; why not, or None."""
        (place,) = [
            one.place for one in self.base.rows(case_field)
            if one.field == name and one.version == self.version
        ]  # fmt: skip
        return self.decide_place(place, act)

    def waiting(self) -> list[int]:
        """Places of the fields that wait for a person."""
        with self.base.store.read() as view:
            seen = see_case(view, NUMBER, today=20251014)
        return [one.place for one in seen.fields if one.waits]

    def decide_place(self, place: int, act: str) -> str | None:
        """The same, by the field's place."""
        kind, hub = field_acts.KINDS[act], cast(Any, SimpleNamespace(cases=self.base.office))
        with self.base.store.write() as tx:
            seen = kind.look(hub, tx, f"{NUMBER}:{place}")
            if seen.why_not is not None:
                return seen.why_not.code
            kind.do(hub, tx, seen, "wu", "已核对营业执照")
        return None

    def told(self) -> list[Feedback]:
        told = self.base.platform.told
        return [told[key] for key in self.base.platform.order]


def make_firm(store: Store, keys: Path, units: Sequence[str] = (ONE,)) -> Firm:
    """Over an empty store; the copy is whole."""
    make_tables(store, "registry_")
    base = make_office(store, keys)
    seat = CaseSeat(PLATFORM, "企业信息变更", TERMS, "1.0.0")
    base.office = replace(base.office, seats={PLATFORM: seat})
    base.platform = Platform(TERMS)
    core = ChangingCore({one: _FIRM | {"DWZH": one} for one in units})
    core.feed = list(units)
    base.core = core  # type: ignore[assignment]
    clock = FixedClock(NOON + timedelta(minutes=1))  # a read begun after the case came
    follower = Follower(
        store, base.office.vault, clock, REGISTRY, core,
        cast(Any, _Line), "1.0.0",
    )  # fmt: skip
    made = Firm(base, core, follower)
    while made.follower.step():
        pass
    return made


__all__ = ["NUMBER", "ONE", "OTHER", "TWO", "USCC", "ChangingCore", "Firm", "make_firm"]
