"""Stages, what is between them, and what closing still needs."""

from dataclasses import replace

from hub.web import flow
from hub.web.model import Figure, PlanState, RunState
from tests.web.desk import MONTH, MemoryDesk

WHOLE = {"hold": 1000, "instruct": 1000, "result": 1000, "post": 1000, "reconcile": 1000}


def states(desk: MemoryDesk) -> list[str]:
    return [stage.state for stage in flow.stages(desk.board(MONTH))]


def test_a_trial_waits_for_people() -> None:
    desk = MemoryDesk()
    assert states(desk) == ["done", "waiting", *["idle"] * 6]
    desk.plan_state = PlanState.SUBMITTED
    assert states(desk)[1] == "waiting"
    board = desk.board(MONTH)
    assert flow.in_flight(board, board.totals).nothing


def test_a_run_under_way() -> None:
    desk = MemoryDesk()
    desk.go(RunState.RUNNING, hold=1000, instruct=500)
    assert states(desk) == ["done", "done", "done", "active", "active", "idle", "idle", "idle"]


def test_unknown_results_need_attention_and_keep_the_run_open() -> None:
    desk = MemoryDesk()
    desk.unknown = Figure(3, 1_742_18)
    desk.go(RunState.RUNNING, **WHOLE)
    seen = states(desk)
    assert seen[4] == "attention"
    assert seen[5:] == ["active", "active", "idle"]
    met = {c.name: c.met for c in flow.closing(desk.board(MONTH))}
    assert met == {"unknown": False, "between": False, "equations": True, "differences": True}


def test_an_open_difference_needs_attention() -> None:
    desk = MemoryDesk()
    desk.busy_day = True
    desk.go(RunState.RUNNING, **WHOLE)
    assert states(desk)[6] == "attention"
    met = {c.name: c.met for c in flow.closing(desk.board(MONTH))}
    assert met["differences"] is False


def test_closed_is_done_all_over() -> None:
    desk = MemoryDesk("nine")
    desk.go(RunState.CLOSED, **WHOLE)
    assert states(desk) == ["done"] * 8
    board = desk.board(MONTH)
    assert all(c.met for c in flow.closing(board))
    assert all(e.balanced for e in flow.run_equations(board))
    assert flow.in_flight(board, board.totals).nothing


def test_gaps_are_the_equations_remainders() -> None:
    desk = MemoryDesk()
    desk.go(RunState.RUNNING, hold=1000, instruct=820, result=610, post=930)
    board = desk.board(MONTH)
    by_name = {e.name: e.remainder for e in flow.run_equations(board)}
    gaps = {stage.name: stage.gap for stage in flow.stages(board)}
    assert gaps["instruct"] is not None
    assert gaps["instruct"].remainder == by_name["E3"]
    assert gaps["post"] is not None
    assert gaps["post"].remainder == by_name["E5"] + by_name["E6"]


def test_banks_equations_add_up_when_the_run_has_none_of_its_own() -> None:
    desk = MemoryDesk("nine")
    desk.go(RunState.RUNNING, hold=1000, instruct=500)
    board = desk.board(MONTH)
    alone = replace(board, equations=tuple(e for e in board.equations if e.bank))
    assert flow.run_equations(alone) == flow.run_equations(board)
    one = flow.bank_equations(board, "CCB")
    assert [e.name for e in one] == list(flow.EQUATIONS)


def test_bars_never_pass_the_end() -> None:
    desk = MemoryDesk()
    desk.unknown = Figure(5, 10**15)  # more than was ever planned
    desk.go(RunState.RUNNING, **WHOLE)
    for stage in flow.stages(desk.board(MONTH)):
        assert all(bar.start >= 0 and bar.width > 0 for bar in stage.bars)
        assert sum(bar.width for bar in stage.bars) <= 1000


def test_outcomes_are_grouped_in_order() -> None:
    desk = MemoryDesk()
    desk.go(RunState.CLOSED, **WHOLE)
    groups = flow.outcome_groups(desk.board(MONTH).facets)
    assert [g.outcome for g in groups] == ["SUCCEEDED", "FAILED", "SKIPPED", "EXCEPTION"]
    assert groups[0].total == Figure(3297, 1_746_022_905)
    assert groups[1].total == Figure(61, 24_145_284)
