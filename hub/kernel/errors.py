"""One exception tree, grouped by what the caller can do about it.

Every error carries a stable ``code`` (what scripts and partners match on), an HTTP ``status``,
a ``retry`` class and a ``hint`` that tells an operator what to do.  The first line of the
docstring is the default message; ``docs/reference/errors.md`` is generated from the tree.
"""

from enum import StrEnum
from typing import ClassVar


class Retry(StrEnum):
    """Whether trying the same thing again can help."""

    NEVER = "never"
    LATER = "later"
    AFTER_REPAIR = "after_repair"
    INQUIRE_FIRST = "inquire_first"


class HubError(Exception):
    """Something went wrong in the hub."""

    code: ClassVar[str] = "hub.error"
    status: ClassVar[int] = 500
    retry: ClassVar[Retry] = Retry.AFTER_REPAIR
    hint: ClassVar[str] = "Read the log around this time; if it happens again, call support."

    def __init__(self, message: str = "") -> None:
        default = (type(self).__doc__ or "").strip().splitlines()[0]
        super().__init__(message or default)

    @property
    def message(self) -> str:
        """What happened, for a person; never holds a secret or personal data in clear."""
        return str(self.args[0])

    def as_dict(self) -> dict[str, str]:
        """The shape printed by ``--json`` and answered over HTTP."""
        return {
            "code": self.code,
            "message": self.message,
            "retry": self.retry.value,
            "hint": self.hint,
        }


class BadInput(HubError):
    """What was given cannot be used."""

    code = "input.bad"
    status = 400
    retry = Retry.NEVER
    hint = "Correct the input and give it again; nothing was changed."


class NotFound(BadInput):
    """There is no such thing."""

    code = "input.not_found"
    status = 404
    hint = "Check the number; `hub offset status` lists what there is."


class Refused(HubError):
    """The hub refuses this by its rules."""

    code = "rule.refused"
    status = 409
    retry = Retry.NEVER
    hint = "The message names the rule; do what it asks for first."


class NotAllowed(HubError):
    """This person may not do this."""

    code = "people.not_allowed"
    status = 403
    retry = Retry.NEVER
    hint = "Ask somebody whose role allows it; `hub people list` shows the roles."


class Unavailable(HubError):
    """Something the hub depends on is away."""

    code = "dependency.unavailable"
    status = 503
    retry = Retry.LATER
    hint = "Nothing is lost; the hub goes on when it is back."


class Misconfigured(HubError):
    """The deployment's settings do not fit together."""

    code = "settings.misconfigured"
    hint = "Correct hub.toml or the environment variable named in the message, then start again."
