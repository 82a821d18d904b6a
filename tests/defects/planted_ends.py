"""Defects in how an item ends: by its results, by what two people settled, by what came back."""

from tests.defects.registry import Catch, Defect, Edit, tests

_RESULTS = "hub/offset/results.py"

DEFECTS = (
    Defect(
        "reconciled_refusal_counts_as_won",
        "已对平的失败被当成成功 · what failed and is reconciled counts as paid",
        (
            Edit(
                _RESULTS,
                "        won = (found.outcome if before is None else before[1]) in _WON\n",
                "        won = found.outcome in _WON or state is ItemState.RECONCILED\n",
            ),
        ),
        (
            Catch(
                tests("tests/offset/test_results.py::TestOneByOne"),
                "test_what_was_refused_and_reconciled_is_still_refused",
                "contradiction",
            ),
        ),
    ),
    Defect(
        "asked_again_under_the_old_key",
        "重新下达的命令用了旧报文的键 · a command ordered again is taken for the message answered before",
        (
            Edit(
                "hub/offset/booking.py",
                "    turn, key = 1, batch_number(period, numbers)\n",
                '    return batch_number(period, numbers)\n    turn, key = 1, ""\n',
            ),
        ),
        (
            Catch(
                tests("tests/offset/test_settled_ends.py"),
                "test_the_only_one_of_its_command_is_ordered_again",
                "did not come to it|another body",
            ),
        ),
    ),
    Defect(
        "return_in_pieces_counts_twice",
        "分两次退回算两笔 · a return in two pieces counts as two",
        (Edit("hub/offset/nets.py", "    if parts:\n", "    if len(parts) > len(rows):\n"),),
        (
            Catch(
                tests("tests/offset/test_settled_ends.py"),
                "pieces",
                "did not come to it",
            ),
        ),
    ),
    Defect(
        "unknown_lets_the_hold_go",
        "结果不明就解除占用 · an unknown result ends the item and its hold",
        (
            Edit(
                _RESULTS,
                "                return _change(found, ItemState.UNKNOWN, Outcome.UNKNOWN, result, None)\n"
                "    return None\n",
                "                return _change(found, ItemState.FAILED, Outcome.FAILED, result, now_us)\n"
                "    return None\n",
            ),
        ),
        (
            Catch(
                tests("tests/offset/test_sums_machine.py"),
                "test_a_life_by_chance",
                "failed",
            ),
        ),
    ),
)
