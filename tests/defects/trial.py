"""One defect's trial: the check green on the untouched copy, red on the planted one, and why."""

import re
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from tests.defects import checks
from tests.defects.checks import NoVerdictError, Said
from tests.defects.copies import Copy, StaleError, copy_tree, mark, plant
from tests.defects.registry import Catch, Check, Defect, Way

_MARKED = ("hub/__init__.py", "mocks/__init__.py", "tests/__init__.py")


class Verdict(StrEnum):
    """How a trial ended."""

    CAUGHT = "caught"
    MISSED = "NOT CAUGHT"
    ELSEWHERE = "RED ELSEWHERE"  # red, but not the case that should be, or for another reason
    STALE = "STALE"  # the code has moved on: the text to replace is not there
    NOT_GREEN = "NOT GREEN"  # the check is red on untouched code too, so its red proves nothing
    NO_VERDICT = "NO VERDICT"  # the check crashed, was left out or took too long


@dataclass(frozen=True, slots=True)
class Tried:
    """One defect against one check."""

    defect: str
    words: str
    files: tuple[str, ...]
    check: str
    expected: str
    verdict: Verdict
    red: str = ""
    said: str = ""
    green_seconds: float = 0.0
    red_seconds: float = 0.0
    processes: int = 0


@dataclass
class Court:
    """Tries defects one after the other; what the untouched copy said is asked once a check."""

    place: Path
    _whole: Copy | None = None
    _data: Path | None = None
    _green: dict[Check, Said | NoVerdictError] = field(default_factory=dict)

    def try_defect(self, defect: Defect) -> list[Tried]:
        """One row for each check that must catch it."""
        root = self.place / defect.name
        shutil.rmtree(root, ignore_errors=True)
        copy = copy_tree(root / "tree")
        try:
            plant(copy, defect)
        except StaleError as stale:
            return [_row(defect, catch, Verdict.STALE, said=str(stale)) for catch in defect.catches]
        rows = [self._try(defect, catch, copy) for catch in defect.catches]
        if all(row.verdict is Verdict.CAUGHT for row in rows):
            shutil.rmtree(root)
        return rows

    def _try(self, defect: Defect, catch: Catch, copy: Copy) -> Tried:
        green = self._untouched(catch.check)
        if isinstance(green, NoVerdictError):
            return _row(defect, catch, Verdict.NO_VERDICT, said=f"untouched: {green}")
        if green.red:
            return _row(defect, catch, Verdict.NOT_GREEN, said=_shown(green.red))
        place = copy.root.parent / f"check-{time.monotonic_ns()}"
        try:
            said = checks.run(catch.check, copy, place, self._data_for(catch.check))
        except NoVerdictError as none:
            return _row(defect, catch, Verdict.NO_VERDICT, said=str(none))
        verdict, case = judge(catch, said.red)
        processes = copy.ran()
        if not processes:
            raise AssertionError(f"{defect.name}: the planted code was imported by no process")
        return _row(
            defect, catch, verdict, red=case, said=_shown(said.red, case),
            green_seconds=round(green.seconds, 1), red_seconds=round(said.seconds, 1),
            processes=processes,
        )  # fmt: skip

    def _untouched(self, check: Check) -> Said | NoVerdictError:
        if check not in self._green:
            place = self.place / "untouched" / f"check-{len(self._green)}"
            try:
                copy, data = self._copy(), self._data_for(check)
                self._green[check] = checks.run(check, copy, place, data)
                if not copy.ran():
                    raise NoVerdictError("the untouched copy was imported by no process")
            except NoVerdictError as none:
                self._green[check] = none
        return self._green[check]

    def _copy(self) -> Copy:
        if self._whole is None:
            self._whole = copy_tree(self.place / "untouched" / "tree")
            for file in _MARKED:
                mark(self._whole, file)
        return self._whole

    def _data_for(self, check: Check) -> Path:
        if check.way not in (Way.DAY, Way.KILL):
            return self.place
        if self._data is None:
            self._data = checks.prepare(self._copy(), self.place / "sample")
        return self._data


def judge(catch: Catch, red: Mapping[str, str]) -> tuple[Verdict, str]:
    """The verdict on what was red, and the case that decides it."""
    if not red:
        return Verdict.MISSED, ""
    for case, text in red.items():
        if re.search(catch.case, case) and re.search(catch.says, text):
            return Verdict.CAUGHT, case
    return Verdict.ELSEWHERE, next(iter(red))


def _row(defect: Defect, catch: Catch, verdict: Verdict, **more: object) -> Tried:
    files = tuple(sorted({edit.file for edit in defect.edits}))
    return Tried(
        defect.name, defect.words, files, str(catch.check), f"{catch.case} · {catch.says}",
        verdict, **more,  # type: ignore[arg-type]
    )  # fmt: skip


def _shown(red: Mapping[str, str], case: str = "") -> str:
    text = red.get(case) or next(iter(red.values()), "")
    return " ".join(text.split())[:300]
