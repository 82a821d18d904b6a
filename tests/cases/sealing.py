"""``python -m tests.cases.sealing``: a firm's accounts sealed while ``hub serve`` dies by kill -9.

The regulator's mock files one 迁出, a person approves it, and the serving process is killed again
and again on its way, each time at a moment drawn by chance after the core has sealed some more.
What happened is judged by the mocks' books alone: every account sealed by one application, one
feedback that says so.  Exit status 1 when it is not so.
"""

import argparse
import csv
import io
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from hub.app import case_acts
from hub.app.assembly import open_hub
from hub.app.demo_site import Site, write_home
from hub.app.discover import discover
from hub.cases.errors import NoSuchCase
from hub.kernel.clocks import SHANGHAI, SharedClock
from hub.kernel.settings import Settings
from hub.schedule import seed_calendar
from hub.store.schema import upgrade
from tests.cases.migration_stage import REGULATORS, SPEC, account, write_firm
from tests.chaos.__main__ import database
from tests.mocks.running import start, wait_for

NUMBER = "QY20251013000001"
_PARTNERS = (REGULATORS["migration"], "core-reference")
_SAMPLES = SPEC / "migration" / "samples"
_UP_S, _LOOK_S = 120.0, 0.2


@dataclass
class Told:
    """What was seen.  ``flaws``: what is not as it must be, empty when all is."""

    accounts: int
    database: str
    kills: list[int] = field(default_factory=list)
    """Accounts the core had sealed when the process was killed, kill by kill."""
    seconds: float = 0.0
    applications: int = 0
    sealed: int = 0
    calls: int = 0
    """Requests to seal that reached the core: more than chunks where an answer was lost."""
    done_told: int = 0
    feedback: int = 0
    repeats: int = 0
    text: str = ""
    flaws: list[str] = field(default_factory=list)


class Mocks:
    """The two partners by their control planes."""

    def __init__(self, urls: Any) -> None:
        self._urls = {name: urls[name]["control"] for name in _PARTNERS}

    def ask(self, partner: str, method: str, path: str, **body: Any) -> Any:
        said = httpx.request(method, self._urls[partner] + path, json=body or None, timeout=60,
                             trust_env=False)  # fmt: skip
        said.raise_for_status()
        return said.json() if "json" in said.headers["content-type"] else said.text

    def applications(self) -> list[dict[str, str]]:
        """The core's book of applications."""
        text = self.ask("core-reference", "GET", "/registry/applications.csv")
        return list(csv.DictReader(io.StringIO(text)))

    def sealed(self) -> int:
        return sum(one["SQZT"] == "03" for one in self.applications())

    def feedback(self) -> list[dict[str, Any]]:
        told = self.ask("market-regulator", "GET", f"/feedback?number={NUMBER}")["feedback"]
        return list(told)

    def seal_calls(self) -> int:
        """How often the core was asked to seal, by its journal."""
        path = "/journal?code=registry.account_seal&limit=100000"
        return len(self.ask("core-reference", "GET", path)["entries"])


class Serving:
    """``hub serve`` in a process of its own, on a free port it tells."""

    def __init__(self, site: Site, mocks: Mocks) -> None:
        words = [sys.executable, "-m", "hub.cli", "serve", "--home", str(site.home), "--json"]
        words += ["--port", "0", "--inbound-port", "0", "--api-port", "0", "--exit-with-parent"]
        with (site.home / "serve.log").open("ab") as log:
            self.process = subprocess.Popen(
                words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
            )
        assert self.process.stdout is not None
        said = json.loads(self.process.stdout.readline())
        mocks.ask("market-regulator", "POST", "/callback", url=said["inbound"])

    def kill(self) -> None:
        self.process.kill()
        self._gone()

    def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self._gone()

    def _gone(self) -> None:
        self.process.wait(60)
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()


