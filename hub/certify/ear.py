"""Where a partner that calls us is heard while it is certified: the product's own receiving side
on a database of the certificate's, made for it and thrown away."""

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.app.discover import FoundAdapter
from hub.bus import Bus, InboxWorker, Reception, Seat, Taken
from hub.bus.tables import drift, inbound
from hub.contracts import codes_told
from hub.crypto import KeyRing
from hub.offset.letters import NoticeLetter, pack, unpack
from hub.ports.bank import RESULTS_NOTICE, ResultsNotice, RowResult
from hub.ports.context import AdapterContext
from hub.ports.inbound import InboundAnswer, InboundRequest
from hub.store import Store
from hub.store.schema import upgrade
from hub.store.vault import Vault
from hub.wire.http_in import HttpListener, ListenPortTaken


class _Recorder:
    """Takes result notices and keeps them."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, list[RowResult]]] = []

    def pack(self, value: ResultsNotice) -> bytes:
        return pack(NoticeLetter.of(value))

    def take(self, tx: Connection, taken: Taken) -> None:
        letter = unpack(taken.content, NoticeLetter)
        self.heard.append((letter.batch, letter.results()))


@dataclass(frozen=True, slots=True)
class Heard:
    """What came since a case began: ``results`` by the batch each notice names; how many requests
    were taken, came again, contradicted an earlier one, were not believed."""

    results: list[tuple[str, list[RowResult]]]
    repeats: int
    conflicts: int
    distrusted: int


class Ear:
    """One interface's receiving port.  ``told(table, code)`` hears of every code of the contract
    that it answers with."""

    def __init__(self, adapter: FoundAdapter, context: AdapterContext, folder: Path, host: str,
                 port: int) -> None:  # fmt: skip
        self._store = Store(f"sqlite:///{folder / 'inbox.sqlite'}")
        upgrade(self._store)
        bus = Bus(Vault(KeyRing.create(folder / "keys")))
        self._recorder = _Recorder()
        users = {RESULTS_NOTICE: self._recorder}
        seat = Seat(adapter.interface, adapter.build_inbound_in(context))
        self._reception = Reception(self._store, bus, context.clock, [seat], users)
        self._worker = InboxWorker(self._store, bus, users)
        self.told: Callable[[str, str], None] = lambda _table, _code: None
        self._listener = HttpListener(self._take, self._reception.routes, host=host, port=port)
        self.address = self._listener.address
        self._last, self._drifts = 0, 0

    def start(self) -> None:
        """Listen."""
        self._listener.start()

    def new_case(self) -> None:
        """A case begins: what came before is another's."""
        self._hear()
        self._recorder.heard.clear()
        with self._store.read() as view:
            self._last = int(view.scalar(sa.select(sa.func.max(inbound.c.id))) or 0)
            self._drifts = self._distrusted(view)

    def heard(self) -> Heard:
        """What came since."""
        self._hear()
        sums = sa.select(sa.func.sum(inbound.c.repeats), sa.func.sum(inbound.c.conflicts))
        with self._store.read() as view:
            repeats, conflicts = view.execute(sums.where(inbound.c.id > self._last)).one()
            distrusted = self._distrusted(view) - self._drifts
        return Heard(
            list(self._recorder.heard), int(repeats or 0), int(conflicts or 0),
            distrusted - int(conflicts or 0),
        )  # fmt: skip

    def close(self) -> None:
        """Listen no more."""
        self._listener.stop()
        self._store.close()

    def _take(self, request: InboundRequest) -> InboundAnswer:
        # Answered on a thread of the listener's, where nobody else hears what is looked up.
        with codes_told(self.told):
            return self._reception.take(request)

    def _hear(self) -> None:
        while self._worker.run_once():
            pass
        self._reception.tell()

    @staticmethod
    def _distrusted(view: Connection) -> int:
        return int(view.scalar(sa.select(sa.func.sum(drift.c.seen))) or 0)


@contextlib.contextmanager
def open_ear(
    adapter: FoundAdapter, context: AdapterContext, host: str, port: int
) -> Iterator[Ear | None]:
    """The receiving port of an adapter that listens; None for one that does not, and where the
    port is taken (the hub itself listens there: it would hear the partner, not we)."""
    if not adapter.manifest.inbound:
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="certify-inbox-"))
    try:
        ear = Ear(adapter, context, folder, host, port)
        ear.start()
    except ListenPortTaken:
        shutil.rmtree(folder, ignore_errors=True)
        yield None
        return
    try:
        yield ear
    finally:
        ear.close()
        shutil.rmtree(folder, ignore_errors=True)


def told_of(heard: Heard, batch: str) -> tuple[list[RowResult], dict[str, Any]]:
    """Results told of one batch, and the figures of the case."""
    mine = [results for named, results in heard.results if named == batch]
    figures = {
        "notices": len(mine), "others": len(heard.results) - len(mine),
        "repeats": heard.repeats, "conflicts": heard.conflicts, "distrusted": heard.distrusted,
    }  # fmt: skip
    return [one for results in mine for one in results], figures
