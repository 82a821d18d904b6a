"""What people were told: the page, an item's life, the commands."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from hub.audit.tables import audit_entry
from hub.bus import Effect
from hub.cli.main import app
from hub.offset.notify.letters import TextsLetter
from hub.offset.notify.tables import told
from tests.offset.kit import insert
from tests.web.duty_kit import Duty, on_duty
from tests.web.find_kit import ITEM, fill

NUMBER = "202510-0123456789abcdef01234567"
TEXT = "【住房公积金中心】欧**您好：10月商贷月对冲划款未成功。"


@pytest.fixture
def duty(tmp_path: Path) -> Iterator[Duty]:
    """One who was told, and one without a telephone number."""
    with on_duty(tmp_path) as opened:
        fill(opened)
        letter = TextsLetter("sms", [(77, NUMBER, "10000000042", TEXT)])
        message = opened.put(
            "t", Effect.COMMAND, "notify.texts", interface="notify-spool",
            payload=msgspec.json.encode(letter),
        )  # fmt: skip
        now = opened.hub.office.now_us()
        with opened.hub.store.write() as tx:
            insert(tx, told, id=77, agreement_id=9001, period="2025-10", occasion="after",
                   item=ITEM, template="after.failed", said="FAILED", state="told", bank="ICBC",
                   number=NUMBER, parts=1, message_id=message, found_us=now,
                   told_us=now)  # fmt: skip
        yield opened


def command(duty: Duty, *words: str) -> tuple[int, Any]:
    env = {"HUB_HOME": str(duty.hub.settings.home)}
    done = CliRunner().invoke(app, ["notify", *words, "--json"], env=env)
    return (done.exit_code, json.loads(done.stdout or done.stderr))


def test_the_page_counts_and_lists_without_personal_data(duty: Duty) -> None:
    page = duty.client.get("/notify").text
    for said in ("划款未成功", "已告知", "无可用手机号", "no_phone", NUMBER, f"/find/{ITEM}"):
        assert said in page
    for secret in ("欧**", "10000000042", TEXT):
        assert secret not in page


def test_the_page_narrows_down(duty: Duty) -> None:
    for query, there in (
        ("?state=told", True), ("?state=no_address", False), ("?occasion=before", False),
        (f"?q={NUMBER}", True), ("?q=B1", True), ("?q=B2", False), ("?state=<x>", True),
        ("?before=77", False),
    ):  # fmt: skip
        page = duty.client.get("/notify" + query)
        assert page.status_code == 200
        assert (f"<code>{NUMBER}</code>" in page.text) == there, query


def test_in_english(duty: Duty) -> None:
    assert "No usable number" in duty.client.get("/notify?lang=en").text


def test_the_life_of_an_item_says_what_its_borrower_was_told(duty: Duty) -> None:
    page = duty.client.get(f"/find/{ITEM}").text
    assert "告知借款人" in page
    assert f"结果后告知：划款未成功（编号 {NUMBER}）" in page
    left_out = duty.client.get("/find/B2@2025-10").text
    assert "划款前告知：余额不足不划款" in left_out
    assert "请人工告知" in left_out


def test_list(duty: Duty) -> None:
    code, said = command(duty, "list", "--month", "2025-10")
    assert code == 0
    assert {(one["occasion"], one["state"], one["count"]) for one in said["counts"]} == {
        ("after", "told", 1), ("before", "no_address", 1),
    }  # fmt: skip
    code, said = command(duty, "list", "--state", "told")
    assert [one["number"] for one in said["texts"]] == [NUMBER]


@pytest.mark.parametrize("wanted", [NUMBER, "77"])
def test_show_masks_the_number_and_is_audited(duty: Duty, wanted: str) -> None:
    code, said = command(duty, "show", wanted)
    assert (code, said["text"], said["state"]) == (0, TEXT, "told")
    assert "10000000042" not in json.dumps(said)
    with duty.hub.store.read() as view:
        acts = list(view.scalars(sa.select(audit_entry.c.act)))
    assert "notify.seen" in acts


def test_one_that_was_not_written_yet_has_no_text(duty: Duty) -> None:
    with duty.hub.store.read() as view:
        row = view.scalar(sa.select(told.c.id).where(told.c.state == "no_address"))
    code, said = command(duty, "show", str(row))
    assert (code, said["text"]) == (0, "")


def test_what_is_not_there_has_a_code(duty: Duty) -> None:
    assert command(duty, "show", "nothing")[1]["code"] == "notify.no_such_text"


def test_preview_where_nobody_is_told(duty: Duty) -> None:
    toml = duty.hub.settings.home / "hub.toml"
    said = toml.read_text(encoding="utf-8")
    begin = said.index("[partners.notify-spool.endpoints]")
    end = said.index("[partners.notify-spool.values]")
    toml.write_text(said[:begin] + said[end:], encoding="utf-8")
    assert command(duty, "preview")[1]["code"] == "notify.tells_nobody"


def test_preview(duty: Duty) -> None:
    code, said = command(duty, "preview", "--month", "2025-10")
    assert code == 0
    people = {one["template"]: one["people"] for one in said["templates"]}
    assert people["before.no_balance"] == 1
    assert sum(people.values()) == 1
    assert all(one["parts"] <= 3 for one in said["templates"])
