"""Words of the bank's books → codes of BOC's wire."""

from mocks.kit.bank import registrations as said
from mocks.kit.bank.ledger import CREDIT, OTHER, OUT, RETURN, REVERSAL
from mocks.kit.bank.orders import DONE, DOUBTFUL, PROCESSING, Strange
from mocks.kit.bank.payments import Told
from mocks.kit.faults import Rule

_VERDICT = {DONE: "B001", PROCESSING: "B054", DOUBTFUL: "B298"}
_REASON = {
    "account_closed": "B201",
    "name_mismatch": "B202",
    "loan_settled": "B203",
    "bank_error": "B299",
    "no_funds": "B231",
    "other_content": "B232",
}
NOT_FOUND = "B116"
TRNTYP = {CREDIT: "HKZC", RETURN: "THZR", REVERSAL: "CZHZ", OTHER: "QTJY"}
CHECK_CODE = {
    said.OK: "0000",
    said.NO_LOAN: "4001",
    said.NOT_ACCOUNT: "4002",
    said.NOT_NAME: "4003",
    said.NOT_ID: "4004",
    said.SETTLED: "4005",
    said.NOT_REGISTERED: "4006",
    said.TAKEN: "4007",
}


def row_status(told: Told) -> str:
    """rspcod of a row: one code says it all on this wire."""
    code = _VERDICT.get(told.verdict) or _REASON[told.reason or "bank_error"]
    return told.wire.get("rspcod", code)


def direct(side: str) -> str:
    """1 out, 2 in."""
    return "1" if side == OUT else "2"


def strange(rule: Rule) -> Strange:
    """A row under a rule that has the bank tell something else."""
    match rule.fault:
        case "unknown_code":
            return Strange({"rspcod": str(rule.parameters.get("code", "B777"))})
        case "system_error":
            return Strange({"rspcod": "B298"})
        case _:
            code = str(rule.answer.get("rspcod", "B299"))
            return Strange({"rspcod": code}, credit=code == _VERDICT[DONE])
