"""A demo driven from inside: the bank changes its mind, never answers, or never lists."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.demo.kit import demo, drop_faults, outcomes, post, rows, small, totals, unbalanced
from tests.demo.player import Act, Player

Controls = Mapping[str, str]
ICBC = "bank-icbc"


@pytest.fixture(scope="module")
def data(month_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small(month_data, tmp_path_factory.mktemp("small") / "data", 120)


@pytest.fixture
def player(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Player:
    return Player(data, tmp_path / "out", monkeypatch, ("ICBC",))


def test_minds_changed_after_planning_are_followed(player: Player) -> None:
    loans = [r["JKHTBH"] for r in outcomes(player.data, "loans.csv") if r["KKJG"] == "0000"]
    loan_of = {r["XYBH"]: r["JKHTBH"] for r in outcomes(player.data, "agreements.csv")}
    kinds = ["1001", "1002", "1003", "9999", "LATE", "LOST"]
    minds = dict(zip(loans[:60], kinds * 10, strict=True))

    def change(controls: Controls) -> None:
        for loan, mind in minds.items():
            post(f"{controls[ICBC]}/rows/{loan}", {"KKJG": mind})

    assert player.play(at_plan=change)
    said = {
        "1001": ("FAILED", "account_closed"), "1002": ("FAILED", "name_mismatch"),
        "1003": ("FAILED", "loan_settled"), "9999": ("FAILED", "bank_error"),
    }  # fmt: skip
    tried = [
        (minds[loan_of[row["XYBH"]]], row) for row in outcomes(player.out)
        if loan_of[row["XYBH"]] in minds and row["outcome"] in ("SUCCEEDED", "FAILED")
    ]  # fmt: skip
    assert {mind for mind, _ in tried} == set(kinds)
    for mind, row in tried:
        if mind in said:
            assert (row["outcome"], row["reason"]) == said[mind]
        else:
            assert (row["outcome"], row["reason"]) in {("SUCCEEDED", ""), ("SUCCEEDED", "partial")}
    assert (totals(player.out)["closed"], unbalanced(totals(player.out))) == (True, [])


def test_a_bank_that_goes_silent_and_comes_back(player: Player) -> None:
    """It books and says nothing more: UNKNOWN, and what is open is said; then it goes on."""

    def silence(controls: Controls) -> None:
        control = controls[ICBC]
        reset = {"match": {"endpoint": "api", "code": "PAYENT"}, "fault": "reset"}
        post(f"{control}/faults", reset)
        for code in ("QPAYENT", "QPD", "QHISD"):
            match = {"endpoint": "api", "code": code}
            post(f"{control}/faults", {"match": match, "fault": "garbage", "when": "before"})

    credited: list[dict[str, str]] = []
    look: Act = lambda controls: credited.extend(rows(f"{controls[ICBC]}/credits.csv"))  # noqa: E731
    assert not player.play(before=silence, after=look, patience_s=5.0)
    said = totals(player.out)
    unknown = [row for row in outcomes(player.out) if row["outcome"] == "UNKNOWN"]
    assert len(unknown) == said["total"]["unknown"]["count"] > 0
    assert said["closed"] is False
    booked_once = len(credited)
    assert booked_once > 0

    again = ("--banks", "ICBC", "--data", str(player.data), "--patience", "3s")
    done = demo(player.out, *again)  # the mock's rules outlive it: the bank is silent still
    assert done.code == 3, done.said
    assert "UNKNOWN" in {row["outcome"] for row in outcomes(player.out)}

    credited.clear()
    assert player.play(before=lambda at: drop_faults(at[ICBC]), after=look)
    assert len(credited) == booked_once  # nobody is paid twice
    assert (totals(player.out)["closed"], unbalanced(totals(player.out))) == (True, [])


def test_a_list_that_never_completes_leaves_everybody_unknown(player: Player) -> None:
    def wrong(controls: Controls) -> None:
        match = {"endpoint": "api", "code": "QDKDUE"}
        post(f"{controls[ICBC]}/faults", {"match": match, "fault": "wrong_total"})

    assert not player.play(before=wrong, patience_s=5.0)
    said, found = totals(player.out), outcomes(player.out)
    assert {row["outcome"] for row in found} == {"UNKNOWN"}
    assert len(found) == said["total"]["agreements"]["count"] == 120
    assert unbalanced(said) == [("E0", "ICBC"), ("E0", "total")]
