"""The minute ledger against a naive one that looks at every second."""

from datetime import datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.kernel.clocks import SHANGHAI, to_us
from hub.monitor.hours import ServiceHours
from hub.monitor.ledger import MINUTE_US, Facts, Ledger, Mark, make_ledger
from hub.monitor.words import CLASS_OF, MARKABLE, MinuteClass, State

START = to_us(datetime(2025, 10, 7, 22, 30, tzinfo=SHANGHAI))
"""Before a midnight, so that daily windows come twice."""
MINUTES = 240
SECOND = 1_000_000
ORDER = list(MinuteClass)
HOURS = [
    {}, {"query": "06:00-23:00"}, {"query": "22:00-01:00"},
    {"query": "00:00-24:00", "day_cut": "23:50-00:10"}, {"service": "23:15-23:16"},
]  # fmt: skip

seconds = st.integers(-600, MINUTES * 60 + 600)
moments = seconds.map(lambda second: START + second * SECOND)


def spans(longest: int = 3600) -> st.SearchStrategy[tuple[int, int]]:
    return st.tuples(moments, st.integers(1, longest)).map(lambda t: (t[0], t[0] + t[1] * SECOND))


@st.composite
def facts(draw: st.DrawFn) -> Facts:
    flips = draw(st.lists(st.tuples(moments, st.sampled_from(State)), max_size=8))
    marks = [
        Mark(begin, end, klass, signed)
        for (begin, end), klass, signed in draw(
            st.lists(st.tuples(spans(), st.sampled_from(MARKABLE), st.booleans()), max_size=3)
        )
    ]
    return Facts(
        flips=sorted(flips, key=lambda flip: flip[0]),
        evidence=[
            (first, last, good * SECOND)
            for (first, last), good in draw(
                st.lists(st.tuples(spans(9000), st.integers(1, 240)), max_size=4)
            )
        ],
        hours=ServiceHours.of(draw(st.sampled_from(HOURS))),
        maintenance=draw(st.lists(spans(), max_size=3)),
        marks=marks,
        now_us=draw(moments),
    )


def naive(known: Facts, hours: ServiceHours, at: int) -> MinuteClass:
    """The class of one second, written the long way."""
    if not hours.is_open(at):
        return MinuteClass.OUT_OF_HOURS
    if any(begin <= at < end for begin, end in known.maintenance):
        return MinuteClass.MAINTENANCE
    signed = [m for m in known.marks if m.signed and m.from_us <= at < m.until_us]
    if signed:
        return signed[-1].klass
    fresh = any(first <= at < last + good for first, last, good in known.evidence)
    before = [state for when, state in known.flips if when <= at]
    return CLASS_OF[before[-1]] if fresh and before else MinuteClass.NO_DATA


def oracle(known: Facts) -> list[MinuteClass]:
    found = []
    for minute in range(MINUTES):
        begin = START + minute * MINUTE_US
        if begin + MINUTE_US > known.now_us:
            found.append(MinuteClass.AHEAD)
            continue
        held = {naive(known, known.hours, begin + s * SECOND) for s in range(60)}
        found.append(min(held, key=ORDER.index))
    return found


def classes(ledger: Ledger) -> list[MinuteClass]:
    return [ledger.at(minute) for minute in range(len(ledger.minutes))]


@settings(max_examples=60)
@given(facts())
def test_it_says_what_every_second_says(known: Facts) -> None:
    made = make_ledger(known, START, MINUTES)
    assert classes(made) == oracle(known)
    assert sum(made.counts().values()) == MINUTES
    assert sum(length for _, length, _ in made.runs()) == MINUTES


@settings(max_examples=40)
@given(facts(), st.integers(0, MINUTES))
def test_parts_add_up_to_the_whole(known: Facts, cut: int) -> None:
    whole = make_ledger(known, START, MINUTES)
    first = make_ledger(known, START, cut)
    rest = make_ledger(known, START + cut * MINUTE_US, MINUTES - cut)
    assert classes(whole) == classes(first) + classes(rest)
    assert whole.undecided == first.undecided + rest.undecided


def test_a_proposed_mark_changes_no_minute_and_shows() -> None:
    known = Facts(
        flips=[(START, State.UNREACHABLE)], evidence=[(START, START + 3600 * SECOND, SECOND)],
        marks=[Mark(START, START + 2 * MINUTE_US, MinuteClass.FORCE_MAJEURE, signed=False)],
    )  # fmt: skip
    made = make_ledger(known, START, 4)
    assert classes(made) == [MinuteClass.LINE] * 4
    assert made.undecided_count() == 2
    mark = Mark(START, START + 2 * MINUTE_US, MinuteClass.FORCE_MAJEURE)
    signed = Facts(flips=known.flips, evidence=known.evidence, marks=[mark])
    assert classes(make_ledger(signed, START, 3))[:2] == [MinuteClass.FORCE_MAJEURE] * 2


def test_one_bad_second_spoils_its_minute() -> None:
    bad = START + 90 * SECOND
    known = Facts(
        flips=[(START, State.UP), (bad, State.UNUSABLE), (bad + SECOND, State.UP)],
        evidence=[(START, START + 3600 * SECOND, SECOND)],
    )  # fmt: skip
    assert classes(make_ledger(known, START, 3)) == [
        MinuteClass.NORMAL, MinuteClass.PARTNER, MinuteClass.NORMAL
    ]  # fmt: skip
