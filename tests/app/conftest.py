"""A hub on a database of its own, whose partners are addresses where nobody listens."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.app.assembly import open_hub
from hub.app.demo_site import Site, write_home
from hub.app.discover import discover
from hub.app.hub import Hub
from hub.kernel.secret import Secret
from hub.kernel.settings import Settings, write_secret
from hub.store.schema import upgrade

NOBODY = "http://127.0.0.1:9"


def make_home(out: Path) -> Settings:
    """A whole home folder: hub.toml, secrets, schema."""
    site = Site(out)
    adapters = discover(Settings(home=site.home))
    for interface, adapter in adapters.items():
        for name, key in adapter.contract.secrets.items():
            write_secret(site.mocks / interface / name, Secret(key.example or "5a" * 32))
    urls = {i: dict.fromkeys(a.contract.endpoints, NOBODY) for i, a in adapters.items()}
    write_home(site, adapters, urls, {"environment": "test", "workers": 1})
    settings = Settings.load(site.home)
    with open_hub(settings) as hub:
        upgrade(hub.store)
    return settings


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    """Settings of a fresh home."""
    return make_home(tmp_path / "centre")


@pytest.fixture
def hub(home: Settings) -> Iterator[Hub]:
    """The hub of it."""
    with open_hub(home) as opened:
        yield opened
