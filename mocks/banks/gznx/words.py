"""Words of the bank's books → codes of 贵州农信."""

from mocks.kit.bank import registrations as said
from mocks.kit.bank.ledger import CREDIT, OTHER, OUT, RETURN, REVERSAL
from mocks.kit.bank.orders import DONE, DOUBTFUL, PROCESSING, REFUSED, Strange
from mocks.kit.bank.payments import Told
from mocks.kit.faults import Rule

_STATE = {DONE: "2", REFUSED: "3", PROCESSING: "4", DOUBTFUL: "5"}
_REASON = {
    "account_closed": "F01101",
    "name_mismatch": "F01102",
    "loan_settled": "F01103",
    "bank_error": "F01199",
    "no_funds": "F01301",
    "other_content": "F01302",
}
BUSI = {CREDIT: "01", RETURN: "02", REVERSAL: "03", OTHER: "99"}
CHECK_CODE = {
    said.OK: "0000",
    said.NO_LOAN: "3001",
    said.NOT_ACCOUNT: "3002",
    said.NOT_NAME: "3003",
    said.NOT_ID: "3004",
    said.SETTLED: "3005",
    said.NOT_REGISTERED: "3006",
    said.TAKEN: "3007",
}


def state(told: Told) -> tuple[str, str]:
    """STATE and FAIL_CODE of a row."""
    code = _REASON.get(told.reason, "")
    return told.wire.get("STATE", _STATE[told.verdict]), told.wire.get("FAIL_CODE", code)


def flag(side: str) -> str:
    """FLAG: D out, C in."""
    return "D" if side == OUT else "C"


def strange(rule: Rule) -> Strange:
    """A row under a rule that has the bank tell something else."""
    match rule.fault:
        case "unknown_code":
            return Strange({"STATE": "8", "FAIL_CODE": str(rule.parameters.get("code", "F07777"))})
        case "system_error":
            return Strange({"STATE": "5", "FAIL_CODE": "F01998"})
        case _:
            told = str(rule.answer.get("STATE", "3"))
            code = str(rule.answer.get("FAIL_CODE", "" if told == "2" else "F01199"))
            return Strange({"STATE": told, "FAIL_CODE": code}, credit=told == _STATE[DONE])
