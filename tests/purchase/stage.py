"""A whole centre on real sockets: portal, hall and core as mocks, the hub receiving."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa

from hub.app.assembly import open_hub, start_engine
from hub.app.demo_site import Site, write_home
from hub.app.discover import discover
from hub.app.hub import Hub
from hub.app.receiving import open_receiving
from hub.audit.tables import audit_entry
from hub.cases import tables as t
from hub.kernel.clocks import SHANGHAI, SharedClock
from hub.kernel.settings import Settings
from hub.schedule import seed_calendar
from hub.store.schema import upgrade
from tests.core.corekit import PERSON_HEADER, UNITS
from tests.mocks.running import start, wait_for

NOW = datetime(2025, 10, 14, 9, 30, tzinfo=SHANGHAI)
CALLBACK = "/onething-home-purchase/sso/callback"
ME = "𠮷田𬭩·阿依努尔"
PAPER = "522701196501010000"
ACCOUNT = "52270000000101"
PEOPLE = {
    "hold": ("52270000000102", "蒙朝阳", "522701196502020008"),
    "lack": ("52270000000103", "陆小雨", "522701196503030005"),
    "back": ("52270000000104", "莫七", "522701196504040002"),
}
_PARTNERS = ("guizhou-portal", "qiannan-hall", "core-reference")


@dataclass
class Stage:
    """What a test may do and see."""

    hub: Hub
    urls: dict[str, Any]
    address: str
    clock: SharedClock

    @property
    def portal(self) -> str:
        return str(self.urls["guizhou-portal"]["web"])

    @property
    def hall(self) -> str:
        return str(self.urls["qiannan-hall"]["web"])

    @property
    def callback(self) -> str:
        return self.address + CALLBACK

    def control(self, partner: str, method: str, path: str, **body: Any) -> Any:
        said = httpx.request(method, self.urls[partner]["control"] + path, json=body or None,
                             timeout=20, trust_env=False)  # fmt: skip
        assert said.status_code < 300, said.text
        return said.json() if "json" in said.headers["content-type"] else said.text

    def told(self, number: str) -> list[dict[str, Any]]:
        """What the portal was told of a case, in order: kind and document."""
        found: list[dict[str, Any]] = self.control(
            "guizhou-portal", "GET", f"/feedback?number={number}"
        )["feedback"]
        return found

    def later(self, **by: int) -> None:
        """Business time moves on, for the hub and every mock."""
        self.clock.set(self.clock.now() + timedelta(**by))

    def audited(self, act: str) -> list[str]:
        """The details of the audit's entries of an act."""
        with self.hub.store.read() as view:
            return list(
                view.scalars(
                    sa.select(audit_entry.c.detail)
                    .where(audit_entry.c.act == act)
                    .order_by(audit_entry.c.id)
                )
            )

    def visits(self) -> list[sa.Row[Any]]:
        with self.hub.store.read() as view:
            return list(view.execute(sa.select(t.visit).order_by(t.visit.c.id)))

    def case(self, number: str) -> sa.Row[Any] | None:
        with self.hub.store.read() as view:
            return view.execute(sa.select(t.case).where(t.case.c.number == number)).one_or_none()


@contextmanager
def stage(folder: Path) -> Iterator[Stage]:
    """Up until the block ends."""
    site, data = Site(folder), folder / "data"
    data.mkdir(parents=True)
    (data / "units.csv").write_text(UNITS, encoding="utf-8")
    row = "{},522700000001,{},01,{},13900000001,01,5000.00,600,600,44022.27,0.00,20200101,202510"
    rows = [row.format(*one) for one in ((ACCOUNT, ME, PAPER), *PEOPLE.values())]
    (data / "persons.csv").write_text("\n".join([PERSON_HEADER, *rows]) + "\n", "utf-8")
    clock = SharedClock(site.clock_file)
    clock.set(NOW)
    words = [word for partner in _PARTNERS for word in ("--partner", partner)]
    ports = folder / "ports.json"
    process = start([*words, "--data", str(data), "--clock", str(site.clock_file)], site.mocks,
                    ports)  # fmt: skip
    try:
        urls = wait_for(ports, process)
        with _served(site, urls) as (hub, address):
            made = Stage(hub, urls, address, clock)
            for partner in ("guizhou-portal", "qiannan-hall"):
                made.control(partner, "POST", "/callback", url=address)
            for _, name, paper in PEOPLE.values():
                made.control("guizhou-portal", "POST", "/people", user_type="1", name=name,
                             id_number=paper)  # fmt: skip
            yield made
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(20)


@contextmanager
def _served(site: Site, urls: dict[str, Any]) -> Iterator[tuple[Hub, str]]:
    adapters = discover(Settings(home=site.home))
    core = urls["core-reference"]["api"]
    endpoints = {
        "core-reference": {"api": core},
        "core-registry": {"api": core},
        "onething-home-purchase": {"api": urls["guizhou-portal"]["api"]},
    }
    top = {"environment": "test", "workers": 2, "clock_file": str(site.clock_file)}
    write_home(site, adapters, endpoints, top)
    written, hall = site.home / "hub.toml", urls["qiannan-hall"]["web"]
    text = written.read_text("utf-8")
    assert "https://wt.example.cn/sso" in text
    text = text.replace("https://wt.example.cn/sso", f"{hall}/sso")
    written.write_text(text.replace("https://wt.example.cn", hall), "utf-8")
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
