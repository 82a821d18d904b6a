"""购房“一件事” in a real browser: from the platform's case through our redirect into the hall, its
progress back at the platform; and whoever tries to get in otherwise, refused with a page."""

import base64
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.conftest import missing
from tests.purchase.stage import ME, PAPER, Stage, stage
from tests.web.test_browser import ARGUMENTS, AXE, CHROMIUM

PNG, PDF = b"\x89PNG\r\n\x1a\n0000", b"%PDF-1.4\n%%EOF\n"
FORM = {
    "contractNo": "DY2025-000123", "houseAddress": "都匀市样例路 1 号", "amount": "30000.00",
    "developerName": "都匀样例置业有限公司", "presalePermit": "(2025)都房预售证第 001 号",
    "bankName": "工商银行", "bankCode": "102", "bankAccount": "6222080000000000015",
}  # fmt: skip
PATIENCE_MS = 60_000


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("centre")) as up:
        yield up


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        missing("Chromium at " + str(CHROMIUM))
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    context.set_default_timeout(PATIENCE_MS)
    yield context.new_page()
    context.close()


class Walk:
    """One person's way, and every address the browser was at."""

    def __init__(self, centre: Stage, page: Page, who: str = ME) -> None:
        self.centre, self.page = centre, page
        self.asked: list[str] = []
        page.on("request", lambda request: self.asked.append(request.url))
        page.goto(centre.portal)
        page.get_by_label("身份").select_option(label=who)
        page.get_by_role("button", name="登录").click()
        expect(page.get_by_role("heading", name="我的办件")).to_be_visible()

    def begin(self) -> str:
        """Into the hall; the case's number."""
        self.page.get_by_role("button", name="在线办理").click()
        expect(self.page.get_by_role("heading", name="购房提取申请")).to_be_visible()
        return self.page.locator("#number").inner_text()

    def hold(self, before: str) -> str:
        """As the button does with this browser's session, but stopped at the first address that
        begins so: what the browser would open next."""
        asks, address = self.page.context.request, f"{self.centre.portal}/matters/home-purchase"
        answer = asks.post(address, max_redirects=0)
        while True:
            address = urljoin(address, answer.headers["location"])
            if address.startswith(before):
                return address
            answer = asks.get(address, max_redirects=0)

    def apply(self, **changes: str) -> None:
        for name, text in (FORM | changes).items():
            self.page.locator(f"input[name={name}]").fill(text)
        for code, name, data in (("01", "身份证.png", PNG), ("02", "合同.pdf", PDF)):
            self.page.locator(f"input[name=file{code}]").set_input_files(
                [{"name": name, "mimeType": "application/octet-stream", "buffer": data}]
            )
        self.page.get_by_role("button", name="提交申请").click()
        expect(self.page.get_by_role("heading", name="已提交的申请")).to_be_visible()

    def progress(self, number: str, word: str) -> None:
        """The platform's page, looked at until it says so."""
        told = self.page.locator(f"#{number}")
        for _ in range(300):
            self.page.goto(f"{self.centre.portal}/matters")
            if told.get_by_role("cell", name=word, exact=True).count():
                return
            self.page.wait_for_timeout(100)
        raise AssertionError(f"never told {word}: {told.inner_text()}")

    def came_by(self, mark: str) -> str:
        """The last address the browser was at that has this in it."""
        return [one for one in self.asked if mark in one][-1]


def refused(page: Page, address: str, code: str) -> None:
    """The page a browser gets instead, in both languages."""
    answer = page.goto(address)
    assert answer is not None
    assert answer.status in (400, 403)
    expect(page.locator("#zh code")).to_have_text(code)
    expect(page.locator("#en")).to_be_hidden()
    page.get_by_role("link", name="English").click()
    expect(page.locator("#en code")).to_have_text(code)
    expect(page.locator("#zh")).to_be_hidden()


