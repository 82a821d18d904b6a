"""The entry port: a browser that a platform has signed in comes to us and goes on to the online
hall (网厅).

The platform's assertion says who it is.  We believe it once, issue a one-time key of our own, and
redirect; the hall redeems the key, server to server, for the identity.  Plain values only: what is
remembered (single use, the key's life) is the user's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from hub.kernel.errors import Refused
from hub.ports.inbound import InboundAnswer, InboundRequest


class EntryWord(StrEnum):
    """Why a browser is not let in; the contract's page says it in its own words."""

    UNREADABLE = "unreadable"
    SIGNATURE = "signature"
    EXPIRED = "expired"  # older than the contract's skew
    CLOCK = "clock"  # from the future by more than the skew
    AUDIENCE = "audience"  # meant for somebody else
    USED = "used"  # single use
    IDENTITY = "identity"  # believed, but no identity or case number we can use
    TARGET = "target"  # asks to be sent somewhere else than the hall
    UNAVAILABLE = "unavailable"  # it cannot be stored now


class RedeemWord(StrEnum):
    """What the hall is told of a one-time key."""

    REDEEMED = "redeemed"
    UNREADABLE = "unreadable"
    SIGNATURE = "signature"
    STALE = "stale"
    REPLAYED = "replayed"  # one signature, two bodies
    NO_KEY = "no_key"
    KEY_USED = "key_used"
    KEY_EXPIRED = "key_expired"
    UNAVAILABLE = "unavailable"


class UserType(StrEnum):
    """Who was signed in."""

    PERSON = "1"
    LEGAL_PERSON = "2"


@dataclass(frozen=True, slots=True)
class BrowserRequest:
    """A page asked for by a browser; ``query`` as it came, without the question mark."""

    route: str
    query: str = field(repr=False)
    remote: str


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whom the platform signed in, and for which of its cases.

    ``name``, ``id_type`` (ZJLX) and ``id_number`` are the person's, for a legal person the
    agent's; ``company`` and ``uscc`` are empty for a person.  ``target``: the page of the hall
    to go on to, empty for its front door.
    """

    user_type: UserType
    number: str
    name: str = field(repr=False)
    id_type: str
    id_number: str = field(repr=False)
    company: str = field(default="", repr=False)
    uscc: str = ""
    target: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Assertion:
    """A believed assertion.  ``mark`` is its signature's: two with one mark are the same one."""

    mark: str
    visitor: Visitor


@dataclass(frozen=True, slots=True)
class Redemption:
    """A believed request for an identity; ``nonce`` is the request's own signature."""

    key: str = field(repr=False)
    nonce: str
    nonce_kept_s: float


class EntryRefused(Refused):
    """A browser is not let in, or a key not redeemed; ``word`` says why."""

    code = "entry.refused"
    hint = "The page or answer names the contract's code; look it up in entry_code, redeem_code."

    def __init__(self, word: EntryWord | RedeemWord, why: str) -> None:
        super().__init__(why)
        self.word = word


class EntryPort(Protocol):
    """Implemented by adapters of platforms that send browsers; used by several threads at once."""

    contract_version: str
    pages: Mapping[str, int]
    """Path of the callback → longest query there."""

    routes: Mapping[str, int]
    """Path where the hall redeems → most bytes of a request there."""

    key_s: int
    """How long a one-time key is good."""

    def read(self, request: BrowserRequest) -> Assertion:
        """Check signature, time, audience and target.  Raises EntryRefused (EntryWord)."""
        ...

    def onward(self, key: str, visitor: Visitor) -> InboundAnswer:
        """The redirect into the hall with a one-time key."""
        ...

    def page(self, word: EntryWord) -> InboundAnswer:
        """What a browser is shown that is not let in."""
        ...

    def code(self, word: EntryWord | RedeemWord) -> str:
        """The contract's code, for the audit."""
        ...

    def read_redemption(self, request: InboundRequest) -> Redemption:
        """Believe the hall.  Raises EntryRefused (RedeemWord)."""
        ...

    def redeemed(
        self, word: RedeemWord, visit: str = "", visitor: Visitor | None = None
    ) -> InboundAnswer:
        """The answer to the hall."""
        ...
