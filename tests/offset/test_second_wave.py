"""The second wave: who had nothing is looked at again, once, and counts once."""

import csv
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.kernel.money import Fen
from hub.offset import runs, second
from hub.offset.export import export_run
from hub.offset.month_book import read_month_book
from hub.offset.policy import read_policy
from hub.offset.tables import plan_line, wave
from hub.offset.tables_month import second_part
from hub.offset.totals import equations, read_totals
from hub.ports.core import CommandKind
from hub.schedule import seed_calendar
from tests.offset import oracle
from tests.offset.kit import Centre, Person, many

AFTER = 3  # banking days after Thursday 9 October: Saturday the 11th counts (调休), Tuesday 14th
DUE = date(2025, 10, 14)


def opened(centre: Centre, text: str = "default: {second_wave: 3}", *banks: str) -> None:
    path = centre.folder / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    with centre.store.write() as tx:
        seed_calendar(tx)
    centre.open(*banks, policy=read_policy(path))


def pay(centre: Centre, account: str, fen: int) -> None:
    """A contribution comes in at the core."""
    one = centre.core.accounts_by_number[account]
    centre.core.accounts_by_number[account] = replace(one, balance=Fen(one.balance + fen))


def to_day(centre: Centre, day: date) -> None:
    while centre.clock.moment.date() < day:
        centre.next_day()


def waves(centre: Centre) -> list[str]:
    return [row.state for row in sorted(centre.rows(wave), key=lambda row: row.number)]


def is_trial(centre: Centre) -> Callable[[], bool]:
    return lambda: waves(centre)[1:] == ["trial"]


