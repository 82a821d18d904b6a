"""Every bank that has an adapter passes its own certificate against its bundled mock."""

from pathlib import Path

import pytest

from hub.app.discover import discover
from hub.kernel.settings import Settings
from tests.certify.kit import QUICK, certify, suite_of, verdicts

BANKS = sorted(
    name for name, found in discover(Settings(home=Path("nowhere"))).items()
    if found.manifest.port == "bank" and name != "bank-icbc"  # test_green looks closer at that one
)  # fmt: skip


@pytest.mark.parametrize("interface", BANKS)
def test_every_mandatory_case_is_tried_and_passes(interface: str, tmp_path: Path) -> None:
    done = certify(tmp_path, interface, *QUICK)
    assert done.answer.code == 0, done.answer.err
    assert done.body["verdict"] == "green"
    assert verdicts(done.body) == {case.number: "passed" for case in suite_of(interface).cases}
    assert done.body["counts"]["mandatory"] >= 60
