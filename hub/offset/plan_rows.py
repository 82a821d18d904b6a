"""What the plan's passes read with: accounts as seen by a wave, rows streamed in chunks.

While a view of the database is open, SQLite cannot begin its write-ahead log anew: what a pass
writes beside a view over 10⁶ rows makes a log of gigabytes, in which every read then searches.  So
a pass that writes reads page by page, each in a view of its own.
"""

from array import array
from collections import defaultdict
from collections.abc import Generator, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from hub.offset.classify import Account
from hub.store import Store

_T = TypeVar("_T")

CHUNK = 4000
"""Lines of one transaction: some 100 ms of the write lock on the embedded database."""

PAGE = 4000
"""Rows of one view: some 5 MB, for one seek in the index."""

_BUCKET_BITS = 15

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


def paged(
    store: Store, query: sa.Select[Any], loan: sa.ColumnElement[str], number: sa.ColumnElement[int]
) -> Generator[Row[Any]]:
    """A query's rows in the order of (loan, number), with which each begins; every page in a view
    of its own."""
    ordered = query.order_by(loan, number).limit(PAGE)
    here = ordered
    while True:
        with store.read() as view:
            rows = view.execute(here).all()
        yield from rows
        if len(rows) < PAGE:
            return
        last = rows[-1]
        # The first condition lets an index seek; the second leaves out what was there.
        here = ordered.where(
            loan >= last[0], sa.or_(loan > last[0], number > last[1])
        )  # fmt: skip


class InOrder:
    """Rows of whole numbers that come in one order and are wanted in that of their first.

    What is written in the order of its key lies together: 4,000 lines are then some hundred pages
    of the database, and not one each.  Rows are kept packed, 8 bytes a number.
    """

    def __init__(self, width: int) -> None:
        self._width = width
        self._buckets: dict[int, array[int]] = defaultdict(lambda: array("q"))

    def add(self, row: tuple[int, ...]) -> None:
        """Keep one."""
        self._buckets[row[0] >> _BUCKET_BITS].extend(row)

    def __iter__(self) -> Iterator[tuple[int, ...]]:
        for bucket in sorted(self._buckets):
            flat = self._buckets[bucket]
            yield from sorted(zip(*[iter(flat)] * self._width, strict=True))


def chunks(rows: Iterator[_T]) -> Iterator[list[_T]]:
    """As many as one transaction takes, until there are none."""
    while chunk := list(islice(rows, CHUNK)):
        yield chunk
