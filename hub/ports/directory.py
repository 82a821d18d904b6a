"""The directory port: a province's platform keeps a 资源目录 of what we publish.

One resource goes 编目 → 挂接 → 审核 → 上架, and 下架 at its end; each step is idempotent by its
number and answered with a receipt.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from hub.ports.line import Line
from hub.ports.probe import ProbePort


class DirectoryStage(StrEnum):
    """A step of a resource's life; the contract's transaction has the same name."""

    COMPILE = "compile"  # 编目
    ATTACH = "attach"  # 挂接
    REVIEW = "review"  # 审核
    PUBLISH = "publish"  # 上架
    WITHDRAW = "withdraw"  # 下架


class Review(StrEnum):
    """What the platform's reviewer says."""

    NONE = ""  # of a step that is not reviewed
    PENDING = "pending"
    PASSED = "passed"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class DirectoryStep:
    """``number`` follows from the content and is never reused; ``version`` is the content's digest;
    ``content`` what the stage says beside these, in the contract's words."""

    stage: DirectoryStage
    number: str
    resource: str
    version: str
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DirectoryReceipt:
    """The platform's word that it has this step; ``remark`` is its reviewer's."""

    receipt: str
    review: Review = Review.NONE
    remark: str = ""


class DirectoryPort(ProbePort, Protocol):
    """Implemented by the adapter of a platform that keeps a directory."""

    review_again_s: float
    """How long a resource under review waits before it is asked about again."""

    def step(self, line: Line, step: DirectoryStep) -> DirectoryReceipt:
        """One step.  Effect; the same number again is answered with the same receipt, and of a
        review with where it stands now."""
        ...
