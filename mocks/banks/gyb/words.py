"""Words of the bank's books → codes of 贵阳银行's documents."""

from collections.abc import Mapping
from typing import Any

from mocks.kit.bank import registrations as said
from mocks.kit.bank.contract import Contract
from mocks.kit.bank.ledger import CREDIT, OTHER, OUT, RETURN, REVERSAL
from mocks.kit.bank.orders import DONE, DOUBTFUL, PROCESSING, REFUSED, Strange
from mocks.kit.bank.payments import Told
from mocks.kit.faults import Rule

_STATE = {DONE: "30", REFUSED: "40", PROCESSING: "20", DOUBTFUL: "50"}
_REASON = {
    "account_closed": "F101",
    "name_mismatch": "F102",
    "loan_settled": "F103",
    "bank_error": "F199",
    "no_funds": "F201",
    "other_content": "F202",
}
NOT_FOUND = "90"
BIZ_TYPE = {CREDIT: "HKDC", RETURN: "HKTH", REVERSAL: "HKCZ", OTHER: "QTJY"}
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
DISTRUST = {
    "identity": "E101",
    "signature": "E102",
    "stale": "E104",
    "cipher": "E106",
    "document": "E110",
    "unreadable": "E110",
}


def state(told: Told) -> tuple[str, str]:
    """state and failCode of a row."""
    code = _REASON.get(told.reason, "")
    return told.wire.get("state", _STATE[told.verdict]), told.wire.get("failCode", code)


def row(contract: Contract, told: Told) -> dict[str, Any]:
    """One row of a result, the same in a reply and in a notice."""
    found, failed = state(told)
    made = {"instNo": told.number, "state": found, "amount": str(told.fen)}
    if told.serial and found == _STATE[DONE]:
        made["bankSerial"] = told.serial
    if failed:
        made["failCode"], made["failMessage"] = failed, contract.text("fail_code", failed)
    return made


def is_final(told: Told) -> bool:
    """Whether the bank has anything to tell of a row yet."""
    return told.verdict in (DONE, REFUSED)


def direction(side: str) -> str:
    """D out, C in."""
    return "D" if side == OUT else "C"


def strange(rule: Rule) -> Strange:
    """A row under a rule that has the bank tell something else."""
    match rule.fault:
        case "unknown_code":
            return Strange({"state": "77", "failCode": str(rule.parameters.get("code", "F777"))})
        case "system_error":
            return Strange({"state": "50", "failCode": "F901"})
        case _:
            answer: Mapping[str, Any] = rule.answer
            told = str(answer.get("state", "40"))
            code = str(answer.get("failCode", "" if told == "30" else "F199"))
            return Strange({"state": told, "failCode": code}, credit=told == _STATE[DONE])
