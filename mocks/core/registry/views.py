"""The registry's feed of changed records, and its applications as CSV."""

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from mocks.core.reference.codec import ChangesAsked
from mocks.core.registry.figures import FIGURES
from mocks.core.registry.storage import Register

_SHANGHAI = ZoneInfo("Asia/Shanghai")
_FEEDS: Sequence[tuple[str, str, str]] = (
    (
        "GR",
        "GRZH DWZH XingMing ZJLX ZJHM SJHM GRZHZT GRJCJSFEN GRYJCEFEN DWYJCEFEN GRZHYEFEN DJJEFEN"
        " KHRQ XHRQ JZNY",
        "SELECT seq, changed_us, persons.grzh, persons.grzh, dwzh, xingming, zjlx, zjhm, sjhm,"
        " grzhzt, grjcjs, gryjce, dwyjce, balance, frozen, khrq, COALESCE(xhrq, ''), jzny"
        " FROM persons LEFT JOIN closed_on ON closed_on.grzh = persons.grzh",
    ),
    (
        "DW",
        "DWZH DWMC ZZJGDM DWDZ DWFRDBXM DWFRDBZJLX DWFRDBZJHM DWYB DWDZXX JBRXM JBRSJHM DWZHZT"
        " DWJCBL GRJCBL JZNY DWJCRS DWFCRS DWZHYEFEN DWKHRQ DWXHRQ JGBM DWJJLX DWSSHY",
        "SELECT seq, changed_us, units.dwzh, units.dwzh, dwmc, tyshxydm, dwdz, dwfrdbxm,"
        " COALESCE(dwfrdbzjlx, '01'), dwfrdbzjhm, COALESCE(dwyb, ''), COALESCE(dwdzxx, ''),"
        " COALESCE(jbrxm, ''), COALESCE(jbrsjhm, ''), dwzhzt, dwjcbl, grjcbl, jzny,"
        " (SELECT COUNT(*) FROM persons WHERE persons.dwzh = units.dwzh AND grzhzt = '01'),"
        " (SELECT COUNT(*) FROM persons WHERE persons.dwzh = units.dwzh AND grzhzt = '02'),"
        " (SELECT COALESCE(SUM(balance), 0) FROM persons WHERE persons.dwzh = units.dwzh),"
        " COALESCE(dwkhrq, (SELECT MIN(khrq) FROM persons WHERE persons.dwzh = units.dwzh), ''),"
        " COALESCE(dwxhrq, ''), COALESCE(jgbm, ''), COALESCE(dwjjlx, ''), COALESCE(dwsshy, '')"
        " FROM units LEFT JOIN unit_accounts ON unit_accounts.dwzh = units.dwzh"
        " LEFT JOIN unit_marks ON unit_marks.dwzh = units.dwzh",
    ),
    (
        "HJ",
        "DWZH HJNY YJRS SJRS YJJEFEN SJJEFEN JZRQ",
        "SELECT seq, changed_us, dwzh || '-' || hjny, dwzh, hjny, yjrs, sjrs, yjje, sjje, jzrq"
        " FROM contributions",
    ),
    (
        "QJ",
        "QJBH DWZH QSNY ZZNY QJYS QJJEFEN QJZT",
        "SELECT seq, changed_us, qjbh, qjbh, dwzh, qsny, zzny, qjys, qjje, qjzt FROM arrears",
    ),
    (
        "CF",
        "CFBH DWZH CFLX WSH JDRQ SY JEFEN CFZT",
        "SELECT seq, changed_us, cfbh, cfbh, dwzh, cflx, wsh, jdrq, sy, je, cfzt FROM penalties",
    ),
    *((one.kind, " ".join(one.wire), one.select) for one in FIGURES.values()),
)


class RegistryViews:
    """Reads for the wire and for the control plane."""

    def __init__(self, register: Register) -> None:
        self._storage = register.storage

    def changes(self, asked: ChangesAsked) -> dict[str, object]:
        """Records changed after a number, each once, as it now stands."""
        most = asked.limit + 1
        found = [
            _change(kind, names.split(), row)
            for kind, names, select in _FEEDS
            for row in self._storage.rows(
                f"{select} WHERE seq > ? ORDER BY seq LIMIT ?", (asked.after, most)
            )
        ]
        found.sort(key=lambda one: int(one["XH"]))
        return {"BG": found[: asked.limit], "GD": len(found) > asked.limit}

    def applications_csv(self) -> str:
        """Every application, without anybody's name."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(("SQBH", "SQLX", "SQZT", "FHM", "GRZH", "told"))
        writer.writerows(
            self._storage.each(
                "SELECT sqbh, kind, state, code, grzh, told FROM applications ORDER BY id"
            )
        )
        return out.getvalue()


def _change(kind: str, names: Sequence[str], row: Sequence[Any]) -> dict[str, Any]:
    sequence, changed_us, key, *values = row
    at = datetime.fromtimestamp(changed_us / 1_000_000, UTC).astimezone(_SHANGHAI)
    return {
        "XH": sequence, "JLLX": kind, "JLBH": key, "BGSJ": at.isoformat("T", "milliseconds"),
        "ZD": {name: str(value) for name, value in zip(names, values, strict=True)},
    }  # fmt: skip
