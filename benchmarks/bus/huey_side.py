"""The yardstick: Huey on SQLite with fsync, its own consumer, the same number of threads.

Huey deletes a task when it hands it out: what a killed consumer held is gone.  It is measured
all the same, as the best-known durable queue in one file.
"""

import threading
import time
from pathlib import Path

from huey import SqliteHuey

PAYLOAD = "x" * 200


def run(folder: Path, messages: int, threads: int) -> float:
    """Seconds from the first enqueue to the last task done."""
    queue = SqliteHuey("bench", filename=str(folder / "huey.db"), fsync=True)
    done = [0]
    lock = threading.Lock()

    @queue.task()  # type: ignore[untyped-decorator]
    def work(number: int, payload: str) -> None:
        with lock:
            done[0] += 1

    share = messages // threads

    def produce(first: int) -> None:
        for number in range(first, first + share):
            work(number, PAYLOAD)

    consumer = queue.create_consumer(
        workers=threads, periodic=False, initial_delay=0.001, max_delay=0.01, backoff=1.15
    )
    consumer.start()
    began = time.monotonic()
    producers = [threading.Thread(target=produce, args=(n * share,)) for n in range(threads)]
    for one in producers:
        one.start()
    for one in producers:
        one.join()
    while done[0] < share * threads:
        time.sleep(0.001)
    took = time.monotonic() - began
    consumer.stop(graceful=True)
    return took
