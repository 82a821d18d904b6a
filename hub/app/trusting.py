"""An interface's TLS context, from the deployment's settings."""

from collections.abc import Mapping

from hub.kernel.errors import Misconfigured
from hub.kernel.settings import Settings
from hub.wire.trust import Trust, trust_store

_SECURED = ("https://", "tls://")


def trust_of(
    settings: Settings, interface: str, endpoints: Mapping[str, str] | None = None
) -> Trust | None:
    """What ``https://`` and ``tls://`` addresses are called with; None where there is none.

    ``endpoints`` in place of the settings'.  Raises Misconfigured: no authorities are named, a
    file cannot be used.
    """
    known = settings.partner(interface)
    every = dict(endpoints) if endpoints is not None else {
        f"{name}@{place}": url
        for place in range(known.places) for name, url in known.endpoints_at(place).items()
    }  # fmt: skip
    secured = [url for url in every.values() if url.startswith(_SECURED)]
    if not secured:
        return None
    authorities, certificate, key, system = settings.partner_tls(interface)
    if authorities is None and not system:
        raise Misconfigured(
            f"hub.toml: partners.{interface}.tls.authorities: {secured[0]} needs a PEM file of the "
            'authorities we believe, or "system" for those of this machine'
        )
    return trust_store(authorities, certificate, key, system=system)
