"""Starting mocks as processes of their own, and asking their control plane."""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[2]


def start(words: list[str], state: Path, ports: Path) -> "subprocess.Popen[bytes]":
    """``python -m mocks serve`` with what every test needs."""
    command = [sys.executable, "-m", "mocks", "serve", *words, "--state", str(state)]
    command += ["--ports-file", str(ports), "--exit-with-parent", "--environment", "test"]
    environment = {k: v for k, v in os.environ.items() if k != "HUB_ENVIRONMENT"}
    return subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=environment
    )


def wait_for(path: Path, process: "subprocess.Popen[bytes]") -> dict[str, Any]:
    """The ports file, once it is there."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if path.exists():
            found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            return found
        if process.poll() is not None:
            break
        time.sleep(0.01)
    raise AssertionError(f"the mock did not start: {process.poll()}")


@dataclass
class Mock:
    """One running partner."""

    partner: str
    state: Path
    data: Path
    process: "subprocess.Popen[bytes] | None" = None
    urls: dict[str, Any] = field(default_factory=dict)

    def start(self) -> None:
        """Start it (again)."""
        ports = self.state.parent / f"{self.state.name}-{self.partner}.json"
        ports.unlink(missing_ok=True)
        self.process = start(
            ["--partner", self.partner, "--data", str(self.data)], self.state, ports
        )
        self.urls = wait_for(ports, self.process)[self.partner]

    def stop(self) -> int:
        """Let its standard input end; its exit status."""
        assert self.process is not None
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait(10)

    def kill(self) -> None:
        """kill -9."""
        assert self.process is not None
        assert self.process.stdin is not None
        self.process.kill()
        self.process.wait(10)
        self.process.stdin.close()

    def control(self, method: str, path: str, body: object = None, status: int = 0) -> Any:
        """Ask the control plane; JSON comes back decoded, CSV as text."""
        answer = httpx.request(method, self.urls["control"] + path, json=body, timeout=20)
        assert answer.status_code == (status or answer.status_code), answer.text
        assert status or answer.status_code < 400, answer.text
        if answer.headers["content-type"].startswith("text/csv"):
            return answer.text
        return answer.json()

    def clock(self, moment: str) -> None:
        """Set business time (``2025-10-14T09:30:00``)."""
        self.control("POST", "/clock", {"now": moment})
