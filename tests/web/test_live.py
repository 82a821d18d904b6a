"""The board's stream: what comes first, what comes after, and what it costs."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from hub.store import DatabaseAway
from hub.web import live
from hub.web.app import create_app
from hub.web.model import RunState
from hub.web.render import SECTIONS
from tests.web.conftest import Site
from tests.web.desk import MONTH, MemoryDesk
from tests.web.server import serving

EVENTS = f"/runs/{MONTH}/events"


@contextmanager
def watching(site: Site, path: str = EVENTS) -> Iterator[Iterator[tuple[str, Any]]]:
    """A viewer's events, as (name, data)."""
    with (
        httpx.Client(base_url=site.base, timeout=10) as client,
        client.stream("GET", path, headers={"accept": "text/event-stream"}) as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield parse(answer)


def parse(answer: httpx.Response) -> Iterator[tuple[str, Any]]:
    """Event by event (WHATWG HTML, server-sent events); comments are left out."""
    name, data = "message", []
    for line in answer.iter_lines():
        if line.startswith("event:"):
            name = line[6:].strip()
        elif line.startswith("data:"):
            data.append(line[5:].strip())
        elif not line and data:
            yield name, json.loads("\n".join(data))
            name, data = "message", []


def until(events: Iterator[tuple[str, Any]], wanted: str) -> tuple[list[str], Any]:
    """The names of parts that came before the first ``wanted`` event, and that event."""
    parts: list[str] = []
    for name, data in events:
        if name == wanted:
            return parts, data
        if name == "part":
            parts.append(data["name"])
    raise AssertionError(f"the stream ended without {wanted}")


def wait_for(condition: Any, seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def test_all_parts_first_then_only_what_changed(site: Site) -> None:
    with watching(site) as events:
        parts, clock = until(events, "clock")
        assert parts == list(SECTIONS)
        assert clock == {"text": "2025-10-15 09:31:07"}
        assert until(events, "clock")[0] == []
        site.desk.go(RunState.RUNNING, hold=400)
        changed: list[str] = []
        while not changed:
            changed, _ = until(events, "clock")
        assert {"head", "flow", "banks", "equations", "plan"} <= set(changed)
        assert "channels" not in changed
        assert "drifts" not in changed


def test_figures_are_the_equations_of_one_moment(site: Site) -> None:
    site.desk.go(RunState.RUNNING, hold=1000, instruct=333)
    with watching(site) as events:
        html = {}
        for name, data in events:
            if name == "clock":
                break
            html[data["name"]] = data["html"]
    board = site.desk.board(MONTH)
    remainder = next(e.remainder for e in board.equations if e.name == "E3" and not e.bank)
    for part in ("flow", "equations"):
        assert f"{remainder.fen // 100:,}" in html[part]


def test_viewers_share_one_read(site: Site) -> None:
    ready = threading.Barrier(7)
    done = threading.Event()

    def view() -> None:
        with watching(site) as events:
            until(events, "clock")
            ready.wait(10)
            while not done.is_set():
                until(events, "clock")

    threads = [threading.Thread(target=view) for _ in range(6)]
    for thread in threads:
        thread.start()
    ready.wait(10)
    before, began = site.desk.reads, time.monotonic()
    time.sleep(1.0)
    reads, took = site.desk.reads - before, time.monotonic() - began
    done.set()
    for thread in threads:
        thread.join(10)
    # Five reads a second in this fixture whoever watches; six readers of their own make thirty.
    assert 2 <= reads <= took / 0.2 + 2


def test_nobody_watching_nothing_is_read(site: Site) -> None:
    with watching(site) as events:
        until(events, "clock")
    time.sleep(0.5)  # the server notices the closed connection at its next event
    before = site.desk.reads
    time.sleep(0.6)
    assert site.desk.reads == before


def test_trouble_is_told_and_passes(site: Site) -> None:
    with watching(site) as events:
        until(events, "clock")
        site.desk.fail = DatabaseAway()
        _, trouble = until(events, "trouble")
        assert trouble == {"code": "store.away", "text": "数据库暂时没有应答。"}
        site.desk.fail = None
        site.desk.go(RunState.RUNNING, hold=10)
        assert "head" in until(events, "clock")[0]


def test_a_crash_while_reading_does_not_end_the_stream(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    with watching(site) as events:
        until(events, "clock")
        site.desk.fail = ZeroDivisionError("inside")
        assert until(events, "trouble")[1]["code"] == "hub.error"
        site.desk.fail = None
        until(events, "clock")
    assert "could not be read" in caplog.text


def test_language_of_the_stream(site: Site) -> None:
    with watching(site, EVENTS + "?lang=en") as events:
        head = next(data for name, data in events if name == "part" and data["name"] == "head")
    assert "Succeeded" in head["html"]
    assert "对冲成功" not in head["html"]


def test_parts_carry_no_viewers_key(site: Site) -> None:
    with watching(site) as events:
        plan = next(data for name, data in events if name == "part" and data["name"] == "plan")
    assert 'name="form_key" value="" data-form-key' in plan["html"]


def test_unknown_month_is_refused_before_the_stream(site: Site) -> None:
    answer = site.client.get("/runs/2025-11/events", headers={"accept": "text/event-stream"})
    assert answer.status_code == 404
    assert answer.json()["code"] == "input.not_found"


def test_one_viewer_too_many(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "VIEWERS_MAX", 1)
    with watching(site) as events:
        until(events, "clock")
        answer = site.client.get(EVENTS, headers={"accept": "text/event-stream"})
        assert answer.status_code == 503
        assert answer.json()["code"] == "web.busy"
    wait_for(lambda: site.desk.reads > 0)


def test_the_server_goes_down_with_boards_open() -> None:
    app = create_app(MemoryDesk(), environment="test", interval_s=0.2)
    with serving(app) as base:
        client = httpx.Client(base_url=base, timeout=10)
        stream = client.stream("GET", EVENTS)
        events = parse(stream.__enter__())
        until(events, "clock")
        began = time.monotonic()
    # Far below the server's grace: the stream was ended, not cut off.
    assert time.monotonic() - began < 3
    assert all(name in ("part", "clock") for name, _ in events)
    stream.__exit__(None, None, None)
    client.close()
