"""Statements for many rows, compiled once: what a row costs is then the database's time alone.

SQLAlchemy's own executemany builds a dictionary and walks every column's type for each row, which
for a month of 10⁶ items is minutes.  Here the statement is compiled once for each dialect, and
rows are plain tuples in the order of ``names``.
"""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Dialect


class Bulk:
    """An INSERT or UPDATE with a ``sa.bindparam`` for each of ``names``; constants may stand in
    it.  Values are passed as the driver takes them: integers, texts, bytes and None."""

    def __init__(self, statement: sa.Insert | sa.Update, *names: str) -> None:
        self._statement = statement
        self._names = names
        self._made: dict[str, tuple[str, Any, tuple[Any, ...]]] = {}

    def run(self, tx: Connection, rows: Sequence[tuple[Any, ...]]) -> int:
        """Execute it once for each row; how many rows of the table that concerned."""
        if not rows:
            return 0
        text, arrange, constants = self._for(tx.dialect)
        given = [arrange(row + constants) for row in rows] if constants else map(arrange, rows)
        return tx.exec_driver_sql(text, list(given)).rowcount

    def _for(self, dialect: Dialect) -> tuple[str, Any, tuple[Any, ...]]:
        found = self._made.get(dialect.name)
        if found is None:
            found = self._made[dialect.name] = self._compile(dialect)
        return found

    def _compile(self, dialect: Dialect) -> tuple[str, Any, tuple[Any, ...]]:
        compiled: Any = self._statement.compile(dialect=dialect)
        fixed = {name: value for name, value in compiled.params.items() if name not in self._names}
        every = [*self._names, *fixed]
        if compiled.positional:
            places = [every.index(name) for name in compiled.positiontup]
            return str(compiled), itemgetter(*places), tuple(fixed.values())
        return str(compiled), lambda row: dict(zip(every, row, strict=True)), tuple(fixed.values())


def insert_of(table: sa.Table, *names: str) -> Bulk:
    """An INSERT of these columns."""
    values: dict[str, Any] = {name: sa.bindparam(name) for name in names}
    return Bulk(sa.insert(table).values(values), *names)