def test_from_the_platform_into_the_hall_and_back(centre: Stage, page: Page) -> None:
    walk = Walk(centre, page)
    number = walk.begin()
    expect(page.get_by_text(ME)).to_be_visible()
    assert page.url == f"{centre.hall}/"
    assert PAPER not in page.content()
    walk.apply()
    walk.progress(number, "办结")
    told = page.locator(f"#{number}")
    for kind, word in (("过程", "已接收"), ("受理", "已受理"), ("过程", "核心办理中")):
        expect(told.get_by_role("row").filter(has_text=kind).filter(has_text=word)).to_have_count(1)
    expect(told.get_by_text("提取 30000.00 元")).to_be_visible()
    case = centre.case(number)
    assert case is not None
    assert (case.state, case.principal) == ("done", 3_000_000)
    seqs = [one["seq"] for one in centre.told(number)]
    assert seqs == list(range(1, len(seqs) + 1))


def test_money_on_hold_is_said_at_the_platform(centre: Stage, page: Page) -> None:
    centre.control("core-reference", "POST", "/registry/held", GRZH="52270000000102", fen=500)
    walk = Walk(centre, page, "蒙朝阳")
    number = walk.begin()
    walk.apply(contractNo="HOLD-1")
    walk.progress(number, "等待（有在途对冲业务）")
    centre.control("core-reference", "POST", "/registry/held", GRZH="52270000000102", fen=0)
    walk.progress(number, "办结")


def test_what_is_lacking_is_corrected_and_goes_on(centre: Stage, page: Page) -> None:
    walk = Walk(centre, page, "陆小雨")
    number = walk.begin()
    walk.apply(contractNo="LACK-1", amount="1")
    walk.progress(number, "待补正")
    expect(page.locator(f"#{number}")).to_contain_text("提取金额")
    page.locator(f"#{number}").get_by_role("button", name="继续办理").click()
    assert walk.page.locator("#number").inner_text() == number
    walk.apply(contractNo="LACK-1")
    walk.progress(number, "办结")
    assert len({one.id for one in centre.visits() if one.number == number}) == 2


def test_withdrawn_before_the_core_is_done(centre: Stage, page: Page) -> None:
    centre.control("core-reference", "POST", "/registry/pace", manual=True)
    walk = Walk(centre, page, "莫七")
    number = walk.begin()
    walk.apply(contractNo="BACK-1")
    walk.progress(number, "核心办理中")
    page.goto(f"{centre.hall}/filed")
    page.get_by_role("button", name="撤回申请").click()
    walk.progress(number, "已撤回")
    centre.control("core-reference", "POST", "/registry/pace", manual=False)


def test_a_legal_person_comes_in_and_cannot_withdraw_a_person_s_money(
    centre: Stage, page: Page
) -> None:
    walk = Walk(centre, page, "都匀样例置业有限公司")
    number = walk.begin()
    assert "utype=1" in walk.came_by("/sso/login")
    walk.apply(contractNo="LEGAL-1")
    walk.progress(number, "不予办理")
    expect(page.locator(f"#{number}")).to_contain_text("法人登录不能申请个人提取")


