"""The schema's version: upgraded step by step, and checked before anybody works on it.

Migrations expand, then contract, in two releases; a worker refuses a schema that is not its own.
"""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from hub.kernel.errors import Refused
from hub.store.engine import Store

if TYPE_CHECKING:
    from alembic.config import Config

_FOLDER = Path(__file__).parent / "migrations"
# Every process and command asks which revision is the newest; Alembic takes longer to import than
# most commands to run, so it is left to those that migrate.
_REVISION = re.compile(r'^(down_)?revision = "(\w+)"', re.MULTILINE)
_VERSION = sa.table("alembic_version", sa.column("version_num"))


class OtherSchema(Refused):
    """The database's schema is not this program's."""

    code = "store.other_schema"
    hint = "Run `hub db upgrade` with the newest program; older programs must be stopped first."


def upgrade(store: Store, revision: str = "head") -> None:
    """Bring the schema to ``revision``; what is there already is left as it is."""
    from alembic import command  # noqa: PLC0415

    with store.write() as tx:
        command.upgrade(_config(tx), revision)


def downgrade(store: Store, revision: str) -> None:
    """Take the schema back to ``revision`` (``base``: nothing); its data goes with it."""
    from alembic import command  # noqa: PLC0415

    with store.write() as tx:
        command.downgrade(_config(tx), revision)


def newest() -> str:
    """The revision this program was written for: the one that no other builds upon."""
    named: dict[bool, set[str]] = {True: set(), False: set()}
    for script in (_FOLDER / "versions").glob("*.py"):
        for below, revision in _REVISION.findall(script.read_text(encoding="utf-8")):
            named[bool(below)].add(revision)
    (head,) = named[False] - named[True]
    return head


def current(store: Store) -> str:
    """The database's revision; empty for an empty database."""
    with store.read() as view:
        if not sa.inspect(view).has_table(_VERSION.name):
            return ""
        return str(view.scalar(sa.select(_VERSION.c.version_num)) or "")


def require_current(store: Store) -> None:
    """Raises OtherSchema unless the database is at this program's revision."""
    found, wanted = current(store), newest()
    if found != wanted:
        raise OtherSchema(f"the schema is {found or 'empty'}, this program needs {wanted}")


def _config(tx: sa.Connection) -> "Config":
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = tx
    return config
