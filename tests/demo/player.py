"""Plays one demo from inside, so that a test acts on partners at chosen moments."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from hub.app import demo as work
from hub.app.demo import DemoHub
from hub.app.steps import Progress
from hub.kernel.periods import Period

Act = Callable[[Mapping[str, str]], None]
"""What a test does to the mocks: interface → address of its control plane."""
Look = Callable[[DemoHub, Progress], None]


class Player:
    """One demo folder over one data folder, for some banks (none named: all)."""

    def __init__(
        self, data: Path, out: Path, patch: pytest.MonkeyPatch, banks: tuple[str, ...] = ()
    ) -> None:
        self.data, self.out, self._patch, self._banks = data, out, patch, banks

    def play(
        self, *, before: Act | None = None, at_plan: Act | None = None, look: Look | None = None,
        after: Act | None = None, patience_s: float = 120.0,
    ) -> bool:  # fmt: skip
        """Whether the run closed.

        ``before``: the mocks are up, nothing was sent yet.  ``at_plan``: once, when the first
        trial is there and nobody approved it yet.  ``look``: at every look at the run.
        """
        asked = work.Wanted(
            data=self.data, period=Period(2025, 10), banks=self._banks, policy=None, out=self.out,
            port=8527, patience_s=patience_s, wave_wait_s=1.0,
        )  # fmt: skip
        running = self._set_up(asked, before)
        seen: list[str] = []

        def report(progress: Progress) -> None:
            if at_plan is not None and "trial" in progress.waves and not seen:
                seen.append("trial")
                at_plan(running.controls)
            if look is not None:
                look(running, progress)

        try:
            closed = work.play(running, asked, report, patience_s=patience_s)
            if after is not None:
                after(running.controls)
            return closed
        finally:
            work.end(running)

    def _set_up(self, asked: work.Wanted, before: Act | None) -> DemoHub:
        start = work.start_engine

        def start_late(hub: Any, **more: Any) -> Any:
            if before is not None:
                ports = json.loads((self.out / "mocks" / "ports.json").read_text("utf-8"))
                before({name: urls["control"] for name, urls in ports.items()})
            return start(hub, **more)

        with self._patch.context() as patched:
            patched.setattr(work, "start_engine", start_late)
            return work.set_up(asked, lambda _: None)
