"""Who may lay hands on channels and messages."""

from hub.kernel.errors import Refused
from hub.people import Actor, Party
from hub.people.words import Role


class ActNotYours(Refused):
    """This act is for 中心 or 运维方 staff who handle, review or administer."""

    code = "people.act_not_yours"
    status = 403
    hint = "`hub people list` shows who may."


class RawNotYours(Refused):
    """The wording of a message holds personal data: it is for those with the role raw."""

    code = "people.raw_not_yours"
    status = 403
    hint = "Ask somebody with the role raw (报文原文); what is masked is open to all."


_HANDS_ON = {Role.HANDLER, Role.REVIEWER, Role.APPROVER, Role.ADMINISTRATOR}


def hands_on(actor: Actor) -> Actor:
    """Stopping and asking are safe, but not for lookers-on and the supervisor."""
    if actor.party is Party.SUPERVISOR or not actor.roles & _HANDS_ON:
        raise ActNotYours
    return actor


def may_see_raw(actor: Actor) -> Actor:
    """Raises RawNotYours."""
    if Role.RAW not in actor.roles:
        raise RawNotYours(f"{actor.login} has not the role {Role.RAW.value}")
    return actor
