"""The schema's revision, read without Alembic, is the one Alembic reads."""

from pathlib import Path

import pytest
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from hub.store import Store, schema


def test_the_newest_is_alembic_s_head_and_an_older_one_is_refused(empty_store: Store) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).parent / "migrations"))
    scripts = ScriptDirectory.from_config(config)
    head = scripts.get_current_head()
    assert head is not None
    assert schema.newest() == head
    assert schema.current(empty_store) == ""

    schema.upgrade(empty_store)
    schema.require_current(empty_store)
    schema.downgrade(empty_store, "-1")
    with empty_store.read() as view:
        assert (
            schema.current(empty_store) == MigrationContext.configure(view).get_current_revision()
        )
    with pytest.raises(schema.OtherSchema):
        schema.require_current(empty_store)
