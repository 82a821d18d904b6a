"""``hub catalog``: from the command line to the platform's receipts, with the hub's own workers."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hub.app.assembly import open_hub, start_engine
from hub.cli.main import app
from hub.kernel.settings import PartnerSettings, Settings, write_partners
from hub.sample import FOLDER
from tests.cli.kit import until
from tests.core.corekit import CoreMock, write_data
from tests.mocks.running import ROOT, Mock

CODE = "onething-listing.enterprise"


@dataclass
class Desk:
    """A home that reaches the core and the sharing platform, and its people."""

    home: Path
    env: dict[str, str]
    platform: Mock

    def run(self, *words: str) -> tuple[int, dict[str, Any]]:
        done = CliRunner().invoke(app, [*words, "--json"], env=self.env)
        text = done.stdout.strip() or done.stderr.strip()
        said: dict[str, Any] = json.loads(text.splitlines()[-1] if done.exit_code else text)
        return done.exit_code, said

    def ok(self, *words: str) -> dict[str, Any]:
        status, said = self.run(*words)
        assert status == 0, said
        return said

    def states(self) -> set[str]:
        found = self.ok("catalog", "status", "--to", "sharing")["resources"]
        return {one["state"] for one in found}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    core = CoreMock(tmp_path / "state", write_data(tmp_path / "data")).start()
    platform = Mock("guizhou-sharing", tmp_path / "mocks", FOLDER)
    platform.start()
    home = tmp_path / "home"
    shutil.copytree(ROOT / "contracts_spec", tmp_path / "contracts")
    reached = PartnerSettings(
        endpoints={"api": core.ports["api"]}, values={"key_id": "hub-2025"},
        secrets={"sign_key": str(core.key_file)},
    )  # fmt: skip
    key = tmp_path / "mocks" / "province-sharing" / "app_key"
    sharing = PartnerSettings(
        endpoints={"api": platform.urls["api"]}, values={"rid": "QNGJJ", "sid": "CATALOG"},
        secrets={"app_key": str(key)},
    )  # fmt: skip
    write_partners(
        home / "hub.toml",
        {"core-reference": reached, "core-registry": reached, "province-sharing": sharing},
        top={
            "environment": "test", "workers": 2, "probes": False,
            "contracts": str(tmp_path / "contracts"),
        },
    )  # fmt: skip
    made = Desk(home, {"HUB_HOME": str(home)}, platform)
    made.ok("db", "upgrade")
    made.env["HUB_TOKEN"] = made.ok("people", "add", "li.si", "--name", "李四")["token"]
    try:
        yield made
    finally:
        platform.kill()
        core.stop()


def test_from_the_command_to_the_receipts(desk: Desk, tmp_path: Path) -> None:
    said = desk.ok("catalog", "diff", "--to", "sharing")
    new = {one["code"] for one in said["changes"]}
    assert CODE in new
    assert {one["change"] for one in said["changes"]} == {"new"}
    first = desk.ok("catalog", "publish", "--to", "sharing", "--only", CODE)
    assert [one["code"] for one in first["ordered"]] == [CODE]
    assert desk.run("catalog", "publish", "--to", "sharing", "--only", CODE)[1]["code"] in (
        "directory.nothing", "directory.on_its_way",
    )  # fmt: skip
    desk.ok("catalog", "publish", "--to", "sharing")
    with open_hub(Settings.load(desk.home)) as hub:
        engine = start_engine(hub)
        try:
            until(lambda: desk.states() == {"up"})
            _break_the_contract(tmp_path / "contracts")
            _ordered_only_with_a_reason(desk)
            until(lambda: desk.states() == {"up"})
            desk.ok("catalog", "withdraw", CODE, "--to", "sharing", "--reason", "停用")
            until(lambda: desk.states() == {"up", "down"})
        finally:
            engine.stop()
    there = desk.platform.control("GET", "/resources")["resources"]
    assert {one["code"]: one["stage"] == "down" for one in there} == {
        code: code == CODE for code in new
    }
    receipts = {one["receipt"] for one in desk.platform.control("GET", "/steps")["steps"]}
    for one in desk.ok("catalog", "status", "--to", "sharing")["resources"]:
        for step in one["steps"]:
            assert step["receipt"] in receipts
            assert (step["state"], step["ordered_by"]) == ("receipted", "li.si")


def _break_the_contract(contracts: Path) -> None:
    """A field less in the answer."""
    path = contracts / "one_thing/listing/schemas/enterprise.reply.json"
    schema = json.loads(path.read_text(encoding="utf-8"))
    del schema["$defs"]["dw"]["properties"]["jcrs"]
    path.write_text(json.dumps(schema, ensure_ascii=False), encoding="utf-8")


def _ordered_only_with_a_reason(desk: Desk) -> None:
    said = desk.ok("catalog", "diff", "--to", "sharing")
    assert said["breaking"] == 1
    assert [one["breaking"] for one in said["changes"]] == [["应答 jcrs 删除"]]
    status, refused = desk.run("catalog", "publish", "--to", "sharing")
    assert (status, refused["code"]) == (1, "directory.breaking")
    assert "应答 jcrs 删除" in refused["message"]
    status, refused = desk.run("catalog", "publish", "--to", "sharing", "--breaking")
    assert (status, refused["code"]) == (2, "directory.no_reason")
    desk.ok("catalog", "publish", "--to", "sharing", "--breaking", "--reason", "与省平台商定")


def test_what_cannot_be_is_said(desk: Desk) -> None:
    for words, code in (
        (("publish", "--to", "nowhere"), "directory.no_such_target"),
        (("publish", "--to", "supervision"), "config.bad"),
        (("publish", "--to", "sharing", "--only", "no.such"), "directory.no_such_target"),
        (("withdraw", CODE, "--to", "sharing", "--reason", "x"), "directory.no_such_resource"),
    ):
        status, said = desk.run("catalog", *words)
        assert status != 0
        assert said["code"] == code or code == "config.bad", said
    desk.env.pop("HUB_TOKEN")
    assert desk.run("catalog", "publish", "--to", "sharing")[0] != 0


def test_the_lists_need_nobody(desk: Desk) -> None:
    counted = desk.ok("catalog", "adaptation")["province-supervision"]["counted"]
    assert counted == {"已适配": 32, "不适用": 1, "未适配": 0}
    listed = {one["interface"]: one for one in desk.ok("catalog", "inventory")["interfaces"]}
    assert listed["province-supervision"]["transactions"] == 31
    assert "core-registry" not in listed
    assert all(one["samples"] and one["codes"] for one in listed.values())
