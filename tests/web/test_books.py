"""What people take away at the end of a day and of a month."""

from io import BytesIO
from pathlib import Path

import pytest
import sqlalchemy as sa
from python_calamine import CalamineWorkbook

from hub.app.day_closing import close_day
from hub.app.operators import ActNotYours
from hub.audit.tables import audit_entry
from hub.offset.tables import leg, run
from tests.offset.kit import insert
from tests.web.duty_kit import BANK, MONTH, on_duty


def test_a_clear_day_is_closed_by_a_person_of_the_centre(tmp_path: Path) -> None:
    with on_duty(tmp_path) as duty:
        today = duty.hub.clock.today()
        with pytest.raises(ActNotYours):
            close_day(duty.hub, duty.tokens["sun"], today)
        assert close_day(duty.hub, duty.tokens["wang"], today) == []
        with duty.hub.store.read() as view:
            said = sa.select(audit_entry.c.actor).where(audit_entry.c.act == "day.closed")
            assert view.scalars(said).all() == ["wang"]


def test_workbooks_are_taken_from_the_board(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_DATABASE_URL", database_url)
    with on_duty(tmp_path) as duty:
        duty.batch("25100000000000000001")
        with duty.hub.store.write() as tx:
            insert(tx, leg, run_id=tx.scalar(sa.select(run.c.id)), bank="ICBC", interface=BANK)
        for name, sheet in (("month", "分行汇总"), ("balance", None)):
            answer = duty.client.get(f"/runs/{MONTH}/books/{name}.xlsx")
            assert answer.status_code == 200, answer.text
            assert f'filename="{name}-{MONTH}.xlsx"' in answer.headers["content-disposition"]
            names = CalamineWorkbook.from_filelike(BytesIO(answer.content)).sheet_names
            assert sheet is None or sheet in names
        english = duty.client.get(f"/runs/{MONTH}/books/month.xlsx?lang=en").content
        assert "By bank" in CalamineWorkbook.from_filelike(BytesIO(english)).sheet_names
        for path in (f"/runs/{MONTH}/books/year.xlsx", "/runs/2024-01/books/month.xlsx"):
            assert duty.client.get(path).status_code == 404
        with duty.hub.store.read() as view:
            taken = sa.select(sa.func.count()).where(audit_entry.c.act == "book.made")
            assert view.scalar(taken) == 3
