"""From the core's mock to a caller's curl: hub serve, grants by command, the how-to as it is."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hub.cli.main import app
from hub.kernel.settings import PartnerSettings, write_partners
from tests.cli.kit import process
from tests.core.corekit import CoreMock, person, write_data
from tests.queries.kit import FIRM, HANDLER_ID, NAME, ROOT, SID

HOW_TO = ROOT / "docs" / "how-to" / "ask-a-published-query.md"
UNIT = "522700000001"
RID = "SSJ-GZ-01"


@dataclass
class Site:
    """A home whose partners are the core's mock and one published query, and its people."""

    home: Path
    mock: CoreMock
    env: dict[str, str]

    def hub(self, *words: str) -> dict[str, Any]:
        done = CliRunner().invoke(app, [*words, "--json"], env=self.env)
        assert done.exit_code == 0, done.output
        said: dict[str, Any] = json.loads(done.stdout)
        return said


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    data = write_data(tmp_path / "data", [person("52270000000001", "欧阳𠮷", "01", "10000.00")])
    (data / "units.csv").write_text(
        "DWZH,DWMC,TYSHXYDM,DWDZ,DWFRDBXM,DWFRDBZJHM,DWZHZT,DWJCBL,GRJCBL,JZNY\n"
        f"{UNIT},{NAME},{FIRM},都匀市,吴一,{HANDLER_ID},01,0.12,0.12,202509\n",
        encoding="utf-8",
    )
    (data / "arrears.csv").write_text(
        f"QJBH,DWZH,QSNY,ZZNY,QJYS,QJJE,QJZT\nQJ1,{UNIT},202508,202509,2,2824.00,01\n",
        encoding="utf-8",
    )
    mock, home = CoreMock(tmp_path / "state", data).start(), tmp_path / "home"
    core = PartnerSettings(
        endpoints={"api": mock.ports["api"]}, values={"key_id": "hub-2025"},
        secrets={"sign_key": str(mock.key_file)},
    )  # fmt: skip
    write_partners(
        home / "hub.toml",
        {"core-reference": core, "core-registry": core,
         "onething-listing": PartnerSettings(values={"sid": SID})},
        top={"environment": "test"},
    )  # fmt: skip
    made = Site(home, mock, {"HUB_HOME": str(home)})
    made.hub("db", "upgrade")
    made.env["HUB_TOKEN"] = made.hub("people", "add", "li.si", "--name", "李四")["token"]
    yield made
    mock.stop()


def test_a_caller_is_answered_from_the_core_in_ten_minutes(site: Site, tmp_path: Path) -> None:
    words = ["serve", "--port", "0", "--inbound-port", "0", "--api-port", "0", "--json"]
    with process(*words, "--home", str(site.home), log=tmp_path / "serve.log") as serving:
        assert serving.stdout is not None
        address = json.loads(serving.stdout.readline())["api"]
        assert site.hub("registry", "status")["interface"] == "core-registry"
        given = site.hub(
            "caller", "grant", RID, "--interface", "onething-listing", "--title", "省共享平台",
            "--purpose", "上市核查", "--basis", "协议 1", "--until", "2099-12-31",
            "--fields", "state,arrears", "--addresses", "127.0.0.0/8", "--per-minute", "9999",
        )  # fmt: skip
        env = {"URL": address, "RID": RID, "SID": SID, "SECRET": given["secret"]}
        said = _curl(env)
        assert (said["code"], [set(one) for one in said["data"]["dw"]]) == (
            "200", [{"dwmc", "dwzhzt", "khrq", "xhrq", "qj"}],
        )  # fmt: skip
        assert said["data"]["dw"][0]["qj"]["qjje"] == "2824.00"
        _cure(site)
        said = _until_cured(env)
        assert said["data"]["dw"][0]["qj"]["sfqj"] == "0"
        assert _curl(env | {"SECRET": "wrong"})["code"] == "401"
        site.hub("caller", "revoke", RID, "--reason", "协议终止")
        assert _curl(env)["code"] == "403"
        document = json.loads(_run("curl", "-sS", f"{address}/openapi.json"))
        assert list(document["paths"]) == ["/sysapi/onething/listing/enterprise"]
    (row,) = site.hub("caller", "list")["callers"]
    assert (row["revoked"], row["why"], row["fields"]) == (True, "协议终止", ["arrears", "state"])
    words_said = [one["word"] for one in site.hub("caller", "calls", RID)["calls"]]
    assert (words_said[0], words_said[-1]) == ("not_granted", "answered")
    assert given["secret"] not in (tmp_path / "serve.log").read_text(encoding="utf-8")
    assert NAME.encode() not in b"".join(
        path.read_bytes() for path in site.home.glob("hub.sqlite*")
    )


def _cure(site: Site) -> None:
    """At the core, by the mock's control plane: what was owed is paid."""
    with site.mock.client() as hand:
        hand.control("POST", "/registry/arrears/records", set=[
            {"QJBH": "QJ1", "DWZH": UNIT, "QSNY": "202508", "ZZNY": "202509", "QJYS": "2",
             "QJJE": "2824.00", "QJZT": "02"},
        ])  # fmt: skip


def _until_cured(env: dict[str, str]) -> dict[str, Any]:
    for _ in range(200):
        said = _curl(env)
        if said["data"]["dw"][0]["qj"]["sfqj"] == "0":
            break
    return said


def _curl(env: dict[str, str]) -> dict[str, Any]:
    """The how-to's own block, about the firm here."""
    (block,) = re.findall(r"runs this block.*?```bash\n(.*?)```", HOW_TO.read_text("utf-8"), re.S)
    body = {"tyshxydm": FIRM, "qymc": NAME, "jbr_sfzh": HANDLER_ID, "ksny": "202501",
            "jsny": "202509"}  # fmt: skip
    said: dict[str, Any] = json.loads(
        _run("bash", "-euc", block, env=env | {"BODY": json.dumps(body, ensure_ascii=False)})
    )
    return said


def _run(*words: str, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        words, env=os.environ | (env or {}) | {"no_proxy": "*"}, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout
