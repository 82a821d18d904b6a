"""Contracts as the pages have them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from hub.app.adaptation import Adaptation
from hub.app.catalogue import ServiceItem
from hub.certify.quality import Quality
from hub.certify.shelf import Shelved
from hub.contracts import Contract
from hub.papers.outline import Outline


@dataclass(frozen=True, slots=True)
class Edition:
    """One edition: its version, from which business day (None: it always was), whether it is in
    force today."""

    version: str
    begins: date | None
    in_force: bool


@dataclass(frozen=True, slots=True)
class ContractLine:
    """One of the list.  ``next``: the edition that is announced; ``quality`` is None where the
    evidence, a checkout, is not on this machine, ``claim`` is what the manifest says.
    ``report``: the last certificate; ``current``: it is of this very contract."""

    interface: str
    name: str
    partner: str
    port: str
    wire: str
    charset: str
    contract: Edition
    next: Edition | None
    items: tuple[ServiceItem, ...]
    transactions: int
    codes: int
    claim: str
    quality: Quality | None
    report: Shelved | None
    current: bool


@dataclass(frozen=True, slots=True)
class ContractView:
    """One contract whole, in one of its editions.  ``cases`` counts mandatory test cases, and
    all; ``adaptations``: the functions of a catalogue, where the contract publishes many."""

    line: ContractLine
    contract: Contract
    shown: Edition
    editions: tuple[Edition, ...]
    digest: str
    outline: Outline
    cases: tuple[int, int]
    assumptions: Sequence[Mapping[str, str]]
    adaptations: Sequence[Adaptation]
