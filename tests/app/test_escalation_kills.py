"""SIGKILL while alerts climb and are handed over: every rung is told, and nobody twice."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import sqlalchemy as sa

from hub.app.paging import KIND
from hub.bus.tables import message
from hub.monitor.duty_tables import alert_rung
from hub.monitor.incident_tables import watch_alert
from hub.store import Store
from hub.store.schema import upgrade
from tests.app.escalation_kit import LADDER, Post

INCIDENTS, KILLS = 6, (8, 16, 24)
ROOT = Path(__file__).parents[2]


def climb(url: str, home: Path, kill_at: str) -> bool:
    """One process, killed a moment after it has begun this minute; whether it came to its end."""
    command = [sys.executable, "-m", "tests.app.climber", url, str(home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.strip() == kill_at:
                time.sleep(random.Random(kill_at).uniform(0, 0.02))
                os.kill(process.pid, signal.SIGKILL)
                process.wait()
                return False
            if line.strip() == "done":
                return True
    raise AssertionError("it ended by itself, before its time")


def test_killed_while_it_climbs(database_url: str, tmp_path: Path) -> None:
    store = Store(database_url)
    upgrade(store)
    post = Post(store, tmp_path)
    post.list_up()
    for number in range(INCIDENTS):
        post.begin(key=f"core-{number}")
    (tmp_path / "minute").write_text("0")
    url = store.engine.url.render_as_string(hide_password=False)
    for minute in KILLS:
        assert not climb(url, tmp_path, str(minute))
    assert climb(url, tmp_path, "never")
    with store.read() as view:
        steps = view.execute(sa.select(alert_rung).order_by(alert_rung.c.incident_id)).all()
        rows = view.execute(sa.select(watch_alert).where(watch_alert.c.channel == "sms")).all()
        texts = view.scalar(sa.select(sa.func.count()).where(message.c.kind == KIND))
    store.close()
    assert {step.outcome for step in steps} == {"told"}
    assert len(steps) == INCIDENTS * len(LADDER)
    told = sorted((row.incident_id, row.person) for row in rows)
    assert told == sorted(
        (number, login) for number in range(1, INCIDENTS + 1) for login in LADDER.values()
    )
    assert all(row.message_id is not None for row in rows)
    assert texts == len(rows)
    names = {path.name for path in (tmp_path / "alerts").glob("*.json")}
    assert len(names) == INCIDENTS * len(LADDER)  # the groups: begun once, climbed three times
