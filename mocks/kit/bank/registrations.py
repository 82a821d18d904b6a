"""Verification of a loan, registration and cancellation of an agreement; answers are words."""

from collections.abc import Mapping, Sequence

from mocks.kit.bank.book import Loan, LoanBook
from mocks.kit.storage import Storage

_DDL = """
CREATE TABLE IF NOT EXISTS registration(
  XYBH TEXT PRIMARY KEY, JKHTBH TEXT NOT NULL, live INTEGER NOT NULL) WITHOUT ROWID;
"""
_SETTLED = "2"
OK, NO_LOAN, NOT_ACCOUNT, NOT_NAME, NOT_ID, SETTLED, NOT_REGISTERED, TAKEN = (
    "ok", "no_loan", "not_account", "not_name", "not_id", "settled", "not_registered", "taken",
)  # fmt: skip


class Registrations:
    """Agreements the bank knows of; each answer is a word."""

    def __init__(self, storage: Storage, book: LoanBook) -> None:
        self._storage = storage
        self._book = book
        storage.script(_DDL)

    def verify(self, asked: Mapping[str, str]) -> str:
        """Whether contract, account, name and ID belong to one loan that still runs."""
        loans = self._book.find([asked["JKHTBH"]]).get(asked["JKHTBH"], [])
        return _compare(loans, asked)

    def register(self, asked: Mapping[str, str]) -> str:
        """As verify, then noted; the same agreement again is the same answer."""
        standing = self._loan_of(asked["XYBH"])
        if standing not in (None, asked["JKHTBH"]):
            return TAKEN
        code = self.verify(asked)
        if code == OK:
            self._storage.run(
                "INSERT INTO registration(XYBH,JKHTBH,live) VALUES(?,?,1) "
                "ON CONFLICT(XYBH) DO UPDATE SET live=1",
                (asked["XYBH"], asked["JKHTBH"]),
            )
        return code

    def cancel(self, asked: Mapping[str, str]) -> str:
        """Ends what was registered; again is the same answer."""
        standing = self._loan_of(asked["XYBH"])
        if standing is None:
            return NOT_REGISTERED
        if standing != asked["JKHTBH"]:
            return TAKEN
        self._storage.run("UPDATE registration SET live=0 WHERE XYBH=?", (asked["XYBH"],))
        return OK

    def reset(self) -> None:
        """None registered."""
        self._storage.run("DELETE FROM registration")

    def _loan_of(self, agreement: str) -> str | None:
        found: str | None = self._storage.value(
            "SELECT JKHTBH FROM registration WHERE XYBH=?", (agreement,)
        )
        return found


def _compare(loans: Sequence[Loan], asked: Mapping[str, str]) -> str:
    at_account = [loan for loan in loans if loan.account == asked["HKZH"]]
    named = [loan for loan in at_account if loan.name.strip() == asked["JKRXM"].strip()]
    identified = [loan for loan in named if _id(loan.id_number) == _id(asked["JKRZJH"])]
    for found, code in (
        (loans, NO_LOAN), (at_account, NOT_ACCOUNT), (named, NOT_NAME), (identified, NOT_ID),
    ):  # fmt: skip
        if not found:
            return code
    return SETTLED if all(loan.state == _SETTLED for loan in identified) else OK


def _id(number: str) -> str:
    return number.strip().upper()
