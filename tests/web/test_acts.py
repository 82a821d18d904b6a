"""Submitting, approving, stopping: who may, from where, and what becomes of the token."""

import re

import httpx
import pytest

from hub.web.model import PlanState, RunState
from tests.web.conftest import Site
from tests.web.desk import DIGEST, MONTH

SUBMIT = f"/runs/{MONTH}/plans/1/submit"
CONFIRM = "/approvals/AP-20251015-0007/confirm"
WANG, LI = "token-of-wang", "token-of-li"


def form_key(site: Site) -> str:
    """The key in the board's forms; the client keeps the cookie beside it."""
    page = site.client.get(f"/runs/{MONTH}").text
    keys = set(re.findall(r'name="form_key" value="([^"]+)"', page))
    assert len(keys) == 1
    return keys.pop()


def send(site: Site, path: str, **values: str) -> httpx.Response:
    """Submit a form as the page would."""
    return site.client.post(path, data={"form_key": form_key(site), **values}, headers=site.own)


class TestTwoPeople:
    def test_one_submits_another_approves(self, site: Site) -> None:
        first = send(site, SUBMIT, digest=DIGEST, token=WANG, reason="本月计划")
        assert first.status_code == 303
        assert first.headers["location"] == f"/runs/{MONTH}"
        board = site.client.get(f"/runs/{MONTH}").text
        assert "AP-20251015-0007" in board
        assert "已提交，待复核" in board
        assert site.desk.plan_state is PlanState.SUBMITTED

        second = send(site, CONFIRM, month=MONTH, token=LI)
        assert second.status_code == 303
        assert "已批准 AP-20251015-0007" in site.client.get(f"/runs/{MONTH}").text
        assert site.desk.state is RunState.APPROVED
        assert site.desk.acts == [
            ("submit", "王静", MONTH, "1", "本月计划"),
            ("confirm", "李建国", "AP-20251015-0007", ""),
        ]

    def test_the_same_person_is_refused(self, site: Site) -> None:
        send(site, SUBMIT, digest=DIGEST, token=WANG)
        answer = send(site, CONFIRM, month=MONTH, token=WANG)
        assert answer.status_code == 409
        assert "rule.refused" in answer.text
        assert "cannot approve" in answer.text
        assert site.desk.plan_state is PlanState.SUBMITTED

    def test_a_plan_that_changed_is_refused(self, site: Site) -> None:
        answer = send(site, SUBMIT, digest="0" * 64, token=WANG)
        assert answer.status_code == 409
        assert site.desk.acts == []

    def test_what_was_said_is_said_once(self, site: Site) -> None:
        send(site, SUBMIT, digest=DIGEST, token=WANG)
        assert 'class="said"' in site.client.get(f"/runs/{MONTH}").text
        assert 'class="said"' not in site.client.get(f"/runs/{MONTH}").text


class TestRefusing:
    def test_the_second_person_says_no_and_why(self, site: Site) -> None:
        send(site, SUBMIT, digest=DIGEST, token=WANG)
        path = "/approvals/AP-20251015-0007/refuse"
        assert path in site.client.get(f"/runs/{MONTH}").text
        assert send(site, path, month=MONTH, token=LI, reason=" ").status_code == 400
        assert send(site, path, month=MONTH, token=LI, reason="金额待核").status_code == 303
        assert site.desk.acts[-1] == ("refuse", "李建国", "AP-20251015-0007", "金额待核")


class TestDifference:
    def test_the_board_leads_to_its_page(self, site: Site) -> None:
        site.desk.busy_day = True
        page = site.client.get(f"/runs/{MONTH}").text
        assert re.search(r'href="/differences/DF-000031"', page)


class TestChannel:
    def test_the_board_leads_to_what_an_act_will_do(self, site: Site) -> None:
        assert 'href="/acts/channel.stop/bank-icbc"' in site.client.get(f"/runs/{MONTH}").text
        site.desk.stopped["bank-icbc"] = ("对方切换", "王静")
        page = site.client.get(f"/runs/{MONTH}").text
        assert "已停发" in page
        assert 'href="/acts/channel.resume/bank-icbc"' in page

    def test_the_way_back_is_a_month_and_nothing_else(self, site: Site) -> None:
        answer = send(site, CONFIRM, month="//evil.example", token=WANG, reason="x")
        assert answer.status_code == 400
        assert site.desk.acts == []


