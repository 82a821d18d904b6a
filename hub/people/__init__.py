"""Who acts: people, their tokens, parties and roles, and the acts that take two of them."""

from hub.people.approvals import Approval, Approvals, ApprovalState, digest_of
from hub.people.people import Actor, People, PersonRow
from hub.people.words import ACTS, Act, Party, Role

__all__ = [
    "ACTS",
    "Act",
    "Actor",
    "Approval",
    "ApprovalState",
    "Approvals",
    "Party",
    "People",
    "PersonRow",
    "Role",
    "digest_of",
]
