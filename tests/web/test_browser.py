"""The board in a real browser: live figures, language, an approval, no barriers."""

import os
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from hub.kernel.money import show_yuan
from hub.offset.tables import agreement
from hub.store import DatabaseAway
from hub.web.app import create_app
from hub.web.model import Figure, PlanState, RunState
from tests.conftest import missing
from tests.offset.kit import insert
from tests.web.conftest import Site
from tests.web.desk import MONTH, MemoryDesk
from tests.web.duty_kit import BANK, Duty, on_duty
from tests.web.find_kit import ITEM, fill
from tests.web.server import serving
from tests.web.watch_kit import break_it

CHROMIUM = Path(os.environ.get("HUB_TEST_CHROMIUM", "/usr/bin/chromium"))
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-sync",
    "--no-first-run",
]
AXE = Path(__file__).parent / "vendor" / "axe.min.js"
BOARD = f"/runs/{MONTH}"
SHOTS = os.environ.get("HUB_TEST_SHOTS", "")
"""A folder for screenshots, for whoever wants to look; none are kept otherwise."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    if not CHROMIUM.exists():
        missing("Chromium at " + str(CHROMIUM))
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A tab whose console must stay empty: a refused style or script would show there."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    opened = context.new_page()
    said: list[str] = []
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    yield opened
    context.close()
    # A refused act is answered 409, which the browser notes too; that is the answer wanted.
    assert [line for line in said if "Failed to load resource" not in line] == []


def busy(desk: MemoryDesk) -> MemoryDesk:
    """Every panel has something in it."""
    desk.busy_day = True
    desk.unknown = Figure(3, 1_742_18)
    desk.stopped = {"bank-icbc": ("对方前置机切换", "王静")}
    desk.go(RunState.RUNNING, hold=1000, instruct=820, result=610, post=930)
    return desk


def test_figures_change_by_themselves(site: Site, page: Page) -> None:
    page.goto(site.base + BOARD)
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    hold = page.locator(".stage").nth(2).locator(".stage-amount")
    expect(hold).to_have_text("¥0.00")
    site.desk.go(RunState.RUNNING, hold=500)
    half = show_yuan(site.desk.board(MONTH).totals.held.fen)
    expect(hold).to_have_text(half)
    expect(page.locator('tr[data-equation="E2"] .verdict')).to_contain_text("在途")
    site.desk.go(RunState.RUNNING, hold=1000)
    expect(hold).to_have_text("¥17,701,681.89")
    expect(page.locator('tr[data-equation="E2"] .verdict')).to_contain_text("平")


def test_switching_the_language_and_the_theme(site: Site, page: Page) -> None:
    page.goto(site.base + BOARD)
    expect(page.locator("h1")).to_have_text("2025-10 期")
    page.locator(".lang").click()
    expect(page.locator("h1")).to_have_text("Run 2025-10")
    expect(page.locator("#live")).to_contain_text("Live")
    page.get_by_title("Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator("h1")).to_have_text("Run 2025-10")


def test_two_people_approve(site: Site, page: Page) -> None:
    page.goto(site.base + BOARD)
    plan = page.locator("#s-plan")
    plan.get_by_label("个人令牌").fill("token-of-wang")
    plan.get_by_role("button", name="提交审批").click()
    expect(page.locator(".said")).to_contain_text("AP-20251015-0007")
    plan.get_by_label("个人令牌").fill("token-of-wang")
    plan.get_by_role("button", name="批准").click()
    expect(page.locator(".error code")).to_have_text("rule.refused")
    page.goto(site.base + BOARD)
    plan.get_by_label("个人令牌").fill("token-of-li")
    plan.get_by_role("button", name="批准").click()
    expect(plan.locator(".chip")).to_have_text("已批准")
    assert [act[:2] for act in site.desk.acts] == [("submit", "王静"), ("confirm", "李建国")]


def test_a_form_that_came_over_the_stream_can_be_sent(site: Site, page: Page) -> None:
    page.goto(site.base + BOARD)
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    other = site.desk
    other.stopped = {"bank-icbc": ("对方切换", "李建国")}
    expect(page.locator("#s-channels li", has_text="bank-icbc")).to_contain_text("已停发")
    other.go(RunState.PLANNED, hold=1)
    plan = page.locator("#s-plan")
    plan.get_by_label("个人令牌").fill("token-of-wang")
    plan.get_by_role("button", name="提交审批").click()
    expect(page.locator(".said")).to_contain_text("AP-20251015-0007")


def test_what_is_being_typed_is_not_replaced(site: Site, page: Page) -> None:
    page.goto(site.base + BOARD)
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    token = page.locator("#s-plan").get_by_label("个人令牌")
    token.fill("half a tok")
    site.desk.go(RunState.RUNNING, hold=500)
    expect(page.locator(".steps .now")).to_have_text("执行中")
    expect(page.locator("#kept")).to_be_visible()
    expect(token).to_have_value("half a tok")
    token.fill("")
    token.blur()
    expect(page.locator("#kept")).to_be_hidden()
    expect(page.locator("#s-plan .chip")).to_have_text("已批准")


def test_trouble_shows_and_passes(site: Site, page: Page) -> None:
    page.goto(site.base + BOARD)
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    site.desk.fail = DatabaseAway()
    expect(page.locator("#trouble")).to_contain_text("store.away")
    site.desk.fail = None
    expect(page.locator("#trouble")).to_be_hidden()


def test_an_item_is_one_click_away(site: Site, page: Page) -> None:
    busy(site.desk)
    page.goto(site.base + BOARD)
    page.locator("#s-unknown a").first.click()
    expect(page.locator("h1")).to_have_text("DC202500000021")
    expect(page.locator(".timeline li")).to_have_count(7)


def test_it_reads_without_javascript(site: Site, browser: Browser) -> None:
    busy(site.desk)
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site.base + BOARD)
    expect(page.locator("#live")).to_have_text("静态页面")
    expect(page.locator("#s-equations tbody tr")).to_have_count(8)
    expect(page.locator('#s-pending a[href="/approvals/AP-20251015-0009"]')).to_be_visible()
    site.desk.plan_state = PlanState.TRIAL
    page.goto(site.base + BOARD)
    page.locator("#s-plan").get_by_label("个人令牌").fill("token-of-wang")
    page.locator("#s-plan").get_by_role("button", name="提交审批").click()
    expect(page.locator(".said")).to_contain_text("AP-20251015-0007")
    context.close()


@pytest.mark.parametrize("width", [390, 820, 1440, 2560])
def test_no_page_is_wider_than_its_window(browser: Browser, width: int) -> None:
    with serving(create_app(busy(MemoryDesk("nine")), environment="test")) as base:
        page = browser.new_page(viewport={"width": width, "height": 900})
        for path in (BOARD, BOARD + "/items", "/runs", "/items/20251010200000000012"):
            page.goto(base + path)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        page.close()


@pytest.fixture(scope="module")
def duty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Duty]:
    """The operators' pages with something on each: a stop, a dead letter, a request by one."""
    with on_duty(tmp_path_factory.mktemp("duty")) as opened:
        opened.put("k1")
        with opened.hub.store.write() as tx:
            insert(tx, agreement, id=1, number="A1", bank="ICBC", loan_contract="LA1",
                   state="suspended", signed_on=20240101, repay_mask="****1234",
                   main_mask="****5678")  # fmt: skip
        opened.die(opened.batch("25100000000000000001"))
        fill(opened)
        break_it(opened)
        opened.send(f"/acts/channel.stop/{BANK}", "wang", reason="切换")
        path = f"/acts/channel.resume/{BANK}"
        opened.send(path, "wang", reason="已恢复", seen=opened.seen(path))
        yield opened


