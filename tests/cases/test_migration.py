"""企业迁移登记 from the regulator's push to its receipts, judged by the two mocks' books."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.app import acts, case_acts, confirming
from hub.app.hub import Hub
from hub.cases.looking import see_case
from hub.kernel.secret import Secret
from hub.people import Party, Role
from hub.people.errors import SamePerson
from tests.cases.migration_stage import CLOSED, Regulated, account, stage
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


def test_a_done_sealing_is_undone_by_two_people(centre: Regulated) -> None:
    """While an offset holds money of two of the firm's accounts: neither sealing nor unsealing
    touches what is held, so by the core's contract neither waits for it."""
    hub, evidence = centre.hub, "黔市监函〔2025〕7 号"
    until(centre.copied, 60)
    for place in (0, PEOPLE - 1):
        centre.core("POST", "/registry/held", GRZH=account(place), fen=500)
    before = centre.unit()
    centre.file()
    until(lambda: centre.steps(OUT)[-1:] == ["3"], 60)
    until(lambda: centre.unit() == ("01", 0, PEOPLE), 60)
    chen, huang = _people(hub)
    with pytest.raises(acts.NoEvidence):
        acts.order(hub, chen, "case.unseal", OUT, "登记已撤销")
    asked = acts.order(hub, chen, "case.unseal", OUT, "登记已撤销", evidence=evidence)
    assert asked.approval is not None
    with pytest.raises(SamePerson):
        confirming.confirm(hub, chen, asked.approval, "", "")
    assert centre.states(PEOPLE) == {"02": PEOPLE, "05": CLOSED}
    seen = confirming.see_waiting(hub, asked.approval).preview
    assert (seen.binding["items"], seen.binding["evidence"]) == (PEOPLE, evidence)
    confirming.confirm(hub, huang, asked.approval, "已核对", seen.digest)
    until(lambda: centre.steps(OUT)[-1:] == ["9"], 60)
    assert centre.told(OUT)["sjyy"] == f"应启封 {PEOPLE} 户，已启封 {PEOPLE} 户，未能启封 0 户"
    assert centre.states(PEOPLE) == {"01": PEOPLE, "05": CLOSED}
    assert "7" not in centre.steps(OUT)
    assert [centre.held(place) for place in (0, 1, PEOPLE - 1)] == [500, 0, 500]
    until(lambda: centre.unit() == before == ("01", PEOPLE, 0), 60)


def test_a_core_that_will_not_seal_while_money_is_held_is_waited_for(centre: Regulated) -> None:
    which = {"code": "registry.account_seal", "where": {"GRZH": account(7)}, "first": 2}
    centre.core("POST", "/faults", by="row", fault="answer", answer={"code": "2105"}, match=which)
    centre.file()
    until(lambda: centre.steps(OUT)[-1:] == ["3"], 60)
    assert centre.steps(OUT).count("7") == 1
    assert centre.sealings() == once(PEOPLE)


def _people(hub: Hub) -> tuple[Secret, Secret]:
    centre = Party.CENTRE
    with hub.store.write() as tx:
        first = hub.people.add(
            tx, login="chen", name="陈一", party=centre, roles=[Role.HANDLER], by=None
        )
    by = hub.people.authenticate(first)
    with hub.store.write() as tx:
        second = hub.people.add(
            tx, login="huang", name="黄二", party=centre, roles=[Role.REVIEWER], by=by
        )
    return first, second
