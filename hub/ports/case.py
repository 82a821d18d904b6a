"""The case port: what a government platform files with us, and the feedback we owe it.

A case (办件) comes in through an inbound adapter as a :class:`Filing`; every step it takes goes
back as a :class:`Feedback` until the platform has receipted it.  Plain values only.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from hub.kernel.money import Fen
from hub.ports.line import Line
from hub.ports.probe import ProbePort

FILED = "case.filed"
"""Kind of notice: a case was filed, or filed again under a higher version (:class:`Filing`)."""

TAKEN_BACK = "case.taken_back"
"""Kind of notice: the applicant withdraws a case (:class:`TakenBack`)."""


class Step(StrEnum):
    """What a step of a case is called in feedback, whatever the partner's code for it."""

    RECEIVED = "received"  # 已接收
    PARSED = "parsed"  # 已解析
    LACKING = "lacking"  # 待补正
    CHECKED = "checked"  # 已受理
    WAITING = "waiting"  # 等待：有在途对冲业务
    IN_CORE = "in_core"  # 核心办理中
    DONE = "done"  # 办结
    FAILED = "failed"  # 不予办理
    WITHDRAWN = "withdrawn"  # 已撤回
    UNDONE = "undone"  # 已启封：办结之后由中心恢复


@dataclass(frozen=True, slots=True)
class CaseFile:
    """One attachment as it was sent.

    ``material`` is the contract's code of what it is meant to be; ``link`` its number in the
    platform's document store where the bytes did not come along.  ``flaw``: why there are no
    bytes although there should be (``not_base64``, ``nothing``).
    """

    name: str = field(repr=False)
    material: str
    content: bytes = field(default=b"", repr=False)
    link: str = ""
    flaw: str = ""


@dataclass(frozen=True, slots=True)
class Filing:
    """One version of one case.

    ``kind`` picks who handles it (retirement), ``door`` by which of the kind's items it came,
    ``number`` is the platform's, ``version`` counted up by it.  ``name``, ``id_type`` (ZJLX) and
    ``id_number`` are of whom the case is about; ``fields`` whatever else the kind wants, by
    English name, text as it was sent.
    """

    kind: str
    door: str
    number: str
    version: int
    form_version: str
    name: str = field(repr=False)
    id_type: str
    id_number: str = field(repr=False)
    fields: Mapping[str, str] = field(repr=False)
    files: tuple[CaseFile, ...] = ()


@dataclass(frozen=True, slots=True)
class TakenBack:
    """The applicant withdraws; ``version`` is the highest the platform has sent."""

    kind: str
    door: str
    number: str
    version: int
    why: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Material:
    """One kind of material a case may or must have."""

    code: str
    what: str
    required: bool


@dataclass(frozen=True, slots=True)
class FileRules:
    """What attachments may be.  Sizes in bytes; ``types`` as pdf, jpg, png."""

    types: tuple[str, ...]
    most: int
    largest: int
    unpacked: int
    packed_most: int


@dataclass(frozen=True, slots=True)
class CaseTerms:
    """What the contract says of this kind of case.  ``promise_days`` are working days.

    ``approve_above``: how many accounts a case may touch before a person must approve it.
    """

    kind: str
    promise_days: int
    materials: Mapping[str, Material]
    files: FileRules
    approve_above: int = 0


@dataclass(frozen=True, slots=True)
class Feedback:
    """One step to be told.  ``place`` counts a case's steps from 1, without a gap.

    ``lacking`` says in Chinese, without personal data, what is missing and why; ``principal`` and
    ``interest`` in 分 when money was paid out.
    """

    door: str
    number: str
    version: int
    place: int
    step: Step
    at: datetime
    text: str = ""
    lacking: tuple[str, ...] = ()
    promise_days: int = 0
    promise_on: date | None = None
    principal: Fen | None = None
    interest: Fen | None = None


@dataclass(frozen=True, slots=True)
class FeedbackReceipt:
    """The platform's word that it has this step."""

    receipt: str


class CasePort(ProbePort, Protocol):
    """Implemented by the adapter of an interface whose cases we handle."""

    terms: CaseTerms

    def feedback(self, line: Line, told: Feedback) -> FeedbackReceipt:
        """Tell one step.  Effect; idempotent by (number, place)."""
        ...

    def fetch(self, line: Line, link: str) -> bytes:
        """An attachment from the platform's document store, digest checked.  READ."""
        ...
