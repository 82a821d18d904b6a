"""Whatever comes in any order: a field is changed once per version, never over a third value.

On SQLite; each rule alone is in ``test_change``, on each database.
"""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.store import Store
from tests.cases.change_kit import OLD, ONE, TWO, Firm, make_firm

ACTS = ("step", "step", "file", "take_back", "slow", "quick", "finish", "lose", "counter", "take",
        "keep")  # fmt: skip
TAKE, KEEP = "case.field_take", "case.field_keep"


class _Seen:
    """What was pushed and decided, so that the core's log can be judged by it alone."""

    def __init__(self, firm: Firm) -> None:
        self.firm = firm
        self.pushed: list[str] = []
        self.taken = 0

    def do(self, what: str) -> None:
        firm = self.firm
        match what:
            case "step":
                firm.step()
            case "file":
                self.pushed.append(f"新名{firm.version + 1}")
                firm.file(name=self.pushed[-1])
            case "take_back":
                firm.take_back()
            case "slow" | "quick":
                firm.core.slow = what == "slow"
            case "finish":
                for number in firm.core.open():
                    firm.core.finish(number)
            case "lose":
                firm.core.lose = 1
            case "counter":
                firm.core.put(ONE, "name", f"柜台{len(firm.core.feed)}")
            case "take" | "keep":
                self.decide(TAKE if what == "take" else KEEP)

    def decide(self, act: str) -> None:
        firm = self.firm
        if firm.head().waiting == "staff":
            waits = [one for one in firm.waiting() if firm.decide_place(one, act) is None]
            self.taken += len(waits) if act == TAKE else 0


@settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from(ACTS), max_size=16))
def test_once_per_version_and_over_no_third_value(acts: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{folder}/hub.sqlite")
        try:
            firm = make_firm(store, Path(folder) / "keys", (ONE, TWO))
            seen = _Seen(firm)
            for one in ("file", *acts):
                seen.do(one)
            _to_the_end(seen)
            _judge(seen)
        finally:
            store.close()


def _to_the_end(seen: _Seen) -> None:
    firm = seen.firm
    firm.core.slow, firm.core.lose = False, 0
    for _ in range(30):
        seen.do("finish")
        firm.step()
        seen.decide(KEEP)
        if firm.head().ended_us is not None and not firm.base.open_messages():
            return
    firm.settle()
    assert firm.head().ended_us is not None, (firm.head().state, firm.head().waiting)


def _judge(seen: _Seen) -> None:
    firm, log = seen.firm, seen.firm.core.log
    written = [(unit, name, new) for unit, name, _, new in log]
    assert len(written) == len(set(written))
    assert {new for _, _, _, new in log} <= set(seen.pushed)
    # What stood there was the value before, or ours, unless somebody here has said so.
    strange = [old for _, _, old, _ in log if old not in (OLD["name"], *seen.pushed)]
    assert len(strange) <= seen.taken
    told = firm.told()
    assert [one.place for one in told] == list(range(1, len(told) + 1))
    assert told[-1].version == firm.version
