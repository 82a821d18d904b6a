"""A bus on a real database, a partner on a real socket, a handler that keeps what it is told."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from hub.bus import (
    Bus,
    ChannelPolicy,
    Delivery,
    Effect,
    Handler,
    Lane,
    Message,
    NewMessage,
    Reaper,
    Worker,
)
from hub.bus import tables as t
from hub.bus.values import Claim
from hub.crypto.keyring import KeyRing
from hub.ports.line import HttpReply, Line, PartnerRefused, ReplyUnreadable
from hub.store import Store
from hub.store.vault import Vault
from hub.wire import CallRecorder, HttpPartner
from hub.wire.recorder import AtPlace
from tests.tables import make_tables

INTERFACE = "bank-test"
MONTH = "2025-10"
QUICK = ChannelPolicy(
    retry_first_s=0.01, retry_max_s=0.05, rest_first_s=0.01, rest_max_s=0.02, margin_s=0.2
)


def new(key: str, effect: Effect = Effect.MONEY, **more: Any) -> NewMessage:
    """A message as its maker would write it."""
    values: dict[str, Any] = {
        "interface": INTERFACE,
        "kind": "pay",
        "key": key,
        "payload": key.encode(),
        "effect": effect,
        "group": "run:2025-10",
        "subject": f"batch {key}",
        "month": MONTH,
        "contract_version": "1.0",
        "items": 1,
        "fen": 100,
    }
    return NewMessage(**values | more)


def make_bus(store: Store, keys: Path, policy: ChannelPolicy = QUICK, **more: Any) -> Bus:
    """A bus over an empty store."""
    make_tables(store, "audit_", "store_", "data_key", "bus_")
    ours.create_all(store.engine)
    return Bus(Vault(KeyRing.create(keys)), {INTERFACE: policy, "core": policy}, **more)


@dataclass
class Bank:
    """A partner on a real socket: books every body it is sent, answers what it is told to.

    ``answer`` picks by body: ``ok``, ``refuse`` (final), ``odd`` (not final), ``html``,
    ``reset`` (after booking), ``hang`` (books, never answers).
    """

    answer: Callable[[str], str] = lambda _body: "ok"
    booked: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    url: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)
    released: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def open(self) -> Iterator["Bank"]:
        bank = self

        class Door(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                bank.serve(self, body)

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, *_: object) -> None:
                pass

        server = Server(("127.0.0.1", 0), Door)
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.released.set()
            server.shutdown()
            server.server_close()

    def serve(self, door: BaseHTTPRequestHandler, body: str) -> None:
        with self.lock:
            (self.asked if door.path == "/ask" else self.booked).append(body)
        word = self.answer(body)
        if word == "hang":
            self.released.wait(30)
        if word in {"hang", "reset"}:
            door.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            door.connection.close()
            return
        reply = b"<html>502</html>" if word == "html" else json.dumps({"code": word}).encode()
        door.send_response(200)
        door.send_header("content-length", str(len(reply)))
        door.end_headers()
        door.wfile.write(reply)


class Port:
    """The adapter's part: signs first (no effect), then the effect call or a question."""

    def pay(self, line: Line, body: bytes, *, effect: bool) -> str:
        return self._read(
            line,
            line.post("PAY", endpoint="nc", path="/pay", body=body, effect=effect),
        )

    def ask(self, line: Line, body: bytes) -> str:
        return self._read(line, line.post("ASK", endpoint="nc", path="/ask", body=body))

    def _read(self, line: Line, reply: HttpReply) -> str:
        try:
            code = str(json.loads(reply.body)["code"])
        except ValueError as error:
            line.drift.note("PAY.reply", "JSON", reply.body[:20].decode("latin-1"))
            raise ReplyUnreadable from error
        if code != "ok":
            raise PartnerRefused(code, "said the bank", final=code == "refuse")
        return code


@dataclass
class Partner:
    """OpenPartner over the bank's socket."""

    http: HttpPartner
    port: Port = field(default_factory=Port)
    timeout_s: float = 1.0
    lease_s: float = 3.0
    concurrency: int = 4
    contract_version: str = "1.0"

    place: int = 0

    def open_line(self, recorder: CallRecorder) -> Line:
        return self.http.open_line(AtPlace(recorder, self.place))


