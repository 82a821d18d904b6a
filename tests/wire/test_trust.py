"""TLS over real sockets, on both wires: whom we believe, who believes us, and what is certain."""

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from hub.kernel.errors import HubError, Misconfigured
from hub.ports.line import (
    CertificateExpired,
    CertificateUnknown,
    CertificateWrongName,
    ClientCertificateRefused,
    LineNotSent,
)
from hub.wire import CallOutcome, PartnerWire, WireLine, trust_store
from tests.wire.authorities import Authority, Pair, serving
from tests.wire.kit import OK, Ear, Serve, server
from tests.wire.kit import answering as web
from tests.wire.test_framed import HEAD, frame, length_of
from tests.wire.test_framed import answering as framed


class Told(Ear):
    """An ear with what the call raised."""

    error: HubError | None = None


Call = Callable[[str, ssl.SSLContext], tuple[Told, PartnerWire]]


def over_http(url: str, context: ssl.SSLContext) -> tuple[Told, PartnerWire]:
    return _call(url, context, lambda line: line.post(
        "PAY", endpoint="front", path="/", body=b"<pay/>", effect=True))  # fmt: skip


def over_frames(url: str, context: ssl.SSLContext) -> tuple[Told, PartnerWire]:
    return _call(url.replace("https://", "tls://"), context, lambda line: line.exchange(
        "PAY", endpoint="front", request=frame(b"<ap/>"), head=HEAD, length_of=length_of,
        effect=True))  # fmt: skip


def _call(
    url: str, context: ssl.SSLContext, send: Callable[[WireLine], object]
) -> tuple[Told, PartnerWire]:
    ear = Told()
    with PartnerWire({"front": url}, timeout_s=3.0, context=context) as partner:
        try:
            send(partner.open_line(ear))
        except HubError as error:
            ear.error = error
    return ear, partner


BOTH = pytest.mark.parametrize(
    ("call", "serve"),
    [(over_http, web(OK)), (over_frames, framed(frame(b"ok")))],
    ids=["https", "tls"],
)


@pytest.fixture(scope="module")
def ours() -> Authority:
    return Authority()


def trusted(folder: Path, authority: Authority) -> Path:
    return authority.pair.write(folder, "ca")[0]


@BOTH
class TestTheirCertificate:
    def test_signed_by_our_authority(
        self, call: Call, serve: Serve, ours: Authority, tmp_path: Path
    ) -> None:
        pair = ours.issue(days=(-1, 30))
        with server(serve, serving(tmp_path, pair)) as url:
            ear, partner = call(url, trust_store(trusted(tmp_path, ours)))
        assert ear.records[-1].outcome is CallOutcome.ANSWERED
        (seen,) = partner.sightings.all()
        assert seen.kind == "server_certificate"
        assert seen.name == url.removeprefix("https://")
        ends = pair.certificate.not_valid_after_utc.timestamp() * 1_000_000
        assert seen.expires_us == int(ends)

    @pytest.mark.parametrize(
        ("issue", "expected"),
        [
            (lambda ours: Authority("Another").issue(), CertificateUnknown),
            (lambda ours: ours.issue(days=(-9, -1)), CertificateExpired),
            (lambda ours: ours.issue(days=(1, 9)), CertificateExpired),
            (lambda ours: ours.issue("127.0.0.2"), CertificateWrongName),
        ],
        ids=["unknown", "expired", "not-yet", "wrong-name"],
    )
    def test_not_believed_is_certainly_not_sent(
        self,
        call: Call,
        serve: Serve,
        ours: Authority,
        tmp_path: Path,
        issue: Callable[[Authority], Pair],
        expected: type[HubError],
    ) -> None:
        with server(serve, serving(tmp_path, issue(ours))) as url:
            ear, partner = call(url, trust_store(trusted(tmp_path, ours)))
        assert type(ear.error) is expected
        assert isinstance(ear.error, LineNotSent)
        assert ear.records[-1].outcome is CallOutcome.NOT_SENT
        assert partner.sightings.all() == ()

    def test_without_authorities_nobody_is_believed(
        self, call: Call, serve: Serve, ours: Authority, tmp_path: Path
    ) -> None:
        with server(serve, serving(tmp_path, ours.issue())) as url:
            ear, _ = call(url, trust_store())
        assert type(ear.error) is CertificateUnknown


@BOTH
class TestOurCertificate:
    def test_taken(self, call: Call, serve: Serve, ours: Authority, tmp_path: Path) -> None:
        ca = trusted(tmp_path, ours)
        me = ours.issue().write(tmp_path, "me")
        with server(serve, serving(tmp_path, ours.issue(), clients=ca)) as url:
            ear, _ = call(url, trust_store(ca, *me))
        assert ear.records[-1].outcome is CallOutcome.ANSWERED

    @pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
    @pytest.mark.parametrize(
        "mine",
        [lambda ours: Authority("Another").issue(), lambda ours: ours.issue(days=(-9, -1))],
        ids=["unknown", "expired"],
    )
    def test_refused_is_certainly_not_sent(
        self,
        call: Call,
        serve: Serve,
        ours: Authority,
        tmp_path: Path,
        version: ssl.TLSVersion,
        mine: Callable[..., Pair],
    ) -> None:
        ca = trusted(tmp_path, ours)
        me = mine(ours).write(tmp_path, "me")
        theirs = serving(tmp_path, ours.issue(), clients=ca)
        theirs.minimum_version = theirs.maximum_version = version
        with server(serve, theirs) as url:
            ear, _ = call(url, trust_store(ca, *me))
        assert type(ear.error) is ClientCertificateRefused
        assert ear.records[-1].outcome is CallOutcome.NOT_SENT


def test_a_key_that_does_not_fit(tmp_path: Path, ours: Authority) -> None:
    certificate, _ = ours.issue().write(tmp_path, "a")
    _, other = ours.issue().write(tmp_path, "b")
    with pytest.raises(Misconfigured):
        trust_store(None, certificate, other)
