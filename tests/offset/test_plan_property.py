"""Plans of invented months against the oracle, through import, due lists, core and tables."""

import json
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.kernel.money import Fen
from hub.offset.policy import read_policy
from hub.offset.tables import item, plan_line
from hub.offset.totals import equations, read_totals
from hub.ports.bank import DueRecord
from hub.ports.core import CoreAccount
from hub.store import Store
from tests.offset import oracle
from tests.offset.kit import HEADER, Centre, many

BANKS = ("ICBC", "CCB")
ACCOUNTS = ["52A", "52B", "52C", "52D"]  # 52D is unknown to the core
IDS = [
    "522729900303083",
    "522729199003030835",
    "52272919900303083X",
    " 52272919900303083x",
    "G1",
    "",
]
NAMES = ["甲", " 甲 ", "乙·丙"]
texts = st.sampled_from

accounts = st.fixed_dictionaries(
    {
        number: st.builds(
            oracle.Acct, texts(NAMES), texts(["01", "03"]), texts(IDS),
            texts(["01", "01", "02", "05"]),
            st.integers(0, 14), st.integers(0, 1), st.integers(0, 1),
        )
        for number in ACCOUNTS[:3]
    }
)  # fmt: skip


@st.composite
def agreements(draw: st.DrawFn) -> list[oracle.Agr]:
    numbers = draw(st.lists(texts([f"X{c}" for c in "aB1é9Z"]), unique=True, max_size=6))
    return [
        oracle.Agr(
            number, draw(texts(BANKS)), draw(texts(["L1", "L2", "l1"])),
            draw(texts(["62A", "62B", "62A"])), draw(texts(ACCOUNTS)),
            draw(texts(["", "", *ACCOUNTS])), draw(texts([20240101, 20240102])),
            draw(texts([True, True, True, False])),
        )
        for number in numbers
    ]  # fmt: skip


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[oracle.Agr], list[oracle.Rec], dict[str, oracle.Acct]]:
    agrs, accts = draw(agreements()), draw(accounts)
    recs = []
    for agr in agrs:
        if not draw(texts([True, True, True, False])):
            continue
        main = accts.get(agr.main, accts["52A"])
        same = draw(texts([True, True, True, False]))
        recs.append(
            oracle.Rec(
                agr.bank, agr.loan, agr.payee if draw(texts([True, True, False])) else "62Z",
                main.name if same else draw(texts(NAMES)), main.id if same else draw(texts(IDS)),
                draw(texts([20251010, 20251009])), draw(texts([0, 3, 4, 5, 6, 7, 9, 9, -1, None])),
                draw(texts([False, False, False, True])),
            )
        )  # fmt: skip
    if draw(st.booleans()):
        recs.append(oracle.Rec("ICBC", "L9", "62A", "甲", "G1", 20251010, 2, settled=False))
    return agrs, recs, accts


rules = st.builds(
    oracle.Rules, st.integers(0, 2), st.booleans(), texts([("01", "02"), ("01", "02"), ("01",)]),
    st.none() | st.integers(1, 4),
)  # fmt: skip


def policy_file(folder: Path, by_bank: dict[str, oracle.Rules]) -> Path:
    said = {
        bank: {
            "retain": f"{one.retain / 100:.2f}", "partial": one.partial,
            "usable_states": list(one.usable),
            "cap": None if one.cap is None else f"{one.cap / 100:.2f}",
        }
        for bank, one in by_bank.items()
    }  # fmt: skip
    path = folder / "policy.yaml"
    path.write_text(yaml.safe_dump({"banks": said}), encoding="utf-8")
    return path


