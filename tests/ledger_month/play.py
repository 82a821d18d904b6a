"""Plays a script: kills and starts the watch, plans works, breaks the mock, signs marks; then
holds the ledger against the judge's, minute by minute."""

import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from hub.app.demo_site import Mocks, Site, write_home
from hub.app.discover import discover
from hub.app.overview import ledger_of
from hub.kernel.clocks import SharedClock, to_us
from hub.kernel.settings import Settings
from hub.monitor import marks, works
from hub.people import Actor, Party
from hub.sample import FOLDER
from hub.store import Store
from hub.store.schema import upgrade
from tests.chaos.places import ROOT, Control
from tests.ledger_month.judge import differences, expected
from tests.ledger_month.process import adapters_of, reached
from tests.ledger_month.script import REAL, UP, Script
from tests.ledger_month.start import START

_FAULTS = {"unreachable": {"fault": "refuse"}, "unusable": {"fault": "garbage", "when": "before"}}
_PATIENCE_S = 900.0
_LONGEST = 60
"""The longest interval between two minutes with probes."""
_CENTRE = Actor("wang", Party.CENTRE, frozenset(), 1)
_OPERATOR = Actor("zhou", Party.OPERATOR, frozenset(), 2)


@dataclass
class Found:
    """What came of it.  ``minutes``: of each interface by class, the ledger's; ``differ``: minutes
    that the script has otherwise."""

    restarts: int = 0
    probed: int = 0
    seconds: float = 0.0
    minutes: dict[str, dict[str, int]] = field(default_factory=dict)
    undecided: dict[str, int] = field(default_factory=dict)
    differ: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def total(self) -> Counter[str]:
        """Minutes of all interfaces by class."""
        return sum((Counter(one) for one in self.minutes.values()), Counter())


