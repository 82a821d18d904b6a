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

__all__ = [
    "ACCOUNTS",
    "HOLDS",
    "POSTINGS",
    "AccountsHandler",
    "AccountsLetter",
    "CommandHandler",
    "CommandsLetter",
    "HoldsHandler",
    "LedgerLetter",
    "PostingsHandler",
    "command_kind",
]
