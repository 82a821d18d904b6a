"""Any order of arriving, redeeming, repeating, meddling and waiting: in once, redeemed once.

The model knows which assertions were used, whose key is whose, and when it ends.
"""

import itertools
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from hub.ports.inbound import InboundRequest
from tests.cases.books import NOON
from tests.cases.kit import Office
from tests.cases.test_entering import Desk

PICK = st.integers(0, 5)
_numbers, _examples = itertools.count(1), itertools.count(1)


class Entrance(RuleBasedStateMachine):
    """One hub, one hall; time goes on."""

    desk: Desk

    @initialize()
    def begin(self) -> None:
        # Never the same moment in two examples: a signature is of its moment, and is remembered.
        self.desk.office.clock.moment = NOON + timedelta(hours=20 * next(_examples))
        self.assertions: list[tuple[str, str, datetime]] = []
        self.used: set[str] = set()
        self.keys: list[tuple[str, str, datetime]] = []
        self.asked: list[tuple[int, InboundRequest, datetime, str]] = []
        self.redeemed: set[int] = set()

    @property
    def now(self) -> datetime:
        return self.desk.office.clock.now()

    @rule(minutes=st.sampled_from([0, 1, 4, 16, 29]))
    def wait(self, minutes: int) -> None:
        self.desk.office.clock.moment += timedelta(minutes=minutes, milliseconds=1)

    @rule()
    def sign_in(self) -> None:
        number = f"GF{next(_numbers):08d}"
        self.assertions.append((self.desk.assertion(PROJECT_NO=number), number, self.now))

    @rule(pick=PICK)
    def arrive(self, pick: int) -> None:
        if not self.assertions:
            return
        text, number, made = self.assertions[pick % len(self.assertions)]
        answer = self.desk.arrive(text)
        if self.now - made > timedelta(minutes=5):
            assert self.desk.code(answer) == "S03"
        elif text in self.used:
            assert self.desk.code(answer) == "S06"
        else:
            assert answer.status == 302
            key = answer.headers["Location"].partition("key=")[2]
            self.used.add(text)
            self.keys.append((key, number, self.now + timedelta(minutes=30)))

    @rule(pick=PICK)
    def meddle(self, pick: int) -> None:
        if self.assertions:
            text = self.assertions[pick % len(self.assertions)][0]
            assert self.desk.code(self.desk.arrive(text[:-8] + "AAAA" + text[-4:])) in (
                "S01", "S02",
            )  # fmt: skip

    @rule(pick=PICK)
    def redeem(self, pick: int) -> None:
        if not self.keys:
            return
        place = pick % len(self.keys)
        key, number, until = self.keys[place]
        self.desk.office.clock.moment += timedelta(milliseconds=1)
        request = self.desk.ask(key)
        said = self.desk.said(request)
        if place in self.redeemed:
            assert said["code"] == "409"
        elif self.now >= until:
            assert said["code"] == "410"
        else:
            assert said["code"] == "200"
            self.redeemed.add(place)
            self._of(said, number)
        self.asked.append((place, request, self.now, said["code"]))

    @rule(pick=PICK)
    def the_very_same_again(self, pick: int) -> None:
        if not self.asked:
            return
        place, request, when, before = self.asked[pick % len(self.asked)]
        said = self.desk.said(request)
        if self.now - when > timedelta(minutes=5):
            assert said["code"] == "402"
        elif before == "200":
            self._of(said, self.keys[place][1])
        else:
            assert said["code"] in ("409", "410")

    def _of(self, said: dict[str, Any], number: str) -> None:
        assert (said["code"], said["data"]["projectNo"]) == ("200", number)


def test_in_once_and_redeemed_once_in_any_order(office: Office) -> None:
    Entrance.desk = Desk(office)
    run_state_machine_as_test(
        Entrance,
        settings=settings(
            max_examples=40, stateful_step_count=30, deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip


@pytest.mark.parametrize("minutes", [5, 6])
def test_the_model_s_own_edge(office: Office, minutes: int) -> None:
    """Five minutes to the second are still fresh: the model and the contract say the same."""
    desk = Desk(office)
    text = desk.assertion()
    office.clock.moment += timedelta(minutes=minutes)
    assert (desk.arrive(text).status == 302) is (minutes == 5)
