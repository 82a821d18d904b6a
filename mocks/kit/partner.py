"""What a mock partner is handed and what it hands back.

A partner is a folder ``mocks/<group>/<name>/`` with ``manifest.yaml``::

    partner: bank-icbc                 # its name on the command line
    title: 工商银行挡板                  # shown on the control plane
    module: mocks.banks.icbc.partner   # has build(site: Site) -> Partner
    endpoints: [api, sign]             # in the order of their ports
    scenarios: scenarios.yaml          # optional: a library of named rules
    also: [bank-icbc-two]              # optional: further names, served by the same process
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from mocks.kit.clock import MockClock
from mocks.kit.faults import FaultKind
from mocks.kit.messages import Answer, Service
from mocks.kit.storage import Notes, Storage

CONTRACTS = Path(__file__).resolve().parents[2] / "contracts_spec"
"""The folder of the contract files, shared with the hub as data."""


@dataclass(frozen=True, slots=True)
class Site:
    """Where a partner stands: its storage, its data, its clock, its environment's word.

    ``data`` is the folder of the CSV files, or None when the partner runs on what it has.
    ``fresh`` says that nothing was loaded yet; a partner then loads and calls :meth:`loaded`.
    """

    name: str
    storage: Storage
    notes: Notes
    state: Path
    data: Path | None
    clock: MockClock
    environment: str

    def loaded(self, digest: str) -> None:
        """Remember which data stands in the storage; call it inside the loading transaction."""
        self.notes.put("data", digest)

    @property
    def loaded_digest(self) -> str | None:
        """The digest given to :meth:`loaded`, or None when nothing was."""
        return self.notes.get("data")


@dataclass(frozen=True, slots=True)
class ControlCall:
    """A request to the control plane: parts of the path, query, decoded JSON body ({})."""

    parts: Mapping[str, str]
    query: Mapping[str, str]
    body: Mapping[str, Any]


class ControlError(Exception):
    """What was asked of the control plane cannot be done; ``status`` is the HTTP status."""

    def __init__(self, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True, slots=True)
class Control:
    """One route of the control plane; ``{name}`` in ``path`` is a part."""

    method: str
    path: str
    description: str
    act: Callable[[ControlCall], Answer]


class Partner(Protocol):
    """A mock partner.  Everything but construction runs in one worker thread."""

    def services(self) -> Mapping[str, Service]:
        """Endpoint name → service; the names are the manifest's."""
        ...

    def controls(self) -> Sequence[Control]:
        """Its own routes of the control plane."""
        ...

    def fault_kinds(self) -> Mapping[str, FaultKind]:
        """The faults it enacts by itself, beside the kit's."""
        ...

    def reset(self) -> None:
        """Back to the state just after loading."""
        ...


@dataclass(frozen=True, slots=True)
class Manifest:
    """A partner's manifest, and the folder it was found in."""

    partner: str
    title: str
    module: str
    endpoints: tuple[str, ...]
    folder: Path
    scenarios: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    also: tuple[str, ...] = ()


def answer_json(value: object, status: int = 200) -> Answer:
    """A JSON answer in UTF-8, Chinese left readable."""
    body = json.dumps(value, ensure_ascii=False, indent=1, default=str).encode("utf-8")
    return Answer(body=body + b"\n", status=status)


def answer_csv(text: str) -> Answer:
    """A CSV answer in UTF-8."""
    return Answer(body=text.encode("utf-8"), content_type="text/csv; charset=utf-8")
