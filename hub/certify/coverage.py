"""The meter: codes of the contract and rungs of the ladder that no scenario has touched.

A code is touched when the adapter looked it up in the contract, when the port's answer carries
it, or (JSON wires) when it stood in its field of a reply.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from hub.bus import Rung
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
