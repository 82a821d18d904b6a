"""Requests taken together over a real socket: each its own answer, no more than allowed at once."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from hub.ports.inbound import InboundAnswer, InboundRequest
from hub.wire.http_in import HttpListener
from hub.wire.together import Together


class Desk:
    """Answers what it was asked; its first call waits to be let go."""

    def __init__(self) -> None:
        self.taken: list[list[str]] = []
        self.begun, self.go_on = threading.Event(), threading.Event()

    def take(self, requests: Sequence[InboundRequest]) -> list[InboundAnswer]:
        self.taken.append([one.body.decode() for one in requests])
        self.begun.set()
        assert self.go_on.wait(30)
        if any(one.body == b"breaks" for one in requests):
            raise ZeroDivisionError
        return [InboundAnswer(200, {}, one.body.upper()) for one in requests]


def ask(address: str, text: str) -> tuple[int, str]:
    said = httpx.post(f"{address}/ask", content=text.encode(), timeout=30, trust_env=False)
    return said.status_code, said.text


def asked_behind_one(texts: Sequence[str]) -> tuple[list[tuple[int, str]], list[list[str]]]:
    """Answers of ``texts`` that all came, in any order, while one was taken; what was taken at a
    time."""
    desk = Desk()
    together = Together(desk.take, crews=1, most=4)
    listener = HttpListener(together, {"/ask": 100}, host="127.0.0.1", port=0)
    listener.start()
    try:
        with ThreadPoolExecutor(len(texts) + 1) as pool:
            first = pool.submit(ask, listener.address, "first")
            assert desk.begun.wait(30)
            rest = [pool.submit(ask, listener.address, one) for one in texts]
            while len(together._waiting) < len(texts):
                threading.Event().wait(0.01)
            desk.go_on.set()
            assert first.result() == (200, "FIRST")
            return [one.result() for one in rest], desk.taken
    finally:
        listener.stop()


def test_who_came_meanwhile_goes_together_each_with_its_answer() -> None:
    said, taken = asked_behind_one([f"q{n}" for n in range(6)])
    assert said == [(200, f"Q{n}") for n in range(6)]
    assert [len(one) for one in taken] == [1, 4, 2]


def test_a_call_that_fails_is_told_to_those_of_it_alone() -> None:
    said, taken = asked_behind_one(["q0", "q1", "q2", "breaks", "q4", "q5"])
    spoilt = next(one for one in taken if "breaks" in one)
    assert [len(one) for one in taken] == [1, 4, 2]
    assert [status for status, _ in said].count(500) == len(spoilt)
    assert said[3][0] == 500


def test_who_is_gone_keeps_nobody_waiting() -> None:
    desk = Desk()
    listener = HttpListener(
        Together(desk.take, crews=1, most=4), {"/ask": 100}, host="127.0.0.1", port=0
    )
    listener.start()
    try:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{listener.address}/ask", content=b"q", timeout=0.2, trust_env=False)
        desk.go_on.set()
        assert ask(listener.address, "next") == (200, "NEXT")
    finally:
        listener.stop()
