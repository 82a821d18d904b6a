"""Invents what the core's registry holds beyond persons and units: contributions, arrears,
penalties.  The files that ship are ``python -m hub.sample.registry hub/sample/2025-10``.

Drawn from the month's own units and persons; the same files give the same bytes.
"""

import csv
import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from hub.kernel.money import parse_yuan
from hub.kernel.periods import Period
from hub.sample.people import yuan

SEED = 20251002
MONTHS = 24
COLUMNS = {
    "unit_accounts": "DWZH DWFRDBZJLX DWYB DWDZXX JBRXM JBRSJHM DWKHRQ DWXHRQ",
    "contributions": "DWZH HJNY YJRS SJRS YJJE SJJE JZRQ",
    "arrears": "QJBH DWZH QSNY ZZNY QJYS QJJE QJZT",
    "penalties": "CFBH DWZH CFLX WSH JDRQ SY JE CFZT",
}
_OWING, _PAID_UP, _LEFT_OUT = 5, 3, 4
"""Every fifth unit has left every fourth of its people out for some months; every third unit has
owed once and paid since."""


class _Unit:
    """One unit with what its people pay in a month, in 分."""

    def __init__(self, row: dict[str, str]) -> None:
        self.number, self.place = row["DWZH"], int(row["DWZH"][-5:])
        self.people: list[tuple[str, int]] = []

    def at(self, month: str) -> list[int]:
        """What each of those who were there by then pays."""
        return [fen for day, fen in self.people if day[:6] <= month]


def write_registry(folder: Path, month: str) -> None:
    """Write the four files beside persons.csv and units.csv of ``month`` (2025-10)."""
    period, rng = Period.parse(month), random.Random(SEED)
    units = {row["DWZH"]: _Unit(row) for row in _rows(folder / "units.csv")}
    for row in _rows(folder / "persons.csv"):
        if row["GRZHZT"] == "01":
            paid = parse_yuan(row["GRYJCE"]) + parse_yuan(row["DWYJCE"])
            units[row["DWZH"]].people.append((row["KHRQ"], paid))
    months = [_before(period, back) for back in range(MONTHS, 0, -1)]
    owing = {unit.number: _owes(unit, rng) for unit in units.values()}
    files: dict[str, list[Sequence[str]]] = {name: [] for name in COLUMNS}
    for unit in units.values():
        files["unit_accounts"].append(_account(unit))
        files["contributions"] += _contributions(unit, months, owing[unit.number])
        files["arrears"] += _arrears(unit, months, owing[unit.number])
        files["penalties"] += _penalties(unit, period, owing[unit.number])
    for name, rows in files.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(COLUMNS[name].split())
            writer.writerows(rows)


def _owes(unit: _Unit, rng: random.Random) -> int:
    return rng.randrange(1, 5) if unit.place % _OWING == 0 else 0


def _account(unit: _Unit) -> Sequence[str]:
    opened = min((day for day, _ in unit.people), default="20100401")
    phone = f"1000000{unit.place:04d}"
    return (unit.number, "01", "558000", "", "", phone, opened, "")


def _contributions(unit: _Unit, months: Sequence[str], owes: int) -> Iterator[Sequence[str]]:
    for back, month in zip(range(len(months), 0, -1), months, strict=True):
        people = unit.at(month)
        paid = [fen for place, fen in enumerate(people) if back > owes or place % _LEFT_OUT]
        yield (
            unit.number, month, str(len(people)), str(len(paid)), yuan(sum(people)),
            yuan(sum(paid)), f"{month}15",
        )  # fmt: skip


def _arrears(unit: _Unit, months: Sequence[str], owes: int) -> Iterator[Sequence[str]]:
    if unit.place % _PAID_UP == 0:  # once, two years ago, and made good
        yield (f"QJ{months[0]}{unit.place:06d}", unit.number, months[0], months[1], "2",
               yuan(sum(unit.at(months[0])) + sum(unit.at(months[1]))), "02")  # fmt: skip
    if owes:
        since = months[-owes]
        short = sum(fen for month in months[-owes:] for fen in unit.at(month)[::_LEFT_OUT])
        yield (f"QJ{since}{unit.place:06d}", unit.number, since, months[-1], str(owes),
               yuan(short), "01")  # fmt: skip


def _penalties(unit: _Unit, period: Period, owes: int) -> Iterator[Sequence[str]]:
    if owes:
        yield (
            f"CF{period.year}{unit.place:06d}", unit.number, "01",
            f"示例罚〔{period.year}〕{unit.place}号", f"{period.year}0701", "逾期不缴住房公积金",
            "10000.00", "01",
        )  # fmt: skip
    if owes and unit.place % 2 == 0:
        yield (
            f"QZ{period.year}{unit.place:06d}", unit.number, "02",
            f"示例执〔{period.year}〕{unit.place}号", f"{period.year}0901", "申请法院强制执行",
            "0.00", "01",
        )  # fmt: skip


def _before(period: Period, back: int) -> str:
    whole = period.year * 12 + period.month - 1 - back
    return f"{whole // 12}{whole % 12 + 1:02d}"


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)


if __name__ == "__main__":
    write_registry(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "2025-10")
