"""How every interface stands: its last report, whether that is of the present contract, its
meter."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hub.certify.coverage import Coverage, coverage_of
from hub.certify.shelf import Shelved, last_reports
from hub.certify.suite import NoScenarios, suite_digest
from hub.contracts import Contract


@dataclass(frozen=True, slots=True)
class Standing:
    """``last`` is None for an interface that was never certified.  ``current`` is False for a
    report of another contract than the one that holds here, and True where none is known."""

    interface: str
    name: str
    last: Shelved | None
    current: bool
    coverage: Coverage | None


def standings(folder: Path, contracts: Iterable[Contract] = ()) -> Sequence[Standing]:
    """Of every contract and of every report, by interface code."""
    last = {one.interface: one for one in last_reports(folder)}
    known = {one.interface: one for one in contracts}
    return [
        _standing(folder, interface, known.get(interface), last.get(interface))
        for interface in sorted({*last, *known})
    ]


def _standing(
    folder: Path, interface: str, contract: Contract | None, last: Shelved | None
) -> Standing:
    body = None if last is None else last.body
    if contract is None:
        name = interface if body is None else str(body["name"])
        return Standing(interface, name, last, current=True, coverage=_own(last))
    try:
        digest = suite_digest(contract)
    except NoScenarios:
        return Standing(interface, contract.name, last, current=True, coverage=_own(last))
    current = body is None or body["contract"]["digest"] == digest
    meter = coverage_of(contract, digest, folder)
    return Standing(interface, contract.name, last, current, meter)


def _own(last: Shelved | None) -> Coverage | None:
    """What a report says of itself."""
    if last is None or last.body is None:
        return None
    body, meter = last.body, last.body["coverage"]
    return Coverage(
        last.interface, body["name"], body["contract"]["version"], [last.stem], 0,
        meter["codes"], meter["rungs"],
    )  # fmt: skip
