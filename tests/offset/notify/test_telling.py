"""Whom the offset tells of what, and that nobody is told twice."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from hub.offset.notify import passes
from hub.offset.notify.tables import told, told_pass
from hub.offset.notify.telling import Teller
from hub.offset.restore_tables import restoration
from hub.offset.statement import read_day
from hub.offset.tables import run
from hub.ports.bank import EntryKind
from tests.offset.kit import OCTOBER, Centre, Person, insert
from tests.offset.notify.kit import SPOOL, Telling

PEOPLE = (
    Person("A1"), Person("A2", balance=40_001), Person("A3", balance=1),
    Person("A4", state="05"),
)  # fmt: skip


def approved(centre: Centre, telling: Telling, *people: Person) -> None:
    centre.add(*(people or PEOPLE))
    telling.phones()
    centre.open()
    centre.planned()
    centre.approve()


def test_before_only_those_who_must_do_something(centre: Centre) -> None:
    telling = Telling(centre)
    approved(centre, telling)
    telling.tell()
    assert telling.said() == [
        ("A2", "before", "before.partial", "told"),
        ("A3", "before", "before.no_balance", "told"),
        ("A4", "before", "before.not_usable", "told"),
    ]
    texts = {one["SJHM"]: one["NR"] for one in telling.files().values()}
    assert texts["10000000001"] == (
        "【住房公积金中心】名**您好：10月商贷月对冲只够划款400.00元，应还1000.00元，还差600.00元，"
        "请于10月20日前自行存入尾号22A2的ICBC还款账户，以免逾期。咨询12329。"
    )
    assert "状态不能提取" in texts["10000000003"]
    assert all("A4名" not in text for text in texts.values())


def test_all_are_told_where_the_centre_says_so(quick: Centre) -> None:
    telling = Telling(quick, who="all")
    approved(quick, telling)
    telling.tell()
    assert ("A1", "before", "before.planned", "told") in telling.said()
    assert len(telling.files()) == 4


def test_nobody_is_told_where_the_centre_says_so(quick: Centre) -> None:
    telling = Telling(quick, who="none")
    approved(quick, telling)
    telling.tell()
    assert telling.said() == []


def test_a_plan_that_is_not_approved_tells_nobody(quick: Centre) -> None:
    telling = Telling(quick)
    quick.add(*PEOPLE)
    quick.open()
    quick.planned()
    telling.tell()
    assert telling.said() == []


def test_after_what_became_of_it_and_what_to_do(centre: Centre) -> None:
    telling = Telling(centre, who="all", most_per_day=9)
    centre.icbc.minds["LA1"] = "refuse"
    approved(centre, telling, Person("A1"), Person("A2", balance=40_001), Person("A5"))
    telling.tell()
    centre.next_day()
    centre.until(centre.closed)
    telling.tell()
    after = [one[:3] for one in telling.said() if one[1] != "before"]
    assert sorted(after) == [
        ("A1", "after", "after.failed"), ("A2", "after", "after.partial"),
        ("A5", "after", "after.succeeded"),
    ]  # fmt: skip
    assert any("公积金没有扣减" in one["NR"] for one in telling.files().values())


def test_a_failure_is_told_before_the_run_is_closed_a_success_only_by_the_statement(
    quick: Centre,
) -> None:
    telling = Telling(quick, who="all")
    quick.icbc.minds["LA1"] = "refuse"
    approved(quick, telling, Person("A1"), Person("A5"))
    quick.until(lambda: {s for s, *_ in quick.items().values()} == {"released", "posted"})
    telling.tell()
    after = [one[:3] for one in telling.said() if one[1] == "after"]
    assert after == [("A1", "after", "after.failed")]


@pytest.mark.parametrize("kind", [EntryKind.RETURN, EntryKind.REVERSAL])
def test_a_payment_that_comes_back_after_the_close_is_corrected(
    centre: Centre, kind: EntryKind
) -> None:
    telling = Telling(centre, who="all")
    approved(centre, telling, Person("A1"), Person("A5"))
    centre.until(lambda: {s for s, *_ in centre.items().values()} == {"posted"})
    centre.next_day()
    centre.until(centre.closed)
    telling.tell()
    centre.next_day()
    centre.icbc.book(centre.number("A1"), 100_000, kind=kind)
    centre.until(lambda: centre.items()["A1"][1] == "RETURNED")
    telling.tell()
    assert telling.said()[-1] == ("A1", "correction", "correction.returned", "told")
    said = len(telling.said())
    telling.tell()
    assert len(telling.said()) == said


def test_who_was_told_nothing_of_a_success_is_told_of_its_return_once(quick: Centre) -> None:
    telling = Telling(quick)
    approved(quick, telling, Person("A1"))
    quick.next_day()
    quick.until(quick.closed)
    telling.tell()
    assert telling.said() == []
    quick.icbc.book(quick.number("A1"), 100_000, kind=EntryKind.RETURN)
    quick.until(lambda: quick.items()["A1"][1] == "RETURNED")
    telling.tell()
    telling.tell()
    assert telling.said() == [("A1", "after", "after.returned", "told")]


def test_looking_twice_tells_once(centre: Centre) -> None:
    telling = Telling(centre)
    approved(centre, telling)
    telling.tell()
    with centre.store.write() as tx:  # a killed process, an older cursor
        tx.execute(sa.update(told_pass).where(told_pass.c.wave_id > 0).values(reached=0, done=0))
    telling.tell()
    assert len(telling.said()) == 3
    assert len(telling.files()) == 3


def test_an_older_copy_of_the_database_writes_the_same_files(quick: Centre) -> None:
    telling = Telling(quick)
    approved(quick, telling)
    telling.tell()
    before = telling.files()
    with quick.store.write() as tx:  # as a backup from before the texts: numbers are another's
        tx.execute(sa.delete(told))
        tx.execute(sa.text("DELETE FROM bus_message WHERE kind LIKE 'notify.%'"))
        tx.execute(
            sa.text("DELETE FROM bus_attempt WHERE message_id NOT IN (SELECT id FROM bus_message)")
        )
        tx.execute(sa.update(told_pass).where(told_pass.c.wave_id > 0).values(reached=0, done=0))
    telling.rules()
    telling.tell()
    assert telling.files() == before
    assert {state for *_, state in telling.said()} == {"already"}


def test_killed_between_the_file_and_the_commit_it_is_the_same_file(quick: Centre) -> None:
    telling = Telling(quick)
    approved(quick, telling)
    telling.tell(send=False)
    apply = quick.handlers["notify.texts"].apply
    quick.handlers["notify.texts"].apply = _dies  # type: ignore[method-assign]
    telling.deliver(SPOOL)
    assert len(telling.files()) == 3
    assert {state for *_, state in telling.said()} == {"queued"}
    quick.handlers["notify.texts"].apply = apply  # type: ignore[method-assign]
    quick.hurry()
    telling.tell()
    assert len(telling.files()) == 3
    assert {state for *_, state in telling.said()} == {"already"}


def _dies(*_: object) -> None:
    raise OSError("killed")


def test_a_full_disk_loses_nothing(quick: Centre) -> None:
    telling = Telling(quick)
    telling.folder.write_text("in the way")
    approved(quick, telling)
    telling.tell()
    assert {state for *_, state in telling.said()} == {"queued"}
    telling.folder.unlink()
    quick.hurry()
    with quick.store.write() as tx:
        tx.execute(sa.text("UPDATE bus_channel SET rest_until_us = 0"))
    telling.tell()
    assert {state for *_, state in telling.said()} == {"told"}


def test_a_stopped_channel_tells_nobody_and_holds_up_no_money(quick: Centre) -> None:
    telling = Telling(quick)
    approved(quick, telling)
    with quick.store.write() as tx:
        quick.bus.stop(tx, SPOOL, "wang", "wrong wording")
    telling.tell()
    assert telling.files() == {}
    quick.next_day()
    quick.until(quick.closed)
    with quick.store.write() as tx:
        quick.bus.resume(tx, SPOOL, "wang", "right now")
    telling.tell()
    assert len(telling.files()) >= 3


def test_without_a_number_at_the_core_people_are_asked_to_tell(quick: Centre) -> None:
    telling = Telling(quick)
    approved(quick, telling)
    telling.phones(missing=["52A2"])
    one = quick.core.accounts_by_number.pop("52A3")
    telling.tell()
    assert one.number == "52A3"
    rows = {row.agreement_id: (row.state, row.detail) for row in quick.rows(told)}
    assert sorted(rows.values()) == [
        ("no_address", "account_not_found"), ("no_address", "no_phone"), ("told", "PUT"),
    ]  # fmt: skip


def test_a_person_is_not_told_more_than_so_often_on_a_day(quick: Centre) -> None:
    telling = Telling(quick, most_per_day=1)
    two = [Person("A1", main="5299", balance=1), Person("A2", main="5299", balance=1)]
    approved(quick, telling, *two)
    telling.tell()
    assert [one[3] for one in telling.said()] == ["told", "found"]
    quick.next_day()
    telling.tell()
    assert [one[3] for one in telling.said()] == ["told", "told"]


def test_months_that_were_over_before_telling_began_stay_untold(quick: Centre) -> None:
    quick.add(*PEOPLE)
    quick.open()
    quick.planned()
    quick.approve()
    quick.clock.moment += timedelta(minutes=1)
    telling = Telling(quick)
    telling.phones()
    telling.tell()
    quick.next_day()
    quick.until(quick.closed)
    telling.tell()
    assert telling.said() == []


def test_a_chunk_at_a_time_and_any_number_of_restarts(
    quick: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passes, "CHUNK", 3)
    telling = Telling(quick)
    approved(quick, telling, *(Person(f"A{n:02d}", balance=1) for n in range(11)))
    for _ in range(40):
        Teller(quick.office, telling.seat).step()  # a new process each time
    telling.tell()
    assert len(telling.files()) == 11


def test_a_payment_that_comes_too_late_is_told_so(quick: Centre) -> None:
    telling = Telling(quick)
    late = Person("A1", due_on=date(2025, 10, 20))
    quick.add(late)
    telling.phones()
    quick.open()
    quick.planned()
    with quick.store.write() as tx:
        tx.execute(sa.text("UPDATE plan_line SET notices = 'too_late_for_due_date'"))
    quick.approve()
    telling.tell()
    assert telling.said() == [("A1", "before", "before.late", "told")]


def test_a_restored_copy_tells_nobody_before_it_is_released(quick: Centre) -> None:
    telling = Telling(quick)
    approved(quick, telling)
    with quick.store.write() as tx:
        insert(tx, restoration, cause="older", begun_us=1)
    telling.tell()
    assert telling.said() == []
    with quick.store.write() as tx:
        tx.execute(sa.update(restoration).values(ended_us=2))
    telling.tell()
    assert len(telling.files()) == 3


def test_while_money_moves_the_teller_rests_between_its_questions(quick: Centre) -> None:
    telling = Telling(quick)
    approved(quick, telling, *(Person(f"A{n:02d}", balance=1) for n in range(11)), Person("B1"))
    quick.conductor.step()  # a hold is queued
    teller = Teller(quick.office, telling.seat)
    for _ in range(30):
        teller.step()
        telling.deliver("core", "notify.phones")
    assert teller.gives_way
    moved = [state for *_, state in telling.said() if state != "found"]
    assert len(moved) == quick.core.accounts_limit  # one question's worth


def test_while_a_statement_is_read_the_teller_rests_too(quick: Centre) -> None:
    telling = Telling(quick)
    approved(quick, telling)
    teller = Teller(quick.office, telling.seat)
    teller.step()
    assert not teller.gives_way
    with quick.store.write() as tx:
        run_id = int(tx.scalar(sa.select(run.c.id)) or 0)
        assert read_day(tx, quick.office, run_id, OCTOBER, "ICBC", 20251009)
    teller.step()
    assert teller.gives_way
