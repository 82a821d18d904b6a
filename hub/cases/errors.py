"""What can be wrong with an order about a case."""

from hub.kernel.errors import NotFound, Refused


class NoSuchCase(NotFound):
    """There is no such case."""

    code = "cases.no_such_case"
    hint = "`hub case list` shows what there is; give the hub's number, or the platform's."


class NoSuchAttachment(NotFound):
    """There is no such attachment, or its bytes have not come."""

    code = "cases.no_such_attachment"
    hint = "`hub case show` lists a case's attachments with their numbers."


class CaseEnded(Refused):
    """The case has ended; nothing can be changed any more."""

    code = "cases.ended"
    hint = "A case that failed or was withdrawn can be filed again by the platform, one version up."
