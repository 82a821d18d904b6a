"""The shipped sample is what its generator writes, and holds every case of a real extract."""

import csv
import random
import re
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.offset.yardstick import Yardstick
from hub.kernel.identity import id_check_digit
from hub.kernel.money import parse_yuan
from hub.sample import FOLDER
from hub.sample.make import CARD_PREFIX, COLUMNS, order_of_cases, write_month

NAMES = tuple(COLUMNS)


def _rows(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_generator_writes_the_shipped_files(tmp_path: Path) -> None:
    write_month(
        tmp_path,
        agreements=300,
        banks=["ICBC"],
        further=[bank for bank in CARD_PREFIX if bank != "ICBC"],
        further_agreements=400,
    )
    for name in NAMES:
        shipped, written = FOLDER / f"{name}.csv", tmp_path / f"{name}.csv"
        assert shipped.read_bytes() == written.read_bytes(), "make it anew as the module says"


def test_columns_are_those_of_a_real_month(month_data: Path) -> None:
    for name in NAMES:
        assert list(_rows(FOLDER, name)[0]) == list(_rows(month_data, name)[0])


def test_every_outcome_and_reason_occurs(tmp_path: Path) -> None:
    yardstick = Yardstick(tmp_path, FOLDER, "ICBC")
    yardstick.run()
    seen = Counter((row[1], row[2]) for row in yardstick.outcomes())
    assert sum(seen.values()) == 300
    assert set(seen) == {
        ("SUCCEEDED", ""), ("SUCCEEDED", "partial"),
        ("FAILED", "account_closed"), ("FAILED", "name_mismatch"), ("FAILED", "loan_settled"),
        ("FAILED", "bank_error"),
        ("SKIPPED", "agreement_not_in_force"), ("SKIPPED", "loan_settled"),
        ("SKIPPED", "nothing_due"), ("SKIPPED", "no_balance"),
        ("EXCEPTION", "duplicate_agreement"), ("EXCEPTION", "no_due_record"),
        ("EXCEPTION", "duplicate_due_record"), ("EXCEPTION", "bad_due_record"),
        ("EXCEPTION", "account_not_found"), ("EXCEPTION", "identity_mismatch"),
        ("EXCEPTION", "repayment_account_changed"), ("EXCEPTION", "name_not_representable"),
    }  # fmt: skip


def test_every_mind_of_a_bank_occurs() -> None:
    minds = {row["KKJG"] for row in _rows(FOLDER, "loans")}
    assert minds == {"0000", "1001", "1002", "1003", "9999", "LATE", "LOST", "TWICE", "RTN"}


def test_ids_have_valid_check_digits_and_belong_to_nobody() -> None:
    for row in _rows(FOLDER, "persons"):
        number = row["ZJHM"]
        assert number.startswith("522700") or row["ZJLX"] == "03"
        if len(number) == 18:
            assert id_check_digit(number[:17]) == number[17]
        assert row["SJHM"].startswith("100")


def test_unit_codes_have_valid_check_characters() -> None:
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    weights = [pow(3, place, 31) for place in range(17)]
    for row in _rows(FOLDER, "units"):
        code = row["TYSHXYDM"]
        weighed = sum(alphabet.index(c) * w for c, w in zip(code, weights, strict=False))
        assert (weighed + alphabet.index(code[17])) % 31 == 0
        assert row["DWMC"].startswith("示例")


def _luhn(number: str) -> bool:
    weighed = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(number))]
    return sum(value // 10 + value % 10 for value in weighed) % 10 == 0


def test_accounts_are_luhn_numbers_but_for_the_old_one() -> None:
    odd = [row["HKZH"] for row in _rows(FOLDER, "loans") if not _luhn(row["HKZH"])]
    assert len(odd) == 2  # one in each part


@pytest.mark.parametrize(
    ("file", "column", "pattern"),
    [
        ("persons", "XingMing", "·"),
        ("persons", "XingMing", "[𠮷䶮㭎𬱖㑇]"),
        ("persons", "ZJHM", r"^\d{15}$"),
        ("persons", "ZJHM", "^E"),
        ("persons", "GRZHZT", "06"),
        ("persons", "GRZHZT", "05"),
        ("persons", "GRZHZT", "02"),
        ("persons", "DJJE", "[1-9]"),
        ("loans", "JKRZJH", "x $"),
        ("loans", "JKRZJH", r"^\d{15}$"),
        ("loans", "DQYHJE", "^-"),
        ("loans", "DKZT", "1"),
        ("agreements", "XYZT", "0"),
        ("agreements", "ZZRQ", "2025"),
    ],
)
def test_the_dirt_is_there(file: str, column: str, pattern: str) -> None:
    assert any(re.search(pattern, row[column]) for row in _rows(FOLDER, file))


def test_one_account_is_both_borrower_and_spouse() -> None:
    rows = _rows(FOLDER, "agreements")
    assert any(row["JKRGJJZH"] == row["GTJKRGJJZH"] for row in rows)


def test_one_id_stands_under_two_names() -> None:
    pairs = {(row["ZJHM"], row["XingMing"]) for row in _rows(FOLDER, "persons")}
    assert max(Counter(number for number, _ in pairs).values()) == 2


def test_instalments_are_principal_and_interest() -> None:
    for row in _rows(FOLDER, "loans"):
        parts = parse_yuan(row["DQYHBJ"]) + parse_yuan(row["DQYHLX"])
        assert parts == parse_yuan(row["DQYHJE"]), row["JKHTBH"]


def test_nine_banks_share_people(tmp_path: Path) -> None:
    write_month(tmp_path, agreements=900, banks=list(CARD_PREFIX))
    rows = _rows(tmp_path, "agreements")
    assert len(rows) == 900
    assert {row["YHJC"] for row in rows} == set(CARD_PREFIX)
    banks_of: dict[str, set[str]] = {}
    for row in rows:
        banks_of.setdefault(row["JKRGJJZH"], set()).add(row["YHJC"])
    assert max(map(len, banks_of.values())) > 1


def test_too_few_agreements_for_every_case_are_refused() -> None:
    with pytest.raises(ValueError, match="too few"):
        order_of_cases(20, random.Random(1))
