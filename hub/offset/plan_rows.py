"""What both passes of the plan read with: accounts as seen by a wave, rows streamed in chunks."""

from collections.abc import Generator, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from hub.offset.classify import Account

_T = TypeVar("_T")

CHUNK = 4000
"""Lines of one transaction: some 100 ms of the write lock on the embedded database."""

_SEEN = ("state", "balance_fen", "frozen_fen", "held_fen", "name_token", "id_token", "is_card")
SEEN = len(_SEEN)
"""Columns an account takes in a row: main and spouse stand one behind the other, at its end."""


def account_columns(table: sa.FromClause, prefix: str) -> list[sa.Label[Any]]:
    """An account's columns under a prefix, since one row shows main and spouse."""
    return [table.c[name].label(f"{prefix}_{name}") for name in _SEEN]


def account_of(values: Sequence[Any], token: str | None) -> Account | None:
    """The account of such columns; None when there is none or the core does not know it."""
    if token is None or values[0] is None:
        return None
    return Account(token, *values)


def stream(view: Connection, query: sa.Select[Any]) -> Generator[Row[Any]]:
    """A query's rows without holding all of them; close it where it may not be read to its end."""
    with view.execute(query, execution_options={"yield_per": 2000}) as rows:
        for some in rows.partitions():
            yield from some


def chunks(rows: Iterator[_T]) -> Iterator[list[_T]]:
    """As many as one transaction takes, until there are none."""
    while chunk := list(islice(rows, CHUNK)):
        yield chunk
