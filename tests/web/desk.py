"""A desk in memory: the published month's control totals, moved through a run step by step.

The figures are those of the data set (figures.json, taken from its expected totals), so a page
in a test holds amounts of the size and shape a centre sees.  Progress is in thousandths of each
stage, whole items and whole 分, and the equations are computed from the same totals.
"""

import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

from hub.kernel.errors import HubError, NotAllowed, NotFound, Refused
from hub.kernel.secret import Secret
from hub.web.flow import EQUATIONS
from hub.web.model import (
    AlertRow,
    AuditHead,
    BankRow,
    Board,
    ChannelRow,
    DifferenceRow,
    DriftRow,
    Equation,
    Facet,
    Figure,
    Health,
    HealthCheck,
    ItemFilter,
    ItemLife,
    ItemPage,
    ItemRow,
    Pending,
    PlanBank,
    PlanState,
    PlanWave,
    RunState,
    RunSummary,
    Totals,
    UnknownRow,
)
from tests.web.life import whole_life
from tests.web.moments import DIGEST, MONTH, at

__all__ = ["DIGEST", "MONTH", "MemoryDesk", "at"]

FIGURES = json.loads((Path(__file__).parent / "figures.json").read_text(encoding="utf-8"))
NAMES = {
    "ICBC": "工商银行",
    "GZNX": "贵州农信",
    "CCB": "建设银行",
    "BOC": "中国银行",
    "ABC": "农业银行",
    "BCM": "交通银行",
    "BGZ": "贵州银行",
    "GYB": "贵阳银行",
    "PSBC": "邮储银行",
}
PEOPLE = {"token-of-wang": "王静", "token-of-li": "李建国"}
MINUTE = 60_000_000


