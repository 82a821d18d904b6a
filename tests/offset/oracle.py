"""design.md §6, "Plan", written down a second time and as plainly as can be: the tests' oracle.

It works on text and whole numbers of 分, knows nothing of tokens, waves or tables, and shares no
code with the hub.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Acct:
    name: str
    id_type: str
    id: str
    state: str
    balance: int
    frozen: int
    held: int


@dataclass(frozen=True)
class Agr:
    number: str
    bank: str
    loan: str
    payee: str
    main: str
    spouse: str
    signed: int
    in_force: bool


@dataclass(frozen=True)
class Rec:
    bank: str
    loan: str
    payee: str
    name: str
    id: str
    due_on: int
    amount: int | None
    settled: bool


@dataclass(frozen=True)
class Rules:
    retain: int
    partial: bool
    usable: tuple[str, ...]
    cap: int | None


Result = tuple[str, str, int, int]
"""decision, reason, from main, from spouse"""


def long_id(text: str) -> str:
    """GB 11643: nineteen hundred, and the check digit."""
    if len(text) != 15 or not text.isdigit():
        return text
    body = text[:6] + "19" + text[6:]
    total = sum(int(d) * (1 << (17 - i)) for i, d in enumerate(body))
    return body + "10X98765432"[total % 11]


def same_person(rec: Rec, acct: Acct) -> bool:
    ours, theirs = acct.id.strip().upper(), rec.id.strip().upper()
    if acct.id_type == "01":
        ours, theirs = long_id(ours), long_id(theirs)
    if not ours or not acct.name.strip():
        return False
    return ours == theirs and acct.name.strip() == rec.name.strip()


def first_rules(  # noqa: C901, PLR0911  the rules in their order, one after the other
    agr: Agr, agrs: list[Agr], recs: list[Rec], accts: dict[str, Acct]
) -> tuple[str, str] | None:
    """The rule that decides without looking at money; None when money decides."""
    if not agr.in_force:
        return "skipped", "agreement_not_in_force"
    rivals = [a for a in agrs if (a.bank, a.loan, a.in_force) == (agr.bank, agr.loan, True)]
    if len(rivals) > 1:
        # A spouse's account equal to the main one counts once: it is no payer of its own.
        payers = {(a.main, a.spouse if a.spouse != a.main else "", a.payee) for a in rivals}
        alike = len(payers) == 1
        first = min(rivals, key=lambda a: (a.signed, a.number))
        if not alike or agr is not first:
            return "exception", "duplicate_agreement"
    mine = [r for r in recs if (r.bank, r.loan) == (agr.bank, agr.loan)]
    if not mine:
        return "exception", "no_due_record"
    if len(mine) > 1:
        return "exception", "duplicate_due_record"
    rec = mine[0]
    if rec.amount is None or rec.amount < 0:
        return "exception", "bad_due_record"
    if rec.settled:
        return "skipped", "loan_settled"
    if agr.main not in accts or (agr.spouse and agr.spouse not in accts):
        return "exception", "account_not_found"
    if not same_person(rec, accts[agr.main]):
        return "exception", "identity_mismatch"
    if rec.payee != agr.payee:
        return "exception", "repayment_account_changed"
    if rec.amount == 0:
        return "skipped", "nothing_due"
    return None


def plan(
    agrs: list[Agr], recs: list[Rec], accts: dict[str, Acct], rules: dict[str, Rules]
) -> dict[str, Result]:
    """What one wave decides of every agreement."""
    out: dict[str, Result] = {}
    paying = []
    for agr in agrs:
        decided = first_rules(agr, agrs, recs, accts)
        if decided:
            out[agr.number] = (*decided, 0, 0)
        else:
            rec = next(r for r in recs if (r.bank, r.loan) == (agr.bank, agr.loan))
            paying.append((rec.due_on, agr.signed, agr.number.encode(), agr, rec))
    taken = dict.fromkeys(accts, 0)
    for _, _, _, agr, rec in sorted(paying, key=lambda x: x[:3]):
        out[agr.number] = give(agr, rec.amount or 0, accts, rules[agr.bank], taken)
    return out


def give(agr: Agr, due: int, accts: dict[str, Acct], rules: Rules, taken: dict[str, int]) -> Result:
    def free(number: str) -> int:
        if not number or accts[number].state not in rules.usable:
            return 0
        a = accts[number]
        return max(0, a.balance - a.frozen - a.held - taken[number] - rules.retain)

    target = due if rules.cap is None else min(due, rules.cap)
    main = min(target, free(agr.main))
    spouse = min(target - main, free(agr.spouse) if agr.spouse != agr.main else 0)
    if main + spouse == 0:
        return "skipped", "no_balance", 0, 0
    if not rules.partial and main + spouse < target:
        return "skipped", "insufficient_balance", 0, 0
    taken[agr.main] += main
    if agr.spouse:
        taken[agr.spouse] += spouse
    return "planned", "partial" if main + spouse < due else "", main, spouse


def classes(
    agrs: list[Agr], recs: list[Rec], decided: dict[str, Result]
) -> dict[tuple[str, str], tuple[int, int]]:
    """E1: (bank, class) → records and 分; ``short`` counts planned records not wholly covered."""
    found: dict[tuple[str, str], tuple[int, int]] = {}

    def add(bank: str, name: str, fen: int) -> None:
        count, total = found.get((bank, name), (0, 0))
        found[bank, name] = (count + 1, total + fen)

    for rec in recs:
        fen = rec.amount or 0
        named = [a for a in agrs if (a.bank, a.loan) == (rec.bank, rec.loan)]
        live = [a for a in named if a.in_force]
        add(rec.bank, "due", fen)
        if not named:
            add(rec.bank, "unclaimed", fen)
        elif not live:
            add(rec.bank, "skipped", fen)
        else:
            decision, _, main, spouse = decided[
                min(live, key=lambda a: (a.signed, a.number)).number
            ]
            add(rec.bank, decision, main + spouse if decision == "planned" else fen)
            if decision == "planned" and main + spouse < fen:
                add(rec.bank, "short", fen - main - spouse)
    return found
