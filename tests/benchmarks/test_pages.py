"""The pages' benchmark asks for pages that are there and say what it thinks they say."""

from pathlib import Path

import httpx

from benchmarks.pages.__main__ import _pages
from benchmarks.pages.fill import fill
from benchmarks.pages.served import make_home, served
from hub.app.assembly import open_hub


def test_every_page_it_measures_is_served(database_url: str, tmp_path: Path) -> None:
    settings = make_home(tmp_path, database_url)
    with open_hub(settings) as hub:
        filled = fill(hub, 3000)
        with served(hub) as base, httpx.Client(base_url=base, timeout=60) as client:
            shown = {}
            for what, path, _ in _pages(filled):
                answer = client.get(path)
                assert answer.status_code == httpx.codes.OK, (what, path)
                shown[what] = answer.text
    found = [
        what for what, text in shown.items() if what.startswith("find:") and filled.item in text
    ]
    assert found == [
        "find: instruction", "find: bank serial", "find: account", "find: last four",
        "find: document",
    ]  # fmt: skip
    for what in ("messages: one kind, rare", "messages: one month", "messages: since a moment"):
        assert '<a href="/messages/' in shown[what], what
    life = shown["life: one item"]
    assert all(word in life for word in ("应还明细", "占用", "批次", "提取记账", "对账单", "审计"))
