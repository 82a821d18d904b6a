"""The schedule's pages over a real hub: the calendar, what ran, what was missed, hands on it."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from hub.app.scheduling import make_jobs
from hub.kernel.clocks import SHANGHAI, SharedClock
from hub.schedule import seed_calendar
from tests.web.duty_kit import Duty, on_duty

JOB = "/schedule/dues.ICBC"


def ring(duty: Duty, *when: int) -> None:
    assert duty.hub.settings.clock_file is not None
    SharedClock(duty.hub.settings.clock_file).set(datetime(2025, *when, tzinfo=SHANGHAI))
    jobs = make_jobs(duty.hub)
    with duty.hub.store.write() as tx:
        seed_calendar(tx)
        jobs.register(tx)
    jobs.run_due()


@pytest.fixture
def duty(tmp_path: Path) -> Iterator[Duty]:
    """On the evening before the holiday; the hub was down over it."""
    with on_duty(tmp_path) as opened:
        ring(opened, 9, 30, 9)
        ring(opened, 10, 9, 14)
        yield opened


def test_the_calendar_has_holidays_with_names_and_what_ran(duty: Duty) -> None:
    page = duty.client.get("/schedule").text
    assert page.count("国庆节") == 8  # with the Saturday worked in lieu; the 6th has a name too
    assert "中秋节" in page
    assert "国庆节调休" in page
    assert 'aria-current="date"><strong>9</strong>' in page
    assert "连同此前 1 次" in page  # the evening of the 30th was missed, and this morning
    assert "贵州农信" in page
    before = duty.client.get("/schedule?month=2025-09").text
    assert "已执行 45" in before  # 18 in the morning; the evening's 27 made up for later
    assert duty.client.get("/schedule?month=2025-13").status_code == 400
    assert "日历未知" in duty.client.get("/schedule?month=2031-01").text
    english = duty.client.get("/schedule?lang=en").text
    assert "Day-end check" in english
    assert "Nobody was there from" in english


def test_one_job_is_parked_and_resumed_with_a_reason(duty: Duty) -> None:
    page = duty.client.get(JOB).text
    assert "每个银行工作日 08:30" in page
    assert duty.send(JOB, "wang", act="park", reason="").status_code == 400
    assert duty.send(JOB, "wang", act="blow", reason="x").status_code == 400
    done = duty.send(JOB, "wang", act="park", reason="工行停机")
    assert (done.status_code, done.headers["location"]) == (303, JOB)
    assert "工行停机" in duty.client.get(JOB).text
    assert "已搁置" in duty.client.get("/schedule").text
    assert duty.send(JOB, "wang", act="run", reason="试").status_code == 409
    duty.send(JOB, "wang", act="resume", reason="恢复")
    duty.send(JOB, "wang", act="skip", reason="不取", at="2025-10-10T08:30")
    shown = duty.client.get(JOB).text
    assert "已跳过" in shown
    assert "2025-10-11 08:30:00" in shown  # the next is the Saturday worked in lieu
    assert duty.send(JOB, "wang", act="skip", reason="不取", at="明天").status_code == 400
    assert duty.client.get("/schedule/dues.NONE").status_code == 404
