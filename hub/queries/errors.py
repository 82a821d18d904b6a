"""What may be wrong with callers and grants."""

from hub.kernel.errors import BadInput, NotAllowed, NotFound, Refused


class BadCaller(BadInput):
    """A caller, an address or a quota is not as it must be."""

    code = "caller.bad"
    hint = "The message says what; `hub caller grant --help` shows each option."


class BadGrant(BadInput):
    """A grant is not as it must be."""

    code = "grant.bad"
    hint = "A grant names interface, purpose, basis, the last day and the fields it shows."


class NoSuchCaller(NotFound):
    """There is no such caller."""

    code = "caller.not_found"
    hint = "`hub caller list` shows them."


class NoSuchGrant(NotFound):
    """The caller has no such grant."""

    code = "grant.not_found"
    hint = "`hub caller list` shows what each caller may ask."


class CallerRevoked(Refused):
    """This caller was revoked."""

    code = "caller.revoked"
    hint = "A revoked caller stays so; grant to a new id (rid) if it is to call again."


class GrantThere(Refused):
    """The caller has such a grant already."""

    code = "grant.there"
    hint = "Revoke it first, then grant anew: what was granted is never changed."


class GrantNotYours(NotAllowed):
    """Who may see a firm's record is for the centre's handlers and administrators to say."""

    code = "grant.not_yours"
    hint = "`hub people list` shows the centre's people and their roles."