def play(folder: Path, accounts: int, kills: int, url: str, seed: int) -> Told:
    """One firm from the push to the receipts.  ``url``: SQLite in the folder when it is empty."""
    site, drawn = Site(folder), random.Random(seed)
    told = Told(accounts, "postgresql" if url else "sqlite")
    with _mocks(site, folder, accounts) as (mocks, urls):
        _home(site, urls, url)
        began = time.monotonic()
        serving = Serving(site, mocks)
        try:
            document = json.loads((_SAMPLES / "case.push.request.json").read_text("utf-8"))
            mocks.ask("market-regulator", "POST", "/cases", route="case.push", document=document)
            _approve(site)
            for place in range(1, kills + 1):
                _until(lambda place=place: mocks.sealed() >= accounts * place // (kills + 1))
                time.sleep(drawn.random())
                told.kills.append(mocks.sealed())
                serving.kill()
                serving = Serving(site, mocks)
            _until(lambda: _steps(mocks)[-1:] == ["3"])
            told.seconds = round(time.monotonic() - began, 1)
            time.sleep(2 * _LOOK_S)  # what would be said once too often, has its time
        finally:
            serving.end()
        _judge(told, mocks)
    return told


def _judge(told: Told, mocks: Mocks) -> None:
    """By the mocks' books."""
    rows = mocks.applications()
    wanted = Counter(map(account, range(told.accounts)))
    done = Counter(row["GRZH"] for row in rows if row["SQZT"] == "03")
    states = Counter(
        mocks.ask("core-reference", "GET", f"/accounts/{account(n)}")["GRZHZT"]
        for n in range(told.accounts)
    )
    said = [one["document"] for one in mocks.feedback()]
    ends = [one for one in said if one["cljg"] == "3"]
    told.applications, told.sealed, told.calls = len(rows), states["02"], mocks.seal_calls()
    told.done_told, told.feedback = len(ends), len(said)
    told.repeats = sum(int(one["repeats"]) for one in mocks.feedback())
    told.text = ends[-1].get("sjyy", "") if ends else ""
    every = f"应封存 {told.accounts} 户，已封存 {told.accounts} 户，未能封存 0 户"
    judged = {
        "an account was not sealed by exactly one application": done != wanted,
        "there is an application for something else": len(rows) != told.accounts,
        "an account is not sealed": states != Counter({"02": told.accounts}),
        "the end was not told once": len(ends) != 1,
        "the end was told otherwise": told.text != every,
        "a step was left out": [one["seq"] for one in said] != list(range(1, len(said) + 1)),
    }
    told.flaws = [what for what, wrong in judged.items() if wrong]


def _approve(site: Site) -> None:
    """By a person, where there are more accounts than the contract leaves to the machine."""
    act = case_acts.KINDS["case.approve"]
    with open_hub(Settings.load(site.home)) as hub:

        def waits() -> bool:
            with hub.store.read() as view:
                try:
                    return act.look(hub, view, NUMBER).why_not is None
                except NoSuchCase:
                    return False

        _until(waits)
        with hub.store.write() as tx:
            act.do(hub, tx, act.look(hub, tx, NUMBER), "somebody", "已核对名册")


def _steps(mocks: Mocks) -> list[str]:
    return [one["document"]["cljg"] for one in mocks.feedback()]


@contextmanager
def _mocks(site: Site, folder: Path, accounts: int) -> Iterator[tuple[Mocks, Any]]:
    data, ports = folder / "data", folder / "ports.json"
    write_firm(data, accounts)
    SharedClock(site.clock_file).set(datetime(2025, 10, 14, 9, 30, tzinfo=SHANGHAI))
    words = [word for partner in _PARTNERS for word in ("--partner", partner)]
    process = start([*words, "--data", str(data), "--clock", str(site.clock_file)], site.mocks,
                    ports)  # fmt: skip
    try:
        urls = wait_for(ports, process)
        yield Mocks(urls), urls
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(60)


def _home(site: Site, urls: Any, url: str) -> None:
    core = urls["core-reference"]["api"]
    endpoints = {
        "core-reference": {"api": core},
        "core-registry": {"api": core},
        "onething-migration": {"api": urls["market-regulator"]["api"]},
    }
    top: dict[str, str | int] = {"environment": "demo", "workers": 2}
    top |= {"clock_file": str(site.clock_file), **({"database_url": url} if url else {})}
    write_home(site, discover(Settings(home=site.home)), endpoints, top)
    with open_hub(Settings.load(site.home)) as hub:
        upgrade(hub.store)
        with hub.store.write() as tx:
            seed_calendar(tx)


def _until(true: Any) -> None:
    """Until it is so; an end in sight is not expected of so much work, progress is."""
    end = time.monotonic() + _UP_S * 10
    while not true():
        if time.monotonic() > end:
            raise TimeoutError("it did not come about")
        time.sleep(_LOOK_S)


def main() -> int:
    """Play it; 0 when all was as it must be."""
    parser = argparse.ArgumentParser(prog="python -m tests.cases.sealing", description=__doc__)
    parser.add_argument("--accounts", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", default="", help="a PostgreSQL URL gets a schema of its own")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sealing-") as folder, database(asked.database) as url:
        told = play(Path(folder), asked.accounts, asked.kills, url, asked.seed)
    sys.stdout.write(json.dumps(asdict(told), ensure_ascii=False) + "\n")
    return 1 if told.flaws else 0


if __name__ == "__main__":
    sys.exit(main())
