"""What people are refused, each with its own code."""

from hub.kernel.errors import BadInput, Misconfigured, NotAllowed, NotFound, Refused, Retry


class PeopleError(NotAllowed):
    """This person may not do this."""


class TokenRefused(PeopleError):
    """The personal token is not valid."""

    code = "people.token_refused"
    status = 401
    hint = (
        "Give the whole token (hubp_…); if it is lost or revoked, an administrator gives a new one."
    )


class SessionOver(PeopleError):
    """The session has ended: signed out, too long unused, or its hours are over."""

    code = "people.session_over"
    status = 401
    hint = "Sign in again; nothing of what was typed was carried out."


class SignInRefused(PeopleError):
    """Login, password and code do not fit together."""

    code = "people.sign_in_refused"
    status = 401
    hint = "Try again with a fresh code; without a password yet, set one with the personal token."


class PasswordWeak(BadInput):
    """The password is too easy to guess."""

    code = "people.password_weak"
    hint = "At least 10 characters of three kinds (a-z, A-Z, 0-9, others), without the login in it."


class PasswordOld(PeopleError):
    """The password has served its time."""

    code = "people.password_old"
    hint = "Set a new one with the personal token."


class TooManyTries(PeopleError):
    """This token was given wrongly too often; it must wait."""

    code = "people.too_many_tries"
    status = 429
    retry = Retry.LATER
    hint = "Wait and try again. Was it not you? Have the token revoked."


class SamePerson(PeopleError):
    """Whoever asked for it cannot confirm it."""

    code = "people.same_person"
    hint = "Another person must confirm it (双人复核)."


class WrongParty(PeopleError):
    """Only people of another party may do this."""

    code = "people.wrong_party"
    hint = "Money is the centre's: ask somebody of 中心."


class RoleMissing(PeopleError):
    """This person's roles do not allow it."""

    code = "people.role_missing"


class RequestClosed(Refused):
    """The request is not open any more."""

    code = "people.request_closed"
    hint = "Somebody was faster, or it was withdrawn; look at it again."


class RequestExpired(Refused):
    """The request is too old to be confirmed."""

    code = "people.request_expired"
    hint = "Look at the matter again, and ask anew if it is still right."


class PayloadChanged(Refused):
    """What was asked for is not what is true now."""

    code = "people.payload_changed"
    hint = "Look at the matter as it stands now, and ask anew."


class LoginTaken(Refused):
    """There is a person with this login."""

    code = "people.login_taken"
    hint = "Choose another login; one that was used is never given to somebody else."


class BootstrapOver(PeopleError):
    """There are people already: an administrator must do this."""

    code = "people.bootstrap_over"
    hint = "Give an administrator's token; only the very first person is made without one."


class NoSuchRequest(NotFound):
    """There is no request with this number."""

    code = "people.no_such_request"
    hint = "The page and `hub offset status` list the open requests."


class NoSuchPerson(NotFound):
    """There is no person with this login."""

    code = "people.no_such_person"
    hint = "`hub people list` shows everybody."


class BadPerson(BadInput):
    """The person's data cannot be used."""

    code = "people.bad_person"


class BadRequestForTwo(BadInput):
    """The request cannot be used."""

    code = "people.bad_request"


class NobodyExecutes(Misconfigured):
    """This process does not know how to carry out this act."""

    code = "people.nobody_executes"
    hint = "Confirm it through `hub approve` or the page of a running hub."
