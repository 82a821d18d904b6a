"""The operators' pages over a real hub: previews, two people, what moved meanwhile, masks."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from hub.audit.tables import audit_entry
from hub.bus import Effect
from tests.web.duty_kit import BANK, CARD, NAME, SCRIPT, Duty, on_duty

RESUME, STOP = f"/acts/channel.resume/{BANK}", f"/acts/channel.stop/{BANK}"


@pytest.fixture
def duty(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Duty]:
    """On each kind of database."""
    monkeypatch.setenv("HUB_DATABASE_URL", database_url)
    with on_duty(tmp_path) as opened:
        yield opened


def entries(duty: Duty, act: str) -> list[tuple[str, str, str]]:
    with duty.hub.store.read() as view:
        rows = view.execute(sa.select(audit_entry).where(audit_entry.c.act == act))
        return [(row.actor, row.subject, row.detail) for row in rows]


class TestChannel:
    def test_stop_shows_what_it_will_do_and_does_it(self, duty: Duty) -> None:
        for key in ("k1", "k2", "k3"):
            duty.put(key)
        read = duty.put("q", Effect.READ, "bank.inquire")
        page = duty.client.get(STOP).text
        assert "将搁置 3 条排队的报文，载 6 笔，计 ¥450.00" in page
        assert "查证、取结果、对账单照常进行" in page
        assert duty.send(STOP, "wang", reason=" ").status_code == 400
        done = duty.send(STOP, "wang", reason="对方切换", seen=duty.seen(STOP))
        assert (done.status_code, done.headers["location"]) == (303, "/channels")
        shown = duty.client.get("/channels").text
        assert "搁置 3 条，正在途中 0 条" in shown
        assert "对方切换" in shown
        assert duty.state(read) == "queued"
        ((actor, subject, detail),) = entries(duty, "channel.stop.ordered")
        assert (actor, subject) == ("wang", f"channel:{BANK}")
        assert "对方切换" in detail
        assert re.search(r'"preview":"[0-9a-f]{64}"', detail)

    def test_a_stop_is_done_whatever_moved_but_not_twice(self, duty: Duty) -> None:
        duty.put("k1")
        seen = duty.seen(STOP)
        duty.put("k2")
        assert duty.send(STOP, "wang", reason="急停", seen=seen).status_code == 303
        again = duty.send(STOP, "li", reason="我也停", seen=seen)
        assert again.status_code == 409
        assert "通道已由 wang 停发" in again.text

    def test_resume_takes_two_and_says_what_changed(self, duty: Duty) -> None:
        duty.put("k1")
        duty.send(STOP, "wang", reason="切换")
        assert duty.send(RESUME, "sun", reason="看看").status_code == 403
        asked = duty.send(RESUME, "wang", reason="已恢复", seen=duty.seen(RESUME))
        assert asked.headers["location"] == "/approvals"
        assert "将发出搁置的 1 条报文" in duty.client.get("/approvals").text
        path = "/approvals/1"
        alone = duty.send(path, "wang", answer="confirm", seen=duty.seen(path))
        assert alone.status_code == 403
        assert "people.same_person" in alone.text
        seen = duty.seen(path)
        late = duty.put("k2")  # the parked set grows between the look and the yes
        changed = duty.send(path, "li", answer="confirm", seen=seen)
        assert changed.status_code == 409
        assert "报文条数 1 → 2" in changed.text
        assert "金额 ¥150.00 → ¥300.00" in changed.text
        assert duty.state(late) == "parked"
        duty.send(RESUME, "wang", reason="已恢复", seen=duty.seen(RESUME))
        path = "/approvals/2"
        assert duty.send(path, "li", answer="confirm", seen=duty.seen(path)).status_code == 303
        assert duty.state(late) == "queued"
        with duty.hub.store.read() as view:
            assert not duty.hub.bus.stopped(view, BANK)
        assert [each[0] for each in entries(duty, "channel.resume.confirm")] == ["li"]

    def test_a_stale_page_orders_nothing(self, duty: Duty) -> None:
        duty.put("k1")
        duty.send(STOP, "wang", reason="切换")
        seen = duty.seen(RESUME)
        duty.put("k2")
        answer = duty.send(RESUME, "wang", reason="已恢复", seen=seen)
        assert answer.status_code == 409
        assert "报文条数 1 → 2" in answer.text
        assert "没有待复核的事项" in duty.client.get("/approvals").text

    def test_saying_no_needs_a_reason(self, duty: Duty) -> None:
        duty.send(STOP, "wang", reason="切换")
        duty.send(RESUME, "wang", reason="已恢复")
        assert duty.send("/approvals/1", "li", answer="refuse").status_code == 400
        assert duty.send("/approvals/1", "li", answer="refuse", reason="未核").status_code == 303
        assert "已否决" in duty.client.get("/approvals").text

    def test_an_expired_form_changes_nothing(self, duty: Duty) -> None:
        data = {"form_key": "x" * 43, "token": duty.tokens["wang"].reveal(), "reason": "r"}
        headers = {"origin": duty.base, "sec-fetch-site": "same-origin"}
        answer = duty.client.post(STOP, data=data, headers=headers)
        assert answer.status_code == 403
        assert "web.cross_site" in answer.text
        assert entries(duty, "bus.stop") == []


class TestMessages:
    def test_money_is_resent_after_an_inquiry_the_hub_makes_itself(self, duty: Duty) -> None:
        number = duty.batch("25100000000000000001")
        duty.die(number)
        path = f"/acts/message.resend/{number}"
        assert "先由平台自动向对方查证一次" in duty.client.get(path).text
        asked = duty.send(path, "wang", reason="银行已恢复", seen=duty.seen(path))
        assert asked.status_code == 303, asked.text
        assert duty.client.get(f"/messages/{number}").status_code == 200
        page = duty.client.get(f"/messages/{number}").text
        inquiry = int(max(re.findall(r'href="/messages/(\d+)"', page), key=int))
        early = duty.send("/approvals/1", "li", answer="confirm", seen=duty.seen("/approvals/1"))
        assert early.status_code == 409
        assert "尚未答复" in early.text
        assert duty.state(number) == "dead"
        duty.set(inquiry, state="delivered", ready_us=None)
        done = duty.send("/approvals/1", "li", answer="confirm", seen=duty.seen("/approvals/1"))
        assert done.status_code == 303
        assert duty.state(number) == "queued"

    def test_a_dead_letter_of_money_is_not_just_put_away(self, duty: Duty) -> None:
        number = duty.batch("25100000000000000002")
        duty.die(number)
        page = duty.client.get("/dead").text
        assert "确定没有发出" in page
        answer = duty.send(f"/acts/message.close/{number}", "wang", reason="算了")
        assert answer.status_code == 409
        assert "还有 2 笔明细等着这条报文" in answer.text
        path = f"/acts/message.withdraw/{number}"
        duty.send(path, "wang", reason="本期不付", seen=duty.seen(path))
        done = duty.send("/approvals/1", "li", answer="confirm", seen=duty.seen("/approvals/1"))
        assert done.status_code == 303
        assert duty.state(number) == "closed"

    def test_a_reading_is_put_away_by_one(self, duty: Duty) -> None:
        number = duty.put("r", Effect.READ, "bank.statement", items=0, fen=0)
        duty.die(number)
        path = f"/acts/message.close/{number}"
        assert duty.send(path, "wang", reason="已另取", seen=duty.seen(path)).status_code == 303
        assert duty.state(number) == "closed"
        second = duty.send(path, "li", reason="我也办结")
        assert second.status_code == 409
        assert "已办结" in second.text

    def test_parked_by_one_let_go_by_two(self, duty: Duty) -> None:
        number = duty.put("k")
        park = f"/acts/message.park/{number}"
        assert duty.send(park, "wang", reason="核对").status_code == 303
        go = f"/acts/message.unpark/{number}"
        asked = duty.send(go, "wang", reason="核毕", seen=duty.seen(go))
        assert asked.headers["location"] == "/approvals"
        assert duty.state(number) == "parked"
        duty.send("/approvals/1", "li", answer="confirm", seen=duty.seen("/approvals/1"))
        assert duty.state(number) == "queued"

    def test_what_partners_say_is_escaped_and_masked(self, duty: Duty) -> None:
        number = duty.put("k")
        duty.die(number, SCRIPT)
        for path in (f"/messages/{number}", "/dead"):
            page = duty.client.get(path).text
            assert "<script>alert" not in page
            assert "&lt;script&gt;alert" in page
            assert NAME not in page
            assert CARD not in page
        page = duty.client.get(f"/messages/{number}").text
        assert "/reply/RetCode" in page
        assert "B0131" in page
        assert "字×4" in page

    def test_the_wording_is_for_a_role_and_every_look_is_audited(self, duty: Duty) -> None:
        number = duty.put("k")
        duty.die(number)
        path = f"/messages/{number}/raw"
        which = {"try_no": "1", "call_no": "1", "reason": "对方要求核对"}
        assert duty.send(path, "wang", **which).status_code == 403
        assert entries(duty, "message.raw_seen") == []
        shown = duty.send(path, "zhao", **which)
        assert shown.status_code == 200
        assert NAME in shown.text
        assert shown.headers["cache-control"] == "no-store"
        ((actor, subject, detail),) = entries(duty, "message.raw_seen")
        assert (actor, subject) == ("zhao", f"message:{number}")
        assert "对方要求核对" in detail

    def test_the_list_finds_by_number_and_batch_and_takes_signs_as_they_are(
        self, duty: Duty
    ) -> None:
        first, second = duty.put("25100000000000000001"), duty.put("25100000000000000002")

        def found(query: str) -> set[int]:
            page = duty.client.get(f"/messages{query}").text
            return {int(n) for n in re.findall(r'<a href="/messages/(\d+)"><code>', page)}

        assert found("") == {first, second}
        assert found(f"?q={first}") == {first}
        assert found("?q=25100000000000000002") == {second}
        assert found("?q=2510") == {first, second}
        for sign in ("%25", "_", "%27%20OR%201", "%3Cscript%3E"):
            assert found(f"?q={sign}") == set()
        assert found(f"?interface={BANK}&state=queued&kind=bank.instruct") == {first, second}
        assert found("?group=run:2025-09") == set()
        assert found(f"?before={second}") == {first}
        assert duty.client.get("/messages/999").status_code == 404
        assert duty.client.get("/messages/abc").status_code == 404
        assert duty.client.get("/acts/money.print/1").status_code == 400

    def test_english_at_the_switch(self, duty: Duty) -> None:
        duty.put("k1")
        page = duty.client.get(f"{STOP}?lang=en").text
        assert "Parks 1 queued messages with 2 items, ¥150.00" in page
        for path in ("/channels", "/messages", "/dead", "/approvals"):
            assert duty.client.get(path).status_code == 200
