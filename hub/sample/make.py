"""Writes an invented month; the one that ships is
``python -m hub.sample.make --out hub/sample/2025-10 --further-agreements 400``.

Rows are written as they are made, so a million agreements need no more memory than three hundred
(one byte each, for the order of the cases).  The same arguments write the same bytes.
"""

import argparse
import csv
import random
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count, cycle
from pathlib import Path

from hub.kernel.periods import Period
from hub.sample.cases import CASES, Draft
from hub.sample.people import Inventor, short_yuan, yuan

CARD_PREFIX = {
    "ICBC": "622208", "GZNX": "621779", "CCB": "621700", "BOC": "621661", "ABC": "622848",
    "BCM": "622260", "BGZ": "621457", "GYB": "621735", "PSBC": "621098",
}  # fmt: skip
"""The banks of the month (YHJC), each with the first six digits of its accounts."""

SEED = 20251001
COLUMNS = {
    "units": "DWZH DWMC TYSHXYDM DWDZ DWFRDBXM DWFRDBZJHM DWZHZT DWJCBL GRJCBL JZNY",
    "persons": "GRZH DWZH XingMing ZJLX ZJHM SJHM GRZHZT GRJCJS GRYJCE DWYJCE GRZHYE DJJE"
    " KHRQ JZNY",
    "agreements": "XYBH YHJC JKHTBH HKZH JKRGJJZH GTJKRGJJZH QYRQ XYZT ZZRQ",
    "loans": "YHJC JKHTBH DKZH HKZH JKRXM JKRZJH DKYE DKLL SYQS YDHKR YHRQ DQYHJE DQYHBJ DQYHLX"
    " DKZT YQJE KKJG",
}
_ORDINARY = len(CASES)  # stands in the order of cases for "no case at all"


@dataclass(slots=True)
class Maker:
    """Makes drafts one after the other; holds counters and chance, no rows."""

    period: Period
    banks: Sequence[str]
    units: int
    rng: random.Random
    inventor: Inventor = field(init=False)
    _serial: Iterator[int] = field(init=False)
    _bank: Iterator[str] = field(init=False)

    def __post_init__(self) -> None:
        self.inventor = Inventor(self.rng)
        self._serial = count(1)
        self.serve(self.banks)

    def serve(self, banks: Sequence[str]) -> None:
        """The banks of what is drafted from now on, in turn."""
        self._bank = cycle(banks)

    def draft(self) -> Draft:
        """An ordinary one: one payer, enough money, due once, a bank that credits."""
        rng, serial, bank = self.rng, next(self._serial), next(self._bank)
        owed = rng.randrange(4_000_000, 90_000_000)
        months = rng.randrange(12, 361)
        rate = rng.choice((305, 320, 345, 360, 410, 445))  # in 1/100 %
        principal, interest = owed // months, owed * rate // 120_000
        due = principal + interest
        day = rng.randrange(1, 29)
        person = self.inventor.person(
            due + rng.randrange(1_000_000, 20_000_000), self.period.compact, self.units
        )
        account = self.inventor.card(CARD_PREFIX[bank])
        contract = f"{bank}{rng.randrange(2012, 2026)}{serial:09d}"
        signed = date(2022, 1, 1) + timedelta(days=rng.randrange(1300))
        loan = {
            "YHJC": bank,
            "JKHTBH": contract,
            "DKZH": f"{CARD_PREFIX[bank]}{serial:012d}",
            "HKZH": account,
            "JKRXM": person["XingMing"],
            "JKRZJH": person["ZJHM"],
            "DKYE": short_yuan(owed),
            "DKLL": f"0.0{rate}",
            "SYQS": str(months),
            "YDHKR": str(day),
            "YHRQ": f"{self.period.compact}{day:02d}",
            "DQYHJE": yuan(due),
            "DQYHBJ": yuan(principal),
            "DQYHLX": yuan(interest),
            "DKZT": "0",
            "YQJE": "0.00",
            "KKJG": "0000",
        }
        agreement = {
            "XYBH": f"YL{self.period.year}{serial:08d}",
            "YHJC": bank,
            "JKHTBH": contract,
            "HKZH": account,
            "JKRGJJZH": person["GRZH"],
            "GTJKRGJJZH": "",
            "QYRQ": f"{signed:%Y%m%d}",
            "XYZT": "1",
            "ZZRQ": "",
        }
        return Draft(due, [person], [loan], [agreement], self.period.compact, self.draft)


def order_of_cases(agreements: int, rng: random.Random) -> bytearray:
    """One byte per draft: which case it is.  Every case once at least; the rest are ordinary."""
    wanted = [max(1, case.share * agreements // 10_000) for case in CASES]
    taken = sum(case.agreements * n for case, n in zip(CASES, wanted, strict=True))
    if taken > agreements:
        raise ValueError(f"{agreements} agreements are too few for every case: at least {taken}")
    order = bytearray()
    for place, n in enumerate(wanted):
        order += bytes([place]) * n
    order += bytes([_ORDINARY]) * (agreements - taken)
    rng.shuffle(order)
    return order


def write_month(
    folder: Path, *, agreements: int, banks: Sequence[str], further: Sequence[str] = (),
    further_agreements: int = 0, month: str = "2025-10", seed: int = SEED,
) -> None:  # fmt: skip
    """Write the four files; the folder is made.

    ``agreements`` are shared out among ``banks``; ``further_agreements`` come after them, with
    every case once more, among ``further`` banks: what stands before is the same without them.
    """
    rng = random.Random(seed)
    period = Period.parse(month)
    units = max(12, agreements // 60)
    maker = Maker(period, banks, units, rng)
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        files = {name: _writer(stack, folder, name) for name in COLUMNS}
        for serial in range(1, units + 1):
            files["units"].writerow(maker.inventor.unit(serial, period.compact))
        for among, count_of in ((banks, agreements), (further, further_agreements)):
            if not count_of:
                continue
            maker.serve(among)
            for place in order_of_cases(count_of, rng):
                draft = maker.draft()
                if place != _ORDINARY:
                    CASES[place].act(draft, maker.inventor)
                files["persons"].writerows(draft.persons)
                files["loans"].writerows(draft.loans)
                files["agreements"].writerows(draft.agreements)


def _writer(stack: ExitStack, folder: Path, name: str) -> "csv.DictWriter[str]":
    file = (folder / f"{name}.csv").open("w", encoding="utf-8", newline="")
    writer = csv.DictWriter(stack.enter_context(file), COLUMNS[name].split(), lineterminator="\n")
    writer.writeheader()
    return writer


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Write an invented month of agreements.")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--agreements", type=int, default=300)
    parser.add_argument("--banks", default="ICBC", help="YHJC, separated by commas")
    further = ",".join(bank for bank in CARD_PREFIX if bank != "ICBC")
    parser.add_argument("--further", default=further, help="banks whose agreements come after")
    parser.add_argument("--further-agreements", type=int, default=0)
    parser.add_argument("--month", default="2025-10")
    parser.add_argument("--seed", type=int, default=SEED)
    given = parser.parse_args()
    write_month(
        given.out,
        agreements=given.agreements,
        banks=given.banks.split(","),
        further=given.further.split(","),
        further_agreements=given.further_agreements,
        month=given.month,
        seed=given.seed,
    )


if __name__ == "__main__":
    main()
