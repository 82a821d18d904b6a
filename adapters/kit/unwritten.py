"""What a newly scaffolded adapter answers for what nobody has written yet."""

from hub.kernel.errors import Retry
from hub.ports.line import LineNotSent


class NotWritten(LineNotSent):
    """This operation of the adapter is still to be written; for certain nothing was sent."""

    code = "adapter.not_written"
    retry = Retry.AFTER_REPAIR
    hint = "Write it: docs/how-to/add-a-bank.md; the interface's own tests list what is left."

    def __init__(self, operation: str) -> None:
        super().__init__(f"{operation} is not written yet")
