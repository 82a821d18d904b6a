"""``number IN (…)`` for many values: one parameter, one statement, whatever the number of values.

SQLAlchemy writes a list out value by value, each a parameter with a name and a type of its own:
for a thousand numbers that costs several times what the database needs to find them.
"""

import json
from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Connection


def among(
    tx: Connection, column: sa.ColumnElement[Any], values: Collection[str] | Collection[int]
) -> sa.ColumnElement[bool]:
    """Whether a column holds one of the values, for a statement of this very connection.

    Values must not be None.  Other databases than the two the hub is tested on get them one by
    one.
    """
    name = tx.dialect.name
    if name == "sqlite":
        told = json.dumps(list(values), ensure_ascii=False)
        each = sa.func.json_each(sa.bindparam(None, told, sa.Text)).table_valued("value")
        return column.in_(sa.select(each.c.value))
    if name == "postgresql":
        whole = isinstance(column.type, sa.Integer)
        listed: Any = postgresql.ARRAY(sa.BigInteger() if whole else sa.Text())
        return column == sa.any_(sa.bindparam(None, list(values), listed))
    return column.in_(list(values))
