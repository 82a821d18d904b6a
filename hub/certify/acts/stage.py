"""What the acts of every port share: arranging, the clock, calls with their ends, references."""

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar

from hub.certify.endpoint import Endpoint
from hub.certify.expect import misses
from hub.certify.suite import Step, Suite
from hub.certify.tamper import AlteredLine, Keeper
from hub.kernel.clocks import SHANGHAI, monotonic
from hub.kernel.errors import BadInput, HubError
from hub.ports.line import Drift, Line, LineNotSent, PartnerRefused
from hub.ports.probe import ProbeResult
from hub.wire import CallRecord

T = TypeVar("T")
Plain = dict[str, Any]
_PAUSE_S = 0.25
_PATIENCE_S = 20.0
_CALL_WORDS = {"tamper", "wrong_secret", "wrong_value", "ahead_s", "until", "patience_s"}


class Untried(Exception):
    """This case cannot be tried here; the text says what it would take."""


class BadStep(Exception):
    """A step that the vocabulary does not understand; the text names it."""


class Stage:
    """One case under way.  Each act answers plain values, which ``expect`` is held against.

    ``outcome`` of a call: ``answered``; ``not_sent`` for certain; ``refused`` for good (the
    contract's code table marks the code final); ``unknown``, for everything else that went wrong;
    ``bad_input`` when the adapter itself would not have it.  ``effects`` counts the calls with an
    effect that left.
    """

    def __init__(
        self,
        suite: Suite,
        endpoint: Endpoint,
        ask: Callable[[str], bool] | None,
        numbers: Iterator[str],
    ) -> None:
        self.suite = suite
        self.endpoint = endpoint
        self.calls: list[CallRecord] = []
        self.drifts: list[Drift] = []
        self.codes: set[str] = set()
        self.rungs: set[str] = set()
        self.last: Plain = {}
        self._ask = ask
        self._numbers = numbers
        self._earlier: dict[str, Any] = {}

    def opened(self) -> None:
        """The case begins: business time stands where it should."""

    # --- the words every port has ---

    def do(self, step: Step) -> list[str]:
        """Carry out one step; what it fell short of.  Raises Untried, BadStep, HubError."""
        self.last = {}
        act = getattr(self, f"do_{step.do}", None)
        if act is None:
            raise BadStep(f"没有步骤 {step.do}")
        until = monotonic() + float(step.given.get("patience_s", _PATIENCE_S))
        while True:
            found = self.last = act(dict(step.given))
            short = misses(step.expect, found)
            if not short or not step.given.get("until") or monotonic() > until:
                return short
            time.sleep(_PAUSE_S)

    def do_arrange(self, given: Plain) -> Plain:
        """``name``: one of the suite's arrangements (null: none is needed); ``with``: what to fill
        its ``%names`` with."""
        if given["name"] is None:
            return {}
        one = self.suite.arrangements[given["name"]]
        if self.endpoint.control is None or not one.control:
            self._by_hand(one.name, one.by_hand)
            return {}
        for wanted in one.control:
            body = self._referred(wanted.get("body", {}), given.get("with", {}))
            self.endpoint.steer(str(wanted["post"]), body)
        return {}

    def do_clock(self, given: Plain) -> Plain:
        """``days`` later and, ``at`` "HH:MM", that time of day."""
        days, at = int(given.get("days", 0)), given.get("at")
        if not self.endpoint.steers_clock:
            when = f"{days} 天之后" if days else "当天"
            self._by_hand("clock", f"等到{when}{at or ''}再继续")
            return {}
        moment = self.endpoint.clock.now() + timedelta(days=days)
        if at is not None:
            hour, minute = (int(part) for part in str(at).split(":"))
            moment = moment.replace(hour=hour, minute=minute)
        self.endpoint.set_clock(moment)
        return {}

    def do_probe(self, given: Plain) -> Plain:
        """A sign of life."""
        ended, said = self.call(given, lambda port, line: port.probe(line))
        if isinstance(said, ProbeResult):
            ended |= {"reachable": said.reachable, "usable": said.usable, "code": said.code}
            self.codes.add(said.code)
        return ended

    # --- for the ports' own acts ---

    def call(
        self, given: Plain, ask: Callable[[Any, Line], T], *, effect: bool = False
    ) -> tuple[Plain, T | None]:
        """One call of the port on a line of its own, altered as the step says."""
        endpoint = self.endpoint
        port, wire = endpoint.port, None
        if _CALL_WORDS & {"wrong_secret", "wrong_value", "ahead_s"} & given.keys():
            port, wire = endpoint.wrongly(
                wrong_secret=str(given.get("wrong_secret", "")),
                values=given.get("wrong_value", {}),
                ahead_s=int(given.get("ahead_s", 0)),
            )
        line, keeper = endpoint.open_line(wire)
        spec = self.suite.tampers[given["tamper"]] if "tamper" in given else {}
        altered = AlteredLine(line, spec, self._earlier)
        try:
            ended, said = _ended(keeper, ask, port, altered, effect=effect)
        finally:
            if wire is not None:
                wire.close()
            self.calls += keeper.calls
            self.drifts += line.drift.drifts
        if spec and not altered.done:
            raise BadStep(f"改动 {given['tamper']} 没有碰到任何报文")
        self.codes.add(str(ended.get("code", "")))
        ended["drifts"] = len(line.drift.drifts)
        return ended, said

    def subject(self, name: str) -> Mapping[str, Any]:
        """A test loan or account by name: the tester's, else the suite's.  Raises Untried."""
        given = self.endpoint.arranged.subjects
        if name in given:
            return {**self.suite.subjects.get(name, {}), **given[name]}
        if self.endpoint.kind != "mock" and self.endpoint.control is None:
            raise Untried(f"没有给出测试户 {name}：写进 --arrange 文件的 subjects")
        if name not in self.suite.subjects:
            raise BadStep(f"没有测试户 {name}")
        return self.suite.subjects[name]

    def crowd(self) -> list[Mapping[str, Any]]:
        """The many test loans or accounts.  Raises Untried when there are none."""
        if self.endpoint.arranged.crowd:
            return list(self.endpoint.arranged.crowd)
        if self.endpoint.kind != "mock" and self.endpoint.control is None:
            raise Untried("没有给出成批的测试户：写进 --arrange 文件的 crowd")
        return list(crowd_of(self.suite))

    def number(self, digits: int = 20) -> str:
        """A number that no other certificate uses, of that many digits."""
        return next(self._numbers)[-digits:]

    def refer(self, name: str) -> str:
        """What ``#name`` in an arrangement stands for; ports override it."""
        raise BadStep(f"#{name} 在这里没有意思")

    def _by_hand(self, name: str, text: str) -> None:
        if name in self.endpoint.arranged.arranged:
            return
        if self._ask is None or not self._ask(text):
            raise Untried(f"须由对方安排（{name}）：{text}")

    def _referred(self, raw: Any, given: Mapping[str, Any]) -> Any:
        match raw:
            case dict():
                return {key: self._referred(value, given) for key, value in raw.items()}
            case list():
                return [self._referred(value, given) for value in raw]
            case str() if raw.startswith("%"):
                return given[raw[1:]]
            case str() if raw.startswith("#"):
                return self.refer(raw[1:])
            case _:
                return raw


