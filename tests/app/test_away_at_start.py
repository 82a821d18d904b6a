"""A server that cuts connections just when a hub says how it stands: the hub goes on."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.app.assembly import open_hub
from hub.app.hub import Hub
from hub.cli.serving import say_standing
from tests.app.conftest import make_home
from tests.conftest import POSTGRES, postgres_schema


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    for url in postgres_schema():
        monkeypatch.setenv("HUB_DATABASE_URL", url)
        with open_hub(make_home(tmp_path / "centre")) as opened:
            yield opened


@contextmanager
def cut_at_every_statement(hub: Hub) -> Iterator[list[int]]:
    """The server ends each connection of this hub as soon as it has something to say."""
    admin, cut = sa.create_engine(POSTGRES, isolation_level="AUTOCOMMIT"), list[int]()

    def ends(connection: Connection, *_: object) -> None:
        pid = connection.connection.driver_connection.info.backend_pid  # type: ignore[union-attr]
        with admin.connect() as other:
            other.execute(sa.text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
        cut.append(pid)

    sa.event.listen(hub.store.engine, "before_cursor_execute", ends)
    try:
        yield cut
    finally:
        sa.event.remove(hub.store.engine, "before_cursor_execute", ends)
        admin.dispose()


def test_it_is_said_and_ends_nobody(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    with cut_at_every_statement(hub) as cut:
        say_standing(hub)
    assert cut
    assert "[store.away]" in capsys.readouterr().err
    say_standing(hub)  # the server is itself again
    assert "store.away" not in capsys.readouterr().err
