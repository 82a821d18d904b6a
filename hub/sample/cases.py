"""The cases of an invented month: what real extracts hold, each with how often and what it does.

A case turns one ordinary draft (a person, a loan that is due, a signed agreement) into the
extract's rows.  ``share`` is per 10,000 agreements, near what a real month shows; a small sample
still gets every case once.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta

from hub.sample.people import RARE, Inventor, short_id, short_yuan, yuan

Row = dict[str, str]


@dataclass(slots=True)
class Draft:
    """One agreement with its people and its loan, as rows of the four files.  ``due`` in 分."""

    due: int
    persons: list[Row]
    loans: list[Row]
    agreements: list[Row]
    month: str
    another: Callable[[], "Draft"] = field(repr=False)
    """Makes a further ordinary draft, of another bank where the month has several."""

    @property
    def main(self) -> Row:
        return self.persons[0]

    @property
    def loan(self) -> Row:
        return self.loans[0]

    @property
    def agreement(self) -> Row:
        return self.agreements[0]

    def add_spouse(self, inventor: Inventor, balance: int) -> Row:
        """A spouse who is a payer too."""
        spouse = inventor.person(balance, self.month, 1)
        spouse["DWZH"] = self.main["DWZH"]
        self.persons.append(spouse)
        for agreement in self.agreements:
            agreement["GTJKRGJJZH"] = spouse["GRZH"]
        return spouse

    def rename(self, name: str) -> None:
        """The main borrower's name, at the centre and at the bank."""
        self.main["XingMing"] = name
        for loan in self.loans:
            loan["JKRXM"] = name

    def number(self, centre: str, bank: str) -> None:
        """The main borrower's ID, as each side writes it."""
        self.main["ZJHM"] = centre
        for loan in self.loans:
            loan["JKRZJH"] = bank


Act = Callable[[Draft, Inventor], None]

_LONGEST_NAME = 120
"""Bytes in UTF-8: the widest field that a bank's contract has for a payee's name."""

