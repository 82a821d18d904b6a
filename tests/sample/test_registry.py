"""The registry's shipped files are what their generator writes, and add up."""

import csv
import shutil
from pathlib import Path

from hub.kernel.money import parse_yuan
from hub.sample import FOLDER
from hub.sample.figures import COLUMNS as FIGURES
from hub.sample.figures import write_figures
from hub.sample.registry import COLUMNS, write_registry


def _rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_generator_writes_the_shipped_files(tmp_path: Path) -> None:
    for name in ("units", "persons"):
        shutil.copy(FOLDER / f"{name}.csv", tmp_path)
    write_registry(tmp_path, "2025-10")
    for name in COLUMNS:
        assert (FOLDER / f"{name}.csv").read_bytes() == (tmp_path / f"{name}.csv").read_bytes()


def test_what_is_owed_is_what_the_months_lack() -> None:
    owing = [row for row in _rows("arrears") if row["QJZT"] == "01"]
    assert owing
    for one in owing:
        months = [
            row for row in _rows("contributions")
            if row["DWZH"] == one["DWZH"] and one["QSNY"] <= row["HJNY"] <= one["ZZNY"]
        ]  # fmt: skip
        lacking = sum(parse_yuan(row["YJJE"]) - parse_yuan(row["SJJE"]) for row in months)
        assert (len(months), lacking) == (int(one["QJYS"]), parse_yuan(one["QJJE"]))
    assert {row["CFLX"] for row in _rows("penalties")} == {"01", "02"}


def test_the_figures_are_what_their_generator_writes(tmp_path: Path) -> None:
    for name in ("units", "persons"):
        shutil.copy(FOLDER / f"{name}.csv", tmp_path)
    write_figures(tmp_path, "2025-10")
    for name in FIGURES:
        assert (FOLDER / f"{name}.csv").read_bytes() == (tmp_path / f"{name}.csv").read_bytes()
