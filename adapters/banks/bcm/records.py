"""``serial_record``: records as one run of values, each ended by a pipe, the header row first.

Which columns a list has, and what their values look like, is the contract's ``columns`` section.
A list is read whole or not at all: counts that disagree, a header row other than the contract's,
a value that stands in another's column make the reply unreadable.  Nothing here calls anybody.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from adapters.kit.amounts import count
from adapters.kit.banks import UNWRITABLE
from adapters.kit.replies import BadReply
from hub.contracts import Contract, shape
from hub.kernel.errors import BadInput
from hub.ports.line import Drift

PIPE = "|"
FIELDS = ("field_num", "record_num", "file_flag", "serial_record")
_INLINE = "0"
Record = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of one list, in the order we write them: name → what its values look like.

    A value of a ``sure`` column that looks otherwise has come from another column.
    """

    name: str
    columns: Mapping[str, re.Pattern[str]]
    sure: frozenset[str]


@cache
def layout(contract: Contract, name: str) -> Layout | None:
    """The list of a message (``330012.reply``); None for a message without one."""
    raw = contract.extra["columns"].get(name)
    if raw is None:
        return None
    patterns = {column: re.compile(text) for column, text in raw["values"].items()}
    return Layout(name, patterns, frozenset(raw["sure"]))


def written(form: Layout, records: Sequence[Record]) -> dict[str, str]:
    """The body's fields for a list.  Raises BadInput for a value that would break it."""
    values = list(form.columns)
    for record in records:
        values += (record[column] for column in form.columns)
    text = PIPE.join((*values, ""))
    if text.count(PIPE) != len(values) or UNWRITABLE.search(text):
        raise BadInput(f"{form.name}: a value holds a pipe or a control character")
    said = (str(len(form.columns)), str(len(records)), _INLINE, text)
    return dict(zip(FIELDS, said, strict=True))


def read(form: Layout, place: str, said: Mapping[str, str]) -> list[dict[str, str]]:
    """Records by column name; ``said`` are the body's fields at ``place``.  Raises BadReply."""
    flag = said.get("file_flag", "").strip()
    if flag != _INLINE:
        raise BadReply(f"{place}/file_flag", "records in serial_record", shape(flag))
    width, length = (_counted(place, said, name) for name in FIELDS[:2])
    at = f"{place}/serial_record"
    text = said.get("serial_record", "")
    if UNWRITABLE.search(text) or not text.endswith(PIPE):
        # Without the last pipe nobody knows whether the last value is whole.
        raise BadReply(at, "values each ended by a pipe, on one line", "another text")
    values = text[:-1].split(PIPE)
    if width == 0 or len(values) % width:
        raise BadReply(at, f"whole records of {width} values", f"{len(values)} values")
    if len(values) != width * (length + 1):
        found = f"{len(values) // width - 1} records"
        raise BadReply(f"{place}/record_num", "as many as there are", f"{length}, {found}")
    header = [name.strip() for name in values[:width]]
    _check_header(form, at, header)
    rows = [
        dict(zip(header, values[start : start + width], strict=True))
        for start in range(width, len(values), width)
    ]
    _check_sure(form, at, rows)
    return rows


def off_layout(
    contract: Contract, form: Layout, place: str, records: Sequence[Record]
) -> list[Drift]:
    """Where values look otherwise than their columns say, or are too long; one per column."""
    drifts: list[Drift] = []
    for column, pattern in form.columns.items():
        field, at = contract.field(column), f"{place}/serial_record/{column}"
        texts = [record[column] for record in records]
        odd = next((text for text in texts if not pattern.fullmatch(text)), None)
        if odd is not None:
            drifts.append(Drift(at, f"pattern {pattern.pattern}", shape(odd)))
        if not all(map(field.takes, texts)):
            expected = f"at most {field.bytes} bytes of {contract.charset.written}"
            drifts.append(Drift(at, expected, "more bytes"))
    return drifts


def _counted(place: str, said: Mapping[str, str], name: str) -> int:
    found = count(said.get(name))
    if found is None:
        raise BadReply(f"{place}/{name}", "a count", shape(said.get(name)))
    return found


def _check_header(form: Layout, at: str, header: Sequence[str]) -> None:
    for name in form.columns:
        if name not in header:
            raise BadReply(at, f"a column {name}", "none")
    for name in header:
        if name not in form.columns:
            raise BadReply(at, "the contract's columns alone", shape(name))
        if header.count(name) > 1:
            raise BadReply(at, f"one column {name}", f"{header.count(name)} of them")


def _check_sure(form: Layout, at: str, rows: Sequence[Record]) -> None:
    for column in form.sure:
        pattern = form.columns[column]
        odd = next((row[column] for row in rows if not pattern.fullmatch(row[column])), None)
        if odd is not None:
            raise BadReply(f"{at}/{column}", f"pattern {pattern.pattern}", shape(odd))
