"""A new operator's first month, from an empty home to the exported results, word by word."""

import csv
import sqlite3
from pathlib import Path

import pytest

from hub.audit import standalone
from tests.cli.kit import SAMPLE, Centre, process, until

MONTH = ("--month", "2025-10")


def _with_bad_rows(path: Path) -> None:
    lines = SAMPLE.read_text(encoding="utf-8").splitlines()
    first = lines[1].split(",")
    bad_day, bad_state = list(first), list(first)
    names = lines[0].split(",")
    bad_day[names.index("XYBH")], bad_day[names.index("QYRQ")] = "DC-BAD-1", "20251340"
    bad_state[names.index("XYBH")], bad_state[names.index("XYZT")] = "DC-BAD-2", "9"
    text = "\n".join([*lines, ",".join(bad_day), ",".join(bad_state), lines[1]]) + "\n"
    path.write_text(text, encoding="utf-8")


def _people(centre: Centre) -> None:
    centre.hub("people", "list").refused("store.other_schema", 1)
    upgraded = centre.hub("db", "upgrade")
    assert (upgraded.code, upgraded.said["before"]) == (0, "")
    assert centre.hub("db", "upgrade").said["before"] == upgraded.said["after"]
    assert centre.add("wang.jing", "handler").code == 0  # the first needs nobody
    centre.add("li.jg", "approver").refused("cli.no_token", 2)
    assert centre.add("li.jg", "approver", by="wang.jing").code == 0
    centre.add("zhao", "handler", by="li.jg").refused("people.role_missing", 1)
    centre.add("li.jg", "handler", by="wang.jing").refused("people.login_taken", 1)
    centre.add("zhao", "boss", by="wang.jing").refused("people.no_such_role", 2)
    listed = {one["login"]: one for one in centre.hub("people", "list").said["people"]}
    assert listed["wang.jing"]["roles"] == ["handler", "administrator"]
    assert listed["li.jg"]["name"] != "欧阳国洋"  # masked


def _agreements(centre: Centre) -> int:
    path = centre.out / "agreements.csv"
    _with_bad_rows(path)
    answer = centre.hub("agreements", "import", str(path), by="wang.jing")
    assert answer.code == 1
    codes = {row["number"]: row["code"] for row in answer.said["refused"]}
    assert codes["DC-BAD-1"] == "agreements.bad_date"
    assert codes["DC-BAD-2"] == "agreements.unknown_state"
    assert len(codes) == 3  # and the number that came twice
    added = int(answer.said["added"])
    again = centre.hub("agreements", "import", str(path), by="wang.jing").said
    assert (again["added"], again["unchanged"]) == (0, added)
    return added


def _approve(centre: Centre) -> None:
    def waves() -> list[str]:
        found: list[str] = centre.hub("offset", "status", *MONTH).said["waves"]
        return found

    until(lambda: waves() == ["trial"])
    asked = centre.hub("offset", "submit", *MONTH, "--reason", "本月计划", by="wang.jing")
    number = str(asked.said["approval"])
    status = centre.hub("offset", "status", *MONTH).said
    assert [one["approval"] for one in status["approvals"]] == [int(number)]
    assert any("另一人批准" in why for why in status["waits"])
    centre.hub("approve", number, by="wang.jing").refused("people.same_person", 1)
    centre.hub("approve", "999", by="li.jg").refused("people.no_such_request", 2)
    refused = centre.hub("refuse", number, "--reason", "金额待核", by="li.jg")
    assert "否决" in refused.said["refused"]
    asked = centre.hub("offset", "submit", *MONTH, "--reason", "已核", by="wang.jing")
    number = str(asked.said["approval"])
    assert centre.hub("approve", number, "--reason", "同意", by="li.jg").code == 0
    centre.hub("approve", number, by="li.jg").refused("people.request_closed", 1)


def _refusals(centre: Centre) -> None:
    centre.hub("resend", "999999", "--reason", "x", by="wang.jing").refused(
        "bus.no_such_message", 2
    )
    with sqlite3.connect(centre.home / "hub.sqlite") as database:
        (paid,) = database.execute(
            "SELECT id FROM bus_message WHERE kind = 'bank.instruct' LIMIT 1"
        ).fetchone()
    database.close()
    resent = centre.hub("resend", str(paid), "--reason", "再发一次", by="wang.jing")
    resent.refused("bus.wrong_state", 1)  # delivered money is never sent again
    assert centre.hub("inquire", *MONTH, by="wang.jing").code == 0
    centre.hub("inquire", "--month", "2025-09", by="wang.jing").refused("offset.no_such_run", 2)
    stopped = centre.hub("channel", "stop", "bank-icbc", "--reason", "演练", by="wang.jing")
    assert stopped.code == 0
    centre.hub("channel", "stop", "bank-none", "--reason", "x", by="wang.jing").refused(
        "settings.misconfigured", 2
    )
    assert any("停发" in why for why in centre.hub("offset", "status", *MONTH).said["waits"]) is (
        False  # a closed run waits for nothing
    )
    assert centre.hub("difference", "list", *MONTH).said == {"differences": []}
    centre.hub("difference", "settle", "1", "--adopt", "--how", "x", by="wang.jing").refused(
        "offset.no_such_difference", 2
    )


def _audit(centre: Centre) -> None:
    assert centre.hub("audit", "verify").said["good"] is True
    pack = centre.out / "pack"
    assert centre.hub("audit", "export", "--out", str(pack)).code == 0
    centre.hub("audit", "export", "--out", str(pack)).refused("audit.folder_in_use", 2)
    given = [str(pack / "entries.jsonl"), "--checkpoints", str(pack / "checkpoints")]
    assert standalone.main([*given, "--key", str(pack / "public.pem")]) == 0
    with sqlite3.connect(centre.home / "hub.sqlite") as database:
        database.execute("UPDATE audit_entry SET actor = 'nobody' WHERE seq = 3")
    database.close()
    found = centre.hub("audit", "verify")
    assert (found.code, found.said["findings"]) == (1, ["altered"])
    assert found.said["altered"] == [3]


def test_from_an_empty_home_to_the_results(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    centre = Centre(tmp_path)
    _people(centre)
    with centre.mocks():
        added = _agreements(centre)
        plan = ("offset", "plan", *MONTH, "--banks", "ICBC")
        centre.hub("offset", "plan", *MONTH, "--banks", "XXXX", by="wang.jing").refused(
            "offset.no_such_bank", 2
        )
        first = centre.hub(*plan, by="wang.jing").said
        assert centre.hub(*plan, by="wang.jing").said == first
        serve = (
            "serve",
            "--home",
            str(centre.home),
            "--port",
            "0",
            "--inbound-port",
            "0",
            "--json",
        )
        with process(*serve, log=tmp_path / "serve.log") as serving:
            assert serving.stdout is not None
            assert '"address": "http://127.0.0.1:' in serving.stdout.readline()
            _approve(centre)
            ran = centre.hub("offset", "run", *MONTH, "--patience", "2m")
            assert (ran.code, ran.said["closed"]) == (0, True)
        assert serving.returncode == 0  # told to end, it ended in good order
    results = tmp_path / "results"
    assert centre.hub("offset", "export", *MONTH, "--out", str(results)).code == 0
    with (results / "outcomes.csv").open(encoding="utf-8", newline="") as file:
        told = [row["YHJC"] for row in csv.DictReader(file)]
    assert (set(told), 0 < len(told) < added) == ({"ICBC"}, True)  # of the month's three banks
    _refusals(centre)
    _audit(centre)
    assert "Traceback" not in (tmp_path / "serve.log").read_text(encoding="utf-8")
    capsys.readouterr()
