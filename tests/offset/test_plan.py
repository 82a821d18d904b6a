"""Plans made again, live keys, numbers, changes by rule, and who may still write."""

import re
from typing import Any

import pytest
import sqlalchemy as sa

from hub.app.conducting import Conducting
from hub.offset import numbers, plan, plan_items, runs
from hub.offset.booking import command_some
from hub.offset.changes import Ground, suspend
from hub.offset.instruct import cut_batch
from hub.offset.office import ItemsMoved
from hub.offset.policy import read_policy
from hub.offset.tables import agreement, batch, due_class, item, plan_line, wave
from hub.ports.core import CommandKind
from hub.schedule.leadership import LeadershipLost
from tests.offset.kit import OCTOBER, Centre, Person


def crowd(centre: Centre) -> None:
    centre.add(*(Person(f"A{n}", balance=n * 40_000 + 1) for n in range(6)))


def snapshot(centre: Centre) -> list[Any]:
    found: list[Any] = []
    for table in (plan_line, item, due_class):
        found += sorted(tuple(row) for row in centre.rows(table))
    (one,) = centre.rows(wave)
    return [*found, one.digest]


class TestMadeAgain:
    @pytest.mark.parametrize("breaks_at", [1, 2])
    def test_after_a_break_it_is_the_same(
        self, centre: Centre, monkeypatch: pytest.MonkeyPatch, breaks_at: int
    ) -> None:
        crowd(centre)
        centre.open()
        centre.planned()
        wanted = snapshot(centre)
        with centre.store.write() as tx:
            tx.execute(sa.update(wave).values(state="planning", digest=""))
        real, calls = plan_items._write_items, iter(range(100))

        def breaks(*words: Any) -> None:
            if next(calls) == breaks_at:
                raise RuntimeError("the process ended here")
            real(*words)

        monkeypatch.setattr("hub.offset.plan_rows.CHUNK", 2)
        monkeypatch.setattr(plan_items, "_write_items", breaks)
        with pytest.raises(RuntimeError):
            centre.conductor.step()
        assert 0 < len(centre.rows(item)) < 6
        monkeypatch.setattr(plan_items, "_write_items", real)
        centre.planned()
        assert snapshot(centre) == wanted

    def test_planning_twice_answers_with_the_plan_there_is(self, quick: Centre) -> None:
        crowd(quick)
        quick.open()
        first = quick.run_id
        quick.open()
        assert quick.run_id == first
        with pytest.raises(runs.OtherRun), quick.store.write() as tx:
            runs.open_run(
                tx, quick.office, OCTOBER, ["CCB"], read_policy(None), wave_wait_s=0,
                data_digest="", actor="t",
            )  # fmt: skip

    def test_another_plan_than_the_one_looked_at_is_refused(self, quick: Centre) -> None:
        crowd(quick)
        quick.open()
        quick.planned()
        with quick.store.write() as tx:
            (one,) = tx.execute(sa.select(wave)).all()
            with pytest.raises(runs.PlanChanged):
                runs.submit(tx, one.id, "0" * 64)
            with pytest.raises(runs.PlanNotReady):
                runs.approve(tx, quick.office, one.id, one.digest)


class TestLiveKey:
    def test_the_database_refuses_a_second_live_item(self, centre: Centre) -> None:
        crowd(centre)
        centre.open()
        centre.planned()
        one = centre.rows(item)[0]._asdict()
        with pytest.raises(sa.exc.IntegrityError), centre.store.write() as tx:
            tx.execute(sa.insert(item).values(one | {"number": "1" * 20, "try_no": 2}))
        with centre.store.write() as tx:
            tx.execute(sa.update(item).where(item.c.number == one["number"]).values(live_key=None))
            tx.execute(sa.insert(item).values(one | {"number": "1" * 20, "try_no": 2}))

    def test_a_number_that_is_taken_is_an_exception(self, quick: Centre) -> None:
        crowd(quick)
        quick.open()
        quick.planned()
        taken = quick.number("A5")
        with quick.store.write() as tx:
            tx.execute(
                sa.update(item)
                .where(item.c.number == taken)
                .values(wave_id=99, live_key=None, agreement_id=0)
            )
            tx.execute(sa.update(wave).values(state="planning"))
        with quick.store.read() as view:
            (one,) = view.execute(sa.select(wave)).all()
        plan.plan_wave(quick.store, one.id, OCTOBER, read_policy(None))
        (line,) = [row for row in quick.rows(plan_line) if row.number == "A5"]
        assert (line.decision, line.reason) == ("exception", "number_collision")
        assert len({row.number for row in quick.rows(item)}) == len(quick.rows(item))


