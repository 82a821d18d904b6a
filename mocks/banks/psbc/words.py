"""Words of the bank's books → codes of 邮储银行."""

from typing import Any

from mocks.kit.bank import registrations as said
from mocks.kit.bank.ledger import CREDIT, OTHER, OUT, RETURN, REVERSAL
from mocks.kit.bank.orders import DONE, DOUBTFUL, PROCESSING, REFUSED, Strange
from mocks.kit.bank.payments import Told
from mocks.kit.bank.yuan import yuan
from mocks.kit.faults import Rule

_STATE = {DONE: "S", REFUSED: "F", PROCESSING: "P", DOUBTFUL: "D"}
_REASON = {
    "account_closed": "E01",
    "name_mismatch": "E02",
    "loan_settled": "E03",
    "bank_error": "E09",
    "no_funds": "E10",
    "other_content": "E11",
}
NOT_FOUND = "N"
BIZ_TYPE = {CREDIT: "DKP", RETURN: "TPH", REVERSAL: "CZH", OTHER: "OTH"}
CHECK_CODE = {
    said.OK: "C00",
    said.NO_LOAN: "C01",
    said.NOT_ACCOUNT: "C02",
    said.NOT_NAME: "C03",
    said.NOT_ID: "C04",
    said.SETTLED: "C05",
    said.NOT_REGISTERED: "C06",
    said.TAKEN: "C07",
}
DISTRUST = {
    "identity": "P0101",
    "signature": "P0102",
    "stale": "P0104",
    "cipher": "P0106",
    "document": "P0201",
    "unreadable": "P0201",
}


def state(told: Told) -> tuple[str, str]:
    """state and errCode of a row."""
    code = _REASON.get(told.reason, "")
    return told.wire.get("state", _STATE[told.verdict]), told.wire.get("errCode", code)


def shown(told: Told) -> str:
    """For the journal."""
    return "/".join(state(told))


def in_file(told: Told) -> dict[str, str]:
    """A row of a result file: an amount only where money moved, else 0.00."""
    found, failed = state(told)
    done = found == _STATE[DONE]
    return {
        "orderNo": told.number, "state": found, "amt": yuan(str(told.fen if done else 0)),
        "errCode": failed, "hostSeq": told.serial if done else "",
    }  # fmt: skip


def in_message(number: str, told: Told | None) -> dict[str, Any]:
    """A row of HC0203: what is empty is left out."""
    if told is None:
        return {"orderNo": number, "state": NOT_FOUND}
    row = in_file(told)
    left_out = {name for name, text in row.items() if text in ("", "0.00")}
    return {name: text for name, text in row.items() if name not in left_out}


def side(way: str) -> str:
    """O out, I in."""
    return "O" if way == OUT else "I"


def strange(rule: Rule) -> Strange:
    """A row under a rule that has the bank tell something else."""
    match rule.fault:
        case "unknown_code":
            return Strange({"state": "Z", "errCode": str(rule.parameters.get("code", "E77"))})
        case "system_error":
            return Strange({"state": "D", "errCode": "E99"})
        case _:
            told = str(rule.answer.get("state", "F"))
            code = str(rule.answer.get("errCode", "" if told == "S" else "E09"))
            return Strange({"state": told, "errCode": code}, credit=told == _STATE[DONE])
