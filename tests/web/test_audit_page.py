"""The audit's page: what was done is there, found by subject, act and person, page by page."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from hub import audit
from hub.web.audit import AuditWanted
from hub.web.desk.audit import StoreAudit
from tests.web.duty_kit import BANK, SCRIPT, Duty, on_duty


@pytest.fixture
def duty(tmp_path: Path) -> Iterator[Duty]:
    with on_duty(tmp_path) as opened:
        yield opened


def test_an_act_is_there_with_who_and_why(duty: Duty) -> None:
    duty.send(f"/acts/channel.stop/{BANK}", "wang", reason=f"切换{SCRIPT}")
    page = duty.client.get("/audit").text
    first = page.partition('<ul class="rows">')[2].partition("</li>")[0]
    assert "channel.stop" in first
    assert "<strong>wang</strong>" in first
    assert "切换&lt;script&gt;" in first
    assert "<script>alert" not in page
    assert "未入链" in first
    only = duty.client.get("/audit?act=channel.stop.ordered").text
    assert only.count('class="row-main"') == 1
    assert duty.client.get("/audit?actor=nobody").text.count('class="row-main"') == 0


def test_it_is_read_a_page_at_a_time_to_the_first_entry(duty: Duty) -> None:
    with duty.hub.store.write() as tx:
        for number in range(130):
            audit.record(tx, act="test.page", actor="wang", subject=f"s:{number}", detail={})
        whole = tx.scalar(sa.text("select count(*) from audit_entry"))
    desk, found, before = StoreAudit(duty.hub), list[int](), None
    while True:
        page = desk.audit(AuditWanted(), before, 50)
        found += [entry.id for entry in page.entries]
        before = page.before
        if before is None:
            break
    assert len(found) == len(set(found)) == whole
    assert found == sorted(found, reverse=True)
    (one,) = desk.audit(AuditWanted(subject="s:7"), None, 50).entries
    assert (one.act, one.subject) == ("test.page", "s:7")
