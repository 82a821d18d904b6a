"""Processes and folders of the chaos suite: everything it starts, it knows by its own handle."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = ROOT / "contracts_spec"
HUB = [sys.executable, "-c", "from hub.cli.main import run; run()"]
"""The ``hub`` command of this very interpreter."""
BANKS = ("ICBC",)
"""Whose month is run unless others are asked for, by their codes."""
NINE = ("ICBC", "GZNX", "CCB", "BOC", "ABC", "BCM", "BGZ", "GYB", "PSBC")
CORE = "core-reference"
_UP_S = 120.0

_QUICK = {"call_timeout_s": 2, "longest_lease_s": 6, "settle_after_s": 9}
_QUICK_OTHERS = {"call_timeout_s": 2, "longest_lease_s": 9, "settle_after_s": 12}
"""Of the other banks: an attempt of theirs may be four calls (sign-in, call, and both again)."""


def partners_of(banks: Sequence[str]) -> tuple[str, ...]:
    """The interfaces of a month of these banks; the core is the last."""
    return (*(f"bank-{bank.lower()}" for bank in banks), CORE)


def quick_contracts(into: Path) -> Path:
    """The contracts with shorter times, as a bank on the same machine could promise them.

    A kill between a send and its booking costs ``settle_after``: a minute by the real contract,
    nine seconds here.  The rule is the same; the long form runs with the real times.
    """
    own_contracts(into)
    for name, changes in {
        **{f"banks/{bank.lower()}": _QUICK_OTHERS for bank in NINE},
        "banks/icbc": _QUICK,
        "core/reference": {"call_timeout_s": 2, "longest_lease_s": 6},
    }.items():
        _change(into / name, "timing", changes)
    return into


def own_contracts(into: Path) -> Path:
    """A copy of the contracts as they are."""
    return shutil.copytree(CONTRACTS, into, dirs_exist_ok=True)


def small_batches(contracts: Path, rows: int, banks: Sequence[str] = BANKS) -> Path:
    """A copy of the contracts with at most so many rows in a batch of these banks."""
    for bank in banks:
        _change(contracts / "banks" / bank.lower(), "limits", {"batch_rows": rows})
    return contracts


def _change(folder: Path, part: str, changes: Mapping[str, int]) -> None:
    path = folder / "contract.yaml"
    contract = yaml.safe_load(path.read_text("utf-8"))
    contract[part].update(changes)
    path.write_text(yaml.safe_dump(contract, allow_unicode=True, sort_keys=False), "utf-8")


def environment(url: str = "", contracts: Path | None = None, **more: str) -> dict[str, str]:
    """Ours, without any hub's settings in it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    kept["PYTHONPATH"] = str(ROOT)
    if url:
        kept["HUB_DATABASE_URL"] = url
    if contracts is not None:
        kept["HUB_CONTRACTS"] = str(contracts)
    return {**kept, **more}


class Process:
    """One process of ours in a group of its own; what it says is added to ``log``."""

    def __init__(self, words: Sequence[str], log: Path, env: Mapping[str, str]) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as said:
            self._popen = subprocess.Popen(
                list(words), stdin=subprocess.PIPE, stdout=said, stderr=said, env=dict(env),
                cwd=log.parent, start_new_session=True,
            )  # fmt: skip
        self.log = log
        self.pid = self._popen.pid

    @property
    def code(self) -> int | None:
        """Exit code; None while it runs."""
        return self._popen.poll()

    def wait(self, limit_s: float) -> int:
        """Its exit code; after ``limit_s`` it is killed with its group and TimeoutError raised."""
        try:
            code = self._popen.wait(limit_s)
        except subprocess.TimeoutExpired:
            self.kill(whole_group=True)
            raise TimeoutError(f"still running after {limit_s:.0f} s: {self.tail()}") from None
        if self._popen.stdin is not None:
            self._popen.stdin.close()
        return code

    def kill(self, *, whole_group: bool) -> None:
        """SIGKILL, with its children at the same moment or without them."""
        if self._popen.poll() is None:
            # Not yet reaped, so neither number can have become another's.
            (os.killpg if whole_group else os.kill)(self.pid, signal.SIGKILL)
        self._popen.wait()
        if self._popen.stdin is not None:
            self._popen.stdin.close()

    def freeze(self, seconds: float) -> None:
        """Stop it for a while, as a debugger or a suspended machine would, and let it go on."""
        if self._popen.poll() is None:
            os.kill(self.pid, signal.SIGSTOP)
            time.sleep(seconds)
            os.kill(self.pid, signal.SIGCONT)

    def end(self, limit_s: float = 60.0) -> int:
        """Ask it to end (SIGTERM, end of its input) and wait."""
        if self._popen.poll() is None:
            self._popen.terminate()
        if self._popen.stdin is not None:
            self._popen.stdin.close()
        return self.wait(limit_s)

    def tail(self, lines: int = 12) -> str:
        """The last it said."""
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-lines:])


