"""Loads what the registry knows beyond persons and units: files that may be missing.

``unit_accounts.csv contributions.csv arrears.csv penalties.csv``, ``unit_marks.csv`` and those of
``figures.py`` beside persons.csv; amounts are yuan with up to two decimals, here integer 分.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mocks.core.reference.load import yuan_to_fen
from mocks.core.registry.figures import FIGURES
from mocks.core.registry.storage import Register
from mocks.kit.guard import MockRefusal


@dataclass(frozen=True, slots=True)
class Table:
    """A file's columns and where they go; ``money`` columns are yuan."""

    table: str
    columns: Mapping[str, str]
    money: frozenset[str] = frozenset()
    fed: bool = True
    key: Sequence[str] = ()


TABLES: Mapping[str, Table] = {
    "unit_accounts.csv": Table(
        "unit_accounts",
        {"DWZH": "dwzh", "DWFRDBZJLX": "dwfrdbzjlx", "DWYB": "dwyb", "DWDZXX": "dwdzxx",
         "JBRXM": "jbrxm", "JBRSJHM": "jbrsjhm", "DWKHRQ": "dwkhrq", "DWXHRQ": "dwxhrq"},
        fed=False, key=("dwzh",),
    ),
    "contributions.csv": Table(
        "contributions",
        {"DWZH": "dwzh", "HJNY": "hjny", "YJRS": "yjrs", "SJRS": "sjrs", "YJJE": "yjje",
         "SJJE": "sjje", "JZRQ": "jzrq"},
        frozenset({"YJJE", "SJJE"}), key=("dwzh", "hjny"),
    ),
    "arrears.csv": Table(
        "arrears",
        {"QJBH": "qjbh", "DWZH": "dwzh", "QSNY": "qsny", "ZZNY": "zzny", "QJYS": "qjys",
         "QJJE": "qjje", "QJZT": "qjzt"},
        frozenset({"QJJE"}), key=("qjbh",),
    ),
    "penalties.csv": Table(
        "penalties",
        {"CFBH": "cfbh", "DWZH": "dwzh", "CFLX": "cflx", "WSH": "wsh", "JDRQ": "jdrq",
         "SY": "sy", "JE": "je", "CFZT": "cfzt"},
        frozenset({"JE"}), key=("cfbh",),
    ),
    "unit_marks.csv": Table(
        "unit_marks", {"DWZH": "dwzh", "JGBM": "jgbm", "DWJJLX": "dwjjlx", "DWSSHY": "dwsshy"},
        fed=False, key=("dwzh",),
    ),
    **{
        name: Table(one.table, one.places, one.money, key=[key.lower() for key in one.key])
        for name, one in FIGURES.items()
    },
}  # fmt: skip


def put(register: Register, table: Table, row: Mapping[str, str], now_us: int) -> None:
    """Insert or replace one record; a fed one takes the next change number.  ValueError."""
    values: dict[str, object] = {
        column: yuan_to_fen(row[name]) if name in table.money else row[name]
        for name, column in table.columns.items()
    }
    if table.fed:
        values |= {"seq": register.books.take_sequence(1), "changed_us": now_us}
    names, marks = ", ".join(values), ", ".join("?" * len(values))
    register.storage.run(
        f"INSERT OR REPLACE INTO {table.table} ({names}) VALUES ({marks})", tuple(values.values())
    )


def load(register: Register, folder: Path, now_us: int) -> None:
    """Fill the tables from the files that are there, inside the caller's transaction."""
    for name, table in TABLES.items():
        if (folder / name).is_file():
            for line, row in _rows(folder / name, table):
                try:
                    put(register, table, row, now_us)
                except ValueError as error:
                    raise MockRefusal(f"{name} 第 {line} 行：{error}") from error


def _rows(path: Path, table: Table) -> Iterator[tuple[int, Mapping[str, str]]]:
    with path.open(encoding="utf-8-sig", newline="") as opened:
        reader = csv.DictReader(opened)
        missing = [name for name in table.columns if name not in (reader.fieldnames or ())]
        if missing:
            raise MockRefusal(f"{path.name} 缺列：{'、'.join(missing)}")
        for row in reader:
            yield reader.line_num, row
