"""What partners send over a real socket: stored before it is answered, the same answer for ever,
handled once.  On each kind of database."""

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import sqlalchemy as sa

from hub.bus import Inbox, InboxWorker, Reception, Seat, Taken
from hub.bus import tables as t
from hub.bus.inbox import S
from hub.kernel.clocks import SystemClock
from hub.kernel.errors import Misconfigured
from hub.ports.inbound import InboundAnswer, InboundNotice, InboundRequest, NotTaken, Word
from hub.ports.line import Drift
from hub.store import DatabaseAway
from hub.wire.http_in import HttpListener
from tests.bus.kit import Rig, journal, wait_for

ROUTE = "/bank-test/notice"
KIND = "test.notice"


@dataclass
class Door:
    """A partner's wire: JSON with id, said, nonce; ``bad`` is one of the words it is refused by.

    ``dies``: how many answers are lost after what they answer was stored.
    """

    routes: dict[str, int] = field(default_factory=lambda: {ROUTE: 2000})
    contract_version: str = "1.0"
    dies: int = 0
    answered: int = 0

    def read(self, request: InboundRequest) -> InboundNotice:
        try:
            said: dict[str, Any] = json.loads(request.body)
        except ValueError:
            raise NotTaken(Word.UNREADABLE, "no JSON", [Drift("notice", "JSON", "none")]) from None
        if "bad" in said:
            raise NotTaken(Word(said["bad"]), "bad", [Drift("notice", "good", "bad")])
        if said["said"] is None:
            raise NotTaken(
                Word.REFUSED, "says nothing", [Drift("notice/said", "a word", "none")],
                kind=KIND, sender_id=said["id"], content=b"nothing",
            )  # fmt: skip
        return InboundNotice(KIND, said["id"], said["said"], said.get("nonce", ""), 600.0)

    def answer(self, request: InboundRequest, word: Word, sender_id: str = "") -> InboundAnswer:
        self.answered += 1
        if self.dies and self.answered == 2:  # the first is stored, the second would be sent
            self.dies -= 1
            raise OSError("gone")
        return InboundAnswer(200, {"Content-Type": "text/plain"}, f"{word} {sender_id}".encode())


class User:
    """Its books are a table: what it wrote and rolled back is not there."""

    def __init__(self) -> None:
        self.fails = 0
        self.taken: list[Taken] = []

    def pack(self, value: str) -> bytes:
        return value.encode()

    def take(self, tx: sa.Connection, taken: Taken) -> None:
        tx.execute(sa.insert(journal).values(message_id=taken.id, word=taken.content.decode()))
        if self.fails:
            self.fails -= 1
            raise ValueError("the books do not balance")
        self.taken.append(taken)


@dataclass
class Bench:
    rig: Rig
    door: Door
    user: User
    reception: Reception
    port: int

    def post(self, body: bytes | dict[str, Any], route: str = ROUTE, method: str = "POST") -> str:
        status, text = self.ask(body, route, method)
        return text if status == 200 else str(status)

    def ask(
        self, body: bytes | dict[str, Any], route: str = ROUTE, method: str = "POST", **headers: str
    ) -> tuple[int, str]:
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        caller = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            caller.request(method, route, sent, headers)
            answer = caller.getresponse()
            return answer.status, answer.read().decode()
        finally:
            caller.close()

    def rows(self) -> list[sa.Row[Any]]:
        with self.rig.store.read() as view:
            return list(view.execute(sa.select(t.inbound).order_by(t.inbound.c.id)))

    def drifts(self) -> dict[tuple[str, str], int]:
        self.reception.tell()
        with self.rig.store.read() as view:
            return {(row.place, row.found): row.seen for row in view.execute(sa.select(t.drift))}


@pytest.fixture
def bench(rig: Rig) -> Iterator[Bench]:
    door, user = Door(), User()
    seat = Seat("bank-test", door)
    reception = Reception(rig.store, rig.bus, SystemClock(), [seat], {KIND: user})
    listener = HttpListener(reception.take, reception.routes, host="127.0.0.1", port=0)
    listener.start()
    try:
        yield Bench(rig, door, user, reception, listener.port)
    finally:
        listener.stop()


