"""The words of the registry port's scenarios: apply, cancel, inquire, persons, mark and changes.

Applications are named; one that is known goes again as it is, with ``change`` told otherwise
under the same number.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from hub.bus import Rung
from hub.certify.acts.stage import BadStep, Plain, Stage, crowd_of
from hub.certify.suite import Suite
from hub.kernel.money import Fen, format_yuan
from hub.ports.core import ChangesPage
from hub.ports.line import Line
from hub.ports.registry import (
    Application,
    ApplicationKind,
    ApplicationResult,
    FieldChange,
    PersonsAnswer,
    RegistryPort,
    Sealing,
    UnitChange,
    UnitOpening,
    Withdrawal,
)

_FILES: Mapping[str, Sequence[str]] = {
    "units": ("DWZH", "DWMC", "TYSHXYDM", "DWDZ", "DWFRDBXM", "DWFRDBZJHM", "DWZHZT", "DWJCBL",
              "GRJCBL", "JZNY"),
    "persons": ("GRZH", "DWZH", "XingMing", "ZJLX", "ZJHM", "SJHM", "GRZHZT", "GRJCJS", "GRYJCE",
                "DWYJCE", "GRZHYE", "DJJE", "KHRQ", "JZNY"),
    "unit_accounts": ("DWZH", "DWFRDBZJLX", "DWYB", "DWDZXX", "JBRXM", "JBRSJHM", "DWKHRQ",
                      "DWXHRQ"),
    "contributions": ("DWZH", "HJNY", "YJRS", "SJRS", "YJJE", "SJJE", "JZRQ"),
    "arrears": ("QJBH", "DWZH", "QSNY", "ZZNY", "QJYS", "QJJE", "QJZT"),
    "penalties": ("CFBH", "DWZH", "CFLX", "WSH", "JDRQ", "SY", "JE", "CFZT"),
}  # fmt: skip
_PAYEE = "6222080000000000015"
_LAST_CHANGES = 200


class Acts(Stage):
    """One case under way at the core's registry."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._known: dict[str, tuple[ApplicationKind, Application]] = {}
        self._sequence = 0
        self._opened = date.min

    def opened(self) -> None:
        """The business day of what is sealed."""
        self._opened = self.endpoint.clock.today()

    def refer(self, name: str) -> str:
        """``account.NAME`` a test account's number, ``a1`` an application's."""
        if name.startswith("account."):
            return str(self.subject(name.removeprefix("account."))["account"])
        if name in self._known:
            return self._known[name][1].number
        return super().refer(name)

    # --- applications ---

    def do_apply(self, given: Plain) -> Plain:
        """``kind`` and ``applications``: name → what it is made of, or names of known ones;
        ``many``: so many of the crowd; ``change``: known ones told otherwise."""
        kind = ApplicationKind(given["kind"])
        chosen = self._chosen(kind, given)
        sent = {name: _changed(one, given.get("change", {})) for name, one in chosen.items()}
        ask = partial(_apply, kind=kind, applications=list(sent.values()))
        return self._told(chosen, *self.call(given, ask, effect=True))

    def do_cancel(self, given: Plain) -> Plain:
        """``applications``: names; ``kind`` and ``never``: one that was never sent."""
        if "never" in given:
            kind = ApplicationKind(given["kind"])
            self._chosen(kind, {"applications": given["never"]})
            given = {**given, "applications": list(given["never"])}
        return self._numbered(given, _cancel, effect=True)

    def do_inquire(self, given: Plain) -> Plain:
        """``applications``: names."""
        return self._numbered(given, _inquire)

    def _numbered(self, given: Plain, ask: Any, *, effect: bool = False) -> Plain:
        chosen = {name: self._known[name][1] for name in given["applications"]}
        kind = self._known[next(iter(chosen))][0]
        numbers = [one.number for one in chosen.values()]
        call = partial(ask, kind=kind, numbers=numbers)
        return self._told(chosen, *self.call(given, call, effect=effect))

    def _told(
        self, chosen: Mapping[str, Application], ended: Plain,
        said: tuple[ApplicationResult, ...] | None,
    ) -> Plain:  # fmt: skip
        if said is None:
            return ended
        self.rungs.add(Rung.ACCEPTED)
        rows: Plain = {}
        for name, one in zip(chosen, said, strict=True):
            self.codes.add(one.code)
            if one.settled:
                self.rungs.add(Rung.RESULT)
            rows[name] = {
                "state": one.state.value, "code": one.code, "reason": one.reason,
                "settled": one.settled, "unit": one.unit, "held": one.held, "was": one.was,
                "principal": one.principal, "interest": one.interest,
                "interest_told": one.interest is not None,
                "conflicts": {c.name: c.old for c in one.conflicts},
            }  # fmt: skip
        settled = sum(row["settled"] for row in rows.values())
        return {**ended, "applications": rows, "settled": settled}

    def _chosen(self, kind: ApplicationKind, given: Plain) -> dict[str, Application]:
        if "many" in given:
            crowd = self.crowd()
            made = {
                f"m{place}": self._made(kind, dict(crowd[place % len(crowd)]))
                for place in range(int(given["many"]))
            }
            self._known |= {name: (kind, one) for name, one in made.items()}
            return made
        asked = given["applications"]
        if isinstance(asked, Mapping):
            for name, parts in asked.items():
                if name in self._known:
                    raise BadStep(f"申请 {name} 已经有了：再送只写名字")
                about = {**self.subject(parts["subject"]), **parts.get("but", {})}
                about["changes"] = parts.get("changes", {})
                self._known[name] = (kind, self._made(kind, about))
        return {name: self._known[name][1] for name in asked}

    def _made(self, kind: ApplicationKind, about: Plain) -> Application:
        number, said = self.number(), {k: str(v) for k, v in about.items() if k != "changes"}
        match kind:
            case ApplicationKind.UNIT_OPEN:
                return UnitOpening(
                    number, said["unit_name"], said["uscc"], said["address"], said["legal"], "01",
                    said["legal_id"], said.get("handler", ""), said.get("phone", ""), "0.12",
                    "0.12",
                )  # fmt: skip
            case ApplicationKind.UNIT_CHANGE:
                changes = tuple(FieldChange(*one) for one in _listed(about["changes"]))
                return UnitChange(number, said["unit"], changes)
            case ApplicationKind.SEAL | ApplicationKind.UNSEAL:
                return Sealing(number, said["account"], said["unit"], "单位迁出", self._opened)
            case ApplicationKind.WITHDRAWAL:
                part = Fen(int(said["part"])) if "part" in said else None
                return Withdrawal(
                    number, said["account"], said["name"], "01", said["id_number"],
                    "03" if part is None else "01", _PAYEE, said["name"], "中国工商银行都匀支行",
                    "102", part,
                )  # fmt: skip

    # --- reading ---

    def do_persons(self, given: Plain) -> Plain:
        """``subjects`` by their papers: name → the account found; ``short``: by the 15 digits."""
        names = list(given["subjects"])
        papers = [str(self.subject(name)["id_number"]) for name in names]
        if given.get("short"):
            papers = [one[:6] + one[8:17] for one in papers]
        ask = partial(_persons, papers=[("01", one) for one in papers])
        ended, said = self.call(given, ask)
        if not isinstance(said, PersonsAnswer):
            return ended
        by_number = {one.number: one for one in said.accounts}
        found = {}
        for name in names:
            one = by_number.get(str(self.subject(name).get("account")))
            if one is not None:
                found[name] = {
                    "state": one.state, "balance": one.balance, "frozen": one.frozen,
                    "held": one.held, "unit": one.unit,
                    "as_given": one.name == self.subject(name)["name"],
                }  # fmt: skip
        return {**ended, "accounts": found, "count": len(said.accounts)}

    def do_mark(self, given: Plain) -> Plain:
        """Read the change feed to its end; what changes from here on is ``changes``."""
        ended, found = self._changes(given)
        return {**ended, "read": len(found)}

    def do_changes(self, given: Plain) -> Plain:
        """What changed since ``mark``: the fields of the last change of every one of ``keys``
        (a subject's name, or a record's own key)."""
        ended, found = self._changes(given)
        by_key = {change.key: change for change in found}
        sequences = [change.sequence for change in found]
        named = {str(key): self._key_of(str(key)) for key in given.get("keys", [])}
        fields = {
            name: {"kind": by_key[key].kind, **by_key[key].fields}
            for name, key in named.items()
            if key in by_key
        }
        kinds = {one.kind for one in found}
        return {
            **ended, "changes": len(found), "fields": fields, "kinds": sorted(kinds),
            "rising": sequences == sorted(set(sequences)),
        }  # fmt: skip

    def _key_of(self, name: str) -> str:
        if name not in self.suite.subjects:
            return name
        subject = self.subject(name)
        return str(subject.get("account", subject["unit"]))

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


