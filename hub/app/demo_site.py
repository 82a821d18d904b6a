"""Where a demo lives: one folder with the hub's home, the mocks' state, keys and checkpoints.

``OUT/`` outcomes.csv totals.json · ``OUT/hub/`` the home (hub.toml, database, keys, people) ·
``OUT/mocks/`` the partners' state · ``OUT/clock.json`` the shared business clock.
"""

import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from datetime import time as clock_time
from pathlib import Path
from typing import IO, Any

from hub.app.discover import FoundAdapter
from hub.app.editions import every_edition
from hub.kernel.clocks import SHANGHAI, SharedClock
from hub.kernel.errors import BadInput, Refused, Unavailable
from hub.kernel.periods import Period
from hub.kernel.settings import PartnerSettings, write_partners
from hub.schedule import BankingCalendar
from hub.wire import HttpPartner, NoRecorder

_START_S = 180.0
_DONE = (200, 201)
_HELPER_S = 45.0
_OPENS, _CLOSES = clock_time(8, 0), clock_time(20, 0)
"""Business hours in which a demo may be taken up again; outside them the clock is moved on to
the next banking morning, for banks take payments by day only."""
_MORNING = clock_time(9, 0)
_FIRST_WORKING_DAY = 9
FILES = ("agreements.csv", "loans.csv", "persons.csv", "units.csv")


class DemoBusy(Refused):
    """Another demo runs in this folder."""

    code = "demo.busy"
    hint = "Wait for it, end it, or give --out another folder."


class NoDemoData(BadInput):
    """The data folder lacks a file."""

    code = "demo.no_data"
    hint = "--data names a folder with " + ", ".join(FILES) + "."


class MocksDidNotStart(Unavailable):
    """The bundled mock partners did not come up."""

    code = "demo.mocks"
    hint = "Read OUT/mocks/mocks.log."


@dataclass(frozen=True, slots=True)
class Site:
    """The folder of one demo."""

    out: Path

    @property
    def home(self) -> Path:
        return self.out / "hub"

    @property
    def mocks(self) -> Path:
        return self.out / "mocks"

    @property
    def clock_file(self) -> Path:
        return self.out / "clock.json"

    def lock(self) -> IO[str]:
        """Take the folder for this process; raises DemoBusy.  Gone with the process."""
        self.out.mkdir(parents=True, exist_ok=True)
        held = (self.out / "demo.lock").open("w", encoding="utf-8")
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            held.close()
            raise DemoBusy(f"another demo runs in {self.out}") from None
        return held

    def set_clock(self, period: Period, calendar: BankingCalendar) -> None:
        """A working day of the month on the first run; later runs go on from where time stands."""
        clock = SharedClock(self.clock_file)
        if not self.clock_file.exists():
            day = calendar.on_or_after(date(period.year, period.month, _FIRST_WORKING_DAY))
            clock.set(datetime.combine(day, _MORNING, SHANGHAI))
            return
        now = clock.now()
        if not (calendar.is_banking_day(now.date()) and _OPENS <= now.time() < _CLOSES):
            past = now.time() >= _MORNING
            day = calendar.next_banking_day(now.date()) if past else now.date()
            clock.set(datetime.combine(calendar.on_or_after(day), _MORNING, SHANGHAI))


