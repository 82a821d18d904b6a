"""Our side of the comparison: the whole bus, but no network and no books.

Everything durable is in it: payload sealed, attempt stored before sending, lease with epoch,
verdict, audit entry.  At least once, fenced.
"""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy.engine import Connection

from hub.bus import Bus, Delivery, Effect, Message, NewMessage, Worker
from hub.crypto.keyring import KeyRing
from hub.ports.line import DriftNotes, Line, PartnerRefused
from hub.store import Store, metadata
from hub.store.vault import Vault
from hub.wire import CallRecorder

INTERFACE = "bench"
PAYLOAD = b"x" * 200


class _Done:
    """A handler that does nothing but count what was applied."""

    def __init__(self) -> None:
        self.count = 0
        self.changed = threading.Event()

    def send(self, delivery: Delivery) -> None:
        """No network: the comparison is of the machinery."""

    def apply(self, tx: Connection, message: Message, result: Any) -> None:
        """Each finishing thread is alone, so a plain count is right."""
        self.count += 1

    def refused(self, tx: Connection, message: Message, refusal: PartnerRefused) -> None:
        """Never here."""

    def unknown(self, tx: Connection, message: Message) -> None:
        """Never here."""

    def died(self, tx: Connection, message: Message) -> None:
        """Never here."""


class _NoLine:
    drift = DriftNotes()


class _Partner:
    port = None
    timeout_s = 10.0
    lease_s = 60.0
    concurrency = 64
    contract_version = "1"

    def open_line(self, recorder: CallRecorder) -> Line:
        return _NoLine()  # type: ignore[return-value]


class _Partners:
    def open(self, interface: str, _place: int = 0) -> _Partner:
        return _Partner()


def _message(number: int) -> NewMessage:
    return NewMessage(
        interface=INTERFACE,
        kind="bench",
        key=f"k{number}",
        payload=PAYLOAD,
        effect=Effect.MONEY,
        group="bench",
        subject=f"message {number}",
        month="2025-10",
        contract_version="1",
        items=1,
        fen=1,
    )


def run(folder: Path, url: str, messages: int, per_transaction: int, threads: int) -> float:
    """Seconds from the first put to the last message finished."""
    store = Store(url)
    metadata.create_all(store.engine)
    bus = Bus(Vault(KeyRing.create(folder / "keys")))
    handler = _Done()
    worker = Worker(store, bus, {"bench": handler}, _Partners(), threads)
    share = messages // threads

    def produce(first: int) -> None:
        for start in range(first, first + share, per_transaction):
            end = min(start + per_transaction, first + share)
            with store.write() as tx:
                bus.put(tx, [_message(number) for number in range(start, end)])

    worker.start()
    began = time.monotonic()
    _together(produce, [n * share for n in range(threads)])
    while handler.count < share * threads or worker.busy:
        time.sleep(0.001)
    took = time.monotonic() - began
    worker.stop()
    store.close()
    return took


def _together(work: Callable[[int], None], starts: list[int]) -> None:
    threads = [threading.Thread(target=work, args=(start,)) for start in starts]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