def outcomes(centre: Centre) -> dict[str, tuple[str, str, str]]:
    export_run(centre.store, centre.run_id, centre.folder)
    with (centre.folder / "outcomes.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len({row["XYBH"] for row in rows}) == len(rows)  # each agreement once
    return {row["XYBH"]: (row["outcome"], row["reason"], row["amount"]) for row in rows}


def check_sums(centre: Centre, *names: str) -> None:
    with centre.store.read() as view:
        totals = read_totals(view, centre.run_id)
        facets = read_month_book(view, centre.run_id)
    assert facets is not None
    for one in equations(totals):
        if not names or one.name in names:
            assert one.balanced, one


def first_done(centre: Centre, *banks: str) -> None:
    """Everybody has had a turn: A1 paid, A2 in part, A3 nothing, A4 all or nothing at CCB."""
    centre.add(
        Person("A1"),
        Person("A2", balance=40_001),
        Person("A3", balance=1),
        Person("A4", bank="CCB", balance=60_000),
    )
    opened(centre, "default: {second_wave: 3}\nbanks: {CCB: {partial: false}}", *banks)
    centre.planned()
    centre.approve()
    centre.until(
        lambda: (
            {s for s, *_ in centre.items().values()} <= {"posted", "reconciled"}
            and waves(centre) == ["approved"]
        )
    )


def test_it_pays_those_who_had_nothing_and_nobody_else(centre: Centre) -> None:
    first_done(centre, "ICBC", "CCB")
    for account in ("52A2", "52A3", "52A4"):
        pay(centre, account, 500_000)
    centre.next_day()
    for _ in range(30):
        centre.tick()
        centre.hurry()
    assert waves(centre) == ["approved"]  # it waits for its day
    assert not centre.closed()
    to_day(centre, DUE)
    centre.until(is_trial(centre))
    check_sums(centre, "E0", "E1")
    with centre.store.read() as view:
        again = sa.select(plan_line.c.number).where(plan_line.c.wave_id == centre.rows(wave)[1].id)
        assert sorted(view.scalars(again)) == ["A3", "A4"]
    before = dict(centre.core.states)
    for _ in range(10):
        centre.tick()
        centre.hurry()
    assert centre.core.states == before  # unsigned, nothing of it is held
    assert not centre.closed()
    centre.approve()
    centre.next_day()
    centre.until(centre.closed)
    check_sums(centre)
    assert outcomes(centre) == {
        "A1": ("SUCCEEDED", "", "1000.00"),
        "A2": ("SUCCEEDED", "partial", "400.00"),  # never topped up
        "A3": ("SUCCEEDED", "", "1000.00"),
        "A4": ("SUCCEEDED", "", "1000.00"),
    }
    assert len(centre.icbc.entries) + len(centre.ccb.entries) == 4
    centre.next_day()
    for _ in range(5):
        centre.tick()
    assert len(centre.rows(second_part)) == 2  # and there is no third


def test_who_has_nothing_again_counts_once(quick: Centre) -> None:
    first_done(quick)
    to_day(quick, DUE)
    quick.until(is_trial(quick))
    quick.approve()
    quick.next_day()
    quick.until(quick.closed)
    check_sums(quick)
    assert outcomes(quick)["A3"] == ("SKIPPED", "no_balance", "0.00")
    with quick.store.read() as view:
        totals = read_totals(view, quick.run_id)["ICBC"]
    assert (totals["agreements_skipped"].count, totals["skipped"].fen) == (1, 100_000)


def test_what_is_found_in_it_is_the_class_that_counts(quick: Centre) -> None:
    """Between the waves the account has gone from the core: skipped becomes an exception."""
    first_done(quick)
    del quick.core.accounts_by_number["52A3"]
    to_day(quick, DUE)
    quick.until(is_trial(quick))
    check_sums(quick, "E0", "E1")
    assert outcomes(quick)["A3"] == ("EXCEPTION", "account_not_found", "0.00")
    with quick.store.read() as view:
        totals = read_totals(view, quick.run_id)["ICBC"]
    assert totals["skipped"].count == 0
    assert (totals["exception"].count, totals["exception"].fen) == (1, 100_000)


def test_declined_it_leaves_what_the_first_decided(centre: Centre) -> None:
    first_done(centre)
    pay(centre, "52A3", 500_000)
    to_day(centre, DUE)
    centre.until(is_trial(centre))
    with centre.store.write() as tx:
        with pytest.raises(second.NotSecondWave):
            second.decline(tx, centre.run_id, 1, actor="t", why="x")
        second.decline(tx, centre.run_id, 2, actor="t", why="领导不同意")
    two = centre.rows(wave)[1]
    with centre.store.write() as tx, pytest.raises(runs.PlanNotReady):
        runs.submit(tx, two.id, two.digest)
    centre.until(centre.closed)
    check_sums(centre)
    assert outcomes(centre)["A3"] == ("SKIPPED", "no_balance", "0.00")
    assert len(centre.icbc.entries) == 2


def test_off_by_default_the_run_waits_for_nothing(quick: Centre) -> None:
    quick.add(Person("A1"), Person("A3", balance=1))
    quick.open()
    quick.planned()
    quick.approve()
    quick.next_day()
    quick.until(quick.closed)
    assert waves(quick) == ["approved"]
    assert quick.rows(second_part) == []


def test_a_bank_without_anybody_to_look_at_closes_at_once(quick: Centre) -> None:
    quick.add(Person("A1"), Person("A2", balance=40_001))
    opened(quick)
    quick.planned()
    quick.approve()
    quick.until(lambda: {s for s, *_ in quick.items().values()} == {"posted"})
    quick.next_day()
    quick.until(quick.closed)


def test_money_that_was_released_in_the_run_is_not_used_again(quick: Centre) -> None:
    """A1's hold came back after the bank's refusal; A3, on the same account, gets none of it."""
    shared = {"main": "52S", "balance": 100_001}
    quick.add(Person("A1", **shared), Person("A3", **shared))
    quick.icbc.minds["LA1"] = "refuse"
    opened(quick)
    quick.planned()
    quick.approve()
    quick.until(lambda: quick.items()["A1"][1] == "FAILED" and quick.core.states != {})
    quick.until(lambda: set(quick.core.states.values()) == {"released"})
    to_day(quick, DUE)
    quick.until(is_trial(quick))
    assert outcomes(quick)["A3"] == ("SKIPPED", "no_balance", "0.00")
    check_sums(quick, "E0", "E1")


def test_nor_is_what_was_paid_and_came_back(quick: Centre) -> None:
    shared = {"main": "52S", "balance": 100_001}
    quick.add(Person("A1", **shared), Person("A3", **shared))
    opened(quick)
    quick.planned()
    quick.approve()
    quick.until(lambda: set(quick.core.states.values()) == {"posted"})
    number = quick.number("A1")
    quick.icbc.book(number, 100_000, kind=type(quick.icbc.entries[0].kind).RETURN)
    quick.until(lambda: set(quick.core.states.values()) == {"reversed"})
    to_day(quick, DUE)
    quick.until(is_trial(quick))
    assert outcomes(quick)["A3"] == ("SKIPPED", "no_balance", "0.00")


def test_the_first_waves_money_goes_on_while_the_second_waits(quick: Centre) -> None:
    """An unsigned second plan that the paying account cannot cover stops nothing."""
    quick.icbc.balance = 150_000
    quick.add(Person("A1"), Person("A3", balance=1))
    quick.icbc.minds["LA1"] = "silent"
    opened(quick)
    quick.planned()
    quick.approve()
    quick.until(lambda: quick.items()["A1"][0] in ("instructed", "unknown"))
    pay(quick, "52A3", 500_000)
    quick.icbc.balance = 50_000
    to_day(quick, DUE)
    quick.until(is_trial(quick))
    quick.until(lambda: quick.items()["A1"][0] in ("posted", "reconciled"))
    quick.approve()
    for _ in range(10):
        quick.tick()
        quick.hurry()
    assert quick.items()["A3"][0] in ("planned", "held")  # the account lacks the money for it
    quick.icbc.balance = 10**9
    quick.next_day()
    quick.until(quick.closed)
    check_sums(quick)


def test_the_hold_of_an_unsigned_plan_is_ordered_by_nobody(quick: Centre) -> None:
    from hub.offset.booking import command_some  # noqa: PLC0415
    from tests.offset.kit import OCTOBER  # noqa: PLC0415

    first_done(quick)
    pay(quick, "52A3", 500_000)
    to_day(quick, DUE)
    quick.until(is_trial(quick))
    with quick.store.write() as tx:
        order = (tx, quick.office, quick.run_id, OCTOBER, "ICBC", CommandKind.HOLD)
        assert command_some(*order) == 0


# --- any month: two waves against the yardstick ---

people = st.lists(
    st.builds(
        Person,
        number=st.sampled_from([f"A{n}" for n in range(9)]),
        bank=st.sampled_from(["ICBC", "CCB"]),
        main=st.sampled_from(["", "52S", "52T"]),
        balance=st.integers(0, 12),
        due=st.integers(1, 9),
    ),
    min_size=1, max_size=6, unique_by=lambda one: one.number,
)  # fmt: skip


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    folk=people, partial=st.booleans(), more=st.lists(st.integers(0, 9), min_size=9, max_size=9),
    refused=st.sets(st.sampled_from([f"A{n}" for n in range(9)]), max_size=2),
)  # fmt: skip
def test_two_waves_are_the_yardsticks_two(
    folk: list[Person], partial: bool, more: list[int], refused: set[str]
) -> None:
    """What the second wave gives is what the oracle's plan gives to those alone who had nothing,
    out of each account less all that the run had planned on it."""
    with many() as centre:
        for one in folk:
            one.state = "01"
            if one.main:
                one.balance = 10  # a shared account is one account
        centre.add(*folk)
        for number in refused:
            for port in (centre.icbc, centre.ccb):
                port.minds[f"L{number}"] = "refuse"
        word = str(partial).lower()
        opened(centre, f"default: {{second_wave: 3, retain: '0', partial: {word}}}", "ICBC", "CCB")
        centre.planned()
        rules = dict.fromkeys(("ICBC", "CCB"), oracle.Rules(0, partial, ("01", "02"), None))
        accounts = {
            a.number: oracle.Acct(a.name, "03", a.id_number, a.state, a.balance, 0, 0)
            for a in centre.core.accounts_by_number.values()
        }
        agrs = [
            oracle.Agr(p.number, p.bank, p.loan, p.payee, p.account, "", 20240101, True)
            for p in folk
        ]
        recs = [
            oracle.Rec(p.bank, p.loan, p.payee, f"名{p.account}", f"ID{p.account}", 20251020,
                       p.due, settled=False)
            for p in folk
        ]  # fmt: skip
        first = oracle.plan(agrs, recs, accounts, rules)
        left = [agr for agr in agrs if first[agr.number][0] == "skipped"]
        centre.approve()
        if not left:
            return
        centre.until(lambda: not {"planned", "held"} & {s for s, *_ in centre.items().values()})
        centre.until(lambda: set(centre.core.states.values()) <= {"posted", "released"})
        taken: dict[str, int] = dict.fromkeys(accounts, 0)
        for agr in agrs:
            taken[agr.main] += first[agr.number][2]
        for place, number in enumerate(sorted(accounts)):
            pay(centre, number, more[place % 9])
            accounts[number] = oracle.Acct(
                accounts[number].name, "03", accounts[number].id, "01",
                accounts[number].balance + more[place % 9] - taken[number], 0, 0,
            )  # fmt: skip
        # The fake core keeps balances as they were: what was posted leaves them here.
        for agr in agrs:
            if agr.number not in refused:
                pay(centre, agr.main, -first[agr.number][2])
        to_day(centre, DUE)
        centre.until(is_trial(centre))
        mine = [rec for rec in recs if any((a.bank, a.loan) == (rec.bank, rec.loan) for a in left)]
        again = oracle.plan(left, mine, accounts, rules)
        second_id = centre.rows(wave)[1].id
        found = {
            line.number: line.decision for line in centre.rows(plan_line)
            if line.wave_id == second_id
        }  # fmt: skip
        assert found == {number: decision for number, (decision, *_) in again.items()}
        check_sums(centre, "E0", "E1")
        centre.approve()
        centre.next_day()
        centre.until(centre.closed, most=90)
        check_sums(centre)
        paid = {n: a for n, (o, _, a) in outcomes(centre).items() if o == "SUCCEEDED"}
        wanted = {
            number: f"{(main + spouse) / 100:.2f}"
            for number, (decision, _, main, spouse) in {**first, **again}.items()
            if decision == "planned" and number not in refused
        }
        assert paid == wanted
