"""Files of rows: a header line, a line of column names, one line per row; values between bars.

What stands in which file is the contract's section ``files``.  Bytes here, no network.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from adapters.kit.amounts import Amounts
from adapters.kit.replies import BadReply
from hub.contracts import BadText, Contract, Field, shape
from hub.kernel.errors import BadInput
from hub.ports.line import DriftNotes

_BAR = "|"
_VALUE = re.compile(r"(?:[^|\\]|\\[|\\])*")
_MARKED = re.compile(r"\\([|\\])")
_UNWRITABLE = re.compile("[\x00-\x1f\x7f]")

Values = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A whole file: its header's values and its rows, by the contract's names."""

    header: dict[str, str]
    rows: tuple[dict[str, str], ...]


@dataclass(frozen=True, slots=True)
class SheetLayout:
    """One kind of file; ``sum_of`` is the column whose amounts are summed."""

    contract: Contract
    kind: str
    tag: str
    header: tuple[str, ...]
    columns: tuple[str, ...]
    sum_of: str

    @classmethod
    def of(cls, contract: Contract, kind: str) -> "SheetLayout":
        """From the contract's section ``files``."""
        raw = contract.extra["files"][kind]
        return cls(
            contract, kind, str(raw["tag"]), tuple(raw["header"]), tuple(raw["columns"]),
            str(raw["sum"]),
        )  # fmt: skip

    def write(self, header: Values, rows: Sequence[Values]) -> bytes:
        """A whole file.  Raises BadInput for a value its field cannot take whole."""
        head, columns = (
            [self.contract.field(name) for name in names] for names in (self.header, self.columns)
        )
        lines = [
            joined([self.tag, *self._fitting(head, header)]),
            joined(self.columns),
            *(joined(self._fitting(columns, row)) for row in rows),
        ]
        return self.contract.charset.encode("\n".join((*lines, "")))

    def read(self, content: bytes, drift: DriftNotes) -> Sheet:
        """Raises BadReply for what is no whole file of this kind.

        Columns are found by their names; one more than the contract has is noted and left out.
        """
        try:
            text = self.contract.charset.decode(content)
        except BadText:
            raise BadReply(self.kind, "the contract's charset", "another") from None
        if not text.endswith("\n"):
            raise BadReply(self.kind, "a whole last line", "half a line or nothing")
        first, names, *lines = (*text[:-1].split("\n"), "")
        header = self._header(first)
        columns = self._columns(names, drift)
        rows = tuple(self._row(columns, line) for line in lines[:-1])
        self._note_lengths(header, rows, drift)
        return Sheet(header, rows)

    def total(self, rows: Iterable[Values]) -> int:
        """Sum of the rows' amounts in 分: what is no amount counts 0, a negative one as it is."""
        read = Amounts.of(self.contract).read
        return sum(read(row[self.sum_of]) or 0 for row in rows)

    def _header(self, line: str) -> dict[str, str]:
        values = parted(line)
        place = f"{self.kind}/header"
        if values is None or len(values) != len(self.header) + 1 or values[0] != self.tag:
            raise BadReply(place, f"{self.tag} and {len(self.header)} values", shape(line))
        return dict(zip(self.header, values[1:], strict=True))

    def _columns(self, line: str, drift: DriftNotes) -> list[str]:
        names = parted(line) or []
        if len(set(names)) != len(names) or not set(self.columns) <= set(names):
            raise BadReply(f"{self.kind}/columns", ", ".join(self.columns), shape(line))
        if len(names) > len(self.columns):
            drift.note(f"{self.kind}/columns", "nothing more here", "more columns")
        return names

    def _row(self, columns: Sequence[str], line: str) -> dict[str, str]:
        values = parted(line)
        if values is None or len(values) != len(columns):
            found = "a lone mark" if values is None else f"{len(values)} values"
            raise BadReply(f"{self.kind}/rows", f"{len(columns)} values", found)
        known = dict(zip(columns, values, strict=True))
        if len(known) == len(self.columns):
            return known
        return {name: known[name] for name in self.columns}

    def _note_lengths(self, header: Values, rows: Sequence[Values], drift: DriftNotes) -> None:
        told = [(name, [value]) for name, value in header.items()]
        told += [(name, [row[name] for row in rows]) for name in self.columns]
        fields = {name: self.contract.field(name) for name, _ in told}
        wrong = {name for name, values in told if not all(map(fields[name].takes, values))}
        for name in sorted(wrong):
            drift.note(f"{self.kind}/{name}", f"at most {fields[name].bytes} bytes", "longer")

    def _fitting(self, fields: Sequence[Field], row: Values) -> list[str]:
        values = [row[field.name] for field in fields]
        for field, value in zip(fields, values, strict=True):
            # What prints holds no control character: most values are settled by that.
            written = value.isprintable() or not _UNWRITABLE.search(value)
            if not written or not field.takes(value):
                raise BadInput(f"{self.kind}/{field.name}: {shape(value)} cannot be written whole")
        return values


def joined(values: Iterable[str]) -> str:
    """Values between bars; a bar or a mark of their own is marked."""
    return _BAR.join([value.replace("\\", "\\\\").replace("|", "\\|") for value in values])


def parted(line: str) -> list[str] | None:
    """The values of a line; None for a mark that marks nothing."""
    if "\\" not in line:
        return line.split(_BAR)
    values, at = [], 0
    while True:
        found = _VALUE.match(line, at)
        end = at if found is None else found.end()
        values.append(_MARKED.sub(r"\1", line[at:end]))
        if end == len(line):
            return values
        if line[end] != _BAR:
            return None
        at = end + 1
