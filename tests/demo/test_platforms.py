"""The government side of a demo: a retirement case and published queries, end to end, and a month
that comes out as it does without them."""

import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub.api.door import Door, open_door
from hub.app import demo as work
from hub.app.catalogue import read_catalogue
from hub.app.demo_platforms import CALLER, MOST_AGREEMENTS, secret_file, standing_beside
from hub.app.demo_site import Site
from hub.app.overview import Light, see_all
from hub.kernel.periods import Period
from hub.sample import FOLDER
from tests.demo.kit import ROOT

HOW_TO = ROOT / "docs" / "how-to" / "ask-a-published-query.md"
LISTING, RETIREMENT = "onething-listing", "onething-retirement"
_LIMIT_S = 120.0


class Played:
    """A demo of one bank that is closed, with its door open."""

    def __init__(self, out: Path) -> None:
        self.wanted = work.Wanted(
            data=FOLDER, period=Period(2025, 10), banks=("ICBC",), policy=None, out=out, port=0,
            patience_s=_LIMIT_S, wave_wait_s=1.0, platforms=True,
        )  # fmt: skip
        self.demo = work.set_up(self.wanted, lambda _: None)
        door = open_door(self.demo.hub, 0)
        assert door is not None
        self.door: Door = door
        door.start()
        self.asked = work.open_to_callers(self.demo, self.wanted, door.address)

    def control(self, interface: str, path: str) -> Any:
        url = self.demo.controls[interface] + path
        return httpx.get(url, timeout=20, trust_env=False).json()

    def light(self, interface: str) -> Light:
        hub = self.demo.hub
        with hub.store.read() as view:
            return see_all(hub, read_catalogue(hub.settings, hub.adapters), view, [interface])[
                interface
            ].light

    def end(self) -> None:
        self.door.stop()
        work.end(self.demo)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    made = Played(tmp_path_factory.mktemp("demo") / "out")
    try:
        yield made
    finally:
        made.end()


def until(condition: Callable[[], Any], what: str) -> None:
    end = time.monotonic() + _LIMIT_S
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.2)


def test_the_case_is_told_to_its_end_and_the_queries_are_answered(played: Played) -> None:
    def told() -> list[Any]:
        feedback = played.control(RETIREMENT, "/feedback")["feedback"]
        return [one["document"]["cljg"] for one in feedback]

    until(lambda: told()[-1:] == ["3"], "the case is not done")
    assert sorted(played.asked) == ["onething-bankruptcy", LISTING]
    until(
        lambda: {one["state"] for one in played.control(LISTING, "/asks")["asks"]} == {"answered"},
        "a query is not answered",
    )
    answer = played.control(LISTING, "/asks/1")["heard"][-1]
    assert json.loads(answer["answer"])["data"]["sfkh"] == "1"
    until(lambda: played.light(RETIREMENT) is Light.UP, "the case's interface is not green")
    assert [played.light(one) for one in played.asked] == [Light.UP, Light.UP]


def test_the_how_to_works_against_the_demo_as_it_is_written(played: Played) -> None:
    blocks = re.findall(r"```bash\n(.*?)```", HOW_TO.read_text("utf-8"), re.S)
    ask, before = (next(one for one in blocks if word in one) for word in ("openssl", "cd hub-"))
    script = before.replace("cd hub-demo", f"cd {played.wanted.out}") + ask
    env = os.environ | {"URL": played.door.address, "no_proxy": "*"}
    done = subprocess.run(["bash", "-euc", script], env=env, capture_output=True, text=True,
                          timeout=60, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["code"], said["data"]["sfkh"]) == ("200", "1")


def test_the_month_comes_out_as_it_does_alone(played: Played, tmp_path: Path) -> None:
    assert work.play(played.demo, played.wanted, lambda _: None, patience_s=_LIMIT_S)
    alone = replace(played.wanted, out=tmp_path / "alone", platforms=False)
    demo = work.set_up(alone, lambda _: None)
    try:
        assert RETIREMENT not in demo.controls
        assert work.play(demo, alone, lambda _: None, patience_s=_LIMIT_S)
    finally:
        work.end(demo)
    for name in ("outcomes.csv", "totals.json"):
        assert (alone.out / name).read_bytes() == (played.wanted.out / name).read_bytes(), name


def test_a_lost_secret_is_made_anew_and_the_old_one_ends(played: Played) -> None:
    path = secret_file(Site(played.wanted.out))
    before = path.read_text("ascii")
    path.unlink()
    work.open_to_callers(played.demo, played.wanted, played.door.address)
    assert path.read_text("ascii") != before
    assert path.stat().st_mode & 0o777 == 0o600
    assert CALLER in played.control(LISTING, "/callers")["callers"]


def test_a_month_that_is_measured_has_none(played: Played, tmp_path: Path) -> None:
    adapters = played.demo.hub.adapters
    rows = "\n".join(["XYBH", *("x" for _ in range(MOST_AGREEMENTS + 1))]) + "\n"
    (tmp_path / "agreements.csv").write_text(rows, encoding="utf-8")
    assert standing_beside(tmp_path, adapters) == []
    assert RETIREMENT in standing_beside(FOLDER, adapters)


def test_a_tester_plays_a_case_as_the_how_to_says(played: Played) -> None:
    how_to = (ROOT / "docs" / "how-to" / "play-a-case.md").read_text("utf-8")
    (block,) = re.findall(r"runs this block.*?```bash\n(.*?)```", how_to, re.S)
    script = block.replace("cd hub-demo", f"cd {played.wanted.out}")
    done = subprocess.run(["bash", "-euc", script], capture_output=True, text=True, timeout=200,
                          check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    feedback = json.loads(done.stdout[done.stdout.index('{\n "feedback"') :])["feedback"]
    assert [one["document"]["cljg"] for one in feedback][-1] == "3", done.stdout
    assert all(one["receipt"] for one in feedback)
