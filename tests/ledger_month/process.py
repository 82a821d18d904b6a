"""The process that is killed: the watch over every interface of the script.

``python -m tests.ledger_month.process HOME URL BEGIN``: takes minutes from its input (``until
1440`` is: every probe before that minute) and says when it is there.  The last minute whose probes
are over stands in ``HOME/done``.
"""

import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from hub.app.discover import FoundAdapter, Manifest, discover
from hub.app.partners import Partners
from hub.app.watching import Watching
from hub.kernel.clocks import FixedClock
from hub.kernel.errors import Misconfigured
from hub.kernel.settings import PartnerSettings, Settings
from hub.ports.probe import ProbeResult
from hub.store import Store
from tests.ledger_month.script import REAL, Script
from tests.ledger_month.start import START
from tests.outages.watcher import put

ANSWERS = {
    "up": ProbeResult(True, True, "0", ""),
    "unusable": ProbeResult(True, False, "B0131", "系统忙"),
    "unreachable": ProbeResult(False, False, "line.not_sent", "ConnectError"),
    "ours": ProbeResult(False, False, "line.login_refused", "AuthenticationException"),
}


def adapters_of(script: Script, settings: Settings) -> dict[str, FoundAdapter]:
    """The script's interfaces, with its hours and intervals in their manifests."""
    found = {}
    for name, one in discover(settings).items():
        if name not in script.parts:
            continue
        part, said = script.parts[name], one.manifest.model_dump()
        said |= {"hours": dict(part.hours), "schedule": {"probe_every_s": str(part.every * 60)}}
        found[name] = FoundAdapter(Manifest.model_validate(said), one.contract)
    return found


def reached(settings: Settings, script: Script) -> Settings:
    """Settings that have an address of every interface, so that each is watched."""
    nobody = PartnerSettings(endpoints={"api": "http://127.0.0.1:9"})
    partners = dict.fromkeys(script.parts, nobody) | {REAL: settings.partner(REAL)}
    return settings.model_copy(update={"partners": partners})


class Scripted:
    """Partners that are as the script says at this minute; the real one is asked over its wire."""

    def __init__(self, script: Script, real: Partners, clock: FixedClock) -> None:
        self._script, self._real, self._clock = script, real, clock

    def open(self, interface: str, place: int = 0) -> Any:
        if interface == REAL:
            return self._real.open(interface, place)
        minute = (self._clock.now() - START) // timedelta(minutes=1)
        what = self._script.parts[interface].at(minute)
        if what == "misconfigured":
            raise Misconfigured("hub.toml lacks a value")
        return _Partner(ANSWERS[what])


class _Partner:
    def __init__(self, answer: ProbeResult) -> None:
        self._answer = answer
        self.port = self

    def open_line(self, _recorder: object) -> None:
        return None

    def probe(self, _line: object) -> ProbeResult:
        return self._answer


def main(home: Path, url: str, begin: int) -> None:
    """Until killed, or the input ends."""
    script = Script.load(home / "script.json")
    settings = reached(Settings.load(home), script)
    clock = FixedClock(START)
    adapters = adapters_of(script, settings)
    partners: Any = Scripted(script, Partners(adapters, settings, clock), clock)
    watching = Watching(Store(url), adapters, settings, partners, clock)
    due = sorted(
        {m for part in script.parts.values() for m in range(0, script.minutes, part.every)}
    )
    left = [minute for minute in due if minute >= begin]
    for line in sys.stdin:
        until = int(line)
        while left and left[0] < until:
            _turn(watching, clock, left[0])
            put(home / "done", str(left.pop(0)))
        sys.stdout.write(f"{until}\n")
        sys.stdout.flush()


def _turn(watching: Watching, clock: FixedClock, minute: int) -> None:
    clock.moment = START + timedelta(minutes=minute)
    while not watching.leads.hold():
        time.sleep(0.05)
    for probe in watching.look():
        probe.result(60)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
