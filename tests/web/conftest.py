"""A desk, and the pages over it on a real server."""

from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from hub.web.app import create_app
from tests.web.desk import MemoryDesk
from tests.web.server import serving


@dataclass(frozen=True)
class Site:
    """The served pages, the desk behind them, and a client that behaves like a browser."""

    base: str
    desk: MemoryDesk
    client: httpx.Client

    @property
    def own(self) -> dict[str, str]:
        """The headers a browser sends with a form of this very site."""
        return {"origin": self.base, "sec-fetch-site": "same-origin"}


@pytest.fixture
def desk() -> MemoryDesk:
    """One bank's month, planned and not yet submitted."""
    return MemoryDesk()


@pytest.fixture
def site(desk: MemoryDesk) -> Iterator[Site]:
    """The pages of a demo deployment; boards are read five times a second."""
    app = create_app(desk, environment="demo", interval_s=0.2)
    with serving(app) as base, httpx.Client(base_url=base, timeout=10) as client:
        yield Site(base, desk, client)
