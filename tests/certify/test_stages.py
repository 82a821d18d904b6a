"""Each bank × each stage at which it can go wrong: which mandatory case shows it.

Nothing is run here: the certificates run the cases (``test_banks.py``).  This is the table of
them, made from the contracts: a bank on whose wire a stage can happen has a case for it, and a
case for what cannot happen there would be a mistake too.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from hub.app.discover import discover
from hub.certify.suite import Case, Suite
from hub.kernel.settings import Settings
from tests.certify.kit import suite_of

BANKS = sorted(
    name for name, found in discover(Settings(home=Path("nowhere"))).items()
    if found.manifest.port == "bank"
)  # fmt: skip


@dataclass(frozen=True)
class Stage:
    """``shown``: the cases of a suite that show it.  ``where``: whether a wire can know it.

    ``outcome``: what such a case expects of the order for payment that it disturbs, if any.
    """

    shown: Callable[[Suite], Iterator[Case]]
    where: Callable[[Suite], bool] = lambda _suite: True
    outcome: str = ""


def _fault(*kinds: str, **said: Any) -> Callable[[Suite], Iterator[Case]]:
    """Cases for which the partner is made to do this."""

    def shown(suite: Suite) -> Iterator[Case]:
        names = {
            one.name for one in suite.arrangements.values()
            for wanted in one.control
            if wanted["body"].get("fault") in kinds
            and all(wanted["body"].get(key) == value for key, value in said.items())
        }  # fmt: skip
        return (case for case in suite.cases if names & set(_given(case, "arrange", "name")))

    return shown


def _named(*numbers: str) -> Callable[[Suite], Iterator[Case]]:
    """Cases of a shared number: what they are about stands in the shared file once."""
    return lambda suite: (case for case in suite.cases if case.number.split("-")[0] in numbers)


def _given(case: Case, do: str, name: str) -> Iterator[Any]:
    return (step.given[name] for step in case.steps if step.do == do and name in step.given)


def _paid(subject: str) -> Callable[[Suite], Iterator[Case]]:
    """Cases that pay this subject, for whom the bank has something of its own in mind."""

    def shown(suite: Suite) -> Iterator[Case]:
        for case in suite.cases:
            rows = [row for rows in _given(case, "instruct", "rows") for row in rows]
            if subject in {row["subject"] for row in rows}:
                yield case

    return shown


def _tampered(name: str) -> Callable[[Suite], Iterator[Case]]:
    return lambda suite: (c for c in suite.cases if name in set(_given(c, "instruct", "tamper")))


def _files(suite: Suite) -> bool:
    return any(door.sftp for door in suite.contract.endpoints.values())


def _frames(suite: Suite) -> bool:
    return any(not d.sftp and not d.content_type for d in suite.contract.endpoints.values())


def _soap(suite: Suite) -> bool:
    return "wsdl" in suite.contract.wire.extra


def _told_by_the_bank(suite: Suite) -> bool:
    return "inbound" in suite.contract.extra


def _expires(suite: Suite) -> bool:
    """A password or token that the bank can let go; what goes without one says so."""
    return not {"B364", "B367"} <= set(suite.not_applicable)


def _own_totals(suite: Suite) -> bool:
    """Totals that can be altered on the way: a signature over them is met first."""
    return "B371" not in suite.not_applicable


STAGES: Mapping[str, Stage] = {
    "refuse": Stage(_fault("refuse"), outcome="not_sent"),
    "reset before": Stage(_fault("reset", when="before"), outcome="unknown"),
    "reset after booking": Stage(_fault("reset", when="after"), outcome="unknown"),
    "delay": Stage(_fault("delay"), outcome="answered"),
    "half a reply": Stage(_fault("half_reply"), outcome="unknown"),
    "garbage": Stage(_fault("garbage"), outcome="unknown"),
    "another charset": Stage(_fault("wrong_charset"), outcome="unknown"),
    "a code nobody knows": Stage(_fault("unknown_code")),
    "late": Stage(_paid("late"), outcome="answered"),
    "twice, by us": Stage(_tampered("delivered_twice")),
    "twice, by the bank": Stage(_paid("twice"), outcome="answered"),
    "left out": Stage(_paid("lost"), outcome="answered"),
    "never": Stage(_fault("never"), outcome="unknown"),
    "wrong total, ours": Stage(_tampered("total"), _own_totals, "refused"),
    "wrong total, theirs": Stage(_fault("wrong_total")),
    "booked only after not found": Stage(_fault("book_after_not_found"), outcome="unknown"),
    "lost with its batch": Stage(_fault("batch_lost"), outcome="unknown"),
    "expired token": Stage(_fault("expired_token", "expired_password"), _expires),
    "four-byte names": Stage(_named("B304"), outcome="answered"),
    "15-digit IDs, accounts failing Luhn": Stage(_named("B205"), outcome="answered"),
    "an amount at its field's limit": Stage(_named("B307"), outcome="answered"),
    "an amount above its field's limit": Stage(_named("B308"), outcome="bad_input"),
    "half a file": Stage(_fault("half_file"), _files),
    "a file growing": Stage(_fault("growing_file"), _files),
    "another file under a known name": Stage(_fault("changed_file"), _files),
    "another host key": Stage(_fault("host_key_changed"), _files),
    "frame longer than announced": Stage(_fault("frame_longer"), _frames, "unknown"),
    "a length of nines": Stage(_fault("wrong_length"), _frames, "unknown"),
    "SOAP Fault inside 200": Stage(_fault("system_error", status=200), _soap, "unknown"),
    "callback before the reply": Stage(_fault("notice_before_reply"), _told_by_the_bank),
    "callback twice": Stage(_fault("notice_twice"), _told_by_the_bank),
    "callback never": Stage(_fault("notice_never"), _told_by_the_bank),
    "callback of somebody else": Stage(_fault("notice_bad_signature"), _told_by_the_bank),
}
"""The stages of the mocks (design) and the bad input that a partner can be made to send.  What no
partner sends on request (an entity, a bomb) is in tests/adapters/test_poison.py."""


@cache
def _suite(interface: str) -> Suite:
    return suite_of(interface)


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("interface", BANKS)
def test_a_stage_that_can_happen_has_a_mandatory_case(interface: str, stage: str) -> None:
    suite, told = _suite(interface), STAGES[stage]
    shown = [case for case in told.shown(suite) if case.mandatory]
    assert bool(shown) == told.where(suite), f"{interface}: {stage}: {[c.number for c in shown]}"
    outcomes = {said for case in shown for said in _outcomes(case)}
    assert not shown or not told.outcome or told.outcome in outcomes, (interface, stage, outcomes)


@pytest.mark.parametrize("interface", BANKS)
def test_a_disturbed_order_is_asked_about_and_looked_up(interface: str) -> None:
    """A case in which an order's outcome was unknown does not end there."""
    for case in _suite(interface).cases:
        ordered = [at for at, step in enumerate(case.steps) if "unknown" in _step_outcomes([step])]
        if ordered:
            after = {step.do for step in case.steps[ordered[0] + 1 :]}
            assert after & {"inquire", "results", "statement", "notices"}, case.number


def test_the_longest_length_a_head_can_say_is_tried() -> None:
    for interface, longest in (("bank-abc", "999999"), ("bank-gznx", "99999999")):
        said = {
            wanted["body"].get("length") for one in _suite(interface).arrangements.values()
            for wanted in one.control
        }  # fmt: skip
        assert longest in said


def _outcomes(case: Case) -> set[str]:
    return _step_outcomes(case.steps)


def _step_outcomes(steps: Iterable[Any]) -> set[str]:
    """What is expected of orders; one that is told by rows was answered."""
    return {str(step.expect.get("outcome", "answered")) for step in steps if step.do == "instruct"}
