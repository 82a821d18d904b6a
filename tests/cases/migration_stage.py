"""A centre between the mock market regulator and the mock core, on real sockets."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from hub.app.assembly import open_hub, start_engine
from hub.app.demo_site import Site, write_home
from hub.app.discover import discover
from hub.app.publishing import Following
from hub.app.receiving import open_receiving
from hub.core.copy_tables import registry_unit
from hub.kernel.clocks import SHANGHAI, SharedClock
from hub.kernel.settings import Settings
from hub.schedule import seed_calendar
from hub.store.schema import upgrade
from tests.cases.stage import Stage
from tests.core.corekit import PERSON_HEADER
from tests.mocks.running import ROOT, start, wait_for

SPEC = ROOT / "contracts_spec" / "one_thing"
REGULATORS = {"migration": "market-regulator", "change": "change-regulator"}
"""Thing → the partner that files it."""
USCC = "91522700MA0000097C"
UNIT = (
    "DWZH,DWMC,TYSHXYDM,DWDZ,DWFRDBXM,DWFRDBZJHM,DWZHZT,DWJCBL,GRJCBL,JZNY\n"
    f"522700000001,都匀样例有限公司,{USCC},都匀市,吴一,522701196501016661,01,0.12,0.12,202510\n"
)
CLOSED = 2
"""How many of the firm's accounts are no longer open."""


def account(place: int) -> str:
    """The number of the firm's employee."""
    return f"5227{place:010d}"


def _people(count: int) -> list[str]:
    row = "{},522700000001,员工{},99,P{:08d},13900000001,{},5000.00,600,600,10.00,0,20200101,202510"
    return [
        row.format(account(n), n, n, "05" if n >= count else "01") for n in range(count + CLOSED)
    ]


def write_firm(data: Path, count: int) -> None:
    """The core's files: one firm of ``count`` open accounts and some that are closed."""
    data.mkdir(parents=True)
    (data / "units.csv").write_text(UNIT, encoding="utf-8")
    (data / "persons.csv").write_text("\n".join([PERSON_HEADER, *_people(count)]) + "\n", "utf-8")


@dataclass
class Regulated(Stage):
    """``platform`` is the regulator of one thing."""

    thing: str = "migration"

    def platform(self, method: str, path: str, **body: Any) -> Any:
        return self._control(REGULATORS[self.thing], method, path, **body)

    def file(self, route: str = "case.push", **changes: Any) -> None:
        shape = changes.pop("shape", "")
        sample = changes.pop("sample", f"{route}.request.json")
        document = json.loads((SPEC / self.thing / "samples" / sample).read_text(encoding="utf-8"))
        self.platform("POST", "/cases", route=route, document={**document, **changes},
                      shape=shape)  # fmt: skip

    def states(self, people: int) -> dict[str, int]:
        """GRZHZT → how many of the firm's accounts, by the core."""
        return dict(Counter(self._account(n)["GRZHZT"] for n in range(people + CLOSED)))

    def held(self, place: int) -> int:
        """分 on hold on an account, by the core."""
        return int(self._account(place)["ZYJEFEN"])

    def _account(self, place: int) -> Any:
        return self.core("GET", f"/accounts/{account(place)}")

    def copied(self) -> bool:
        """Whether our copy has the firm."""
        with self.hub.store.read() as view:
            return bool(view.scalar(sa.select(sa.func.count()).select_from(registry_unit)))

    def unit(self) -> tuple[str, int, int]:
        """The unit's state, and how many pay and are sealed, as our copy has them."""
        u = registry_unit.c
        with self.hub.store.read() as view:
            row = view.execute(sa.select(u.state, u.people, u.sealed_people)).one()
        return row.state, row.people, row.sealed_people

    def sealings(self) -> dict[str, int]:
        """Account → how many sealings of it the core has carried out, by the core's CSV."""
        text = self.core("GET", "/registry/applications.csv")
        found = Counter[str]()
        for said in csv.DictReader(io.StringIO(text)):
            found[said["GRZH"]] += said["SQLX"] == "account_seal" and said["SQZT"] == "03"
        return dict(found)


@contextmanager
def stage(folder: Path, count: int, thing: str = "migration") -> Iterator[Regulated]:
    """Up until the block ends; a firm of ``count`` open accounts."""
    site, data = Site(folder), folder / "data"
    write_firm(data, count)
    clock = SharedClock(site.clock_file)
    clock.set(datetime(2025, 10, 14, 9, 30, tzinfo=SHANGHAI))
    words = [
        word for partner in (REGULATORS[thing], "core-reference") for word in ("--partner", partner)
    ]
    ports = folder / "ports.json"
    process = start([*words, "--data", str(data), "--clock", str(site.clock_file)], site.mocks,
                    ports)  # fmt: skip
    try:
        yield from _served(site, wait_for(ports, process), thing)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(20)


def _served(site: Site, urls: dict[str, Any], thing: str) -> Iterator[Regulated]:
    core = urls["core-reference"]["api"]
    endpoints = {
        "core-reference": {"api": core},
        "core-registry": {"api": core},
        f"onething-{thing}": {"api": urls[REGULATORS[thing]]["api"]},
    }
    top = {"environment": "test", "workers": 2, "clock_file": str(site.clock_file)}
    write_home(site, discover(Settings(home=site.home)), endpoints, top)
    with open_hub(Settings.load(site.home)) as hub:
        upgrade(hub.store)
        with hub.store.write() as tx:
            seed_calendar(tx)
        assert hub.cases is not None
        hub._cases = replace(hub.cases, ask_again_s=0.1, hold_again_s=0.2)
        receiving = open_receiving(hub, 0)
        assert receiving is not None
        engine, following = start_engine(hub), Following(hub)
        receiving.start()
        following.start()
        try:
            made = Regulated(hub, urls, receiving.address, thing)
            made.platform("POST", "/callback", url=receiving.address)
            yield made
        finally:
            following.stop()
            receiving.stop()
            engine.stop()