def _worker(bench: Bench) -> InboxWorker:
    return InboxWorker(bench.rig.store, bench.rig.bus, {KIND: bench.user})


def test_one_is_stored_answered_and_handled_once(bench: Bench) -> None:
    assert bench.post({"id": "N1", "said": "paid", "nonce": "n1"}) == "accepted N1"
    (row,) = bench.rows()
    assert (row.state, row.contract_version, row.answer_code) == ("accepted", "1.0", "accepted")
    with bench.rig.store.read() as view:
        inbox = Inbox(bench.rig.bus)
        assert inbox.body(view, row.id) == b"paid"
        raw = inbox.raw(view, row.id)
    assert raw.startswith(b"POST /bank-test/notice\r\n")
    assert raw.endswith(b'"nonce": "n1"}')
    assert b"paid" not in bytes(row.body) + bytes(row.raw)
    assert [_worker(bench).run_once(), _worker(bench).run_once()] == [1, 0]
    assert [one.sender_id for one in bench.user.taken] == ["N1"]
    assert bench.rows()[0].state == S.HANDLED.value
    assert bench.rig.words() == ["paid"]


def test_the_same_again_gets_the_same_and_changes_nothing(bench: Bench) -> None:
    first = {"id": "N1", "said": "paid", "nonce": "n1"}
    again = {**first, "nonce": "n2"}  # sent anew: another time and signature, the same content
    assert {bench.post(one) for one in (first, first, again)} == {"accepted N1"}
    _worker(bench).run_once()
    assert bench.post(first) == "accepted N1"
    assert _worker(bench).run_once() == 0
    assert [row.repeats for row in bench.rows()] == [3]


def test_the_same_id_with_other_content_is_refused_and_told(bench: Bench) -> None:
    bench.post({"id": "N1", "said": "paid", "nonce": "n1"})
    assert bench.post({"id": "N1", "said": "not paid", "nonce": "n2"}) == "conflict N1"
    assert bench.post({"id": "N1", "said": "paid", "nonce": "n3"}) == "accepted N1"
    (row,) = bench.rows()
    assert (row.conflicts, row.repeats) == (1, 1)
    assert bench.drifts()["bank-test test.notice", "another content"] == 1
    _worker(bench).run_once()
    assert bench.rig.words() == ["paid"]


def test_a_nonce_used_for_something_else_is_no_message(bench: Bench) -> None:
    bench.post({"id": "N1", "said": "paid", "nonce": "n1"})
    assert bench.post({"id": "N2", "said": "paid", "nonce": "n1"}) == "replayed N2"
    assert [row.sender_id for row in bench.rows()] == ["N1"]
    assert bench.drifts()["bank-test test.notice", "a nonce again"] == 1


def test_what_is_looked_at_says_so(bench: Bench) -> None:
    with bench.rig.store.write() as tx:  # a listener that works in two steps, killed between them
        Inbox(bench.rig.bus).receive(
            tx, interface="bank-test", kind=KIND, sender_id="N1", body=b"paid", month="2025-10"
        )
    assert bench.post({"id": "N1", "said": "paid"}) == "busy N1"


def test_off_the_contract_is_refused_for_good(bench: Bench) -> None:
    assert {bench.post({"id": "N1", "said": None}) for _ in range(2)} == {"refused N1"}
    (row,) = bench.rows()
    assert (row.state, row.why, row.repeats) == ("refused", "says nothing", 1)
    assert bench.drifts()["notice/said", "none"] == 2
    assert _worker(bench).run_once() == 0


@pytest.mark.parametrize("word", ["signature", "stale", "cipher"])
def test_who_is_not_believed_leaves_no_row_but_a_count(bench: Bench, word: str) -> None:
    assert {bench.post({"bad": word}) for _ in range(5)} == {f"{word} "}
    assert bench.rows() == []
    assert bench.drifts()["notice", "bad"] == 5


