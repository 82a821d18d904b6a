"""Remote sessions by the commands: asked for by 运维方, agreed to by 中心, marked, ended, told."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from hub.app.command_log import read_commands
from hub.app.hub import Hub
from hub.crypto import sm3_hex
from hub.kernel.settings import Settings
from hub.people.remote_tables import remote_session
from tests.cli.kit import Centre


@pytest.fixture
def centre(tmp_path: Path) -> Centre:
    made = Centre(tmp_path)
    assert made.hub("db", "upgrade").code == 0
    assert made.add("wang", "reviewer,administrator").code == 0
    for login, party in (("yun", "operator"), ("wei", "operator"), ("jian", "supervisor")):
        answer = made.hub("people", "add", login, "--name", "某人", "--roles", "handler",
                          "--party", party, by="wang")  # fmt: skip
        assert answer.code == 0, answer.err
        made.tokens[login] = made.out / f"{login}.token"
        made.tokens[login].write_text(answer.said["token"], encoding="utf-8")
    return made


def ask(centre: Centre, *more: str, by: str = "yun") -> tuple[int, int]:
    answer = centre.hub("session", "open", "--reason", "查工行不通", "--evidence", "派单 7", *more,
                        by=by)  # fmt: skip
    assert answer.code == 0, answer.err
    return answer.said["session"], answer.said["approval"]


def state(centre: Centre, number: int) -> str:
    found = {one["id"]: one["state"] for one in centre.hub("session", "list").said["sessions"]}
    return str(found[number])


def note(centre: Centre, by: str = "yun") -> str:
    """Any command that takes a token; what it said on stderr."""
    return centre.hub("incident", "note", "7", "--say", "看看", by=by).err


def required(centre: Centre) -> None:
    with (centre.home / "hub.toml").open("a", encoding="utf-8") as file:
        file.write('remote_sessions = "required"\n')


def test_from_asking_to_the_end_with_its_commands(centre: Centre, tmp_path: Path) -> None:
    order = tmp_path / "派单.txt"
    order.write_text("请远程处理", encoding="utf-8")
    number, approval = ask(centre, "--evidence", str(order))
    assert state(centre, number) == "asked"
    assert "还没有经中心确认" in note(centre)
    centre.hub("approve", str(approval), by="yun").refused("people.same_person", 1)
    centre.hub("approve", str(approval), by="wei").refused("people.wrong_party", 1)
    assert centre.hub("approve", str(approval), by="wang").code == 0
    assert state(centre, number) == "open"
    assert "远程运维会话" not in note(centre)
    note(centre, by="wei")
    assert centre.hub("session", "close", str(number), "--reason", "已修复", by="yun").code == 0
    note(centre)
    seen = centre.hub("session", "show", str(number)).said
    assert (seen["state"], seen["confirmed_by"], seen["closed_by"]) == ("closed", "wang", "yun")
    assert (seen["evidence"], seen["evidence_sm3"]) == (
        "派单.txt", sm3_hex(order.read_bytes())
    )  # fmt: skip
    # What was run in it is its record: not what came before and after, nor another's.
    assert [one["argv"][:2] for one in seen["commands"]] == [["incident", "note"],
                                                            ["session", "close"]]  # fmt: skip
    marked = [one for one in read_commands(centre.home, 0, 2**62) if one.session == number]
    assert {one.login for one in marked} == {"yun"}
    assert centre.hub("commands", "verify").said["anchors"] == 2


def test_where_one_is_required_nothing_is_done_without(centre: Centre) -> None:
    required(centre)
    centre.hub("incident", "note", "7", "--say", "x", by="yun").refused("session.needed", 1)
    number, approval = ask(centre, "--for", "30m")
    assert "还没有经中心确认" in note(centre)
    assert centre.hub("approve", str(approval), by="wang").code == 0
    assert "incident.none" in note(centre)  # let through: there is no incident 7
    assert "incident.none" in note(centre, by="wang")  # 中心 needs none
    with Hub(Settings.load(centre.home)) as hub, hub.store.write() as tx:
        tx.execute(sa.update(remote_session).values(until_us=1))
    assert state(centre, number) == "expired"
    said = note(centre)
    assert "已到期" in said
    assert "session.needed" in said
    assert ask(centre)[0] == number + 1


def test_what_is_refused(centre: Centre) -> None:
    words = ("session", "open", "--reason", "x", "--evidence", "y")
    centre.hub(*words, by="wang").refused("session.not_yours", 1)
    centre.hub(*words, by="jian").refused("people.act_not_yours", 1)
    centre.hub(*words, "--for", "25h", by="yun").refused("session.bad", 2)
    number, approval = ask(centre)
    centre.hub(*words, by="yun").refused("session.open_already", 1)
    centre.hub("session", "close", str(number), "--reason", "x", by="wei").refused(
        "session.not_yours", 1
    )
    assert centre.hub("session", "close", str(number), "--reason", "不用了", by="wang").code == 0
    centre.hub("approve", str(approval), by="wang").refused("session.none", 2)
    centre.hub("session", "close", "9", "--reason", "x", by="wang").refused("session.none", 2)
    centre.hub("session", "show", "9").refused("session.none", 2)
