"""Files of rows between bars, the bank's side: the standard library's csv, told of our marks."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mocks.kit.bank.yuan import fen
from mocks.kit.xml import Unreadable

_AMOUNT = re.compile(r"-?(0|[1-9][0-9]{0,17})\.[0-9]{2}")
Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file's header and rows, by the contract's names."""

    header: Mapping[str, str]
    rows: Sequence[Mapping[str, str]]


class SheetLayout:
    """One kind of file, from the contract's section ``files``."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self._tag = str(raw["tag"])
        self._header: list[str] = raw["header"]
        self.columns: list[str] = raw["columns"]
        self._sum = str(raw["sum"])

    def totals(self, rows: Sequence[Row]) -> tuple[int, int]:
        """Count, and sum in 分; what is no amount counts 0."""
        amounts = (row[self._sum] for row in rows)
        return len(rows), sum(fen(text) for text in amounts if _AMOUNT.fullmatch(text))

    def write(
        self, header: Mapping[str, str], rows: Sequence[Row], more: Mapping[str, str] | None = None
    ) -> bytes:
        """A whole file.  ``more``: a column the contract does not have, only by a fault."""
        extra = more or {}
        lines = [
            [self._tag, *(header[name] for name in self._header)],
            [*self.columns, *extra],
            *([*(row[name] for name in self.columns), *extra.values()] for row in rows),
        ]
        out = io.StringIO()
        csv.writer(
            out, delimiter="|", escapechar="\\", quoting=csv.QUOTE_NONE, quotechar=None,
            lineterminator="\n",
        ).writerows(lines)  # fmt: skip
        return out.getvalue().encode("utf-8")

    def read(self, content: bytes) -> Sheet:
        """:class:`Unreadable` for what is no whole file of this kind."""
        try:
            text = content.decode("utf-8")
            lines = list(
                csv.reader(
                    text.split("\n")[:-1],
                    delimiter="|", escapechar="\\", quoting=csv.QUOTE_NONE, quotechar=None,
                    strict=True,
                )
            )  # fmt: skip
        except (UnicodeDecodeError, csv.Error) as error:
            raise Unreadable(type(error).__name__) from error
        if not text.endswith("\n") or len(lines) != text.count("\n") or len(lines) < 2:
            raise Unreadable("不是整行，或没有头两行")
        top, names, *rows = lines
        if top[:1] != [self._tag] or len(top) != len(self._header) + 1 or names != self.columns:
            raise Unreadable("头两行不是这种文件的")
        if any(len(row) != len(names) for row in rows):
            raise Unreadable("有一行的列数不对")
        return Sheet(
            dict(zip(self._header, top[1:], strict=True)),
            [dict(zip(names, row, strict=True)) for row in rows],
        )

    def amounts_of(self, rows: Sequence[Row]) -> list[int]:
        """Every row's amount in 分; Unreadable unless all are above 0."""
        texts = [row[self._sum] for row in rows]
        if not all(_AMOUNT.fullmatch(text) and fen(text) > 0 for text in texts):
            raise Unreadable("金额不是两位小数的正数")
        return [fen(text) for text in texts]
