"""The month's jobs of a whole hub: from manifests and policy, moved by hand, shown."""

from datetime import datetime, time
from pathlib import Path

import pytest
import sqlalchemy as sa

from hub.app import jobbing
from hub.app.assembly import open_hub
from hub.app.hub import Hub
from hub.app.month_jobs import month_jobs
from hub.app.operators import ActNotYours
from hub.app.scheduling import make_jobs
from hub.app.waiting import waits_for
from hub.audit.tables import audit_entry
from hub.bus.tables import channel
from hub.kernel.clocks import SHANGHAI, SharedClock
from hub.kernel.periods import Period
from hub.kernel.secret import Secret
from hub.kernel.settings import Settings
from hub.offset import runs
from hub.offset.policy import BadPolicy, Policy, read_policy
from hub.offset.tables import run
from hub.people import Party, Role
from hub.schedule import hands, seed_calendar


def go_to(hub: Hub, *when: int) -> None:
    assert hub.settings.clock_file is not None
    SharedClock(hub.settings.clock_file).set(datetime(2025, *when, tzinfo=SHANGHAI))


@pytest.fixture
def tokens(hub: Hub) -> dict[str, Secret]:
    with hub.store.write() as tx:
        seed_calendar(tx)
        roles = [Role.ADMINISTRATOR, Role.HANDLER]
        first = hub.people.add(
            tx, login="wang", name="王", party=Party.CENTRE, roles=roles, by=None
        )
    by = hub.people.authenticate(first)
    found = {"wang": first}
    for login, party in (("op", Party.OPERATOR), ("sup", Party.SUPERVISOR)):
        with hub.store.write() as tx:
            found[login] = hub.people.add(
                tx, login=login, name="某", party=party, roles=[Role.HANDLER], by=by
            )
    return found


def ring(hub: Hub) -> int:
    jobs = make_jobs(hub)
    with hub.store.write() as tx:
        jobs.register(tx)
    return jobs.run_due()


def test_every_bank_has_its_jobs_at_its_manifests_times(hub: Hub, tokens: object) -> None:
    jobs = {job.code: str(job.rule) for job in month_jobs(hub, read_policy(None))}
    assert len(jobs) == 1 + 9 * 5
    assert jobs["dues.ABC"].endswith("08:15")
    assert jobs["instruct.BCM"].endswith("08:30")
    assert jobs["results.BCM"].endswith("20:00")
    assert jobs["statement.PSBC"].endswith("20:40")
    assert jobs["close.PSBC"].endswith("21:10")
    assert jobs["plan"] == "每个银行工作日 11:00"


def test_a_whole_day_runs_and_is_shown(hub: Hub, tokens: object) -> None:
    go_to(hub, 10, 9, 9)
    assert ring(hub) == 18  # dues and openings of the morning; a new job has missed nothing
    with hub.store.write() as tx:
        runs.open_run(
            tx, hub.office, Period(2025, 10), ["ICBC"], read_policy(None), wave_wait_s=1,
            data_digest="", actor="t",
        )  # fmt: skip
    go_to(hub, 10, 9, 23)
    assert ring(hub) == 1 + 9 * 3
    found = {one.code: one for one in jobbing.read_schedule(hub).jobs}
    assert {one.last.state for one in found.values() if one.last} == {"done"}
    notes = {code: one.last.note for code, one in found.items() if one.last}
    assert notes["dues.ICBC"] == "没有期次在等应还明细"
    assert notes["plan"] == "截止时还没有轮次：2025-10 工商银行"
    assert notes["statement.ICBC"] == "没有期次要读对账单"
    assert notes["close.ICBC"] == "没有结日障碍，可以结日"
    assert notes["close.CCB"] == "当日无发生"
    with hub.store.read() as view:
        checked = audit_entry.c.act == "day.checked"
        subjects = list(view.scalars(sa.select(audit_entry.c.subject).where(checked)))
    assert subjects == ["2025-10-09 ICBC"]
    missed = {one.job for one in jobbing.read_schedule(hub).missed}
    assert {"plan", "close.ICBC"} <= missed  # nobody was there at their time
    assert "dues.ICBC" not in missed


