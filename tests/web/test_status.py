"""The public page: open without a session, nothing internal on it, made once a minute."""

import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from hub.kernel.clocks import from_us
from hub.monitor.words import State
from hub.web.app import create_app
from hub.web.desk import StoreDesk
from hub.web.desk.parts import all_parts
from hub.web.desk.signing_in import StoreSignIn
from hub.web.guard import Busy
from hub.web.status import KEPT_S, MOST_A_SECOND, Kept, Status
from tests.web.duty_kit import BANK, SCRIPT, Duty, on_duty
from tests.web.server import serving
from tests.web.watch_kit import break_it, see


@pytest.fixture
def duty(tmp_path: Path) -> Iterator[Duty]:
    with on_duty(tmp_path) as opened:
        yield opened


@pytest.fixture
def outside(duty: Duty) -> Iterator[httpx.Client]:
    """A browser of nobody's, at a hub that asks for a sign-in."""
    app = create_app(
        StoreDesk(duty.hub), parts=all_parts(duty.hub), environment="production",
        signing=StoreSignIn(duty.hub), sign_in_needed=True,
    )  # fmt: skip
    with serving(app) as base, httpx.Client(base_url=base, timeout=20) as client:
        yield client


def test_it_says_in_words_how_services_stand_and_nothing_else(
    duty: Duty, outside: httpx.Client
) -> None:
    break_it(duty)
    see(duty, "bank-ccb", State.UP, State.UP)
    form = {"interface": BANK, "begins": "2099-01-01 22:00:00", "ends": "+1h"}
    duty.send("/maintenance/new", "wang", reason="内部事由", **form)
    assert outside.get("/interfaces").status_code == 401
    said = outside.get("/status")
    assert said.status_code == 200
    line = said.text.partition("工商银行商贷月对冲")[2].partition("</li>")[0]
    assert "故障处理中" in line
    assert line.count("<rect") == 30
    assert "正常" in said.text.partition("建设银行商贷月对冲")[2].partition("</li>")[0]
    assert "暂无监测" in said.text.partition("企业破产信息核查")[2].partition("</li>")[0]
    inside = ("bank-", "B0131", SCRIPT, "坏", "wang", "内部事由", "/incidents", "/channels", "form")
    assert [word for word in inside if word in said.text] == []
    assert "set-cookie" not in said.headers
    assert said.headers["cache-control"] == f"public, max-age={int(KEPT_S)}"
    assert "In trouble" in outside.get("/status?lang=en").text


def test_maintenance_of_the_next_days_is_announced(duty: Duty, outside: httpx.Client) -> None:
    begins = duty.hub.office.now_us() + 3_600_000_000
    shown = duty.client.get(
        "/maintenance/new",
        params={"interface": BANK, "begins": _moment(begins), "ends": "+1h"},
    )
    assert shown.status_code == 200
    form = {"interface": BANK, "begins": _moment(begins), "ends": "+1h"}
    assert duty.send("/maintenance/new", "wang", reason="内部事由", **form).status_code == 303
    page = outside.get("/status").text
    assert "计划维护" in page
    assert "内部事由" not in page


def _moment(instant: int) -> str:
    return f"{from_us(instant):%Y-%m-%d %H:%M:%S}"


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_it_is_made_once_a_minute_however_many_ask() -> None:
    made, clock = [], Clock()

    def make() -> Status:
        made.append(clock.now)
        return Status(len(made), (), ())

    kept = Kept(make, clock)
    assert [kept.take().at_us for _ in range(5)] == [1] * 5
    clock.now += KEPT_S
    assert kept.take().at_us == 2
    assert made == [1000.0, 1000.0 + KEPT_S]


def test_while_it_is_made_the_others_are_given_the_old_one() -> None:
    clock, making, go = Clock(), threading.Event(), threading.Event()
    made: list[int] = []

    def make() -> Status:
        made.append(1)
        if len(made) == 2:
            making.set()
            assert go.wait(30)
        return Status(len(made), (), ())

    kept = Kept(make, clock)
    kept.take()
    clock.now += KEPT_S
    slow = threading.Thread(target=kept.take)
    slow.start()
    assert making.wait(30)
    assert kept.take().at_us == 1
    go.set()
    slow.join(30)
    assert kept.take().at_us == 2


def test_asked_too_often_it_says_so_and_makes_nothing() -> None:
    clock = Clock()
    kept = Kept(lambda: Status(1, (), ()), clock)
    for _ in range(MOST_A_SECOND):
        kept.take()
    with pytest.raises(Busy):
        kept.take()
    clock.now += 1
    assert kept.take().at_us == 1
