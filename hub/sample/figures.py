"""Invents what supervision's indicators are added up from: the fund's own loans, business entries,
bank settlements, bank accounts, the service platform's daily counts, the units' marks.
The files that ship are ``python -m hub.sample.figures hub/sample/2025-10``.

Drawn from the month's own units and persons; the same files give the same bytes.
"""

import csv
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

from hub.kernel.periods import Period
from hub.sample.people import yuan

SEED = 20251003
COLUMNS = {
    "unit_marks": "DWZH JGBM DWJJLX DWSSHY",
    "fund_loans": "JKHTBH JKRGJJZH DWZH JGBM JKRXM JKRZJH DKDBLX DKHKFS DKFFE DKFFRQ DKYE DQJHHKJE"
    " DKFXDJ DQYQQS LJYQQS YQBJZE YQLXZE YQKSRQ FWXZ FWZL SPRXM DYSLRQ DYBJRQ",
    "business_entries": "YWLSH YWFL YWLX TQYY JZRQ FSE BJE LXE BLQD DWZH JGBM CZBZ",
    "settlements": "YWLSH ZJYWLX SZFX FSE JSFSRQ JSFSSJ JSYHDM FKZHHM FKZHMC FKYHDM SKZHHM SKZHMC"
    " SKYHDM ZhaiYao BLQD JGBM SQRXM SPRXM",
    "bank_accounts": "YHZH YHDM YHMC ZHXZ ZHLX YE",
    "service_days": "RQ FWLB FL FLMC SL",
}
_OFFICES = ("522701", "522702", "522722", "522723")
_BANKS = {"102": "示例工行", "103": "示例农行", "105": "示例建行"}
_CHANNELS = {"01": "柜面", "02": "网上大厅", "04": "微信", "05": "手机 APP"}
_OVERDUE = (0, 0, 0, 0, 0, 0, 1, 2, 4, 7, 14, 40)
_BUSINESS = (  # YWFL, YWLX, how often, most yuan
    ("01", "01", 90, 90_000), ("02", "11", 60, 80_000), ("02", "12", 15, 200_000),
    ("03", "01", 20, 500_000), ("04", "02", 60, 4_000), ("04", "05", 25, 4_000),
    ("05", "07", 12, 90_000), ("05", "08", 12, 90_000),
)  # fmt: skip
_REASONS = {"11": ("01", "02", "06", "06", "07", "09"), "12": ("03", "05", "08")}
_LARGE = (5_000_000, 8_000_000, 12_000_000, 17_500_000, 30_000_000)
_SERVICES: Mapping[str, Mapping[str, str]] = {
    "01": _CHANNELS, "02": _CHANNELS, "03": {"522701": "都匀市", "522702": "福泉市"},
    "04": {"1": "男", "2": "女"}, "05": {"1": "发送成功", "2": "发送失败"}, "06": _CHANNELS,
    "07": {"1": "不满 20 岁", "2": "20–40 岁", "3": "40–60 岁", "4": "60 岁以上"}, "08": _CHANNELS,
}  # fmt: skip


