"""Every message kind of the offset with its handler."""

from collections.abc import Mapping
from functools import partial

from hub.bus import Handler
from hub.core import (
    ACCOUNTS,
    HOLDS,
    POSTINGS,
    AccountsHandler,
    CommandHandler,
    HoldsHandler,
    PostingsHandler,
    command_kind,
)
from hub.offset import dues, funds, inquiry, instruct, restore_asks, statement
from hub.offset.booking import Bookkeeper
from hub.offset.ledger import LedgerReader
from hub.offset.notify import sending
from hub.offset.office import Office
from hub.offset.registering import CLAIMS, ClaimHandler
from hub.ports.core import CommandKind


def handlers(office: Office) -> Mapping[str, Handler]:
    """By message kind, for the bus's workers."""
    reader, keeper = LedgerReader(office), Bookkeeper(office)
    commands = {
        command_kind(kind): CommandHandler(kind, partial(keeper.take, kind), office.bus)
        for kind in CommandKind
    }
    return {
        **commands,
        **restore_asks.handlers(office),
        **sending.handlers(office, office.notify),
        dues.KIND: dues.DuesHandler(office),
        funds.KIND: funds.BalanceHandler(office),
        instruct.KIND: instruct.InstructHandler(office),
        inquiry.RESULTS: inquiry.ResultsHandler(office),
        inquiry.INQUIRY: inquiry.InquiryHandler(office),
        statement.KIND: statement.StatementHandler(office),
        **{kind: ClaimHandler(office, kind) for kind in CLAIMS},
        ACCOUNTS: AccountsHandler(reader.take_accounts),
        POSTINGS: PostingsHandler(reader.take_postings, office.bus, reader.give_up),
        HOLDS: HoldsHandler(reader.take_holds, office.bus, reader.give_up),
    }