DUTY = (
    "/channels", "/messages", "/messages/2", "/dead", "/approvals", "/approvals/1",
    f"/acts/channel.resume/{BANK}", "/acts/message.resend/2", "/differences", "/certificates",
    "/agreements", "/agreements/A1", "/find", "/find?q=4213", f"/find/{ITEM}",
    f"/find/{ITEM}/print", "/find/B2@2025-10", "/interfaces", f"/interfaces/{BANK}",
    "/interfaces/national-transfer", "/incidents", "/incidents/1", "/meters", "/notify",
    "/morning", "/maintenance", "/duty", "/status", "/access", "/audit", "/contracts", "/inbox",
    f"/contracts/{BANK}", "/contracts/province-supervision",
    "/maintenance/new?interface=*&begins=2099-01-01T22:00&ends=%2B2h", "/minutes",
    f"/minutes/marks/new?interface={BANK}&begins=2026-01-01T22:00&ends=%2B2h&klass=client",
)  # fmt: skip


def test_putting_somebody_on_duty_who_takes_an_alert_before_another(
    page: Page, tmp_path: Path
) -> None:
    with on_duty(tmp_path) as own:
        page.goto(own.base + "/duty")
        form = page.locator("#set")
        form.get_by_label("谁").select_option("li")
        now = own.hub.clock.now()
        form.get_by_label("开始").fill(f"{now:%Y-%m-%dT%H:%M}")
        form.get_by_label("结束").fill(f"{now + timedelta(days=30):%Y-%m-%dT%H:%M}")
        form.get_by_label("事由").fill("本月排班")
        form.get_by_label("个人令牌").fill(own.tokens["wang"].reveal())
        form.get_by_role("button").click()
        expect(page.locator(".said")).to_contain_text("值班员：li")
        expect(page.locator(".list-found")).to_have_text("今后 14 天没有空缺")
        break_it(own)
        other = page.context.new_page()
        for tab in (page, other):
            tab.goto(own.base + "/incidents/1")
        for tab, login in ((page, "li"), (other, "zhao")):
            tab.locator("#take").get_by_label("个人令牌").fill(own.tokens[login].reveal())
            tab.locator("#take").get_by_role("button", name="我来处理").click()
        expect(page.locator(".said")).to_contain_text("故障 1 已由 li 响应")
        expect(other.locator(".said")).to_contain_text("故障 1 已由 li 于")
        expect(other.locator("#take")).to_have_count(0)


