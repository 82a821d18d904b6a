"""The hall is believed by its own key; what it files, and what the platform is told, is the
contract's."""

import base64
import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from adapters.one_thing.home_purchase import adapter, entry, inbound
from hub.kernel.money import Fen
from hub.ports.case import FILED, TAKEN_BACK, Feedback, Filing, Step, TakenBack
from hub.ports.entry import EntryPort, EntryRefused, RedeemWord
from hub.ports.inbound import InboundRequest, NotTaken, Word
from hub.ports.line import DriftNotes, HttpReply, PartnerRefused, ReplyUnreadable
from tests.adapters.one_thing.test_home_purchase import (
    CONTRACT,
    GOLDEN,
    KEY,
    NOW,
    asked,
    context,
    sample,
)


@pytest.fixture(scope="module")
def port() -> EntryPort:
    return entry.build(context())


def call(
    body: Any, route: str, *, key: str = KEY, at: datetime = NOW, **headers: str
) -> InboundRequest:
    rtime, sid, rid = str(int(at.timestamp() * 1000)), "QNGJJ-PURCHASE-01", "QNGJJ-HALL"
    made = base64.b64encode(hmac.digest(key.encode(), f"{sid}{rid}{rtime}".encode(), "sha256"))
    own = {"rid": rid, "sid": sid, "rtime": rtime, "sign": made.decode()} | headers
    sent = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    return InboundRequest(route, {f"gjzwfwpt_{n}": t for n, t in own.items()}, sent, "127.0.0.1")


REDEEM = "/onething-home-purchase/hall/redeem"
APPLY = "/onething-home-purchase/hall/apply"
WITHDRAW = "/onething-home-purchase/hall/withdraw"


class TestHall:
    def test_a_redemption(self, port: EntryPort) -> None:
        for key in (KEY, "next"):
            found = port.read_redemption(call(sample("hall.redeem.request.json"), REDEEM, key=key))
            assert (found.key, found.nonce_kept_s) == ("q" * 43, 900)

    def test_the_golden_answers(self, port: EntryPort) -> None:
        person, company = (
            port.read(asked(one["assertion"])).visitor for one in GOLDEN["assertions"]
        )
        said = json.loads(port.redeemed(RedeemWord.REDEEMED, "1", person).body)
        assert said == sample("hall.redeem.reply.json")
        said = json.loads(port.redeemed(RedeemWord.REDEEMED, "2", company).body)
        assert said == sample("hall.redeem.legal.reply.json")
        assert json.loads(port.redeemed(RedeemWord.KEY_USED).body) == sample(
            "hall.redeem.used.reply.json"
        )

    @pytest.mark.parametrize(
        ("request_", "word"),
        [(call({"key": "q" * 43}, REDEEM, key="x"), "signature"),
         (call({"key": "q" * 43}, REDEEM, sid="OTHER"), "signature"),
         (call({"key": "q" * 43}, REDEEM, at=NOW - timedelta(minutes=6)), "stale"),
         (call(b"<html>", REDEEM), "unreadable"), (call({"key": "short"}, REDEEM), "unreadable"),
         (call({"key": 1}, REDEEM), "unreadable"),
         (InboundRequest(REDEEM, {}, b"{}", ""), "unreadable")],
    )  # fmt: skip
    def test_who_is_not_the_hall(
        self, port: EntryPort, request_: InboundRequest, word: str
    ) -> None:
        with pytest.raises(EntryRefused) as no:
            port.read_redemption(request_)
        assert no.value.word == word

    def test_the_golden_filing(self) -> None:
        listening = inbound.build(context())
        found = listening.read(call(sample("hall.apply.request.json"), APPLY))
        assert (found.kind, found.sender_id, found.drifts) == (
            FILED, "hall/GF20251014000001/1", (),
        )  # fmt: skip
        said = found.value
        assert isinstance(said, Filing)
        assert (said.kind, said.door, said.fields["visit"]) == ("home_purchase", "hall", "1")
        assert said.fields["amount"] == "30000.00"
        assert [(one.material, one.content[:4]) for one in said.files] == [
            ("01", b"\x89PNG"), ("02", b"%PDF"),
        ]  # fmt: skip
        assert "阿依努尔" not in repr(found)
        answer = listening.answer(call({}, APPLY), Word.ACCEPTED, found.sender_id)
        assert json.loads(answer.body) == sample("push.reply.json")

    def test_a_withdrawal(self) -> None:
        found = inbound.build(context()).read(call(sample("hall.withdraw.request.json"), WITHDRAW))
        assert (found.kind, found.value) == (
            TAKEN_BACK, TakenBack("home_purchase", "hall", "GF20251014000001", 1, "不买了"),
        )  # fmt: skip

    @pytest.mark.parametrize("gone", ["projectNo", "version", "name", "idCardNumber", "visit"])
    def test_what_lacks_a_field_is_refused_for_good(self, gone: str) -> None:
        body = {n: v for n, v in sample("hall.apply.request.json").items() if n != gone}
        with pytest.raises(NotTaken) as no:
            inbound.build(context()).read(call(body, APPLY))
        assert no.value.word is Word.REFUSED
        assert bool(no.value.sender_id) == (gone not in ("projectNo", "version"))
        assert any(gone in drift.place for drift in no.value.drifts)


