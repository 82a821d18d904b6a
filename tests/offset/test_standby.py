"""A bank with two addresses: one book behind both, or two of which one is stale.

Whatever happens, a number is credited once over both books together.
"""

from copy import deepcopy

import pytest

from hub.offset.everywhere import merged
from hub.ports.bank import RowResult, RowStatus
from tests.offset.fakes import FakeBank
from tests.offset.kit import Centre, Person
from tests.offset.test_inquiry import ask

DONE, REFUSED, PROCESSING, NOT_FOUND, UNKNOWN = (
    RowStatus.DONE, RowStatus.REFUSED, RowStatus.PROCESSING, RowStatus.NOT_FOUND,
    RowStatus.UNKNOWN,
)  # fmt: skip


def unknown_batch(centre: Centre, when: str, *, one_book: bool) -> None:
    """Sent to the primary, broken there before or after it was booked."""
    centre.add(Person("A0"), Person("A1"))
    centre.icbc.breaks = [when]
    standby = FakeBank(
        dues=centre.icbc.dues,
        known=centre.icbc.known if one_book else {},
        entries=centre.icbc.entries if one_book else [],
    )
    centre.with_standby(standby, one_book=one_book)
    centre.open()
    centre.planned()
    centre.approve()
    centre.until(lambda: centre.states("offset_batch") == {"unknown"})


def credited(centre: Centre) -> int:
    """Over both books, a shared one counted once."""
    assert centre.standby is not None
    own = centre.standby.entries if centre.standby.entries is not centre.icbc.entries else []
    return len(centre.icbc.entries) + len(own)


def sends(centre: Centre) -> int:
    assert centre.standby is not None
    return len(centre.icbc.bodies) + len(centre.standby.bodies)


class TestOneBook:
    def test_what_the_primary_booked_is_found_at_the_standby(self, centre: Centre) -> None:
        unknown_batch(centre, "after", one_book=True)
        centre.away = {0}
        centre.switch(1)
        centre.until(centre.closed)
        assert (sends(centre), credited(centre)) == (1, 2)
        assert {o for _, o, _ in centre.items().values()} == {"SUCCEEDED"}

    def test_while_the_primary_is_silent_not_found_sends_nothing_again(self, quick: Centre) -> None:
        unknown_batch(quick, "before", one_book=True)
        quick.away = {0}
        quick.switch(1)
        quick.wait_settle()
        ask(quick, 6)
        assert sends(quick) == 1
        assert {s for s, _, _ in quick.items().values()} == {"unknown"}
        quick.away = set()
        quick.until(quick.closed)
        assert (sends(quick), credited(quick)) == (2, 2)


class TestAStaleStandby:
    def test_what_it_does_not_know_is_asked_of_the_primary(self, centre: Centre) -> None:
        unknown_batch(centre, "after", one_book=False)
        centre.switch(1)
        centre.wait_settle()
        centre.until(centre.closed)
        assert (sends(centre), credited(centre)) == (1, 2)
        assert {o for _, o, _ in centre.items().values()} == {"SUCCEEDED"}

    def test_with_the_primary_away_nothing_is_decided(self, centre: Centre) -> None:
        """Neither sent again on the standby's word, nor let go on its statement of a closed day."""
        unknown_batch(centre, "after", one_book=False)
        centre.away = {0}
        centre.switch(1)
        centre.wait_settle()
        ask(centre, 6)
        centre.next_day()
        ask(centre, 6)
        assert (sends(centre), credited(centre)) == (1, 2)
        assert {s for s, _, _ in centre.items().values()} == {"unknown"}
        assert set(centre.core.states.values()) == {"held"}
        centre.away = set()
        centre.until(centre.closed)
        assert (sends(centre), credited(centre)) == (1, 2)
        assert {o for _, o, _ in centre.items().values()} == {"SUCCEEDED"}

    def test_when_it_does_not_answer_the_primary_is_asked_all_the_same(self, quick: Centre) -> None:
        unknown_batch(quick, "after", one_book=False)
        quick.switch(1)
        quick.away = {1}
        ask(quick, 4)
        assert {o for _, o, _ in quick.items().values()} == {"SUCCEEDED"}
        assert sends(quick) == 1

    def test_a_repeat_that_waits_at_the_switch_is_called_back(self, quick: Centre) -> None:
        unknown_batch(quick, "after", one_book=False)
        quick.icbc.deaf = True
        quick.wait_settle()
        for _ in range(20):  # until the repeat is ordered, not sent
            quick.hurry()
            quick.conductor.step()
            quick.deliver(*[kind for kind in quick.handlers if kind != "bank.instruct"])
            if quick.states("offset_batch") == {"again"}:
                break
        assert quick.states("offset_batch") == {"again"}
        quick.switch(1)
        assert quick.states("offset_batch") == {"unknown"}
        quick.icbc.deaf = False
        quick.until(quick.closed)
        assert (sends(quick), credited(quick)) == (1, 2)

    def test_a_question_from_before_the_switch_sends_nothing_again(self, quick: Centre) -> None:
        unknown_batch(quick, "before", one_book=False)
        quick.wait_settle()
        quick.hurry()
        quick.conductor.step()  # the question is written
        quick.switch(1)
        quick.away = {0}
        quick.deliver()  # and answered at the new address
        assert quick.states("offset_batch") == {"unknown"}
        assert sends(quick) == 1

    def test_found_at_neither_after_settle_after_it_goes_again_once(self, quick: Centre) -> None:
        unknown_batch(quick, "before", one_book=False)
        quick.switch(1)
        quick.wait_settle()
        quick.until(quick.closed)
        assert (sends(quick), credited(quick)) == (2, 2)
        assert {o for _, o, _ in quick.items().values()} == {"SUCCEEDED"}


@pytest.mark.parametrize(
    ("one", "two", "silent", "expected"),
    [
        (NOT_FOUND, NOT_FOUND, False, NOT_FOUND),
        (NOT_FOUND, None, False, UNKNOWN),
        (NOT_FOUND, None, True, UNKNOWN),
        (REFUSED, None, True, UNKNOWN),
        (REFUSED, NOT_FOUND, False, REFUSED),
        (REFUSED, PROCESSING, False, PROCESSING),
        (REFUSED, UNKNOWN, False, UNKNOWN),
        (DONE, NOT_FOUND, False, DONE),
        (DONE, None, True, DONE),
    ],
)
def test_what_two_sides_say(
    one: RowStatus, two: RowStatus | None, silent: bool, expected: RowStatus
) -> None:
    sides = [[RowResult("1", one)]]
    if not silent:
        sides.append([] if two is None else [RowResult("1", two)])
    assert [row.status for row in merged(sides, silent=silent)] == [expected]
    assert [row.status for row in merged(list(reversed(deepcopy(sides))), silent=silent)] == [
        expected
    ]


def test_two_final_words_that_differ_are_both_told() -> None:
    said = merged([[RowResult("1", REFUSED)], [RowResult("1", DONE)]], silent=False)
    assert [row.status for row in said] == [DONE, REFUSED]
