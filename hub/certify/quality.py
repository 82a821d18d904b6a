"""The quality scale: what a manifest claims, held against what is there.

========== ==================================================================================
drafted    起草中: nothing is claimed
built      已建成: samples for every transaction, a mock (a published query, a folder: from
           certified on),
           tests of its own, README and change notes of this very version, nothing left
           unwritten, assumptions in the register, a specification that can be printed
certified  已过符合性测试: mandatory scenarios, and a signed green certificate of this contract
live       已投产: such a certificate against the partner's own address, no open assumption
========== ==================================================================================

A claim holds when every check up to its level does; what is missing above it is a debt.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from hub.app.discover import FoundAdapter
from hub.certify.coverage import coverage_of
from hub.certify.shelf import Shelved, reports_of
from hub.certify.suite import NoScenarios, Suite, load_suite
from hub.contracts import contract_digest
from hub.contracts.yaml_files import read_yaml
from hub.papers import Extras, SchemaNotPrintable, assumptions_of, specification

LEVELS = ("drafted", "built", "certified", "live")
_PUBLISHED = {"query"}
"""Ports of interfaces that only others call."""
_TEST = re.compile(r"^\s*(?:async )?def test_", re.M)


@dataclass(frozen=True, slots=True)
class Check:
    """One piece of evidence: the ``level`` that needs it, whether it is there, what was found."""

    level: str
    name: str
    met: bool
    found: str


@dataclass(frozen=True, slots=True)
class Quality:
    """One interface.  ``untouched`` codes of ``codes`` no case has touched."""

    interface: str
    name: str
    version: str
    claim: str
    checks: Sequence[Check]
    open_assumptions: int
    assumptions: int
    codes: int
    untouched: int

    @property
    def reached(self) -> str:
        """The highest level whose every check is met."""
        found = LEVELS[0]
        for level in LEVELS[1:]:
            if not all(one.met for one in self.checks if one.level == level):
                break
            found = level
        return found

    @property
    def broken(self) -> list[Check]:
        """Checks that the claim needs and that are not met."""
        return [one for one in self.checks if not one.met and not self._above(one)]

    @property
    def debts(self) -> list[Check]:
        """What is missing for the levels above the claim."""
        return [one for one in self.checks if not one.met and self._above(one)]

    @property
    def holds(self) -> bool:
        """The claim is true."""
        return not self.broken

    def _above(self, check: Check) -> bool:
        return LEVELS.index(check.level) > LEVELS.index(self.claim)

    def as_dict(self) -> dict[str, Any]:
        """For scripts."""
        told = [
            {"level": one.level, "check": one.name, "met": one.met, "found": one.found}
            for one in self.checks
        ]
        return {
            "interface": self.interface, "name": self.name, "contract": self.version,
            "claim": self.claim, "reached": self.reached, "holds": self.holds, "checks": told,
            "assumptions": {"all": self.assumptions, "open": self.open_assumptions},
            "codes": {"all": self.codes, "untouched": self.untouched},
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tree:
    """Where evidence lies: the checkout (``mocks``, ``tests``), the contracts, the certificates."""

    root: Path
    contracts: Path
    certificates: Path | None = None


def qualities(
    adapters: Mapping[str, FoundAdapter], tree: Tree, *, printing: bool = True
) -> list[Quality]:
    """Of every adapter, by interface code.  ``printing``: each specification is printed, too,
    which takes most of the time."""
    tests = _tests(tree.root / "tests")
    mocks = _mocks(tree.root / "mocks")
    return [
        _Judge(one, tree, tests, mocks).judged(printing=printing)
        for _, one in sorted(adapters.items())
    ]


class _Judge:
    def __init__(
        self, adapter: FoundAdapter, tree: Tree, tests: Mapping[str, str], mocks: set[str]
    ) -> None:
        self._adapter = adapter
        self._contract = adapter.contract
        self._tree = tree
        self._tests = tests
        self._mocks = mocks

    def judged(self, *, printing: bool) -> Quality:
        checks: list[tuple[str, str, Callable[[], tuple[bool, str]]]] = [
            ("built", "samples", self._samples),
            (self._mocked_from, "mock", self._mock),
            ("built", "tests", self._own_tests),
            ("built", "written", self._written),
            ("built", "docs", self._docs),
            ("built", "register", self._register),
            ("built", "specification", self._printable),
            ("certified", "scenarios", self._scenarios),
            ("certified", "certificate", self._certificate),
            ("live", "partner", self._at_partner),
            ("live", "assumptions", self._settled),
        ]
        contract = self._contract
        meter = coverage_of(contract, self._digest, self._tree.certificates)
        return Quality(
            self._adapter.interface, contract.name, contract.version,
            self._adapter.manifest.quality,
            [
                Check(level, name, *check())
                for level, name, check in checks
                if printing or name != "specification"
            ],
            len(self._open), len(self._assumptions), meter.total, meter.total - meter.touched,
        )  # fmt: skip

    @property
    def _mocked_from(self) -> str:
        """A query that is published is built without anybody to call it; not certified.  Behind a
        folder there is no server either."""
        doors = self._contract.endpoints.values()
        alone = bool(doors) and all(one.folder for one in doors)
        return "certified" if alone or self._adapter.manifest.port in _PUBLISHED else "built"

    @cached_property
    def _suite(self) -> Suite | None:
        try:
            return load_suite(self._contract)
        except NoScenarios:
            return None

    @cached_property
    def _digest(self) -> str:
        return self._suite.digest if self._suite else contract_digest(self._contract.folder)

    @cached_property
    def _assumptions(self) -> list[Mapping[str, str]]:
        return assumptions_of(self._tree.contracts, self._contract.interface)

    @cached_property
    def _open(self) -> list[str]:
        return [one["id"] for one in self._assumptions if one["state"] == "open"]

    @cached_property
    def _certificates(self) -> list[Shelved]:
        """Signed, green, of this very contract; the newest last."""
        folder = self._tree.certificates
        if folder is None:
            return []
        return [
            one
            for one in reports_of(folder, self._contract.interface)
            if one.body is not None
            and (one.verdict, one.signed) == ("green", True)
            and one.body["contract"]["digest"] == self._digest
        ]

    def _samples(self) -> tuple[bool, str]:
        folder = self._contract.folder / "samples"
        names = [one.name for one in folder.iterdir()] if folder.is_dir() else []
        bare = [
            one
            for one in self._contract.transactions
            if not any(name.startswith(f"{one}.") for name in names)
        ]
        return not bare, f"没有基准报文：{'、'.join(bare)}" if bare else f"{len(names)} 份"

    def _mock(self) -> tuple[bool, str]:
        there = self._contract.interface in self._mocks
        return there, "有" if there else "没有挡板叫这个名字（mocks/**/manifest.yaml）"

    def _own_tests(self) -> tuple[bool, str]:
        package = self._adapter.manifest.module.rpartition(".")[0]
        count = sum(len(_TEST.findall(text)) for text in self._tests.values() if package in text)
        folder = f"adapters/{package.rpartition('.')[2]}/"
        count += sum(
            len(_TEST.findall(text))
            for path, text in self._tests.items()
            if path.startswith(folder) and package not in text
        )
        return count > 0, f"{count} 个" if count else f"没有测试用到 {package}"

    def _written(self) -> tuple[bool, str]:
        package = self._adapter.manifest.module.rpartition(".")[0]
        folder = self._tree.root / package.replace(".", "/")
        left = [
            one.name for one in sorted(folder.glob("*.py"))
            if "NotWritten" in one.read_text(encoding="utf-8")
        ]  # fmt: skip
        return not left, f"还没写完：{'、'.join(left)}" if left else "写完"

    def _docs(self) -> tuple[bool, str]:
        folder, version = self._contract.folder, self._contract.version
        readme, changes = (
            path.read_text(encoding="utf-8") if (path := folder / name).is_file() else ""
            for name in ("README.md", "CHANGES.md")
        )
        if len(readme) < 200:
            return False, "README.md 没有写"
        noted = re.search(rf"^## {re.escape(version)}\b", changes, re.M)
        return noted is not None, f"{version}" if noted else f"CHANGES.md 没有 {version} 一节"

    def _register(self) -> tuple[bool, str]:
        said = " ".join(" ".join(map(str, one.values())) for one in self._assumptions)
        bare = [
            one.name
            for one in self._contract.transactions.values()
            if one.assumed and one.name not in said
        ]
        if bare:
            return False, f"标了 [A] 而没有登记：{'、'.join(bare)}"
        return True, f"{len(self._assumptions)} 条"

    def _printable(self) -> tuple[bool, str]:
        try:
            specification(self._contract, Extras(self._digest, self._assumptions))
        except SchemaNotPrintable as error:
            return False, error.message
        return True, "能生成"

    def _scenarios(self) -> tuple[bool, str]:
        must = sum(case.mandatory for case in self._suite.cases) if self._suite else 0
        return must > 0, f"必测 {must} 项" if must else "没有 scenarios.yaml"

    def _certificate(self) -> tuple[bool, str]:
        if self._certificates:
            return True, self._certificates[-1].stem
        return False, "没有这份规范的、签了名的、通过的测试报告"

    def _at_partner(self) -> tuple[bool, str]:
        real = [
            one.stem
            for one in self._certificates
            if one.body is not None and one.body["against"]["kind"] == "address"
        ]
        return bool(real), real[-1] if real else "没有对着对方地址的通过的测试报告"

    def _settled(self) -> tuple[bool, str]:
        return not self._open, f"{len(self._open)} 条待核实" if self._open else "都已核实"


def _tests(folder: Path) -> dict[str, str]:
    """Path below ``tests`` → text, of what holds tests."""
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("test_*.py"))
        if path.relative_to(folder).parts[0] != "house"
    }


def _mocks(folder: Path) -> set[str]:
    """Every name a mock answers to."""
    names: set[str] = set()
    for path in sorted(folder.rglob("manifest.yaml")):
        raw = read_yaml(path)
        names |= {str(raw["partner"]), *map(str, raw.get("also", ()))}
    return names
