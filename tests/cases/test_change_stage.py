"""企业信息变更 from the regulator's push to its receipts, judged by the two mocks' books."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub.app import field_acts
from hub.cases.errors import NoSuchCase
from hub.cases.looking import see_case
from hub.cli.main import app
from tests.cases.migration_stage import Regulated, stage
from tests.cases.stage import until

CHANGE, MOVE = "BG20251013000001", "BG20251013000002"


@pytest.fixture
def centre(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Regulated]:
    monkeypatch.setenv("HUB_DATABASE_URL", database_url)
    with stage(tmp_path / "centre", 1, "change") as up:
        yield up


def changed(centre: Regulated) -> list[str]:
    """Code by code, what the core has said of changes."""
    rows = centre.core("GET", "/registry/applications.csv").splitlines()[1:]
    return [row.split(",")[3] for row in rows if row.split(",")[1] == "unit_change"]


def test_changes_by_both_businesses_and_their_receipts(centre: Regulated) -> None:
    centre.core("POST", "/faults", match={"code": "registry.unit_change", "first": 1},
                fault="reset")  # fmt: skip
    centre.file(shape="push_twice")
    until(lambda: centre.steps(CHANGE)[-1:] == ["3"], 60)
    told = centre.told(CHANGE)
    assert told["sjyy"] == "已变更 3 项，不须变更 1 项"
    assert told["items"][0] == "企业名称：已变更"
    centre.file(sample="case.push.move.request.json")
    until(lambda: centre.steps(MOVE)[-1:] == ["3"], 60)
    assert centre.told(MOVE)["items"] == ["住所：已变更"]
    assert changed(centre) == ["0000", "0000"]
    assert centre.steps(CHANGE).count("3") == 1


def test_a_third_value_and_an_item_nobody_knows(centre: Regulated) -> None:
    third = {"item": "ENTNAME", "before": "早先的名", "after": "新名"}
    centre.file(id="BG-THIRD", changes=[third])
    until(lambda: _waits(centre), 60)
    hub, act = centre.hub, field_acts.KINDS["case.field_take"]
    with hub.store.write() as tx:
        seen = act.look(hub, tx, "BG-THIRD:1")
        assert seen.why_not is None
        act.do(hub, tx, seen, "wu", "已核对营业执照")
    until(lambda: centre.steps("BG-THIRD")[-1:] == ["3"], 60)
    with hub.store.read() as view:
        (field,) = see_case(view, "BG-THIRD", today=20251014).fields
    assert (field.verdict, field.decided_by, field.core) == ("changed", "wu", "都匀样例有限公司")
    shown = CliRunner().invoke(app, ["case", "show", "BG-THIRD", "--home", str(hub.settings.home)])
    assert "第 1 项 企业名称" in shown.output
    assert "变更前 早先的名，核心 都匀样例有限公司，变更后 新名 [changed] wu" in shown.output
    centre.file(id="BG-ODD", changes=[third | {"item": "SHAREHOLDER"}])
    until(lambda: centre.answers()[-1] == ("refused", "300"), 30)


def _waits(centre: Regulated) -> bool:
    with centre.hub.store.read() as view:
        try:
            return see_case(view, "BG-THIRD", today=20251014).line.waiting == "staff"
        except NoSuchCase:
            return False
