"""The pages of what partners sent: listed, masked, answered; the wording only for a few."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from hub.audit.tables import audit_entry
from hub.bus import Inbox
from hub.bus.inbox_looking import InboundFilter, list_inbound
from hub.ports.case import FILED
from tests.web.duty_kit import NAME, SCRIPT, Duty, on_duty

ONE, OTHER = "onething-retirement", "onething-migration"
BODY = f'{{"sqrxm":"{NAME}","code":"01"}}'.encode()
RAW = b"POST /push\r\nx-sign: secret-of-theirs\r\n\r\n" + BODY


def come(duty: Duty, number: str, interface: str = ONE, word: str = "accepted") -> int:
    """Stored and answered as Reception does."""
    with duty.hub.store.write() as tx:
        inbox = Inbox(duty.hub.bus)
        found = inbox.receive(
            tx, interface=interface, kind=FILED, sender_id=number, body=BODY, month="2025-10",
            raw=RAW, contract_version="1.0.0",
        )  # fmt: skip
        if word == "accepted":
            inbox.accept(tx, found.id, answer=b'{"code":"200"}', code=word)
        elif word:
            inbox.refuse(tx, found.id, answer=b"no", code=word, why=f"form off {SCRIPT}")
    return found.id


def again(duty: Duty, number: str, body: bytes) -> None:
    with duty.hub.store.write() as tx:
        Inbox(duty.hub.bus).receive(
            tx, interface=ONE, kind=FILED, sender_id=number, body=body, month="2025-10"
        )


@pytest.fixture(scope="module")
def duty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Duty]:
    with on_duty(tmp_path_factory.mktemp("inbox")) as opened:
        come(opened, "onething/GZ-1/1")
        come(opened, "onething/GZ-2/1", word="refused")
        come(opened, "onething/QY-3/1", OTHER)
        come(opened, "onething/GZ-4/1", word="")
        with opened.hub.store.write() as tx:
            assert Inbox(opened.hub.bus).handled(tx, 3)
        again(opened, "onething/GZ-1/1", BODY)
        again(opened, "onething/GZ-1/1", b"{}")
        yield opened


def shown(duty: Duty, **query: str) -> list[int]:
    page = duty.client.get("/inbox", params=query).text
    return [number for number in range(4, 0, -1) if f'href="/inbox/{number}"' in page]


def test_the_list_and_its_filters(duty: Duty) -> None:
    assert shown(duty) == [4, 3, 2, 1]
    assert shown(duty, interface=OTHER) == [3]
    assert shown(duty, state="refused") == [2]
    assert shown(duty, state="accepted", interface=ONE) == [1]
    assert shown(duty, q="onething/GZ") == [4, 2, 1]
    assert shown(duty, q="3") == [3]
    assert shown(duty, q="onething/GZ", state="refused") == [2]
    assert shown(duty, since="2099-01-01T00:00") == []
    assert shown(duty, q="%") == []
    page = duty.client.get("/inbox").text
    assert "&lt;script&gt;" in page
    assert "<script>alert" not in page
    assert NAME not in page


def test_one_message_is_masked_and_says_how_we_answered(duty: Duty) -> None:
    page = duty.client.get("/inbox/1").text
    for words in ("验签与时效通过", "受理", "又来 1 次", "来过 1 次，已拒绝", "来报入库", "/code"):
        assert words in page, words
    for secret in (NAME, "secret-of-theirs"):
        assert secret not in page
    assert "form off" in duty.client.get("/inbox/2").text
    assert "已处理" in duty.client.get("/inbox/3").text
    assert duty.client.get("/inbox/99").status_code == 404


def test_the_wording_is_for_a_few_and_every_look_is_kept(duty: Duty) -> None:
    assert duty.send("/inbox/1/raw", "wang", reason="核对").status_code == 403
    assert duty.send("/inbox/1/raw", "zhao", reason="").status_code == 400
    page = duty.send("/inbox/1/raw", "zhao", reason="核对来报").text
    assert NAME in page
    assert "secret-of-theirs" in page
    with duty.hub.store.read() as view:
        rows = sa.select(audit_entry).where(audit_entry.c.act == "inbound.raw_seen")
        kept = [(row.actor, row.subject) for row in view.execute(rows)]
    assert kept == [("zhao", "inbound:1")]


def test_pages_of_any_size_make_the_whole_list(duty: Duty) -> None:
    known = (ONE, OTHER)
    for wanted in (InboundFilter(), InboundFilter(interface=ONE), InboundFilter(text="onething/")):
        with duty.hub.store.read() as view:
            whole = [one.id for one in list_inbound(view, wanted, known).rows]
            paged: list[int] = []
            before: int | None = None
            while True:
                page = list_inbound(view, wanted, known, before=before, size=1)
                paged += [one.id for one in page.rows]
                before = page.older
                if before is None:
                    break
        assert paged == whole