def test_what_the_day_end_finds_in_the_way_is_said(hub: Hub, tokens: object) -> None:
    go_to(hub, 10, 9, 20)
    ring(hub)
    with hub.store.write() as tx:
        runs.open_run(
            tx, hub.office, Period(2025, 10), ["ICBC"], read_policy(None), wave_wait_s=1,
            data_digest="", actor="t",
        )  # fmt: skip
        hub.bus.stop(tx, "bank-icbc", "wang", "演练")
        assert tx.scalar(sa.select(channel.c.stopped).where(channel.c.interface == "bank-icbc"))
    go_to(hub, 10, 9, 23)
    ring(hub)
    (shown,) = [one for one in jobbing.read_schedule(hub).jobs if one.code == "close.ICBC"]
    assert shown.last is not None
    assert shown.last.note == "结日障碍：通道已停发"


def test_by_hand_with_a_reason_by_those_who_may(hub: Hub, tokens: dict[str, Secret]) -> None:
    go_to(hub, 10, 9, 7)
    ring(hub)
    for act in (jobbing.start, jobbing.resume, jobbing.skip):
        with pytest.raises(ActNotYours):
            act(hub, tokens["op"], "dues.ICBC", "试")
    with pytest.raises(ActNotYours):
        jobbing.park(hub, tokens["sup"], "dues.ICBC", "试")
    with pytest.raises(hands.NoSuchJob):
        jobbing.skip(hub, tokens["wang"], "dues.XXX", "试")
    assert "搁置" in jobbing.park(hub, tokens["op"], "dues.ICBC", "工行停机")
    with hub.store.write() as tx:
        runs.open_run(
            tx, hub.office, Period(2025, 10), ["ICBC"], read_policy(None), wave_wait_s=1,
            data_digest="", actor="t",
        )  # fmt: skip
    with hub.store.read() as view:
        waits = waits_for(hub, view, view.execute(sa.select(run)).one())
    assert "作业已搁置：工商银行 · 取应还明细（op：工行停机）" in waits
    assert "工商银行：应还明细尚未取（银行工作日 08:30 起）" in waits
    assert "恢复" in jobbing.resume(hub, tokens["wang"], "dues.ICBC", "已恢复")
    said = jobbing.skip(hub, tokens["wang"], "dues.ICBC", "顺延一天", datetime(2025, 10, 10, 8, 30))  # noqa: DTZ001
    assert said == "dues.ICBC 2025-10-10 08:30 这一次跳过"
    jobbing.start(hub, tokens["wang"], "dues.ICBC", "提前取")
    assert ring(hub) == 1
    said_json = jobbing.read_schedule(hub).as_dict()
    (icbc,) = [one for one in said_json["jobs"] if one["job"] == "dues.ICBC"]
    assert icbc["last"]["asked_by"] == "wang"
    assert icbc["next"] == "2025-10-09T08:30"
    with hub.store.read() as view:
        acts = view.execute(
            sa.select(audit_entry.c.act, audit_entry.c.actor).where(
                audit_entry.c.act.startswith("job."), audit_entry.c.subject == "dues.ICBC"
            ).order_by(audit_entry.c.id)
        ).all()  # fmt: skip
    assert [tuple(one) for one in acts] == [
        ("job.park", "op"), ("job.resume", "wang"), ("job.skip", "wang"), ("job.run", "wang"),
    ]  # fmt: skip


def test_the_cut_off_is_the_policys(tmp_path: Path) -> None:
    def policy(text: str) -> Policy:
        (tmp_path / "p.yaml").write_text(text)
        return read_policy(tmp_path / "p.yaml")

    assert policy('plan_at: "09:45"').plan_at == time(9, 45)
    assert policy("default: {}").digest == read_policy(None).digest
    for bad in ("plan_at: 945", 'plan_at: "9:45"', 'plan_at: "24:00"'):
        with pytest.raises(BadPolicy, match="plan_at"):
            policy(bad)


def test_a_bank_that_takes_no_payments_now_is_sent_none(home: Settings) -> None:
    """The hub tells its bus by its clock and the calendar, at every claim."""
    with open_hub(home) as hub:
        with hub.store.write() as tx:
            seed_calendar(tx)

        def shut() -> set[str]:
            with hub.store.read() as view:
                return {name for name in hub.adapters if hub.bus.shut(view, name)}

        go_to(hub, 10, 9, 8, 20)
        assert shut() == {"bank-bcm", "bank-psbc"}
        go_to(hub, 10, 9, 20, 30)
        assert shut() == {"bank-bcm"}
        go_to(hub, 10, 8, 12)
        assert len(shut()) == 9
