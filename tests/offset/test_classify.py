"""The arithmetic of a share against the oracle's, over far more cases than tables would allow."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from hub.kernel.money import Fen
from hub.offset.classify import Account, free, share
from hub.offset.policy import Terms
from tests.offset import oracle

fen = st.integers(0, 40) | st.integers(0, 10**12)
states = st.sampled_from(["01", "02", "05", "06"])


def account(seen: oracle.Acct, token: str) -> Account:
    return Account(token, seen.state, Fen(seen.balance), Fen(seen.frozen), Fen(seen.held), "", "",
                   is_card=False)  # fmt: skip


accounts = st.builds(oracle.Acct, st.just("n"), st.just("03"), st.just("i"), states, fen, fen, fen)
rules = st.builds(
    oracle.Rules, fen, st.booleans(), st.sampled_from([("01", "02"), ("02",), ()]), st.none() | fen
)


@settings(max_examples=400, deadline=None)
@example(
    due=10, main=oracle.Acct("n", "03", "i", "01", 50, 0, 0), spouse=None, taken=0,
    rule=oracle.Rules(0, False, ("01",), 4),
)  # fmt: skip
@given(due=fen.filter(bool), main=accounts, spouse=st.none() | accounts, taken=fen, rule=rules)
def test_a_share_is_the_oracles(
    due: int, main: oracle.Acct, spouse: oracle.Acct | None, taken: int, rule: oracle.Rules
) -> None:
    terms = Terms(Fen(rule.retain), rule.partial, frozenset(rule.usable),
                  None if rule.cap is None else Fen(rule.cap))  # fmt: skip
    mine = free(account(main, "m"), taken, 0, terms)
    hers = free(account(spouse, "s"), 0, 0, terms) if spouse else Fen(0)
    found = share(Fen(due), mine, hers, terms)
    seen = {"m": main} | ({"s": spouse} if spouse else {})
    agr = oracle.Agr("X", "B", "L", "P", "m", "s" if spouse else "", 0, in_force=True)
    wanted = oracle.give(agr, due, seen, rule, {"m": taken, "s": 0})
    assert (str(found.reason), found.main, found.spouse) == wanted[1:]
    assert min(found.main, found.spouse) >= 0
    assert found.total <= min(due, due if rule.cap is None else rule.cap)
    assert found.main <= max(0, main.balance - main.frozen - main.held - taken)


def test_our_own_holds_are_not_counted_twice() -> None:
    """An earlier wave's hold stands in the core's figure and in what the run has taken."""
    terms = Terms(Fen(1), partial=True, usable_states=frozenset({"01"}), cap=None)
    seen = Account("m", "01", Fen(100), Fen(10), Fen(30), "", "", is_card=False)
    assert free(seen, 20, 20, terms) == 100 - 10 - (30 - 20) - 20 - 1
    assert free(seen, 20, 0, terms) == 100 - 10 - 30 - 20 - 1
