"""Calls taken together: each is answered and written once, whoever fails fails alone."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.ports.inbound import InboundRequest
from hub.queries import calls
from hub.queries.enterprise import Enterprises, Found
from hub.queries.tables import query_call
from hub.store import DatabaseAway
from tests.queries.kit import LISTING, OTHER, STRANGER, Bench, question


def request(bench: Bench, headers: dict[str, str] | None = None, **asked: Any) -> InboundRequest:
    said = bench.headers() if headers is None else headers
    body = json.dumps(question(**asked)).encode()
    return InboundRequest(bench.ports[LISTING].route, said, body, "10.1.1.7")


def codes(bench: Bench, requests: Sequence[InboundRequest]) -> list[str]:
    return [json.loads(one.body)["code"] for one in bench.gate.take(requests)]


def kept(bench: Bench) -> int:
    with bench.store.read() as view:
        return view.scalar(sa.select(sa.func.count()).select_from(query_call)) or 0


def test_each_is_answered_in_its_place(bench: Bench) -> None:
    unsigned = request(bench, {**bench.headers(), "gjgxjhpt_sign": "AAAA"})
    wrong, other = (
        request(bench, qymc="别的名字"),
        request(bench, tyshxydm=OTHER, qymc="都匀别家有限公司"),
    )
    said = bench.gate.take([request(bench), unsigned, wrong, other])
    found = [json.loads(one.body) for one in said]
    assert [one["code"] for one in found] == ["200", "401", "302", "200"]
    assert found[0]["data"]["dw"][0]["dwmc"] != found[3]["data"]["dw"][0]["dwmc"]
    assert kept(bench) == 3


def test_they_share_one_transaction(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    real = bench.store.write
    monkeypatch.setattr(bench.store, "write", lambda: made.append(1) or real())
    assert codes(bench, [request(bench) for _ in range(7)]) == ["200"] * 7
    assert (len(made), kept(bench)) == (1, 7)


def test_a_used_signature_among_them_stops_no_other(bench: Bench) -> None:
    used, again = bench.headers(), bench.headers()
    bench.ask(headers=used)
    together = [
        request(bench), request(bench, used, ksny="202502"), request(bench, again),
        request(bench, again), request(bench, again, ksny="202503"), request(bench),
    ]  # fmt: skip
    assert codes(bench, together) == ["200", "409", "200", "200", "409", "200"]
    assert kept(bench) == 4


def test_one_that_breaks_spoils_no_other(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Enterprises.find

    def breaks(self: Enterprises, view: Connection, asked: Any, *more: Any) -> Found:
        if asked.uscc == STRANGER:  # a transaction is unusable on PostgreSQL after this
            view.exec_driver_sql("SELECT 1 FROM nowhere")
        return real(self, view, asked, *more)

    monkeypatch.setattr(Enterprises, "find", breaks)
    together = [request(bench), request(bench, tyshxydm=STRANGER), request(bench), request(bench)]
    assert codes(bench, together) == ["200", "300", "200", "200"]
    assert kept(bench) == 3


def test_a_store_that_fails_is_told_to_each_and_uses_no_signature_up(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise DatabaseAway

    together = [request(bench), request(bench)]
    with monkeypatch.context() as patched:
        patched.setattr(calls, "write_each", away)
        assert codes(bench, together) == ["503", "503"]
    assert codes(bench, together) == ["200", "200"]


def test_a_database_that_is_away_is_asked_once_for_all(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    knocked = []

    def away() -> None:
        knocked.append(1)
        raise DatabaseAway

    monkeypatch.setattr(bench.store, "read", away)
    assert codes(bench, [request(bench) for _ in range(5)]) == ["503"] * 5
    assert len(knocked) == 1


def test_a_view_that_ends_badly_takes_no_answer_back(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = bench.store.read

    @contextmanager
    def ends_badly() -> Iterator[Connection]:
        with real() as view:
            yield view
        raise OSError("the view could not be closed")

    together = [request(bench), request(bench)]
    with monkeypatch.context() as patched:
        patched.setattr(bench.store, "read", ends_badly)
        assert codes(bench, together) == ["200", "200"]
    assert kept(bench) == 2
