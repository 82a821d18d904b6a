"""The command log: every command leaves its lines, secrets do not, and tampering is told."""

import json
import signal
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.app.command_anchors import AnchorWatch, check_log
from hub.app.command_log import (
    FILE,
    Command,
    Head,
    append,
    check_file,
    head_of,
    mask_argv,
    read_commands,
)
from hub.app.hub import Hub
from hub.kernel.settings import Settings
from tests.cli.kit import HUB, Centre, environment, until

EVER = (0, 2**62)


@pytest.fixture
def centre(tmp_path: Path) -> Centre:
    made = Centre(tmp_path)
    assert made.hub("db", "upgrade").code == 0
    assert made.add("wang", "handler,administrator").code == 0
    return made


def commands(centre: Centre) -> list[Command]:
    return read_commands(centre.home, *EVER)


def test_who_what_when_on_which_database_and_how_it_ended(centre: Centre) -> None:
    assert centre.hub("people", "list").code == 0
    assert centre.hub("incident", "respond", "7", "--say", "我来 13800138000", by="wang").code == 2
    assert centre.hub("incident", "no-such-command").code == 2
    first, added, listed, respond, wrong = commands(centre)
    assert first.argv[:2] == ("db", "upgrade")  # the command that made the home
    assert (added.argv[:3], added.login) == (("people", "add", "wang"), "")
    assert listed.argv[:2] == ("people", "list")
    assert (respond.login, respond.party, respond.exit_code) == ("wang", "centre", 2)
    assert respond.database.startswith("sqlite:///")
    assert respond.os_user
    assert respond.took_ms is not None
    assert respond.begun_us <= (respond.ended_us or 0)
    assert (wrong.exit_code, wrong.database) == (2, "")
    assert (centre.home / FILE).stat().st_mode & 0o777 == 0o600


def test_no_secret_and_nobodys_name_is_in_it(centre: Centre) -> None:
    token = centre.tokens["wang"].read_text().strip()
    centre.hub("find", "6222021234567894213")
    centre.hub("find", "20190012345")
    centre.hub("incident", "note", "1", "--say", f"{token} 13800138000", by="wang")
    text = (centre.home / FILE).read_text("utf-8")
    for hidden in (token, "欧阳国洋", "6222021234567894213", "20190012345", "13800138000"):
        assert hidden not in text
    assert "****2345" in text


@pytest.mark.parametrize(
    ("given_", "shown"),
    [
        (["--name", "张三", "x"], ["--name", "******", "x"]),
        (["--name=张三"], ["--name=******"]),
        (["--token-file", "a.token"], ["--token-file", "a.token"]),
        (["--say=13800138000"], ["--say=****8000"]),
        (["find", "12345678"], ["find", "****5678"]),
        (["resend", "20251014000000000001"], ["resend", "20251014000000000001"]),
    ],
)
def test_masks(given_: list[str], shown: list[str]) -> None:
    assert mask_argv(given_) == shown


def test_a_killed_command_has_its_beginning(centre: Centre) -> None:
    words = [str(HUB), "serve", "--home", str(centre.home), "--port", "0"]
    begun = subprocess.Popen(
        words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment()
    )
    try:
        until(lambda: any(one.argv[0] == "serve" and one.database for one in commands(centre)))
    finally:
        begun.send_signal(signal.SIGKILL)
        begun.wait()
    served = commands(centre)[-1]
    assert (served.ended_us, served.exit_code) == (None, None)
    assert centre.hub("people", "list").code == 0
    assert centre.hub("commands", "verify").code == 0


def test_what_cannot_be_noted_is_not_begun(centre: Centre) -> None:
    (centre.home / FILE).unlink()
    (centre.home / FILE).mkdir()
    centre.hub("people", "list").refused("cli.not_logged", 1)


def test_commands_at_once_keep_one_chain(centre: Centre) -> None:
    words = [str(HUB), "people", "list", "--home", str(centre.home)]
    running = [
        subprocess.Popen(words, stdout=subprocess.DEVNULL, env=environment()) for _ in range(4)
    ]
    assert [one.wait() for one in running] == [0] * 4
    assert check_file(centre.home, []) == []
    assert sum(one.exit_code == 0 for one in commands(centre)) == 6


def test_a_cut_is_told_once_it_was_anchored(centre: Centre) -> None:
    with Hub(Settings(home=centre.home)) as hub:
        watch = AnchorWatch(hub)
        assert watch.look()
        assert not watch.look()
    log = centre.home / FILE
    whole = log.read_bytes()
    assert centre.hub("commands", "verify").code == 0
    lines = whole.splitlines(keepends=True)
    log.write_bytes(b"".join(lines[:-1]))
    with Hub(Settings(home=centre.home)) as hub:
        assert {flaw.what for flaw in check_log(hub)[2]} == {"cut"}
    answer = centre.hub("commands", "verify")  # its own lines make the file long enough again
    assert (answer.code, "commands.altered" in answer.err) == (1, True)


def _log(folder: Path, count: int) -> tuple[bytes, Head]:
    (folder / FILE).unlink(missing_ok=True)
    for number in range(count):
        append(folder / FILE, {"what": "begin", "id": str(number), "at_us": number, "argv": ["x"],
                               "os_user": "u", "host": "h"})  # fmt: skip
    return (folder / FILE).read_bytes(), head_of(folder)


@given(data=st.data())
def test_any_change_of_what_was_anchored_is_told(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("log")
    whole, head = _log(folder, 4)
    assert check_file(folder, [head]) == []
    lines = whole.splitlines(keepends=True)
    match data.draw(st.sampled_from(("drop", "swap", "edit", "cut"))):
        case "drop":
            del lines[data.draw(st.integers(0, 3))]
        case "swap":
            lines[1], lines[2] = lines[2], lines[1]
        case "edit":
            at = data.draw(st.integers(0, 3))
            lines[at] = lines[at].replace(b'"u"', b'"v"')
        case "cut":
            lines = lines[: data.draw(st.integers(0, 3))]
    (folder / FILE).write_bytes(b"".join(lines))
    assert check_file(folder, [head])


def test_a_torn_line_is_chained_and_said(tmp_path: Path) -> None:
    whole, _ = _log(tmp_path, 2)
    (tmp_path / FILE).write_bytes(whole[:-20])
    append(tmp_path / FILE, {"what": "begin", "id": "z", "at_us": 9, "argv": [], "os_user": "u",
                             "host": "h"})  # fmt: skip
    assert [flaw.what for flaw in check_file(tmp_path, [])] == ["torn"]
    assert [one.id for one in read_commands(tmp_path, *EVER)] == ["0", "z"]
    assert json.loads((tmp_path / FILE).read_text().splitlines()[-1])["prev"]
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0
