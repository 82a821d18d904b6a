"""Runs that are killed at random moments and started again until they close.

Two ways.  *demo*: ``hub demo``, whose mocks die with it (at the same moment, or when they see
that it is gone).  *served*: mocks of their own that outlive the hub, ``hub serve`` and a
``hub worker`` beside it; either is killed alone, or both, or one is frozen past its leases.
"""

import random
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from hub.app.assembly import open_hub
from hub.app.demo_site import Site, write_home
from hub.app.discover import discover
from hub.app.hub import Hub
from hub.app.steps import confirm, request_plan
from hub.kernel.clocks import SHANGHAI, SharedClock
from hub.kernel.periods import Period
from hub.kernel.secret import Secret
from hub.kernel.settings import Settings
from hub.offset import runs
from hub.offset.agreements import import_agreements
from hub.offset.policy import current_policy
from hub.people import Actor, Party, Role
from hub.schedule import seed_calendar
from hub.store.schema import upgrade
from tests.chaos.judge import Verdict, judge
from tests.chaos.partners import MocksApart
from tests.chaos.places import BANKS, HUB, Control, Mocks, Process, demo, environment, mocks_of
from tests.chaos.watch import Watcher, Where

MONTH = Period.parse("2025-10")
LIMIT_S = 1200.0
LOOK_S = 0.03
COMMAND_S = 600.0
"""Of one command: on a machine that is busy with much else a start alone can take minutes."""
_PEOPLE = {"boss": Role.ADMINISTRATOR, "hand": Role.HANDLER, "yes": Role.APPROVER}
_STAGES = 6
"""A stage gets this part of a run's kills at most."""
CALLER = "bank-gyb"
_FREEZE_S = 8.0
"""Longer than the conductor's lease (6 s) and the quick contract's message lease."""


@dataclass(frozen=True, slots=True)
class Kill:
    """One act: after how long, on what, and what the hub was doing then."""

    run: int
    at_s: float
    act: str
    where: Where


@dataclass(slots=True)
class Ran:
    """One run: its kills, how long it took to its close, and the judge's verdict."""

    number: int
    kills: list[Kill] = field(default_factory=list)
    seconds: float = 0.0
    starts: int = 0
    audit: str = ""
    verdict: Verdict = field(default_factory=Verdict)


@dataclass(frozen=True, slots=True)
class Plan:
    """What every run of a suite shares.  ``pause_s``: the mean time of work between two kills."""

    place: Path
    data: Path
    expected: Path
    seed: int
    pause_s: float = 0.4
    contracts: Path | None = None
    patience: str = "4m"
    """How long a bad day may go without headway before it counts as stuck."""
    banks: tuple[str, ...] = BANKS
    """Whose month it is, by their codes."""


def set_clock(out: Path) -> None:
    """A banking morning of the month, for mocks that are up before any hub is."""
    out.mkdir(parents=True, exist_ok=True)
    SharedClock(out / "clock.json").set(datetime(2025, 10, 9, 9, 0, tzinfo=SHANGHAI))


def database_of(out: Path, url: str) -> str:
    """The database a hub in ``out`` uses."""
    return url or f"sqlite:///{out / 'hub' / 'hub.sqlite'}"


