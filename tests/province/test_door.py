"""The catalogue as it is deployed: hub.toml, the hub's own door and follower, a grant by command,
and the platform's mock that asks."""

import json
from pathlib import Path

from typer.testing import CliRunner

from hub.api.door import Door
from hub.app.assembly import open_hub, start_engine
from hub.app.publishing import feed_standing
from hub.cli.main import app
from hub.kernel.settings import PartnerSettings, Settings, write_partners
from hub.sample import FOLDER
from tests.cli.kit import until
from tests.mocks.running import Mock
from tests.province import by_hand
from tests.province.kit import CENTRE, RID, SID, core_over_the_month

FUNCTIONS = ("yqqk/get_yqqk_DataCx", "zjlxjk/yhzhye_table_cx", "dyw/get_dywData")
"""Of stocks: the day of the machine does not matter."""


def test_the_platform_is_answered_at_the_hub_s_own_door(tmp_path: Path) -> None:
    core = core_over_the_month(tmp_path / "core")
    platform = Mock("guizhou-supervision", tmp_path / "platform", FOLDER)
    platform.start()
    try:
        home = tmp_path / "home"
        reached = PartnerSettings(
            endpoints={"api": core.ports["api"]}, values={"key_id": "hub-2025"},
            secrets={"sign_key": str(core.key_file)},
        )  # fmt: skip
        asked = PartnerSettings(values={"sid": SID, "zjbzxbm": CENTRE})
        write_partners(
            home / "hub.toml",
            {"core-reference": reached, "core-registry": reached, "province-supervision": asked},
            top={"environment": "test", "workers": 1, "probes": False},
        )  # fmt: skip
        _answered(home, platform)
    finally:
        platform.kill()
        core.stop()


def _answered(home: Path, platform: Mock) -> None:
    env = {"HUB_HOME": str(home)}

    def hub_does(*words: str) -> dict[str, str]:
        done = CliRunner().invoke(app, [*words, "--json"], env=env)
        assert done.exit_code == 0, done.output
        said: dict[str, str] = json.loads(done.stdout)
        return said

    hub_does("db", "upgrade")
    env["HUB_TOKEN"] = hub_does("people", "add", "li.si", "--name", "李四")["token"]
    given = hub_does(
        "caller", "grant", RID, "--interface", "province-supervision", "--title", "省监管处",
        "--purpose", "监管", "--basis", "通知 1", "--until", "2099-12-31", "--fields",
        "figures,funds",
    )  # fmt: skip
    with open_hub(Settings.load(home)) as hub:
        engine, door = start_engine(hub), Door(hub, 0)
        door.start()
        try:
            until(lambda: (said := feed_standing(hub)) is not None and said.as_of is not None)
            for path in FUNCTIONS:
                platform.control("POST", "/ask", {"name": path.partition("/")[2], "body": {}})
            platform.control("POST", "/ask", {"name": "qdlogin", "body": by_hand.ASKED[
                "zhfwpt/qdlogin"]})  # fmt: skip
            caller = {"url": door.address, "rid": RID, "sid": SID, "secret": given["secret"]}
            platform.control("POST", "/caller", caller)
            until(lambda: all(one["state"] != "waiting" for one in _told(platform)))
        finally:
            door.stop()
            engine.stop()
    db = by_hand.load(FOLDER)
    *answered, refused = _told(platform)
    for path, one in zip(FUNCTIONS, answered, strict=True):
        wanted = [dict(row) for row in db.execute(by_hand.SQL[path])]
        given_rows = json.loads(one["answer"])["data"]
        assert [{key: row[key] for key in wanted[0]} for row in given_rows] == wanted, path
    assert json.loads(refused["answer"])["code"] == "403"  # services were not granted


def _told(platform: Mock) -> list[dict[str, str]]:
    found: list[dict[str, str]] = platform.control("GET", "/answers")["answers"]
    return found
