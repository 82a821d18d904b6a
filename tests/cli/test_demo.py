"""`hub demo` on a database of the visitor's choice, on a port that is taken, in a folder in use."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.kit import process, run
from tests.conftest import postgres_schema

_QUICK = ("--once", "--port", "0")


@pytest.fixture
def postgres() -> Iterator[str]:
    """An empty schema of the test server."""
    yield from postgres_schema()


def test_the_folder_remembers_its_database(tmp_path: Path, postgres: str) -> None:
    out = tmp_path / "demo"
    words = ("demo", "--out", str(out), *_QUICK)
    done = run(*words, "--json", env={"HUB_DATABASE_URL": postgres})
    assert (done.code, done.said["closed"]) == (0, True), done.err
    assert not (out / "hub/hub.sqlite").exists()
    before = (out / "outcomes.csv").read_bytes()

    again = run(*words)  # without the variable: hub.toml knows it
    assert again.code == 0, again.err
    assert (out / "outcomes.csv").read_bytes() == before
    status = run("offset", "status", "--month", "2025-10", "--home", str(out / "hub"), "--json")
    assert status.said["state"] == "closed"

    other = {"HUB_DATABASE_URL": f"sqlite:///{tmp_path / 'other.sqlite'}"}
    run(*words, env=other).refused("demo.other", 2)
    run(*words, "--month", "2025-11").refused("demo.other", 2)
    assert not (tmp_path / "other.sqlite").exists()


def test_a_port_that_is_taken_and_a_folder_in_use(tmp_path: Path) -> None:
    out = tmp_path / "demo"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        words = ("demo", "--by-hand", "--out", str(out), "--port", port)
        with process(*words, log=tmp_path / "log") as demo:
            assert demo.stdout is not None
            assert f":{port}/" not in demo.stdout.readline()
            assert f"port {port} is taken" in (tmp_path / "log").read_text(encoding="utf-8")
            run("demo", "--out", str(out), *_QUICK).refused("demo.busy", 2)
            tokens = sorted(path.name for path in (out / "hub/people").iterdir())
            assert tokens == ["demo-admin.token", "demo-approver.token", "demo-handler.token"]
        assert demo.returncode == 143


def test_data_that_is_not_there(tmp_path: Path) -> None:
    run("demo", "--out", str(tmp_path / "demo"), "--data", str(tmp_path), *_QUICK).refused(
        "demo.no_data", 2
    )
    run("demo", "--out", str(tmp_path / "x"), "--banks", "XXXX", *_QUICK).refused("demo.other", 2)
    wrong = run("demo", "--out", str(tmp_path / "y"), "--patience", "soon", *_QUICK, "--json")
    wrong.refused("cli.bad_duration", 2)
    assert json.loads(wrong.err)["hint"]
