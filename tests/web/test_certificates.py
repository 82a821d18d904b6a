"""The page of certificates, and a report opened from it, in a real browser too."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect, sync_playwright

from hub.certify import shelve, suite_digest
from hub.contracts import load_contract
from hub.web.app import create_app
from tests.certify.kit import ROOT, small_report
from tests.conftest import missing
from tests.papers.reader import read
from tests.web.desk import MemoryDesk
from tests.web.server import serving
from tests.web.test_browser import ARGUMENTS, CHROMIUM

ICBC, GYB = (load_contract(ROOT / "contracts_spec" / "banks" / name) for name in ("icbc", "gyb"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "certificates"


@pytest.fixture
def base(folder: Path) -> Iterator[str]:
    with serving(create_app(MemoryDesk(), environment="test", reports=folder)) as url:
        yield url


@pytest.fixture
def known(folder: Path) -> Iterator[str]:
    """Pages that know which contracts hold."""
    app = create_app(
        MemoryDesk(), environment="test", reports=folder, contracts=lambda: [ICBC, GYB]
    )
    with serving(app) as url:
        yield url


def test_the_last_report_of_an_interface(base: str, folder: Path) -> None:
    assert "hub certify" in httpx.get(base + "/certificates").text
    shelve(small_report("failed"), folder)
    shelve(small_report("passed", "2025-10-15T09:30:00.000+08:00"), folder)
    page = httpx.get(base + "/certificates").text
    assert "/certificates/bank-icbc-20251015093000" in page
    assert "20251014093000" not in page


def test_a_report_is_served_without_a_way_out(base: str, folder: Path) -> None:
    data = shelve(small_report("failed"), folder).data
    answer = httpx.get(f"{base}/certificates/{data.stem}")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "&lt;b&gt;应为" in answer.text
    for stem in ("bank-icbc-20251014093001", "hub", "..%2fhub.toml"):
        assert httpx.get(f"{base}/certificates/{stem}").status_code == 404


def test_a_changed_report_is_not_shown(base: str, folder: Path) -> None:
    data = shelve(small_report("failed"), folder).data
    data.write_text(data.read_text("utf-8").replace('"failed"', '"passed"'), "utf-8")
    assert "报告被改动或读不懂" in httpx.get(base + "/certificates").text
    answer = httpx.get(f"{base}/certificates/{data.stem}")
    assert answer.status_code == 400
    assert "certify.report_broken" in answer.text


def test_the_paper_comes_from_the_report(base: str, folder: Path) -> None:
    data = shelve(small_report("failed"), folder).data
    answer = httpx.get(f"{base}/certificates/{data.stem}.docx")
    assert answer.headers["content-disposition"] == f'attachment; filename="{data.stem}.docx"'
    assert answer.content == data.with_suffix(".docx").read_bytes()
    assert "B301　一笔划款　不通过" in read(answer.content).headings
    assert httpx.get(f"{base}/certificates/bank-icbc-20251014093001.docx").status_code == 404


def test_what_was_never_certified_and_what_is_of_an_older_contract(
    known: str, folder: Path
) -> None:
    shelve(small_report("passed"), folder)
    page = httpx.get(known + "/certificates").text
    assert "规范已变，须重测" in page
    assert "没有测过" in page
    assert "hub certify bank-gyb" in page
    assert "DKDC" not in page


def test_the_meter_of_the_present_contract(known: str, folder: Path) -> None:
    codes = {"bus_type": {"what": "业务种类", "touched": ["001"], "untouched": ["002", "003"]}}
    shelve(small_report("passed", digest=suite_digest(ICBC), codes=codes), folder)
    page = httpx.get(known + "/certificates").text
    assert "规范已变，须重测" not in page
    total = sum(len(table.codes) for table in ICBC.code_tables.values())
    assert f">1 / {total}<" in page
    assert "<code>bus_type</code> 002、003、009" in page


def test_it_reads_in_a_browser(base: str, folder: Path) -> None:
    if not CHROMIUM.exists():
        missing("Chromium at " + str(CHROMIUM))
    shelve(small_report("failed"), folder)
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
