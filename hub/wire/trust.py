"""Whom this machine believes at the other end of TLS."""

import ssl
from pathlib import Path

from hub.kernel.errors import Misconfigured


def trust_store(authorities: Path | None = None, identity: Path | None = None) -> ssl.SSLContext:
    """TLS 1.2 and up against our own authorities (PEM), never the machine's.

    ``identity`` is our certificate with its key (PEM) where the partner asks for one.
    Without ``authorities`` nobody is trusted.  Raises Misconfigured.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        if authorities is not None:
            context.load_verify_locations(cafile=authorities)
        if identity is not None:
            context.load_cert_chain(identity)
    except (OSError, ssl.SSLError) as error:
        raise Misconfigured(f"TLS files cannot be used: {error}") from error
    return context
