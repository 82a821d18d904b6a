"""Partners opened from hub.toml: whose certificate is believed, and at which address they are."""

from pathlib import Path

import pytest

from hub.app.discover import discover
from hub.app.partners import Partners
from hub.kernel.clocks import SystemClock
from hub.kernel.errors import Misconfigured
from hub.kernel.secret import Secret
from hub.kernel.settings import PartnerSettings, Settings, write_partners, write_secret
from hub.ports.line import CertificateUnknown
from hub.wire import NoRecorder
from tests.wire.authorities import Authority, serving
from tests.wire.kit import OK, answering, server

CCB = "bank-ccb"


def opened(home: Path, interface: str = CCB, **given: object) -> Partners:
    adapters = discover(Settings.load(home))
    contract = adapters[interface].contract
    secrets = {}
    for name in contract.secrets:
        write_secret(home / name, Secret("secret"))
        secrets[name] = name
    partner = PartnerSettings.model_validate(
        {
            "values": {name: key.example for name, key in contract.values.items()},
            "secrets": secrets,
            **given,
        }
    )
    write_partners(home / "hub.toml", {interface: partner})
    return Partners(adapters, Settings.load(home), SystemClock())


def endpoint(interface: str = CCB) -> str:
    return next(iter(discover(Settings.load(Path("nowhere")))[interface].contract.endpoints))


def test_a_secured_address_needs_authorities(tmp_path: Path) -> None:
    partners = opened(tmp_path, endpoints={endpoint(): "https://127.0.0.1:1"})
    with pytest.raises(Misconfigured, match=r"tls\.authorities"):
        partners.open(CCB)


def test_authorities_and_identity_of_the_settings_are_used(tmp_path: Path) -> None:
    ours = Authority()
    ca, _ = ours.pair.write(tmp_path, "ca")
    ours.issue().write(tmp_path, "me")
    tls = {"authorities": "ca.pem", "certificate": "me.pem", "key": "me.key"}
    with server(answering(OK), serving(tmp_path, ours.issue(), clients=ca)) as url:
        partners = opened(tmp_path, endpoints={endpoint(): url}, tls=tls)
        line = partners.open(CCB).open_line(NoRecorder())
        assert line.post("A", endpoint=endpoint(), path="/", body=b"x").status == 200
        assert [shown.kind for _, shown in partners.sightings()] == ["server_certificate"]
        partners.close()
    with server(answering(OK), serving(tmp_path, Authority("Other").issue())) as url:
        partners = opened(tmp_path, endpoints={endpoint(): url}, tls=tls)
        line = partners.open(CCB).open_line(NoRecorder())
        with pytest.raises(CertificateUnknown):
            line.post("A", endpoint=endpoint(), path="/", body=b"x")
        partners.close()


def test_each_address_has_a_port_and_a_wire_of_its_own(tmp_path: Path) -> None:
    with server(answering(OK)) as one, server(answering(OK)) as two:
        partners = opened(tmp_path, endpoints={endpoint(): [one, two]})
        first, second = partners.open(CCB), partners.open(CCB, 1)
        assert first.port is not second.port
        assert first.wire.http.endpoints[endpoint()] == one
        assert second.wire.http.endpoints[endpoint()] == two
        with pytest.raises(Misconfigured, match="no address 2"):
            partners.open(CCB, 2)
        partners.close()


def test_a_core_system_has_one_address(tmp_path: Path) -> None:
    core = next(
        name for name, one in discover(Settings.load(tmp_path)).items()
        if one.manifest.port == "core"
    )  # fmt: skip
    names = discover(Settings.load(tmp_path))[core].contract.endpoints
    two = {name: ["http://127.0.0.1:1", "http://127.0.0.1:2"] for name in names}
    partners = opened(tmp_path, core, endpoints=two)
    with pytest.raises(Misconfigured, match="one address"):
        partners.open(core)
