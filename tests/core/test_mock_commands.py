"""Every (state × command) cell of the contract, over a real socket."""

from typing import Any

import pytest
import yaml

from tests.core.corekit import (
    BANK,
    CLOSED,
    CONTRACT,
    COURT,
    FROZEN,
    MOVED,
    NOBODY,
    OUT,
    PERIOD,
    POOR,
    RICH,
    SEALED,
    TINY,
    HandClient,
    item,
)  # fmt: skip

ORDERING = yaml.safe_load((CONTRACT / "ordering.yaml").read_text(encoding="utf-8"))
CODES = yaml.safe_load((CONTRACT / "contract.yaml").read_text(encoding="utf-8"))["code_tables"]
COMMANDS = ("hold", "post", "release", "reverse")
N = "20251000000000000011"
WAY: dict[str, tuple[str, ...]] = {
    "00": (), "01": ("hold",), "02": ("hold", "post"), "03": ("hold", "release"),
    "04": ("hold", "post", "reverse"), "05": ("hold",), "06": ("release",),
}  # fmt: skip
"""Which commands bring an item into each state (05: asked for more than there is)."""

MONEY = {"00": (0, 0), "01": (0, 1), "02": (-1, 0), "03": (0, 0), "04": (0, 0), "05": (0, 0),
         "06": (0, 0)}  # fmt: skip
"""(balance, held) in each state, in units of the item's amount."""

FLAGS = {"02": ["01"], "04": ["01", "02"]}
"""CZBZ of the postings each state stands for."""


def bring(core: HandClient, state: str) -> dict[str, Any]:
    """An item in ``state``: two payers, 400.00 together (or one who cannot pay, for 05)."""
    one = item(N, (POOR, 50_001)) if state == "05" else item(N, (RICH, 30_000), (POOR, 10_000))
    for command in WAY[state]:
        core.command(command, one)
    return one


def stands(core: HandClient, state: str) -> None:
    """Balances, holds and postings are exactly those of ``state``."""
    balance, held = MONEY[state]
    assert core.money(RICH) == (1_000_000 + balance * 30_000, held * 30_000)
    assert core.money(POOR) == (50_000 + balance * 10_000, held * 10_000)
    live = core.ask("holds/query", QCNY=PERIOD, YHJC=BANK, YB=None)["ZY"]
    payers = [{"GRZH": RICH, "FSEFEN": 30_000}, {"GRZH": POOR, "FSEFEN": 10_000}]
    wanted_live = [{"MXBH": N, "FSEFEN": 40_000, "FKR": payers}]
    assert live == (wanted_live if state == "01" else [])
    postings = core.ask("postings/query", QCNY=PERIOD, YHJC=BANK, YB=None)["LS"]
    wanted = [
        (account, fen, flag)
        for flag in FLAGS.get(state, [])
        for account, fen in ((RICH, 30_000), (POOR, 10_000))
    ]
    assert [(one["GRZH"], one["FSEFEN"], one["CZBZ"]) for one in postings] == wanted


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("state", sorted(ORDERING["cells"]))
def test_cell(core: HandClient, state: str, command: str) -> None:
    one = bring(core, state)
    cell = ORDERING["cells"][state][command]
    if cell == "first_hold":
        wanted = ("0000", "01")
    elif cell == "first_answer":
        wanted = ("2001", "05")
    else:
        wanted = (cell["code"], cell.get("to", state))
    assert core.command(command, one) == [wanted]
    stands(core, wanted[1])
    assert core.command(command, one) == [(wanted[0], wanted[1])], "again answers the same"
    stands(core, wanted[1])


@pytest.mark.parametrize("state", sorted(set(ORDERING["cells"]) - {"00"}))
@pytest.mark.parametrize("command", COMMANDS)
def test_other_content_under_a_known_number(core: HandClient, state: str, command: str) -> None:
    one = bring(core, state)
    first, *rest = one["FKR"]
    others = [
        {**one, "FKR": [{**first, "FSEFEN": first["FSEFEN"] - 1}, *rest]},
        {**one, "FKR": [first, *rest, {"GRZH": SEALED, "FSEFEN": 1}]},
        {**one, "YHJC": "CCB"},
        {**one, "QCNY": "202511"},
        {**one, "XYBH": "DC2"},
    ]
    if rest:
        others.append({**one, "FKR": [*rest, first]})
    for other in others:
        assert core.command(command, other) == [("2007", state)]
    stands(core, state)


def test_another_booking_date_is_the_same_item(core: HandClient) -> None:
    core.command("hold", item(N, (RICH, 1)))
    assert core.command("post", item(N, (RICH, 1), day="20251013")) == [("0000", "02")]
    assert core.command("post", item(N, (RICH, 1), day="20251014")) == [("0000", "02")]
    assert [one["booked_on"] for one in core.csv("postings")] == ["20251013"]


