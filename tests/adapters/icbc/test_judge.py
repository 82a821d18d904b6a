"""What a row's Result and instrRetCode mean together."""

import pytest

from adapters.kit.banks import judge
from hub.contracts import Code, CodeRetry, CodeStatus
from hub.ports.bank import RefusalReason, RowStatus


class TestJudge:
    """Result and instrRetCode together; a refusal counts only when its own code is final."""

    @pytest.mark.parametrize(
        ("final", "detail", "status", "reason"),
        [
            (False, None, RowStatus.UNKNOWN, None),
            (False, ("refused", False, ""), RowStatus.UNKNOWN, None),
            (False, ("refused", True, ""), RowStatus.REFUSED, RefusalReason.BANK_ERROR),
            (
                False,
                ("refused", True, "name_mismatch"),
                RowStatus.REFUSED,
                RefusalReason.NAME_MISMATCH,
            ),
            (False, ("done", True, ""), RowStatus.UNKNOWN, None),
            (False, ("processing", False, ""), RowStatus.UNKNOWN, None),
            (True, None, RowStatus.REFUSED, RefusalReason.BANK_ERROR),
        ],
    )
    def test_a_refusal(
        self,
        final: bool,
        detail: tuple[str, bool, str] | None,
        status: RowStatus,
        reason: RefusalReason | None,
    ) -> None:
        never = CodeRetry.NEVER
        code = Code("6", "", CodeStatus.REFUSED, final=final, retry=never)
        beside = None
        if detail is not None:
            word, is_final, why = detail
            beside = Code("A1", "", CodeStatus(word), final=is_final, retry=never, reason=why)
        assert judge(code, beside) == (status, reason)
