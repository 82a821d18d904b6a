"""One partner's SFTP endpoints: where they are, and what a deployment enters them with."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self
from urllib.parse import unquote, urlsplit

from hub.contracts import Contract, SftpTerms
from hub.kernel.clocks import monotonic
from hub.kernel.errors import Misconfigured
from hub.kernel.secret import Secret
from hub.wire.trust import Sightings

if TYPE_CHECKING:
    from hub.wire.sftp_session import Credentials, Session

_PORT = 22


@dataclass(frozen=True, slots=True)
class SftpAccess:
    """What a deployment gives for one SFTP endpoint, and its contract's terms."""

    terms: SftpTerms
    user: str
    known_hosts: Secret
    key: Secret | None = None
    password: Secret | None = None


def sftp_access(
    contract: Contract, values: Mapping[str, str], secrets: Mapping[str, Secret]
) -> dict[str, SftpAccess]:
    """What each SFTP endpoint of a contract is entered with: a deployment's values and secrets.

    Raises Misconfigured, naming what is lacking.
    """
    found = {}
    for name, endpoint in contract.endpoints.items():
        terms = endpoint.sftp
        if terms is None:
            continue
        lacking = [terms.user] if terms.user not in values else []
        named = (terms.known_hosts, terms.key, terms.password)
        lacking += [one for one in named if one and one not in secrets]
        if lacking:
            raise Misconfigured(
                f"hub.toml: partners.{contract.interface} lacks {', '.join(lacking)} for {name}"
            )
        found[name] = SftpAccess(
            terms, values[terms.user], secrets[terms.known_hosts],
            secrets.get(terms.key), secrets.get(terms.password),
        )  # fmt: skip
    return found


@dataclass(frozen=True, slots=True)
class SftpAddress:
    """``sftp://host:port/base``; every folder lies below ``base``."""

    host: str
    port: int
    base: str

    @classmethod
    def of(cls, name: str, url: str) -> Self:
        """Raises Misconfigured; ``name`` is the endpoint's."""
        try:
            parts = urlsplit(url)
            host, port, base = parts.hostname, parts.port or _PORT, unquote(parts.path).rstrip("/")
        except ValueError:
            raise _no_address(name, url) from None
        # Users and keys are values and secrets of the deployment, never part of an address.
        spare = parts.query or parts.fragment or parts.username or parts.password
        if parts.scheme != "sftp" or not host or spare or ".." in base.split("/"):
            raise _no_address(name, url)
        return cls(host, port, base)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"sftp://{host}:{self.port}{self.base}"


def _no_address(name: str, url: str) -> Misconfigured:
    return Misconfigured(f"endpoint {name}: {url!r} is no sftp:// host, port and folder")


class SftpPartner:
    """One partner's SFTP endpoints; shared by threads.

    ``access``: by endpoint name.  ``timeout_s`` is the longest one call may take, login
    included; ``connections`` how many calls may be under way at once, one more waits
    ``connect_s``.
    """

    def __init__(
        self,
        endpoints: Mapping[str, str],
        access: Mapping[str, SftpAccess],
        *,
        timeout_s: float = 30.0,
        connect_s: float = 5.0,
        connections: int = 8,
        sightings: Sightings | None = None,
    ) -> None:
        self.addresses = {name: SftpAddress.of(name, url) for name, url in endpoints.items()}
        for name in endpoints:
            if name not in access:
                raise Misconfigured(f"endpoint {name}: its contract says nothing of SFTP")
        self.access = {name: access[name] for name in endpoints}
        self.timeout_s = timeout_s
        self._connect_s = min(connect_s, timeout_s)
        self._places = threading.BoundedSemaphore(connections)
        self._sightings = sightings or Sightings()
        self._credentials: dict[str, Credentials] = {}

    def close(self) -> None:
        """Nothing is kept between calls."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def credentials(self, endpoint: str) -> "Credentials":
        """Read once; raises Misconfigured."""
        from hub.wire.sftp_session import credentials  # noqa: PLC0415  paramiko takes 0.25 s

        if endpoint not in self._credentials:
            one = self.access[endpoint]
            self._credentials[endpoint] = credentials(
                one.user, one.known_hosts, one.key, one.password
            )
        return self._credentials[endpoint]

    @contextmanager
    def session(self, endpoint: str, who: "Credentials") -> Iterator["Session"]:
        """A connection of its own for the time of one call."""
        from hub.wire.sftp_session import OutOfTime, session  # noqa: PLC0415

        address, began = self.addresses[endpoint], monotonic()
        if not self._places.acquire(timeout=self._connect_s):
            raise OutOfTime("every connection is busy")
        try:
            left = self.timeout_s - (monotonic() - began)
            with session(address.host, address.port, who, seconds=left) as found:
                self._sightings.note(found.host_key)
                yield found
        finally:
            self._places.release()
