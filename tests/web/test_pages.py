"""What the pages say, in which language, and what they never do."""

import json
import re
from pathlib import Path

import httpx
import pytest

from hub.kernel.errors import HubError
from hub.kernel.money import show_yuan
from hub.store import DatabaseAway
from hub.web import app as web_app
from hub.web.model import Figure, RunState
from tests.web.conftest import Site
from tests.web.desk import FIGURES, MONTH, MemoryDesk
from tests.web.server import serving

ITEM = "20251010200000000012"
PAGES = (f"/runs/{MONTH}", "/runs", f"/runs/{MONTH}/items", f"/items/{ITEM}", "/nowhere")


def text_of(html: str) -> str:
    """What a reader sees of a page, white space folded, tags without a trace."""
    body = re.sub(r"<(head|script)\b.*?</\1>", "", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", body))


class TestBoard:
    def test_shows_the_control_totals_to_the_fen(self, site: Site) -> None:
        site.desk.go(
            RunState.CLOSED, hold=1000, instruct=1000, result=1000, post=1000, reconcile=1000
        )
        page = text_of(site.client.get(f"/runs/{MONTH}").text)
        expected = FIGURES["icbc"]["banks"]["ICBC"]
        for name in ("due", "planned", "succeeded", "failed"):
            count, fen = expected[name]
            assert show_yuan(fen) in page, name
            assert f"{count:,}" in page, name
        assert "¥17,460,229.05" in page  # the published month's ICBC total
        assert "已关账" in page

    def test_every_equation_has_left_right_and_remainder(self, site: Site) -> None:
        site.desk.go(RunState.RUNNING, hold=1000, instruct=500)
        html = site.client.get(f"/runs/{MONTH}").text
        rows = re.findall(r'<tr class="(ok|open)" data-equation="(E\d)">(.*?)</tr>', html, re.S)
        assert [name for _, name, _ in rows] == [f"E{n}" for n in range(8)]
        state = {name: state for state, name, _ in rows}
        assert state["E2"] == "ok"
        assert state["E3"] == "open"
        board = site.desk.board(MONTH)
        e3 = next(e for e in board.equations if e.name == "E3" and not e.bank)
        cells = text_of(next(body for _, name, body in rows if name == "E3"))
        for figure in (e3.left, e3.right, e3.remainder):
            assert show_yuan(figure.fen) in cells
            assert f"{figure.count:,}" in cells

    def test_busy_day_names_what_needs_a_person(self, site: Site) -> None:
        site.desk.busy_day = True
        site.desk.unknown = Figure(3, 1_742_18)
        site.desk.stopped = {"bank-icbc": ("对方前置机切换", "王静")}
        site.desk.go(RunState.RUNNING, hold=1000, instruct=800, result=600, post=900)
        page = text_of(site.client.get(f"/runs/{MONTH}").text)
        for words in (
            "不明已 3 分钟",
            "金额不符",
            "账龄 1 小时 35 分",
            "赵敏",
            "未指派",
            "已停发",
            "对方前置机切换",
            "规范偏离",
            "instrRetCode",
            "待人工处理",
            "待第二人确认",
        ):
            assert words in page, words

    def test_escapes_what_partners_say(self, site: Site) -> None:
        site.desk.stopped = {"bank-icbc": ('<script>alert("x")</script>', "王静")}
        html = site.client.get(f"/runs/{MONTH}").text
        assert "<script>alert" not in html
        assert "&lt;script&gt;alert" in html

    def test_head_is_answered_like_get(self, site: Site) -> None:
        answer = site.client.head(f"/runs/{MONTH}")
        assert answer.status_code == 200
        assert answer.content == b""


class TestHome:
    def test_goes_to_the_current_run(self, site: Site) -> None:
        answer = site.client.get("/")
        assert answer.status_code == 303
        assert answer.headers["location"] == f"/runs/{MONTH}"

    def test_without_a_run_tells_the_command(self) -> None:
        app = web_app.create_app(MemoryDesk(runs=False), environment="production")
        with serving(app) as base:
            page = httpx.get(base + "/").text
        assert "还没有期次" in page
        assert "hub agreements import" in page
        assert "生产" in page

    def test_the_list_shows_each_run(self, site: Site) -> None:
        page = text_of(site.client.get("/runs").text)
        assert MONTH in page
        assert "¥17,701,681.89" in page


class TestItems:
    def test_filters_and_pages(self, site: Site) -> None:
        first = site.client.get(f"/runs/{MONTH}/items?outcome=FAILED")
        assert "共 61 笔" in first.text
        assert "第 1 / 2 页" in first.text
        assert "outcome=FAILED&amp;page=2" in first.text
        second = site.client.get(f"/runs/{MONTH}/items?outcome=FAILED&page=2")
        assert second.text.count("/items/2025") == 11
        narrow = site.client.get(f"/runs/{MONTH}/items?outcome=FAILED&reason=bank_error")
        assert "共 13 笔" in narrow.text

    def test_finds_by_number(self, site: Site) -> None:
        found = site.client.get(f"/runs/{MONTH}/items", params={"q": " DC202500000001 "})
        assert "共 1 笔" in found.text
        none = site.client.get(f"/runs/{MONTH}/items", params={"q": "nothing like it"})
        assert "没有符合条件的明细" in none.text

    def test_refuses_a_page_that_is_no_number(self, site: Site) -> None:
        answer = site.client.get(f"/runs/{MONTH}/items?page=x")
        assert answer.status_code == 400
        assert "web.bad_form" in answer.text

    def test_one_life_tells_all_of_it(self, site: Site) -> None:
        page = text_of(site.client.get(f"/items/{ITEM}").text)
        for words in (
            "DC202500000021",
            "欧***",
            "****8802",
            "¥155,310.38",
            "结果不明",
            "已记账",
            "09:32:05.061",
            "生效步骤",
            "读应答超时",
            "已入链",
            "部分对冲",
        ):
            assert words in page, words


class TestLanguage:
    def test_chinese_first_english_at_a_switch_and_kept(self, site: Site) -> None:
        path = f"/runs/{MONTH}"
        chinese = site.client.get(path, headers={"accept-language": "en"})
        assert '<html lang="zh-CN"' in chinese.text
        assert "期次看板" in chinese.text
        english = site.client.get(path, params={"lang": "en"})
        assert '<html lang="en"' in english.text
        assert "Control equations" in english.text
        again = site.client.get(path)
        assert "Control equations" in again.text
        back = site.client.get(path, params={"lang": "zh"})
        assert "控制等式" in back.text

    def test_unknown_language_and_theme_change_nothing(self, site: Site) -> None:
        page = site.client.get(f"/runs/{MONTH}?lang=xx&theme=%22%3E").text
        assert '<html lang="zh-CN" data-theme="auto"' in page

    def test_theme_is_kept(self, site: Site) -> None:
        assert 'data-theme="dark"' in site.client.get("/runs?theme=dark").text
        assert 'data-theme="dark"' in site.client.get("/runs").text

    def test_switch_keeps_the_filters(self, site: Site) -> None:
        page = site.client.get(f"/runs/{MONTH}/items?outcome=FAILED").text
        assert f"/runs/{MONTH}/items?outcome=FAILED&amp;lang=en" in page


@pytest.mark.parametrize(
    ("environment", "word"), [("production", "生产"), ("test", "测试"), ("demo", "演示")]
)
def test_environment_is_a_word_on_every_page(environment: str, word: str) -> None:
    app = web_app.create_app(MemoryDesk(), environment=environment)
    with serving(app) as base:
        for path in PAGES:
            page = httpx.get(base + path).text
            assert f'<span class="env">{word}' in page, path
            assert f'data-env="{environment}"' in page, path


def test_unknown_environment_is_refused() -> None:
    with pytest.raises(ValueError, match="environment"):
        web_app.create_app(MemoryDesk(), environment="prod")


class TestErrors:
    def test_unknown_month(self, site: Site) -> None:
        answer = site.client.get("/runs/2025-11")
        assert answer.status_code == 404
        assert "input.not_found" in answer.text
        assert "怎么办" in answer.text

    def test_not_a_month(self, site: Site) -> None:
        answer = site.client.get("/runs/2025-13")
        assert answer.status_code == 400
        assert "period.bad" in answer.text

    def test_database_away(self, site: Site) -> None:
        site.desk.fail = DatabaseAway("the database does not answer: OperationalError")
        answer = site.client.get(f"/runs/{MONTH}")
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "5"
        assert "数据库暂时没有应答" in answer.text
        assert "数据没有丢失" in answer.text

    def test_a_crash_shows_no_trace(self, site: Site) -> None:
        site.desk.fail = ZeroDivisionError("secret detail 6222083230853674213")
        answer = site.client.get(f"/runs/{MONTH}")
        assert answer.status_code == 500
        assert "hub.error" in answer.text
        for leak in ("Traceback", "ZeroDivision", "6222083230853674213", "desk.py"):
            assert leak not in answer.text
        assert "default-src 'none'" in answer.headers["content-security-policy"]

    def test_programs_get_json(self, site: Site) -> None:
        answer = site.client.get("/runs/2025-11", headers={"accept": "application/json"})
        assert answer.status_code == 404
        assert answer.json()["code"] == "input.not_found"
        assert answer.json()["hint"]

    def test_an_error_only_its_part_knows_shows_its_own_hint(self, site: Site) -> None:
        class Odd(HubError):
            """Something this catalogue has never heard of."""

            code = "offset.odd"
            status = 409
            hint = "Do the odd thing."

        site.desk.fail = Odd()
        page = site.client.get(f"/runs/{MONTH}").text
        assert "offset.odd" in page
        assert "Do the odd thing." in page


class TestGuard:
    def test_headers_on_every_answer(self, site: Site) -> None:
        for path in (*PAGES, "/healthz", "/static/hub.css", "/static/none.css"):
            headers = site.client.get(path).headers
            policy = headers["content-security-policy"]
            assert "default-src 'none'" in policy, path
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy
            assert headers["x-content-type-options"] == "nosniff"
            assert "cache-control" in headers
        assert site.client.get("/runs").headers["cache-control"] == "no-store"

    def test_nothing_inline_and_nothing_from_elsewhere(self, site: Site) -> None:
        site.desk.busy_day = True
        for path in PAGES:
            html = site.client.get(path).text
            assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", html), path
            assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", html)), path
            for address in re.findall(r'(?:href|src|action)="([^"]*)"', html):
                assert address.startswith(("/", "#", "?")) or address == "", address

    def test_style_sheets_load_only_what_is_here(self) -> None:
        for sheet in Path(web_app.STATIC).rglob("*.css"):
            for address in re.findall(r"url\(([^)]+)\)", sheet.read_text(encoding="utf-8")):
                assert (sheet.parent / address.strip("'\"")).is_file(), f"{sheet.name}: {address}"

    def test_other_hosts_are_refused(self, site: Site) -> None:
        answer = site.client.get("/runs", headers={"host": "evil.example"})
        assert answer.status_code == 421
        assert "web.wrong_host" in answer.text
        assert site.client.get("/runs", headers={"host": "localhost:1"}).status_code == 200

    def test_a_large_body_is_refused(self, site: Site) -> None:
        answer = site.client.post(
            f"/runs/{MONTH}/plans/1/submit", data={"token": "x" * 40_000}, headers=site.own
        )
        assert answer.status_code == 413
        assert "web.too_large" in answer.text
        assert site.desk.acts == []

    def test_a_large_body_that_hides_its_length_is_refused(self, site: Site) -> None:
        answer = site.client.post(
            f"/runs/{MONTH}/plans/1/submit",
            content=iter([b"token=", b"x" * 40_000]),
            headers={**site.own, "content-type": "application/x-www-form-urlencoded"},
        )
        assert answer.status_code == 413
        assert site.desk.acts == []

    def test_no_api_pages(self, site: Site) -> None:
        for path in ("/docs", "/redoc", "/openapi.json"):
            assert site.client.get(path).status_code == 404


class TestHealth:
    def test_good(self, site: Site) -> None:
        answer = site.client.get("/healthz")
        assert answer.status_code == 200
        assert answer.json()["good"] is True

    def test_bad(self, site: Site) -> None:
        site.desk.fail = DatabaseAway()
        answer = site.client.get("/healthz")
        assert answer.status_code == 503
        assert json.loads(answer.text)["checks"][0] == {
            "name": "database",
            "good": False,
            "text": "store.away",
        }
