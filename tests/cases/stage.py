"""A whole centre on real sockets: the hub serving, the mock platform filing, the mock core."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa

from hub.app.assembly import open_hub, start_engine
from hub.app.demo_site import Site, write_home
from hub.app.discover import discover
from hub.app.hub import Hub
from hub.app.receiving import open_receiving
from hub.cases import tables as t
from hub.kernel.clocks import SHANGHAI, SharedClock
from hub.kernel.settings import Settings
from hub.schedule import seed_calendar
from hub.store.schema import upgrade
from tests.core.corekit import PERSON_HEADER, UNITS
from tests.mocks.running import ROOT, start, wait_for

SAMPLES = ROOT / "contracts_spec" / "one_thing" / "retirement" / "samples"
NAME = "𠮷田𬭩·阿依努尔"
PARTNERS = ("guizhou-portal", "core-reference")


PEOPLE = {
    "hold": ("52270000000102", "蒙朝阳", "522701196502020008"),
    "bad": ("52270000000103", "陆小雨", "522701196503030005"),
    "away": ("52270000000104", "莫七", "522701196504040002"),
    "back": ("52270000000105", "石八", "52270119650505000X"),
    "docs": ("52270000000106", "潘䶮", "522701196506060007"),
}
"""Who retires: account, name, document."""


def of(who: str) -> dict[str, str]:
    """The fields of a filing that say it is about this person."""
    _, name, paper = PEOPLE[who]
    return {"name": name, "idCardNumber": paper}


def _people() -> list[str]:
    """The person of the golden samples, and some more."""
    row = "{},522700000001,{},01,{},13900000001,01,5000.00,600,600,44022.27,0.00,20200101,202510"
    first = ("52270000000101", NAME, "522701196501010000")
    return [row.format(*one) for one in (first, *PEOPLE.values())]


@dataclass
class Stage:
    """What a test may do and see; the platform's and the core's side by their control planes."""

    hub: Hub
    urls: dict[str, Any]
    address: str

    def platform(self, method: str, path: str, **body: Any) -> Any:
        return self._control("guizhou-portal", method, path, **body)

    def core(self, method: str, path: str, **body: Any) -> Any:
        return self._control("core-reference", method, path, **body)

    def _control(self, partner: str, method: str, path: str, **body: Any) -> Any:
        said = httpx.request(method, self.urls[partner]["control"] + path, json=body or None,
                             timeout=20, trust_env=False)  # fmt: skip
        assert said.status_code < 300, said.text
        return said.json() if "json" in said.headers["content-type"] else said.text

    def file(self, route: str = "case.push", **changes: Any) -> None:
        """File the golden sample of a route, with other fields."""
        shape = changes.pop("shape", "")
        sample = changes.pop("sample", f"{route}.request.json")
        document = json.loads((SAMPLES / sample).read_text(encoding="utf-8"))
        self.platform("POST", "/cases", route=route, document={**document, **changes},
                      shape=shape)  # fmt: skip

    def answers(self) -> list[tuple[str, str]]:
        """(state, code) of each push."""
        return [(one["state"], one["said"]) for one in self.platform("GET", "/cases")["cases"]]

    def steps(self, number: str) -> list[str]:
        """What the platform was told of a case, in order."""
        found = self.platform("GET", f"/feedback?number={number}")["feedback"]
        return [
            one["document"].get("cljg") or one["document"].get("event_code")
            or one["document"].get("result_type") or "2"
            for one in found
        ]  # fmt: skip

    def told(self, number: str) -> dict[str, Any]:
        """The last feedback of a case."""
        found = self.platform("GET", f"/feedback?number={number}")["feedback"]
        last: dict[str, Any] = found[-1]["document"]
        return last

    def applications(self) -> list[str]:
        """State by state, as the core has them."""
        rows = self.core("GET", "/registry/applications.csv").splitlines()
        head = rows[0].split(",")
        return [row.split(",")[head.index("SQZT")] for row in rows[1:]]

    def state(self, number: str) -> str:
        with self.hub.store.read() as view:
            return str(view.scalar(sa.select(t.case.c.state).where(t.case.c.number == number)))


def until(condition: Callable[[], Any], seconds: float = 20.0) -> None:
    """Until it holds, or the test fails."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


@contextmanager
def stage(folder: Path) -> Iterator[Stage]:
    """Up until the block ends."""
    site, data = Site(folder), folder / "data"
    data.mkdir(parents=True)
    (data / "units.csv").write_text(UNITS, encoding="utf-8")
    (data / "persons.csv").write_text("\n".join([PERSON_HEADER, *_people()]) + "\n", "utf-8")
    clock = SharedClock(site.clock_file)
    clock.set(datetime(2025, 10, 14, 9, 30, tzinfo=SHANGHAI))
    words = [word for partner in PARTNERS for word in ("--partner", partner)]
    ports = folder / "ports.json"
    process = start([*words, "--data", str(data), "--clock", str(site.clock_file)], site.mocks,
                    ports)  # fmt: skip
    try:
        urls = wait_for(ports, process)
        with _served(site, urls) as (hub, address):
            made = Stage(hub, urls, address)
            made.platform("POST", "/callback", url=address)
            yield made
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(20)


@contextmanager
def _served(site: Site, urls: dict[str, Any]) -> Iterator[tuple[Hub, str]]:
    adapters = discover(Settings(home=site.home))
    core, platform = urls["core-reference"]["api"], urls["guizhou-portal"]
    endpoints = {
        "core-reference": {"api": core},
        "core-registry": {"api": core},
        "onething-retirement": {"api": platform["api"], "docs": platform["docs"]},
    }
    top = {"environment": "test", "workers": 2, "clock_file": str(site.clock_file)}
    write_home(site, adapters, endpoints, top)
    with open_hub(Settings.load(site.home)) as hub:
        upgrade(hub.store)
        with hub.store.write() as tx:
            seed_calendar(tx)
        assert hub.cases is not None
        hub._cases = replace(hub.cases, ask_again_s=0.1, hold_again_s=0.2)
        receiving = open_receiving(hub, 0)
        assert receiving is not None
        engine = start_engine(hub)
        receiving.start()
        try:
            yield hub, receiving.address
        finally:
            receiving.stop()
            engine.stop()
