"""The platform's assertion: Base64 of ``k=v|k=v|…|Signature=AF<ts>AF<Base64(SHA1(…))>``.

Signed are the items ``k=v|`` sorted as bytes, the secret and the time (ms), in this order.

Source: Guizhou's single sign-on as public clients show it; contracts_spec/one_thing/home_purchase,
section ``sso``.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass

from hub.kernel.secret import Secret
from hub.ports.entry import EntryRefused, EntryWord

_SIGNED = re.compile(r"AF([0-9]{13})AF([A-Za-z0-9+/]{27}=)")
_SIGNATURE = "Signature"


@dataclass(frozen=True, slots=True)
class Said:
    """A believed assertion's items, when it was made (ms), and its signature's mark."""

    items: Mapping[str, str]
    at_ms: int
    mark: str


def opened(text: str, secret: Secret) -> Said:
    """Believe it, or raise EntryRefused (unreadable, signature).  Its age is not looked at."""
    items = _items(text)
    signed = _SIGNED.fullmatch(items.pop(_SIGNATURE, ""))
    if signed is None or not items:
        raise EntryRefused(EntryWord.UNREADABLE, "an assertion without its signature")
    ts, given = signed.groups()
    wanted = _digest(items, secret, ts)
    found = base64.b64decode(given)
    # The last character of a Base64 text has bits that say nothing; one digest, one spelling.
    spelled = base64.b64encode(found).decode("ascii") == given
    if not hmac.compare_digest(found, wanted) or not spelled:
        raise EntryRefused(EntryWord.SIGNATURE, "the assertion's signature does not fit")
    return Said(items, int(ts), f"{ts}:{wanted.hex()}")


def _items(text: str) -> dict[str, str]:
    """On its way through a query ``+`` has become a blank."""
    try:
        plain = base64.b64decode(text.replace(" ", "+"), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        raise EntryRefused(EntryWord.UNREADABLE, "no Base64 of UTF-8") from None
    pairs = [part.partition("=") for part in plain.split("|") if part]
    items = {name: value for name, _, value in pairs}
    if len(items) != len(pairs) or not all(name and sign for name, sign, _ in pairs):
        raise EntryRefused(EntryWord.UNREADABLE, "items that are no k=v, or one of them twice")
    return items


def _digest(items: Mapping[str, str], secret: Secret, ts: str) -> bytes:
    parts = sorted(f"{name}={value}|".encode() for name, value in items.items())
    whole = b"".join(parts) + secret.reveal().encode("utf-8") + ts.encode("ascii")
    return hashlib.sha1(whole, usedforsecurity=False).digest()  # the platform's own
