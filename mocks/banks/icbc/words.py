"""Words of the bank's books → codes of ICBC's wire."""

from collections.abc import Mapping

from mocks.kit.bank import registrations as said
from mocks.kit.bank.ledger import CREDIT, OTHER, OUT, RETURN, REVERSAL
from mocks.kit.bank.orders import DONE, DOUBTFUL, PROCESSING, REFUSED, Strange
from mocks.kit.bank.payments import Told
from mocks.kit.faults import Rule

_RESULT = {DONE: "7", REFUSED: "6", PROCESSING: "9", DOUBTFUL: "98"}
_REASON = {
    "account_closed": "A1101",
    "name_mismatch": "A1102",
    "loan_settled": "A1103",
    "bank_error": "A1199",
    "no_funds": "A1301",
    "other_content": "A1302",
}
BUS_TYPE = {CREDIT: "001", RETURN: "002", REVERSAL: "003", OTHER: "009"}
CHECK_CODE = {
    said.OK: "0000",
    said.NO_LOAN: "2001",
    said.NOT_ACCOUNT: "2002",
    said.NOT_NAME: "2003",
    said.NOT_ID: "2004",
    said.SETTLED: "2005",
    said.NOT_REGISTERED: "2006",
    said.TAKEN: "2007",
}


def result(told: Told) -> tuple[str, str]:
    """Result and instrRetCode of a row."""
    code = {DONE: "0", PROCESSING: ""}.get(told.verdict) or _REASON.get(told.reason, "")
    return told.wire.get("Result", _RESULT[told.verdict]), told.wire.get("instrRetCode", code)


def side(entry_side: str) -> str:
    """Drcrf."""
    return "1" if entry_side == OUT else "2"


def strange(rule: Rule) -> Strange:
    """A row under a rule that has the bank tell something else."""
    match rule.fault:
        case "unknown_code":
            code = str(rule.parameters.get("code", "Z7777"))
            return Strange({"Result": "77", "instrRetCode": code})
        case "system_error":
            return Strange({"Result": "98", "instrRetCode": "A1998"})
        case _:
            told = str(rule.answer.get("Result", "6"))
            code = str(rule.answer.get("instrRetCode", "A1199"))
            return Strange(_row(told, code), credit=told == _RESULT[DONE])


def _row(told: str, code: str) -> Mapping[str, str]:
    return {"Result": told, "instrRetCode": code}
