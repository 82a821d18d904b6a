"""进度办理结果反馈 of migration cases, to the market regulator through the sharing platform.

Contract: ``contracts_spec/one_thing/migration``.
"""

from adapters.kit.case_feedback import CaseFeedback
from hub.ports.case import CasePort, Feedback, FeedbackReceipt
from hub.ports.context import AdapterContext
from hub.ports.line import Line


class Migration(CaseFeedback):
    """CasePort; a migration has no attachments."""

    def feedback(self, line: Line, told: Feedback) -> FeedbackReceipt:
        """See CasePort.feedback."""
        return self.tell(line, "feedback", self.case_content(told))


def build(context: AdapterContext) -> CasePort:
    """The port, from its contract and the deployment's values and keys."""
    return Migration(context)