class TestFirstHold:
    @pytest.mark.parametrize(
        ("payers", "code"),
        [
            ([(RICH, 1_000_000), (POOR, 50_000)], "0000"),
            ([(RICH, 1_000_001)], "2001"),
            ([(RICH, 1), (POOR, 50_001)], "2001"),
            ([(SEALED, 30_000)], "0000"),
            ([(COURT, 1_950)], "0000"),
            ([(COURT, 1_951)], "2001"),
            ([(FROZEN, 1)], "2002"),
            ([(CLOSED, 1)], "2002"),
            ([(MOVED, 1)], "2002"),
            ([(OUT, 1)], "2002"),
            ([(NOBODY, 1)], "2009"),
            ([(FROZEN, 1), (NOBODY, 1)], "2009"),
            ([(POOR, 50_001), (FROZEN, 1)], "2002"),
            ([(TINY, 1)], "0000"),
            ([(RICH, 9_007_199_254_740_991)], "2001"),
        ],
    )
    def test_answer(self, core: HandClient, payers: list[tuple[str, int]], code: str) -> None:
        state = "01" if code == "0000" else "05"
        assert core.command("hold", item(N, *payers)) == [(code, state)]
        for account, fen in payers:
            if account != NOBODY:
                assert core.money(account)[1] == (fen if code == "0000" else 0), "all or none"

    def test_holds_of_others_count(self, core: HandClient) -> None:
        core.command("hold", item("20251000000000000012", (POOR, 49_999)))
        assert core.command("hold", item(N, (POOR, 2))) == [("2001", "05")]
        assert core.command("hold", item("20251000000000000013", (POOR, 1))) == [("0000", "01")]

    def test_one_request_sees_its_own_holds(self, core: HandClient) -> None:
        items = [item(f"2025100000000000002{n}", (POOR, 20_000)) for n in range(3)]
        assert [code for code, _ in core.command("hold", *items)] == ["0000", "0000", "2001"]

    def test_an_open_case_refuses(self, core: HandClient) -> None:
        core.control("POST", "/accounts", set=[{"GRZH": POOR, "case": True}])
        assert core.command("hold", item(N, (RICH, 1), (POOR, 1))) == [("2008", "05")]

    def test_a_refusal_stays_when_money_comes(self, core: HandClient) -> None:
        one = item(N, (POOR, 60_000))
        assert core.command("hold", one) == [("2001", "05")]
        core.control("POST", "/accounts", set=[{"GRZH": POOR, "GRZHYE": "9999.00"}])
        assert core.command("hold", one) == [("2001", "05")]
        assert core.command("hold", item("20251000000000000012", (POOR, 60_000))) == [
            ("0000", "01")
        ]

    def test_one_account_twice_in_an_item(self, core: HandClient) -> None:
        assert core.command("hold", item(N, (RICH, 1), (RICH, 1))) == [("2010", "00")]
        assert core.money(RICH) == (1_000_000, 0)


class TestWhileHeld:
    def test_closing_or_moving_waits(self, core: HandClient) -> None:
        core.command("hold", item(N, (RICH, 1), (POOR, 5)))
        for state in ("03", "04", "05"):
            reply = core.control("POST", "/accounts", set=[{"GRZH": POOR, "GRZHZT": state}])
            assert reply.status_code == 409
            assert "有在途对冲业务" in reply.json()["error"]
        core.command("release", item(N, (RICH, 1), (POOR, 5)))
        done = core.control("POST", "/accounts", set=[{"GRZH": POOR, "GRZHZT": "05"}])
        assert done.status_code == 200
        assert core.account(POOR)["GRZHZT"] == "05"

    def test_held_money_cannot_be_taken_elsewhere(self, core: HandClient) -> None:
        core.command("hold", item(N, (POOR, 20_000)))
        less = core.control("POST", "/accounts", set=[{"GRZH": POOR, "GRZHYE": "199.99"}])
        assert (less.status_code, core.money(POOR)) == (409, (50_000, 20_000))

    def test_a_court_may_freeze_and_the_posting_still_goes_through(self, core: HandClient) -> None:
        one = item(N, (POOR, 20_000))
        core.command("hold", one)
        core.control("POST", "/accounts", set=[{"GRZH": POOR, "GRZHZT": "06", "DJJE": "500.00"}])
        assert core.command("post", one) == [("0000", "02")]
        assert core.money(POOR) == (30_000, 0)

    def test_books_that_do_not_add_up_are_not_final(self, core: HandClient) -> None:
        one = item(N, (POOR, 20_000))
        core.command("hold", one)
        wrong = [{"GRZH": POOR, "GRZHYE": "1.00"}]
        core.control("POST", "/accounts", set=wrong, force=True)
        assert core.command("post", one) == [("9101", "01")]
        assert CODES["item"]["codes"]["9101"]["final"] is False
        core.control("POST", "/accounts", set=[{"GRZH": POOR, "GRZHYE": "200.00"}])
        assert core.command("post", one) == [("0000", "02")]
        assert core.money(POOR) == (0, 0)


def test_every_code_the_mock_can_say_is_in_the_contract() -> None:
    from mocks.core.reference import rules  # noqa: PLC0415 - the only look inside

    for code, text in rules.TEXTS.items():
        assert CODES["item"]["codes"][code]["text"] == text
