"""Commands to and reads from the core system, as messages of the bus."""

from hub.core.handlers import (
    ACCOUNTS,
    HOLDS,
    POSTINGS,
    AccountsHandler,
    CommandHandler,
    HoldsHandler,
    PostingsHandler,
    command_kind,
)
from hub.core.letters import AccountsLetter, CommandsLetter, LedgerLetter
from hub.core.registry import (
    APPLY,
    CANCEL,
    HOLD_AGAIN_S,
    INQUIRE,
    PERSONS,
    ApplyHandler,
    CancelHandler,
    InquireHandler,
    PersonsHandler,
)
from hub.core.registry_letters import ApplicationsLetter, NumbersLetter, PersonsLetter

__all__ = [
    "ACCOUNTS",
    "APPLY",
    "CANCEL",
    "HOLDS",
    "HOLD_AGAIN_S",
    "INQUIRE",
    "PERSONS",
    "POSTINGS",
    "AccountsHandler",
    "AccountsLetter",
    "ApplicationsLetter",
    "ApplyHandler",
    "CancelHandler",
    "CommandHandler",
    "CommandsLetter",
    "HoldsHandler",
    "InquireHandler",
    "LedgerLetter",
    "NumbersLetter",
    "PersonsHandler",
    "PersonsLetter",
    "PostingsHandler",
    "command_kind",
]
