"""The agreements' pages over a real hub: found, looked at, suspended by one, resumed by two."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from hub.audit.tables import audit_entry
from hub.offset.agreements import import_agreements
from hub.offset.signing import COLUMNS
from tests.offset.kit import HEADER
from tests.web.duty_kit import CARD, Duty, on_duty

ONE = "/agreements/A1"
SUSPEND, RESUME, END = (f"/acts/agreement.{act}/A1" for act in ("suspend", "resume", "end"))


@pytest.fixture
def duty(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Duty]:
    """With two agreements in force."""
    monkeypatch.setenv("HUB_DATABASE_URL", database_url)
    with on_duty(tmp_path) as opened:
        rows = [f"A{n},ICBC,LA{n},{CARD[:-1]}{n},5227000000{n},,20240101,1,\n" for n in (1, 2)]
        path = tmp_path / "agreements.csv"
        path.write_text(HEADER + "".join(rows), encoding="utf-8")
        hub = opened.hub
        import_agreements(hub.store, hub.vault, path, actor="wang", month="2025-10")
        yield opened


def test_it_is_found_and_looked_at(duty: Duty) -> None:
    page = duty.client.get("/agreements").text
    assert ONE in page
    assert CARD[:-1] not in page
    tail = f"{CARD[-4:-1]}2"
    found = duty.client.get(f"/agreements?q={tail}").text
    assert "/agreements/A2" in found
    assert ONE not in found
    with duty.hub.store.read() as view:
        query = sa.select(audit_entry.c.detail).where(audit_entry.c.act == "agreement.search")
        (detail,) = view.scalars(query)
    assert f"****{tail}" in detail
    one = duty.client.get(ONE).text
    assert "不知借款人姓名证件" in one
    assert duty.client.get("/agreements/A9").status_code == 404
    english = duty.client.get(f"{ONE}?lang=en").text
    assert "In force" in english


def test_one_person_suspends_two_resume(duty: Duty) -> None:
    assert "已试算、已批准的期次不受影响" in duty.client.get(SUSPEND).text
    done = duty.send(SUSPEND, "wang", reason="借款人去世", seen=duty.seen(SUSPEND))
    assert (done.status_code, done.headers["location"]) == (303, ONE)
    page = duty.client.get(ONE).text
    assert "暂停" in page
    assert "借款人去世" in page
    assert duty.send(SUSPEND, "wang", reason="再停").status_code == 409
    asked = duty.send(RESUME, "wang", reason="误停", seen=duty.seen(RESUME))
    assert asked.headers["location"] == "/approvals"
    path = "/approvals/1"
    alone = duty.send(path, "wang", answer="confirm", seen=duty.seen(path))
    assert "people.same_person" in alone.text
    assert duty.send(path, "li", answer="confirm", seen=duty.seen(path)).status_code == 303
    assert "生效" in duty.client.get(ONE).text


def test_two_end_it_for_good(duty: Duty) -> None:
    duty.send(END, "wang", reason="贷款结清", seen=duty.seen(END))
    path = "/approvals/1"
    shown = duty.client.get(path).text
    assert "终止后不能恢复" in shown
    assert duty.send(path, "li", answer="confirm", seen=duty.seen(path)).status_code == 303
    page = duty.client.get(ONE).text
    assert "终止" in page
    assert "贷款结清" in page
    assert "现在不能" in duty.client.get(RESUME).text


def test_signing_columns_are_documented() -> None:
    root = Path(__file__).parents[2]
    page = (root / "docs/how-to/keep-agreements.md").read_text(encoding="utf-8")
    assert ",".join(COLUMNS) in page
