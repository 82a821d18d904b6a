"""A statement that is always the same, compiled once: for hot paths and for many rows.

Building and caching a statement costs SQLAlchemy several times what SQLite needs to run it, and
its own executemany builds a dictionary and walks every column's type for each row.  A
``Prepared`` is written with Core like any other, so it is right on both databases, and is then
sent as text; a ``Bulk`` takes its rows as plain tuples.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, CursorResult, Dialect

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Text:
    sql: str
    order: tuple[str, ...] | None
    fixed: dict[str, Any]

    def bind(self, values: Values) -> Any:
        """Parameters in the driver's form: by place where it wants places, else by name."""
        whole = self.fixed | values if self.fixed else values
        if self.order is None:
            return whole
        return tuple([whole[name] for name in self.order])


def _as_usual(tx: Connection, text: _Text, error: Any) -> BaseException:
    """The driver's error in SQLAlchemy's form."""
    made: BaseException = sa.exc.DBAPIError.instance(
        text.sql, None, error, tx.dialect.loaded_dbapi.Error,
        hide_parameters=True, dialect=tx.dialect,
    )  # fmt: skip
    return made


class Prepared:
    """One statement; variable parts are ``sa.bindparam``, lists of values are not allowed."""

    def __init__(
        self, statement: sa.sql.expression.Executable, columns: Sequence[str] | None = None
    ) -> None:
        """``columns`` are those an insert fills; all of the table unless given."""
        self._statement: Any = statement
        self._columns = columns
        self._texts: dict[str, _Text] = {}
        self._lock = threading.Lock()

    def one(self, tx: Connection, **values: Any) -> CursorResult[Any]:
        """Run it once."""
        text = self._text(tx.dialect)
        return tx.exec_driver_sql(text.sql, text.bind(values))

    def many(self, tx: Connection, rows: Iterable[Values]) -> CursorResult[Any]:
        """Run it for each row, in one call; ``rowcount`` counts all.  Not for no rows."""
        text = self._text(tx.dialect)
        return tx.exec_driver_sql(text.sql, [text.bind(row) for row in rows])

    def rows(self, tx: Connection, **values: Any) -> list[tuple[Any, ...]]:
        """Run it once and take all it answers, as the driver has it: a third of the time of
        ``one``, for what is asked with every message."""
        text = self._text(tx.dialect)
        cursor = tx.connection.cursor()
        try:
            cursor.execute(text.sql, text.bind(values))
            return list(cursor.fetchall())
        except tx.dialect.loaded_dbapi.Error as error:
            raise _as_usual(tx, text, error) from error
        finally:
            cursor.close()

    def run(self, tx: Connection, **values: Any) -> None:
        """Run it once, for what it does: a third of the time of ``one``."""
        text = self._text(tx.dialect)
        cursor = tx.connection.cursor()
        try:
            cursor.execute(text.sql, text.bind(values))
        except tx.dialect.loaded_dbapi.Error as error:
            raise _as_usual(tx, text, error) from error
        finally:
            cursor.close()

    def answers(self, tx: Connection, rows: Sequence[Values]) -> list[Any]:
        """SQLite: run it for each row and take the first value each time answers, else None."""
        text = self._text(tx.dialect)
        cursor = tx.connection.cursor()
        found = []
        try:
            for row in rows:
                cursor.execute(text.sql, text.bind(row))
                got = cursor.fetchone()
                found.append(None if got is None else got[0])
        except tx.dialect.loaded_dbapi.Error as error:
            raise _as_usual(tx, text, error) from error
        finally:
            cursor.close()
        return found

    def _text(self, dialect: Dialect) -> _Text:
        found = self._texts.get(dialect.name)
        if found is None:
            with self._lock:
                found = self._texts[dialect.name] = self._compile(dialect)
        return found

    def _compile(self, dialect: Dialect) -> _Text:
        made = self._statement.compile(dialect=dialect, column_keys=self._columns)
        order = tuple(made.positiontup) if made.positional else None
        fixed = {name: bind.value for bind, name in made.bind_names.items() if not bind.required}
        return _Text(str(made), order, fixed)


class Bulk:
    """An INSERT or UPDATE with a ``sa.bindparam`` for each of ``names``; constants may stand in
    it.  Values are passed as the driver takes them: integers, texts, bytes and None."""

    def __init__(self, statement: sa.Insert | sa.Update, *names: str) -> None:
        self._prepared = Prepared(statement)
        self._names = names
        self._arrangers: dict[str, Callable[[tuple[Any, ...]], Any]] = {}

    def run(self, tx: Connection, rows: Sequence[tuple[Any, ...]]) -> int:
        """Execute it once for each row; how many rows of the table that concerned."""
        if not rows:
            return 0
        text = self._prepared._text(tx.dialect)
        arrange = self._arrangers.get(tx.dialect.name)
        if arrange is None:
            arrange = self._arrangers[tx.dialect.name] = self._arranger(text)
        return tx.exec_driver_sql(text.sql, list(map(arrange, rows))).rowcount

    def _arranger(self, text: _Text) -> Callable[[tuple[Any, ...]], Any]:
        """A row, in the order of ``names``, as the driver wants its parameters."""
        every, constants = (*self._names, *text.fixed), tuple(text.fixed.values())
        if text.order is None:
            return lambda row: dict(zip(every, row + constants, strict=True))
        pick = itemgetter(*(every.index(name) for name in text.order))
        return (lambda row: pick(row + constants)) if constants else pick


def insert_of(table: sa.Table, *names: str) -> Bulk:
    """An INSERT of these columns."""
    values: dict[str, Any] = {name: sa.bindparam(name) for name in names}
    return Bulk(sa.insert(table).values(values), *names)