def _part(figure: Figure, permille: int) -> Figure:
    return Figure(figure.count * permille // 1000, figure.fen * permille // 1000)


def run_totals(known: dict[str, list[int]], steps: dict[str, int], unknown: Figure) -> Totals:
    """A bank's totals when each step has come so many thousandths of its way."""
    given = Totals(**{name: Figure(*value) for name, value in known.items()})
    planned = given.planned
    held = _part(planned, steps.get("hold", 0))
    instructed = _part(held, steps.get("instruct", 0))
    done = steps.get("result", 0)
    succeeded, failed = _part(given.succeeded, done), _part(given.failed, done)
    if unknown.count and done:
        succeeded = succeeded - unknown
    posted = _part(succeeded, steps.get("post", 0))
    return replace(
        given,
        held=held,
        instructed=instructed,
        succeeded=succeeded,
        failed=failed,
        unknown=unknown if done else Figure(),
        posted=posted,
        released=_part(failed, steps.get("post", 0)),
        credited=_part(posted, steps.get("reconcile", 0)),
    )


def equations(totals: Totals, bank: str) -> tuple[Equation, ...]:
    """E0–E7 of these totals."""

    def side(terms: Any) -> Figure:
        value = Figure()
        for sign, name in terms:
            figure: Figure = getattr(totals, name)
            value = value - figure if sign == "−" else value + figure
        return value

    made = []
    for name, (left_terms, right_terms) in EQUATIONS.items():
        left, right = side(left_terms), side(right_terms)
        if name == "E1":  # short's count is not a class of due records
            right = Figure(right.count - totals.short.count, right.fen)
        made.append(Equation(name, bank, left, right, left - right))
    return tuple(made)


class MemoryDesk:
    """Implements ``hub.web.model.Desk``; tests move it with ``go``."""

    def __init__(self, which: str = "icbc", *, runs: bool = True) -> None:
        self.reads = 0
        self.has_runs = runs
        self.fail: Exception | None = None
        self.plan_state = PlanState.TRIAL
        self.submitter = ""
        self.state = RunState.PLANNED
        self.steps: dict[str, int] = {}
        self.unknown = Figure()
        self.stopped: dict[str, tuple[str, str]] = {}
        self.busy_day = False
        self.now = at(9, 31, 7)
        self.acts: list[tuple[str, ...]] = []
        self._which = FIGURES[which]
        self._lock = threading.Lock()

    # ---- what a test orders ----

    def go(self, state: RunState, **steps: int) -> None:
        """Move the run on; ``busy_day`` fills every panel."""
        with self._lock:
            self.state = state
            self.steps = steps
            if state is not RunState.PLANNED:
                self.plan_state, self.submitter = PlanState.APPROVED, "王静"

    # ---- Desk ----

    def now_us(self) -> int:
        return self.now

    def runs(self) -> tuple[RunSummary, ...]:
        if not self.has_runs:
            return ()
        board = self.board(MONTH)
        t = board.totals
        return (
            RunSummary(
                MONTH,
                board.state,
                len(board.banks),
                t.agreements.count,
                t.planned,
                t.succeeded,
                t.unknown,
                len(board.differences),
                self.now,
            ),
        )

    def board(self, month: str) -> Board:
        with self._lock:
            self.reads += 1
            if self.fail is not None:
                raise self.fail
            if month != MONTH or not self.has_runs:
                raise NotFound(f"there is no run of {month}")
            return self._board()

    def _board(self) -> Board:
        banks, rows = [], []
        total = Totals()
        for number, (code, known) in enumerate(self._which["banks"].items()):
            unknown = self.unknown if number == 0 else Figure()
            totals = run_totals(known, self.steps, unknown)
            total = total + totals
            banks.append(BankRow(code, NAMES[code], totals, "complete", 1, at(8, 30 + number % 20)))
            rows += equations(totals, code)
        closed = self.state is RunState.CLOSED
        return Board(
            month=MONTH,
            state=self.state,
            as_of_us=self.now,
            totals=total,
            banks=tuple(banks),
            equations=(*rows, *equations(total, "")),
            waves=(self._wave(banks),),
            pending=self._pending(),
            differences=self._differences(),
            unknowns=self._unknowns(),
            channels=self._channels(banks),
            drifts=self._drifts(),
            alerts=self._alerts(),
            facets=self._facets(total),
            audit=AuditHead(18_204, DIGEST, 0 if closed else 3, self.now - 4_000_000),
            closed_us=self.now if closed else None,
        )

    def _facets(self, totals: Totals) -> tuple[Facet, ...]:
        done = self.steps.get("result", 0)
        facets = []
        for outcome, reason, count, fen in self._which["facets"]:
            moved = outcome in ("SUCCEEDED", "FAILED")
            figure = _part(Figure(count, fen), done) if moved else Figure(count, fen)
            if figure.count:
                facets.append(Facet(outcome, reason, figure))
        under_way = totals.planned - totals.succeeded - totals.failed - totals.unknown
        if under_way.count:
            facets.append(Facet("", "", under_way))
        if totals.unknown.count:
            facets.append(Facet("UNKNOWN", "", totals.unknown))
        return tuple(facets)

    def _wave(self, banks: list[BankRow]) -> PlanWave:
        submitted = self.plan_state is not PlanState.TRIAL
        approved = self.plan_state is PlanState.APPROVED
        plans = []
        for number, bank in enumerate(banks):
            planned = bank.totals.planned
            last = Figure(planned.count - 41, planned.fen - 23_880_417) if number != 4 else None
            plans.append(
                PlanBank(
                    bank.code,
                    bank.name,
                    planned,
                    DIGEST[number:] + DIGEST[:number],
                    f"20251010-{number + 1:02d}",
                    last,
                    f"****{4213 + number * 57}",
                    planned.fen + 812_400_000_00 if number != 5 else planned.fen - 1_204_50,
                    at(9, 2, number),
                )
            )
        return PlanWave(
            wave=1,
            state=self.plan_state,
            digest=DIGEST,
            policy="v3 · 2025-07-01",
            made_us=at(9, 5),
            banks=tuple(plans),
            approval="AP-20251015-0007" if submitted else "",
            submitted_by=self.submitter if submitted else "",
            submitted_us=at(9, 12) if submitted else None,
            approved_by="李建国" if approved else "",
            approved_us=at(9, 20) if approved else None,
        )

    def _pending(self) -> tuple[Pending, ...]:
        if not self.busy_day:
            return ()
        return (
            Pending(
                "AP-20251015-0009",
                "resume_channel",
                "bank-icbc",
                "工行确认前置机已恢复",
                "王静",
                self.now - 6 * MINUTE,
            ),
        )

    def _unknowns(self) -> tuple[UnknownRow, ...]:
        if not self.unknown.count or not self.steps.get("result"):
            return ()
        each = self.unknown.fen // self.unknown.count
        return tuple(
            UnknownRow(
                f"2025101020000{n:07d}",
                f"2025101020000{n:07d}",
                "ICBC",
                each + (self.unknown.fen % self.unknown.count if n == 0 else 0),
                self.now - (3 + n * 7) * MINUTE,
                2 + n,
                self.now + (n + 1) * 40_000_000,
                "对端应答超时" if n == 0 else "",
            )
            for n in range(min(self.unknown.count, 3))
        )

    def _differences(self) -> tuple[DifferenceRow, ...]:
        if not self.busy_day:
            return ()
        return (
            DifferenceRow(
                "DF-000031",
                "amount",
                "ICBC",
                "20251010200000000012",
                6_841_25,
                "赵敏",
                self.now - 95 * MINUTE,
                "指令 6,841.25，银行入账 6,841.52",
            ),
            DifferenceRow(
                "DF-000032", "unknown_instruction", "ICBC", "", 1_200_00, "", self.now - 12 * MINUTE
            ),
        )

    def _channels(self, banks: list[BankRow]) -> tuple[ChannelRow, ...]:
        rows = [ChannelRow("core-reference", "核心业务系统", True, False, queued=4, in_flight=2)]
        for bank in banks:
            code = f"bank-{bank.code.lower()}"
            reason, by = self.stopped.get(code, ("", ""))
            rows.append(
                ChannelRow(
                    code,
                    bank.name,
                    True,
                    bool(reason),
                    parked=1204 if reason else 0,
                    reason=reason,
                    by=by,
                    since_us=self.now - 8 * MINUTE if reason else None,
                )
            )
        return tuple(rows)

    def _drifts(self) -> tuple[DriftRow, ...]:
        if not self.busy_day:
            return ()
        return (
            DriftRow(
                "bank-icbc",
                "v1.2",
                "QPAYENT.reply/rd/instrRetCode",
                "代码表 instr_ret_code",
                "E7712",
                3,
                self.now - 60 * MINUTE,
                self.now - 3 * MINUTE,
            ),
        )

    def _alerts(self) -> tuple[AlertRow, ...]:
        if not self.busy_day:
            return ()
        return (
            AlertRow(
                "dead_letter",
                self.now - 21 * MINUTE,
                "M-00018842",
                "查询上月余额：已尝试 12 次，对方持续返回系统忙",
                "先查证，再决定是否重发",
            ),
        )

    def items(self, month: str, wanted: ItemFilter, page: int, size: int) -> ItemPage:
        if month != MONTH:
            raise NotFound(f"there is no run of {month}")
        facets = tuple(Facet(o, r, Figure(n, fen)) for o, r, n, fen in self._which["facets"])
        chosen = [
            facet
            for facet in facets
            if wanted.outcome in ("", facet.outcome) and wanted.reason in ("", facet.reason)
        ]
        found = sum((facet.figure for facet in chosen), Figure())
        if wanted.query:
            found = Figure(1, 2_284_14) if wanted.query == "DC202500000001" else Figure()
        pages = max((found.count + size - 1) // size, 1)
        page = min(page, pages)
        rows = []
        for n in range((page - 1) * size, min(page * size, found.count)):
            left, facet = n, chosen[0]
            for candidate in chosen:
                facet = candidate
                if left < candidate.figure.count:
                    break
                left -= candidate.figure.count
            fen = 2_284_14 + n * 13_57
            moved = facet.outcome in ("SUCCEEDED", "FAILED")
            rows.append(
                ItemRow(
                    f"2025101020000{n + 1:07d}",
                    f"DC2025{n * 9 + 1:08d}",
                    "ICBC",
                    "欧***" if n % 7 == 3 else "郑*",
                    f"****{(4213 + n * 37) % 10000:04d}",
                    f"2025-10-{10 + n % 18:02d}",
                    fen if facet.reason != "no_due_record" else None,
                    fen if moved else 0,
                    facet.outcome,
                    facet.reason,
                    "reconciled" if moved else "skipped",
                    at(9, 40),
                )
            )
        return ItemPage(tuple(rows), found, page, pages, facets)

    def item(self, number: str) -> ItemLife:
        if not number.startswith("2025101020000"):
            raise NotFound(f"there is no item {number[:24]}")
        return whole_life(number)

    def health(self) -> Health:
        if isinstance(self.fail, HubError):
            return Health((HealthCheck("database", False, self.fail.code),))
        return Health((HealthCheck("database", True), HealthCheck("workers", True, "4")))

    # ---- acts ----

    def _who(self, token: Secret) -> str:
        if token.reveal() not in PEOPLE:
            raise NotAllowed("this token is nobody's")
        return PEOPLE[token.reveal()]

    def submit_plan(self, token: Secret, month: str, wave: int, digest: str, reason: str) -> str:
        who = self._who(token)
        if digest != DIGEST or self.plan_state is not PlanState.TRIAL:
            raise Refused("the plan has changed since it was shown; look at it again")
        self.plan_state, self.submitter = PlanState.SUBMITTED, who
        self.acts.append(("submit", who, month, str(wave), reason))
        return "AP-20251015-0007"

    def confirm(self, token: Secret, approval: str, reason: str) -> str:
        who = self._who(token)
        if who == self.submitter:
            raise Refused("two people: who submitted a plan cannot approve it")
        self.acts.append(("confirm", who, approval, reason))
        self.go(RunState.APPROVED)
        return f"已批准 {approval}"

    def refuse(self, token: Secret, approval: str, reason: str) -> str:
        self.acts.append(("refuse", self._who(token), approval, reason))
        self.plan_state = PlanState.TRIAL
        return f"已否决 {approval}"
