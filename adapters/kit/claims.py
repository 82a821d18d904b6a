"""Verification of a loan, registration and cancellation of an agreement: the answer."""

from collections.abc import Mapping

from adapters.kit.replies import BadReply, known, own, readable
from hub.contracts import CodeStatus, Contract, shape
from hub.ports.bank import LoanCheck, LoanClaim
from hub.ports.line import Line


def loan_check(
    contract: Contract,
    line: Line,
    place: str,
    said: Mapping[str, str],
    claim: LoanClaim,
    *,
    agreement: str,
    code: str,
) -> LoanCheck:
    """What the bank says of a claim; ``said`` are the fields at ``place``.

    ``agreement`` names the field that repeats the claim's agreement, ``code`` the one of table
    ``check_code``; a code nobody knows decides nothing.  Raises ReplyUnreadable.
    """
    with readable(line):
        own(f"{place}/{agreement}", said.get(agreement), claim.agreement)
        text, at = said.get(code, "").strip(), f"{place}/{code}"
        answer = known(contract, line, "check_code", text, at)
        if not answer.known:
            raise BadReply(at, "a code of check_code", shape(text))
    return LoanCheck(answer.status is CodeStatus.DONE, answer.code, answer.text)
