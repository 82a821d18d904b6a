"""A part of an account withdrawn (TQYY 01): the account stays, its balance is less by it, once."""

from dataclasses import replace

import pytest

from hub.contracts import load_contract
from hub.kernel.money import Fen
from hub.ports.registry import ApplicationKind, ApplicationResult, Withdrawal
from tests.core.corekit import RICH
from tests.registry.kit import CONTRACT, PAPER, RegistryBench, withdrawal

KIND = ApplicationKind.WITHDRAWAL
NAME = "欧阳𠮷"


def part(number: str, fen: int) -> Withdrawal:
    return replace(withdrawal(number, RICH, NAME), reason="01", amount=Fen(fen))


def apply(bench: RegistryBench, one: Withdrawal) -> ApplicationResult:
    (said,) = bench.port.apply(bench.line(), KIND, [one])
    return said


def finished(bench: RegistryBench, number: str) -> ApplicationResult:
    """Every question takes it one step further."""
    for _ in range(3):
        (said,) = bench.port.inquire(bench.line(), KIND, [number])
    return said


def balance(bench: RegistryBench) -> tuple[int, str]:
    answer = bench.port.persons(bench.line(), [("01", PAPER)])
    (mine,) = [one for one in answer.accounts if one.number == RICH]
    return mine.balance, mine.state


def test_a_part_is_paid_once_and_the_account_stays(bench: RegistryBench) -> None:
    before, _ = balance(bench)
    assert apply(bench, part("GF000001", 30_000)).state.value == "01"
    said = finished(bench, "GF000001")
    assert (said.state.value, said.principal, said.interest) == ("03", 30_000, 0)
    again = apply(bench, part("GF000001", 30_000))
    assert (again.state.value, again.principal) == ("03", 30_000)
    assert balance(bench) == (before - 30_000, "01")
    assert apply(bench, part("GF000001", 30_001)).reason == "conflict"
    rest = finished_whole(bench, "GF000002")
    assert (rest.principal, balance(bench)[1]) == (before - 30_000, "05")


def finished_whole(bench: RegistryBench, number: str) -> ApplicationResult:
    assert apply(bench, withdrawal(number, RICH, NAME)).state.value == "01"
    return finished(bench, number)


def test_more_than_there_is_is_refused(bench: RegistryBench) -> None:
    before, _ = balance(bench)
    said = apply(bench, part("GF000003", before + 1))
    assert (said.state.value, said.code, said.reason) == ("04", "2110", "bad_application")


def test_money_on_hold_waits(bench: RegistryBench) -> None:
    assert bench.hand.control("POST", "/registry/held", GRZH=RICH, fen=1).is_success
    said = apply(bench, part("GF000004", 100))
    assert (said.reason, said.settled) == ("hold", False)


@pytest.mark.parametrize(
    ("reason", "fen", "good"),
    [("01", 100, True), ("03", None, True), ("01", None, False), ("03", 100, False),
     ("01", 0, False)],
)  # fmt: skip
def test_the_schema_wants_an_amount_for_a_part_alone(
    reason: str, fen: int | None, good: bool
) -> None:
    row = {
        "SQBH": "GF000005", "GRZH": RICH, "XingMing": NAME, "ZJLX": "01", "ZJHM": PAPER,
        "TQYY": reason, "SKZHHM": "6222080000000000015", "SKZHMC": NAME, "SKYHMC": "",
        "SKYHDM": "",
    } | ({} if fen is None else {"TQJEFEN": fen})  # fmt: skip
    drifts = load_contract(CONTRACT).validate_json(
        "withdrawal.request", {"QQLSH": "1", "SQ": [row]}
    )
    assert (drifts == []) is good
