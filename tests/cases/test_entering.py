"""Let in once, redeemed once, whoever comes at the same moment; refusals stand in the audit.

The adapter is the real one; databases are both.
"""

import json
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa

from adapters.one_thing.home_purchase import entry
from hub.audit.tables import audit_entry
from hub.cases import tables as t
from hub.cases.entering import Entering, EntrySeat
from hub.kernel.errors import Misconfigured
from hub.ports.inbound import InboundAnswer, InboundRequest
from hub.store import DatabaseAway
from tests.adapters.one_thing.test_home_purchase import (
    ITEMS,
    asked,
    assertion,
    context,
)
from tests.adapters.one_thing.test_home_purchase_hall import REDEEM, call
from tests.cases.books import NOON
from tests.cases.kit import Office

INTERFACE = "onething-home-purchase"


class Desk:
    """Entering over an office whose clock the test holds."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.port = entry.build(context(NOON))
        self.port._clock = office.clock  # type: ignore[attr-defined]
        self.port._door._clock = office.clock  # type: ignore[attr-defined]
        self.entering = Entering(office.office, [EntrySeat(INTERFACE, self.port)])

    def arrive(self, text: str = "", **more: str) -> InboundAnswer:
        return self.entering.arrive(asked(text or self.assertion(), **more))

    def assertion(self, **items: str) -> str:
        return assertion(ITEMS | items, at=self.office.clock.now())

    def key(self, text: str = "") -> str:
        answer = self.arrive(text)
        assert answer.status == 302, answer.body.decode()
        return parse_qs(urlsplit(answer.headers["Location"]).query)["key"][0]

    def ask(self, key: str, **more: Any) -> InboundRequest:
        at = more.pop("at", self.office.clock.now())
        return call({"key": key, **more}, REDEEM, at=at)

    def redeem(self, key: str, **more: Any) -> dict[str, Any]:
        return self.said(self.ask(key, **more))

    def said(self, request: InboundRequest) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.entering.redeem(request).body)
        return found

    def audited(self) -> list[tuple[str, str, int]]:
        """(act, code or number, count) of each entry about entering."""
        with self.office.store.read() as view:
            rows = view.execute(
                sa.select(audit_entry.c.act, audit_entry.c.detail, audit_entry.c.quantity)
                .where(audit_entry.c.act.like("entry.%"))
                .order_by(audit_entry.c.id)
            ).all()
        return [(row.act, json.loads(row.detail).get("code", ""), row.quantity) for row in rows]

    def code(self, answer: InboundAnswer) -> str:
        return answer.body.decode().partition("<code>")[2][:3]


@pytest.fixture
def desk(office: Office) -> Desk:
    return Desk(office)


@pytest.fixture
def any_desk(each: Office) -> Desk:
    return Desk(each)


def at_once(work: Callable[[int], Any], times: int = 6) -> list[Any]:
    gate, found = threading.Barrier(times), [None] * times

    def run(place: int) -> None:
        gate.wait()
        found[place] = work(place)

    threads = [threading.Thread(target=run, args=(place,)) for place in range(times)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return found


def test_in_once_and_redeemed_once(any_desk: Desk) -> None:
    desk = any_desk
    text = desk.assertion()
    key = desk.key(text)
    said = desk.redeem(key)
    assert (said["code"], said["data"]["projectNo"]) == ("200", ITEMS["PROJECT_NO"])
    assert said["data"]["idCardNumber"] == ITEMS["CARD_NO"]
    desk.office.clock.moment += timedelta(seconds=1)
    assert desk.redeem(key)["code"] == "409"
    assert desk.code(desk.arrive(text)) == "S06"
    assert desk.audited() == [
        ("entry.admitted", "", 1), ("entry.redeemed", "", 1), ("entry.redeem_refused", "409", 1),
        ("entry.refused", "S06", 1),
    ]  # fmt: skip


def test_one_assertion_by_many_at_the_same_moment(any_desk: Desk) -> None:
    text = any_desk.assertion()
    answers = at_once(lambda _: any_desk.arrive(text))
    assert sorted(one.status for one in answers) == [302, 403, 403, 403, 403, 403]
    assert len(any_desk.office.rows(t.visit)) == 1


def test_one_key_by_many_at_the_same_moment(any_desk: Desk) -> None:
    key, now = any_desk.key(), any_desk.office.clock.now()
    said = at_once(lambda n: any_desk.redeem(key, at=now + timedelta(milliseconds=n)))
    assert sorted(one["code"] for one in said) == ["200", "409", "409", "409", "409", "409"]


def test_the_very_same_request_again_gets_the_same_answer(any_desk: Desk) -> None:
    """The hall's answer was lost on its way."""
    request = any_desk.ask(any_desk.key())
    first = any_desk.said(request)
    assert first["code"] == "200"
    assert at_once(lambda _: any_desk.said(request), 3) == [first] * 3


