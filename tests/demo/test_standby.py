"""A month at a bank with two addresses, against mock servers of their own.

The primary's door breaks exactly when it has booked the first batch: the reply is lost, and
nobody is there any more.  Behind the standby lies the same book, or a stale one of its own.
"""

import csv
import io
import shutil
import socket
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa

from hub.app import demo as work
from hub.app.demo_site import Mocks, Site
from hub.bus.places import place_of
from hub.bus.tables import attempt, call
from hub.kernel.periods import Period
from hub.kernel.settings import PartnerSettings, Settings, write_partners
from hub.offset.tables import item
from tests.demo.kit import small

BANK = "bank-icbc"


class Door:
    """A bank's address: passes on what comes, until it breaks behind the first instruction."""

    def __init__(self, url: str) -> None:
        to = urlsplit(url)
        self._to = (str(to.hostname), int(to.port or 0))
        self.broken = threading.Event()
        self._breaks = True
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, socket.create_connection(self._to) as bank:
            if self.broken.is_set():
                return
            asked = bytearray()
            ends = {client: (bank, asked), bank: (client, bytearray())}
            threads = [
                threading.Thread(target=self._pass, args=(one, other, kept, asked), daemon=True)
                for one, (other, kept) in ends.items()
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

    def _pass(
        self, one: socket.socket, other: socket.socket, kept: bytearray, asked: bytearray
    ) -> None:
        with suppress(OSError):
            while data := one.recv(65536):
                kept += data
                if self._breaks and kept is not asked and b"PAYENT" in asked:
                    self.close()  # booked: its answer is on its way, and never arrives
                    break
                other.sendall(data)
        for end in (one, other):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Nobody there any more."""
        self.broken.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def open_again(self) -> None:
        """Back, and sound."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._breaks = False
        self.broken.clear()
        threading.Thread(target=self._accept, daemon=True).start()


def credited(control: str) -> list[str]:
    """The numbers a mock's book has credited, each as often as it was."""
    with urllib.request.urlopen(f"{control}/credits.csv") as answer:
        rows = csv.DictReader(io.StringIO(answer.read().decode()))
        return [row["number"] for row in rows if row["kind"] == "credit"]


@contextmanager
def month(
    data: Path, out: Path, patch: pytest.MonkeyPatch, *, one_book: bool
) -> Iterator[tuple[work.DemoHub, work.Wanted, Door, str]]:
    """The demo set up; its door, and the control plane of the standby's book."""
    with ExitStack() as begun:
        found: dict[str, Any] = {}
        written = work.write_home

        def with_standby(site: Site, adapters: Any, endpoints: Any, top: Any) -> None:
            door = found["door"] = Door(endpoints[BANK]["api"])
            begun.callback(door.close)
            standby, control = endpoints[BANK]["api"], endpoints[BANK]["control"]
            if not one_book:
                other = Site(out / "standby")
                shutil.copytree(site.mocks / BANK, other.mocks / BANK)  # as it is before the month
                mocks = Mocks(other, data, [BANK])
                begun.callback(mocks.end)
                urls = mocks.endpoints()[BANK]
                standby, control = urls["api"], urls["control"]
            found["control"] = control
            written(site, adapters, endpoints, top)
            settings = Settings.load(site.home)
            known = settings.partner(BANK)
            given = {
                **known.model_dump(),
                "endpoints": {**known.endpoints, "api": [door.url, standby]},
                "switch": {"after": 3, "one_book": one_book},
            }
            partners = {**settings.partners, BANK: PartnerSettings.model_validate(given)}
            write_partners(
                site.home / "hub.toml", partners, top={"clock_file": "../clock.json", **top}
            )

        patch.setattr(work, "write_home", with_standby)
        asked = work.Wanted(
            data=data, period=Period(2025, 10), banks=("ICBC",), policy=None, out=out / "demo",
            port=8527, patience_s=90.0, wave_wait_s=1.0,
        )  # fmt: skip
        demo = work.set_up(asked, lambda _: None)
        begun.callback(work.end, demo)
        yield demo, asked, found["door"], found["control"]


def used(demo: work.DemoHub) -> tuple[int, str]:
    with demo.hub.store.read() as view:
        found = place_of(view, BANK)
    return found.place, found.by


def states(demo: work.DemoHub) -> set[str]:
    with demo.hub.store.read() as view:
        return set(view.scalars(sa.select(item.c.state).distinct()))


def test_one_book_behind_both(
    month_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = small(month_data, tmp_path / "data", 40)
    with month(data, tmp_path, monkeypatch, one_book=True) as (demo, asked, door, control):
        assert work.play(demo, asked, lambda _: None, patience_s=90.0)
        assert door.broken.is_set()
        assert used(demo) == (1, "hub")
        numbers = credited(control)
        assert len(numbers) == len(set(numbers)) > 5
        with demo.hub.store.read() as view:
            places = set(view.scalars(sa.select(attempt.c.place).distinct()))
            targets = {urlsplit(t.split()[1]).port for t in view.scalars(sa.select(call.c.target))
                       if (t.startswith("POST") and "Servlet" in t) or "servlet" in t}  # fmt: skip
        assert places == {0, 1}
        assert door.port in targets


def test_a_stale_standby_neither_pays_again_nor_lets_go(
    month_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = small(month_data, tmp_path / "data", 40)
    with month(data, tmp_path, monkeypatch, one_book=False) as (demo, asked, door, control):
        assert not work.play(demo, asked, lambda _: None, patience_s=8.0)
        assert used(demo) == (1, "hub")
        primary = demo.controls[BANK]
        first = credited(primary)
        assert len(first) > 0
        assert set(first).isdisjoint(credited(control))
        assert "unknown" in states(demo)
        door.open_again()
        until = time.monotonic() + 90
        while "unknown" in states(demo) and time.monotonic() < until:
            time.sleep(0.2)
        assert "unknown" not in states(demo)
        both = credited(primary) + credited(control)
        assert len(both) == len(set(both))