TOLD = Feedback("hall", "GF20251014000001", 1, 3, Step.CHECKED, NOW)


class _Line:
    """A gateway that answers as it is told; what was said to it is kept."""

    def __init__(self, answer: Callable[[], Any]) -> None:
        self.drift, self.said = DriftNotes(), []
        self._answer = answer

    def post(self, step: str, **asked: Any) -> HttpReply:
        said = {"code": "200", "message": "", "data": {"appsecret": "s", "expires_in": 600}}
        if step != "refreshsecret":
            self.said.append((step, asked["path"], json.loads(asked["body"])))
            said = self._answer()
        return HttpReply(200, {}, json.dumps(said).encode())


GOOD = {"code": "200", "message": "", "data": {"receiptno": "HZ1"}}


class TestFeedback:
    @pytest.mark.parametrize("step", [one for one in Step if one is not Step.UNDONE])
    def test_every_step_is_the_contract_s(self, step: Step) -> None:
        line = _Line(lambda: GOOD)
        told = replace(
            TOLD, step=step, text="说明", lacking=("缺",) if step is Step.LACKING else (),
            promise_on=date(2025, 10, 21), promise_days=5,
            principal=Fen(3_000_000) if step is Step.DONE else None,
            interest=Fen(0) if step is Step.DONE else None,
        )  # fmt: skip
        assert adapter.build(context()).feedback(line, told).receipt == "HZ1"  # type: ignore[arg-type]
        ((name, path, said),) = line.said
        assert CONTRACT.validate_json(f"{name}.request", said) == []
        assert path == CONTRACT.transaction(name).extra["path"]
        ends = (Step.DONE, Step.FAILED, Step.WITHDRAWN)
        wanted = "accept" if step is Step.CHECKED else "result" if step in ends else "process"
        assert name == wanted
        if step is Step.DONE:
            assert (said["principal"], said["interest"]) == ("30000.00", "0.00")

    def test_a_refusal_is_final_only_by_the_table(self) -> None:
        for code, final in (("404", True), ("300", False), ("777", False)):
            line = _Line(lambda code=code: {"code": code, "message": "x", "data": None})
            with pytest.raises(PartnerRefused) as no:
                adapter.build(context()).feedback(line, TOLD)  # type: ignore[arg-type]
            assert no.value.final is final

    def test_without_a_receipt_nothing_is_told(self) -> None:
        line = _Line(lambda: {"code": "200", "message": "", "data": {}})
        with pytest.raises(ReplyUnreadable):
            adapter.build(context()).feedback(line, TOLD)  # type: ignore[arg-type]
