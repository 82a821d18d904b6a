"""E0 to E7 at rest, after any interleaving: steps, results by every way, breaks, withdrawals,
returns, rumours, refusals, settlements and second tries, at two banks.

Whenever nothing is in flight, each total is what the partners' own books and words say
(``books.py``), each remainder is exactly what stands between two steps, and every hold stands
exactly as long as the outcome is open.

Short and the same each time in the suite; longer and by chance:
``HUB_TEST_EXAMPLES=500 python -m pytest tests/offset/test_sums_machine.py``.
"""

import os
import random
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from hub.ports.bank import EntryKind
from hub.ports.core import CommandKind
from tests.offset.books import MINDS, PAYING
from tests.offset.sums import SOME_KINDS, Sums

EVENTS = (
    ["conduct"] * 4 + ["deliver"] * 6 + ["rest"] * 2
    + ["the_next_send_is_booked_and_not_found", "the_next_call_breaks"]
    + ["the_core_refuses", "time_passes", "they_say_all_they_know_again"]
    + ["they_find_nothing_any_more", "what_was_received_is_booked_late", "two_people_withdraw"]
    + ["the_money_comes_back", "somebody_says_what_may_not_be_so"] * 2
    + ["a_channel_is_stopped_or_resumed", "two_people_settle_what_they_can"]
    + ["a_second_try_is_ordered"] * 2
)  # fmt: skip
"""Weighted: a few examples by hypothesis alone mostly repeat one rule or have nothing to act on."""


def live(seed: int) -> None:
    """One life by chance, the same for the same seed."""
    chance = random.Random(seed)
    one: Any = Sums()
    one.begin(
        minds=[chance.choice(MINDS) for _ in range(PAYING)],
        idempotent=chance.random() < 0.5, turns=chance.choice([0, 0, 3, 6, 9]),
    )  # fmt: skip
    try:
        for _ in range(30):
            what = chance.choice(EVENTS)
            getattr(one, what)(**_drawn(chance, what))
            one.nothing_is_paid_twice()
    except BaseException:
        one.ended.close()
        raise
    one.teardown()


def _drawn(chance: random.Random, what: str) -> dict[str, Any]:
    """What the rules above draw, by the same names."""
    pick = chance.randrange(2 * PAYING)
    words = ["nothing", "nothing", "refused", "done", "more"]
    return {
        "deliver": {"kinds": chance.choice(SOME_KINDS)},
        "the_next_call_breaks": {
            "where": chance.choice(["ICBC", "CCB", "core"]),
            "when": chance.choice(["before", "after"]),
        },
        "the_core_refuses": {"kind": chance.choice(list(CommandKind)), "pick": pick % PAYING},
        "time_passes": {"day": chance.random() < 0.5},
        "they_say_all_they_know_again": {"way": chance.choice(["reply", "inquiry", "statement"])},
        "they_find_nothing_any_more": {"deaf": chance.random() < 0.5},
        "somebody_says_what_may_not_be_so": {
            "pick": pick, "what": chance.choice(words),
            "status": chance.choice(["processing", "not_found", "unknown"]),
        },
        "what_was_received_is_booked_late": {"pick": pick},
        "the_money_comes_back": {
            "pick": pick, "kind": chance.choice([EntryKind.RETURN, EntryKind.REVERSAL]),
            "less": chance.choice([0, 0, 1]),
        },
        "a_channel_is_stopped_or_resumed": {
            "on": chance.random() < 0.4, "bank": chance.choice(["ICBC", "CCB"]),
        },
        "two_people_withdraw": {"pick": pick},
        "a_second_try_is_ordered": {"pick": pick},
    }.get(what, {})  # fmt: skip


ASKED = int(os.environ.get("HUB_TEST_EXAMPLES", "0"))


@pytest.mark.parametrize("seed", range(ASKED or 8))
def test_a_life_by_chance(seed: int) -> None:
    live(seed)


TestSums = Sums.TestCase
TestSums.settings = settings(
    max_examples=ASKED or 2, stateful_step_count=25, deadline=None, derandomize=not ASKED,
    database=None, print_blob=bool(ASKED), suppress_health_check=list(HealthCheck),
)  # fmt: skip
