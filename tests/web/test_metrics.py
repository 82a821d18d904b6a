"""What monitoring reads is what the tables say, in a format that parses; the dashboard and the
rules in the docs ask for nothing that is not there."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from hub import audit
from hub.app.backups import SUBJECT
from hub.app.meters import METERS, Meters, Sample
from hub.bus import Effect
from hub.bus.alerts import begin
from hub.bus.tables import inbound
from hub.offset.tables import difference, item, leg, run
from hub.schedule.tables import job_due, lease
from hub.web.metrics import exposed
from tests.offset.kit import insert
from tests.web.duty_kit import BANK, MONTH, Duty, on_duty

DOCS = Path(__file__).parents[2] / "docs"
LINE = re.compile(r'([a-z_]+)(?:\{((?:[a-z]+="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (-?[0-9.e+-]+)')
PAIR = re.compile(r'([a-z]+)="((?:[^"\\]|\\.)*)"')


@pytest.fixture
def duty(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Duty]:
    """On each kind of database."""
    monkeypatch.setenv("HUB_DATABASE_URL", database_url)
    with on_duty(tmp_path) as opened:
        yield opened


def scrape(duty: Duty) -> dict[tuple[str, ...], float]:
    """(name, label values …) → value; every line must parse."""
    answer = duty.client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    found: dict[tuple[str, ...], float] = {}
    for line in answer.text.splitlines():
        if line.startswith("# "):
            continue
        parsed = LINE.fullmatch(line)
        assert parsed is not None, line
        name, labels, value = parsed[1], dict(PAIR.findall(parsed[2] or "")), float(parsed[3])
        assert tuple(labels) == METERS[name].labels
        key = (name, *labels.values())
        assert key not in found
        found[key] = value
    return found


def test_readings_are_what_the_tables_say(duty: Duty) -> None:
    hub = duty.hub
    before = scrape(duty)
    assert before["hub_messages", BANK, "dead"] == 0
    assert ("hub_backup_age_seconds",) not in before
    duty.put("k1")
    duty.put("k2", Effect.READ, "bank.inquire")
    duty.die(duty.batch("25100000000000000001"))
    with hub.store.write() as tx:
        now = hub.bus.now(tx)
        hub.bus.stop(tx, BANK, "wang", "切换")
        insert(tx, leg, run_id=tx.scalar(sa.select(run.c.id)), bank="ICBC", interface=BANK)
        tx.execute(sa.update(item).values(state="unknown"))
        insert(tx, difference, run_id=1, bank="ICBC", kind="amount", number="1", state="open")
        insert(tx, difference, run_id=1, bank="ICBC", kind="amount", number="2", state="settled")
        insert(tx, inbound, interface="bank-gyb", kind="notice", sender_id="1", state="accepted",
               vault_month=MONTH)  # fmt: skip
        begin(tx, BANK, "queue_growing", "many", now)
        insert(tx, job_due, job="a", due_us=1, state="due", ready_us=now - 90_000_000)
        insert(tx, lease, name="sealer", holder="h", until_us=now - 5_000_000,
               taken_us=now - 60_000_000)  # fmt: skip
        insert_backup(tx)
    seen = scrape(duty)
    assert seen["hub_messages", BANK, "dead"] == 1
    assert seen["hub_messages", BANK, "parked"] == 1
    assert seen["hub_messages", BANK, "queued"] == 1
    assert seen["hub_channel_stopped", BANK] == 1
    assert 0 <= seen["hub_oldest_waiting_seconds", BANK] < 600
    assert seen["hub_items_unknown", "ICBC"] == 2
    assert seen["hub_differences_open", "amount"] == 1
    assert seen["hub_inbound_waiting", "bank-gyb", "accepted"] == 1
    assert seen["hub_alerts_open", "queue_growing"] == 1
    assert seen["hub_jobs_waiting",] == 1
    assert 90 <= seen["hub_job_lateness_seconds",] < 600
    assert 60 <= seen["hub_lease_held_seconds", "sealer"] < 600
    assert -600 < seen["hub_lease_remaining_seconds", "sealer"] <= -5
    assert 0 <= seen["hub_backup_age_seconds",] < 600
    assert seen["hub_audit_unsealed",] > before["hub_audit_unsealed",]
    assert seen["hub_database_bytes",] > 100_000
    hub.keeper.stage_end("test")
    sealed = scrape(duty)
    assert sealed["hub_audit_unsealed",] == 0
    assert sealed["hub_audit_sealed_total",] >= seen["hub_audit_unsealed",]
    assert 0 <= sealed["hub_checkpoint_age_seconds",] < 600


def insert_backup(tx: sa.Connection) -> None:
    audit.record(tx, act="store.backup", actor="hub", subject=SUBJECT)


def test_attempts_are_counted_once_and_when_they_are_sealed(duty: Duty) -> None:
    number = duty.put("k1")
    meters = Meters(duty.hub)
    meters.read()

    def ended(said: str) -> None:
        with duty.hub.store.write() as tx:
            audit.record(tx, act="bus.attempt", actor="hub", subject=f"message:{number}",
                         detail=f"bank.instruct attempt 1: {said}")  # fmt: skip

    def counted() -> dict[tuple[str, ...], float]:
        return {s.labels: s.value for s in meters.read() if s.name == "hub_attempts_total"}

    for said in ("unknown line.timeout", "delivered", "delivered"):
        ended(said)
    assert counted() == {}
    duty.hub.keeper.stage_end("test")
    assert counted() == {(BANK, "unknown"): 1, (BANK, "delivered"): 2}
    assert counted() == {(BANK, "unknown"): 1, (BANK, "delivered"): 2}
    ended("rejected A1")
    duty.hub.keeper.stage_end("test")
    assert counted()[BANK, "rejected"] == 1


def test_alive_and_ready_are_two_questions(duty: Duty) -> None:
    assert duty.client.get("/livez").text == "ok\n"
    ready = duty.client.get("/readyz")
    assert (ready.status_code, ready.json()["good"]) == (200, True)
    with duty.hub.store.write() as tx:
        tx.exec_driver_sql("UPDATE alembic_version SET version_num = 'of another program'")
    ready = duty.client.get("/readyz")
    assert ready.status_code == 503
    bad = [check["name"] for check in ready.json()["checks"] if not check["good"]]
    assert bad == ["schema"]
    assert duty.client.get("/livez").status_code == 200


def test_labels_from_outside_cannot_break_a_line() -> None:
    text = "".join(exposed([Sample("hub_alerts_open", 1, ('a"\n\\b',))]))
    assert text.splitlines()[2] == 'hub_alerts_open{kind="a\\"\\n\\\\b"} 1'
    assert LINE.fullmatch(text.splitlines()[2])


def test_the_dashboard_and_the_rules_ask_for_what_is_there() -> None:
    board = json.loads((DOCS / "monitoring/grafana-hub.json").read_text(encoding="utf-8"))
    asked = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    guide = (DOCS / "how-to/watch-with-prometheus.md").read_text(encoding="utf-8")
    asked += re.findall(r"expr: (.*)", guide)
    names = {name for expr in asked for name in re.findall(r"\bhub_[a-z_]+", expr)}
    assert names == set(METERS)
    for expr in asked:
        for name, labels in re.findall(r"\b(hub_[a-z_]+)\{([^}]*)\}", expr):
            assert set(re.findall(r"([a-z]+)=", labels)) <= set(METERS[name].labels), expr
