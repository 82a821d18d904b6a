"""A worker process for tests: ``python -m tests.bus.runner DATABASE KEYS BANK_URL SECONDS``.

Prints ``ready``, sends until the time is over or standard input closes, prints how it ended.
"""

import os
import sys
import threading
from pathlib import Path

from hub.bus import Reaper, Worker
from hub.store import Store
from hub.wire import HttpPartner
from tests.bus.kit import Book, Keeper, Partner, make_bus


def main(url: str, keys: str, bank: str, seconds: str) -> None:
    store = Store(url)
    bus = make_bus(store, Path(keys))
    keeper = Keeper()
    handlers = {"pay": keeper, "ask": keeper}
    with HttpPartner({"nc": bank}, timeout_s=20) as http:
        book = Book(bank_test=Partner(http, timeout_s=20, lease_s=60, concurrency=12))
        worker = Worker(store, bus, handlers, book, threads=4)
        reaper = Reaper(store, bus, handlers, every_s=0.1)
        worker.start()
        reaper.start()
        print("ready", os.getpid(), flush=True)
        done = threading.Event()
        threading.Thread(target=lambda: (sys.stdin.read(), done.set()), daemon=True).start()
        done.wait(float(seconds))
        print("stopped" if worker.stop(10) else "busy", flush=True)
        reaper.stop()
    store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
