"""The words of the core port's scenarios: accounts, hold, post, release, reverse, walk, postings,
holds, mark and changes.

Items are named; a command about a known item sends the whole item again, as every caller must.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from hub.bus import Rung
from hub.certify.acts.stage import BadStep, Plain, Stage, crowd_of, pages_of
from hub.certify.suite import Suite
from hub.kernel.money import Fen, format_yuan
from hub.kernel.periods import Period
from hub.ports.core import (
    AccountsAnswer,
    ChangesPage,
    CommandKind,
    CommandResult,
    CoreAccount,
    CoreCommand,
    CorePort,
    HoldPage,
    Payer,
    PostingPage,
)
from hub.ports.line import Line
from hub.ports.registry import ChangesPort

_BANK = "ICBC"
_PERSON_COLUMNS = (
    "GRZH", "DWZH", "XingMing", "ZJLX", "ZJHM", "SJHM", "GRZHZT", "GRJCJS", "GRYJCE", "DWYJCE",
    "GRZHYE", "DJJE", "KHRQ", "JZNY",
)  # fmt: skip
_UNIT_COLUMNS = (
    "DWZH", "DWMC", "TYSHXYDM", "DWDZ", "DWFRDBXM", "DWFRDBZJHM", "DWZHZT", "DWJCBL", "GRJCBL",
    "JZNY",
)  # fmt: skip
_UNIT = "522799000001"
_LAST_CHANGES = 200


class Acts(Stage):
    """One case under way at the core system."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._items: dict[str, CoreCommand] = {}
        self._first: dict[str, CoreAccount] = {}
        self._sequence = 0
        self._opened = date.min

    def opened(self) -> None:
        """The booking day and the period."""
        self._opened = self.endpoint.clock.today()

    @property
    def _period(self) -> Period:
        return Period.of(self._opened)

    def refer(self, name: str) -> str:
        """``account.NAME`` a test account's number, ``i1`` an item's."""
        if name.startswith("account."):
            return str(self.subject(name.removeprefix("account."))["account"])
        if name in self._items:
            return self._items[name].number
        return super().refer(name)

    # --- reading ---

    def do_accounts(self, given: Plain) -> Plain:
        """``subjects`` as the core sees them; ``moved`` is against this case's first look."""
        names = list(given["subjects"])
        numbers = [str(self.subject(name)["account"]) for name in names]
        ended, said = self.call(given, lambda port, line: port.accounts(line, numbers))
        if not isinstance(said, AccountsAnswer):
            return ended
        found = {account.number: account for account in said.accounts}
        ended["accounts"], ended["moved"] = {}, {}
        for name, number in zip(names, numbers, strict=True):
            account = found.get(number)
            if account is None:
                continue
            first = self._first.setdefault(name, account)
            subject = self.subject(name)
            ended["accounts"][name] = {
                "balance": account.balance, "frozen": account.frozen, "held": account.held,
                "state": account.state,
                "as_given": (account.name, account.id_number)
                == (subject["name"], subject["id_number"]),
            }  # fmt: skip
            ended["moved"][name] = [account.balance - first.balance, account.held - first.held]
        ended["unknown"] = [
            name for name, number in zip(names, numbers, strict=True) if number not in found
        ]
        return ended

    def do_postings(self, given: Plain) -> Plain:
        """Every page of the period's bookings; what they say of ``items``."""

        def fetch(page: str | None) -> tuple[Plain, PostingPage | None]:
            return self.call(
                given, lambda port, line: port.postings(line, self._period, _BANK, page)
            )

        ended, pages = pages_of(fetch)
        if not pages:
            return ended
        lines = [line for page in pages for line in page.postings]
        serials = [line.serial for line in lines]
        by_item: dict[str, list[Any]] = {}
        for line in lines:
            by_item.setdefault(line.number, []).append(line)
        items = {}
        for name in self._named(given):
            item = self._items[name]
            mine = by_item.get(item.number, [])
            items[name] = {
                "posted": [one.amount for one in mine if not one.reversal],
                "reversed": [one.amount for one in mine if one.reversal],
                "exact": [(one.account, one.amount) for one in mine if not one.reversal]
                == [(payer.account, payer.amount) for payer in item.payers],
                "days": sorted({f"{one.booked_on:%Y%m%d}" for one in mine}),
            }
        if any(one["exact"] for one in items.values()):
            self.rungs.add(Rung.RECONCILED)
        return {
            **ended, "lines": len(lines), "in_order": serials == sorted(serials),
            "same_serial": len(serials) - len(set(serials)), "items": items,
            "exact": sum(one["exact"] for one in items.values()),
        }  # fmt: skip

    def do_holds(self, given: Plain) -> Plain:
        """Every page of live holds; what they say of ``items``."""

        def fetch(page: str | None) -> tuple[Plain, HoldPage | None]:
            return self.call(given, lambda port, line: port.holds(line, self._period, _BANK, page))

        ended, pages = pages_of(fetch)
        if not pages:
            return ended
        held = [hold for page in pages for hold in page.holds]
        amounts = {hold.number: hold.amount for hold in held}
        items = {name: amounts.get(self._items[name].number, 0) for name in self._named(given)}
        return {
            **ended, "live": len(held), "twice": len(held) - len(amounts), "items": items,
            "exact": sum(
                items[name] == sum(payer.amount for payer in self._items[name].payers)
                for name in items
            ),
        }  # fmt: skip

    def do_mark(self, given: Plain) -> Plain:
        """Read the change feed to its end; what changes from here on is ``changes``."""
        ended, found = self._changes(given)
        return {**ended, "read": len(found)}

    def do_changes(self, given: Plain) -> Plain:
        """What has changed since ``mark``; of ``subjects`` the balance that the feed tells."""
        ended, found = self._changes(given)
        by_key = {change.key: change for change in found}
        told = {}
        for name in given.get("subjects", []):
            change = by_key.get(str(self.subject(name)["account"]))
            told[name] = None if change is None else int(change.fields.get("GRZHYEFEN", "-1"))
        sequences = [change.sequence for change in found]
        return {
            **ended, "changes": len(found), "subjects": told,
            "rising": sequences == sorted(set(sequences)),
        }  # fmt: skip

    def _changes(self, given: Plain) -> tuple[Plain, list[Any]]:
        found: list[Any] = []
        limit = int(given.get("limit", 500))
        for _ in range(_LAST_CHANGES):
            ask = partial(_changes, sequence=self._sequence, limit=limit)
            ended, page = self.call(given, ask)
            if not isinstance(page, ChangesPage):
                return ended, found
            found += page.changes
            if page.changes:
                self._sequence = page.changes[-1].sequence
            if not page.more:
                return ended, found
        raise BadStep("登记变更总也取不完")

    # --- the four commands ---

    def do_hold(self, given: Plain) -> Plain:
        """``items``: name → payers ``{subject: fen}``, or names of known ones; ``many``: so many
        of the crowd, 1 分, 2 分 …; ``change``: known ones told otherwise."""
        return self._command(CommandKind.HOLD, given)

    def do_post(self, given: Plain) -> Plain:
        """As hold."""
        return self._command(CommandKind.POST, given)

    def do_release(self, given: Plain) -> Plain:
        """As hold."""
        return self._command(CommandKind.RELEASE, given)

    def do_reverse(self, given: Plain) -> Plain:
        """As hold."""
        return self._command(CommandKind.REVERSE, given)

    def do_command(self, given: Plain) -> Plain:
        """One of the four, named by ``kind``."""
        return self._command(CommandKind(given["kind"]), given)

    def do_walk(self, given: Plain) -> Plain:
        """The commands of ``path`` one after the other about the same items."""
        for kind in given["path"]:
            self._command(CommandKind(kind), {k: v for k, v in given.items() if k != "path"})
        return {}

    def _command(self, kind: CommandKind, given: Plain) -> Plain:
        named = self._chosen(given)
        # ``many`` goes as it is, over the limit too; ``all`` in as many commands as it takes.
        most = self.endpoint.port.command_limit if given.get("items") == "all" else len(named)
        rows: Plain = {}
        ended: Plain = {}
        for part in _parts(list(named.items()), most):
            commands = [self._changed(item, given.get("change", {})) for _, item in part]
            ask = partial(_send, kind=kind, commands=commands)
            ended, said = self.call(given, ask, effect=True)
            if said is None:
                return ended
            self.rungs |= {Rung.ACCEPTED, Rung.RESULT}  # the core answers with the result
            found = {one.number: one for one in said}
            for name, item in part:
                one = found[item.number]
                self.codes.add(one.code)
                rows[name] = {"done": one.done, "code": one.code, "reason": one.reason}
        return {**ended, "items": rows, "done": sum(row["done"] for row in rows.values())}

    def _chosen(self, given: Plain) -> dict[str, CoreCommand]:
        if "many" in given:
            first = len(self._items)
            crowd = self.crowd()
            for place in range(1, int(given["many"]) + 1):
                payer = crowd[place % len(crowd)]
                self._items[f"m{first + place}"] = self._item([(payer, place)])
            return {
                f"m{first + place}": self._items[f"m{first + place}"]
                for place in range(1, int(given["many"]) + 1)
            }
        items = given["items"]
        if items == "all":
            return dict(self._items)
        if isinstance(items, Mapping):
            for name, payers in items.items():
                if name not in self._items:
                    pairs = [_pair(one) for one in _listed(payers)]
                    self._items[name] = self._item(
                        [(self.subject(subject), fen) for subject, fen in pairs]
                    )
        return {name: self._items[name] for name in items}

    def _named(self, given: Plain) -> list[str]:
        items = given.get("items", [])
        return list(self._items) if items == "all" else list(items)

    def _item(self, payers: Sequence[tuple[Mapping[str, Any], int]]) -> CoreCommand:
        return CoreCommand(
            number=self.number(),
            period=self._period,
            bank=_BANK,
            agreement=f"DC{self.number(14)}",
            payers=tuple(Payer(str(one["account"]), Fen(fen)) for one, fen in payers),
            business_date=self._opened,
        )

    def _changed(self, item: CoreCommand, change: Mapping[str, Any]) -> CoreCommand:
        if "fen" in change:
            payers = tuple(
                Payer(payer.account, Fen(payer.amount + int(change["fen"])))
                for payer in item.payers
            )
            item = replace(item, payers=payers)
        if change.get("order"):
            item = replace(item, payers=tuple(reversed(item.payers)))
        if "agreement" in change:
            item = replace(item, agreement=str(change["agreement"]))
        if "bank" in change:
            item = replace(item, bank=str(change["bank"]))
        if "period" in change:
            item = replace(item, period=Period.parse(str(change["period"])))
        if "date" in change:
            item = replace(item, business_date=date.fromisoformat(str(change["date"])))
        return item


