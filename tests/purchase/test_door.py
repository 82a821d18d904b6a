"""The callback on its real socket: what it takes, what it uses up, what it leaves behind."""

import json
from collections.abc import Iterator
from urllib.parse import urljoin

import httpx
import pytest
from typer.testing import CliRunner

from hub.cli.main import app
from tests.purchase.stage import ME, PAPER, PEOPLE, Stage, stage


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("centre")) as up:
        yield up


@pytest.fixture
def browser(centre: Stage) -> Iterator[httpx.Client]:
    """Signed in at the platform."""
    with httpx.Client(trust_env=False, timeout=20) as client:
        client.post(f"{centre.portal}/login", data={"person": "1"})
        yield client


def to(browser: httpx.Client, centre: Stage, before: str) -> str:
    """Begin a case; the first address on the way that begins so, not opened."""
    address = f"{centre.portal}/matters/home-purchase"
    said = browser.post(address)
    while True:
        address = urljoin(address, said.headers["location"])
        if address.startswith(before):
            return address
        said = browser.get(address)


def test_what_looks_at_a_link_beforehand_uses_nothing_up(
    centre: Stage, browser: httpx.Client
) -> None:
    link = to(browser, centre, centre.callback)
    assert browser.head(link).status_code == 405
    assert browser.post(link).status_code == 405
    said = browser.get(link)
    assert said.status_code == 302
    assert said.headers["location"].startswith(f"{centre.hall}/sso?key=")
    assert said.headers["cache-control"] == "no-store"
    assert browser.get(link).status_code == 403


def test_a_query_without_end_is_not_read(centre: Stage) -> None:
    said = httpx.get(f"{centre.callback}?assertion={'A' * 9000}", trust_env=False)
    assert said.status_code == 414


def test_nobody_but_the_hall_redeems(centre: Stage, browser: httpx.Client) -> None:
    key = to(browser, centre, f"{centre.hall}/sso").partition("key=")[2]
    url = f"{centre.address}/onething-home-purchase/hall/redeem"
    for headers in ({}, {"gjzwfwpt_rid": "QNGJJ-HALL", "gjzwfwpt_sid": "QNGJJ-PURCHASE-01",
                         "gjzwfwpt_rtime": "1760405400000", "gjzwfwpt_sign": "AAAA"}):  # fmt: skip
        said = httpx.post(url, json={"key": key}, headers=headers, trust_env=False)
        assert said.status_code in (400, 401)
        assert said.json()["data"] is None
    assert browser.get(f"{centre.hall}/sso?key={key}").status_code == 302  # it is still good


def test_who_came_is_told_by_the_command(centre: Stage, browser: httpx.Client) -> None:
    link = to(browser, centre, f"{centre.hall}/sso")
    number = centre.visits()[-1].number
    home = ["--home", str(centre.hub.settings.home)]
    said = CliRunner().invoke(app, ["case", "visits", number, *home])
    assert said.exit_code == 0, said.output
    assert "钥匙未换" in said.output
    assert PAPER not in said.output
    browser.get(link)
    said = CliRunner().invoke(app, ["case", "visits", number, "--json", *home])
    (one,) = json.loads(said.output)["visits"]
    assert (one["user_type"], one["subject"]) == ("1", "𠮷******* 522701********0000")
    assert one["redeemed_us"] is not None
    said = CliRunner().invoke(app, ["case", "visits", "NOBODY", *home])
    assert "没有人进来过" in said.output


def test_nothing_personal_is_in_the_database_in_clear(centre: Stage, browser: httpx.Client) -> None:
    link = to(browser, centre, centre.callback)
    browser.get(link, follow_redirects=True)
    whole = b"".join(path.read_bytes() for path in centre.hub.settings.home.glob("hub.sqlite*"))
    assert len(whole) > 100_000
    for secret in (ME, PAPER, *(name for _, name, _ in PEOPLE.values())):
        assert secret.encode() not in whole, secret
