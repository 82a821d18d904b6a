"""Instructions and batches: one number is credited once, and what was answered stays so."""

import hashlib
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter

from mocks.kit.bank.book import Loan, LoanBook
from mocks.kit.bank.ledger import CREDIT, OUT, Entry, Ledger
from mocks.kit.bank.orders import (
    DONE,
    DOUBTFUL,
    PROCESSING,
    REFUSED,
    Mind,
    Order,
    Say,
    bent,
    late,
    minds,
    refusal,
)
from mocks.kit.bank.parking import Parking
from mocks.kit.clock import MockClock
from mocks.kit.faults import Hits
from mocks.kit.storage import Storage

_DDL = """
CREATE TABLE IF NOT EXISTS instruction(
  number TEXT PRIMARY KEY, batch TEXT NOT NULL, account TEXT NOT NULL, name TEXT NOT NULL,
  fen INTEGER NOT NULL, loan TEXT NOT NULL, credited INTEGER NOT NULL, verdict TEXT NOT NULL,
  reason TEXT NOT NULL, wire TEXT NOT NULL, shape TEXT NOT NULL, asked INTEGER NOT NULL,
  at REAL NOT NULL, seconds REAL NOT NULL, inquiries INTEGER NOT NULL,
  serial TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS batch(
  number TEXT PRIMARY KEY, digest TEXT NOT NULL, numbers TEXT NOT NULL, hidden INTEGER NOT NULL)
  WITHOUT ROWID;
"""
_COLUMNS = (
    "number,batch,account,name,fen,loan,credited,verdict,reason,wire,shape,asked,at,seconds,"
    "inquiries,serial"
)
_CHUNK = 500
_NO_WIRE = "{}"
_columns_of = attrgetter(*_COLUMNS.split(","))  # a third of astuple's time


class OtherBatch(Exception):
    """This batch number stands for other orders: the whole packet is refused."""


@dataclass(frozen=True, slots=True)
class Standing:
    """An instruction as the bank holds it.  ``at`` is machine time (Unix seconds)."""

    number: str
    batch: str
    account: str
    name: str
    fen: int
    loan: str
    credited: int
    verdict: str
    reason: str
    wire: str
    shape: str
    asked: int
    at: float
    seconds: float
    inquiries: int
    serial: str

    @property
    def same(self) -> tuple[str, str, int, str]:
        """As :attr:`Order.same`."""
        return (self.account, self.name, self.fen, self.loan)

    def in_hand(self, asked: int) -> bool:
        """Whether the bank still says "processing" at the ``asked``-th inquiry."""
        return (
            self.shape == "late" and asked < self.inquiries and time.time() - self.at < self.seconds
        )


@dataclass(frozen=True, slots=True)
class Told:
    """What a reply says of one number; ``fen`` credited, or ordered where nothing was.

    ``wire`` holds fields that the bank writes instead of what verdict and reason would be.
    """

    number: str
    serial: str
    account: str
    fen: int
    verdict: str
    reason: str
    wire: Mapping[str, str] = field(default_factory=dict)


