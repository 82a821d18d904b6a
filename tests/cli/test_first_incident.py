"""docs/tutorial/first-incident.md, walked with a real hub, real mocks and a real browser."""

import json
import os
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.cli.kit import HUB, process, run, until
from tests.conftest import missing
from tests.papers.pdf_text import text_of

CHROMIUM = Path(os.environ.get("HUB_TEST_CHROMIUM", "/usr/bin/chromium"))
SHOTS = os.environ.get("HUB_TEST_SHOTS", "")
TUTORIAL = Path(__file__).resolve().parents[2] / "docs/tutorial/first-incident.md"
_BOARD = re.compile(r"(http://127\.0\.0\.1:[0-9]+)/runs/2025-10")
_CONTROL = re.compile(r"control of bank-icbc: (http://127\.0\.0\.1:[0-9]+)")
BREAK, REPAIR = "弄坏：拒绝一切连接", "修好：删除全部规则"
SUBMIT = 'form[action$="/plans/1/submit"]'
_STEP_MS = 240_000
"""A bank is asked once a minute, and the second silence in a row makes an incident."""


@dataclass(frozen=True)
class Place:
    """What the terminal told the newcomer."""

    base: str
    control: str
    out: Path

    def token(self, login: str) -> str:
        return (self.out / f"hub/people/{login}.token").read_text(encoding="utf-8").strip()


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
def place(tmp_path: Path) -> Iterator[Place]:
    """A demo by hand; it ends with the test."""
    log, out = tmp_path / "demo.log", tmp_path / "demo"
    with process("demo", "--by-hand", "--out", str(out), "--port", "0", log=log) as demo:
        assert demo.stdout is not None
        board = _BOARD.search(demo.stdout.readline())
        assert board is not None, log.read_text(encoding="utf-8")
        threading.Thread(target=demo.stdout.read, daemon=True).start()
        until(lambda: _CONTROL.search(log.read_text(encoding="utf-8")))
        control = _CONTROL.search(log.read_text(encoding="utf-8"))
        assert control is not None
        yield Place(board[1], control[1], out)


def _shot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"first-{name}.png", full_page=True)


def _sign(page: Page, form: str, token: str, reason: str) -> None:
    one = page.locator(form)
    one.locator('input[name="reason"]').fill(reason)
    one.locator('input[name="token"]').fill(token)
    one.locator("button:not(.plain)").click()


def _act(page: Page, place: Place, act: str, said: str, login: str = "demo-handler") -> None:
    """What the form of the incident's page does."""
    form = page.locator('form:has(select[name="act"])')
    form.locator('select[name="act"]').select_option(act)
    form.locator('input[name="reason"]').fill(said)
    form.locator('input[name="token"]').fill(place.token(login))
    form.locator("button").click()
    expect(page.locator(".said")).to_be_visible()


def _break(bank: Page, place: Place) -> None:
    """Step 2, on the bank's own page."""
    bank.goto(place.control)
    expect(bank.locator("#state")).to_have_text("正常应答")
    bank.get_by_role("button", name=BREAK).click()
    expect(bank.locator("#state")).to_contain_text("拒绝一切连接")
    _shot(bank, "broken")


def _send_money(page: Page, place: Place) -> None:
    """Step 3: the plan is submitted and approved."""
    _sign(page, SUBMIT, place.token("demo-handler"), "本月计划，已核对")
    confirm = 'form[action^="/approvals/"][action$="/confirm"]'
    page.locator(confirm).wait_for(timeout=_STEP_MS)
    _sign(page, confirm, place.token("demo-approver"), "同意")


def _find_incident(page: Page, place: Place) -> str:
    """Step 4: the board of interfaces says it and leads to the incident; its number."""
    page.goto(f"{place.base}/interfaces")
    tile = page.locator("li.tile", has=page.locator('a[href="/interfaces/bank-icbc"]'))
    expect(tile.locator('a[href^="/incidents/"]')).to_be_visible(timeout=_STEP_MS)
    _shot(page, "board")
    tile.locator('a[href^="/incidents/"]').click()
    expect(page.locator("h1")).to_contain_text("未恢复")
    expect(page.locator(".clocks .countdown")).to_have_count(2)
    expect(page.locator("main")).to_contain_text("切勿")
    number = page.url.rsplit("/", 1)[1]
    alert = place.out / f"hub/alerts/{int(number):06d}-begin-0.json"
    until(alert.exists)
    assert "工商银行" in json.loads(alert.read_text(encoding="utf-8"))["title"]
    _shot(page, "incident")
    return number


def _look_at_what_it_touches(page: Page, place: Place) -> None:
    """Step 6: from the incident to its messages, and one item's life."""
    page.get_by_role("link", name="受影响的报文").click()
    expect(page.locator("main tbody tr").first).to_be_visible()
    _shot(page, "messages")
    page.goto(f"{place.base}/runs/2025-10/items?bank=ICBC")
    page.locator("tbody a").first.click()
    expect(page.locator("main")).to_contain_text("报文与发送尝试")
    _shot(page, "item")


def _print(page: Page, place: Place, number: str) -> None:
    """Step 8: the report, and whether it is the hub's."""
    page.goto(f"{place.base}/incidents/{number}")
    form = page.locator('form[action$="/report"]')
    form.locator('input[name="token"]').fill(place.token("demo-handler"))
    with page.expect_download() as coming:
        form.get_by_role("button", name="PDF").click()
    printed = place.out / "report.pdf"
    coming.value.save_as(printed)
    said = re.sub(r"\s", "", text_of(printed.read_bytes()))
    for words in ("已联系工行值班", "对方前置机重启", "工商银行商贷月对冲", "命令日志"):
        assert words in said
    home = ("--home", str(place.out / "hub"))
    checked = run("incident", "check", number, str(printed), *home, "--json")
    assert checked.code == 0, checked.err
    assert checked.said["entries"][0]["actor"] == "demo-handler"


def test_from_breaking_a_bank_to_the_printed_report(browser: Browser, place: Place) -> None:
    tutorial = TUTORIAL.read_text(encoding="utf-8")
    for words in (BREAK, REPAIR, "写出 PDF", "受影响的报文", "响应：我来处理", "办结（写明原因）"):
        assert f"“{words}”" in tutorial
    context = browser.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True)
    page, bank = context.new_page(), context.new_page()
    page.goto(f"{place.base}/runs/2025-10")
    page.locator(SUBMIT).wait_for(timeout=_STEP_MS)
    _break(bank, place)
    _send_money(page, place)
    number = _find_incident(page, place)

    _act(page, place, "respond", "已联系工行值班")
    expect(page.locator(".clocks .countdown")).to_have_count(1)
    _look_at_what_it_touches(page, place)

    bank.get_by_role("button", name=REPAIR).click()
    expect(bank.locator("#state")).to_have_text("正常应答")
    page.goto(f"{place.base}/incidents/{number}")
    expect(page.locator("h1")).to_contain_text("已恢复待办结", timeout=_STEP_MS)
    page.goto(page.url)
    _act(page, place, "resolve", "对方前置机重启")
    expect(page.locator("h1")).to_contain_text("已办结")

    page.goto(f"{place.base}/runs/2025-10")
    closed = page.locator('#s-head .steps li[aria-current="step"]')
    expect(closed).to_have_text("已关账", timeout=_STEP_MS)
    _print(page, place, number)
    context.close()
