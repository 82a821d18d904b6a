"""The pipe text of a list, both ways.  Written by hand from the contract's README.

Records go out with their columns in the order of the contract, unless a rule moves them: the
header row says which value is which.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from mocks.kit.bank.contract import Contract
from mocks.kit.faults import Hits
from mocks.kit.xml import Unreadable, tags

_NOT_IN_A_VALUE = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Listing:
    """A header row and its records; ``said`` is the record_num that is told."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    said: int

    def out(self) -> str:
        """The elements of a list."""
        cells = [*self.header, *(cell for row in self.rows for cell in row)]
        fields = (
            ("field_num", str(len(self.header))), ("record_num", str(self.said)),
            ("file_flag", "0"), ("serial_record", "".join(f"{_clean(cell)}|" for cell in cells)),
        )  # fmt: skip
        return tags(fields)


def listing(columns: Sequence[str], rows: Sequence[Mapping[str, str]], hits: Hits) -> str:
    """Rows by column name, as the wire has them under the rules."""
    made = Listing(tuple(columns), tuple(tuple(row[c] for c in columns) for row in rows), len(rows))
    for fault, bend in _BENDS.items():
        if hits.first(fault) is not None:
            made = bend(made)
    return made.out()


def columns_of(contract: Contract, message: str) -> tuple[str, ...]:
    """The columns of a list in the contract's order."""
    return tuple(contract.raw["columns"][message]["values"])


def read(contract: Contract, message: str, said: Mapping[str, str]) -> list[dict[str, str]]:
    """Records of a request; :class:`Unreadable` for what is not the contract's, in no value's
    words."""
    layout = contract.raw["columns"][message]["values"]
    text = said.get("serial_record", "")
    if not text.endswith("|") or _NOT_IN_A_VALUE.search(text):
        raise Unreadable("serial_record 不是以竖线结尾的一行")
    cells, width = text[:-1].split("|"), len(layout)
    if said.get("field_num") != str(width) or tuple(cells[:width]) != tuple(layout):
        raise Unreadable("标题行与规范不符")
    if len(cells) != width * (int(said["record_num"]) + 1):
        raise Unreadable("记录数与内容不符")
    rows = [
        dict(zip(layout, cells[at : at + width], strict=True))
        for at in range(width, len(cells), width)
    ]
    for row in rows:
        for column, value in row.items():
            if not re.fullmatch(layout[column], value) or contract.too_long(column, value):
                raise Unreadable(f"{column} 不合样式或超长")
    return rows


def _clean(cell: str) -> str:
    """A pipe or line break in the bank's books would break the list: it goes out as 全角."""
    return _NOT_IN_A_VALUE.sub(" ", cell).replace("|", "｜")


def _moved(made: Listing) -> Listing:
    return replace(made, header=made.header[::-1], rows=tuple(row[::-1] for row in made.rows))


def _missing(made: Listing) -> Listing:
    return replace(made, header=made.header[:-1], rows=tuple(row[:-1] for row in made.rows))


def _unknown(made: Listing) -> Listing:
    return replace(made, header=(*made.header, "x_ext"), rows=tuple((*r, "") for r in made.rows))


def _doubled(made: Listing) -> Listing:
    return replace(
        made,
        header=(*made.header, made.header[0]),
        rows=tuple((*row, row[0]) for row in made.rows),
    )


def _count_off(made: Listing) -> Listing:
    return replace(made, said=made.said + 1)


def _value_lost(made: Listing) -> Listing:
    return replace(made, rows=(*made.rows[:-1], *(row[:-1] for row in made.rows[-1:])))


_BENDS: Mapping[str, Callable[[Listing], Listing]] = {
    "columns_moved": _moved,
    "column_missing": _missing,
    "column_unknown": _unknown,
    "column_twice": _doubled,
    "count_off": _count_off,
    "value_lost": _value_lost,
}