class Payments:
    """Instructions and batches.  ``payer`` gives (account, name) of the paying account."""

    def __init__(
        self, storage: Storage, book: LoanBook, ledger: Ledger, clock: MockClock, say: Say
    ) -> None:
        self._say = say
        self._storage = storage
        self._book = book
        self._ledger = ledger
        self._clock = clock
        storage.script(_DDL)
        self._parking = Parking(storage)

    def pay(
        self, batch: str, orders: Sequence[Order], payer: tuple[str, str], hits: Hits
    ) -> list[Told] | None:
        """Take a batch; what to tell of it.  :class:`OtherBatch` when it is refused whole.

        Committed on return.  None for one that a rule keeps on its way: the caller resets.
        """
        digest = _digest(orders)
        stood = self._storage.value("SELECT digest FROM batch WHERE number=?", (batch,))
        if stood not in (None, digest):
            raise OtherBatch
        park = hits.first("book_after_not_found")
        if park is not None and stood is None:
            self._parking.park(batch, orders, digest, park.seconds or 0.0)
            return None
        with self._storage.write():
            standing = self._standing(order.number for order in orders)
            said = self._take(batch, orders, standing, payer, hits)
            hidden = int(hits.first("batch_lost") is not None)
            self._storage.run(
                "INSERT INTO batch(number,digest,numbers,hidden) VALUES(?,?,?,?) "
                "ON CONFLICT(number) DO UPDATE SET hidden=excluded.hidden",
                (batch, digest, ",".join(order.number for order in orders), hidden),
            )
        return _tell(orders, standing, said, twice=hits.first("twice") is not None)

    def by_batch(self, batch: str, hits: Hits) -> list[Told] | None:
        """What became of a batch, in its order; None when the bank says it knows none."""
        row = self._storage.row("SELECT numbers,hidden FROM batch WHERE number=?", (batch,))
        if row is None or row[1] or hits.first("not_found") is not None:
            self._release(self._parking.of_batch(batch))
            return None
        numbers = row[0].split(",")
        with self._storage.write():
            standing = self._standing(numbers)
            told = []
            for number in numbers:
                held = standing.get(number)
                if held is not None and held.shape != "lost":
                    told += [self._inquired(held)] * (2 if held.shape == "twice" else 1)
        self._release(self._parking.of_batch(batch))
        return told

    def has_taken(self, batch: str, hits: Hits) -> bool:
        """Whether the bank says that it took a batch; as ``by_batch``, its rows are not asked."""
        row = self._storage.row("SELECT hidden FROM batch WHERE number=?", (batch,))
        taken = row is not None and not row[0] and hits.first("not_found") is None
        if not taken:
            self._release(self._parking.of_batch(batch))
        return taken

    def by_number(self, numbers: Sequence[str], hits: Hits) -> list[tuple[str, Told | None]]:
        """What became of single numbers; None for one the bank says it does not know."""
        lost = hits.first("not_found") is not None
        with self._storage.write():
            standing = {} if lost else self._standing(numbers)
            told = [
                (number, self._inquired(standing[number]) if number in standing else None)
                for number in numbers
            ]
        self._release(self._parking.of_numbers([n for n, answer in told if answer is None]))
        return told

    def sweep(self, payer: tuple[str, str]) -> None:
        """Book what was parked and is now due.  Called at the start of every request."""
        for parked in self._parking.ready(time.time()):
            with self._storage.write():
                orders = [Order(*one) for one in json.loads(parked.orders)]
                standing = self._standing(order.number for order in orders)
                self._take(parked.batch, orders, standing, payer, None)
                if parked.digest:
                    self._storage.run(
                        "INSERT OR IGNORE INTO batch(number,digest,numbers,hidden) VALUES(?,?,?,0)",
                        (parked.batch, parked.digest, ",".join(o.number for o in orders)),
                    )
                self._parking.done(parked.id)

    def now(self, numbers: Sequence[str]) -> list[Told]:
        """How numbers stand, in order and each once; no inquiry is counted, unknown ones and
        those the bank leaves out of its lists are absent."""
        standing = self._standing(numbers)
        found = (standing.get(number) for number in dict.fromkeys(numbers))
        return [_told(held) for held in found if held is not None and held.shape != "lost"]

    def known(self, number: str) -> Standing | None:
        """One instruction as it stands, for the control plane."""
        return self._standing([number]).get(number)

    def export_batches(self) -> str:
        """batches.csv: one line for each row of each batch that was taken, in the batch's order."""
        lines = ["batch,row_no,number"]
        for batch, numbers in self._storage.each(
            "SELECT number,numbers FROM batch ORDER BY number"
        ):
            lines += [f"{batch},{place},{one}" for place, one in enumerate(numbers.split(","))]
        return "\n".join(lines) + "\n"

    def reset(self) -> None:
        """Forget every instruction."""
        self._storage.run("DELETE FROM instruction")
        self._storage.run("DELETE FROM batch")
        self._parking.reset()

    def _take(
        self,
        batch: str,
        orders: Sequence[Order],
        standing: dict[str, Standing],
        payer: tuple[str, str],
        hits: Hits | None,
    ) -> dict[str, Told | None]:
        """Decide and book what is new; numbers told otherwise than they stand (None: not)."""
        loans = self._book.find([order.loan for order in orders if order.number not in standing])
        balance = self._ledger.balance()
        fresh: dict[str, tuple[Order, Mind]] = {}
        told: dict[str, Told | None] = {}
        parked: list[Order] = []
        for order in orders:
            if order.number in standing or order.number in fresh:
                continue
            mind = _judge(order, loans.get(order.loan, []), payer, balance)
            mind = mind if hits is None else self._bend(order, mind, hits)
            if mind.said is not None:
                told[order.number] = Told(
                    order.number, "", order.account, order.fen, DOUBTFUL, "", mind.said.wire
                )
            if mind.way != "book":
                told.setdefault(order.number, None)
                parked += [order] if mind.way == "park" else []
                continue
            balance -= order.fen + mind.off if mind.credit else 0
            fresh[order.number] = (order, mind)
        if parked:
            self._parking.park(batch, parked, "", 0.0)
        self._book_all(batch, list(fresh.values()), standing)
        return told

    def _book_all(
        self, batch: str, fresh: Sequence[tuple[Order, Mind]], standing: dict[str, Standing]
    ) -> None:
        now = self._clock.now()
        credited = [(order, mind) for order, mind in fresh if mind.credit]
        serials = self._ledger.book((_entry(batch, *one) for one in credited), now)
        serial_of = {
            order.number: serial for (order, _), serial in zip(credited, serials, strict=True)
        }
        for days in {mind.again for _, mind in credited if mind.again}:
            back = [order.number for order, mind in credited if mind.again == days]
            self._ledger.will_come_back(back, now.date(), days)
        at = time.time()
        for order, mind in fresh:
            standing[order.number] = Standing(
                number=order.number, batch=batch, account=order.account, name=order.name,
                fen=order.fen, loan=order.loan,
                credited=order.fen + mind.off if mind.credit else 0,
                verdict=mind.verdict, reason=mind.reason,
                wire=json.dumps(dict(mind.wire)) if mind.wire else _NO_WIRE,
                shape=mind.shape, asked=0, at=at,
                seconds=mind.seconds, inquiries=mind.inquiries,
                serial=serial_of.get(order.number, ""),
            )  # fmt: skip
        self._storage.run_many(
            f"INSERT INTO instruction({_COLUMNS}) VALUES({','.join('?' * 16)})",
            [_columns_of(standing[order.number]) for order, _ in fresh],
        )

    def _bend(self, order: Order, mind: Mind, hits: Hits) -> Mind:
        whole = hits.first("late")
        if whole is not None:
            mind = late(mind, whole)
        if hits.any_rows:
            fields = {
                "number": order.number, "JKHTBH": order.loan, "account": order.account,
                "fen": str(order.fen), "name": order.name,
            }  # fmt: skip
            for rule in hits.on_row(fields):
                mind = bent(mind, rule, self._say)
        return mind

    def _inquired(self, held: Standing) -> Told:
        if held.shape != "late" or not held.in_hand(held.asked):
            return _told(held)
        asked = replace(held, asked=held.asked + 1)
        self._storage.run(
            "UPDATE instruction SET asked=? WHERE number=?", (asked.asked, held.number)
        )
        return _told(asked)

    def _release(self, parked: Sequence[int]) -> None:
        if parked:
            self._parking.release(parked, time.time())

    def _standing(self, numbers: Iterable[str]) -> dict[str, Standing]:
        wanted = list(numbers)
        found: dict[str, Standing] = {}
        for start in range(0, len(wanted), _CHUNK):
            part = wanted[start : start + _CHUNK]
            marks = ",".join("?" * len(part))
            for row in self._storage.rows(
                f"SELECT {_COLUMNS} FROM instruction WHERE number IN ({marks})", part
            ):
                found[row[0]] = Standing(*row)
        return found


