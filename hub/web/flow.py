"""The run as a flow of funds: stages, what lies between them, and what closing still needs.

Everything follows from one :class:`Board`, so that stages, equations and bank rows on a page
are always of the same moment.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from hub.web.model import BankRow, Board, Equation, Facet, Figure, PlanState, RunState, Totals
from hub.web.show import permille

State = Literal["idle", "active", "waiting", "attention", "done"]
Side = tuple[tuple[str, str], ...]

EQUATIONS: dict[str, tuple[Side, Side]] = {
    "E0": (
        (("", "agreements"),),
        (("", "agreements_planned"), ("+", "agreements_skipped"), ("+", "agreements_exception")),
    ),
    "E1": (
        (("", "due"), ("+", "repaid")),
        (
            ("", "planned"),
            ("+", "short"),
            ("+", "skipped"),
            ("+", "exception"),
            ("+", "unclaimed"),
        ),
    ),
    "E2": ((("", "planned"),), (("", "held"), ("+", "not_held"))),
    "E3": ((("", "held"),), (("", "instructed"), ("+", "withdrawn"))),
    "E4": ((("", "instructed"),), (("", "succeeded"), ("+", "failed"), ("+", "unknown"))),
    "E5": ((("", "succeeded"),), (("", "posted"),)),
    "E6": ((("", "failed"), ("+", "withdrawn")), (("", "released"),)),
    "E7": ((("", "posted"), ("−", "reversed")), (("", "credited"), ("−", "returned"))),
}
"""The equations' terms (design §6): sign and figure, left side and right side."""

COUNT_ONLY = ("E0",)
OUTCOMES = ("", "SUCCEEDED", "FAILED", "UNKNOWN", "RETURNED", "SKIPPED", "EXCEPTION")
"""In the order pages show them; empty is still under way."""
RUN_STATES = tuple(RunState)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a stage's figure; ``tone`` is a colour word of the style sheet.

    ``outcome`` says which list of items it opens onto, empty for none.
    """

    name: str
    figure: Figure
    tone: str = ""
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class Gap:
    """What is between the stage before and this one, by these equations."""

    equations: tuple[str, ...]
    remainder: Figure

    @property
    def nothing(self) -> bool:
        return self.remainder.nothing


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of a progress bar, in thousandths."""

    tone: str
    start: int
    width: int


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the flow."""

    name: str
    state: State
    figure: Figure
    gap: Gap | None
    bars: tuple[Bar, ...]
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class OutcomeGroup:
    """The facets of one outcome, and their sum."""

    outcome: str
    total: Figure
    facets: tuple[Facet, ...]


@dataclass(frozen=True, slots=True)
class Condition:
    """One of the conditions a run closes on."""

    name: str
    met: bool


def run_equations(board: Board) -> tuple[Equation, ...]:
    """The whole run's equations: the desk's own, else the banks' added up."""
    whole = tuple(row for row in board.equations if not row.bank)
    if whole:
        return whole
    return tuple(
        _added(name, [row for row in board.equations if row.name == name])
        for name in EQUATIONS
        if any(row.name == name for row in board.equations)
    )


def bank_equations(board: Board, bank: str) -> tuple[Equation, ...]:
    """One bank's equations; those of the run when the run has one bank and no rows of its own."""
    own = tuple(row for row in board.equations if row.bank == bank)
    return own if own or len(board.banks) > 1 else run_equations(board)


def stages(board: Board) -> tuple[Stage, ...]:
    """The eight stages in order."""
    return (
        _due(board),
        _plan(board),
        _hold(board),
        _instruct(board),
        _result(board),
        _post(board),
        _reconcile(board),
        _close(board),
    )


def closing(board: Board) -> tuple[Condition, ...]:
    """What closing asks for (design §6), and whether it holds now."""
    equations = run_equations(board)
    begun = _approved(board)
    return (
        Condition("unknown", begun and board.totals.unknown.count == 0),
        Condition("between", begun and in_flight(board, board.totals).nothing),
        Condition("equations", begun and all(row.balanced for row in equations)),
        Condition("differences", begun and not open_differences(board)),
    )


def open_differences(board: Board) -> int:
    """How many differences are open; the board may hold only the first of them."""
    return max(board.differences_total, len(board.differences))


def outcome_groups(facets: Sequence[Facet]) -> tuple[OutcomeGroup, ...]:
    """Facets by outcome, in the order of OUTCOMES; what the hub does not know comes last."""
    found = {facet.outcome for facet in facets}
    order = [*OUTCOMES, *sorted(found.difference(OUTCOMES))]
    groups = []
    for outcome in order:
        if outcome in found:
            own = tuple(facet for facet in facets if facet.outcome == outcome)
            groups.append(OutcomeGroup(outcome, sum((f.figure for f in own), Figure()), own))
    return tuple(groups)


def in_flight(board: Board, totals: Totals) -> Figure:
    """What has been approved and is neither in the books nor released; nil before approval."""
    if not _approved(board):
        return Figure()
    settled = totals.posted + totals.released + totals.not_held
    return totals.planned - settled


def due_lists_complete(board: Board) -> int:
    """How many banks' due lists are complete."""
    return sum(1 for bank in board.banks if bank.due_list == "complete")


def _added(name: str, rows: Sequence[Equation]) -> Equation:
    nil = Figure()
    return Equation(
        name,
        "",
        sum((row.left for row in rows), nil),
        sum((row.right for row in rows), nil),
        sum((row.remainder for row in rows), nil),
    )


