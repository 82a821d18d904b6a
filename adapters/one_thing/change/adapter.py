"""进度办理结果反馈 of changes, to the market regulator through the sharing platform.

Contract: ``contracts_spec/one_thing/change``.
"""

from adapters.kit.case_feedback import CaseFeedback
from hub.ports.case import CasePort, Feedback, FeedbackReceipt, Step
from hub.ports.context import AdapterContext
from hub.ports.line import Line


class Change(CaseFeedback):
    """CasePort; a change has no attachments."""

    def feedback(self, line: Line, told: Feedback) -> FeedbackReceipt:
        """See CasePort.feedback."""
        said = self.case_content(told)
        if told.step is not Step.LACKING and "lacking" in said:
            said["items"] = said.pop("lacking")  # what became of each field
        return self.tell(line, "feedback", said)


def build(context: AdapterContext) -> CasePort:
    """The port, from its contract and the deployment's values and keys."""
    return Change(context)
