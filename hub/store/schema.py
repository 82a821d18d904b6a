"""The schema's version: upgraded step by step, and checked before anybody works on it.

Migrations expand, then contract, in two releases; a worker refuses a schema that is not its own.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from hub.kernel.errors import Refused
from hub.store.engine import Store

_FOLDER = Path(__file__).parent / "migrations"


class OtherSchema(Refused):
    """The database's schema is not this program's."""

    code = "store.other_schema"
    hint = "Run `hub db upgrade` with the newest program; older programs must be stopped first."


def upgrade(store: Store, revision: str = "head") -> None:
    """Bring the schema to ``revision``; what is there already is left as it is."""
    with store.write() as tx:
        config = _config()
        config.attributes["connection"] = tx
        command.upgrade(config, revision)


def downgrade(store: Store, revision: str) -> None:
    """Take the schema back to ``revision`` (``base``: nothing); its data goes with it."""
    with store.write() as tx:
        config = _config()
        config.attributes["connection"] = tx
        command.downgrade(config, revision)


def newest() -> str:
    """The revision this program was written for."""
    found = ScriptDirectory.from_config(_config()).get_current_head()
    return found or ""


def current(store: Store) -> str:
    """The database's revision; empty for an empty database."""
    with store.read() as view:
        return MigrationContext.configure(view).get_current_revision() or ""


def require_current(store: Store) -> None:
    """Raises OtherSchema unless the database is at this program's revision."""
    found, wanted = current(store), newest()
    if found != wanted:
        raise OtherSchema(f"the schema is {found or 'empty'}, this program needs {wanted}")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.set_main_option("path_separator", "os")
    return config