class TestNumbers:
    def test_they_follow_from_what_they_stand_for(self) -> None:
        one = numbers.item_number(OCTOBER, "ICBC", "DC1", 1)
        assert re.fullmatch("2510[0-9]{16}", one)
        assert one == numbers.item_number(OCTOBER, "ICBC", "DC1", 1)
        others = {
            numbers.item_number(OCTOBER.following(), "ICBC", "DC1", 1),
            numbers.item_number(OCTOBER, "CCB", "DC1", 1),
            numbers.item_number(OCTOBER, "ICBC", "DC2", 1),
            numbers.item_number(OCTOBER, "ICBC", "DC1", 2),
        }
        assert len(others | {one}) == 5

    def test_a_known_answer_which_no_version_may_change(self) -> None:
        """Numbers are adopted by number after a restore: an older hub must find its own."""
        assert numbers.item_number(OCTOBER, "ICBC", "DC202500000001", 1) == KNOWN_ITEM
        assert numbers.batch_number(OCTOBER, ["1", "2"]) == KNOWN_BATCH

    def test_a_batchs_number_is_its_rows_in_their_order(self) -> None:
        one = numbers.batch_number(OCTOBER, ["1", "2"])
        assert one != numbers.batch_number(OCTOBER, ["2", "1"])
        assert one != numbers.batch_number(OCTOBER, ["12"])


KNOWN_ITEM = "25102788563948309377"
KNOWN_BATCH = "25108532672167051287"


class TestChangesByRule:
    def test_they_count_from_the_next_period(self, quick: Centre) -> None:
        crowd(quick)
        with quick.store.write() as tx:
            (one,) = tx.scalars(sa.select(agreement.c.id).where(agreement.c.number == "A5"))
            assert suspend(tx, [Ground(one, "x")], "退票", found_in=OCTOBER, now_us=1) == 1
            assert suspend(tx, [Ground(one, "x")], "退票", found_in=OCTOBER, now_us=2) == 0
        quick.open()
        quick.planned()
        assert "A5" in quick.items()  # October is planned as if nothing had been found in it

    def test_and_then_they_do(self, quick: Centre) -> None:
        crowd(quick)
        with quick.store.write() as tx:
            (one,) = tx.scalars(sa.select(agreement.c.id).where(agreement.c.number == "A5"))
            suspend(tx, [Ground(one, "x")], "退票", found_in=_SEPTEMBER, now_us=1)
        quick.open()
        quick.planned()
        (line,) = [row for row in quick.rows(plan_line) if row.number == "A5"]
        assert (line.decision, line.reason) == ("skipped", "agreement_not_in_force")


_SEPTEMBER = type(OCTOBER)(2025, 9)


class TestTwoConductors:
    def test_what_waits_is_taken_once(self, centre: Centre) -> None:
        crowd(centre)
        centre.open()
        centre.planned()
        centre.approve()
        with centre.store.write() as tx:
            order = (tx, centre.office, centre.run_id, OCTOBER, "ICBC", CommandKind.HOLD)
            assert [command_some(*order) for _ in range(3)] == [4, 1, 0]

    def test_one_that_came_late_undoes_its_piece(
        self, quick: Centre, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Its reading is old: what it would order has been ordered."""
        crowd(quick)
        quick.open()
        quick.planned()
        quick.approve()
        quick.cut()
        (row,) = quick.rows(batch)[:1]
        stale = [r for r in quick.rows(item) if r.batch == row.number][:1]
        monkeypatch.setattr("hub.offset.instruct._held", lambda *_: stale)
        monkeypatch.setattr("hub.offset.instruct._payees", lambda *_: [_Payee] * len(stale))
        with pytest.raises(ItemsMoved), quick.store.write() as tx:
            cut_batch(tx, quick.office, quick.run_id, OCTOBER, "ICBC")
        assert len(quick.rows(batch)) >= 1

    def test_who_leads_no_more_writes_no_more(self, centre: Centre) -> None:
        crowd(centre)
        centre.open()
        late = Conducting(centre.store, centre.office, lease_s=60)
        assert late.step()
        with centre.store.write() as tx:  # suspended so long that another took over
            tx.exec_driver_sql("UPDATE lease SET until_us = 0")
        early = Conducting(centre.store, centre.office, lease_s=60)
        early.step()
        before = centre.rows(wave)
        with pytest.raises(LeadershipLost):
            late._conductor.step()
        assert centre.rows(wave) == before


class _Payee:
    loan_contract, account, name = "L", "6", "n"
