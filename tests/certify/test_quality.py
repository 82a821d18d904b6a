"""A manifest's claim that is not true is noticed, and what is missing is named.  That the shipped
ones are true, tests/house checks."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hub.app.discover import FoundAdapter, discover
from hub.certify import Report, shelve
from hub.certify.quality import Quality, Tree, qualities
from hub.certify.suite import suite_digest
from hub.cli.main import app
from hub.contracts import load_contract
from hub.crypto import KeyRing
from hub.kernel.settings import Settings
from tests.certify.kit import ROOT, small_report

SPEC = ROOT / "contracts_spec"
ICBC = discover(Settings(contracts=SPEC))["bank-icbc"]


def claiming(quality: str, adapter: FoundAdapter = ICBC) -> FoundAdapter:
    return replace(adapter, manifest=adapter.manifest.model_copy(update={"quality": quality}))


def judge(adapter: FoundAdapter, tree: Tree) -> Quality:
    (one,) = qualities({adapter.interface: adapter}, tree)
    return one


class TestBuilt:
    """A copy of one contract, and of what belongs to it, with something taken out."""

    @pytest.fixture
    def tree(self, tmp_path: Path) -> Tree:
        for name in ("contracts_spec/banks/icbc", "adapters/banks/icbc", "mocks/banks/icbc",
                     "tests/adapters/icbc"):  # fmt: skip
            shutil.copytree(ROOT / name, tmp_path / name)
        for name in ("assumptions.yaml", "banks/scenarios.yaml"):
            shutil.copy(SPEC / name, tmp_path / "contracts_spec" / name)
        return Tree(tmp_path, tmp_path / "contracts_spec")

    def judge(self, tree: Tree, claim: str = "built") -> Quality:
        contract = load_contract(tree.contracts / "banks" / "icbc")
        return judge(replace(claiming(claim), contract=contract), tree)

    def test_the_copy_holds(self, tree: Tree) -> None:
        one = self.judge(tree)
        assert (one.holds, one.reached) == (True, "built")
        assert [check.name for check in one.debts] == ["certificate", "partner", "assumptions"]

    @pytest.mark.parametrize(
        ("spoil", "name"),
        [
            (lambda root: _each(root, "contracts_spec/banks/icbc/samples", "QPD.*"), "samples"),
            (lambda root: shutil.rmtree(root / "mocks"), "mock"),
            (lambda root: shutil.rmtree(root / "tests"), "tests"),
            (lambda root: _put(root, "adapters/banks/icbc/left.py", "NotWritten('x')"), "written"),
            (lambda root: _put(root, "contracts_spec/banks/icbc/CHANGES.md", "## 1.0.0"), "docs"),
            (lambda root: _put(root, "contracts_spec/banks/icbc/README.md", "TODO"), "docs"),
            (
                lambda root: _put(root, "contracts_spec/assumptions.yaml", "assumptions: []"),
                "register",
            ),
        ],
    )
    def test_what_is_missing_is_named(
        self, tree: Tree, spoil: Callable[[Path], Any], name: str
    ) -> None:
        spoil(tree.root)
        one = self.judge(tree)
        assert [check.name for check in one.broken] == [name]
        assert one.reached == "drafted"
        assert self.judge(tree, "drafted").holds

    def test_a_published_query_needs_its_caller_only_to_be_certified(self, tree: Tree) -> None:
        shutil.rmtree(tree.root / "mocks")
        contract = load_contract(tree.contracts / "banks" / "icbc")
        manifest = ICBC.manifest.model_copy(update={"port": "query"})
        one = judge(FoundAdapter(manifest, contract), tree)
        assert one.holds
        assert next(check.name for check in one.debts) == "mock"

    def test_without_scenarios_it_is_built_and_owes_them(self, tree: Tree) -> None:
        (tree.contracts / "banks/icbc/scenarios.yaml").unlink()
        one = self.judge(tree)
        assert one.holds
        assert "scenarios" in [check.name for check in one.debts]


class TestCertified:
    @pytest.fixture
    def home(self, tmp_path: Path) -> Path:
        KeyRing.create(tmp_path / "keys")
        return tmp_path

    def shelved(self, home: Path, verdict: str = "passed", **more: Any) -> Tree:
        report = small_report(verdict, digest=more.pop("digest", suite_digest(ICBC.contract)))
        body = {name: value for name, value in report.body.items() if name != "digest"} | more
        shelve(Report.sealed(body).signed(home / "keys"), home / "certificates")
        return Tree(ROOT, SPEC, home / "certificates")

    def test_a_signed_green_certificate_of_this_contract(self, home: Path) -> None:
        one = judge(claiming("certified"), self.shelved(home))
        assert (one.holds, one.reached) == (True, "certified")

    def test_none_at_all(self, home: Path) -> None:
        one = judge(claiming("certified"), Tree(ROOT, SPEC, home / "certificates"))
        assert [check.name for check in one.broken] == ["certificate"]

    def test_a_red_one(self, home: Path) -> None:
        assert not judge(claiming("certified"), self.shelved(home, "failed")).holds

    def test_one_of_an_older_contract(self, home: Path) -> None:
        assert not judge(claiming("certified"), self.shelved(home, digest="1" * 64)).holds

    def test_an_unsigned_one(self, home: Path, tmp_path: Path) -> None:
        shutil.rmtree(home / "keys")
        assert not judge(claiming("certified"), self.shelved(home)).holds

    def test_live_needs_the_partner_itself_and_no_open_assumption(self, home: Path) -> None:
        address = {"kind": "address", "endpoints": {"api": "http://10.0.0.8"}, "steered": False}
        mock = judge(claiming("live"), self.shelved(home))
        assert [check.name for check in mock.broken] == ["partner", "assumptions"]
        real = judge(claiming("live"), self.shelved(home, against=address))
        assert [check.name for check in real.broken] == ["assumptions"]


def test_the_command(tmp_path: Path) -> None:
    said = CliRunner().invoke(app, ["quality", "bank-icbc", "--home", str(tmp_path)])
    assert said.exit_code == 0, said.output
    assert "bank-icbc" in said.stdout
    assert "certified certificate" in said.stdout
    nowhere = CliRunner().invoke(app, ["quality", "--tree", str(tmp_path), "--json"])
    assert (nowhere.exit_code, "quality.no_checkout" in nowhere.stderr) == (2, True)


def _each(root: Path, folder: str, pattern: str) -> None:
    for path in (root / folder).glob(pattern):
        path.unlink()


def _put(root: Path, name: str, text: str) -> None:
    (root / name).write_text(text + "\n", "utf-8")
