"""企业迁移登记 on a real database and a real bus, over a core in memory that keeps a feed."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa

from hub.cases import CaseSeat
from hub.cases import tables as t
from hub.cases.unit_tables import case_unit
from hub.core.copying import Follower
from hub.kernel.clocks import FixedClock
from hub.ports.case import CaseTerms, Feedback, FileRules, Filing, TakenBack
from hub.ports.core import ChangesPage, RegistryChange
from hub.ports.line import LineUnknown
from hub.ports.registry import Application, ApplicationKind, ApplicationResult, ApplicationState
from hub.store import Store
from tests.cases.books import NOON, Platform
from tests.cases.kit import PLATFORM, REGISTRY, Office, _Line, make_office
from tests.tables import make_tables

USCC, OTHER = "91522700MA0000097C", "91522700MA0000098F"
UNIT = "522700000001"
NUMBER = "QY1"
TERMS = CaseTerms("migration", 5, {}, FileRules((), 0, 0, 0, 0), approve_above=40)
S = ApplicationState
_PERSON = {
    "DWZH": UNIT, "XingMing": "员工", "ZJLX": "99", "SJHM": "13900000001", "GRJCJSFEN": "500000",
    "GRYJCEFEN": "60000", "DWYJCEFEN": "60000", "GRZHYEFEN": "1000", "DJJEFEN": "0",
    "KHRQ": "20200101", "XHRQ": "", "JZNY": "202510",
}  # fmt: skip
_FIRM = {
    "DWZH": UNIT, "DWMC": "都匀样例有限公司", "ZZJGDM": USCC, "DWDZ": "都匀市",
    "DWFRDBXM": "吴一", "DWFRDBZJLX": "01", "DWFRDBZJHM": "522701196501016661", "DWYB": "",
    "DWDZXX": "", "JBRXM": "", "JBRSJHM": "", "DWZHZT": "01", "DWJCBL": "0.12",
    "GRJCBL": "0.12", "JZNY": "202510", "DWJCRS": "1", "DWFCRS": "0", "DWZHYEFEN": "0",
    "DWKHRQ": "20200101", "DWXHRQ": "", "JGBM": "", "DWJJLX": "", "DWSSHY": "",
}  # fmt: skip


@dataclass
class SealingCore:
    """The registry: accounts by number, sealings by number, and the feed of what changed.

    ``slow``: sealings are accepted, and done when ``finish`` is called.
    """

    states: dict[str, str] = field(default_factory=dict)
    made: dict[str, str] = field(default_factory=dict)
    stands: dict[str, ApplicationState] = field(default_factory=dict)
    sealed: dict[str, int] = field(default_factory=dict)
    """Account → how many applications to seal it were carried out."""
    feed: list[tuple[str, str]] = field(default_factory=list)
    slow: bool = False
    lose: int = 0
    refuses: set[str] = field(default_factory=set)
    """Accounts whose state does not allow it."""
    held: set[str] = field(default_factory=set)
    unsealed: dict[str, int] = field(default_factory=dict)
    asked: list[int] = field(default_factory=list)
    """How many applications each inquiry was about."""
    opened: list[str] = field(default_factory=list)
    kinds: dict[str, ApplicationKind] = field(default_factory=dict)
    was: dict[str, str] = field(default_factory=dict)
    application_limit: int = 1000
    persons_limit: int = 200

    def _lost(self) -> None:
        if self.lose:
            self.lose -= 1
            raise LineUnknown("the answer was lost")

    def changes_since(self, _line: Any, sequence: int, limit: int) -> ChangesPage:
        newest = {what: place for place, what in enumerate(self.feed, 1)}
        found = sorted((place, what) for what, place in newest.items() if place > sequence)
        told = tuple(RegistryChange(place, *what, self._fields(*what), NOON)
                     for place, what in found[:limit])  # fmt: skip
        return ChangesPage(told, len(found) > limit)

    def _fields(self, kind: str, key: str) -> dict[str, str]:
        if kind == "DW":
            return _FIRM
        return _PERSON | {"GRZH": key, "ZJHM": f"P{key[-8:]}", "GRZHZT": self.states[key]}

    def apply(
        self, _line: Any, kind: ApplicationKind, applications: Sequence[Application]
    ) -> tuple[ApplicationResult, ...]:
        said = tuple(self._apply(kind, one) for one in applications)
        self._lost()
        return said

    def _apply(self, kind: ApplicationKind, one: Any) -> ApplicationResult:
        if one.number not in self.stands:
            if kind is ApplicationKind.UNIT_OPEN:
                self.opened.append(one.uscc)
                self.stands[one.number] = S.DONE
            elif one.account in self.held:
                return ApplicationResult(one.number, S.ABSENT, "2105", "hold", "")
            elif one.account in self.refuses:
                self.stands[one.number] = S.REFUSED
            else:
                self.made[one.number], self.stands[one.number] = one.account, S.ACCEPTED
                self.kinds[one.number] = kind
                if not self.slow:
                    self.finish(one.number)
        return self._shown(one.number)

    def finish(self, number: str) -> None:
        """The core's people carry it out."""
        account, sealing = self.made[number], self.kinds[number] is ApplicationKind.SEAL
        self.stands[number] = S.DONE
        self.was[number] = self.states[account]
        done = self.sealed if sealing else self.unsealed
        done[account] = done.get(account, 0) + 1
        self.states[account] = "02" if sealing else "01"
        self.feed += [("GR", account), ("DW", UNIT)]

    def cancel(
        self, _line: Any, _kind: ApplicationKind, numbers: Sequence[str]
    ) -> tuple[ApplicationResult, ...]:
        for number in numbers:
            stands = self.stands.get(number)
            if stands is None:
                self.stands[number] = S.BARRED
            elif not stands.ended:
                self.stands[number] = S.CANCELLED
        said = tuple(self._shown(number, late=True) for number in numbers)
        self._lost()
        return said

    def inquire(
        self, _line: Any, _kind: ApplicationKind, numbers: Sequence[str]
    ) -> tuple[ApplicationResult, ...]:
        self.asked.append(len(numbers))
        return tuple(self._shown(number) for number in numbers)

    def _shown(self, number: str, late: bool = False) -> ApplicationResult:
        stands = self.stands.get(number, S.ABSENT)
        if late and stands is S.DONE:
            return ApplicationResult(number, stands, "2107", "ended_before", "")
        if stands is S.REFUSED:
            return ApplicationResult(number, stands, "2103", "state", "")
        return ApplicationResult(number, stands, "0000", "", "", unit="522700000009",
                                 was=self.was.get(number, ""))  # fmt: skip


