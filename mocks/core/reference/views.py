"""What can be read from the books: accounts, postings, live holds, registry changes, CSV."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from mocks.core.reference.codec import PAGE_ROWS, ChangesAsked, PageAsked
from mocks.core.reference.rules import State
from mocks.core.reference.storage import Books
from mocks.kit.storage import Row

_SHANGHAI = ZoneInfo("Asia/Shanghai")
_PERSON_FIELDS = (
    "GRZH", "DWZH", "XingMing", "ZJLX", "ZJHM", "SJHM", "GRZHZT", "GRJCJSFEN", "GRYJCEFEN",
    "DWYJCEFEN", "GRZHYEFEN", "DJJEFEN", "KHRQ", "JZNY",
)  # fmt: skip
_PERSON_SELECT = (
    "SELECT seq, changed_us, grzh, dwzh, xingming, zjlx, zjhm, sjhm, grzhzt, grjcjs, gryjce,"
    " dwyjce, balance, frozen, khrq, jzny FROM persons WHERE seq > ? ORDER BY seq LIMIT ?"
)
_UNIT_FIELDS = (
    "DWZH", "DWMC", "TYSHXYDM", "DWDZ", "DWFRDBXM", "DWFRDBZJHM", "DWZHZT", "DWJCBL", "GRJCBL",
    "JZNY",
)  # fmt: skip
_UNIT_SELECT = (
    "SELECT seq, changed_us, dwzh, dwmc, tyshxydm, dwdz, dwfrdbxm, dwfrdbzjhm, dwzhzt, dwjcbl,"
    " grjcbl, jzny FROM units WHERE seq > ? ORDER BY seq LIMIT ?"
)


class Views:
    """Reads for the wire and for the control plane."""

    def __init__(self, books: Books) -> None:
        self._storage = books.storage

    def accounts(self, numbers: Sequence[str]) -> dict[str, object]:
        """ZH and WZH: together exactly what was asked for."""
        rows = self._storage.each(
            "SELECT grzh, xingming, zjlx, zjhm, sjhm, grzhzt, balance, frozen, held FROM persons"
            " WHERE grzh IN (SELECT value FROM json_each(?))",
            (json.dumps(numbers),),
        )
        names = (
            "GRZH", "XingMing", "ZJLX", "ZJHM", "SJHM", "GRZHZT", "GRZHYEFEN", "DJJEFEN", "ZYJEFEN"
        )  # fmt: skip
        found = {row[0]: dict(zip(names, row, strict=True)) for row in rows}
        return {
            "ZH": [found[number] for number in numbers if number in found],
            "WZH": [number for number in numbers if number not in found],
        }

    def postings(self, asked: PageAsked) -> dict[str, object]:
        """One page in booking order."""
        rows = self._storage.rows(
            "SELECT serial, number, grzh, amount, czbz, booked_on FROM postings"
            " WHERE period = ? AND bank = ? AND serial > ? ORDER BY serial LIMIT ?",
            (asked.period, asked.bank, asked.after, PAGE_ROWS + 1),
        )
        listed = [
            {
                "YWLSH": serial_text(serial), "MXBH": number, "GRZH": grzh, "FSEFEN": amount,
                "CZBZ": czbz, "JZRQ": booked_on, "GJHTQYWLX": "11", "TQYY": "06", "TQFS": "02",
            }
            for serial, number, grzh, amount, czbz, booked_on in rows[:PAGE_ROWS]
        ]  # fmt: skip
        return {"QCNY": asked.period, "YHJC": asked.bank, "LS": listed, "XYY": _next(rows)}

    def holds(self, asked: PageAsked) -> dict[str, object]:
        """One page of live holds, in the order they were made."""
        rows = self._storage.rows(
            "SELECT id, number, total, payers FROM items"
            " WHERE period = ? AND bank = ? AND state = '01' AND id > ? ORDER BY id LIMIT ?",
            (asked.period, asked.bank, asked.after, PAGE_ROWS + 1),
        )
        listed = [
            {
                "MXBH": number, "FSEFEN": total,
                "FKR": [{"GRZH": grzh, "FSEFEN": fen} for grzh, fen in json.loads(payers)],
            }
            for _, number, total, payers in rows[:PAGE_ROWS]
        ]  # fmt: skip
        return {"QCNY": asked.period, "YHJC": asked.bank, "ZY": listed, "XYY": _next(rows)}

    def changes(self, asked: ChangesAsked) -> dict[str, object]:
        """Records changed after a number, each once, as it now stands."""
        most = asked.limit + 1
        people = self._storage.rows(_PERSON_SELECT, (asked.after, most))
        units = self._storage.rows(_UNIT_SELECT, (asked.after, most))
        both = sorted(
            [_change("GR", _PERSON_FIELDS, row) for row in people]
            + [_change("DW", _UNIT_FIELDS, row) for row in units],
            key=lambda change: int(change["XH"]),
        )
        return {"BG": both[: asked.limit], "GD": len(both) > asked.limit}

    def postings_csv(self) -> str:
        """Every posting, reversals too."""
        return _csv(
            ("serial", "number", "GRZH", "amount_fen", "CZBZ", "booked_on", "bank", "period"),
            (
                (serial_text(serial), *rest)
                for serial, *rest in self._storage.each(
                    "SELECT serial, number, grzh, amount, czbz, booked_on, bank, period"
                    " FROM postings ORDER BY serial"
                )
            ),
        )

    def items_csv(self, state: State | None) -> str:
        """Items, one line per payer; only those in ``state``, or all with theirs."""
        chosen = "" if state is None else state.value
        rows = self._storage.each(
            "SELECT number, payers, bank, period, agreement, state FROM items"
            " WHERE ? IN ('', state) ORDER BY id",
            (chosen,),
        )
        return _csv(
            ("number", "GRZH", "amount_fen", "bank", "period", "agreement", "MXZT"),
            (
                (number, account, amount, bank, period, agreement, standing)
                for number, payers, bank, period, agreement, standing in rows
                for account, amount in json.loads(payers)
            ),
        )


def serial_text(serial: int) -> str:
    """YWLSH: 20 digits."""
    return f"{serial:020d}"


def _next(rows: Sequence[Row]) -> str | None:
    return str(rows[PAGE_ROWS - 1][0]) if len(rows) > PAGE_ROWS else None


def _change(kind: str, fields: Sequence[str], row: Row) -> dict[str, Any]:
    sequence, changed_us, *values = row
    at = datetime.fromtimestamp(changed_us / 1_000_000, UTC).astimezone(_SHANGHAI)
    return {
        "XH": sequence,
        "JLLX": kind,
        "JLBH": values[0],
        "BGSJ": at.isoformat("T", "milliseconds"),
        "ZD": {name: str(value) for name, value in zip(fields, values, strict=True)},
    }


def _csv(header: Sequence[str], rows: Iterator[tuple[object, ...]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()
