"""``python -m benchmarks.pages``: the pages' time in the server over many messages.

A year of messages (``--messages``, 100,000 unless given; 10,000,000 for the figure that counts)
is put in bulk into SQLite and PostgreSQL; then each page is asked for over loopback from a server
in this process, and its best and middle time stand beside the aims: overview < 100 ms, search
< 1 s, one item's life < 200 ms.  On a shared machine the best of a few says what a page costs and
the middle what the machine was like; *processor* is this process's own, client and server
together, without PostgreSQL's.  Exit 1 when a best time misses its aim.
"""

import argparse
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import sqlalchemy as sa

from benchmarks.pages.fill import Filled, fill
from benchmarks.pages.served import make_home, served
from hub.app.assembly import open_hub
from hub.kernel.clocks import from_us

POSTGRES = "postgresql+psycopg://root@127.0.0.1:5432/test"
OVERVIEW_MS, SEARCH_MS, LIFE_MS = 100, 1000, 200


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    parser.add_argument(
        "--postgres", default=POSTGRES, help="URL of a database to make a schema in"
    )
    chosen = parser.parse_args()
    good = True
    for name, urls in (("sqlite", _sqlite), ("postgresql", _postgresql)):
        if chosen.only in (None, name):
            with urls(chosen.postgres) as (folder, url):
                good &= _measure(name, folder, url, chosen.messages, chosen.rounds)
    return 0 if good else 1


@contextmanager
def _sqlite(_: str) -> Iterator[tuple[Path, str]]:
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as folder:
        yield Path(folder), f"sqlite:///{folder}/hub.sqlite"


@contextmanager
def _postgresql(url: str) -> Iterator[tuple[Path, str]]:
    schema = "b" + uuid.uuid4().hex[:12]
    admin = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
    try:
        with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as folder:
            yield Path(folder), f"{url}?options=-csearch_path%3D{schema}"
    finally:
        with admin.connect() as connection:
            connection.exec_driver_sql(f"DROP SCHEMA {schema} CASCADE")
        admin.dispose()


def _measure(name: str, folder: Path, url: str, messages: int, rounds: int) -> bool:
    settings = make_home(folder, url)
    with open_hub(settings) as hub:
        began = time.perf_counter()
        filled = fill(hub, messages)
        took = time.perf_counter() - began
        print(f"{name}: {messages:,} messages put in {took:.0f} s", flush=True)
        with served(hub) as base, httpx.Client(base_url=base, timeout=300) as client:
            met = [_page(client, *each, rounds) for each in _pages(filled)]
    return all(met)


def _pages(filled: Filled) -> list[tuple[str, str, int]]:
    """What, where, and its aim in milliseconds."""
    moment = from_us(filled.middle_us).strftime("%Y-%m-%dT%H:%M")
    return [
        ("overview: the open run's board", f"/runs/{filled.month}", OVERVIEW_MS),
        ("overview: all interfaces", "/interfaces", OVERVIEW_MS),
        ("overview: channels", "/channels", OVERVIEW_MS),
        ("messages: all", "/messages", SEARCH_MS),
        ("messages: one interface", "/messages?interface=bank-icbc", SEARCH_MS),
        ("messages: one state, few", "/messages?state=unknown", SEARCH_MS),
        ("messages: one kind, rare", "/messages?kind=bank.dues", SEARCH_MS),
        ("messages: one kind, common", "/messages?kind=core.post&state=delivered", SEARCH_MS),
        ("messages: since a moment", f"/messages?until={moment}&interface=bank-boc", SEARCH_MS),
        ("messages: one month", "/messages?group=run:2025-03&kind=bank.instruct", SEARCH_MS),
        ("messages: beginning of a key", f"/messages?q={filled.batch[:12]}", SEARCH_MS),
        ("messages: %", "/messages?q=%25", SEARCH_MS),
        ("find: instruction", f"/find?q={filled.item}", SEARCH_MS),
        ("find: bank serial", f"/find?q={filled.bank_serial}", SEARCH_MS),
        ("find: account", f"/find?q={filled.account}", SEARCH_MS),
        ("find: last four", f"/find?q={filled.tail}", SEARCH_MS),
        ("find: document", f"/find?q=D{filled.account}", SEARCH_MS),
        ("find: nothing", "/find?q=nobody+knows", SEARCH_MS),
        ("life: one item", f"/find/{filled.item}", LIFE_MS),
        ("life: the item's own page", f"/items/{filled.item}", LIFE_MS),
        ("life: agreement", f"/agreements/{filled.agreement}", LIFE_MS),
    ]


def _page(client: httpx.Client, what: str, path: str, aim_ms: int, rounds: int) -> bool:
    took, used = [], []
    for _ in range(rounds):
        began, spent = time.perf_counter(), time.process_time()
        answer = client.get(path)
        took.append((time.perf_counter() - began) * 1000)
        used.append((time.process_time() - spent) * 1000)
        if answer.status_code != httpx.codes.OK:
            print(f"  {what:32} {path}: {answer.status_code}", flush=True)
            return False
    best, middle = min(took), statistics.median(took)
    good = best < aim_ms
    print(
        f"  {what:32} best {best:8.1f} ms   middle {middle:8.1f} ms   first {took[0]:8.1f} ms"
        f"   processor {min(used):7.1f} ms   aim < {aim_ms:4} ms   ratio {aim_ms / best:6.1f}"
        f"{'' if good else '   MISSED'}",
        flush=True,
    )
    return good


if __name__ == "__main__":
    sys.exit(main())
