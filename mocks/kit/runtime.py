"""One partner, running: its storage, its ports, its control plane, until told to stop."""

import asyncio
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from mocks.kit.clock import MockClock
from mocks.kit.control import ControlPlane
from mocks.kit.discover import build, manifest
from mocks.kit.faults import FaultBook
from mocks.kit.guard import MockRefusal
from mocks.kit.http import HttpPort
from mocks.kit.journal import Journal
from mocks.kit.messages import Handler, Port, Ported, Reply, Request, Service
from mocks.kit.outgoing import CallsOut, Outgoing, send
from mocks.kit.partner import CONTRACTS, Manifest, Site
from mocks.kit.shelf import SHELF
from mocks.kit.storage import Notes, Storage
from mocks.kit.switch import Switch, Worker

_CHECK_REFUSALS_S = 0.05
_CALL_OUT_S = 0.05
_EDITIONS_S = 0.5


@dataclass(frozen=True, slots=True)
class Options:
    """How to run one partner.  ``port_base`` 0: any free port, the same again after a restart.

    ``names``: those of its names it was asked for by; the ports file tells each.
    """

    partner: str
    names: tuple[str, ...]
    state: Path
    data: Path | None
    clock: Path
    environment: str
    ports_file: Path | None
    exit_with_parent: bool
    port_base: int
    contracts: Path = CONTRACTS
    editions: tuple[str, ...] = ()
    """Editions to speak whatever the day (``banks/gznx@2.0.0``)."""


def write_whole(path: Path, value: object) -> None:
    """Replace a JSON file so that a reader sees the old or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    fresh.write_text(json.dumps(value, ensure_ascii=False, indent=1), encoding="utf-8")
    fresh.replace(path)


def run(options: Options) -> None:
    """Serve one partner until SIGTERM, SIGINT or, if asked, the end of standard input."""
    found = manifest(options.partner)
    folder = options.state / found.partner
    storage = Storage(folder / f"{found.partner}.sqlite")
    notes = Notes(storage)
    stood = notes.get("environment")
    if stood not in (None, options.environment):
        raise MockRefusal(
            f"{folder} 属于{stood}环境，不能用于{options.environment}；请换 --state。"
        )
    notes.put("environment", options.environment)
    clock = MockClock(options.clock)
    SHELF.folder, SHELF.day = options.contracts, clock.now().date()
    SHELF.order(options.editions)
    site = Site(
        name=found.partner,
        storage=storage,
        notes=notes,
        state=folder,
        data=options.data,
        clock=clock,
        environment=options.environment,
    )
    running = _Running(found, site, Journal(folder / "journal.sqlite"))
    asyncio.run(running.serve(options))
    if running.cut_over:
        # As a bank cuts over: a new process of the same kind, on the same state and ports.
        os.execv(sys.executable, [sys.executable, "-m", "mocks", *sys.argv[1:]])  # noqa: S606


class _Running:
    def __init__(self, found: Manifest, site: Site, journal: Journal) -> None:
        self._manifest = found
        self._site = site
        self._journal = journal
        self._worker = Worker()
        self._partner = build(found, site)
        self._book: FaultBook = journal.load_rules(self._partner.fault_kinds())
        self._plane = ControlPlane(
            manifest=found, site=site, partner=self._partner, journal=journal, book=self._book
        )
        self._ports: dict[str, Port] = {}
        self._refusing: set[str] = set()
        self.cut_over = False
        """Whether it ended because another edition of its contract came into force."""

    async def serve(self, options: Options) -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        await self._listen(options.port_base)
        await self._apply_refusals()
        entry = self._entry()
        entries = dict.fromkeys(options.names, entry)
        write_whole(self._site.state / "ports.json", entries)
        if options.ports_file is not None:
            write_whole(options.ports_file, entries)
        print(f"{self._manifest.title} [{self._site.environment}] {json.dumps(entry)}", flush=True)
        if options.exit_with_parent:
            watch_stdin(lambda: loop.call_soon_threadsafe(stop.set))
        beside = [
            asyncio.create_task(self._watch_refusals()),
            asyncio.create_task(self._watch_editions(stop)),
        ]
        if isinstance(self._partner, CallsOut):
            beside.append(asyncio.create_task(self._call_out(self._partner.outgoing)))
        await stop.wait()
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        for port in self._ports.values():
            await port.close()
        self._worker.close()
        self._journal.storage.close()
        self._site.storage.close()

    async def _listen(self, base: int) -> None:
        services = self._partner.services()
        self._ports["control"] = HttpPort(self._control)
        for endpoint in self._manifest.endpoints:
            switch = Switch(
                endpoint=endpoint,
                service=services[endpoint],
                journal=self._journal,
                faults=lambda: self._book,
                clock=self._site.clock,
                worker=self._worker,
            )
            self._ports[endpoint] = _port(services[endpoint], switch.handle)
        before: Mapping[str, int] = json.loads(self._journal.notes.get("ports") or "{}")
        for place, (name, port) in enumerate(self._ports.items()):
            await _start(port, base + place if base else before.get(name, 0), must=bool(base))
        kept = {name: port.port for name, port in self._ports.items()}
        self._journal.notes.put("ports", json.dumps(kept))

    def _entry(self) -> dict[str, object]:
        return {**{name: port.url for name, port in self._ports.items()}, "pid": os.getpid()}

    async def _control(self, request: Request) -> Reply:
        answer = await self._worker.do(lambda: self._plane.handle(request))
        await self._apply_refusals()
        return answer

    async def _apply_refusals(self) -> None:
        refused = await self._worker.do(self._plane.refused)
        for name in self._manifest.endpoints:
            port = self._ports[name]
            if (name in refused or "" in refused) and name not in self._refusing:
                self._refusing.add(name)
                await port.refuse()
            elif name not in refused and "" not in refused and name in self._refusing:
                self._refusing.discard(name)
                await port.accept()

    async def _call_out(self, outgoing: Outgoing) -> None:
        while True:
            await asyncio.sleep(_CALL_OUT_S)
            for post in await self._worker.do(outgoing.due):
                heard = await asyncio.to_thread(send, post)
                await self._worker.do(partial(outgoing.done, post, heard))

    async def _watch_refusals(self) -> None:
        while True:
            await asyncio.sleep(_CHECK_REFUSALS_S)
            if self._refusing:
                await self._apply_refusals()

    async def _watch_editions(self, stop: asyncio.Event) -> None:
        while not self.cut_over:
            await asyncio.sleep(_EDITIONS_S)
            self.cut_over = SHELF.is_over(self._site.clock.today())
        stop.set()


def _port(service: Service, handle: Handler) -> Port:
    return service.port(handle) if isinstance(service, Ported) else HttpPort(handle)


async def _start(port: Port, number: int, *, must: bool) -> None:
    try:
        await port.start(number)
    except OSError as error:
        if must:
            raise MockRefusal(f"端口 {number} 不能监听：{error.strerror}") from error
        await port.start(0)


def watch_stdin(ended: Callable[[], object]) -> None:
    """Call ``ended`` when standard input ends: whoever started us has gone."""

    def watch() -> None:
        # Not sys.stdin: its lock, held here for ever, aborts the interpreter when it ends.
        while os.read(sys.stdin.fileno(), 4096):
            pass
        ended()
        time.sleep(10)  # a stop that hangs must not leave an orphan
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="stdin").start()
