"""What the pages of the operators on duty show, and what they can order.

Instants are µs UTC of **business time**, as on all pages; texts from partners are as they came
and are escaped by the templates.
"""

from dataclasses import dataclass
from typing import Protocol

from hub.app.acts import Ordered
from hub.app.confirming import Waiting
from hub.app.speech import CallSpeech
from hub.bus.channels import ChannelState
from hub.bus.expiry import Ending
from hub.bus.looking import MessageFilter, MessagePage, MessageSeen
from hub.bus.preview import Change, Preview
from hub.kernel.secret import Secret
from hub.people import Approval
from hub.web.model.items import AuditLine


@dataclass(frozen=True, slots=True)
class ChannelLine:
    """One interface's channel with its partner's name; ``reached`` when this centre has its
    address, ``other`` the address one would go over to, None where there is one alone; ``ending``
    what ends first on it, if that is near."""

    state: ChannelState
    name: str
    reached: bool
    other: int | None = None
    ending: Ending | None = None


@dataclass(frozen=True, slots=True)
class MessageView:
    """One message with everything about it; ``acts`` are the previews of what may be ordered and
    of what may not, with why not."""

    seen: MessageSeen
    speech: dict[tuple[int, int], CallSpeech]
    acts: tuple[Preview, ...]
    audit: tuple[AuditLine, ...]
    batch: str = ""
    month: str = ""
    inquiries: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that waits for a person; ``sent``: it may have arrived."""

    seen: MessageSeen
    name: str
    sent: bool
    acts: tuple[Preview, ...]


class DutyDesk(Protocol):
    """The read model and the acts behind channels, messages, dead letters and confirmations.

    Every method may raise a HubError, which becomes a page.
    """

    def now_us(self) -> int:
        """Business time now."""
        ...

    def channels(self) -> tuple[ChannelLine, ...]:
        """Every interface there is an adapter for."""
        ...

    def messages(self, wanted: MessageFilter, before: int | None, size: int) -> MessagePage:
        """One page, newest first; the filter's span is business time, as all here."""
        ...

    def message_facets(self) -> dict[str, tuple[str, ...]]:
        """What the filters offer: interfaces, kinds, groups."""
        ...

    def message(self, number: str) -> MessageView:
        """One message; NotFound without it."""
        ...

    def dead(self) -> tuple[DeadLetter, ...]:
        """What waits for a person, oldest first; at most a hundred."""
        ...

    def look(self, act: str, subject: str) -> Preview:
        """What an act would do now."""
        ...

    def moved_since(self, seen: str, now: Preview) -> tuple[Change, ...]:
        """What changed since a binding was shown."""
        ...

    def order(
        self, token: Secret, act: str, subject: str, reason: str, seen: str, evidence: str
    ) -> Ordered:
        """Have it done, or ask a second person."""
        ...

    def waiting(self) -> tuple[Waiting, ...]:
        """What waits for a second person, oldest first, with its preview of now."""
        ...

    def ended(self) -> tuple[Approval, ...]:
        """The last that were done or refused."""
        ...

    def approval(self, number: str) -> Waiting:
        """One request; NotFound without it."""
        ...

    def confirm_seen(self, token: Secret, number: str, reason: str, seen: str) -> str:
        """The second person's yes to the preview with this digest."""
        ...

    def refuse(self, token: Secret, approval: str, reason: str) -> str:
        """The second person's no."""
        ...

    def raw(
        self, token: Secret, number: str, try_no: int, call_no: int, reason: str
    ) -> tuple[str, str]:
        """Request and reply as they went, for those allowed; the look is audited."""
        ...