def _apply(
    port: RegistryPort, line: Line, kind: ApplicationKind, applications: Sequence[Application]
) -> tuple[ApplicationResult, ...]:
    return port.apply(line, kind, applications)


def _cancel(
    port: RegistryPort, line: Line, kind: ApplicationKind, numbers: Sequence[str]
) -> tuple[ApplicationResult, ...]:
    return port.cancel(line, kind, numbers)


def _inquire(
    port: RegistryPort, line: Line, kind: ApplicationKind, numbers: Sequence[str]
) -> tuple[ApplicationResult, ...]:
    return port.inquire(line, kind, numbers)


def _persons(
    port: RegistryPort, line: Line, papers: Sequence[tuple[str, str]]
) -> PersonsAnswer:  # fmt: skip
    return port.persons(line, papers)


def _changes(port: RegistryPort, line: Line, sequence: int, limit: int) -> ChangesPage:
    return port.changes_since(line, sequence, limit)


def _changed(one: Application, change: Mapping[str, Any]) -> Application:
    texts: dict[str, Any] = {str(name): str(value) for name, value in change.items()}
    return replace(one, **texts)


def _listed(changes: Any) -> list[tuple[str, str, str]]:
    """``{DWMC: [old, new]}`` or, where a field stands twice, ``[[DWMC, old, new], …]``."""
    if isinstance(changes, Mapping):
        return [(str(name), str(old), str(new)) for name, (old, new) in changes.items()]
    return [(str(name), str(old), str(new)) for name, old, new in changes]


