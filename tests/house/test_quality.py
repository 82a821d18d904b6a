"""Every manifest's quality is true.  That an untrue one is noticed, tests/certify shows."""

import pytest

from hub.app.discover import discover
from hub.certify.quality import Quality, Tree, qualities
from hub.kernel.settings import Settings
from tests.house.tree import ROOT

SPEC = ROOT / "contracts_spec"
FOUND = discover(Settings(contracts=SPEC))


@pytest.fixture(scope="module")
def judged() -> dict[str, Quality]:
    return {one.interface: one for one in qualities(FOUND, Tree(ROOT, SPEC))}


@pytest.mark.parametrize("interface", sorted(FOUND))
def test_what_a_manifest_claims_is_true(judged: dict[str, Quality], interface: str) -> None:
    one = judged[interface]
    assert not one.broken, f"{interface} claims {one.claim}: {one.broken}"
    assert one.codes > 0
