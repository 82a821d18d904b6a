"""Words of the bank's books → codes of BCM's wire."""

from mocks.kit.bank import registrations as said
from mocks.kit.bank.ledger import CREDIT, OTHER, OUT, RETURN, REVERSAL
from mocks.kit.bank.orders import DONE, DOUBTFUL, PROCESSING, REFUSED, Strange
from mocks.kit.bank.payments import Told
from mocks.kit.faults import Rule

NOT_FOUND = "9"
_STAT = {DONE: "1", REFUSED: "2", PROCESSING: "3", DOUBTFUL: "5"}
_ERR = {
    "account_closed": "E1101",
    "name_mismatch": "E1102",
    "loan_settled": "E1103",
    "bank_error": "E1199",
    "no_funds": "E1301",
    "other_content": "E1302",
}
BUSI_TYPE = {CREDIT: "PLFK", RETURN: "TPTH", REVERSAL: "CZHZ", OTHER: "QITA"}
CHECK_CODE = {
    said.OK: "0000",
    said.NO_LOAN: "5001",
    said.NOT_ACCOUNT: "5002",
    said.NOT_NAME: "5003",
    said.NOT_ID: "5004",
    said.SETTLED: "5005",
    said.NOT_REGISTERED: "5006",
    said.TAKEN: "5007",
}


def stat(told: Told) -> tuple[str, str]:
    """stat and err_code of a record."""
    code = _ERR.get(told.reason, "")
    return told.wire.get("stat", _STAT[told.verdict]), told.wire.get("err_code", code)


def dc_flag(side: str) -> str:
    """D out, C in."""
    return "D" if side == OUT else "C"


def strange(rule: Rule) -> Strange:
    """A row under a rule that has the bank tell something else."""
    match rule.fault:
        case "unknown_code":
            return Strange({"stat": "8", "err_code": str(rule.parameters.get("code", "E7777"))})
        case "system_error":
            return Strange({"stat": "5", "err_code": "E1998"})
        case _:
            told = str(rule.answer.get("stat", "2"))
            code = str(rule.answer.get("err_code", "" if told == "1" else "E1199"))
            return Strange({"stat": told, "err_code": code}, credit=told == _STAT[DONE])
