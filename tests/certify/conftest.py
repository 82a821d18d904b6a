"""The certificates of the bundled mocks, run once for all tests that look at them."""

import json
from dataclasses import asdict

import pytest

from hub.crypto import KeyRing
from tests.certify.kit import QUICK, Certificate, certify
from tests.cli.kit import Answer
from tests.shared import shared_place

_SAID = "answer.json"


def _certificate(
    factory: pytest.TempPathFactory, interface: str, *words: str, keys: bool = False
) -> Certificate:
    with shared_place(factory, f"certificate-{interface}") as home:
        if not (home / _SAID).exists():
            home.mkdir()
            if keys:
                KeyRing.create(home / "keys")
            done = certify(home, interface, *words, *QUICK)
            kept = {"answer": asdict(done.answer), "body": done.body}
            (home / _SAID).write_text(json.dumps(kept), "utf-8")
    kept = json.loads((home / _SAID).read_text("utf-8"))
    return Certificate(Answer(**kept["answer"]), kept["body"], home)


@pytest.fixture(scope="session")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """bank-icbc in a home that has keys."""
    return _certificate(tmp_path_factory, "bank-icbc", "--by", "测试员甲", keys=True)


@pytest.fixture(scope="session")
def core(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """The core system in a home without keys."""
    return _certificate(tmp_path_factory, "core")


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """The core's registry, the same."""
    return _certificate(tmp_path_factory, "core-registry")
