"""Runs a suite against an endpoint, case by case; what comes of it is a Report."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from hub import __version__
from hub.certify.acts import acts_of
from hub.certify.acts.stage import BadStep, Stage, Untried, crowd_of, opening
from hub.certify.coverage import Meter
from hub.certify.endpoint import Endpoint
from hub.certify.report import FORMAT, Report, verdict_of
from hub.certify.showing import Shower
from hub.certify.suite import Case, Step, Suite
from hub.contracts import codes_told
from hub.kernel.clocks import SystemClock, from_us, monotonic
from hub.kernel.errors import HubError
from hub.kernel.settings import ENVIRONMENT_WORDS
from hub.wire import CallRecord

Plain = dict[str, Any]
_MOST_CALLS = 4
"""Calls of one step that a report shows whole; of the others only how many there were."""


def run_suite(
    suite: Suite,
    endpoint: Endpoint,
    *,
    environment: str,
    only: Sequence[str] = (),
    ask: Callable[[str], bool] | None = None,
    each: Callable[[Plain], None] = lambda _: None,
    by: str = "",
) -> Report:
    """Run every case (``only``: those whose number begins so; the others are untried).

    ``ask`` puts an arrangement to a person and says whether it is made; ``each`` hears of every
    case as it ends; ``by`` is who ran it, as they say.
    """
    clock = SystemClock()
    began = clock.now()
    running = _Running(suite, endpoint, ask, _numbers(f"9{began:%y%m%d%H%M%S}"))
    cases = []
    for case in suite.cases:
        wanted = not only or any(case.number.startswith(one) for one in only)
        cases.append(running.run(case) if wanted else running.left_out(case, "本次没有选这一项"))
        each(cases[-1])
    contract = suite.contract
    timing = contract.timing
    deviations = []
    if endpoint.timeout_s != timing.call_timeout_s:
        deviations.append(
            f"一次调用的时限：规范 {timing.call_timeout_s} 秒，本次 {endpoint.timeout_s:g} 秒"
        )
    return Report.sealed(
        {
            "format": FORMAT,
            "interface": contract.interface,
            "name": contract.name,
            "partner": {"code": contract.partner.code, "name": contract.partner.name},
            "contract": {"version": contract.version, "digest": suite.digest},
            "software": __version__,
            "against": {
                "kind": endpoint.kind,
                "endpoints": endpoint.urls,
                "steered": endpoint.control is not None,
            },
            "environment": ENVIRONMENT_WORDS[environment],
            "by": by,
            "began": began.isoformat(timespec="milliseconds"),
            "ended": clock.now().isoformat(timespec="milliseconds"),
            "deviations": deviations,
            **verdict_of(cases),
            "cases": cases,
            "not_applicable": [
                {"number": number, "why": why} for number, why in suite.not_applicable.items()
            ],
            "coverage": running.meter.found(),
        }
    )


class _Running:
    def __init__(
        self,
        suite: Suite,
        endpoint: Endpoint,
        ask: Callable[[str], bool] | None,
        numbers: Iterator[str],
    ) -> None:
        self.meter = Meter(suite.contract)
        if endpoint.ear is not None:
            endpoint.ear.told = self.meter.looked_up
        self._suite = suite
        self._endpoint = endpoint
        self._ask = ask
        self._numbers = numbers
        self._acts = acts_of(suite.port).Acts
        self._shower = _shower(suite, endpoint)

    def run(self, case: Case) -> Plain:
        """One case to its verdict: ``passed``, ``failed`` or ``untried``."""
        began, started = SystemClock().now(), monotonic()
        stage: Stage = self._acts(self._suite, self._endpoint, self._ask, self._numbers)
        steps: list[Plain] = []
        verdict, why = "passed", ""
        with codes_told(self.meter.looked_up):
            try:
                self._endpoint.begin_case(opening(self._suite))
                stage.opened()
                for step in case.steps:
                    short = self._step(stage, step, steps)
                    if short:
                        verdict, why = "failed", "；".join(short)
                        break
            except Untried as reason:
                verdict, why = "untried", str(reason)
            except (BadStep, KeyError, TypeError, ValueError) as error:
                verdict, why = "failed", f"测试案例本身有误：{type(error).__name__} {error}"
            except HubError as error:
                verdict, why = "failed", f"{error.message} [{error.code}]"
            finally:
                self._endpoint.end_case()
        self.meter.case_over(stage.codes, stage.rungs, stage.calls)
        return {
            **_head(case),
            "verdict": verdict,
            "why": self._shower.mask(why),
            "began": began.isoformat(timespec="milliseconds"),
            "millis": round((monotonic() - started) * 1000),
            "steps": steps,
        }

    def left_out(self, case: Case, why: str) -> Plain:
        """A case that was not run."""
        now = SystemClock().now().isoformat(timespec="milliseconds")
        return {
            **_head(case), "verdict": "untried", "why": why, "began": now, "millis": 0, "steps": [],
        }  # fmt: skip

    def _step(self, stage: Stage, step: Step, steps: list[Plain]) -> list[str]:
        before, notes = len(stage.calls), len(stage.drifts)
        told: Plain = {
            "do": step.do,
            "says": step.says,
            "given": self._shower.mask_plain(_plain(step.given)),
            "expected": self._shower.mask_plain(_plain(step.expect)),
            "short": [],
            "calls": [],
            "drifts": [],
        }
        steps.append(told)
        try:
            short = stage.do(step)
        finally:
            calls = stage.calls[before:]
            told["calls"] = [self._call(one) for one in _few(calls)]
            told["more_calls"] = max(len(calls) - _MOST_CALLS, 0)
            told["drifts"] = [
                self._shower.mask(f"{one.place}：应为 {one.expected}，实为 {one.found}")
                for one in stage.drifts[notes:][:10]
            ]
            told["found"] = self._shower.mask_plain(stage.last)
        told["short"] = [self._shower.mask(one) for one in short]
        return short

    def _call(self, record: CallRecord) -> Plain:
        return {
            "step": record.step,
            "effect": record.effect,
            "target": record.target,
            "at": from_us(record.started_us).isoformat(timespec="milliseconds"),
            "millis": round((record.ended_us - record.started_us) / 1000),
            "status": record.status,
            "outcome": record.outcome.value,
            "error": self._shower.mask(record.error),
            "request": self._shower.show(record.request),
            "reply": self._shower.show(record.reply),
        }


def _numbers(prefix: str) -> Iterator[str]:
    """20 digits: a 9, the second this certificate began, a counter."""
    for place in itertools.count(1):
        yield f"{prefix}{place:07d}"


def _head(case: Case) -> Plain:
    return {
        "number": case.number, "title": case.title, "shows": case.shows, "clause": case.clause,
        "mandatory": case.mandatory,
    }  # fmt: skip


def _few(calls: Sequence[CallRecord]) -> Sequence[CallRecord]:
    """The first ones and the last."""
    if len(calls) <= _MOST_CALLS:
        return calls
    return [*calls[: _MOST_CALLS - 1], calls[-1]]


def _plain(given: Any) -> Any:
    match given:
        case dict():
            return {str(key): _plain(value) for key, value in given.items()}
        case list() | tuple():
            return [_plain(value) for value in given]
        case str() | int() | float() | bool() | None:
            return given
        case _:
            return str(given)


def _shower(suite: Suite, endpoint: Endpoint) -> Shower:
    arranged = endpoint.arranged
    people = [*suite.subjects.values(), *crowd_of(suite), *arranged.subjects.values(),
              *arranged.crowd]  # fmt: skip
    names = [str(one[key]) for one in people for key in ("borrower_name", "name") if key in one]
    keys = ("borrower_id", "repayment_account", "account", "id_number", "phone")
    numbers = [str(one[key]) for one in people for key in keys if key in one]
    layouts = suite.contract.layouts.values()
    return Shower(suite.contract.charset, names, numbers, endpoint.credentials(), layouts)
