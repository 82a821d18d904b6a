"""A month whose database is put back to an older copy while the partners' books stand.

``copy_now``, ``go_back_to`` and ``come_back`` are for any suite that has a ``Served``
(tests/chaos/harness.py).  Copies are taken in this process, for a moment does not wait for a
command to start; restoring and releasing go through the command line.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path

from hub.app.backups import take_backup
from hub.app.standing import Standing, read_standing
from hub.app.steps import confirm, request_plan
from hub.kernel.secret import Secret
from hub.offset.restoration import Way
from tests.chaos.harness import MONTH, Served

_LIMIT_S = 240.0
_LOOK_S = 0.05


def copy_now(served: Served, name: str) -> Path:
    """A backup while the hub runs; the copy's folder."""
    with served.opened() as hub:
        take_backup(hub, served.out / name)
    return served.out / name


def go_back_to(served: Served, copy: Path) -> None:
    """Kill the hub's processes and restore the copy over its database; nothing is started."""
    for process in served.processes.values():
        process.kill(whole_group=True)
    served.command("restore", str(copy), "--replace", "--reason", "演练：从旧备份恢复")


def come_back(served: Served, *, approving: bool = True) -> Way:
    """Start the restored hub, wait until the way back is clean, and have two people release it;
    the way as it was then.  Plans made again are approved on the way."""
    served.start("serve")
    way = wait_clean(served, approving=approving)
    asked = served.command("audit", "release", "--reason", "已核对", "--json", who="hand")
    served.command("approve", str(json.loads(asked)["approval"]), who="yes")
    return way


def standing(served: Served) -> Standing:
    """What ``hub status`` shows."""
    with served.opened() as hub:
        return read_standing(hub)


def wait_clean(served: Served, *, approving: bool = True) -> Way:
    """Until nothing stands in the way any more."""
    until, seen = time.monotonic() + _LIMIT_S, ""
    with served.opened() as hub:
        while time.monotonic() < until:
            found = read_standing(hub)
            assert not found.good, "a restored copy opened by itself"
            if found.way is not None and found.way.clean:
                return found.way
            seen = found.text + found.next_step
            if approving:
                approve_waiting(served)
            time.sleep(0.2)
    raise TimeoutError(f"not clean: {seen}\n{served.processes['serve'].tail(20)}")


def run_to(served: Served, stage: Callable[[], bool], limit_s: float = _LIMIT_S) -> None:
    """Until ``stage`` is true; plans that wait are approved on the way."""
    until = time.monotonic() + limit_s
    while not stage():
        approve_waiting(served)
        if time.monotonic() > until:
            raise TimeoutError(f"{served.watcher.where()} {served.processes['serve'].tail(15)}")
        time.sleep(_LOOK_S)


def approve_waiting(served: Served) -> None:
    """Two people approve every wave that waits for them."""
    waiting = [
        number
        for number, state in enumerate(served.watcher.wave_states(), 1)
        if state in ("trial", "submitted")
    ]
    if not waiting:
        return
    hand, yes = (Secret(served.token(login)) for login in ("hand", "yes"))
    with served.opened() as hub:
        for number in waiting:
            asked = request_plan(hub, hand, MONTH, number, "试算")
            confirm(hub, yes, asked, "同意")


def closed(served: Served) -> bool:
    """Whether the month is closed."""
    return served.watcher.run_state() == "closed"