class Stage:
    """One home, one database, one watch at a time."""

    def __init__(self, out: Path, url: str, script: Script, seed: int) -> None:
        self.script, self.url, self.found = script, url, Found()
        self._chance = random.Random(seed)
        self._site = Site(out)
        self.home = self._site.home
        self.home.mkdir(parents=True)
        SharedClock(self._site.clock_file).set(START + timedelta(hours=9))
        self._mocks = Mocks(self._site, FOLDER, [REAL])
        adapters = discover(Settings(home=self.home, environment="demo"))
        endpoints = {name: {"api": "http://127.0.0.1:9"} for name in script.parts}
        endpoints[REAL] = self._mocks.endpoints()[REAL]
        self._control = Control(endpoints[REAL]["control"])
        write_home(self._site, adapters, endpoints, {"environment": "demo"})
        script.save(self.home / "script.json")
        self.settings = reached(Settings.load(self.home), script)
        self.store = Store(url)
        upgrade(self.store)
        self._watch: subprocess.Popen[str] | None = None
        self._numbers: dict[tuple[str, int], int] = {}

    def begin(self, at: int) -> None:
        """A watch whose first probes are at this minute or after it."""
        words = [sys.executable, "-m", "tests.ledger_month.process", str(self.home), self.url]
        with (self.home / "watch.log").open("ab") as said:
            self._watch = subprocess.Popen(
                [*words, str(at)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said,
                text=True, cwd=ROOT,
            )  # fmt: skip

    def run(self, until: int) -> None:
        """Every probe before a minute."""
        self._ask(until)
        assert self._watch is not None
        assert self._watch.stdout is not None
        for line in self._watch.stdout:  # the log's own lines may come between
            if line.strip() == str(until):
                return
        raise RuntimeError((self.home / "watch.log").read_text("utf-8")[-2000:])

    def kill(self) -> None:
        """SIGKILL to the watch this stage started."""
        assert self._watch is not None
        self._watch.kill()
        self._watch.communicate()
        self._watch = None
        self.found.restarts += 1

    def restart(self, begin: int, end: int) -> None:
        """Killed in the work before ``begin``, or there for none of what lies before ``end``."""
        if begin != end:
            self.run(begin)
            self.kill()
            self.begin(end)
            return
        self._ask(begin)
        some = max(begin - self._chance.randrange(1, 300), 0)
        until = time.monotonic() + _PATIENCE_S
        while self._done() < some - _LONGEST and time.monotonic() < until:
            time.sleep(0.002)
        time.sleep(self._chance.uniform(0.0, 0.02))  # anywhere in the probes of a minute
        self.kill()
        self.begin(max(self._done(), 0))

    def _done(self) -> int:
        path = self.home / "done"
        return int(path.read_text("utf-8")) if path.exists() else -1

    def _ask(self, until: int) -> None:
        assert self._watch is not None
        assert self._watch.stdin is not None
        self._watch.stdin.write(f"{until}\n")
        self._watch.stdin.flush()

    def change_real(self, minute: int) -> None:
        """The mock is from now on as the script says."""
        self._control.ask("DELETE", "/faults")
        what = self.script.parts[REAL].at(minute)
        if what != UP:
            self._control.ask("POST", "/faults", {"match": {}, **_FAULTS[what]})

    def plan(self, name: str, number: int) -> None:
        """Maintenance as the script has it."""
        one = self.script.parts[name].works[number]
        with self.store.write() as tx:
            self._numbers[name, number] = works.plan(
                tx, name, us(one.begin_s), us(one.end_s), why="升级", by="wang",
                now_us=us(one.planned * 60),
            )  # fmt: skip

    def cancel(self, name: str, number: int) -> None:
        """It ends before its time."""
        at = self.script.parts[name].works[number].cancelled
        assert at is not None
        with self.store.write() as tx:
            works.cancel(
                tx, self._numbers[name, number], by="wang", now_us=us(at * 60), why="提前完成"
            )

    def sign(self) -> None:
        """After the month, one party proposes and the other answers."""
        end_us = us(self.script.minutes * 60)
        for name, part in self.script.parts.items():
            for one in part.marks:
                span = (us(one.begin * 60), us(one.end * 60))
                with self.store.write() as tx:
                    number = marks.propose(
                        tx, _OPERATOR, name, *span, one.klass, why="归类", now_us=end_us
                    )
                    end_us += 1
                    if one.answer:
                        yes = one.answer == "signed"
                        marks.answer(tx, _CENTRE, number, yes=yes, why="核对", now_us=end_us)

    def judge(self) -> None:
        """The ledger against the script."""
        begin_us, end_us = us(0), us(self.script.minutes * 60)
        for name, adapter in adapters_of(self.script, self.settings).items():
            with self.store.read() as view:
                made = ledger_of(view, adapter, begin_us, self.script.minutes, end_us)
            wanted, undecided = expected(self.script, self.script.parts[name])
            told = [made.at(minute).value for minute in range(self.script.minutes)]
            self.found.minutes[name] = dict(Counter(told))
            self.found.undecided[name] = made.undecided_count()
            differ = differences(wanted, told)
            if made.undecided_count() != undecided:
                differ["undecided"] = abs(made.undecided_count() - undecided)
            if differ:
                self.found.differ[name] = dict(differ)
            self.found.probed += sum(1 for _ in self.script.samples(self.script.parts[name]))

    def close(self) -> None:
        """Nothing of ours stays."""
        if self._watch is not None:
            self._watch.kill()
            self._watch.communicate()
        self.store.close()
        self._mocks.end()


def us(second: int) -> int:
    """A second of the month as µs UTC."""
    return to_us(START) + second * 1_000_000


def play(out: Path, url: str, script: Script, seed: int) -> Found:
    """The whole script on an empty database."""
    began = time.monotonic()
    with _stage(out, url, script, seed) as on:
        on.begin(0)
        for minute, _, act, what in sorted(_events(script), key=lambda event: event[:2]):
            if act != "restart":
                on.run(minute)
            getattr(on, act)(*what)
        on.run(script.minutes)
        on.sign()
        on.judge()
        on.found.seconds = round(time.monotonic() - began, 1)
    return on.found


_Event = tuple[int, int, str, tuple[object, ...]]
"""Minute, turn within it, what is done, with what."""


def _events(script: Script) -> Iterator[_Event]:
    for one in script.restarts:
        yield one.begin, 1, "restart", (one.begin, one.end)
    edges = {edge for each in script.parts[REAL].faults for edge in (each.begin, each.end)}
    for minute in edges:
        # What changes while nobody looks is so when the hub is there again.
        yield minute, 0, "change_real", (minute,)
    for name, part in script.parts.items():
        for number, each in enumerate(part.works):
            yield each.planned, 0, "plan", (name, number)
            if each.cancelled is not None:
                yield each.cancelled, 0, "cancel", (name, number)


@contextmanager
def _stage(out: Path, url: str, script: Script, seed: int) -> Iterator[Stage]:
    made = Stage(out, url, script, seed)
    try:
        yield made
    finally:
        made.close()
