"""Adapters are found by their manifests; one that cannot be used is named and stops the start."""

from pathlib import Path

import pytest
import yaml

from hub.app import discover as module
from hub.app.discover import discover
from hub.app.partners import Partners
from hub.kernel.errors import HubError, Misconfigured
from hub.kernel.settings import PartnerSettings, Settings
from tests.app.conftest import NOBODY

GOOD = {
    "interface": "bank-test", "port": "bank", "partner": {"code": "TEST", "name": "试验银行"},
    "contract": {"folder": "banks/icbc", "version": "?"}, "module": "adapters.banks.icbc.adapter",
}  # fmt: skip


def _plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *texts: str) -> None:
    paths = []
    for number, text in enumerate(texts):
        path = tmp_path / "banks" / f"b{number}" / "manifest.yaml"
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    monkeypatch.setattr(module, "_manifests", lambda: iter(paths))


def _version(settings: Settings) -> str:
    found = discover(settings)["bank-icbc"]
    return found.contract.version


def _text(settings: Settings, **change: object) -> str:
    contract = {"folder": "banks/icbc", "version": _version(settings)}
    return yaml.safe_dump({**GOOD, "contract": contract, **change}, allow_unicode=True)


def test_every_adapter_of_the_checkout_is_found(home: Settings) -> None:
    assert {"bank-icbc", "core-reference"} <= set(discover(home))


@pytest.mark.parametrize("text", ["interface: [", "- 1", "interface: bank-test", "", "{}"])
def test_a_manifest_that_cannot_be_read(
    text: str, home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _plant(tmp_path, monkeypatch, text)
    with pytest.raises(Misconfigured, match=r"banks/b0/manifest\.yaml"):
        discover(home)


def test_two_with_one_name(home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = _text(home)
    _plant(tmp_path, monkeypatch, text, text)
    with pytest.raises(Misconfigured, match="two adapters call themselves bank-test"):
        discover(home)


def test_an_adapter_of_another_contract_version(
    home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _plant(tmp_path, monkeypatch, _text(home, contract={"folder": "banks/icbc", "version": "9"}))
    with pytest.raises(Misconfigured, match="speaks contract 9, the folder holds"):
        discover(home)


def test_a_contract_that_is_not_there(
    home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _plant(tmp_path, monkeypatch, _text(home, contract={"folder": "banks/none", "version": "1"}))
    with pytest.raises(HubError):
        discover(home)


@pytest.mark.parametrize("lacks", ["endpoints", "values", "secrets"])
def test_a_deployment_that_lacks_something(lacks: str, home: Settings) -> None:
    whole = home.partner("bank-icbc").model_dump()
    name = sorted(whole[lacks])[0]
    del whole[lacks][name]
    poor = home.model_copy(update={"partners": {"bank-icbc": PartnerSettings(**whole)}})
    with pytest.raises(Misconfigured, match=name):
        Partners(discover(home), poor, _Clock()).open("bank-icbc")  # type: ignore[arg-type]


def test_no_adapter_for_an_interface(home: Settings) -> None:
    with pytest.raises(Misconfigured, match="bank-none"):
        Partners(discover(home), home, _Clock()).open("bank-none")  # type: ignore[arg-type]


class _Clock:
    """Nobody asks it here."""


def test_endpoints_are_where_hub_toml_says(home: Settings) -> None:
    assert set(home.partner("bank-icbc").endpoints.values()) == {NOBODY}