class _Inventor:
    """Draws rows for one month and what led to it."""

    def __init__(self, period: Period, people: Sequence[Mapping[str, str]], units: Sequence[str],
                 rng: random.Random) -> None:  # fmt: skip
        self._rng, self._people, self._units = rng, people, units
        self._first = date(period.year, period.month, 1)
        self._office = {unit: _OFFICES[place % len(_OFFICES)] for place, unit in enumerate(units)}

    def marks(self) -> Iterator[Sequence[str]]:
        for place, unit in enumerate(self._units):
            economy = ("110", "150", "170", "900")[place % 4]
            yield (unit, self._office[unit], economy, f"{place % 9 + 1:02d}")

    def loans(self) -> Iterator[Sequence[str]]:
        rng = self._rng
        for serial, one in enumerate(self._people[:120], 1):
            lent = self._before(3600)
            fen, overdue = rng.randrange(10_000_000, 60_000_000), rng.choice(_OVERDUE)
            monthly = fen // 200
            accepted = lent - timedelta(days=rng.randrange(2, 45))
            since = self._first - timedelta(days=30 * overdue)
            yield (
                f"GJJ{lent.year}{serial:09d}", one["GRZH"], one["DWZH"],
                self._office[one["DWZH"]], one["XingMing"], one["ZJHM"],
                ("01", "01", "03")[serial % 3], ("01", "02")[serial % 2], yuan(fen), _day(lent),
                yuan(fen * rng.randrange(20, 96) // 100), yuan(monthly),
                "01" if overdue < 3 else "03", str(overdue), str(overdue + rng.randrange(0, 4)),
                yuan(monthly * overdue * 6 // 10), yuan(monthly * overdue * 4 // 10),
                _day(since) if overdue else "", ("01", "03")[serial % 2],
                f"贵州省黔南州示例小区 {serial} 号", "喻松柏", _day(accepted),
                _day(accepted + timedelta(days=rng.randrange(1, 41))) if serial % 11 else "",
            )  # fmt: skip

    def business(self) -> Iterator[Sequence[str]]:
        rng, serial = self._rng, 0
        for family, code, often, most in _BUSINESS:
            for _ in range(often):
                serial += 1
                unit, day = rng.choice(self._units), self._before(200)
                fen = rng.randrange(10_000, most * 100)
                interest = fen // 3 if family in ("04", "05") else 0
                yield (
                    f"YW{_day(day)}{serial:08d}", family, code,
                    rng.choice(_REASONS[code]) if family == "02" else "", _day(day), yuan(fen),
                    yuan(fen - interest if interest else 0), yuan(interest),
                    rng.choice(tuple(_CHANNELS)), unit, self._office[unit],
                    "02" if serial % 23 == 0 else "01",
                )  # fmt: skip

    def settlements(self) -> Iterator[Sequence[str]]:
        rng = self._rng
        for serial in range(1, 121):
            day, bank = self._before(60), rng.choice(tuple(_BANKS))
            large = rng.choice(_LARGE) * 100 if serial % 10 == 0 else 0
            came = rng.random() < 0.5
            ours = (f"24020000000000{bank}0", f"示例公积金{_BANKS[bank]}专户", bank)
            theirs = (f"62220000000{serial:08d}", "示例都匀有限公司", "102")
            payer, payee = (theirs, ours) if came else (ours, theirs)
            yield (
                f"JS{_day(day)}{serial:08d}", rng.choice(("01", "02", "05", "18")),
                "1" if came else "2", yuan(large or rng.randrange(10_000, 90_000_000)), _day(day),
                f"{rng.randrange(8, 18):02d}{rng.randrange(60):02d}{rng.randrange(60):02d}", bank,
                payer[0], payer[1], payer[2], payee[0], payee[1], payee[2], "示例往来",
                rng.choice(tuple(_CHANNELS)), rng.choice(_OFFICES), "奚木兰", "喻松柏",
            )  # fmt: skip

    def accounts(self) -> Iterator[Sequence[str]]:
        for bank, name in _BANKS.items():
            for kind in ("01", "02", "03"):
                yield (f"24020000000000{bank}{kind}", bank, name, kind, "01",
                       yuan(self._rng.randrange(10_000_000, 9_000_000_000)))  # fmt: skip
            yield (f"24020000000000{bank}19", bank, name, "01", "02",
                   yuan(self._rng.randrange(10_000_000, 9_000_000_000)))  # fmt: skip

    def services(self) -> Iterator[Sequence[str]]:
        for back in range(20, 0, -1):
            day = self._first + timedelta(days=15 - back)
            for family, codes in _SERVICES.items():
                for code, name in codes.items():
                    yield (_day(day), family, code, name, str(self._rng.randrange(1, 9000)))

    def _before(self, days: int) -> date:
        """A day of the last so many up to the month's middle."""
        return self._first + timedelta(days=14) - timedelta(days=self._rng.randrange(days))


def write_figures(folder: Path, month: str) -> None:
    """Write the six files beside persons.csv and units.csv of ``month`` (2025-10)."""
    people = [row for row in _rows(folder / "persons.csv") if row["GRZHZT"] == "01"]
    units = [row["DWZH"] for row in _rows(folder / "units.csv")]
    made = _Inventor(Period.parse(month), people, units, random.Random(SEED))
    files = {
        "unit_marks": made.marks(), "fund_loans": made.loans(),
        "business_entries": made.business(), "settlements": made.settlements(),
        "bank_accounts": made.accounts(), "service_days": made.services(),
    }  # fmt: skip
    for name, rows in files.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(COLUMNS[name].split())
            writer.writerows(rows)


def _day(day: date) -> str:
    return f"{day:%Y%m%d}"


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)


if __name__ == "__main__":
    write_figures(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "2025-10")
