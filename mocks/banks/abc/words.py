"""Words of the bank's books → codes of ABC's wire."""

from mocks.kit.bank import registrations as said
from mocks.kit.bank.ledger import CREDIT, OTHER, OUT, RETURN, REVERSAL
from mocks.kit.bank.orders import DONE, DOUBTFUL, PROCESSING, REFUSED, Strange
from mocks.kit.bank.payments import Told
from mocks.kit.faults import Rule

_STATE = {DONE: "0", REFUSED: "1", PROCESSING: "2", DOUBTFUL: "9"}
_REASON = {
    "account_closed": "2101",
    "name_mismatch": "2102",
    "loan_settled": "2103",
    "bank_error": "2199",
    "no_funds": "2201",
    "other_content": "2202",
}
TR_TYPE = {CREDIT: "DCHK", RETURN: "THTK", REVERSAL: "CZHZ", OTHER: "QTJY"}
CHECK_CODE = {
    said.OK: "00",
    said.NO_LOAN: "11",
    said.NOT_ACCOUNT: "12",
    said.NOT_NAME: "13",
    said.NOT_ID: "14",
    said.SETTLED: "15",
    said.NOT_REGISTERED: "16",
    said.TAKEN: "17",
}


def state(told: Told) -> tuple[str, str]:
    """RowSta and RowCode of a row."""
    code = _REASON.get(told.reason, "")
    return told.wire.get("RowSta", _STATE[told.verdict]), told.wire.get("RowCode", code)


def side_code(side: str) -> str:
    """DrCr: 1 out, 2 in."""
    return "1" if side == OUT else "2"


def strange(rule: Rule) -> Strange:
    """A row under a rule that has the bank tell something else."""
    match rule.fault:
        case "unknown_code":
            return Strange({"RowSta": "8", "RowCode": str(rule.parameters.get("code", "7777"))})
        case "system_error":
            return Strange({"RowSta": "9", "RowCode": "2998"})
        case _:
            told = str(rule.answer.get("RowSta", "1"))
            code = str(rule.answer.get("RowCode", "" if told == _STATE[DONE] else "2199"))
            return Strange({"RowSta": told, "RowCode": code}, credit=told == _STATE[DONE])
