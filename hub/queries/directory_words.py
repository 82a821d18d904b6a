"""The words of the province's directories: states, what may be wrong, a step as it is sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec

from hub.kernel.errors import BadInput, NotFound, Refused
from hub.ports.directory import DirectoryStage, DirectoryStep

STEP = "directory.step"
UP_STAGES = (
    DirectoryStage.COMPILE, DirectoryStage.ATTACH, DirectoryStage.REVIEW, DirectoryStage.PUBLISH,
)  # fmt: skip


class ResourceState(StrEnum):
    """Where a resource stands on a directory."""

    ON_WAY = "on_way"
    UP = "up"
    DOWN = "down"
    REJECTED = "rejected"  # by the platform's reviewer
    REFUSED = "refused"  # by the platform


class StepState(StrEnum):
    """Where a step stands."""

    WAITING = "waiting"
    SENT = "sent"
    RECEIPTED = "receipted"
    REFUSED = "refused"
    DROPPED = "dropped"  # one before it was rejected or refused


class BreakingChange(Refused):
    """What is to be uploaded breaks who uses it today."""

    code = "directory.breaking"
    hint = "Agree it with those who call, then order it with --breaking and a reason."


class NothingToPublish(Refused):
    """The platform has all of it as it is."""

    code = "directory.nothing"
    hint = "`hub catalog status` shows what stands there."


class ResourceOnItsWay(Refused):
    """A step of this resource is still on its way."""

    code = "directory.on_its_way"
    hint = "`hub catalog status` shows where it is; order again when it has ended."


class NoReason(BadInput):
    """A change that breaks, or a withdrawal, needs a reason."""

    code = "directory.no_reason"
    hint = "Say why with --reason."


class NoSuchResource(NotFound):
    """There is no such resource on this directory."""

    code = "directory.no_such_resource"
    hint = "`hub catalog status` lists them."


class StepLetter(msgspec.Struct, frozen=True):
    """One step as it is sent."""

    number: str
    target: str
    code: str
    round: int
    place: int
    stage: str
    version: str
    content: dict[str, Any]

    def step(self) -> DirectoryStep:
        """In the port's form."""
        return DirectoryStep(
            DirectoryStage(self.stage), self.number, self.code, self.version, self.content
        )


@dataclass(frozen=True, slots=True)
class Target:
    """A platform's directory: its interface, and the version of its contract."""

    interface: str
    contract_version: str


@dataclass(frozen=True, slots=True)
class Standing:
    """A resource on a directory; ``steps`` of its last round."""

    code: str
    name: str
    version: str
    stage: str
    state: str
    round: int
    remark: str
    steps: tuple[Mapping[str, Any], ...]