def test_one_signature_over_another_key_is_refused(desk: Desk) -> None:
    first, second = desk.key(), desk.key(desk.assertion(PROJECT_NO="GF2"))
    assert desk.redeem(first)["code"] == "200"
    assert desk.redeem(second)["code"] == "403"
    assert desk.redeem(second, at=desk.office.clock.now() + timedelta(seconds=1))["code"] == "200"


@pytest.mark.parametrize(("minutes", "code"), [(29, "200"), (30, "410"), (31, "410")])
def test_a_key_s_thirty_minutes(desk: Desk, minutes: int, code: str) -> None:
    key = desk.key()
    desk.office.clock.moment += timedelta(minutes=minutes)
    assert desk.redeem(key)["code"] == code
    if code != "200":  # too late is too late, even when the clock goes back
        assert desk.audited()[-1] == ("entry.redeem_refused", "410", 1)


def test_a_key_nobody_was_given(desk: Desk) -> None:
    assert desk.redeem("x" * 43)["code"] == "404"
    assert desk.audited() == [("entry.redeem_refused", "404", 1)]


def test_an_assertion_stays_used_when_time_is_set_back(desk: Desk) -> None:
    text = desk.assertion()
    desk.key(text)
    desk.office.clock.moment += timedelta(minutes=31)
    assert desk.code(desk.arrive(text)) == "S03"
    desk.office.clock.moment -= timedelta(minutes=31)
    assert desk.code(desk.arrive(text)) == "S06"


def test_a_foreign_target_uses_nothing_up(desk: Desk) -> None:
    text = desk.assertion()
    assert desk.code(desk.arrive(text, target="https://evil.example/")) == "S08"
    assert desk.arrive(text).status == 302


def test_a_flood_is_counted_and_told(desk: Desk) -> None:
    for _ in range(75):
        assert desk.code(desk.arrive("AAAA")) == "S01"
    desk.entering.tell()
    counts = [
        count for act, code, count in desk.audited() if (act, code) == ("entry.refused", "S01")
    ]
    assert sum(counts) == 75
    assert counts == [1] * 60 + [15]


def test_nothing_personal_stands_in_clear(desk: Desk) -> None:
    key = desk.key()
    desk.redeem(key)
    (row,) = desk.office.rows(t.visit)
    shown = repr(tuple(row)) + repr([tuple(one) for one in desk.office.rows(audit_entry)])
    for secret in (ITEMS["USER_NAME"], ITEMS["CARD_NO"], key):
        assert secret not in shown
    assert row.subject_mask == "𠮷******* 522701********0000"


def test_a_database_that_is_away_uses_nothing_up(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, key = desk.assertion(), desk.key(desk.assertion(PROJECT_NO="GF2"))

    def away(*_: object, **__: object) -> None:
        raise DatabaseAway("gone")

    with monkeypatch.context() as broken:
        broken.setattr(desk.office.store, "write", away)
        assert desk.code(desk.arrive(text)) == "S09"
        assert desk.redeem(key)["code"] == "503"
    assert desk.arrive(text).status == 302
    assert desk.redeem(key)["code"] == "200"


def test_a_process_that_died_after_it_had_stored(
    any_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is let in twice by another process, and the hall's answer is not lost."""
    desk, text = any_desk, any_desk.assertion()
    request = desk.ask(desk.key(desk.assertion(PROJECT_NO="GF2")))

    def dies(*_: object, **__: object) -> None:
        raise SystemExit

    with monkeypatch.context() as killed:
        killed.setattr(desk.port, "onward", dies)
        killed.setattr(desk.port, "redeemed", dies)
        for act in (lambda: desk.arrive(text), lambda: desk.entering.redeem(request)):
            with pytest.raises(SystemExit):
                act()
    after = Desk(desk.office)
    assert after.code(after.arrive(text)) == "S06"
    said = after.said(request)
    assert (said["code"], said["data"]["projectNo"]) == ("200", "GF2")


def test_two_interfaces_cannot_want_one_path(desk: Desk) -> None:
    with pytest.raises(Misconfigured):
        Entering(
            desk.office.office, [EntrySeat(INTERFACE, desk.port), EntrySeat("other", desk.port)]
        )
