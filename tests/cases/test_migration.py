"""企业迁移登记 from the regulator's push to its receipts, judged by the two mocks' books."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.app import case_acts
from hub.cases.looking import see_case
from tests.cases.migration_stage import Regulated, account, stage
from tests.cases.stage import until

OUT, IN = "QY20251013000001", "QY20251013000002"
PEOPLE = 130  # more than one chunk, fewer than what must be approved


@pytest.fixture
def centre(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Regulated]:
    monkeypatch.setenv("HUB_DATABASE_URL", database_url)
    with stage(tmp_path / "centre", PEOPLE) as up:
        yield up


def once(people: int) -> dict[str, int]:
    """Each open account of the firm, sealed by one application."""
    return dict.fromkeys(map(account, range(people)), 1)


def test_every_account_of_a_firm_that_leaves_is_sealed_once(centre: Regulated) -> None:
    centre.file(shape="push_twice")
    until(lambda: centre.steps(OUT)[-1:] == ["3"], 60)
    assert centre.told(OUT)["sjyy"] == f"应封存 {PEOPLE} 户，已封存 {PEOPLE} 户，未能封存 0 户"
    assert centre.sealings() == once(PEOPLE)
    assert centre.steps(OUT).count("3") == 1
    rows = centre.platform("GET", "/feedback.csv").splitlines()
    assert sum(",3,应封存" in row for row in rows) == 1


def test_another_body_under_a_version_is_refused(centre: Regulated) -> None:
    centre.file()
    until(lambda: centre.answers() == [("taken", "200")])
    centre.file(entname="另一家")
    until(lambda: centre.answers() == [("taken", "200"), ("refused", "301")])


def test_a_wrong_signature_and_a_replay_are_not_believed(centre: Regulated) -> None:
    centre.file(shape="push_bad_signature")
    centre.file(id="QY-REPLAY", shape="push_replayed", sample="case.push.in.request.json")
    until(lambda: all(one[0] != "waiting" for one in centre.answers()), 60)
    assert sorted(centre.answers()) == [("given up", "403"), ("taken", "200"), ("taken", "200")]


def test_the_core_away_and_the_regulator_away(centre: Regulated) -> None:
    centre.platform("POST", "/faults", match={"endpoint": "api"}, fault="refuse")
    centre.core("POST", "/faults", match={"code": "registry.account_seal", "first": 2},
                fault="reset")  # fmt: skip
    centre.file()
    until(lambda: [one["fired"] for one in centre.core("GET", "/faults")["rules"]] == [2], 60)
    until(lambda: centre.state(OUT) == "done", 60)
    assert centre.steps(OUT) == []
    centre.platform("DELETE", "/faults")
    until(lambda: centre.steps(OUT)[-1:] == ["3"], 60)
    assert centre.sealings() == once(PEOPLE)


def test_a_firm_that_comes_is_opened_and_found_open_again(centre: Regulated) -> None:
    centre.file(sample="case.push.in.request.json")
    until(lambda: centre.steps(IN)[-1:] == ["3"], 60)
    assert centre.told(IN)["sjyy"].startswith("已开户，单位账号 5227")
    centre.file(sample="case.push.in.request.json", id="QY-AGAIN")
    until(lambda: centre.steps("QY-AGAIN")[-1:] == ["3"], 60)
    assert centre.told("QY-AGAIN")["sjyy"].startswith("早已开户，单位账号 5227")


def test_a_firm_we_do_not_know_is_answered(centre: Regulated) -> None:
    centre.file(id="QY-NONE", uniscid="91522700MA0000098F")
    until(lambda: centre.steps("QY-NONE")[-1:] == ["4"], 60)
    assert "没有以该统一社会信用代码开户" in centre.told("QY-NONE")["sjyy"]


def test_a_higher_version_in_the_middle_of_sealing(centre: Regulated) -> None:
    centre.core("POST", "/faults", match={"code": "registry.account_seal", "after": 1},
                fault="reset")  # fmt: skip
    centre.file()
    until(lambda: centre.core("GET", "/faults")["rules"][0]["fired"], 60)
    assert centre.state(OUT) == "in_core"
    centre.file(version=2)
    until(lambda: centre.answers() == [("taken", "200"), ("taken", "200")], 60)
    centre.core("DELETE", "/faults")
    until(lambda: centre.steps(OUT)[-1:] == ["3"], 60)
    told = centre.told(OUT)
    assert told["sjyy"] == f"应封存 {PEOPLE} 户，已封存 {PEOPLE} 户，未能封存 0 户"
    assert told["version"] == 2
    assert centre.sealings() == once(PEOPLE)
    assert centre.steps(OUT).count("3") == 1


def test_more_than_the_policy_allows_waits_for_a_person(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_DATABASE_URL", database_url)
    with stage(tmp_path / "centre", 205) as centre:
        centre.file()
        hub, act = centre.hub, case_acts.KINDS["case.approve"]

        def looked() -> object:
            with hub.store.read() as view:
                return act.look(hub, view, OUT).why_not

        until(lambda: centre.state(OUT) == "checked" and looked() is None, 60)
        assert centre.sealings() == {}
        with hub.store.write() as tx:
            act.do(hub, tx, act.look(hub, tx, OUT), "somebody", "已核对名册")
        until(lambda: centre.steps(OUT)[-1:] == ["3"], 60)
        assert centre.sealings() == once(205)
        with hub.store.read() as view:
            seen = see_case(view, OUT, today=20251014).unit
        assert seen is not None
        assert (seen.wanted, seen.sealed, seen.failed) == (205, 205, 0)
