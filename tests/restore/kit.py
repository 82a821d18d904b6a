"""A month whose database is put back to an older copy while the partners' books stand.

``copy_now`` and ``go_back_to`` are for any suite that has a ``Served`` (tests/chaos/harness.py).
"""

import json
import time
from collections.abc import Callable
from typing import Any

from tests.chaos.harness import MONTH, Served

_LIMIT_S = 180.0
_LOOK_S = 0.1


def copy_now(served: Served, name: str) -> str:
    """``hub backup`` while the hub runs; the copy's folder."""
    target = served.out / name
    served.command("backup", str(target))
    return str(target)


def go_back_to(served: Served, copy: str) -> None:
    """Kill the hub's processes and restore the copy over its database; nothing is started."""
    for process in served.processes.values():
        process.kill(whole_group=True)
    words = ["restore", copy, "--replace", "--reason", "演练：从旧备份恢复"]
    served.command(*words)


def come_back(served: Served, *, each: Callable[[], None] = lambda: None) -> dict[str, Any]:
    """Start the restored hub, approve what is planned anew, wait until the way back is clean and
    have two people release it; the way's last state."""
    served.start("serve")
    way = wait_clean(served, each=each)
    asked = served.command("audit", "release", "--reason", "已核对", "--json", who="hand")
    served.command("approve", str(json.loads(asked)["approval"]), who="yes")
    return way


def standing(served: Served) -> dict[str, Any]:
    """``hub status --json``."""
    said = served.command("status", "--json", check=False)
    found: dict[str, Any] = json.loads(said)
    return found


def wait_clean(served: Served, *, each: Callable[[], None] = lambda: None) -> dict[str, Any]:
    """Until nothing stands in the way any more."""
    way: dict[str, Any] = {}
    until = time.monotonic() + _LIMIT_S
    while time.monotonic() < until:
        way = standing(served).get("restoration", {})
        if way.get("clean"):
            return way
        each()
        time.sleep(0.5)
    raise TimeoutError(f"not clean: {way} {served.processes['serve'].tail(20)}")


def run_to(served: Served, stage: Callable[[], bool], limit_s: float = _LIMIT_S) -> None:
    """Approve the plan when it waits, until ``stage`` is true."""
    until = time.monotonic() + limit_s
    while not stage():
        approve_waiting(served)
        if time.monotonic() > until:
            raise TimeoutError(f"{served.watcher.where()} {served.processes['serve'].tail(15)}")
        time.sleep(_LOOK_S)


def approve_waiting(served: Served) -> None:
    """Two people approve every wave that waits for them."""
    for number, state in enumerate(served.watcher.wave_states(), 1):
        if state in ("trial", "submitted"):
            words = ["offset", "submit", "--month", str(MONTH), "--wave", str(number)]
            asked = served.command(*words, "--reason", "试算", "--json", who="hand")
            served.command("approve", str(json.loads(asked)["approval"]), who="yes")


def closed(served: Served) -> bool:
    """Whether the month is closed."""
    return served.watcher.run_state() == "closed"
