"""Requests still on their way: booked only after an inquiry was answered "not found"."""

import json
from collections.abc import Sequence
from dataclasses import astuple, dataclass

from mocks.kit.bank.orders import Order
from mocks.kit.storage import Storage

_DDL = """
CREATE TABLE IF NOT EXISTS parked(
  id INTEGER PRIMARY KEY, batch TEXT NOT NULL, digest TEXT NOT NULL, orders TEXT NOT NULL,
  seconds REAL NOT NULL, ready_at REAL);
CREATE INDEX IF NOT EXISTS parked_batch ON parked(batch);
CREATE TABLE IF NOT EXISTS parked_number(
  number TEXT NOT NULL, parked INTEGER NOT NULL, PRIMARY KEY(number, parked)) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Parked:
    """A request, or some of its rows (then ``digest`` is empty), as JSON of orders."""

    id: int
    batch: str
    digest: str
    orders: str


class Parking:
    """What is on its way, durable."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        storage.script(_DDL)
        self._some = bool(storage.value("SELECT EXISTS(SELECT 1 FROM parked)"))

    def park(self, batch: str, orders: Sequence[Order], digest: str, seconds: float) -> None:
        """Keep orders back until :meth:`release`, and ``seconds`` longer."""
        text = json.dumps([astuple(order) for order in orders], ensure_ascii=False)
        with self._storage.write():
            parked = self._storage.insert(
                "INSERT INTO parked(batch,digest,orders,seconds) VALUES(?,?,?,?)",
                (batch, digest, text, seconds),
            )
            self._storage.run_many(
                "INSERT INTO parked_number(number,parked) VALUES(?,?)",
                [(number, parked) for number in {order.number for order in orders}],
            )
        self._some = True

    def of_batch(self, batch: str) -> list[int]:
        """Ids of what is parked under a batch number."""
        if not self._some:
            return []
        return [row[0] for row in self._storage.rows(
            "SELECT id FROM parked WHERE batch=? AND ready_at IS NULL", (batch,)
        )]  # fmt: skip

    def of_numbers(self, numbers: Sequence[str]) -> list[int]:
        """Ids of what holds any of these numbers."""
        if not self._some or not numbers:
            return []
        marks = ",".join("?" * len(numbers))
        return [row[0] for row in self._storage.rows(
            f"SELECT DISTINCT parked FROM parked_number WHERE number IN ({marks})", numbers
        )]  # fmt: skip

    def release(self, ids: Sequence[int], now: float) -> None:
        """An inquiry was answered "not found": ready from ``now`` (Unix) plus their seconds."""
        with self._storage.write():
            for one in ids:
                self._storage.run(
                    "UPDATE parked SET ready_at=?+seconds WHERE id=? AND ready_at IS NULL",
                    (now, one),
                )

    def ready(self, now: float) -> list[Parked]:
        """What is due to be booked."""
        if not self._some:
            return []
        return [Parked(*row) for row in self._storage.rows(
            "SELECT id,batch,digest,orders FROM parked WHERE ready_at<=? ORDER BY id", (now,)
        )]  # fmt: skip

    def done(self, parked: int) -> None:
        """It is on the books."""
        self._storage.run("DELETE FROM parked_number WHERE parked=?", (parked,))
        self._storage.run("DELETE FROM parked WHERE id=?", (parked,))
        self._some = bool(self._storage.value("SELECT EXISTS(SELECT 1 FROM parked)"))

    def reset(self) -> None:
        """Nothing is on its way."""
        self._storage.run("DELETE FROM parked_number")
        self._storage.run("DELETE FROM parked")
        self._some = False