def _judge(order: Order, loans: Sequence[Loan], payer: tuple[str, str], balance: int) -> Mind:
    """What the bank makes of an order by its books: account, name, funds, then the row's KKJG."""
    at_account = [loan for loan in loans if loan.account == order.account]
    if (order.pay_account, order.pay_name) != payer or not at_account or order.fen <= 0:
        return refusal("bank_error")
    named = [loan for loan in at_account if loan.name.strip() == order.name.strip()]
    if not named:
        return refusal("name_mismatch")
    mind = minds()[named[0].mind]
    if mind.credit and order.fen > balance:
        return refusal("no_funds")
    return mind


def _tell(
    orders: Sequence[Order],
    standing: Mapping[str, Standing],
    said: Mapping[str, Told | None],
    *,
    twice: bool,
) -> list[Told]:
    told: list[Told] = []
    for order in orders:
        held = standing.get(order.number)
        if order.number in said:
            answer = said[order.number]
            told += [] if answer is None else [answer]
        elif held is None or held.shape == "lost":
            continue
        elif held.same != order.same:
            told.append(Told(order.number, "", order.account, order.fen, REFUSED, "other_content"))
        else:
            told += [_told(held)] * (2 if twice or held.shape == "twice" else 1)
    return told


def _entry(batch: str, order: Order, mind: Mind) -> Entry:
    return Entry(
        kind=CREDIT, side=OUT, fen=order.fen + mind.off, number=order.number, batch=batch,
        loan=order.loan, account=order.account, name=order.name, postscript=order.postscript,
        summary=order.summary, purpose=order.purpose,
    )  # fmt: skip


def _told(held: Standing) -> Told:
    if held.in_hand(held.asked):
        return Told(held.number, "", held.account, held.fen, PROCESSING, "")
    fen = held.credited if held.verdict == DONE else held.fen
    wire = {} if held.wire == _NO_WIRE else json.loads(held.wire)
    return Told(held.number, held.serial, held.account, fen, held.verdict, held.reason, wire)


def _digest(orders: Sequence[Order]) -> str:
    text = json.dumps([(order.number, *order.same) for order in orders], ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
