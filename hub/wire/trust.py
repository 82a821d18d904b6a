"""Whom this machine believes at the other end of TLS, and what was said when it did not work."""

import hashlib
import re
import select
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.kernel.errors import Misconfigured
from hub.ports.line import (
    CertificateExpired,
    CertificateUnknown,
    CertificateWrongName,
    ClientCertificateRefused,
    LineNotSent,
)

VERDICT_S = 0.5
"""In TLS 1.3 the client's handshake is over before the server has judged the client's certificate:
so long its word is waited for (a ticket, or an alert), where we show a certificate.  A server
that says neither costs this much per connection."""

_NOT_NOW = (9, 10)  # X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED
_NAME = (62, 64)  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH
_OURS = re.compile(r"ALERT.*(CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED)")


class Trust(ssl.SSLContext):
    """A client's context; ``identified``: it shows a certificate of ours."""

    identified: bool = False


def trust_store(
    authorities: Path | None = None,
    identity: Path | None = None,
    key: Path | None = None,
    *,
    system: bool = False,
) -> Trust:
    """TLS 1.2 and up against our own authorities (PEM); the machine's only with ``system``.

    ``identity`` is our certificate (PEM) where the partner asks for one, ``key`` its key, when
    that is not in the same file.  Without authorities nobody is trusted.  The host's name is
    always checked.  Raises Misconfigured.
    """
    context = Trust(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        if system:
            context.load_default_certs()
        if authorities is not None:
            context.load_verify_locations(cafile=authorities)
        if identity is not None:
            # An empty password instead of a prompt on the terminal of a server.
            context.load_cert_chain(identity, key, password="")
            context.identified = True
    except (OSError, ssl.SSLError, ValueError) as error:
        raise Misconfigured(f"TLS files cannot be used: {error}") from error
    return context


@dataclass(frozen=True, slots=True)
class Shown:
    """What a server showed us: ``name`` is host and port, ``fingerprint`` the SHA-256 (hex) of
    its certificate or SSH host key, ``expires_us`` µs UTC, 0 for what never expires."""

    kind: str
    name: str
    fingerprint: str
    expires_us: int


class Sightings:
    """The last of everything a partner's servers showed; shared by threads, kept in memory."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, str], Shown] = {}

    def note(self, shown: Shown) -> None:
        """One more."""
        with self._lock:
            self._seen[shown.kind, shown.name] = shown

    def all(self) -> tuple[Shown, ...]:
        """Each server's last."""
        with self._lock:
            return tuple(self._seen.values())

    def secured(self, connection: ssl.SSLSocket, name: str, seconds: float | None) -> None:
        """A handshake is done: hear the server's word on our certificate, note what it showed.

        Raises OSError for a server that does not take ours, or that talks before it is asked.
        """
        if getattr(connection.context, "identified", False):
            await_verdict(connection, seconds)
        certificate = connection.getpeercert(binary_form=True)
        told: Any = connection.getpeercert()
        if certificate and told and "notAfter" in told:
            ends = int(ssl.cert_time_to_seconds(told["notAfter"])) * 1_000_000
            digest = hashlib.sha256(certificate).hexdigest()
            self.note(Shown("server_certificate", name, digest, ends))


def await_verdict(connection: ssl.SSLSocket, seconds: float | None) -> None:
    """See VERDICT_S."""
    if connection.version() != "TLSv1.3":
        return  # there the handshake itself ends with the server's word
    wait = VERDICT_S if seconds is None else min(VERDICT_S, seconds)
    if not connection.pending() and not select.select([connection], [], [], wait)[0]:
        return
    before = connection.gettimeout()
    connection.settimeout(0)
    try:
        early = connection.recv(1)
    except ssl.SSLWantReadError:
        return  # tickets: it took ours
    finally:
        connection.settimeout(before)
    raise OSError("the server talks before it is asked" if early else "closed by the server")


def tls_trouble(error: BaseException) -> LineNotSent | None:
    """Which of the four things it was that made a handshake fail; None for anything else."""
    for one in _causes(error):
        if isinstance(one, ssl.SSLCertVerificationError):
            why = one.verify_message or "not verified"
            if one.verify_code in _NOT_NOW:
                return CertificateExpired(f"the partner's certificate: {why}")
            if one.verify_code in _NAME:
                return CertificateWrongName(f"the partner's certificate: {why}")
            return CertificateUnknown(f"the partner's certificate: {why}")
        if isinstance(one, ssl.SSLError) and _OURS.search(one.reason or ""):
            return ClientCertificateRefused(f"the partner's word on our certificate: {one.reason}")
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    for _ in range(8):
        if seen is None:
            return
        yield seen
        seen = seen.__cause__ or seen.__context__
