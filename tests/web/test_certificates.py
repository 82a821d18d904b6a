"""The page of certificates, and a report opened from it, in a real browser too."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect, sync_playwright

from hub.certify import Report, shelve
from hub.certify.report import verdict_of
from hub.web.app import create_app
from tests.conftest import missing
from tests.web.desk import MemoryDesk
from tests.web.server import serving
from tests.web.test_browser import ARGUMENTS, CHROMIUM

BEGAN = "2025-10-14T09:30:00.000+08:00"


def report(verdict: str, began: str = BEGAN) -> Report:
    """A report of one case with that verdict."""
    case = {
        "number": "B301", "title": "一笔划款", "shows": "金额一分不差", "clause": "§5.1",
        "mandatory": True, "verdict": verdict, "why": "rows：<b>应为</b> 是", "began": began,
        "millis": 12, "steps": [],
    }  # fmt: skip
    return Report.sealed(
        {
            "format": 1, "interface": "bank-icbc", "name": "工商银行商贷月对冲",
            "partner": {"code": "ICBC", "name": "工商银行"}, "software": "0",
            "contract": {"version": "1.1.0", "digest": "0" * 64},
            "against": {"kind": "mock", "endpoints": {}, "steered": True}, "environment": "演示",
            "by": "", "began": began, "ended": began, "deviations": [], **verdict_of([case]),
            "cases": [case], "not_applicable": [],
            "coverage": {"codes": {}, "rungs": {"touched": [], "untouched": []}},
        }
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "certificates"


@pytest.fixture
def base(folder: Path) -> Iterator[str]:
    with serving(create_app(MemoryDesk(), environment="test", reports=folder)) as url:
        yield url


def test_the_last_report_of_an_interface(base: str, folder: Path) -> None:
    assert "hub certify" in httpx.get(base + "/certificates").text
    shelve(report("failed"), folder)
    shelve(report("passed", "2025-10-15T09:30:00.000+08:00"), folder)
    page = httpx.get(base + "/certificates").text
    assert "/certificates/bank-icbc-20251015093000" in page
    assert "20251014093000" not in page


def test_a_report_is_served_without_a_way_out(base: str, folder: Path) -> None:
    data = shelve(report("failed"), folder).data
    answer = httpx.get(f"{base}/certificates/{data.stem}")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "&lt;b&gt;应为" in answer.text
    for stem in ("bank-icbc-20251014093001", "hub", "..%2fhub.toml"):
        assert httpx.get(f"{base}/certificates/{stem}").status_code == 404


def test_a_changed_report_is_not_shown(base: str, folder: Path) -> None:
    data = shelve(report("failed"), folder).data
    data.write_text(data.read_text("utf-8").replace('"failed"', '"passed"'), "utf-8")
    assert "报告被改动或读不懂" in httpx.get(base + "/certificates").text
    answer = httpx.get(f"{base}/certificates/{data.stem}")
    assert answer.status_code == 400
    assert "certify.report_broken" in answer.text


def test_it_reads_in_a_browser(base: str, folder: Path) -> None:
    if not CHROMIUM.exists():
        missing("Chromium at " + str(CHROMIUM))
    shelve(report("failed"), folder)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 390, "height": 900})
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.goto(base + "/certificates")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.get_by_role("link", name="工商银行商贷月对冲").click()
        expect(page.locator("h1")).to_have_text("接口符合性测试报告")
        expect(page.locator("details.case .why")).to_be_visible()
        verdict = page.locator("p > .verdict")
        assert verdict.evaluate("e => getComputedStyle(e).borderTopStyle") == "solid"
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert said == []
        browser.close()