def demo(
    out: Path, data: Path | None, env: Mapping[str, str], patience: str = "10m",
    banks: Sequence[str] = BANKS,
) -> Process:  # fmt: skip
    """``hub demo --once`` over ``data`` in ``out``, in the background."""
    words = [*HUB, "demo", "--once", "--banks", ",".join(banks), "--out", str(out), "--port", "0"]
    words += ["--patience", patience, *(["--data", str(data)] if data else [])]
    return Process(words, out / "demo.log", env)


class Control:
    """A mock's control plane."""

    def __init__(self, url: str) -> None:
        self._url = url

    def ask(self, method: str, path: str, body: object = None) -> str:
        """One request; raises OSError and, for what it refuses, urllib's HTTPError."""
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._url + path, content, method=method)
        with urllib.request.urlopen(request, timeout=60) as reply:
            return str(reply.read().decode())

    def get(self, path: str) -> Any:
        """What a path says, read as JSON."""
        return json.loads(self.ask("GET", path))

    def fault(self, rule: Mapping[str, object]) -> int:
        """Add a rule; its number."""
        return int(json.loads(self.ask("POST", "/faults", rule))["id"])


class Mocks:
    """The partners on a state folder, started by us; gone with :meth:`end`."""

    def __init__(self, state: Path, data: Path, clock: Path, banks: Sequence[str] = BANKS) -> None:
        self.ports = state / "chaos-ports.json"
        self.ports.unlink(missing_ok=True)
        words = [sys.executable, "-m", "mocks", "serve", "--state", str(state)]
        words += ["--data", str(data), "--clock", str(clock), "--environment", "demo"]
        words += ["--ports-file", str(self.ports), "--exit-with-parent"]
        words += [word for partner in partners_of(banks) for word in ("--partner", partner)]
        self.process = Process(words, state / "chaos-mocks.log", environment())
        until = time.monotonic() + _UP_S
        while not self.ports.exists():
            if self.process.code is not None or time.monotonic() > until:
                raise RuntimeError(f"the mocks did not come up: {self.process.tail()}")
            time.sleep(0.05)
        self.banks, self.core = controls(self.ports)
        self.bank = self.banks[0]

    def endpoints(self) -> dict[str, dict[str, str]]:
        """Partner → endpoint → URL."""
        said: dict[str, dict[str, Any]] = json.loads(self.ports.read_text("utf-8"))
        return {
            partner: {name: str(url) for name, url in entry.items() if name != "pid"}
            for partner, entry in said.items()
        }

    def end(self) -> None:
        """Let them end in good order."""
        self.process.end()


def controls(ports: Path) -> tuple[list[Control], Control]:
    """The banks' and the core's control planes from a ports file."""
    said = json.loads(ports.read_text("utf-8"))
    banks = [Control(said[one]["control"]) for one in said if one.startswith("bank-")]
    return banks, Control(said[CORE]["control"])


@contextmanager
def mocks_of(out: Path, data: Path, banks: Sequence[str] = BANKS) -> Iterator[Mocks]:
    """The mocks of a demo's folder while no demo runs there."""
    (out / "mocks").mkdir(parents=True, exist_ok=True)
    mocks = Mocks(out / "mocks", data, out / "clock.json", banks)
    try:
        yield mocks
    finally:
        mocks.end()
