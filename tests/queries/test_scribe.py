"""Calls written down together: each is there once, whoever fails fails alone."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa

from hub.api import scribe
from hub.queries import calls
from hub.queries.tables import query_call
from hub.store import DatabaseAway
from tests.queries.kit import Bench, question


def test_those_who_wait_meanwhile_share_one_transaction(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    begun, go_on, real = threading.Event(), threading.Event(), calls.write_calls

    def slow(tx: Any, vault: Any, found: Any) -> None:
        sizes.append(len(found))
        begun.set()
        assert go_on.wait(30)
        real(tx, vault, found)

    monkeypatch.setattr(calls, "write_calls", slow)
    signed = [bench.headers() for _ in range(7)]
    with ThreadPoolExecutor(7) as pool:
        first = pool.submit(bench.ask, headers=signed[0])
        assert begun.wait(30)
        rest = [pool.submit(bench.ask, headers=one) for one in signed[1:]]
        while len(bench.gate._scribe._queue) < 6:
            threading.Event().wait(0.01)
        go_on.set()
        assert {one.result()["code"] for one in [first, *rest]} == {"200"}
    assert sizes == [1, 6]
    with bench.store.read() as view:
        assert view.scalar(sa.select(sa.func.count()).select_from(query_call)) == 7


def test_a_used_signature_among_them_stops_no_other(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = bench.headers()
    bench.ask(headers=used)
    signed = [bench.headers() for _ in range(3)]
    found = []
    monkeypatch.setattr(
        bench.gate._scribe, "write", lambda call: found.append(call) or True
    )  # gathered, to be written as one batch
    for headers in (signed[0], used, signed[1], signed[1], signed[2]):
        bench.ask(question(ksny="202502"), headers=headers)
    monkeypatch.undo()
    batch = [scribe._Waiting(call) for call in found]
    bench.gate._scribe._write(batch)
    assert [one.fresh for one in batch] == [True, False, True, False, True]


def test_who_waits_too_long_gives_up_and_holds_up_nobody(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on, real = threading.Event(), threading.Event(), calls.write_calls

    def slow(tx: Any, vault: Any, found: Any) -> None:
        begun.set()
        assert go_on.wait(30)
        real(tx, vault, found)

    monkeypatch.setattr(calls, "write_calls", slow)
    monkeypatch.setattr(scribe, "PATIENCE_S", 0.05)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(bench.ask)
        assert begun.wait(30)
        assert bench.ask()["code"] == "503"
        go_on.set()
        assert first.result()["code"] == "200"
    assert bench.ask()["code"] == "200"


def test_a_store_that_fails_is_told_to_each(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise DatabaseAway

    signed = bench.headers()
    with monkeypatch.context() as patched:
        patched.setattr(calls, "write_calls", away)
        assert bench.ask(headers=signed)["code"] == "503"
    assert bench.ask(headers=signed)["code"] == "200"
