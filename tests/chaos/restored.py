"""An older copy of the database restored in the middle of a run, and released by two people."""

import json
import subprocess
import time
from typing import TYPE_CHECKING

from tests.chaos.harness import COMMAND_S
from tests.chaos.places import HUB

if TYPE_CHECKING:
    from tests.chaos.armed import ArmedSite

_COPY_AT = ("approval", "holding", "instructing", "inquiring", "booking")
_BACK_AT = ("inquiring", "booking", "reconciling")
_LATER_S = 1.0
_EVERY_S = 2.0


class Restoring:
    """``hub backup`` once the plan is approved, ``hub restore`` when money has moved since.

    Every process is killed for it.  Then two people ask and approve the release until the hub,
    which asks bank and core by itself what they hold, lets them.
    """

    def __init__(self, site: "ArmedSite") -> None:
        self._site = site
        self._folder = site.out / "backup"
        self._restored = False
        self._next = 0.0
        self.done = False
        self.over = False
        """Nothing more will be done: released, or the month was closed before a copy was taken."""
        self.said = ""

    def look(self) -> None:
        """Called again and again while the run lives; does its next step when it is time."""
        if self.over or time.monotonic() < self._next:
            return
        stage = self._site.watcher.where().stage
        approved = "approved" in self._site.watcher.wave_states()
        if not self._folder.exists():
            if approved and stage in _COPY_AT:
                self._site.command("backup", str(self._folder))
                self._next = time.monotonic() + self._site.chance.uniform(0, _LATER_S)
            self.over = stage == "closed"
        elif not self._restored:
            if stage in (*_BACK_AT, "reconciled", "closed"):
                self._put_back()
        else:
            self.over = self.done = self._release()
            self._next = time.monotonic() + _EVERY_S

    def _put_back(self) -> None:
        site = self._site
        for process in site.processes.values():
            process.kill(whole_group=True)
        site.command("restore", str(self._folder), "--replace", "--reason", "演练：恢复旧备份")
        for name in list(site.processes):
            site.start(name)
        self._restored = True

    def _release(self) -> bool:
        """Refused until the reconciliation with bank and core is clean."""
        asked = self._try("audit", "release", "--reason", "已核对", "--json", who="hand")
        if asked is None:
            return False
        number = str(json.loads(asked)["approval"])
        return self._try("approve", number, who="yes") is not None

    def _try(self, *words: str, who: str) -> str | None:
        site = self._site
        said = subprocess.run(
            [*HUB, *words], capture_output=True, text=True, env=site.as_person(who), cwd=site.out,
            check=False, timeout=COMMAND_S,
        )  # fmt: skip
        self.said = said.stderr[-400:]
        return said.stdout if said.returncode == 0 else None
