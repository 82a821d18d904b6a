"""Runs the console script as people do, and keeps what they would keep: a home, tokens, mocks."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from hub.app.demo_site import Site, write_home
from hub.app.discover import discover
from hub.cli.main import app
from hub.kernel.clocks import SHANGHAI, SharedClock
from hub.kernel.settings import Settings
from hub.sample import FOLDER

HUB = Path(sys.executable).parent / "hub"
WAIT_S = 180.0


@dataclass(frozen=True)
class Answer:
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> dict[str, Any]:
        """Its JSON."""
        found: dict[str, Any] = json.loads(self.out)
        return found

    def refused(self, code: str, exit_code: int) -> None:
        """It failed in the way it should: code and hint on stderr, and no traceback."""
        assert (self.code, f'"{code}"' in self.err or f"[{code}]" in self.err) == (
            exit_code, True,
        ), self  # fmt: skip
        assert "Traceback" not in self.err + self.out
        assert self.out == ""


def environment(**more: str) -> dict[str, str]:
    """This process's, without what would change the hub."""
    kept = {k: v for k, v in os.environ.items() if not k.upper().startswith("HUB_")}
    return kept | more


def run(*words: str, stdin: str = "", env: Mapping[str, str] | None = None) -> Answer:
    """One command to its end; its standard input is no terminal."""
    done = subprocess.run(
        [str(HUB), *words], input=stdin, capture_output=True, text=True, timeout=WAIT_S,
        env=environment(**(env or {})), check=False,
    )  # fmt: skip
    return Answer(done.returncode, done.stdout, done.stderr)


@dataclass
class Centre:
    """One centre: its home folder, its people's token files, its partners' mocks."""

    out: Path
    tokens: dict[str, Path] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        return self.out / "hub"

    def hub(self, *words: str, by: str = "") -> Answer:
        """A command on this home, with JSON, by somebody or nobody.  In this process, for a
        month takes fifty of them and each would import everything anew."""
        given = ["--token-file", str(self.tokens[by])] if by else []
        whole = [*words, "--home", str(self.home), *given, "--json"]
        none = {name: None for name in os.environ if name.upper().startswith("HUB_")}
        done = CliRunner().invoke(app, whole, env=none)
        return Answer(done.exit_code, done.stdout, done.stderr)

    def add(self, login: str, roles: str, by: str = "") -> Answer:
        """Add a person and keep the token as they would."""
        answer = self.hub("people", "add", login, "--name", "欧阳国洋", "--roles", roles, by=by)
        if answer.code == 0:
            self.tokens[login] = self.out / f"{login}.token"
            self.tokens[login].write_text(answer.said["token"] + "\n", encoding="utf-8")
        return answer

    @contextmanager
    def mocks(self) -> Iterator[dict[str, dict[str, str]]]:
        """`hub mocks serve` over the sample, and a hub.toml that faces them."""
        site = Site(self.out)
        SharedClock(site.clock_file).set(datetime(2025, 10, 9, 9, 0, tzinfo=SHANGHAI))
        ports = self.out / "ports.json"
        words = ["mocks", "serve", "--state", str(site.mocks), "--clock", str(site.clock_file)]
        words += ["--ports-file", str(ports), "--environment", "test"]
        with process(*words):
            until(ports.exists)
            said = json.loads(ports.read_text("utf-8"))
            urls = {p: {n: u for n, u in e.items() if n != "pid"} for p, e in said.items()}
            adapters = discover(Settings(home=site.home))
            write_home(site, adapters, urls, {"environment": "test"})
            yield urls
        # Told to end by SIGTERM, as a service manager does: no mock stays behind.
        until(lambda: not any(Path(f"/proc/{one['pid']}").exists() for one in said.values()))


@contextmanager
def process(*words: str, log: Path | None = None) -> Iterator["subprocess.Popen[str]"]:
    """A command that serves; told to end afterwards, and it must."""
    sink = log.open("w") if log else subprocess.DEVNULL
    begun = subprocess.Popen(
        [str(HUB), *words], stdout=subprocess.PIPE, stderr=sink, text=True, env=environment()
    )
    try:
        yield begun
    finally:
        begun.send_signal(signal.SIGTERM)
        try:
            begun.wait(40)
        finally:
            begun.kill()
            begun.wait()
            if begun.stdout is not None:
                begun.stdout.close()
            if log:
                sink.close()  # type: ignore[union-attr]


def until(true: Callable[[], Any], wait_s: float = WAIT_S) -> None:
    """Until it is true, or the test has failed."""
    end = time.monotonic() + wait_s
    while not true():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.1)


SAMPLE = FOLDER / "agreements.csv"