class TestAttacks:
    def test_replayed(self, centre: Stage, page: Page) -> None:
        walk = Walk(centre, page)
        walk.begin()
        before = len(centre.visits())
        refused(page, walk.came_by("/sso/callback"), "S06")
        assert len(centre.visits()) == before
        assert '"code":"S06"' in centre.audited("entry.refused")[-1]

    def test_tampered_on_its_way(self, centre: Stage, page: Page) -> None:
        walk = Walk(centre, page)
        walk.begin()
        said = parse_qs(urlsplit(walk.came_by("/sso/callback")).query)["assertion"][0]
        plain = base64.b64decode(said.replace(" ", "+")).decode()
        forged = plain.replace(PAPER, "522701196503030005")
        assert forged != plain
        text = base64.b64encode(forged.encode()).decode().replace("+", "%2B")
        refused(page, f"{centre.callback}?assertion={text}", "S02")

    @pytest.mark.parametrize(
        ("scenario", "code"),
        [
            ("断言被改动", "S02"),
            ("断言过期", "S03"),
            ("门户时钟不准", "S04"),
            ("断言发给别人", "S05"),
        ],
    )
    def test_what_the_platform_may_get_wrong(
        self, centre: Stage, page: Page, scenario: str, code: str
    ) -> None:
        walk = Walk(centre, page)
        centre.control("guizhou-portal", "POST", "/faults", scenario=scenario)
        page.get_by_role("button", name="在线办理").click()
        expect(page.locator("#zh code")).to_have_text(code)
        centre.control("guizhou-portal", "DELETE", "/faults")
        assert f'"code":"{code}"' in centre.audited("entry.refused")[-1]
        page.goto(f"{centre.portal}/matters")
        walk.begin()

    def test_the_key_a_second_time(self, centre: Stage, page: Page, browser: Browser) -> None:
        walk = Walk(centre, page)
        walk.begin()
        other = browser.new_context().new_page()
        answer = other.goto(walk.came_by("/sso?key="))
        assert answer is not None
        assert answer.status == 403
        expect(other.get_by_text("钥匙已经用过")).to_be_visible()
        expect(other.locator("code")).to_have_text("409")
        other.goto(f"{centre.hall}/")
        expect(other.get_by_role("heading", name="请先登录")).to_be_visible()
        assert '"code":"409"' in centre.audited("entry.redeem_refused")[-1]
        other.context.close()

    @pytest.mark.parametrize(
        "target", ["https://evil.example/", "//evil.example", "https://127.0.0.1@evil.example/"]
    )
    def test_redirected_to_a_foreign_host(self, centre: Stage, page: Page, target: str) -> None:
        walk = Walk(centre, page)
        held = walk.hold(f"{centre.callback}?")
        refused(page, f"{held}&target={target}", "S08")
        assert not any("evil.example" in urlsplit(one).netloc for one in walk.asked)
        page.goto(held)  # the link as it was is still good: nothing was used up
        expect(page.get_by_role("heading", name="购房提取申请")).to_be_visible()

    def test_the_platform_sends_nobody_elsewhere(self, centre: Stage, page: Page) -> None:
        walk = Walk(centre, page)
        number = walk.begin()
        page.goto(
            f"{centre.portal}/sso/login?utype=0&client_id=QNGJJ-SSO-01&project_no={number}"
            "&goto=https%3A%2F%2Fevil.example%2F"
        )
        expect(page.get_by_role("heading", name="回调地址没有登记")).to_be_visible()

    def test_the_assertion_thirty_one_minutes_later(self, centre: Stage, page: Page) -> None:
        held = Walk(centre, page).hold(f"{centre.callback}?")
        centre.later(minutes=31)
        refused(page, held, "S03")

    def test_the_key_thirty_one_minutes_later(self, centre: Stage, page: Page) -> None:
        held = Walk(centre, page).hold(f"{centre.hall}/sso?")
        centre.later(minutes=31)
        answer = page.goto(held)
        assert answer is not None
        assert answer.status == 403
        expect(page.get_by_text("钥匙已经过期")).to_be_visible()
        assert '"code":"410"' in centre.audited("entry.redeem_refused")[-1]


def test_the_refusal_has_no_barriers_and_asks_for_nothing(centre: Stage, page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    refused(page, f"{centre.callback}?assertion=AAAA", "S01")
    assert {urlsplit(one).netloc for one in asked} == {urlsplit(centre.address).netloc}
    page.goto(f"{centre.callback}?assertion=AAAA")
    found = page.evaluate("() => document.documentElement.lang")
    assert found == "zh-CN"
    # The page's own policy lets no script in: the checker is brought by the test's own hand.
    page.context.new_cdp_session(page).send("Page.setBypassCSP", {"enabled": True})
    page.reload()
    page.add_script_tag(content=Path(AXE).read_text("utf-8"))
    assert page.evaluate("async () => (await axe.run()).violations.map((one) => one.id)") == []
