"""What of this deployment ends on a day: read from its files and from what servers showed."""

import threading
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from hub.app.partners import Partners
from hub.bus import expiry
from hub.bus.expiry import Ending
from hub.kernel.clocks import SHANGHAI, SystemClock, to_us
from hub.kernel.errors import HubError
from hub.kernel.logs import get_logger
from hub.kernel.settings import Settings
from hub.store import DatabaseAway, Store

_log = get_logger(__name__)

_FIRST_S = 2.0
_EVERY_S = 60.0
_PEM = b"-----BEGIN CERTIFICATE-----"


def endings(settings: Settings, partners: Partners) -> list[Ending]:
    """Everything of this process that ends on a day; a file that cannot be read is logged."""
    found: list[Ending] = []
    for interface in sorted(settings.partners):
        try:
            found += _of_files(settings, interface)
        except (HubError, OSError, ValueError) as error:
            said = error.message if isinstance(error, HubError) else type(error).__name__
            _log.warning("expiry dates cannot be read", interface=interface, why=said)
    for one in partners.announced():
        # Rows here are of real time; to the minute, so that the same day is the same at each look.
        begins = (SystemClock().now() + one.left + timedelta(seconds=30)).replace(
            second=0, microsecond=0
        )
        said = (
            f"{one.version}（还不能用 not usable: {one.obstacle}）" if one.obstacle else one.version
        )
        found.append(Ending(one.interface, "edition", said[:120], "", to_us(begins)))
    for interface, shown in partners.sightings():
        found.append(
            Ending(interface, shown.kind, shown.name[:120], shown.fingerprint, shown.expires_us)
        )
    return found


def _of_files(settings: Settings, interface: str) -> Iterator[Ending]:
    known = settings.partner(interface)
    if not known.endpoints:
        return
    authorities, certificate, _key, _system = settings.partner_tls(interface)
    if authorities is not None:
        yield from _certificates(interface, "authority", authorities.read_bytes(), None)
    if certificate is not None:
        # What follows the first is its chain: whoever signs ours.
        first, *_ = _certificates(
            interface, "client_certificate", certificate.read_bytes(), Path(certificate).name
        )
        yield first
    for name, secret in settings.partner_secrets(interface).items():
        text = secret.reveal().encode()
        if _PEM in text:
            yield from _certificates(interface, "signing_certificate", text, name)
    for name, text_date in known.expires.items():
        end = datetime.combine(date.fromisoformat(text_date), time(), SHANGHAI) + timedelta(days=1)
        yield Ending(interface, "declared", name[:120], "", to_us(end))


def _certificates(interface: str, kind: str, pem: bytes, name: str | None) -> Iterator[Ending]:
    """Every certificate of a PEM file; two of one name are told apart by their number."""
    seen: dict[str, int] = {}
    for one in x509.load_pem_x509_certificates(pem):
        title = (name or one.subject.rfc4514_string())[:110]
        seen[title] = seen.get(title, 0) + 1
        shown = title if seen[title] == 1 else f"{title} #{seen[title]}"
        digest = one.fingerprint(hashes.SHA256()).hex()
        yield Ending(interface, kind, shown, digest, to_us(one.not_valid_after_utc))


class ExpiryWatch:
    """A thread that keeps the rows and the alerts current; safe in several processes at once."""

    def __init__(self, store: Store, settings: Settings, partners: Partners) -> None:
        self._known = (store, settings, partners)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="expiry", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(10)

    def _run(self) -> None:
        wait = _FIRST_S
        while not self._stopping.wait(wait):
            wait = _EVERY_S
            try:
                look(*self._known)
            except DatabaseAway as error:
                _log.warning("expiry dates wait", why=error.message)
            except Exception:  # noqa: BLE001  the next turn tries again
                _log.exception("expiry dates could not be kept")


def look(store: Store, settings: Settings, partners: Partners) -> int:
    """Once: keep what is known, begin and end alerts; changes made."""
    found = endings(settings, partners)
    with store.write() as tx:
        return expiry.keep(tx, found) + expiry.watch(tx, settings.expiry_days)