def demo_run(plan: Plan, number: int, kills: int, url: str = "") -> Ran:
    """One ``hub demo``, killed up to ``kills`` times; a run that closes before has fewer."""
    chance = random.Random(f"{plan.seed}:{number}")
    out = plan.place / f"run-{number}"
    env, watcher = environment(url, plan.contracts), Watcher(database_of(out, url))
    ran, began = Ran(number), time.monotonic()
    while len(ran.kills) < kills:
        process = demo(out, plan.data, env, banks=plan.banks)
        ran.starts += 1
        share = Counter(kill.where.stage for kill in ran.kills)
        full = {stage for stage, had in share.items() if had >= max(1, kills // _STAGES)}
        if not _until_moment(process, watcher, chance, plan.pause_s, full):
            break
        whole = chance.random() < 0.5
        process.kill(whole_group=whole)
        act = "kill demo and mocks" if whole else "kill demo"
        ran.kills.append(Kill(number, time.monotonic() - began, act, watcher.where()))
    process = demo(out, plan.data, env, banks=plan.banks)
    ran.starts += 1
    _must_close(process)
    ran.seconds = time.monotonic() - began
    with mocks_of(out, plan.data, plan.banks) as mocks:
        ran.verdict = judge(mocks.banks, mocks.core, out, plan.expected)
    ran.audit = verify_audit(out / "hub", env)
    return ran


def _until_moment(
    process: Process, watcher: Watcher, chance: random.Random, pause_s: float, full: Set[str]
) -> bool:
    """Wait for a random moment: a fifth of them while it starts, the others while it works.

    False when the process ended first.  A started hub waits until its forerunner's leadership
    is over; without that distinction most kills would only hit this wait.  A stage in ``full``
    has had its share: a step that is begun anew after each kill would take all of them.
    """
    if chance.random() < 0.2 and "set-up" not in full:
        return _lasts(process, chance.uniform(0.05, 4.0))
    limit = time.monotonic() + LIMIT_S
    while not watcher.conducts(process.pid):
        if process.code is not None or time.monotonic() > limit:
            return False
        time.sleep(LOOK_S)
    while _lasts(process, chance.expovariate(1 / pause_s)):
        if watcher.where().stage not in full:
            return True
    return False


def _lasts(process: Process, seconds: float) -> bool:
    """Wait; False when the process ended before."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and process.code is None:
        time.sleep(0.002)
    return process.code is None


def _must_close(process: Process) -> None:
    code = process.wait(LIMIT_S)
    if code != 0:
        raise AssertionError(f"the run ended with {code}: {process.tail(30)}")


def verify_audit(home: Path, env: Mapping[str, str]) -> str:
    """``hub audit verify``: empty when the chain and its checkpoints are good."""
    said = subprocess.run(
        [*HUB, "audit", "verify", "--home", str(home)], capture_output=True, text=True, env=env,
        cwd=home, check=False,
    )  # fmt: skip
    return "" if said.returncode == 0 else (said.stdout + said.stderr)[-500:]


class Served:
    """A hub home beside mocks of its own, driven as an operator would drive it."""

    launcher: Sequence[str] = HUB
    """How its processes are started; single commands are always the plain ``hub``."""

    def __init__(self, plan: Plan, number: int, url: str = "") -> None:
        self.plan, self.out = plan, plan.place / f"run-{number}"
        self.site = Site(self.out)
        self.site.home.mkdir(parents=True)
        self.env = environment(url, plan.contracts, HUB_HOME=str(self.site.home))
        self.watcher = Watcher(database_of(self.out, url))
        set_clock(self.out)
        self.mocks = self.partners()
        self.processes: dict[str, Process] = {}
        self._tokens: dict[str, str] = {}
        adapters = discover(Settings(home=self.site.home, environment="demo"))
        top: dict[str, str | int] = {"environment": "demo", "port": 0}
        write_home(self.site, adapters, self.mocks.endpoints(), top)
        self._inbound = _free_port()
        tell_callbacks(self.mocks.endpoints(), self._inbound)

    def partners(self) -> Mocks | MocksApart:
        """Start the mocks."""
        return Mocks(self.site.mocks, self.plan.data, self.site.clock_file, self.plan.banks)

    def environment_of(self, name: str) -> Mapping[str, str]:
        """What a process finds in its environment."""
        return self.env

    def command(self, *words: str, who: str = "", check: bool = True) -> str:
        """One ``hub`` command to its end; what it printed."""
        said = subprocess.run(
            [*HUB, *words], capture_output=True, text=True, env=self.as_person(who), cwd=self.out,
            check=False, timeout=COMMAND_S,
        )  # fmt: skip
        if check and said.returncode != 0:
            raise AssertionError(
                f"hub {words[:2]} answered {said.returncode}: {said.stderr[-800:]}"
            )
        return said.stdout

    def as_person(self, who: str) -> Mapping[str, str]:
        """The environment of a command that this person gives; nobody when empty."""
        return {**self.env, **({"HUB_TOKEN": self._tokens[who]} if who else {})}

    @contextmanager
    def opened(self) -> Iterator[Hub]:
        """The hub of this home, opened in this process beside its own; it does no work."""
        settings = Settings.load(self.site.home)
        changes: dict[str, object] = {}
        if "HUB_DATABASE_URL" in self.env:
            changes["database_url"] = self.env["HUB_DATABASE_URL"]
        if self.plan.contracts is not None:
            changes["contracts"] = self.plan.contracts
        with open_hub(settings.model_copy(update=changes)) as hub:
            yield hub

    def set_up(self) -> None:
        """Schema, people, agreements, the run; in this process, since a dozen starts of a command
        take longer than the month (tests/cli goes through the commands)."""
        with self.opened() as hub:
            upgrade(hub.store)
            with hub.store.write() as tx:
                seed_calendar(tx)
            by: Actor | None = None
            for login, role in _PEOPLE.items():
                with hub.store.write() as tx:
                    token = hub.people.add(
                        tx, login=login, name=login, party=Party.CENTRE, roles=[role], by=by
                    )
                by = by or hub.people.authenticate(token)
                self._tokens[login] = token.reveal()
            import_agreements(
                hub.store, hub.vault, self.plan.data / "agreements.csv", actor="hand",
                month=f"{hub.clock.today():%Y-%m}",
            )  # fmt: skip
            with hub.store.write() as tx:
                runs.open_run(
                    tx, hub.office, MONTH, self.plan.banks, current_policy(tx), wave_wait_s=180.0,
                    data_digest="", actor="hand",
                )  # fmt: skip

    def token(self, login: str) -> str:
        """A person's token: ``boss``, ``hand`` or ``yes``."""
        return self._tokens[login]

    def start(self, name: str) -> Process:
        """Start ``serve`` or ``worker`` (several: ``worker-2`` and so on)."""
        words = [*self.launcher, name.partition("-")[0]]
        words += (
            ["--port", str(_free_port()), "--inbound-port", str(self._inbound)]
            if name == "serve"
            else []
        )
        self.processes[name] = Process(words, self.out / f"{name}.log", self.environment_of(name))
        return self.processes[name]

    def approve(self) -> None:
        """Two people approve the first wave once it is a trial (or was submitted before)."""
        with self.opened() as hub:
            asked = request_plan(hub, Secret(self.token("hand")), MONTH, 1, "试算")
            confirm(hub, Secret(self.token("yes")), asked, "同意")

    def finish(self) -> Verdict:
        """Export, end all processes, judge by the mocks that are still up."""
        for process in self.processes.values():
            process.end()
        self.command("offset", "export", "--month", str(MONTH), "--out", str(self.out))
        return judge(self.mocks.banks, self.mocks.core, self.out, self.plan.expected)

    def close(self) -> None:
        """Nothing of ours stays."""
        for process in self.processes.values():
            process.kill(whole_group=True)
        self.mocks.end()


_ACTS = ("kill serve", "kill worker", "kill serve and worker", "freeze serve", "freeze worker")
_WEIGHTS = (4, 3, 2, 1, 1)


def served_run(plan: Plan, number: int, kills: int, url: str = "") -> Ran:
    """``hub serve`` and ``hub worker``, killed or frozen up to ``kills`` times."""
    chance = random.Random(f"{plan.seed}:{number}")
    served = Served(plan, number, url)
    ran, began = Ran(number), time.monotonic()
    approved = False
    try:
        served.set_up()
        for name in ("serve", "worker"):
            served.start(name)
        limit = time.monotonic() + LIMIT_S
        while (state := served.watcher.run_state()) != "closed":
            if time.monotonic() > limit:
                raise TimeoutError(f"not closed: {served.watcher.where()}")
            if not approved and set(served.watcher.wave_states()) & {"trial", "submitted"}:
                served.approve()
                approved = True
            if len(ran.kills) < kills and state:
                _act(served, ran, chance, began)
            time.sleep(LOOK_S)
        ran.seconds = time.monotonic() - began
        ran.verdict = served.finish()
        ran.audit = verify_audit(served.site.home, served.env)
    finally:
        served.close()
    return ran


def _act(served: Served, ran: Ran, chance: random.Random, began: float) -> None:
    """Wait for somebody to work, then for a random while, then do one of the acts."""
    until = time.monotonic() + 10
    while not served.watcher.conducts(*(p.pid for p in served.processes.values())):
        if time.monotonic() > until:
            return
        time.sleep(LOOK_S)
    time.sleep(chance.expovariate(1 / served.plan.pause_s))
    act = chance.choices(_ACTS, _WEIGHTS)[0]
    where = served.watcher.where()
    if where.stage == "closed":
        return
    names = [name for name in ("serve", "worker") if name in act]
    if act.startswith("freeze"):
        served.processes[names[0]].freeze(_FREEZE_S)
    else:
        for name in names:
            served.processes[name].kill(whole_group=True)
        where = served.watcher.where()
        time.sleep(chance.uniform(0, 1.0))
        for name in names:
            served.start(name)
            ran.starts += 1
    ran.kills.append(Kill(ran.number, time.monotonic() - began, act, where))


def tell_callbacks(endpoints: Mapping[str, Mapping[str, str]], port: int) -> None:
    """Mocks that push results are told where the hub listens; the others have no such control."""
    if CALLER in endpoints:
        url = {"url": f"http://127.0.0.1:{port}"}
        Control(endpoints[CALLER]["control"]).ask("POST", "/callback", url)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