@pytest.mark.parametrize("width", [390, 2560])
def test_no_page_on_duty_is_wider_than_its_window(browser: Browser, duty: Duty, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900})
    for path in DUTY:
        answer = page.goto(duty.base + path)
        assert answer is not None
        assert answer.status == 200, path
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        if SHOTS:
            name = f"duty-{width}{path.replace('/', '-')}.png"
            page.screenshot(path=Path(SHOTS) / name, full_page=True)
    page.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_page_on_duty_has_a_barrier_that_axe_knows(
    browser: Browser, duty: Duty, theme: str
) -> None:
    check_with_axe(browser, duty.base, DUTY, theme)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_barrier_that_axe_knows(browser: Browser, theme: str) -> None:
    with serving(create_app(busy(MemoryDesk("nine")), environment="production")) as base:
        paths = (BOARD, BOARD + "/items", "/runs", "/items/20251010200000000012", "/nowhere")
        check_with_axe(browser, base, paths, theme)


def check_with_axe(browser: Browser, base: str, paths: Iterable[str], theme: str) -> None:
    """axe comes in as a script of the test's, past the page's own policy."""
    context = browser.new_context(bypass_csp=True, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    for path in paths:
        page.goto(f"{base}{path}{'&' if '?' in path else '?'}theme={theme}")
        page.add_script_tag(path=AXE)
        found: dict[str, Any] = page.evaluate("axe.run()")
        grave = [
            (v["id"], [(n["target"], n["failureSummary"][-150:]) for n in v["nodes"]][:8])
            for v in found["violations"]
            if v["impact"] in ("serious", "critical")
        ]
        assert grave == [], path
    context.close()
