"""A bank with a small loan book of its own, one row for each KKJG and some dirt."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mocks.icbc_client import Client
from tests.mocks.running import Mock

HEAD = [
    "YHJC", "JKHTBH", "DKZH", "HKZH", "JKRXM", "JKRZJH", "DKYE", "DKLL", "SYQS", "YDHKR", "YHRQ",
    "DQYHJE", "DQYHBJ", "DQYHLX", "DKZT", "YQJE", "KKJG",
]  # fmt: skip
MINDS = ["0000", "1001", "1002", "1003", "9999", "LATE", "LOST", "TWICE", "RTN"]


def loan_row(number: int, mind: str = "0000", **over: str) -> dict[str, str]:
    """One row of loans.csv."""
    row = {
        "YHJC": "ICBC", "JKHTBH": f"HT{number:06d}", "DKZH": f"DK{number:06d}",
        "HKZH": f"6222080000{number:09d}", "JKRXM": "韦𬭩·阿" if number % 2 else "郑琪",
        "JKRZJH": "522729200303083343", "DKYE": "79152.41", "DKLL": "0.0305", "SYQS": "38",
        "YDHKR": "10", "YHRQ": "20251010", "DQYHJE": f"{1000 + number}.5", "DQYHBJ": "900.00",
        "DQYHLX": "100.5", "DKZT": "0", "YQJE": "0.00", "KKJG": mind,
    }  # fmt: skip
    return row | over


def write_loans(folder: Path, rows: list[dict[str, str]]) -> Path:
    """loans.csv in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "loans.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, HEAD)
        writer.writeheader()
        writer.writerows(rows)
    return folder


def book_rows() -> list[dict[str, str]]:
    """One loan for each KKJG (1 to 9), then fifty that credit, and the dirt."""
    rows = [loan_row(place, mind) for place, mind in enumerate(MINDS, 1)]
    rows += [loan_row(number) for number in range(10, 60)]
    rows += [
        loan_row(60, DQYHJE="-120.57"),
        loan_row(61),
        loan_row(61, DQYHJE="7.00"),
        loan_row(62, DQYHJE="壹佰"),
        loan_row(63, YHJC="CCB"),
    ]
    return rows


def order(number: int, fen: int = 10_050, tries: int = 0, **over: str) -> dict[str, str]:
    """An order to loan ``number``, as the book has it."""
    row = loan_row(number)
    return {
        "iSeqno": f"2510{tries:02d}{number:014d}", "RecAccNo": row["HKZH"],
        "RecAccNameCN": row["JKRXM"], "PayAmt": str(fen), "Ref": row["JKHTBH"],
    } | over  # fmt: skip


@pytest.fixture(scope="module")
def shared_bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mock]:
    """One process for a module; ``bank`` resets it between tests."""
    folder = tmp_path_factory.mktemp("bank")
    mock = Mock("bank-icbc", folder / "state", write_loans(folder / "data", book_rows()))
    mock.start()
    yield mock
    assert mock.stop() == 0


@pytest.fixture
def bank(shared_bank: Mock) -> Mock:
    """The bank, as just loaded, on Tuesday 2025-10-14 in the morning."""
    shared_bank.control("POST", "/reset")
    shared_bank.clock("2025-10-14T09:30:00")
    return shared_bank


@pytest.fixture
def caller(bank: Mock) -> Iterator[Client]:
    """A caller of it."""
    client = Client(bank)
    yield client
    client.close()
