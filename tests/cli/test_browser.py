"""`hub demo --by-hand` as a visitor meets it: a real hub, real mocks, a real browser."""

import json
import os
import re
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.cli.kit import HUB, process
from tests.conftest import missing

CHROMIUM = Path(os.environ.get("HUB_TEST_CHROMIUM", "/usr/bin/chromium"))
SHOTS = os.environ.get("HUB_TEST_SHOTS", "")
"""A folder for screenshots, for whoever wants to look; none are kept otherwise."""
_BOARD = re.compile(r"http://127\.0\.0\.1:[0-9]+/runs/2025-10")
_STEP_MS = 90_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    if not CHROMIUM.exists():
        missing("Chromium at " + str(CHROMIUM))
    assert HUB.exists()
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield opened
        opened.close()


@pytest.fixture
def board(tmp_path: Path) -> Iterator[str]:
    """The address of a demo's board; the demo ends with the test."""
    words = ("demo", "--by-hand", "--out", str(tmp_path / "demo"), "--port", "0")
    with process(*words, log=tmp_path / "demo.log") as demo:
        assert demo.stdout is not None
        found = _BOARD.search(demo.stdout.readline())
        assert found is not None, (tmp_path / "demo.log").read_text(encoding="utf-8")
        # Whoever prints to a pipe that nobody empties stands still one day.
        threading.Thread(target=demo.stdout.read, daemon=True).start()
        yield found[0]


def _shot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"real-{name}.png", full_page=True)


def _searches(path: Path) -> list[str]:
    """What the audit has of searches: that somebody searched, and no whole number."""
    database = sqlite3.connect(path)
    rows = database.execute(
        "SELECT detail FROM audit_entry WHERE act = 'item.search' ORDER BY id"
    ).fetchall()
    database.close()
    return [json.loads(row[0])["query"] for row in rows]


def _sign(page: Page, form: str, tokens: Path, login: str, reason: str) -> None:
    given = (tokens / f"{login}.token").read_text(encoding="utf-8").strip()
    one = page.locator(form)
    one.locator('input[name="reason"]').fill(reason)
    one.locator('input[name="token"]').fill(given)
    one.locator("button:not(.plain)").click()


def _stop(page: Page, tokens: Path) -> None:
    """停发 from the board: one person, who sees first what it will do."""
    page.locator('#s-channels a[href="/acts/channel.stop/bank-icbc"]').click()
    expect(page.locator("main")).to_contain_text("查证、取结果、对账单照常进行")
    _shot(page, "stop")
    _sign(page, ".act-form", tokens, "demo-handler", "对方前置机切换")
    expect(page.locator(".said")).to_contain_text("已停发")
    _shot(page, "stopped")


def _resume_by_two(page: Page, tokens: Path) -> None:
    """恢复 by two, from the channels' page, once the bank's instructions wait in it."""
    parked = page.locator("#s-channels li", has_text="bank-icbc")
    expect(parked).not_to_contain_text("搁置 0", timeout=_STEP_MS)
    assert parked.count() == 1
    page.goto(page.url.partition("/runs/")[0] + "/channels")
    page.locator('a[href="/acts/channel.resume/bank-icbc"]').click()
    expect(page.locator("main")).to_contain_text("将发出搁置的")
    _shot(page, "resume")
    _sign(page, ".act-form", tokens, "demo-handler", "前置机已恢复")
    page.locator('a[href^="/approvals/"]').first.click()
    form = "form.act-form"
    _sign(page, form, tokens, "demo-handler", "自己复核自己")
    expect(page.locator("main")).to_contain_text("people.same_person")
    page.go_back()
    _sign(page, form, tokens, "demo-approver", "已核对")
    expect(page.locator(".said")).to_be_visible()
    _shot(page, "resumed")


def _look_for_items(page: Page, board: str, place: Path) -> None:
    """A refused item's life; a search by an account's tail, which leaves no whole number."""
    page.goto(f"{board}/items?outcome=FAILED")
    _shot(page, "items")
    page.locator("tbody a").first.click()
    expect(page.locator("main")).to_contain_text("划款失败")
    for part in ("状态历程", "报文与发送尝试", "审计记录", "划款指令"):
        expect(page.locator("main")).to_contain_text(part)
    account = page.locator("main code", has_text=re.compile(r"^\*{4}[0-9]{4}$")).first
    tail = account.inner_text()[-4:]
    _shot(page, "item")

    page.goto(f"{board}/items?q={tail}")
    expect(page.locator("tbody tr").first).to_be_visible()
    page.goto(f"{board}/items?q=6222083230853674213")
    assert _searches(place / "demo/hub/hub.sqlite") == [f"****{tail}", "****4213"]


def test_a_visitor_approves_stops_resumes_and_sees_the_month_close(
    browser: Browser, board: str, tmp_path: Path
) -> None:
    tokens = tmp_path / "demo/hub/people"
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(board)

    submit = 'form[action$="/plans/1/submit"]'
    page.locator(submit).wait_for(timeout=_STEP_MS)
    expect(page.locator("#s-plan")).to_contain_text("试算，待提交")
    expect(page.locator("#s-head")).to_contain_text("待经办提交")
    _shot(page, "trial")
    _sign(page, submit, tokens, "demo-handler", "本月计划，已核对")

    confirm = 'form[action^="/approvals/"][action$="/confirm"]'
    page.locator(confirm).wait_for(timeout=_STEP_MS)
    expect(page.locator("#s-plan")).to_contain_text("demo-handler")
    _shot(page, "submitted")
    _sign(page, confirm, tokens, "demo-handler", "自己批自己")  # the same person
    expect(page.locator("main")).to_contain_text("people.same_person")
    expect(page.locator("main")).to_contain_text("提出的人不能由自己复核")
    _shot(page, "refused")
    page.goto(board)
    _stop(page, tokens)
    page.goto(board)
    _sign(page, confirm, tokens, "demo-approver", "同意")

    expect(page.locator("#s-plan")).to_contain_text("demo-approver", timeout=_STEP_MS)
    held = page.locator("#s-flow .stage").nth(2).locator(".stage-amount")
    expect(held).not_to_have_text("¥0.00", timeout=_STEP_MS)
    _resume_by_two(page, tokens)
    page.goto(board)
    instructed = page.locator("#s-flow .stage").nth(3).locator(".stage-amount")
    expect(instructed).not_to_have_text("¥0.00", timeout=_STEP_MS)
    _shot(page, "running")
    closed = page.locator('#s-head .steps li[aria-current="step"]')
    expect(closed).to_have_text("已关账", timeout=_STEP_MS)  # over the stream, without a reload
    expect(page.locator("#s-equations")).not_to_contain_text("◐")
    _shot(page, "closed")

    _look_for_items(page, board, tmp_path)
    page.goto(f"{board}?lang=en")
    _shot(page, "closed-en")
    page.goto(f"{board}?theme=dark&lang=zh")
    _shot(page, "closed-dark")
    assert [line for line in said if "Failed to load resource" not in line] == []