class Mocks:
    """The bundled partners as processes of their own; they end when this process does."""

    def __init__(
        self, site: Site, data: Path, partners: Sequence[str], contracts: Path | None = None,
        editions: Sequence[str] = (), if_there: Sequence[str] = (),
    ) -> None:  # fmt: skip
        """``contracts``: where the contract files lie, if not beside the mocks; ``editions``:
        spoken whatever the day (``banks/gznx@2.0.0``); ``if_there``: interfaces that are reached
        if a mock goes by their name."""
        self._site = site
        self._ports = site.mocks / "ports.json"
        self._ports.unlink(missing_ok=True)
        site.mocks.mkdir(parents=True, exist_ok=True)
        words = [sys.executable, "-m", "mocks", "serve", "--exit-with-parent"]
        words += ["--state", str(site.mocks), "--data", str(data)]
        words += ["--clock", str(site.clock_file), "--environment", "demo"]
        words += ["--ports-file", str(self._ports)]
        if contracts is not None:
            words += ["--contracts", str(contracts)]
        for edition in editions:
            words += ["--edition", edition]
        for partner in partners:
            words += ["--partner", partner]
        for interface in if_there:
            words += ["--if-there", interface]
        self.log = site.mocks / "mocks.log"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  our own command
                words,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                # Ctrl-C reaches a terminal's whole group: they end after the hub, not before it.
                process_group=0,
            )

    def endpoints(self) -> dict[str, dict[str, str]]:
        """Each partner's endpoints and control plane; waits until all listen."""
        until = time.monotonic() + _START_S
        while time.monotonic() < until and self._process.poll() is None:
            if self._ports.exists():
                said: dict[str, dict[str, Any]] = json.loads(self._ports.read_text("utf-8"))
                return {
                    partner: {name: str(url) for name, url in entry.items() if name != "pid"}
                    for partner, entry in said.items()
                }
            time.sleep(0.05)
        said_last = self.log.read_text("utf-8", errors="replace").strip().splitlines()[-1:]
        raise MocksDidNotStart("".join(said_last)[:300])

    def end(self) -> None:
        """Let them end in good order."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()


def tell_address(controls: Mapping[str, str], address: str) -> None:
    """Tell mock partners where we are called: by their control planes, as a bank would be told
    by letter.  Raises MocksDidNotStart, LineNotSent."""
    for partner, control in controls.items():
        tell_mock(partner, control, "/callback", {"url": address})


def tell_mock(partner: str, control: str, path: str, body: Mapping[str, Any]) -> None:
    """One order to a mock's control plane.  Raises MocksDidNotStart, LineNotSent."""
    with HttpPartner({"control": control}, timeout_s=_START_S) as http:
        line = http.open_line(NoRecorder())
        said = line.post(
            "control", endpoint="control", path=path, body=json.dumps(dict(body)).encode()
        )
    if said.status not in _DONE:
        raise MocksDidNotStart(f"{partner} does not take {path}: HTTP {said.status}")


class Helper:
    """One more worker process on the demo's database; it ends when this process does."""

    def __init__(self, site: Site) -> None:
        words = [sys.executable, "-m", "hub.cli", "worker", "--home", str(site.home)]
        with (site.home / "worker.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  our own command
                [*words, "--exit-with-parent"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                process_group=0,
            )

    def end(self) -> None:
        """Let it finish what it has in flight."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(_HELPER_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def facing(
    adapters: Mapping[str, FoundAdapter], endpoints: Mapping[str, Mapping[str, str]], interface: str
) -> dict[str, str]:
    """Where an interface meets mocks: its own, and for what that one does not offer another
    interface's of the same partner, as a platform has one gateway for all."""
    code = adapters[interface].manifest.partner.code
    same = [
        urls for other, urls in endpoints.items()
        if other in adapters and adapters[other].manifest.partner.code == code
    ]  # fmt: skip
    return {name: url for urls in same for name, url in urls.items()} | {**endpoints[interface]}


def write_home(
    site: Site, adapters: Mapping[str, FoundAdapter], endpoints: Mapping[str, Mapping[str, str]],
    top: Mapping[str, str | int],
) -> None:  # fmt: skip
    """hub.toml for a hub that faces the mocks: the contract's example values, their secrets.

    A platform that several interfaces stand behind (a portal) is none itself and is passed by.
    """
    partners = {}
    for interface in endpoints:
        if interface not in adapters:
            continue
        urls = facing(adapters, endpoints, interface)
        every = [one.contract for one in every_edition(adapters[interface])]
        folder = site.mocks / interface
        wanted = {name for one in every for name in one.endpoints}
        secrets = {name for one in every for name in one.secrets}
        partners[interface] = PartnerSettings(
            endpoints={name: url for name, url in urls.items() if name in wanted},
            values={name: key.facing(urls) for one in every for name, key in one.values.items()},
            secrets={name: os.path.relpath(folder / name, site.home) for name in sorted(secrets)},
        )
    partners |= _folders(site, adapters)
    site.home.mkdir(parents=True, exist_ok=True)
    write_partners(site.home / "hub.toml", partners, top={"clock_file": "../clock.json", **top})


def _folders(site: Site, adapters: Mapping[str, FoundAdapter]) -> dict[str, PartnerSettings]:
    """Interfaces whose every door is a folder of this machine: nobody has to be started."""
    found = {}
    for interface, adapter in adapters.items():
        doors = adapter.contract.endpoints
        if doors and all(one.folder for one in doors.values()):
            home = site.home.resolve() / interface
            urls = {name: (home / name).as_uri() for name in doors}
            found[interface] = PartnerSettings(endpoints=urls)
    return found