@pytest.mark.parametrize("body", [b"", b"<html>", b"\x00\xff" * 50])
def test_garbage_is_answered_and_not_stored(bench: Bench, body: bytes) -> None:
    assert bench.post(body) == "unreadable "
    assert bench.rows() == []


def test_the_door(bench: Bench) -> None:
    good = {"id": "N1", "said": "paid"}
    assert bench.post(good, route="/bank-test/other") == "404"
    assert bench.post(b"", method="GET") == "405"
    assert bench.post(b"x" * 2001) == "413"
    assert bench.ask(good, **{"Content-Type": "text/html; charset=gb2312"})[0] == 200
    with socket.create_connection(("127.0.0.1", bench.port), timeout=10) as raw:  # chunked, endless
        head = f"POST {ROUTE} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        raw.sendall(head.encode() + b"400\r\n" + b"x" * 1024 + b"\r\n400\r\n" + b"x" * 1024)
        assert raw.recv(100).startswith(b"HTTP/1.1 413")
    assert len(bench.rows()) == 1


def test_killed_between_store_and_answer(bench: Bench) -> None:
    bench.door.dies = 1
    status, text = bench.ask({"id": "N1", "said": "paid", "nonce": "n1"})
    assert (status, text) == (500, "500")  # never a stack trace
    assert len(bench.rows()) == 1
    assert bench.post({"id": "N1", "said": "paid", "nonce": "n1"}) == "accepted N1"
    assert _worker(bench).run_once() == 1
    assert bench.rig.words() == ["paid"]


def test_a_database_that_is_away_is_come_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise DatabaseAway("gone")

    with monkeypatch.context() as broken:
        broken.setattr(bench.rig.store, "write", away)
        assert bench.post({"id": "N1", "said": "paid"}) == "unavailable N1"
    assert bench.post({"id": "N1", "said": "paid"}) == "accepted N1"


def test_a_fault_of_ours_is_come_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench.user, "pack", lambda value: value["x"])
    assert bench.post({"id": "N1", "said": "paid"}) == "unavailable N1"
    assert bench.rows() == []


def test_what_cannot_be_handled_waits_and_is_told(bench: Bench) -> None:
    bench.user.fails = 6  # each of the two thrice
    bench.post({"id": "N1", "said": "paid"})
    bench.post({"id": "N2", "said": "late"})
    worker = _worker(bench)
    for _ in range(3):
        worker.run_once()
        worker._failed = {number: (times, 0.0) for number, (times, _) in worker._failed.items()}
    with bench.rig.store.read() as view:
        (alert,) = view.execute(sa.select(t.alert)).all()
    assert (alert.kind, alert.open_key) == ("inbound_stuck", "bank-test:inbound_stuck")
    while worker.run_once():
        pass
    assert sorted(bench.rig.words()) == ["late", "paid"]
    with bench.rig.store.read() as view:
        assert view.scalar(sa.select(t.alert.c.ended_us)) is not None


def test_many_at_once_are_each_stored_and_handled_once(bench: Bench) -> None:
    workers = [_worker(bench) for _ in range(2)]
    for worker in workers:
        worker.start()
    answers: list[str] = []

    def send(place: int) -> None:
        answers.append(bench.post({"id": f"N{place % 10}", "said": "paid", "nonce": str(place)}))

    threads = [threading.Thread(target=send, args=(place,)) for place in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(set(answers)) == [f"accepted N{place}" for place in range(10)]
    wait_for(lambda: {row.state for row in bench.rows()} == {"handled"})
    for worker in workers:
        worker.stop()
    assert (len(bench.rows()), len(bench.rig.words())) == (10, 10)


def test_two_interfaces_cannot_want_one_route(rig: Rig) -> None:
    seats = [Seat("bank-a", Door()), Seat("bank-b", Door())]
    with pytest.raises(Misconfigured, match=ROUTE):
        Reception(rig.store, rig.bus, SystemClock(), seats, {})
