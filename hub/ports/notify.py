"""The notify port (告知): one text to one person, by a way such as a short message.

An adapter carries a batch of texts to one destination: a folder that another program empties, a
gateway of short messages.  A text's number is the same whenever it is told, by this database or
by an older copy of it: a destination that has it already answers ``ALREADY`` and tells nobody
twice.  The adapter decides neither whom to tell nor what.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from hub.ports.line import Line
from hub.ports.probe import ProbePort


class NotifyWay(StrEnum):
    """How a person is reached."""

    SMS = "sms"  # 短信
    WECHAT = "wechat"  # 微信


class NotifyStatus(StrEnum):
    """What the destination made of one text."""

    TAKEN = "taken"  # 已交
    ALREADY = "already"  # 对方已有此编号，没有再发
    REFUSED = "refused"  # 对方不收，再发也没有用


@dataclass(frozen=True, slots=True)
class NotifyText:
    """One text.  ``number``: letters, digits and ``-``, at most 40; ``to``: the telephone number,
    or what the way calls a person."""

    number: str
    way: NotifyWay
    to: str = field(repr=False)
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class NotifyResult:
    """What became of one text; ``code`` is the destination's own."""

    number: str
    status: NotifyStatus
    code: str = ""


class NotifyPort(ProbePort, Protocol):
    """Implemented by adapters that tell people."""

    way: NotifyWay
    """The way it serves."""

    batch_limit: int
    """Most texts of one message, by the contract."""

    def tell(self, line: Line, texts: Sequence[NotifyText]) -> tuple[NotifyResult, ...]:
        """Carry them; one result for every text, in their order.  Effect.

        Repeated as it is after an unknown: the number is what makes a text the same.  Raises
        LineNotSent, LineUnknown, PartnerRefused (the whole batch).
        """
        ...


_ONE, _PART = 70, 67


def sms_units(text: str) -> int:
    """How long a text is in UCS-2 units: a character outside the BMP counts as two."""
    return len(text.encode("utf-16-be")) // 2


def sms_parts(text: str) -> int:
    """How many short messages a text fills: 70 units in one, 67 each in several (3GPP TS 23.040,
    9.2.3.24.1)."""
    units = sms_units(text)
    return 1 if units <= _ONE else -(-units // _PART)
