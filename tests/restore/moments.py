"""Copies of a month taken at several moments, each restored over a later one.

``python -m tests.restore [--database URL] [--only MOMENT,…]`` goes through all of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hub.offset.restoration import Way
from tests.chaos.harness import Served, verify_audit
from tests.chaos.judge import Verdict
from tests.restore.kit import closed, come_back, copy_now, go_back_to, run_to

_SLOW_HOLD: Mapping[str, object] = {
    "fault": "delay", "match": {"code": "hold", "first": 1}, "seconds": 1.5,
}  # fmt: skip
_SLOW_PAY: Mapping[str, object] = {
    "fault": "delay", "match": {"code": "PAYENT", "first": 1}, "seconds": 1.5,
}  # fmt: skip
_SLOW_POST: Mapping[str, object] = {
    "fault": "delay", "match": {"code": "post", "first": 1}, "seconds": 1.5,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Moment:
    """A copy is taken at ``copied`` (a stage of the watcher, or ``opened`` before any start) and
    restored when the month is closed."""

    copied: str
    said: str


MOMENTS = (
    Moment("opened", "before the due list"),
    Moment("approval", "between plan and approval"),
    Moment("holding", "while holding"),
    Moment("instructing", "held, not yet instructed, or on its way"),
    Moment("inquiring", "sent, without result"),
    Moment("booking", "results there, not posted"),
    Moment("closed", "after the close"),
)


@dataclass(slots=True)
class Returned:
    """What going back came to."""

    way: Way
    verdict: Verdict
    stage: str
    audit: str
    """What ``hub audit verify`` says against it; empty when it is sound."""

    @property
    def good(self) -> bool:
        return self.verdict.good and not self.audit


def go_through(served: Served, moment: str) -> Returned:
    """A whole month, with its database put back to the copy of ``moment`` at its close."""
    served.set_up()
    copy: Path | None = copy_now(served, f"copy-{moment}") if moment == "opened" else None
    stage = "opened"
    if moment == "holding":
        served.mocks.core.fault(_SLOW_HOLD)
    if moment == "booking":
        served.mocks.core.fault(_SLOW_POST)
    if moment in ("instructing", "inquiring"):
        served.mocks.bank.fault(_SLOW_PAY)
    served.start("serve")

    def reached() -> bool:
        nonlocal copy, stage
        where = served.watcher.where()
        if copy is None and where.stage == moment:
            copy, stage = copy_now(served, f"copy-{moment}"), where.label
        return closed(served)

    run_to(served, reached)
    assert copy is not None, f"the moment {moment!r} was not met"
    go_back_to(served, copy)
    way = come_back(served)
    run_to(served, lambda: closed(served))
    verdict = served.finish()
    return Returned(way, verdict, stage, verify_audit(served.site.home, served.env))
