"""What ends on a day: read from files and calls, warned of once per threshold, shown."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from hub.app.expiries import endings, look
from hub.app.partners import Partners
from hub.bus import expiry
from hub.bus.expiry import DAY_US, Ending
from hub.bus.tables import alert
from hub.bus.tables import expiry as table
from hub.cli.main import app
from hub.kernel.clocks import SHANGHAI, SystemClock
from hub.kernel.secret import Secret
from hub.kernel.settings import PartnerSettings, Settings, write_partners, write_secret
from hub.store import Store, database_now_us
from hub.store.schema import upgrade
from hub.wire import NoRecorder
from tests.app.conftest import make_home
from tests.app.test_partners import CCB, endpoint, opened
from tests.wire.authorities import Authority, serving
from tests.wire.kit import OK, answering, server


@pytest.fixture
def store(empty_store: Store) -> Store:
    """An upgraded database of each kind."""
    upgrade(empty_store)
    return empty_store


def open_alerts(store: Store) -> list[str]:
    with store.read() as view:
        return list(view.scalars(sa.select(alert.c.detail).where(alert.c.open_key.is_not(None))))


def keep(store: Store, *found: Ending) -> int:
    with store.write() as tx:
        return expiry.keep(tx, found) + expiry.watch(tx, (30, 7, 1))


def ending(store: Store, days: float, kind: str = "client_certificate", mark: str = "a") -> Ending:
    with store.read() as view:
        now = database_now_us(view)
    return Ending("bank-ccb", kind, "me.pem", mark, now + int(days * DAY_US))


class TestAlerts:
    def test_one_per_threshold_and_none_after_it_was_renewed(self, store: Store) -> None:
        assert keep(store, ending(store, 31.5)) == 1
        assert open_alerts(store) == []
        keep(store, ending(store, 29.5))
        assert open_alerts(store) == ["client_certificate me.pem：还有 29 天"]
        assert keep(store, ending(store, 29.4)) == 1  # the date, no second alert
        keep(store, ending(store, 6.5))
        assert open_alerts(store) == ["client_certificate me.pem：还有 6 天"]
        keep(store, ending(store, -0.5))
        assert open_alerts(store) == ["client_certificate me.pem：已过期 1 天"]
        keep(store, ending(store, 365, mark="b"))
        assert open_alerts(store) == []
        with store.read() as view:
            (row,) = expiry.read(view)
            assert view.scalar(sa.select(sa.func.count()).select_from(alert)) == 3
        assert row.fingerprint == "b"
        assert row.changed_us is not None

    def test_what_is_no_longer_ours_goes_with_its_alert(self, store: Store) -> None:
        keep(store, ending(store, 2.5), ending(store, 2.5, "server_certificate"))
        assert len(open_alerts(store)) == 2
        keep(store)
        assert open_alerts(store) == ["server_certificate me.pem：还有 2 天"]
        with store.write() as tx:
            tx.execute(sa.update(table).values(seen_us=table.c.seen_us - 31 * DAY_US))
        keep(store)
        assert open_alerts(store) == []

    def test_an_unchanged_world_writes_nothing(self, store: Store) -> None:
        one = ending(store, 3)
        keep(store, one)
        assert keep(store, one) == 0

    def test_what_never_ends_alarms_nobody(self, store: Store) -> None:
        keep(store, Ending("bank-gznx", "host_key", "h:22", "x", 0))
        assert open_alerts(store) == []


def test_files_and_calls_of_a_deployment(tmp_path: Path) -> None:
    ours = Authority("Bank CA")
    ours.pair.write(tmp_path, "ca")
    mine = ours.issue(days=(-1, 20))
    mine.write(tmp_path, "me")
    theirs = ours.issue(days=(-1, 5))
    tls = {"authorities": "ca.pem", "certificate": "me.pem", "key": "me.key"}
    with server(answering(OK), serving(tmp_path, theirs)) as url:
        partners = opened(
            tmp_path, endpoints={endpoint(): url}, tls=tls, expires={"sm2_key": "2027-01-31"}
        )
        partners.open(CCB).open_line(NoRecorder()).post(
            "A", endpoint=endpoint(), path="/", body=b""
        )
        found = {one.kind: one for one in endings(Settings.load(tmp_path), partners)}
        partners.close()
    assert set(found) == {"authority", "client_certificate", "declared", "server_certificate"}
    assert found["authority"].name == "CN=Bank CA"
    ends = mine.certificate.not_valid_after_utc
    assert found["client_certificate"].expires_us == int(ends.timestamp()) * 1_000_000
    assert found["server_certificate"].name == url.removeprefix("https://")
    # Good until the end of that day where the centre is.
    end = datetime(2027, 2, 1, tzinfo=SHANGHAI)
    assert found["declared"].expires_us == int(end.timestamp()) * 1_000_000


def test_a_secret_that_is_a_certificate(tmp_path: Path) -> None:
    pair = Authority().issue(days=(-1, 9))
    pair.write(tmp_path, "sign")
    write_secret(tmp_path / "sign.txt", Secret((tmp_path / "sign.pem").read_text().strip()))
    given = {"endpoints": {endpoint(): "http://127.0.0.1:1"}, "secrets": {"cert": "sign.txt"}}
    write_partners(tmp_path / "hub.toml", {CCB: PartnerSettings.model_validate(given)})
    settings = Settings.load(tmp_path)
    (one,) = endings(settings, Partners({}, settings, SystemClock()))
    assert (one.kind, one.name) == ("signing_certificate", "cert")


def test_the_command_lists_what_ends_first(tmp_path: Path) -> None:
    made = make_home(tmp_path / "centre")
    soon = (datetime.now(UTC) + timedelta(days=3)).date().isoformat()
    late = (datetime.now(UTC) + timedelta(days=300)).date().isoformat()
    known = made.partner("bank-icbc")
    given = {**known.model_dump(), "expires": {"licence": late, "token": soon}}
    partners = {**made.partners, "bank-icbc": PartnerSettings.model_validate(given)}
    top = {"environment": made.environment, "database_url": made.database_url}
    write_partners(made.home / "hub.toml", partners, top=top)
    home = ["--home", str(made.home)]
    listed = CliRunner().invoke(app, ["expiry", "list", *home]).output
    assert listed.index("token") < listed.index("licence")
    assert "登记到期日" in listed
    near = CliRunner().invoke(app, ["expiry", "list", "--within", "30", *home]).output
    assert "token" in near
    assert "licence" not in near


def test_looking_keeps_and_warns(store: Store, tmp_path: Path) -> None:
    soon = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
    given = {"endpoints": {endpoint(): "http://127.0.0.1:1"}, "expires": {"token": soon}}
    write_partners(tmp_path / "hub.toml", {CCB: PartnerSettings.model_validate(given)})
    settings = Settings.load(tmp_path)
    partners = Partners({}, settings, SystemClock())
    assert look(store, settings, partners) == 2
    assert look(store, settings, partners) == 0
    assert len(open_alerts(store)) == 1
