"""Every table must fit the domestic databases too: short names, plain types, no reserved words."""

import importlib
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from hub.store import metadata
from tests.house.tree import HERE, ROOT, sources

LONGEST = 30
PLAIN = (sa.SmallInteger, sa.Integer, sa.BigInteger, sa.String, sa.Text, sa.LargeBinary)
RICHER = (sa.Enum, sa.Uuid)  # subclasses or look-alikes of the plain ones that are none
RESERVED = frozenset(
    word
    for line in (ROOT / HERE / "reserved.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
    for word in line.split()
)


@pytest.fixture(scope="module")
def tables() -> list[sa.Table]:
    """All tables of the hub: every module that touches the metadata is imported first."""
    for source in sources("hub/"):
        if "metadata" in source.text and "/migrations/" not in source.path:
            name = source.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            importlib.import_module(name)
    return list(metadata.tables.values())


def _names(table: sa.Table) -> Iterator[str]:
    yield table.name
    yield from (column.name for column in table.columns)
    yield from (str(index.name) for index in table.indexes)
    for constraint in table.constraints:
        if isinstance(constraint.name, str):
            yield constraint.name


def _type_flaw(kind: sa.types.TypeEngine[object]) -> str:
    if isinstance(kind, RICHER) or not isinstance(kind, PLAIN):
        return f"{kind!r} is not a type every database has"
    if isinstance(kind, sa.String) and not isinstance(kind, sa.Text) and not kind.length:
        return "text without a length"
    return ""


def test_there_are_tables(tables: list[sa.Table]) -> None:
    assert tables


def test_names_are_short(tables: list[sa.Table]) -> None:
    names = {name for table in tables for name in _names(table)}
    assert not sorted(name for name in names if len(name.encode()) > LONGEST)


def test_names_are_lower_case_and_free(tables: list[sa.Table]) -> None:
    taken = [
        f"{table.name}.{column.name}"
        for table in tables
        for column in table.columns
        if column.name in RESERVED or column.name != column.name.lower()
    ]
    taken += [table.name for table in tables if table.name in RESERVED]
    assert not taken


def test_types_are_plain(tables: list[sa.Table]) -> None:
    flaws = [
        f"{table.name}.{column.name}: {flaw}"
        for table in tables
        for column in table.columns
        if (flaw := _type_flaw(column.type))
    ]
    assert not flaws, "\n" + "\n".join(flaws)


@pytest.mark.parametrize(
    "kind", [sa.Numeric(18, 2), sa.Float(), sa.JSON(), sa.DateTime(), sa.Boolean(), sa.String(),
             sa.Enum("a", name="e"), sa.ARRAY(sa.Integer)],
)  # fmt: skip
def test_a_richer_type_is_found(kind: sa.types.TypeEngine[object]) -> None:
    assert _type_flaw(kind)


def test_every_table_has_a_primary_key(tables: list[sa.Table]) -> None:
    assert not [table.name for table in tables if not table.primary_key.columns]