class Book:
    """Partners by interface."""

    def __init__(self, **partners: Partner) -> None:
        self.partners = {name.replace("_", "-"): one for name, one in partners.items()}

    def open(self, interface: str, place: int = 0) -> Partner:
        return self.partners[interface] if place == 0 else self.partners[f"{interface}-{place}"]


ours = sa.MetaData()  # the hub's own tables are the hub's alone
journal = sa.Table(
    "test_journal",
    ours,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("message_id", sa.BigInteger),
    sa.Column("word", sa.String(20)),
)


class Keeper:
    """A handler whose books are a table: what it wrote and rolled back is not there."""

    def __init__(self) -> None:
        self.fail_on: set[str] = set()

    def send(self, delivery: Delivery) -> str:
        effect = delivery.message.effect
        if effect is Effect.READ:
            return delivery.port.ask(delivery.line, delivery.payload)
        return delivery.port.pay(delivery.line, delivery.payload, effect=True)

    def apply(self, tx: sa.Connection, message: Message, result: Any) -> None:
        self._write(tx, message, "applied")

    def refused(self, tx: sa.Connection, message: Message, refusal: PartnerRefused) -> None:
        self._write(tx, message, "refused")

    def unknown(self, tx: sa.Connection, message: Message) -> None:
        self._write(tx, message, "unknown")

    def died(self, tx: sa.Connection, message: Message) -> None:
        self._write(tx, message, "died")

    def _write(self, tx: sa.Connection, message: Message, word: str) -> None:
        tx.execute(sa.insert(journal).values(message_id=message.id, word=word))
        if word in self.fail_on:
            raise ValueError("the books do not balance")


@dataclass
class Rig:
    """Store, bus, bank, handler and worker together."""

    store: Store
    bus: Bus
    bank: Bank
    keeper: Keeper
    book: Book
    handlers: Mapping[str, Handler]

    def worker(self, threads: int = 4) -> Worker:
        return Worker(self.store, self.bus, self.handlers, self.book, threads)

    def reaper(self) -> Reaper:
        return Reaper(self.store, self.bus, self.handlers)

    def put(self, *messages: NewMessage) -> list[int]:
        with self.store.write() as tx:
            return self.bus.put(tx, messages)

    def get(self, number: int) -> Message:
        with self.store.read() as tx:
            return self.bus.message(tx, number)

    def claim(self, limit: int = 1, lease_s: float = 30.0, holder: str = "me") -> list[Claim]:
        with self.store.write() as tx:
            return self.bus.claim(tx, holder, [Lane(INTERFACE, limit, 1000, lease_s)])

    def words(self, number: int | None = None) -> list[str]:
        """What the handler's books say, of one message or of all."""
        wanted = sa.select(journal.c.word).order_by(journal.c.id)
        if number is not None:
            wanted = wanted.where(journal.c.message_id == number)
        with self.store.read() as tx:
            return list(tx.scalars(wanted))

    def attempts(self, number: int) -> list[sa.Row[Any]]:
        with self.store.read() as tx:
            return list(
                tx.execute(
                    sa.select(t.attempt)
                    .where(t.attempt.c.message_id == number)
                    .order_by(t.attempt.c.try_no)
                )
            )

    def calls(self, number: int) -> list[sa.Row[Any]]:
        with self.store.read() as tx:
            return list(
                tx.execute(
                    sa.select(t.call)
                    .where(t.call.c.message_id == number)
                    .order_by(t.call.c.try_no, t.call.c.call_no)
                )
            )

    def run_dry(self, seconds: float = 10.0) -> None:
        """Send until nothing is queued, waiting or in flight."""
        worker = self.worker()
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if not worker.run_once() and not self.open_messages():
                return
            time.sleep(0.005)
        raise AssertionError(f"still open: {self.open_messages()}")

    def open_messages(self) -> int:
        with self.store.read() as tx:
            return int(
                tx.scalar(
                    sa.select(sa.func.count())
                    .select_from(t.message)
                    .where(t.message.c.state.in_(["queued", "waiting", "in_flight"]))
                )
                or 0
            )


def wait_for(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Until it holds, or the test fails."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise AssertionError("it did not happen in time")
        time.sleep(0.01)
