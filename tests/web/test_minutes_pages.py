"""Maintenance and marks from the page: shown before, by whom it may be, with a reason, audited."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from hub.audit.tables import audit_entry
from hub.kernel.clocks import from_us
from hub.people import Party
from hub.people.words import Role
from tests.web.duty_kit import BANK, Duty, on_duty

AHEAD = {"interface": BANK, "begins": "2099-01-01T22:00", "ends": "+2h"}


@pytest.fixture
def duty(tmp_path: Path) -> Iterator[Duty]:
    with on_duty(tmp_path) as opened:
        first = opened.hub.people.authenticate(opened.tokens["wang"])
        with opened.hub.store.write() as tx:
            for login, party in (("ma", Party.OPERATOR), ("gu", Party.SUPERVISOR)):
                opened.tokens[login] = opened.hub.people.add(
                    tx, login=login, name=login, party=party, roles={Role.HANDLER}, by=first
                )
        yield opened


def hidden(page: str) -> dict[str, str]:
    """What a page's form carries."""
    found = re.findall(r'<input type="hidden" name="([a-z]+)" value="([^"]*)">', page)
    return {name: value for name, value in found if name != "form_key"}


def acts(duty: Duty) -> list[str]:
    with duty.hub.store.read() as view:
        return list(view.scalars(sa.select(audit_entry.c.act).order_by(audit_entry.c.id)))


def test_maintenance_is_shown_planned_and_cancelled(duty: Duty) -> None:
    shown = duty.client.get("/maintenance/new", params=AHEAD)
    assert "1 个接口，2099-01-01 22:00 – 2099-01-02 00:00" in shown.text
    form = hidden(shown.text)
    assert form["ends"] == "2099-01-02 00:00:00"
    done = duty.send("/maintenance/new", "wang", reason="前置机升级", **form)
    assert done.headers["location"] == "/maintenance"
    assert "maintenance.plan" in acts(duty)
    again = duty.client.get("/maintenance/new", params=AHEAD | {"interface": "*"}).text
    assert "与计划维护 1 重叠" in again
    assert "不会开始" in duty.client.get("/maintenance/1/cancel").text
    assert duty.send("/maintenance/1/cancel", "wang", reason="改期").status_code == 303
    assert "maintenance.cancel" in acts(duty)
    assert duty.client.get("/maintenance/1/cancel").status_code == 404


def test_maintenance_is_the_centres_beforehand_and_with_a_reason(duty: Duty) -> None:
    form = hidden(duty.client.get("/maintenance/new", params=AHEAD).text)
    assert duty.send("/maintenance/new", "ma", reason="升级", **form).status_code == 403
    assert duty.send("/maintenance/new", "wang", reason=" ", **form).status_code == 400
    assert duty.send("/maintenance/new", "sun", reason="升级", **form).status_code == 403
    past = {"begins": "2020-01-01T22:00"}
    assert duty.client.get("/maintenance/new", params=AHEAD | past).status_code == 400
    nobody = {"interface": "nobody"}
    assert duty.client.get("/maintenance/new", params=AHEAD | nobody).status_code == 404
    assert "maintenance.plan" not in acts(duty)


def test_a_mark_takes_one_person_of_each_party(duty: Duty) -> None:
    begins = from_us(duty.hub.office.now_us()) - timedelta(hours=3)
    asked = {
        "interface": BANK, "begins": f"{begins:%Y-%m-%dT%H:%M}", "ends": "+30m", "klass": "client",
    }  # fmt: skip
    shown = duty.client.get("/minutes/marks/new", params=asked).text
    assert "现在记为：无数据 30" in shown
    assert "签认后记为：甲方原因 30 分钟" in shown
    form = hidden(shown)
    assert form["seen"] == "no_data=30"
    moved = form | {"seen": "normal=30"}
    assert duty.send("/minutes/marks/new", "wang", reason="核心停机", **moved).status_code == 409
    assert duty.send("/minutes/marks/new", "gu", reason="核心停机", **form).status_code == 403
    done = duty.send("/minutes/marks/new", "wang", reason="核心停机", **form)
    assert done.headers["location"] == "/minutes/marks/1"
    month = f"{begins:%Y-%m}"
    page = duty.client.get(f"/minutes?interface={BANK}&month={month}").text
    assert "待另一方签认" in page
    mark = "/minutes/marks/1"
    assert duty.send(mark, "wang", answer="sign", reason="同意").status_code == 403
    assert duty.send(mark, "ma", answer="sign", reason="").status_code == 400
    assert duty.send(mark, "ma", answer="sign", reason="已核对日志").status_code == 303
    assert duty.send(mark, "ma", answer="refuse", reason="晚了").status_code == 404
    assert "已签认" in duty.client.get(mark).text
    assert acts(duty).count("watch.mark_signed") == 1


def test_the_classes_of_a_month_add_up(duty: Duty) -> None:
    page = duty.client.get(f"/minutes?interface={BANK}&month=2025-10").text
    foot = page.partition("<tfoot>")[2].partition("</tfoot>")[0]
    rows = page.partition("占全月")[2].partition("<tfoot>")[0]
    counts = [int(n.replace(",", "")) for n in re.findall(r'<td class="num">([\d,]+)</td>', rows)]
    assert sum(counts) == 31 * 1440
    assert "44,640" in foot
    assert duty.client.get("/minutes?interface=nobody").status_code == 404
    assert duty.client.get("/minutes?month=2025-13").status_code == 400
