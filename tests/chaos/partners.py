"""The mock partners as processes of their own, so that one can be killed and started alone."""

import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.chaos.places import BANKS, CORE, Control, Process, environment, partners_of

_UP_S = 120.0
_AGAIN = 20


class MocksApart:
    """One process per partner on a state folder.  A restarted one listens where it did before.

    ``armed``: partner → environment of its next start (orders to die), asked at every start.
    """

    def __init__(
        self, state: Path, data: Path, clock: Path, armed: Callable[[str], Mapping[str, str]],
        banks: Sequence[str] = BANKS,
    ) -> None:  # fmt: skip
        self._state, self._data, self._clock, self._armed = state, data, clock, armed
        self._first: dict[str, dict[str, Any]] = {}
        self.processes: dict[str, Process] = {}
        for partner in partners_of(banks):
            self.start(partner)
        self.core = Control(self._first[CORE]["control"])
        self.banks = [
            Control(said["control"]) for partner, said in self._first.items() if partner != CORE
        ]
        self.bank = self.banks[0]

    def start(self, partner: str) -> None:
        """Start one (again) and wait until it listens; on other ports than before it is ended and
        tried again, for the hub's settings name the first ones."""
        for _ in range(_AGAIN):
            said = self._start(partner)
            if said is None:
                continue  # armed, it died before it listened
            ports = {name: url for name, url in said.items() if name != "pid"}
            if self._first.setdefault(partner, ports) == ports:
                return
            self.processes[partner].kill(whole_group=True)
            time.sleep(0.5)
        raise RuntimeError(f"{partner} does not come up on its ports again")

    def _start(self, partner: str) -> dict[str, Any] | None:
        ports = self._state / partner / "ports.json"
        ports.unlink(missing_ok=True)
        words = [sys.executable, "-m", "tests.chaos.scythe", "mocks", "serve"]
        words += ["--partner", partner, "--state", str(self._state), "--data", str(self._data)]
        words += ["--clock", str(self._clock), "--environment", "demo", "--exit-with-parent"]
        log = self._state / f"chaos-{partner}.log"
        process = Process(words, log, environment() | dict(self._armed(partner)))
        self.processes[partner] = process
        until = time.monotonic() + _UP_S
        while not ports.exists():
            if process.code is not None:
                process.kill(whole_group=True)  # nothing of it stays
                return None
            if time.monotonic() > until:
                raise RuntimeError(f"{partner} did not come up: {process.tail()}")
            time.sleep(0.02)
        said: dict[str, dict[str, Any]] = json.loads(ports.read_text("utf-8"))
        return said[partner]

    def endpoints(self) -> dict[str, dict[str, str]]:
        """Partner → endpoint → URL."""
        return {partner: dict(ports) for partner, ports in self._first.items()}

    def end(self) -> None:
        """Let them end in good order."""
        for process in self.processes.values():
            process.end()
