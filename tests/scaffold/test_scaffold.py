"""What ``hub new interface`` writes passes the house's checks, and fails its own tests until
somebody writes it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.demo.kit import ROOT, hub
from tests.house.rules import Rule
from tests.house.test_rules import CASES
from tests.house.tree import Source
from tests.shared import shared_place

ASKED = ("new", "interface", "banks/gyns", "--code", "GYNS", "--title", "黔农商银行")
TREES = ("adapters", "benchmarks", "contracts_spec", "hub", "mocks", "tests", "docs")
OPERATIONS = 10


@pytest.fixture(scope="session")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with the skeleton in it."""
    with shared_place(tmp_path_factory, "scaffolded") as place:
        if not (place / "adapters" / "banks" / "gyns").exists():
            for tree in TREES:
                shutil.copytree(ROOT / tree, place / tree)  # with what was compiled: it stays valid
            for path in ROOT.iterdir():
                if path.is_file():
                    shutil.copy(path, place)
            done = hub(*ASKED, "--into", str(place))
            assert done.code == 0, done.said
            assert "adapters/banks/gyns/adapter.py" in done.said
    return place


def _run(copy: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A tool of this environment, over the copy and nothing but the copy."""
    env = {**os.environ, "PYTHONPATH": str(copy)}
    return subprocess.run(
        [sys.executable, "-m", *words], cwd=copy, env=env, capture_output=True, text=True,
        check=False, timeout=300,
    )  # fmt: skip


@pytest.mark.parametrize(
    "check",
    [
        ("ruff", "check", "--no-cache", "."),
        ("ruff", "format", "--check", "--no-cache", "."),
        ("importlinter.cli", "lint", "--no-cache"),
        ("mypy", "-p", "adapters.banks.gyns", "-p", "mocks.banks.gyns"),
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_it_passes_the_houses_checks(copy: Path, check: tuple[str, ...]) -> None:
    done = _run(copy, *check)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]


@pytest.mark.parametrize(
    ("rule", "folders"), CASES, ids=lambda value: getattr(value, "__name__", "")
)
def test_it_keeps_the_houses_rules(copy: Path, rule: Rule, folders: tuple[str, ...]) -> None:
    written = [path for path in copy.rglob("gyns/*.py") if path.is_file()]
    assert len(written) > 5
    named = [(path.relative_to(copy).as_posix(), path.read_text("utf-8")) for path in written]
    breaches = [
        breach for name, text in named if name.startswith(folders)
        for breach in rule(Source(name, text))
    ]  # fmt: skip
    assert not breaches


def test_it_fails_until_it_is_written(copy: Path) -> None:
    """Every operation, codec, mock, every page of the contract, samples, quality: each by name."""
    done = _run(copy, "pytest", "-q", "-p", "no:cacheprovider", "tests/adapters/gyns")
    failed = re.findall(r"^FAILED \S+::(\w+)", done.stdout, re.MULTILINE)
    assert failed.count("test_the_adapter_can") == OPERATIONS
    assert failed.count("test_there_are_golden_samples") == OPERATIONS
    assert set(failed) - {"test_the_adapter_can", "test_there_are_golden_samples"} == {
        "test_the_codec_is_written",
        "test_the_mock_is_written",
        "test_the_contract_says_what_the_bank_says",
        "test_its_quality_is_said",
    }
    assert "write fetch_dues (应还明细)" in done.stdout


def test_the_hub_finds_it_and_a_demo_leaves_it_out(copy: Path) -> None:
    program = """
from hub.app.demo import Wanted, _partners
from hub.app.discover import discover
from hub.kernel.settings import Settings
from types import SimpleNamespace
found = discover(Settings())
assert found["bank-gyns"].manifest.quality == "drafted"
banks, _ = _partners(found, SimpleNamespace(banks=()))
assert "GYNS" not in banks and len(banks) == 9, banks
"""
    env = {**os.environ, "PYTHONPATH": str(copy)}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=copy, env=env, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("new", "interface", "banks/ccb", "--code", "CCB", "--title", "建设银行"),
         "scaffold.already_there"),
        (("new", "interface", "moon/base", "--code", "MOON", "--title", "月球"),
         "scaffold.bad_name"),
        (("new", "interface", "banks/../x", "--code", "X1", "--title", "银行"),
         "scaffold.bad_name"),
        (("new", "interface", "banks/xx", "--code", "x1", "--title", "银行"), "scaffold.bad_name"),
        (("new", "interface", "banks/xx", "--code", "X1", "--title", "银'行"), "scaffold.bad_name"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(copy: Path, words: tuple[str, ...], code: str) -> None:
    done = hub(*words, "--into", str(copy))
    assert (done.code in (1, 2), code in done.said) == (True, True), done.said


def test_outside_a_checkout_it_writes_nothing(tmp_path: Path) -> None:
    done = hub(*ASKED, "--into", str(tmp_path))
    assert "scaffold.bad_name" in done.said
    assert not list(tmp_path.iterdir())
