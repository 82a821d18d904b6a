"""Words of the bank's books → codes of this bank's wire."""

from mocks.kit.bank import registrations as said
from mocks.kit.bank.ledger import CREDIT, OTHER, OUT, RETURN, REVERSAL
from mocks.kit.bank.orders import DONE, DOUBTFUL, PROCESSING, REFUSED, Strange
from mocks.kit.bank.payments import Told
from mocks.kit.faults import Rule

_VERDICT = {DONE: "SUCC", REFUSED: "FAIL", PROCESSING: "PROC", DOUBTFUL: "SUSP"}
_REASON = {
    "account_closed": "R101",
    "name_mismatch": "R102",
    "loan_settled": "R103",
    "bank_error": "R199",
    "no_funds": "R131",
    "other_content": "R132",
    "host_timeout": "R198",
}
NOT_FOUND = "NONE"
IN_HAND = "PROC"
ENTRY_TYPE = {CREDIT: "HPFDK", RETURN: "HPFTH", REVERSAL: "HPFCZ", OTHER: "QTYW"}
LOAN_STATE = {"0": "N", "1": "O", "2": "S"}
CHECK_CODE = {
    said.OK: "0000",
    said.NO_LOAN: "6001",
    said.NOT_ACCOUNT: "6002",
    said.NOT_NAME: "6003",
    said.NOT_ID: "6004",
    said.SETTLED: "6005",
    said.NOT_REGISTERED: "6006",
    said.TAKEN: "6007",
}


def state(told: Told) -> tuple[str, str]:
    """status and reasonCode of a row; the reason may be empty."""
    reason = _REASON[told.reason] if told.reason else ""
    if told.verdict == REFUSED and not reason:
        reason = _REASON["bank_error"]
    return told.wire.get("status", _VERDICT[told.verdict]), told.wire.get("reasonCode", reason)


def direction(side: str) -> str:
    """D out, C in."""
    return "D" if side == OUT else "C"


def strange(rule: Rule) -> Strange:
    """A row under a rule that has the bank tell something else."""
    match rule.fault:
        case "unknown_code":
            return Strange({"status": str(rule.parameters.get("code", "XXXX")), "reasonCode": ""})
        case "system_error":
            return Strange({"status": "SUSP", "reasonCode": "R198"})
        case _:
            status = str(rule.answer.get("status", "FAIL"))
            reason = str(rule.answer.get("reasonCode", ""))
            return Strange(
                {"status": status, "reasonCode": reason}, credit=status == _VERDICT[DONE]
            )