# --- what a bundled core is loaded from ---


def write_data(suite: Suite, folder: Path) -> None:
    """Every unit and person of the suite, its crowd, and the records its ``values`` hold."""
    month = suite.business_day.replace("-", "")[:6]
    subjects = [one for one in suite.subjects.values() if not one.get("unknown")]
    rows: dict[str, list[Mapping[str, Any]]] = {name: [] for name in _FILES}
    for one in subjects:
        if "account" not in one:
            rows["units"].append(_unit(one, month))
            rows["unit_accounts"].append(_unit_account(one))
            for name in ("contributions", "arrears", "penalties"):
                rows[name] += [{"DWZH": one["unit"], **each} for each in one.get(name, ())]
    people = [one for one in subjects if "account" in one]
    rows["persons"] = [_person(one, month) for one in [*people, *crowd_of(suite)]]
    for name, columns in _FILES.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(rows[name])


def _unit(one: Mapping[str, Any], month: str) -> dict[str, Any]:
    return {
        "DWZH": one["unit"], "DWMC": one["unit_name"], "TYSHXYDM": one["uscc"],
        "DWDZ": one["address"], "DWFRDBXM": one["legal"], "DWFRDBZJHM": one["legal_id"],
        "DWZHZT": one.get("state", "01"), "DWJCBL": "0.12", "GRJCBL": "0.12", "JZNY": month,
    }  # fmt: skip


def _unit_account(one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "DWZH": one["unit"], "DWFRDBZJLX": "01", "DWYB": "558000", "DWDZXX": "",
        "JBRXM": one.get("handler", ""), "JBRSJHM": one.get("phone", ""),
        "DWKHRQ": one.get("opened", "20100401"), "DWXHRQ": one.get("closed", ""),
    }  # fmt: skip


def _person(one: Mapping[str, Any], month: str) -> dict[str, str]:
    return {
        "GRZH": str(one["account"]), "DWZH": str(one["unit"]), "XingMing": str(one["name"]),
        "ZJLX": "01", "ZJHM": str(one["id_number"]), "SJHM": "10000000000",
        "GRZHZT": str(one.get("state", "01")), "GRJCJS": "5000.00", "GRYJCE": "600.00",
        "DWYJCE": "600.00", "GRZHYE": format_yuan(int(one.get("fen", 0))),
        "DJJE": format_yuan(int(one.get("frozen_fen", 0))), "KHRQ": "20200101", "JZNY": month,
    }  # fmt: skip
