"""A hub whose partners nobody answers for, and its pages on a real server in this process."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hub.app.assembly import open_hub
from hub.app.demo_site import Site, write_home
from hub.app.discover import discover
from hub.app.hub import Hub
from hub.kernel.secret import Secret
from hub.kernel.settings import Settings, write_secret
from hub.store.schema import upgrade
from hub.web.app import create_app
from hub.web.desk import StoreDesk
from hub.web.desk.parts import all_parts
from hub.web.server import PageServer
from hub.wire.listening import free_port

NOBODY = "http://127.0.0.1:9"


def make_home(folder: Path, url: str) -> Settings:
    """hub.toml, secrets, and the schema."""
    site = Site(folder)
    adapters = discover(Settings(home=site.home))
    for interface, adapter in adapters.items():
        for name, key in adapter.contract.secrets.items():
            write_secret(site.mocks / interface / name, Secret(key.example or "5a" * 32))
    urls = {i: dict.fromkeys(a.contract.endpoints, NOBODY) for i, a in adapters.items()}
    write_home(site, adapters, urls, {"environment": "test", "database_url": url})
    settings = Settings.load(site.home)
    with open_hub(settings) as hub:
        upgrade(hub.store)
    return settings


@contextmanager
def served(hub: Hub) -> Iterator[str]:
    """The base URL, until the block ends."""
    app = create_app(StoreDesk(hub), parts=all_parts(hub), environment="test")
    port = free_port(0, "127.0.0.1")
    assert port is not None
    server = PageServer(app, port=port)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)
