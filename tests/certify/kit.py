"""``hub certify`` as people run it, and mock partners that are already up and told to misbehave."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from hub.app.discover import discover
from hub.certify import Arranged, Report, Suite, load_suite, open_address, run_suite
from hub.certify.acts import acts_of
from hub.certify.report import verdict_of
from hub.contracts import load_contract
from hub.kernel.clocks import SystemClock
from hub.kernel.settings import Settings
from tests.cli.kit import Answer, environment, run
from tests.mocks.running import ROOT, Mock

QUICK = ("--timeout", "2s")
"""A call's timeout for one that is never answered; the contract's is 15 s, and a report says so."""


@dataclass(frozen=True)
class Certificate:
    """What a run of the command left."""

    answer: Answer
    body: dict[str, Any]
    home: Path


def verdicts(body: dict[str, Any]) -> dict[str, str]:
    """Case number → verdict."""
    return {case["number"]: case["verdict"] for case in body["cases"]}


def why(body: dict[str, Any], number: str) -> str:
    """What a case fell short of."""
    return str(next(case["why"] for case in body["cases"] if case["number"] == number))


def certify(home: Path, *words: str) -> Certificate:
    """Run it to its end; the body is empty when no report was written."""
    answer = run("certify", *words, "--json", env=environment(HUB_HOME=str(home)))
    said = json.loads(answer.out) if answer.out else {}
    body = json.loads(Path(said["json"]).read_text("utf-8")) if said else {}
    return Certificate(answer, body, home)


def suite_of(interface: str) -> Suite:
    """The shipped one."""
    group, _, name = interface.partition("-")
    folder = {"bank": "banks", "onething": "one_thing"}.get(group, group)
    return load_suite(load_contract(ROOT / "contracts_spec" / folder / name.replace("-", "_")))


@dataclass(frozen=True)
class Standing:
    """A partner that is up, and how we are known there."""

    mock: Mock
    arranged: Path

    @property
    def urls(self) -> dict[str, str]:
        """The contract's endpoints."""
        return {k: v for k, v in self.mock.urls.items() if k not in ("control", "pid")}

    @property
    def words(self) -> list[str]:
        """Addresses and file for the command line; no control plane."""
        urls = ",".join(f"{name}={url}" for name, url in self.urls.items())
        return ["--against", urls, "--arrange", str(self.arranged), *QUICK]

    def arrange(self, **more: Any) -> None:
        """Add to the file of test accounts."""
        raw = yaml.safe_load(self.arranged.read_text("utf-8"))
        self.arranged.write_text(yaml.safe_dump({**raw, **more}, allow_unicode=True), "utf-8")

    def tried(self, *only: str, steered: bool = True) -> dict[str, Any]:
        """The report of some cases, run in this process, with or without the control plane."""
        settings = Settings(environment="test")
        adapter = discover(settings)[self.mock.partner]
        suite = load_suite(adapter.contract)
        opened = open_address(
            adapter, self.urls, adapter.context(settings, SystemClock()),
            Arranged.read(self.arranged), timeout_s=2.0,
            control=str(self.mock.urls["control"]) if steered else "",
        )  # fmt: skip
        with opened as endpoint:
            return run_suite(suite, endpoint, environment="test", only=only).body


@contextmanager
def standing(interface: str, folder: Path) -> Iterator[Standing]:
    """The bundled mock on the suite's data, as a partner of somebody else's."""
    suite = suite_of(interface)
    data = folder / "data"
    data.mkdir(parents=True)
    acts_of(suite.port).write_data(suite, data)
    mock = Mock(interface, folder / "state", data)
    mock.start()
    contract = suite.contract
    arranged = folder / "arranged.yaml"
    arranged.write_text(
        yaml.safe_dump(
            {
                "values": {name: key.example for name, key in contract.values.items()},
                "secrets": {name: f"state/{interface}/{name}" for name in contract.secrets},
            }
        ),
        "utf-8",
    )
    try:
        yield Standing(mock, arranged)
    finally:
        mock.stop()


def small_report(
    verdict: str,
    began: str = "2025-10-14T09:30:00.000+08:00",
    digest: str = "0" * 64,
    codes: dict[str, Any] | None = None,
    rungs: Sequence[str] = (),
) -> Report:
    """A report of one case with that verdict, on bank-icbc."""
    case = {
        "number": "B301", "title": "一笔划款", "shows": "金额一分不差", "clause": "§5.1",
        "mandatory": True, "verdict": verdict, "why": "rows：<b>应为</b> 是", "began": began,
        "millis": 12, "steps": [],
    }  # fmt: skip
    return Report.sealed(
        {
            "format": 1, "interface": "bank-icbc", "name": "工商银行商贷月对冲",
            "partner": {"code": "ICBC", "name": "工商银行"}, "software": "0",
            "contract": {"version": "1.1.0", "digest": digest},
            "against": {"kind": "mock", "endpoints": {}, "steered": True}, "environment": "演示",
            "by": "", "began": began, "ended": began, "deviations": [], **verdict_of([case]),
            "cases": [case], "not_applicable": [],
            "coverage": {"codes": codes or {}, "rungs": {"touched": [*rungs], "untouched": []}},
        }
    )  # fmt: skip
