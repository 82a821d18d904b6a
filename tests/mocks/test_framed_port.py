"""The mocks' framed port and the hub's framed line against each other, fault by fault."""

import asyncio
import socket
import threading
from collections.abc import Coroutine, Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import pytest

from hub.ports.line import LineNotSent, LineUnknown, ReplyTooLong, ReplyUnreadable
from hub.wire import NoRecorder, PartnerWire
from mocks.kit.messages import Answer, Half, Misframed, Reply, Request, Reset, Silence
from mocks.kit.tcp import FramedPort, Framing

FRAMING = Framing(
    head=4,
    length_of=int,
    with_length=lambda frame, text: text.encode() + frame[4:],
)
ANSWER = Answer(b"0005hello")


class Bench:
    """A port in a loop of its own; ``reply`` is what it answers next."""

    def __init__(self) -> None:
        self.reply: Reply = ANSWER
        self.asked: list[Request] = []
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.port = FramedPort(self._handle, FRAMING)
        self.do(self.port.start(0))

    async def _handle(self, request: Request) -> Reply:
        self.asked.append(request)
        return self.reply

    def do(self, job: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(job, self.loop).result(5)

    def ask(self, request: bytes = b"0002hi") -> bytes:
        with PartnerWire({"front": self.port.url}, timeout_s=0.3, max_reply=1000) as partner:
            return partner.open_line(NoRecorder()).exchange(
                "ASK", endpoint="front", request=request, head=4, length_of=int
            )

    def close(self) -> None:
        self.do(self.port.close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


@pytest.fixture(scope="module")
def running() -> Iterator[Bench]:
    with closing(Bench()) as bench:
        yield bench


@pytest.fixture
def bench(running: Bench) -> Bench:
    running.reply = ANSWER
    running.asked.clear()
    return running


def test_a_frame_in_a_frame_out(bench: Bench) -> None:
    assert bench.port.url.startswith("tcp://127.0.0.1:")
    assert bench.ask() == b"0005hello"
    assert [(one.method, one.body) for one in bench.asked] == [("TCP", b"0002hi")]


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (Reset(), LineUnknown),
        (Answer(b"", reset=True), LineUnknown),
        (Silence(), LineUnknown),
        (Half(ANSWER, 0.3), LineUnknown),
        (Half(ANSWER, 0.9), LineUnknown),
        (Half(ANSWER, 0.0), LineUnknown),
        (Answer(b"<html>502</html>", 502), ReplyUnreadable),
        (Misframed(ANSWER, length="0004"), ReplyUnreadable),
        (Misframed(ANSWER, length="0006"), LineUnknown),
        (Misframed(ANSWER, length="abcd"), ReplyUnreadable),
        (Misframed(ANSWER, length="9999"), ReplyTooLong),
        (Misframed(ANSWER, length="-005"), ReplyUnreadable),
        (Misframed(ANSWER, more=b"\r\n"), ReplyUnreadable),
    ],
    ids=lambda one: getattr(one, "__name__", str(one)),
)
def test_what_a_fault_means_to_the_caller(
    bench: Bench, reply: Reply, told: type[Exception]
) -> None:
    bench.reply = reply
    with pytest.raises(told):
        bench.ask()
    assert len(bench.asked) == 1
    bench.reply = ANSWER
    assert bench.ask() == b"0005hello"


def test_what_begins_no_frame_reaches_the_partner_too(bench: Bench) -> None:
    assert bench.ask(b"GET / HTTP/1.1\r\n\r\n") == b"0005hello"
    assert bench.asked[0].body == b"GET / HTTP/1.1\r\n\r\n"


def test_half_a_request_is_nobody_s(bench: Bench) -> None:
    parts = urlsplit(bench.port.url)
    with socket.create_connection((parts.hostname, parts.port)) as caller:
        caller.sendall(b"0009half")
        caller.shutdown(socket.SHUT_WR)
        assert caller.recv(10) == b""
    assert bench.asked == []


def test_refusing_keeps_the_port(bench: Bench) -> None:
    url = bench.port.url
    bench.do(bench.port.refuse())
    with pytest.raises(LineNotSent):
        bench.ask()
    bench.do(bench.port.accept())
    assert (bench.ask(), bench.port.url) == (b"0005hello", url)