def crowd_of(suite: Suite) -> list[Mapping[str, Any]]:
    """The suite's crowd written out: ``count`` entries, ``{n}`` in their texts is the place."""
    crowd = suite.crowd
    count = int(crowd.get("count", 0))
    return [
        {
            key: value.replace("{n}", f"{place:06d}") if isinstance(value, str) else value
            for key, value in crowd["like"].items()
        }
        for place in range(1, count + 1)
    ]


def opening(suite: Suite) -> datetime:
    """The business moment at which every case begins where the clock can be set."""
    return datetime.fromisoformat(f"{suite.business_day}T09:30:00").replace(tzinfo=SHANGHAI)


def pages_of(
    fetch: Callable[[str | None], tuple[Plain, Any]], most: int = 200
) -> tuple[Plain, list[Any]]:
    """Every page, one after the other; ``outcome`` of the last, ``pages`` how many."""
    pages: list[Any] = []
    tag: str | None = None
    while True:
        ended, page = fetch(tag)
        if page is None:
            return {**ended, "pages": len(pages)}, pages
        pages.append(page)
        tag = page.next_page
        if tag is None or len(pages) >= most:
            return {**ended, "pages": len(pages)}, pages


def _ended(
    keeper: Keeper, ask: Callable[[Any, Line], T], port: Any, line: Line, *, effect: bool
) -> tuple[Plain, T | None]:
    """As the bus judges: before the effect nothing was sent; in it or after only a final code
    is a refusal, all else is unknown."""
    try:
        said = ask(port, line)
    except BadInput as error:
        outcome = "unknown" if keeper.maybe_sent else "bad_input"
        return _end(outcome, error.code, keeper), None
    except PartnerRefused as error:
        unsent = effect and not keeper.maybe_sent
        outcome = "not_sent" if unsent else "refused" if error.final else "unknown"
        return _end(outcome, error.partner_code, keeper), None
    except HubError as error:
        unsent = not keeper.maybe_sent and (effect or isinstance(error, LineNotSent))
        return _end("not_sent" if unsent else "unknown", error.code, keeper), None
    return _end("answered", "", keeper), said


def _end(outcome: str, code: str, keeper: Keeper) -> Plain:
    return {"outcome": outcome, "code": code, "effects": keeper.effects}
