"""The meter: codes of the contract and rungs of the ladder that no scenario has touched.

``Meter`` counts while a certificate runs; ``coverage_of`` adds up what all sound reports of the
present contract have touched.

A code is touched when the adapter looked it up in the contract, when the port's answer carries
it, or (JSON wires) when it stood in its field of a reply.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.bus import Rung
from hub.certify.shelf import reports_of
from hub.contracts import CodeTable, Contract
from hub.wire import CallRecord


class Meter:
    """Gathers while the cases run."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._seen: set[tuple[str, str]] = set()
        self._rungs: set[str] = set()

    def looked_up(self, table: str, code: str) -> None:
        """The adapter asked the contract about this code."""
        self._seen.add((table, code))

    def case_over(
        self, codes: Iterable[str], rungs: Iterable[str], calls: Iterable[CallRecord]
    ) -> None:
        """What one case brought to light."""
        self._rungs.update(rungs)
        for table in self._contract.code_tables.values():
            self._seen.update((table.name, code) for code in codes if code in table.codes)
        if self._contract.wire.format == "json":
            for call in calls:
                self._scan(call.reply)

    def add(self, found: Mapping[str, Any]) -> None:
        """What another meter of the same contract found."""
        for name, table in found["codes"].items():
            self._seen.update((name, code) for code in table["touched"])
        self._rungs.update(found["rungs"]["touched"])

    def found(self) -> dict[str, Any]:
        """``codes``: table → touched, untouched; ``rungs`` the same."""
        tables = {
            table.name: {
                "what": table.what,
                "touched": sorted(c for c in table.codes if (table.name, c) in self._seen),
                "untouched": sorted(c for c in table.codes if (table.name, c) not in self._seen),
            }
            for table in self._contract.code_tables.values()
        }
        rungs = [rung.value for rung in Rung if rung]
        return {
            "codes": tables,
            "rungs": {
                "touched": [rung for rung in rungs if rung in self._rungs],
                "untouched": [rung for rung in rungs if rung not in self._rungs],
            },
        }

    def _scan(self, reply: bytes) -> None:
        try:
            values = list(_leaves(json.loads(reply), ()))
        except ValueError:
            return
        for table in self._contract.code_tables.values():
            ends = _ends(table)
            for path, text in values:
                if text in table.codes and any(path[-len(end) :] == end for end in ends):
                    self._seen.add((table.name, text))


def _ends(table: CodeTable) -> list[tuple[str, ...]]:
    """``command.reply/MX/FHM`` → its keys; of ``*.reply/FHM`` the whole path is one key."""
    places = [one.strip() for one in table.place.split(",") if "/" in one]
    return [tuple(place.split("/")[1:]) for place in places]


def _leaves(value: object, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    match value:
        case Mapping():
            for key, inside in value.items():
                yield from _leaves(inside, (*path, str(key)))
        case list():
            for inside in value:
                yield from _leaves(inside, path)
        case str():
            yield path, value


@dataclass(frozen=True, slots=True)
class Coverage:
    """One interface's meter over ``reports`` (stems); ``older`` reports are of another contract
    and count for nothing.  ``codes`` and ``rungs`` as :meth:`Meter.found` gives them."""

    interface: str
    name: str
    version: str
    reports: Sequence[str]
    older: int
    codes: Mapping[str, Any]
    rungs: Mapping[str, Any]

    @property
    def touched(self) -> int:
        """Codes that some case touched."""
        return sum(len(table["touched"]) for table in self.codes.values())

    @property
    def total(self) -> int:
        """Codes of the contract."""
        return self.touched + sum(len(table["untouched"]) for table in self.codes.values())

    @property
    def gaps(self) -> dict[str, list[str]]:
        """Table → codes that no case touched; tables without such are left out."""
        found = {name: list(table["untouched"]) for name, table in self.codes.items()}
        return {name: codes for name, codes in found.items() if codes}

    def as_dict(self) -> dict[str, Any]:
        """For scripts."""
        return {
            "interface": self.interface, "name": self.name, "contract": self.version,
            "reports": list(self.reports), "older_reports": self.older,
            "codes": {"touched": self.touched, "total": self.total, "untouched": self.gaps},
            "rungs": {word: list(self.rungs[word]) for word in ("touched", "untouched")},
        }  # fmt: skip


def coverage_of(contract: Contract, digest: str, folder: Path | None) -> Coverage:
    """Over every sound report in ``folder`` (None: there are none) whose contract has this
    digest."""
    meter, counted, older = Meter(contract), [], 0
    for one in reports_of(folder, contract.interface) if folder is not None else ():
        if one.body is None:
            continue
        if one.body["contract"]["digest"] != digest:
            older += 1
            continue
        meter.add(one.body["coverage"])
        counted.append(one.stem)
    found = meter.found()
    return Coverage(
        contract.interface, contract.name, contract.version, counted, older, found["codes"],
        found["rungs"],
    )  # fmt: skip