def fill(
    centre: Centre, agrs: list[oracle.Agr], recs: list[oracle.Rec], accts: dict[str, oracle.Acct]
) -> None:
    centre.core.accounts_by_number = {
        number: CoreAccount(number, a.name, a.id_type, a.id, "", a.state, Fen(a.balance),
                            Fen(a.frozen), Fen(a.held))
        for number, a in accts.items()
    }  # fmt: skip
    for rec in recs:
        port = centre.icbc if rec.bank == "ICBC" else centre.ccb
        day = date(rec.due_on // 10000, rec.due_on // 100 % 100, rec.due_on % 100)
        amount = None if rec.amount is None else Fen(rec.amount)
        flaw = "amount" if amount is None or amount < 0 else ("" if rec.id else "borrower_id")
        port.dues.append(
            DueRecord(rec.loan, rec.payee, rec.name, rec.id, day, amount, rec.settled,
                      overdue=False, flaw=flaw)
        )  # fmt: skip
    rows = "".join(
        f"{a.number},{a.bank},{a.loan},{a.payee},{a.main},{a.spouse},{a.signed},"
        f"{'1' if a.in_force else '0'},\n"
        for a in agrs
    )
    report = centre.agreements(HEADER + rows)
    assert (report.added, report.refused) == (len(agrs), [])


def decided(store: Store) -> dict[str, oracle.Result]:
    query = sa.select(
        plan_line.c.number, plan_line.c.decision, plan_line.c.reason, item.c.reason,
        item.c.main_fen, item.c.spouse_fen,
    ).outerjoin(item, item.c.agreement_id == plan_line.c.agreement_id)  # fmt: skip
    with store.read() as view:
        return {
            number: (decision, reason if item_reason is None else item_reason, main or 0, wife or 0)
            for number, decision, reason, item_reason, main, wife in view.execute(query)
        }


WORLD = st.tuples(worlds(), rules, rules)


def compare(centre: Centre, drawn: object) -> None:
    (agrs, recs, accts), icbc, ccb = drawn  # type: ignore[misc]
    by_bank = {"ICBC": icbc, "CCB": ccb}
    fill(centre, agrs, recs, accts)
    centre.open(*BANKS, policy=read_policy(policy_file(centre.folder, by_bank)))
    centre.planned()
    wanted = oracle.plan(agrs, recs, accts, by_bank)
    found = decided(centre.store)
    assert found == wanted
    with centre.store.read() as view:
        totals = read_totals(view, centre.run_id)
    sums = oracle.classes(agrs, recs, wanted)
    for bank in BANKS:
        for name in ("due", "planned", "short", "skipped", "exception", "unclaimed"):
            figure = totals[bank][name]
            assert (figure.count, figure.fen) == sums.get((bank, name), (0, 0)), (bank, name)
    held = {"E0", "E1"}
    assert all(one.balanced for one in equations(totals) if one.name in held)
    given_away = dict.fromkeys(accts, 0)
    for agr in agrs:
        _, _, main, spouse = found[agr.number]
        for number, fen in ((agr.main, main), (agr.spouse, spouse)):
            if fen:
                given_away[number] += fen
    for number, fen in given_away.items():
        a = accts[number]
        assert fen == 0 or fen <= a.balance - a.frozen - a.held


@settings(
    max_examples=35, deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip
@given(drawn=WORLD)
def test_the_plan_is_the_oracles(drawn: object) -> None:
    with many() as centre:
        compare(centre, drawn)


def shared() -> tuple[list[oracle.Agr], list[oracle.Rec], dict[str, oracle.Acct]]:
    """One account pays at two banks: by due date, then signing date, then the number's bytes."""
    numbers = ["Xé", "XZ", "Xa", "X1"]
    agrs = [
        oracle.Agr(n, BANKS[i % 2], f"L{i}", "62A", "52A", "52B" if i % 2 else "", 20240101, True)
        for i, n in enumerate(numbers)
    ]
    agrs.append(oracle.Agr("Y", "CCB", "L7", "62A", "52A", "", 20231231, True))
    agrs.append(oracle.Agr("Z", "ICBC", "L8", "62A", "52A", "", 20250101, True))
    days = {"Z": 20251009}
    recs = [
        oracle.Rec(a.bank, a.loan, "62A", "甲", "G1", days.get(a.number, 20251010), 4, False)
        for a in agrs
    ]
    accts = {
        "52A": oracle.Acct("甲", "03", "G1", "01", 13, 1, 0),
        "52B": oracle.Acct("乙", "03", "G2", "01", 2, 0, 0),
    }
    return agrs, recs, accts


def test_a_shared_account_over_two_banks(centre: Centre) -> None:
    free = oracle.Rules(0, True, ("01",), None)
    compare(centre, (shared(), free, free))
    found = decided(centre.store)
    assert [found[n][2] for n in ("Z", "Y", "X1", "XZ", "Xa", "Xé")] == [4, 4, 4, 0, 0, 0]
    assert json.dumps(found["XZ"]) == json.dumps(("planned", "partial", 0, 2))


@pytest.mark.parametrize("word", ["account_not_representable", "name_not_representable", "odd"])
def test_what_cannot_be_written_is_an_exception(quick: Centre, word: str) -> None:
    fill(quick, *shared())
    quick.icbc.ill_word = word
    quick.open(*BANKS)
    quick.planned()
    reason = word if word != "odd" else "name_not_representable"
    assert decided(quick.store)["Z"] == ("exception", reason, 0, 0)
    notices = {line.number: line.notices for line in quick.rows(plan_line)}
    assert notices["Z"] == ("obstacle:odd" if word == "odd" else "")