def _send(
    port: CorePort, line: Line, kind: CommandKind, commands: Sequence[CoreCommand]
) -> tuple[CommandResult, ...]:
    return port.command(line, kind, commands)


def _parts(
    items: list[tuple[str, CoreCommand]], most: int
) -> Iterator[list[tuple[str, CoreCommand]]]:
    for start in range(0, len(items), most):
        yield items[start : start + most]


def _changes(port: ChangesPort, line: Line, sequence: int, limit: int) -> ChangesPage:
    return port.changes_since(line, sequence, limit)


def _listed(payers: Any) -> list[Any]:
    """``{good: 5, second: 7}`` or, where an account stands twice, ``[[good, 5], [good, 7]]``."""
    return list(payers.items()) if isinstance(payers, Mapping) else list(payers)


def _pair(one: Sequence[Any]) -> tuple[str, int]:
    subject, fen = one
    return str(subject), int(fen)


def write_data(suite: Suite, folder: Path) -> None:
    """``persons.csv`` and ``units.csv`` for the bundled core: every subject but those that are
    unknown to it, and the crowd."""
    people = [one for one in suite.subjects.values() if not one.get("unknown")]
    month = suite.business_day.replace("-", "")[:6]
    with (folder / "units.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_UNIT_COLUMNS)
        writer.writerow(
            (_UNIT, "符合性测试单位", "91522700MA0000099X", "测试路 1 号", "吴云雀",
             "522700198601170004", "01", "0.12", "0.12", month)
        )  # fmt: skip
    with (folder / "persons.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.DictWriter(file, _PERSON_COLUMNS)
        rows.writeheader()
        rows.writerows(_person(one, month) for one in [*people, *crowd_of(suite)])


def _person(subject: Mapping[str, Any], month: str) -> dict[str, str]:
    return {
        "GRZH": str(subject["account"]), "DWZH": _UNIT, "XingMing": str(subject["name"]),
        "ZJLX": "01", "ZJHM": str(subject["id_number"]), "SJHM": "10000000000",
        "GRZHZT": str(subject.get("state", "01")), "GRJCJS": "5000.00", "GRYJCE": "600.00",
        "DWYJCE": "600.00", "GRZHYE": format_yuan(int(subject.get("fen", 0))),
        "DJJE": format_yuan(int(subject.get("frozen_fen", 0))), "KHRQ": "20200101", "JZNY": month,
    }  # fmt: skip
