"""The duty list's page and the button that answers an alert."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from hub.audit.tables import audit_entry
from hub.kernel.clocks import from_us
from hub.monitor.duty import read_changes
from hub.monitor.duty_tables import duty_reach
from hub.schedule import seed_calendar
from tests.web.duty_kit import Duty, on_duty
from tests.web.watch_kit import break_it

PHONE = "15758884921"


@pytest.fixture
def duty(tmp_path: Path) -> Iterator[Duty]:
    with on_duty(tmp_path) as opened:
        yield opened


def put(duty: Duty, login: str, *, rung: str = "primary", by: str = "wang", **more: str) -> int:
    year = {"begins": "", "ends": "+8760h"}
    year["begins"] = f"{duty.hub.clock.now():%Y-%m-%dT%H:%M}"
    values = {"rung": rung, "login": login, "shift": "", "reason": "排班", **year, **more}
    return duty.send("/duty/set", by, **values).status_code


def test_the_list_is_kept_from_the_page(duty: Duty) -> None:
    assert "没有值班表" in duty.client.get("/duty").text
    assert put(duty, "li") == 303
    assert put(duty, "zhao", rung="standby") == 303
    page = duty.client.get("/duty").text
    assert "今后 14 天没有空缺" in page
    assert "没有联系方式：li、zhao" in page
    span = {"begins": f"{duty.hub.clock.now():%Y-%m-%dT%H:%M}", "ends": "+24h"}
    done = duty.send("/duty/swap", "wang", one="li", other="zhao", reason="换班", **span)
    assert done.status_code == 303
    done = duty.send("/duty/reach", "wang", login="li", way="sms", to=PHONE, reason="登记")
    assert done.status_code == 303
    page = duty.client.get("/duty").text
    assert "157****4921" in page
    assert PHONE not in page
    with duty.hub.store.read() as view:
        assert PHONE not in str(view.execute(sa.select(duty_reach)).all())
        details = " ".join(view.scalars(sa.select(audit_entry.c.detail)))
    assert PHONE not in details
    assert "排班" in details


def test_who_may_not_answer_may_not_stand_and_nobody_without_a_reason(duty: Duty) -> None:
    assert put(duty, "sun") == 400  # looks on alone
    assert put(duty, "nobody") == 404
    assert put(duty, "li", by="sun") == 403
    assert put(duty, "li", reason=" ") == 400
    assert put(duty, "li", rung="fifth") == 400
    assert put(duty, "li", begins="2020-01-01T00:00", ends="2020-01-02T00:00") == 400


def test_a_shift_puts_somebody_on_its_days_alone(duty: Duty) -> None:
    with duty.hub.store.write() as tx:
        seed_calendar(tx)
    first = duty.hub.clock.now().date() + timedelta(days=1)
    span = {"begins": f"{first}", "ends": f"{first + timedelta(days=3)}"}
    assert put(duty, "li", shift="夜班", **span) == 303
    assert put(duty, "li", shift="早班", **span) == 400
    with duty.hub.store.read() as view:
        turns = read_changes(view)
    hours = [(from_us(turn.from_us), from_us(turn.until_us)) for turn in reversed(turns)]
    assert [begins.date() for begins, _ in hours] == [first + timedelta(days=n) for n in range(4)]
    assert {f"{begins:%H:%M}-{ends:%H:%M}" for begins, ends in hours} == {"17:30-08:30"}


def test_one_button_two_people(duty: Duty) -> None:
    put(duty, "li")
    break_it(duty)
    page = duty.client.get("/incidents/1").text
    assert "我来处理" in page
    assert "值班员" in page
    first = duty.send("/incidents/1", "zhao", act="respond")
    assert first.status_code == 303
    second = duty.send("/incidents/1", "li", act="respond")
    assert second.status_code == 303
    page = duty.client.get("/incidents/1").text
    assert "故障 1 已由 zhao 于" in page
    assert "（页面）" in page
    assert 'id="take"' not in page