class TestToken:
    def test_nobodys_token(self, site: Site) -> None:
        answer = send(site, SUBMIT, digest=DIGEST, token="guess")
        assert answer.status_code == 403
        assert "people.not_allowed" in answer.text
        assert "没有任何数据被改动" in answer.text

    def test_a_missing_token(self, site: Site) -> None:
        answer = send(site, SUBMIT, digest=DIGEST)
        assert answer.status_code == 400
        assert "web.bad_form" in answer.text
        assert send(site, SUBMIT, digest=DIGEST, token="   ").status_code == 400

    def test_it_is_nowhere_afterwards(self, site: Site, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level("DEBUG")
        answers = [
            send(site, SUBMIT, digest=DIGEST, token=WANG),
            site.client.get(f"/runs/{MONTH}"),
            send(site, CONFIRM, month=MONTH, token=WANG),  # refused
            send(site, CONFIRM, token=LI),  # incomplete: the library would repeat the input
            send(site, SUBMIT, digest="0" * 64, token="token-of-nobody"),
        ]
        seen = [f"{answer.headers}{answer.text}" for answer in answers]
        seen += [caplog.text, str(dict(site.client.cookies))]
        for place in seen:
            assert "token-of-" not in place

    def test_the_field_is_a_password_that_is_not_filled_in(self, site: Site) -> None:
        html = site.client.get(f"/runs/{MONTH}").text
        fields = re.findall(r'<input[^>]*name="token"[^>]*>', html)
        assert fields
        for field in fields:
            assert 'type="password"' in field
            assert 'autocomplete="off"' in field
            assert "value=" not in field

    def test_no_cookie_is_readable_by_scripts(self, site: Site) -> None:
        site.client.get(f"/runs/{MONTH}?lang=en&theme=dark")
        answer = send(site, SUBMIT, digest=DIGEST, token=WANG)
        page = httpx.get(f"{site.base}/runs/{MONTH}?lang=en")
        cookies = page.headers.get_list("set-cookie") + answer.headers.get_list("set-cookie")
        assert len(cookies) == 3
        for cookie in cookies:
            assert "httponly" in cookie.lower()
            assert "samesite=" in cookie.lower()


class TestCrossSite:
    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"origin": "https://evil.example"},
            {"origin": "null"},
            {"sec-fetch-site": "cross-site"},
            {"sec-fetch-site": "same-site"},
            {"sec-fetch-site": "none"},
            {"sec-fetch-site": "same-origin", "origin": "http://127.0.0.1:1"},
        ],
    )
    def test_a_form_from_elsewhere_is_refused(self, site: Site, headers: dict[str, str]) -> None:
        answer = site.client.post(
            SUBMIT,
            data={"form_key": form_key(site), "digest": DIGEST, "token": WANG},
            headers=headers,
        )
        assert answer.status_code == 403
        assert "web.cross_site" in answer.text
        assert site.desk.acts == []

    @pytest.mark.parametrize("key", ["", "x" * 43, "钥匙"])
    def test_a_form_without_this_browsers_key_is_refused(self, site: Site, key: str) -> None:
        form_key(site)
        answer = site.client.post(
            SUBMIT, data={"form_key": key, "digest": DIGEST, "token": WANG}, headers=site.own
        )
        assert answer.status_code == 403
        assert "web.cross_site" in answer.text

    def test_a_browser_without_the_cookie_is_refused(self, site: Site) -> None:
        key = form_key(site)
        answer = httpx.post(
            site.base + SUBMIT,
            data={"form_key": key, "digest": DIGEST, "token": WANG},
            headers=site.own,
        )
        assert answer.status_code == 403
        assert site.desk.acts == []

    def test_a_get_orders_nothing(self, site: Site) -> None:
        assert site.client.get(SUBMIT).status_code == 404
        assert site.desk.acts == []
