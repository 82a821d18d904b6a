"""Running a check in a copy, and reading from its own report which cases were red.

A check that did not come to a verdict (it crashed at its start, a test could not be collected, a
case was left out, it took too long) has noticed nothing: that is ``NoVerdictError``, never red.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub.sample import FOLDER
from tests.chaos.bad_days import LEFT_OUT
from tests.chaos.places import HUB
from tests.defects.copies import Copy
from tests.defects.registry import Check, Way

_LIMIT_S = {Way.DAY: 420.0, Way.KILL: 900.0, Way.TESTS: 240.0, Way.CERTIFICATE: 900.0}
_CRASH = re.compile(
    r"\b(ImportError|ModuleNotFoundError|SyntaxError|NameError|AttributeError|IndentationError)\b"
)
"""What a defect that was put in badly looks like."""
EXPECTED = "expected-outcomes-icbc.csv"


class NoVerdictError(Exception):
    """The check came to no verdict."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a check said: how many cases it ran, and of each red one what was wrong with it."""

    cases: int
    red: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0


def run(check: Check, copy: Copy, place: Path, data: Path) -> Said:
    """Run a check in a copy; raises NoVerdictError.  ``place``: a folder for what it leaves."""
    place.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    said = _WAYS[check.way](check.what, copy, place, data)
    crashed = {case: text for case, text in said.red.items() if _CRASH.search(text)}
    if crashed:
        raise NoVerdictError(f"crashed instead of failing: {_first(crashed)}")
    if not said.cases:
        raise NoVerdictError("no case was run")
    return Said(said.cases, said.red, time.monotonic() - began)


def prepare(copy: Copy, place: Path) -> Path:
    """A folder with the shipped sample and what the untouched code makes of an undisturbed month.

    A defective copy must not be asked what to expect.
    """
    data = place / "data"
    shutil.copytree(FOLDER, data)
    script = (
        "import sys, pathlib; from tests.chaos.__main__ import undisturbed;"
        "print(undisturbed(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])))"
    )
    out = _finish([sys.executable, "-c", script, str(place / "undisturbed"), str(data)], copy, 420)
    if out.code != 0:
        raise NoVerdictError(f"the undisturbed month did not close: {out.tail}")
    shutil.copyfile(place / "undisturbed" / "outcomes.csv", data / EXPECTED)
    return data


@dataclass(frozen=True, slots=True)
class _Ended:
    code: int
    tail: str


def _finish(words: Sequence[str], copy: Copy, limit_s: float) -> _Ended:
    """Run a command of the copy to its end, in a group of its own that ends with it."""
    with (copy.root / ".said").open("w+b") as said:
        process = subprocess.Popen(
            words, cwd=copy.root, env=copy.environment(), stdout=said, stderr=said,
            stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        try:
            process.wait(limit_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise NoVerdictError(f"no verdict after {limit_s:.0f} s") from None
        said.seek(0)
        return _Ended(process.returncode, said.read().decode("utf-8", "replace")[-600:].strip())


def _read(path: Path, ended: _Ended) -> Any:
    if not path.is_file():
        raise NoVerdictError(f"it ended with {ended.code} and no report: {ended.tail}")
    return json.loads(path.read_text("utf-8"))


def _chaos(words: Sequence[str], copy: Copy, place: Path, data: Path, way: Way) -> Any:
    report, work = place / "report.json", place / "work"
    command = [sys.executable, "-m", "tests.chaos", "--quick", "--patience", "40s"]
    command += ["--data", str(data)]
    command += ["--place", str(work), "--json", str(report), *words]
    ended = _finish(command, copy, _LIMIT_S[way])
    shutil.rmtree(work, ignore_errors=True)
    return _read(report, ended)


def _day(what: str, copy: Copy, place: Path, data: Path) -> Said:
    lived = _chaos(["--bad-days", "--only", what], copy, place, data, Way.DAY)
    mine = [one for one in lived["days"] if one["name"] == what]
    if not mine or mine[0]["said"].startswith(LEFT_OUT):
        raise NoVerdictError(f"the day was not lived: {[one['said'] for one in mine]}")
    problems = "; ".join(mine[0]["problems"])
    return Said(1, {what: problems} if problems else {})


def _kill(what: str, copy: Copy, place: Path, data: Path) -> Said:
    report = _chaos(what.split(), copy, place, data, Way.KILL)
    red = {
        f"run {ran['number']}": "; ".join([*ran["verdict"]["problems"], ran["audit"]])
        for ran in report["runs"]
        if ran["verdict"]["problems"] or ran["audit"]
    }
    return Said(int(report["kills"]), red)


def _tests(what: str, copy: Copy, place: Path, data: Path) -> Said:
    report = place / "junit.xml"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    command += ["-p", "tests.defects.steady", *what.split()]
    command += ["--basetemp", str(place / "temp"), "--junitxml", str(report)]
    ended = _finish(command, copy, _LIMIT_S[Way.TESTS])
    shutil.rmtree(place / "temp", ignore_errors=True)
    if not report.is_file():
        raise NoVerdictError(f"pytest ended with {ended.code} and no report: {ended.tail}")
    cases = list(ET.parse(report).iter("testcase"))
    for case in cases:
        wrong = case.find("error")
        if wrong is not None:
            raise NoVerdictError(f"{case.get('name')} could not run: {wrong.get('message')}")
    ran = [case for case in cases if case.find("skipped") is None]
    red = {
        str(case.get("name")): f"{failure.get('message')}\n{failure.text}"
        for case in ran
        if (failure := case.find("failure")) is not None
    }
    return Said(len(ran), red)


def _certificate(what: str, copy: Copy, place: Path, data: Path) -> Said:
    out = place / "certificates"
    command = [*HUB, "certify", what, "--against", "mock", "--timeout", "3s", "--json"]
    command += ["--home", str(place / "home"), "--out", str(out)]
    ended = _finish(command, copy, _LIMIT_S[Way.CERTIFICATE])
    report = _read(next(out.glob("*.json"), out / "report.json"), ended)
    cases = {f"{case['number']} {case['title']}": case for case in report["cases"]}
    red = {name: case["why"] for name, case in cases.items() if case["verdict"] == "failed"}
    if not red and report["mandatory_untried"]:
        raise NoVerdictError(f"mandatory cases were not tried: {report['mandatory_untried']}")
    return Said(len(cases), red)


_WAYS: Mapping[Way, Callable[[str, Copy, Path, Path], Said]] = {
    Way.DAY: _day,
    Way.KILL: _kill,
    Way.TESTS: _tests,
    Way.CERTIFICATE: _certificate,
}


def _first(red: Mapping[str, str]) -> str:
    case, text = next(iter(red.items()))
    return f"{case}: {' '.join(text.split())[:300]}"
