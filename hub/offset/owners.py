"""Whose an account is, kept as tokens when a plan asks about it, so that a person's document
number or the end of it leads to their agreements."""

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.crypto import Tokens
from hub.kernel.identity import comparable_id
from hub.offset.tables_finding import account_owner
from hub.ports.core import CoreAccount
from hub.store import among
from hub.store.prepared import Bulk, insert_of

_ADD = insert_of(account_owner, "account_token", "id_token", "id_tail")
_CHANGE = Bulk(
    sa.update(account_owner)
    .where(account_owner.c.account_token == sa.bindparam("b_account"))
    .values(id_token=sa.bindparam("b_id"), id_tail=sa.bindparam("b_tail")),
    "b_account", "b_id", "b_tail",
)  # fmt: skip


def note_owners(tx: Connection, tokens: Tokens, accounts: dict[str, CoreAccount]) -> None:
    """Keep what is new of these accounts (by token); one without a document has no owner here.

    Two plans that see the same account for the first time in the same moment meet in the primary
    key, and the second reading is taken again.
    """
    said: dict[str, tuple[str, str, str]] = {}
    for token, account in accounts.items():
        document = comparable_id(account.id_number, account.id_type)
        if document:
            said[token] = (token, tokens.whole("id", document), tokens.tail("id", document))
    o = account_owner.c
    query = sa.select(o.account_token, o.id_token).where(among(tx, o.account_token, list(said)))
    known = {row.account_token: row.id_token for row in tx.execute(query)}
    _ADD.run(tx, [row for token, row in said.items() if token not in known])
    _CHANGE.run(
        tx, [row for token, row in said.items() if known.get(token, row[1]) != row[1]]
    )  # fmt: skip
