"""Minutes reclassified: one party proposes, the other signs; never one alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.monitor import marks
from hub.monitor.hours import ALL_DAY, BadServiceHours, ServiceHours, next_due
from hub.monitor.ledger import MINUTE_US, Facts, make_ledger
from hub.monitor.marks import BadMark, MarkNeedsBoth, NoSuchMark
from hub.monitor.reading import read_facts
from hub.monitor.words import MinuteClass, State
from hub.people import Actor, Party
from hub.store import Store
from tests.tables import make_tables

NOW = 1000 * MINUTE_US
CENTRE = Actor("wang", Party.CENTRE, frozenset(), 1)
OPERATOR = Actor("zhou", Party.OPERATOR, frozenset(), 2)
SUPERVISOR = Actor("he", Party.SUPERVISOR, frozenset(), 3)


@pytest.fixture
def store(empty_store: Store) -> Store:
    make_tables(empty_store, "watch_", "audit_")
    return empty_store


def propose(
    store: Store, by: Actor, klass: str = "client", begin: int = 100, end: int = 160
) -> int:
    with store.write() as tx:
        return marks.propose(tx, by, "bank-x", begin * MINUTE_US, end * MINUTE_US, klass,
                             why="断电", now_us=NOW)  # fmt: skip


def answer(store: Store, by: Actor, number: int, *, yes: bool = True) -> None:
    with store.write() as tx:
        marks.answer(tx, by, number, yes=yes, why="属实", now_us=NOW)


def counted(store: Store) -> tuple[dict[MinuteClass, int], int]:
    with store.read() as view:
        known = read_facts(view, "bank-x", 0, NOW, now_us=NOW, hours=ALL_DAY)
    down = Facts(
        flips=[(0, State.UNREACHABLE)], evidence=[(0, NOW, 1)], marks=known.marks, now_us=NOW
    )
    made = make_ledger(down, 0, 1000)
    return {k: n for k, n in made.counts().items() if n}, made.undecided_count()


def test_undecided_until_both_have_said_so(store: Store) -> None:
    number = propose(store, OPERATOR)
    assert counted(store) == ({MinuteClass.LINE: 1000}, 60)
    with pytest.raises(MarkNeedsBoth):
        answer(store, Actor("qian", Party.OPERATOR, frozenset(), 4), number)
    with pytest.raises(MarkNeedsBoth):
        answer(store, SUPERVISOR, number)
    assert counted(store) == ({MinuteClass.LINE: 1000}, 60)
    answer(store, CENTRE, number)
    assert counted(store) == ({MinuteClass.LINE: 940, MinuteClass.CLIENT: 60}, 0)
    with pytest.raises(NoSuchMark):
        answer(store, CENTRE, number)
    with store.read() as view:
        (seen,) = marks.list_marks(view)
    assert (seen.answer, seen.answered_by, seen.klass) == ("signed", "wang", MinuteClass.CLIENT)


def test_a_refused_one_leaves_no_trace_in_the_minutes(store: Store) -> None:
    answer(store, OPERATOR, propose(store, CENTRE), yes=False)
    assert counted(store) == ({MinuteClass.LINE: 1000}, 0)


def test_the_last_signature_holds(store: Store) -> None:
    answer(store, CENTRE, propose(store, OPERATOR))
    answer(store, OPERATOR, propose(store, CENTRE, "ours", 130, 140))
    assert counted(store)[0] == {
        MinuteClass.LINE: 940, MinuteClass.CLIENT: 50, MinuteClass.OURS: 10
    }  # fmt: skip


@pytest.mark.parametrize(
    ("klass", "begin", "end"),
    [("client", 160, 100), ("client", 900, 1001), ("maintenance", 1, 2), ("ahead", 1, 2),
     ("weather", 1, 2)],
)  # fmt: skip
def test_what_cannot_be_marked(store: Store, klass: str, begin: int, end: int) -> None:
    with pytest.raises(BadMark):
        propose(store, CENTRE, klass, begin, end)
    with pytest.raises(MarkNeedsBoth):
        propose(store, SUPERVISOR)


class TestHours:
    """Service hours, their gaps, and what comes next."""

    @pytest.mark.parametrize(
        "text",
        ["", "6-23", "25:00-26:00", "10:00-10:00", "10:60-11:00", "00:00-24:01", "24:00-01:00"],
    )  # fmt: skip
    def test_what_is_no_window(self, text: str) -> None:
        with pytest.raises(BadServiceHours):
            ServiceHours.of({"service": text or "x"})

    def test_a_day_cut_that_leaves_nothing(self) -> None:
        with pytest.raises(BadServiceHours):
            ServiceHours.of({"query": "10:00-11:00", "day_cut": "09:00-12:00"})

    @given(st.integers(0, 1439), st.integers(1, 1440), st.integers(0, 4 * 1440))
    def test_open_and_closed_are_each_other(self, begins: int, ends: int, minute: int) -> None:
        text = f"{begins // 60:02d}:{begins % 60:02d}-{ends // 60:02d}:{ends % 60:02d}"
        if begins == ends:
            return
        hours = ServiceHours.of({"query": text})
        at = minute * MINUTE_US
        shut = any(a <= at < b for a, b in hours.closed(0, 5 * 1440 * MINUTE_US))
        assert hours.is_open(at) is not shut
        if not shut:
            since = hours.opened_us(at)
            assert since <= at
            assert hours.is_open(since)

    def test_what_comes_next(self) -> None:
        schedule = {"dues": "08:30", "statement": "20:30", "probe_every_s": "60"}
        midnight = 16 * 60 * MINUTE_US  # 1970-01-02 00:00 in Shanghai
        assert next_due(schedule, midnight) == ("dues", midnight + 510 * MINUTE_US)
        late = midnight + 1300 * MINUTE_US
        assert next_due(schedule, late) == ("dues", midnight + (1440 + 510) * MINUTE_US)
        assert next_due({}, late) is None
