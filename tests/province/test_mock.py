"""The supervision platform's mock asks the real door, signed by its own hand."""

import json
from pathlib import Path
from typing import Any

import pytest

from hub.sample import FOLDER
from hub.store import Store
from tests.cli.kit import until
from tests.mocks.running import Mock
from tests.province import by_hand
from tests.province.kit import NOON, RID, SID, Site, core_over_the_month, site_on


@pytest.fixture
def platform(tmp_path: Path) -> Any:
    mock = Mock("guizhou-supervision", tmp_path / "platform", FOLDER)
    mock.start()
    yield mock
    mock.kill()


def answers(platform: Mock) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = platform.control("GET", "/answers")["answers"]
    return found


def test_it_asks_every_function_and_keeps_what_it_was_told(
    empty_store: Store, tmp_path: Path, platform: Mock
) -> None:
    core = core_over_the_month(tmp_path / "core")
    try:
        with site_on(empty_store, tmp_path, core) as site:
            _ask_all(site, platform)
    finally:
        core.stop()


def _ask_all(site: Site, platform: Mock) -> None:
    platform.clock(f"{NOON:%Y-%m-%dT%H:%M:%S}")
    for path in by_hand.SQL:
        body = by_hand.ASKED.get(path, {})
        platform.control("POST", "/ask", {"name": path.partition("/")[2], "body": body})
    platform.control("POST", "/ask", {"name": "get_zbnd", "body": {"zjbzxbm": "C52010"}})
    assert {one["state"] for one in answers(platform)} == {"waiting"}  # nobody told it whom to ask
    said = {"url": str(site.http.base_url), "rid": RID, "sid": SID, "secret": site.secrets[RID]}
    platform.control("POST", "/caller", said)
    until(lambda: all(one["state"] != "waiting" for one in answers(platform)))
    *asked, foreign = answers(platform)
    assert {one["state"] for one in asked} == {"answered"}, asked
    assert (foreign["state"], json.loads(foreign["answer"])["code"]) == ("refused", "301")
    for one in asked:
        assert json.loads(one["answer"])["data"], one["name"]


def test_what_it_may_not_be_told_is_named(platform: Mock) -> None:
    platform.control("POST", "/ask", {"name": "no_such"}, status=404)
    platform.control("POST", "/caller", {"url": "http://127.0.0.1:1"}, status=400)
    somewhere = {"url": "http://10.0.0.1", "rid": "a", "sid": "b", "secret": "c"}
    platform.control("POST", "/caller", somewhere, status=400)
