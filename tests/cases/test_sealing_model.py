"""Whatever comes between the chunks: no account is sealed twice, the newest version has its end.

On SQLite; each rule alone is in ``test_sealing``, on each database.
"""

import tempfile
from pathlib import Path
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.cases import sealing
from hub.store import Store
from tests.cases.sealing_kit import Firm, make_firm

PEOPLE = 12
ACTS = ("step", "step", "file", "take_back", "slow", "quick", "finish", "lose")


def _do(firm: Firm, what: str) -> None:
    match what:
        case "step":
            firm.step()
        case "file":
            firm.file()
        case "take_back":
            firm.take_back()
        case "slow" | "quick":
            firm.core.slow = what == "slow"
        case "lose":
            firm.core.lose = 1
        case "finish":
            _finish(firm)


def _finish(firm: Firm) -> None:
    for number in [n for n in firm.core.made if not firm.core.stands[n].ended]:
        firm.core.finish(number)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(ACTS), max_size=14))
def test_no_account_twice_and_an_end(acts: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder, mock.patch.object(sealing, "CHUNK", 5):
        store = Store(f"sqlite:///{folder}/hub.sqlite")
        try:
            firm = make_firm(store, Path(folder) / "keys", PEOPLE)
            firm.file()
            for one in acts:
                _do(firm, one)
            firm.core.slow, firm.core.lose = False, 0
            firm.settle()
            _finish(firm)
            firm.go(lambda: firm.head().ended_us is not None)
            firm.settle()
            assert set(firm.core.sealed.values()) <= {1}
            last = firm.told()[-1]
            assert last.version == firm.version
            assert [one.place for one in firm.told()] == list(range(1, len(firm.told()) + 1))
            if firm.head().state == "done":
                assert firm.core.sealed == dict.fromkeys(firm.core.states, 1)
                if "take_back" not in acts:
                    every = f"应封存 {PEOPLE} 户，已封存 {PEOPLE} 户，未能封存 0 户"
                    assert every in {one.text for one in firm.told()}
            else:
                assert firm.head().state == "withdrawn"
        finally:
            store.close()
