"""From samples to flips: two that differ, dated at the first; kept over a restart."""

from itertools import pairwise

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from hub.audit.tables import audit_entry
from hub.monitor import health
from hub.monitor.reading import read_evidence, read_flips
from hub.monitor.samples import Flip, Sample, Standing, take
from hub.monitor.words import Source, State
from hub.store import Store
from tests.tables import make_tables

MINUTE = 60_000_000
LATE = 2 * MINUTE
UP, DOWN, BUSY = State.UP, State.UNREACHABLE, State.UNUSABLE


def run(*states: State, step: int = MINUTE) -> list[tuple[int, State]]:
    standing, flips = None, []
    for number, state in enumerate(states):
        standing, flip = take(standing, Sample(number * step, state), late_us=LATE)
        flips += [(flip.at_us // step, flip.state)] if flip else []
    return flips


@pytest.mark.parametrize(
    ("states", "flips"),
    [
        ([UP, UP], [(0, UP)]),
        ([DOWN], [(0, DOWN)]),
        ([UP, DOWN, UP, DOWN, UP], [(0, UP)]),
        ([UP, DOWN, DOWN, UP, UP], [(0, UP), (1, DOWN), (3, UP)]),
        ([UP, DOWN, BUSY, BUSY], [(0, UP), (1, DOWN), (2, BUSY)]),
        ([UP, DOWN, BUSY, UP, UP], [(0, UP), (1, DOWN), (3, UP)]),
        ([DOWN, UP, BUSY, UP, UP], [(0, DOWN), (3, UP)]),
    ],
)
def test_two_make_a_flip_dated_at_the_first(
    states: list[State], flips: list[tuple[int, State]]
) -> None:
    assert run(*states) == flips


def test_one_before_a_gap_and_one_after_it_make_none() -> None:
    assert run(UP, DOWN, DOWN, step=10 * MINUTE) == [(0, UP)]


def test_a_clock_set_back_counts_nothing_twice() -> None:
    at_ten = Standing(UP, 0, sample_us=600 * MINUTE)
    assert take(at_ten, Sample(500 * MINUTE, DOWN), late_us=LATE) == (at_ten, None)
    hung = take(at_ten, Sample(599 * MINUTE, DOWN), late_us=LATE)[0]
    assert hung is not None
    assert hung.pending is not None
    assert hung.pending.at_us == 600 * MINUTE


@given(st.lists(st.sampled_from(State), max_size=60))
def test_flips_follow_each_other_and_never_come_from_one_sample(states: list[State]) -> None:
    flips = run(*states)
    assert [at for at, _ in flips] == sorted({at for at, _ in flips})
    assert all(a[1] is not b[1] for a, b in pairwise(flips))
    for at, state in flips[1:]:
        assert states[at] is state
        assert states[at + 1].good is state.good


@pytest.fixture
def store(empty_store: Store) -> Store:
    make_tables(empty_store, "watch_", "audit_")
    return empty_store


def see(store: Store, minute: int, state: State, **more: int) -> Flip | None:
    sample = Sample(minute * MINUTE, state, "line.not_sent", "拒绝 13800138000")
    with store.write() as tx:
        return health.observe(tx, "bank-x", sample, every_us=MINUTE, **more)


def test_what_waits_is_kept_and_evidence_grows_and_breaks(store: Store) -> None:
    for minute, state in enumerate([UP, UP, DOWN]):
        see(store, minute, state, took_ms=7)
    other = Store(store.url)  # a restart in the middle
    made = see(other, 3, DOWN)
    said = ("line.not_sent", "拒绝 138****8000", Source.PROBE)
    assert made == Flip(2 * MINUTE, DOWN, *said, 3 * MINUTE)
    see(other, 30, DOWN)
    with other.read() as view:
        flips = read_flips(view, "bank-x", MINUTE, 60 * MINUTE)
        spans = read_evidence(view, "bank-x", 0, 60 * MINUTE)
        told = list(view.scalars(sa.select(audit_entry.c.act)))
        known = health.read_watched(view)["bank-x"]
    other.close()
    assert [(flip.at_us // MINUTE, flip.state) for flip in flips] == [(0, UP), (2, DOWN)]
    assert spans == [(0, 3 * MINUTE, LATE), (30 * MINUTE, 30 * MINUTE, LATE)]
    assert told == ["watch.flip", "watch.flip"]
    assert (known.probed_us, known.probe_ms) == (2 * MINUTE, 7)


def test_ten_thousand_changes_in_a_minute_are_no_flip() -> None:
    states = [DOWN if number % 2 else UP for number in range(10_000)]
    assert run(*states, step=6000) == [(0, UP)]