def _gap(board: Board, *names: str) -> Gap:
    rows = [row for row in run_equations(board) if row.name in names]
    return Gap(names, sum((row.remainder for row in rows), Figure()))


def _bars(whole: Figure, *parts: tuple[str, Figure]) -> tuple[Bar, ...]:
    """Stretches by amount; by count where there is no amount yet."""
    by_count = whole.fen <= 0
    start, bars = 0, []
    for tone, figure in parts:
        share = permille(
            figure.count if by_count else figure.fen, whole.count if by_count else whole.fen
        )
        width = min(share, 1000 - start)
        if width:
            bars.append(Bar(tone, start, width))
            start += width
    return tuple(bars)


def _approved(board: Board) -> bool:
    return board.state not in (RunState.COLLECTING, RunState.PLANNED)


def _step_state(board: Board, gap: Gap, reached: Figure, before: Figure) -> State:
    if board.state in (RunState.RECONCILED, RunState.CLOSED):
        return "done"
    if not _approved(board) or (reached.nothing and before.nothing):
        return "idle"
    return "done" if gap.nothing and _all_planned(board.banks) else "active"


def _all_planned(banks: Sequence[BankRow]) -> bool:
    return all(bank.wave is not None or bank.due_list == "failed" for bank in banks)


def _due(board: Board) -> Stage:
    complete, banks = due_lists_complete(board), len(board.banks)
    failed = any(bank.due_list == "failed" for bank in board.banks)
    state: State = "done" if banks and complete == banks else "active"
    bars = _bars(Figure(banks), ("done", Figure(complete)))
    return Stage(
        "due",
        "attention" if failed else state,
        board.totals.due,
        None,
        bars,
        (Part("unclaimed", board.totals.unclaimed),),
    )


def _plan(board: Board) -> Stage:
    t = board.totals
    if not board.waves:
        state: State = "idle"
    elif any(wave.state is not PlanState.APPROVED for wave in board.waves):
        state = "waiting"
    else:
        state = "done" if _all_planned(board.banks) else "active"
    bars = _bars(
        t.due,
        ("done", t.planned),
        ("rest", t.short),
        ("mute", t.skipped),
        ("warn", t.exception),
    )
    parts = (
        Part("short", t.short),
        Part("skipped", t.agreements_skipped, "", "SKIPPED"),
        Part("exception", t.agreements_exception, "warn", "EXCEPTION"),
    )
    return Stage("plan", state, t.planned, _gap(board, "E1") if board.waves else None, bars, parts)


def _hold(board: Board) -> Stage:
    t = board.totals
    gap = _gap(board, "E2")
    state = _step_state(board, gap, t.held + t.not_held, t.planned)
    bars = _bars(t.planned, ("done", t.held), ("warn", t.not_held))
    return Stage("hold", state, t.held, gap, bars, (Part("not_held", t.not_held, "warn"),))


def _instruct(board: Board) -> Stage:
    t = board.totals
    gap = _gap(board, "E3")
    state = _step_state(board, gap, t.instructed, t.held)
    bars = _bars(t.planned, ("done", t.instructed), ("warn", t.withdrawn))
    return Stage("instruct", state, t.instructed, gap, bars, (Part("withdrawn", t.withdrawn),))


def _result(board: Board) -> Stage:
    t = board.totals
    gap = _gap(board, "E4")
    state = _step_state(board, gap, t.succeeded + t.failed, t.instructed)
    if t.unknown.count and state != "idle":
        state = "attention"
    bars = _bars(t.instructed, ("done", t.succeeded), ("bad", t.failed), ("warn", t.unknown))
    parts = (
        Part("failed", t.failed, "bad", "FAILED"),
        Part("unknown", t.unknown, "warn", "UNKNOWN"),
    )
    return Stage("result", state, t.succeeded, gap, bars, parts)


def _post(board: Board) -> Stage:
    t = board.totals
    gap = _gap(board, "E5", "E6")
    settled = t.succeeded + t.failed + t.withdrawn
    state = _step_state(board, gap, t.posted + t.released, settled)
    if state == "done" and t.unknown.count:
        state = "active"
    bars = _bars(t.instructed + t.withdrawn, ("done", t.posted), ("mute", t.released))
    return Stage("post", state, t.posted, gap, bars, (Part("released", t.released),))


def _reconcile(board: Board) -> Stage:
    t = board.totals
    gap = _gap(board, "E7")
    state = _step_state(board, gap, t.credited, t.posted)
    if state == "done" and t.unknown.count:
        state = "active"
    if open_differences(board):
        state = "attention"
    bars = _bars(t.posted, ("done", t.credited))
    parts = (Part("returned", t.returned, "warn", "RETURNED"), Part("reversed", t.reversed))
    return Stage("reconcile", state, t.credited, gap, bars, parts)


def _close(board: Board) -> Stage:
    conditions = closing(board)
    met = sum(1 for condition in conditions if condition.met)
    if board.state is RunState.CLOSED:
        state: State = "done"
    elif board.state is RunState.RECONCILED or met == len(conditions):
        state = "active"
    else:
        state = "idle"
    bars = _bars(Figure(len(conditions)), ("done", Figure(met)))
    return Stage("close", state, Figure(), None, bars)
