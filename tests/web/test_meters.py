"""运行指标 and 应到 on pages, on the command line and in /metrics, over a real hub whose sentinel
looks; what locks do on each kind of database."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from hub.app.meters import Meters
from hub.app.sentinel import Sentinel
from hub.bus import Effect
from hub.bus.tables import message
from hub.cli.main import app
from hub.monitor import feeds
from hub.monitor.feeds import Expected
from hub.store.waits import note_wait
from tests.web.duty_kit import BANK, Duty, on_duty

LATE_US = 1_000_000


@pytest.fixture
def duty(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Duty]:
    """On each kind of database."""
    monkeypatch.setenv("HUB_DATABASE_URL", database_url)
    with on_duty(tmp_path) as opened:
        yield opened


def value(duty: Duty, name: str) -> float:
    return next(one.value for one in Meters(duty.hub).read() if one.name == name)


def lead(duty: Duty) -> Sentinel:
    made = Sentinel(duty.hub)
    assert made.leads.hold()
    return made


def test_a_dead_letter_is_over_its_limit_everywhere_until_somebody_ends_it(duty: Duty) -> None:
    number = duty.put("D1", effect=Effect.READ, kind="bank.dues")
    alter = sa.update(message).where(message.c.id == number)
    with duty.hub.store.write() as tx:
        tx.execute(alter.values(state="dead", ready_us=None))
    sentinel = lead(duty)
    sentinel.look()
    sentinel.look()  # hears nothing new
    page = duty.client.get("/meters").text
    assert "2 项超出界限" in page  # and nobody has ever made a backup, which may wait for a day
    line = next(row for row in page.split("<tr>") if "待人工处理的报文" in row and BANK in row)
    assert "已告警" in line
    assert "中心信息科·工行公司业务部" in line
    said = json.loads(CliRunner().invoke(app, ["watch", "meters", "--home",
                      str(duty.hub.settings.home), "--json"]).output)  # fmt: skip
    over, backup = [one for one in said["meters"] if one["over"]]
    assert (backup["limit"], backup["value"], backup["incident"]) == ("backup", None, None)
    assert (over["limit"], over["interface"], over["value"]) == ("dead", BANK, 1)
    assert over["incident"] is not None
    assert "hub_limits_over 2" in duty.client.get("/metrics").text
    incident = duty.client.get(f"/incidents/{over['incident']}").text
    assert "超出界限" in incident
    assert "两人复核后重发或办结" in incident
    with duty.hub.store.write() as tx:
        tx.execute(alter.values(state="closed"))
    sentinel.look()
    assert "1 项超出界限" in duty.client.get("/meters").text
    assert "已恢复待办结" in duty.client.get(f"/incidents/{over['incident']}").text
    sentinel.stop()


def test_a_limit_of_the_hub_itself_leads_to_its_page(duty: Duty) -> None:
    policy = duty.hub.settings.home / "watch.yaml"
    shipped = Path(feeds.__file__).with_name("watch_policy.yaml").read_text("utf-8")
    policy.write_text(shipped.replace("below: 0.10\n    ends: 0.15", "below: 2\n    ends: 2"))
    sentinel = lead(duty)
    sentinel.look()
    assert 'href="/meters"' in duty.client.get("/incidents/1").text.partition('id="one"')[0]
    assert "磁盘剩余" in duty.client.get("/incidents/1").text
    sentinel.stop()


def test_what_should_have_come_is_on_the_interface_s_page(duty: Duty) -> None:
    now_us = duty.hub.office.now_us()
    with duty.hub.store.write() as tx:
        feeds.note(tx, BANK, "due_list", Expected("2025-10", now_us - LATE_US, None, "对方忙"))
        feeds.note(tx, BANK, "results", Expected("B1", now_us - LATE_US, now_us - 2 * LATE_US))
    page = duty.client.get(f"/interfaces/{BANK}").text
    assert "应到与实到" in page
    assert "对方忙" in page
    said = json.loads(CliRunner().invoke(app, ["watch", "feeds", "--home",
                      str(duty.hub.settings.home), "--json"]).output)  # fmt: skip
    by_name = {one["interface"]: one for one in said["interfaces"]}
    assert not by_name["core-reference"]["declares"]
    assert not by_name["national-transfer"]["declares"]
    counted = {one["feed"]: (one["due"], one["came"], one["late"], one["missing"])
               for one in by_name[BANK]["feeds"]}  # fmt: skip
    assert counted == {
        "due_list": (1, 0, 0, 1), "results": (1, 1, 0, 0), "statement": (0, 0, 0, 0)
    }  # fmt: skip
    assert "没有声明应到什么" in duty.client.get("/interfaces/core-reference").text
    assert f'hub_feeds_late{{interface="{BANK}",feed="due_list"}} 1' in (
        duty.client.get("/metrics").text
    )


def test_who_waits_for_a_lock_is_seen(duty: Duty) -> None:
    store = duty.hub.store
    if store.is_sqlite:
        note_wait(12.5)
        assert value(duty, "hub_database_lock_wait_seconds") >= 12.5
        return
    assert value(duty, "hub_database_blocking_sessions") == 0
    update = sa.text("UPDATE watch_over SET since_us = since_us + 1")

    def wait() -> None:
        with store.write() as tx:
            tx.execute(update)

    with store.write() as tx:
        tx.exec_driver_sql("INSERT INTO watch_over VALUES ('feeds:x', 1)")
    with store.write() as tx:
        tx.execute(update)
        other = threading.Thread(target=wait)
        other.start()
        while value(duty, "hub_database_blocking_sessions") == 0:
            assert other.is_alive()
        assert value(duty, "hub_database_lock_wait_seconds") > 0
        assert value(duty, "hub_database_transaction_seconds") > 0
    other.join()
    assert value(duty, "hub_database_blocking_sessions") == 0
