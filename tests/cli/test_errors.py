"""Whatever is asked wrongly, a person reads one message with a code and what to do."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
import typer
from rich.cells import cell_len
from sqlalchemy.exc import OperationalError
from typer.testing import CliRunner

from hub.cli.common import (
    BadDuration,
    BadTokenFile,
    clean_errors,
    listed,
    seconds,
    token_of,
)  # fmt: skip
from hub.cli.main import app
from hub.cli.people import NoSuchRole, roles_of
from hub.cli.progress import figures_text, padded
from hub.offset.totals import NAMES, Figure
from tests.cli.kit import HUB, environment, run


@pytest.mark.parametrize(
    ("text", "found"), [("90s", 90.0), ("10m", 600.0), ("1h", 3600.0), ("7", 7.0), (" 1.5m ", 90.0)]
)
def test_times(text: str, found: float) -> None:
    assert seconds(text) == found


@pytest.mark.parametrize("text", ["", "m", "10x", "-5s", "nan", "inf", "1e3", "10 m"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(BadDuration):
        seconds(text)


def test_lists_of_codes() -> None:
    assert listed(" ICBC,,CCB, ICBC ") == ("CCB", "ICBC")
    with pytest.raises(NoSuchRole, match="boss"):
        roles_of("handler,boss")


def test_a_tokens_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(BadTokenFile, match="No such file"):
        token_of(tmp_path / "none")
    with pytest.raises(BadTokenFile, match="directory"):
        token_of(tmp_path)
    (tmp_path / "picture").write_bytes(b"\x89PNG\xff\xfe")
    with pytest.raises(BadTokenFile, match="not a text file"):
        token_of(tmp_path / "picture")


def _raising(error: BaseException, *, as_json: bool = False) -> tuple[int, str]:
    command = typer.Typer()

    @command.command()
    @clean_errors
    def fail(as_json: bool = False) -> None:
        raise error

    done = CliRunner().invoke(command, ["--as-json"] if as_json else [])
    assert "Traceback" not in done.output
    return done.exit_code, done.stderr


def test_nobody_sees_a_traceback() -> None:
    away = OperationalError("SELECT 6222083230853674213", {}, Exception("no such table: person"))
    code, said = _raising(away)
    assert (code, "store.statement_failed" in said, "no such table" in said) == (1, True, True)
    assert "6222083230853674213" not in said
    code, said = _raising(RuntimeError("6222083230853674213"))
    assert (code, "hub.unforeseen" in said, "622208" in said) == (1, True, False)
    full = OSError(28, "No space left on device", "hub.sqlite")
    code, said = _raising(full, as_json=True)
    assert code == 1
    assert json.loads(said)["code"] == "system.refused"
    assert _raising(KeyboardInterrupt())[0] == 130


@pytest.mark.parametrize(
    "words",
    [
        ["people", "add", "a.b", "--name", "王", "--party", "nobody"],
        ["serve", "--port", "70000"],
        ["demo", "--port", "-1"],
        ["approve", "seven"],
        ["offset", "submit", "--month", "2025-10", "--reason", "x", "--wave", "0"],
        ["nonsense"],
    ],
)
def test_wrong_words_are_told_before_anything_happens(words: list[str], tmp_path: Path) -> None:
    done = CliRunner().invoke(app, words, env={"HUB_HOME": str(tmp_path / "home")})
    assert done.exit_code == 2
    assert not (tmp_path / "home").exists()


def test_settings_that_do_not_fit(tmp_path: Path) -> None:
    (tmp_path / "hub.toml").write_text("envronment = 'demo'\n", encoding="utf-8")
    run("people", "list", "--home", str(tmp_path)).refused("settings.misconfigured", 2)


def test_a_reader_that_has_enough_is_no_error(tmp_path: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as nobody:
        done = subprocess.run(
            [str(HUB), "mocks", "list"], stdout=nobody, stderr=subprocess.PIPE, text=True,
            env=environment(HUB_HOME=str(tmp_path)), timeout=60, check=False,
        )  # fmt: skip
    assert done.stderr == ""
    assert done.returncode in (1, 141)


def test_columns_line_up_though_chinese_is_wide() -> None:
    assert [cell_len(padded(word, 9)) for word in ("计划", "解除占用", "a")] == [9, 9, 9]
    totals = dict.fromkeys(NAMES, Figure())
    totals["planned"], totals["released"] = Figure(269, 170801036), Figure(5, 1869343)
    widths = {cell_len(line) for line in figures_text(totals).splitlines()}
    assert len(widths) == 1


def test_ctrl_c_and_sigterm_end_a_demo_in_good_order(tmp_path: Path) -> None:
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        out = tmp_path / f"demo{code}"
        begun = subprocess.Popen(
            [str(HUB), "demo", "--by-hand", "--out", str(out), "--port", "0"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(),
        )  # fmt: skip
        assert begun.stdout is not None
        assert "run board: http://127.0.0.1:" in begun.stdout.readline()
        mocks = [int(one["pid"]) for one in json.loads(_read(out / "mocks/ports.json")).values()]
        begun.send_signal(number)
        _, said = begun.communicate(timeout=60)
        assert begun.returncode == code
        assert "Traceback" not in said
        deadline = time.monotonic() + 10
        while any(_alive(pid) for pid in mocks):
            assert time.monotonic() < deadline, "a mock lives on"
            time.sleep(0.05)


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"
