"""Who is believed, what is allowed, and that one signature is one call."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import pytest

from hub.contracts import load_contract
from hub.people import Actor, Party
from hub.people.words import Role
from hub.queries.callers import Wanted, caller_id
from hub.queries.calls import list_calls
from hub.queries.errors import (
    BadCaller,
    BadGrant,
    CallerRevoked,
    GrantNotYours,
    GrantThere,
    NoSuchCaller,
    NoSuchGrant,
)
from hub.store import DatabaseAway
from tests.queries.kit import (
    BANKRUPTCY,
    LI,
    LISTING,
    NAME,
    NOON,
    OTHER,
    RID,
    SPEC,
    Bench,
    on_a_socket,
    question,
)

LATER = question(ksny="202502")


def entries(bench: Bench, act: str) -> list[Any]:
    with bench.store.read() as view:
        return view.exec_driver_sql(
            f"SELECT actor, subject, detail FROM audit_entry WHERE act = '{act}' ORDER BY id"
        ).all()  # type: ignore[return-value]


def drifts(bench: Bench) -> list[tuple[str, int]]:
    bench.gate.tell()
    with bench.store.read() as view:
        return [tuple(row) for row in view.exec_driver_sql("SELECT found, seen FROM bus_drift")]  # type: ignore[misc]


class TestSignature:
    @pytest.mark.parametrize(
        "signed",
        [{"secret": "wrong"}, {"sid": "SID-2"}, {"rid": "nobody", "secret": "x"}],
    )
    def test_who_is_not_believed_is_told_nothing_more(
        self, bench: Bench, signed: dict[str, str]
    ) -> None:
        said = bench.ask(**signed)
        assert said == {
            "code": "401", "message": "签名不符，或调用方、服务标识未登记", "data": None
        }  # fmt: skip
        assert drifts(bench)
        assert not entries(bench, "query.refused")  # a flood must not write

    def test_headers_that_are_none(self, bench: Bench) -> None:
        for name in ("rid", "sid", "rtime", "sign"):
            for value in (None, "", "é", "x" * 201, "\n"):
                headers = bench.headers() | {f"gjgxjhpt_{name}": value}
                given = {key: text for key, text in headers.items() if text is not None}
                assert bench.ask(headers=given)["code"] == "401"

    @pytest.mark.parametrize(("ms", "code"), [(-300_000, "200"), (-300_001, "402"),
                                              (300_000, "200"), (300_001, "402")])  # fmt: skip
    def test_clock_skew(self, bench: Bench, ms: int, code: str) -> None:
        at_ms = int(NOON.timestamp() * 1000) + ms
        assert bench.ask(at_ms=at_ms)["code"] == code

    def test_a_rotated_secret_and_the_old_one_hold_side_by_side_for_a_while(
        self, bench: Bench
    ) -> None:
        old = bench.secrets[RID]
        with bench.store.write() as tx:
            new = bench.callers.rotate(tx, RID, timedelta(hours=1), LI).reveal()
        bench.move(minutes=59)
        assert [bench.ask(secret=key)["code"] for key in (old, new)] == ["200", "200"]
        bench.move(minutes=1)
        bench.follow()
        assert [bench.ask(secret=key)["code"] for key in (old, new)] == ["401", "200"]

    def test_another_service_of_ours_may_be_asked_with_the_same_key_not_the_same_mark(
        self, bench: Bench
    ) -> None:
        signed = bench.headers()
        assert bench.ask(headers=signed)["code"] == "200"
        assert bench.ask(interface=BANKRUPTCY, headers=signed)["code"] == "200"


class TestReplay:
    def test_the_same_again_is_answered_the_same_whatever_has_changed(self, bench: Bench) -> None:
        signed = bench.headers()
        first = bench.raw(None, headers=signed)
        bench.feed.arrears("QJ7", "522700000001", "202507", "202507")
        bench.follow()
        assert bench.raw(None, headers=signed) == first
        assert bench.raw(None).body != first.body
        assert len(entries(bench, "query.answered")) == 2

    def test_another_body_is_refused_and_reported(self, bench: Bench) -> None:
        signed = bench.headers()
        bench.ask(headers=signed)
        assert bench.ask(LATER, headers=signed)["code"] == "409"
        assert [one.actor for one in entries(bench, "query.replayed")] == [f"caller:{RID}"]
        assert ("another body", 1) in drifts(bench)
        with bench.store.read() as view:
            (call,) = list_calls(view, caller_id(view, RID), 9)
        assert call["misused"] == 1
        assert bench.ask(headers=signed)["code"] == "200"

    def test_a_refusal_is_the_same_again_too(self, bench: Bench) -> None:
        signed, wrong = bench.headers(), question(qymc="别的名字")
        assert [bench.ask(wrong, headers=signed)["code"] for _ in "ab"] == ["302", "302"]
        assert bench.ask(headers=signed)["code"] == "409"

    def test_at_once_it_is_one_call(self, bench: Bench) -> None:
        signed = bench.headers()
        with ThreadPoolExecutor(8) as pool:
            said = list(pool.map(lambda _: bench.raw(None, headers=signed), range(24)))
        assert len({one.body for one in said}) == 1
        assert json.loads(said[0].body)["code"] == "200"
        assert len(entries(bench, "query.answered")) == 1

    def test_at_once_with_two_bodies_one_is_answered(self, bench: Bench) -> None:
        signed = bench.headers()
        with ThreadPoolExecutor(8) as pool:
            said = list(
                pool.map(lambda n: bench.ask(LATER if n % 2 else None, headers=signed), range(16))
            )
        assert sorted({one["code"] for one in said}) == ["200", "409"]
        assert len({json.dumps(one) for one in said if one["code"] == "200"}) == 1
        assert len(entries(bench, "query.answered")) == 1


class TestGrants:
    def test_revoked_it_is_seen_no_more_not_even_the_same(self, bench: Bench) -> None:
        signed = bench.headers()
        assert bench.ask(headers=signed)["code"] == "200"
        with bench.store.write() as tx:
            assert bench.callers.revoke(tx, RID, LISTING, "协议终止", LI) == 1
        assert bench.ask(headers=signed)["code"] == "403"
        assert bench.ask()["code"] == "403"
        assert bench.ask(interface=BANKRUPTCY)["code"] == "200"
        bench.grant(LISTING, shown=("people",))
        assert set(bench.ask()["data"]["dw"][0]) == {"dwmc", "jcrs"}

    def test_a_revoked_caller_has_nothing_and_stays_so(self, bench: Bench) -> None:
        with bench.store.write() as tx:
            assert bench.callers.revoke(tx, RID, "", "机构撤并", LI) == 2
        assert [bench.ask(interface=one)["code"] for one in (LISTING, BANKRUPTCY)] == ["403"] * 2
        with pytest.raises(CallerRevoked):
            bench.grant(LISTING)
        with pytest.raises(CallerRevoked), bench.store.write() as tx:
            bench.callers.rotate(tx, RID, timedelta(0), LI)

    def test_it_ends_with_its_last_day(self, bench: Bench) -> None:
        bench.grant(LISTING, "R2", until=date(2025, 10, 14))
        bench.move(hours=11, minutes=59)
        bench.follow()
        assert bench.ask(rid="R2")["code"] == "200"
        bench.move(minutes=1)
        assert bench.ask(rid="R2")["code"] == "403"

    def test_what_cannot_be_granted(self, bench: Bench) -> None:
        with pytest.raises(GrantThere):
            bench.grant(LISTING)
        wrong: list[tuple[type[Exception], dict[str, Any]]] = [
            (BadGrant, {"interface": "bank-icbc"}), (BadGrant, {"shown": ("balance",)}),
            (BadGrant, {"shown": ()}), (BadGrant, {"purpose": " "}), (BadGrant, {"basis": ""}),
            (BadGrant, {"until": date(2025, 10, 13)}), (BadCaller, {"rid": "有中文"}),
            (BadCaller, {"title": " "}), (BadCaller, {"per_minute": 0}),
        ]  # fmt: skip
        for error, changed in wrong:
            with pytest.raises(error):
                bench.grant(**{"interface": LISTING, "rid": "R9", **changed})
        with bench.store.write() as tx:
            for error, rid, interface in ((NoSuchCaller, "R9", ""), (NoSuchGrant, RID, "x")):
                with pytest.raises(error):
                    bench.callers.revoke(tx, rid, interface, "why", LI)
            for party, role in ((Party.OPERATOR, Role.HANDLER), (Party.CENTRE, Role.QUERY)):
                with pytest.raises(GrantNotYours):
                    bench.callers.revoke(tx, RID, "", "w", Actor("a", party, frozenset({role}), 2))
        assert bench.ask()["code"] == "200"
        assert Wanted

    def test_each_act_is_in_the_audit(self, bench: Bench) -> None:
        with bench.store.write() as tx:
            bench.callers.rotate(tx, RID, timedelta(hours=1), LI)
            bench.callers.revoke(tx, RID, "", "机构撤并", LI)
        for act, times in (("caller.added", 1), ("grant.given", 2), ("caller.rotated", 1),
                           ("grant.revoked", 1)):  # fmt: skip
            found = entries(bench, act)
            assert [one.actor for one in found] == ["li.si"] * times
            assert not [one for one in found if bench.secrets[RID] in one.detail]


class TestAllowed:
    @pytest.mark.parametrize(
        ("remote", "code"),
        [("10.1.2.3", "200"), ("10.2.0.1", "405"), ("192.168.0.9", "200"), ("fe80::1", "405"),
         ("", "405")],
    )  # fmt: skip
    def test_addresses(self, bench: Bench, remote: str, code: str) -> None:
        bench.grant(LISTING, "R2", addresses=("10.1.0.0/16", "192.168.0.9/32"))
        assert bench.ask(rid="R2", remote=remote)["code"] == code

    def test_a_listened_to_request_is_worth_nothing_elsewhere(self, bench: Bench) -> None:
        bench.grant(LISTING, "R2", addresses=("10.1.0.0/16",))
        signed = bench.headers("R2")
        assert bench.ask(headers=signed, remote="10.1.1.1")["code"] == "200"
        assert bench.ask(headers=signed, remote="10.9.1.1")["code"] == "405"

    def test_so_many_a_minute_and_a_day(self, bench: Bench) -> None:
        bench.grant(LISTING, "R2", per_minute=3, per_day=5)
        assert [bench.ask(rid="R2")["code"] for _ in range(5)] == ["200"] * 3 + ["429"] * 2
        assert bench.ask()["code"] == "200"  # everybody has their own
        bench.move(minutes=1)
        assert [bench.ask(rid="R2")["code"] for _ in range(3)] == ["200"] * 2 + ["429"]
        bench.move(days=1)
        bench.follow()
        assert bench.ask(rid="R2")["code"] == "200"

    def test_a_second_door_counts_what_the_first_let_in(self, bench: Bench) -> None:
        bench.grant(LISTING, "R2", per_minute=3)
        first, second = bench.gate, type(bench.gate)(
            bench.store, bench.vault, bench.clock, bench.gate._enterprises,
            list(bench.gate._by_route.values()),
        )  # fmt: skip
        assert [bench.ask(rid="R2")["code"] for _ in range(2)] == ["200", "200"]
        bench.gate = second
        assert [bench.ask(rid="R2")["code"] for _ in range(2)] == ["200", "429"]
        assert first is not second


class TestTrouble:
    def test_a_fault_of_ours_tells_nothing_and_keeps_nothing(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*_: object) -> None:
            raise ValueError(NAME)

        signed = bench.headers()
        with monkeypatch.context() as patched:
            patched.setattr(bench.gate._enterprises, "find", broken)
            said = bench.ask(headers=signed)
        assert said == {"code": "300", "message": "失败，请稍后再查", "data": None}
        assert bench.ask(headers=signed)["code"] == "200"

    def test_a_database_that_is_away_is_try_later(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def away() -> None:
            raise DatabaseAway

        monkeypatch.setattr(bench.store, "write", away)
        assert bench.ask()["code"] == "503"

    def test_an_answer_off_its_contract_is_never_said(self, bench: Bench) -> None:
        bench.feed.unit("A" * 21, OTHER, "长账号公司")  # no account number has 21 characters
        bench.follow()
        assert bench.ask(question(tyshxydm=OTHER, qymc="长账号公司"))["code"] == "300"


class TestOnTheWire:
    @pytest.mark.parametrize(
        "kind", ["application/json", "text/plain", "application/x-www-form-urlencoded", None]
    )
    def test_the_body_is_json_whatever_it_is_called(self, bench: Bench, kind: str | None) -> None:
        with on_a_socket(bench) as http:
            headers = bench.headers() | ({"Content-Type": kind} if kind else {})
            body = b"\xef\xbb\xbf" + json.dumps(question(), ensure_ascii=False).encode()
            said = http.post(bench.ports[LISTING].route, content=body, headers=headers)
        assert (said.status_code, said.json()["code"]) == (200, "200")
        assert said.headers["content-type"] == "application/json; charset=utf-8"
        assert said.headers["cache-control"] == "no-store"

    def test_the_address_is_what_the_proxy_before_us_appends(self, bench: Bench) -> None:
        bench.grant(LISTING, "R2", addresses=("10.1.0.0/16",))
        route, told = bench.ports[LISTING].route, []
        with on_a_socket(bench) as http:
            for way in ("10.1.2.3", "9.9.9.9, 10.1.2.3", "10.1.2.3, 9.9.9.9", ""):
                headers = bench.headers("R2") | ({"X-Forwarded-For": way} if way else {})
                told.append(http.post(route, json=question(), headers=headers).json()["code"])
        assert told == ["200", "200", "405", "405"]

    def test_what_is_not_read_is_in_the_contract_s_words_too(self, bench: Bench) -> None:
        route = bench.ports[LISTING].route
        with on_a_socket(bench) as http:
            said = [
                http.post("/elsewhere", content=b"{}"),
                http.get(route),
                http.post(route, content=b" " * 10_000_000, headers=bench.headers()),
                http.post(route, content=b" " * 16_384, headers=bench.headers()),
                http.post(route, content="名".encode("gbk"), headers=bench.headers()),
            ]
        assert [one.json()["code"] for one in said] == ["305", "305", "306", "303", "303"]
        assert {one.status_code for one in said} == {200}

    def test_every_code_is_an_answer_by_the_contract_and_http_follows_its_policy(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        port: Any = bench.ports[LISTING]
        contract = load_contract(SPEC / "listing")
        for by_code in (False, True):
            monkeypatch.setattr(port, "_by_code", by_code)
            for word, code in port._codes.items():
                if word != "answered":
                    said = port.answer(word)
                    assert contract.validate_json("enterprise.reply", json.loads(said.body)) == []
                    assert said.status == (int(code.extra["http"]) if by_code else 200)
