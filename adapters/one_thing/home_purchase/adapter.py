"""Feedback of home purchase cases to 贵州政务服务网: 受理、过程、结果.

Contract: ``contracts_spec/one_thing/home_purchase``.
"""

from adapters.kit.case_feedback import CaseFeedback
from hub.ports.case import CasePort, Feedback, FeedbackReceipt
from hub.ports.context import AdapterContext
from hub.ports.line import Line


class HomePurchase(CaseFeedback):
    """CasePort; the hall sends every file with the application."""

    def feedback(self, line: Line, told: Feedback) -> FeedbackReceipt:
        """See CasePort.feedback."""
        return self.tell(line, *self.item_content(told))


def build(context: AdapterContext) -> CasePort:
    """The port, from its contract and the deployment's values and keys."""
    return HomePurchase(context)