_FIXED_WIDTH = {"GZNX"}


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of agreement: ``share`` per 10,000, how many agreements one of it makes."""

    name: str
    share: int
    act: Act
    agreements: int = 1


def _balance(fen: Callable[[int], int]) -> Act:
    """The main account holds ``fen(due)``."""

    def act(draft: Draft, _inventor: Inventor) -> None:
        draft.main["GRZHYE"] = short_yuan(fen(draft.due))

    return act


def _mind(code: str) -> Act:
    """The bank will answer with this KKJG."""

    def act(draft: Draft, _inventor: Inventor) -> None:
        draft.loan["KKJG"] = code

    return act


def _spouse_helps(draft: Draft, inventor: Inventor) -> None:
    draft.main["GRZHYE"] = yuan(draft.due // 3)
    draft.add_spouse(inventor, draft.due * 2)


def _spouse_partly(draft: Draft, inventor: Inventor) -> None:
    draft.main["GRZHYE"] = yuan(draft.due // 3)
    draft.add_spouse(inventor, draft.due // 2)


def _spouse_idle(draft: Draft, inventor: Inventor) -> None:
    draft.add_spouse(inventor, draft.due)


def _partly_frozen(draft: Draft, _inventor: Inventor) -> None:
    draft.main["GRZHYE"] = yuan(draft.due * 2)
    draft.main["DJJE"] = yuan(draft.due * 3 // 2)


def _state(state: str, fen: Callable[[int], int]) -> Act:
    """The main account is in this GRZHZT; a spouse pays where the balance allows."""

    def act(draft: Draft, inventor: Inventor) -> None:
        draft.main["GRZHZT"] = state
        draft.main["GRZHYE"] = yuan(fen(draft.due))
        if state == "06":
            draft.add_spouse(inventor, draft.due * 2)

    return act


def _own_spouse(draft: Draft, _inventor: Inventor) -> None:
    draft.agreement["GTJKRGJJZH"] = draft.main["GRZH"]
    draft.main["GRZHYE"] = yuan(draft.due * 3 // 4)


def _not_yet(draft: Draft, _inventor: Inventor) -> None:
    draft.agreement["XYZT"] = "0"


def _ended(draft: Draft, _inventor: Inventor) -> None:
    before = date(int(draft.month[:4]), int(draft.month[4:]), 1) - timedelta(days=2)
    draft.agreement.update(XYZT="2", ZZRQ=f"{before:%Y%m%d}")


def _twin(draft: Draft, inventor: Inventor) -> None:
    """Signed twice, the same words: the earlier counts."""
    later = dict(draft.agreement, XYBH=draft.another().agreement["XYBH"])
    signed = date.fromisoformat(draft.agreement["QYRQ"]) + timedelta(days=40)
    draft.agreements.append(later | {"QYRQ": f"{signed:%Y%m%d}"})


def _quarrel(draft: Draft, inventor: Inventor) -> None:
    """Signed twice with different payers: nobody can say which counts."""
    _twin(draft, inventor)
    spouse = inventor.person(draft.due, draft.month, 1)
    draft.persons.append(spouse)
    draft.agreements[1]["GTJKRGJJZH"] = spouse["GRZH"]


def _no_due(draft: Draft, _inventor: Inventor) -> None:
    draft.loans.clear()


def _two_dues(draft: Draft, _inventor: Inventor) -> None:
    draft.loans.append(draft.loan | {"DQYHJE": "900.00", "DQYHBJ": "800.00", "DQYHLX": "100.00"})


def _negative(draft: Draft, _inventor: Inventor) -> None:
    interest = int(draft.loan["DQYHLX"].replace(".", ""))
    draft.loan.update(DQYHJE=yuan(-draft.due), DQYHBJ=yuan(-draft.due - interest))


def _settled(draft: Draft, _inventor: Inventor) -> None:
    draft.loan.update(DKZT="2", DKYE="0.00", SYQS="0", DQYHJE="0.00", DQYHBJ="0.00", DQYHLX="0.00")


def _nothing_due(draft: Draft, _inventor: Inventor) -> None:
    draft.loan.update(DQYHJE="0.00", DQYHBJ="0.00", DQYHLX="0.00")


def _overdue(draft: Draft, _inventor: Inventor) -> None:
    draft.loan.update(DKZT="1", YQJE=yuan(draft.due * 2))


def _stranger(draft: Draft, _inventor: Inventor) -> None:
    """The core does not know the account."""
    draft.persons.clear()


def _unclaimed(draft: Draft, _inventor: Inventor) -> None:
    draft.agreements.clear()


def _other_id(draft: Draft, inventor: Inventor) -> None:
    draft.loan["JKRZJH"] = inventor.id_number()


def _other_name(draft: Draft, inventor: Inventor) -> None:
    draft.loan["JKRXM"] = draft.main["XingMing"] + "一"


def _new_account(draft: Draft, inventor: Inventor) -> None:
    draft.loan["HKZH"] = inventor.card(draft.loan["HKZH"][:6])


def _rare(draft: Draft, inventor: Inventor) -> None:
    draft.rename(draft.main["XingMing"][0] + RARE[inventor.people % len(RARE)])


def _dotted(draft: Draft, inventor: Inventor) -> None:
    draft.rename(f"阿{draft.main['XingMing'][1:]}·{inventor.name()}")


def _long_name(draft: Draft, inventor: Inventor) -> None:
    """Longer than any bank has room for.  Where the list itself has a fixed width, nobody can
    have one: there it is an ordinary agreement."""
    pairs = [inventor.name() + inventor.name() for _ in range(8)]
    while len("·".join(pairs).encode()) <= _LONGEST_NAME:
        pairs.append(pairs[0])
    if draft.loan["YHJC"] not in _FIXED_WIDTH:
        draft.rename("·".join(pairs))


def _old_id(draft: Draft, inventor: Inventor) -> None:
    whole = inventor.old_id_number()
    draft.number(short_id(whole), whole)


def _old_id_at_bank(draft: Draft, inventor: Inventor) -> None:
    whole = inventor.old_id_number()
    draft.number(whole, short_id(whole))


def _passport(draft: Draft, inventor: Inventor) -> None:
    number = f"E00000{inventor.people:09d}"
    draft.main["ZJLX"] = "03"
    draft.number(number, number)


def _sloppy_id(draft: Draft, inventor: Inventor) -> None:
    """Small x and a blank, at the bank."""
    number = inventor.id_number()
    while not number.endswith("X"):
        number = inventor.id_number()
    draft.number(number, number.lower() + " ")
    draft.loan["JKRXM"] += " "


def _two_names(draft: Draft, inventor: Inventor) -> None:
    """Another account at the centre has the same ID under another name."""
    double = inventor.person(draft.due, draft.month, 1)
    draft.persons.append(double | {"ZJHM": draft.main["ZJHM"]})


def _old_card(draft: Draft, _inventor: Inventor) -> None:
    """An account from before check digits: a warning, not a refusal."""
    account = draft.loan["HKZH"]
    bad = account[:-1] + str((int(account[-1]) + 1) % 10)
    draft.loan["HKZH"] = draft.agreement["HKZH"] = bad


def _two_loans(draft: Draft, _inventor: Inventor) -> None:
    """One person, two loans, and money for one and a half."""
    second = draft.another()
    second.agreement["JKRGJJZH"] = draft.main["GRZH"]
    second.loan.update(JKRXM=draft.main["XingMing"], JKRZJH=draft.main["ZJHM"])
    draft.main["GRZHYE"] = yuan(draft.due + second.due // 2)
    draft.loans += second.loans
    draft.agreements += second.agreements


def _shared_spouse(draft: Draft, inventor: Inventor) -> None:
    """Two borrowers lean on one spouse's account (a couple with a loan each)."""
    second = draft.another()
    draft.main["GRZHYE"] = second.main["GRZHYE"] = "0.01"
    helper = draft.add_spouse(inventor, draft.due + second.due // 2)
    second.agreement["GTJKRGJJZH"] = helper["GRZH"]
    draft.persons += second.persons
    draft.loans += second.loans
    draft.agreements += second.agreements


CASES = (
    Case("spouse_helps", 700, _spouse_helps),
    Case("spouse_partly", 250, _spouse_partly),
    Case("spouse_idle", 1500, _spouse_idle),
    Case("partial", 700, _balance(lambda due: due * 2 // 3)),
    Case("no_balance", 60, _balance(lambda _due: 0)),
    Case("only_retain", 10, _balance(lambda _due: 1)),
    Case("tiny", 10, _balance(lambda _due: 2)),
    Case("exact", 30, _balance(lambda due: due + 1)),
    Case("partly_frozen", 120, _partly_frozen),
    Case("account_frozen", 60, _state("06", lambda due: due * 4)),
    Case("account_closed", 50, _state("05", lambda _due: 0)),
    Case("account_sealed", 200, _state("02", lambda due: due * 4)),
    Case("own_spouse", 10, _own_spouse),
    Case("not_yet", 200, _not_yet),
    Case("ended", 200, _ended),
    Case("twin", 12, _twin, 2),
    Case("quarrel", 8, _quarrel, 2),
    Case("no_due", 14, _no_due),
    Case("two_dues", 8, _two_dues),
    Case("negative", 6, _negative),
    Case("settled", 110, _settled),
    Case("nothing_due", 8, _nothing_due),
    Case("overdue", 250, _overdue),
    Case("stranger", 14, _stranger),
    Case("unclaimed", 40, _unclaimed, 0),
    Case("other_id", 6, _other_id),
    Case("other_name", 6, _other_name),
    Case("new_account", 38, _new_account),
    Case("rare", 60, _rare),
    Case("dotted", 60, _dotted),
    Case("long_name", 1, _long_name),
    Case("old_id", 40, _old_id),
    Case("old_id_at_bank", 15, _old_id_at_bank),
    Case("passport", 14, _passport),
    Case("sloppy_id", 12, _sloppy_id),
    Case("two_names", 6, _two_names),
    Case("old_card", 10, _old_card),
    Case("two_loans", 100, _two_loans, 2),
    Case("shared_spouse", 30, _shared_spouse, 2),
    Case("bank_closed", 70, _mind("1001")),
    Case("bank_name", 45, _mind("1002")),
    Case("bank_settled", 22, _mind("1003")),
    Case("bank_error", 35, _mind("9999")),
    Case("late", 66, _mind("LATE")),
    Case("lost", 80, _mind("LOST")),
    Case("twice", 40, _mind("TWICE")),
    Case("returned", 44, _mind("RTN")),
)