@dataclass
class Firm:
    """A firm of some accounts, and the office that seals them."""

    base: Office
    core: SealingCore
    follower: Follower
    version: int = 0

    def file(self, **fields: Any) -> None:
        """The next version."""
        self.version += 1
        uscc = fields.pop("uscc", USCC)
        said = {"direction": "1", "moved_on": "2025-10-13"} | fields
        self.base.push(
            Filing(
                "migration",
                "regulator",
                NUMBER,
                self.version,
                "1",
                name="都匀样例有限公司",
                id_type="",
                id_number=uscc,
                fields=said,
            )
        )

    def take_back(self) -> None:
        self.version += 1
        self.base.push(TakenBack("migration", "regulator", NUMBER, self.version, "不迁了"))

    def step(self) -> None:
        """What is due is sent once; the copy is brought up to date."""
        self.base.hurry()
        self.base.work()
        self.follow()

    def follow(self) -> None:
        while self.follower.step():
            pass

    def go(self, until: Any, most: int = 200) -> None:
        for _ in range(most):
            if until():
                return
            self.step()
        raise AssertionError((self.base.open_messages(), self.head().state, self.head().waiting))

    def settle(self, most: int = 200) -> None:
        """Until the case waits for nobody but people, and all is told."""
        self.go(lambda: not self.base.open_messages(), most)

    def until_given(self, least: int = 1) -> None:
        """Until some accounts are given to the core, not all."""
        self.go(lambda: self.unit().given >= least)
        assert self.unit().given < len(self.core.states)

    def head(self) -> sa.Row[Any]:
        return self.base.case(NUMBER, "regulator")

    def unit(self) -> sa.Row[Any]:
        found: sa.Row[Any] = self.base.rows(case_unit)[0]
        return found

    def told(self) -> list[Feedback]:
        told = self.base.platform.told
        return [told[key] for key in self.base.platform.order]

    def live(self) -> list[sa.Row[Any]]:
        return [row for row in self.base.rows(t.application) if row.ended_us is None]


def make_firm(store: Store, keys: Path, accounts: int) -> Firm:
    """Over an empty store; the copy is whole."""
    make_tables(store, "registry_")
    base = make_office(store, keys)
    seat = CaseSeat(PLATFORM, "企业迁移登记", TERMS, "1.0.0")
    base.office = replace(base.office, seats={PLATFORM: seat})
    base.platform = Platform(TERMS)
    core = SealingCore({f"5227{n:010d}": "01" for n in range(accounts)})
    core.feed = [("DW", UNIT), *(("GR", one) for one in core.states)]
    base.core = core  # type: ignore[assignment]
    clock = FixedClock(NOON + timedelta(minutes=1))  # a read begun after the case came
    follower = Follower(
        store, base.office.vault, clock, REGISTRY, core,
        cast(Any, _Line), "1.0.0",
    )  # fmt: skip
    made = Firm(base, core, follower)
    made.follow()
    return made
