"""The reports in a home's ``certificates`` folder: the last of each interface, and the paper and
page of any."""

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from hub.certify.report import Report, ReportBroken, check_digest, read_report

FOLDER = "certificates"
_NAME = re.compile(r"([a-z0-9]+(?:-[a-z0-9]+)*)-([0-9]{14})")


@dataclass(frozen=True, slots=True)
class Shelved:
    """One report: ``stem`` names its files; ``verdict`` is ``broken`` for one that was changed.
    ``body`` is its body without the cases."""

    interface: str
    stem: str
    verdict: str
    signed: bool = False
    body: dict[str, Any] | None = None


def last_reports(folder: Path) -> list[Shelved]:
    """The last report of every interface, by interface code."""
    return [stems[-1] for _, stems in sorted(_by_interface(folder).items())]


def reports_of(folder: Path, interface: str) -> list[Shelved]:
    """Every report of one interface, the oldest first."""
    return _by_interface(folder).get(interface, [])


def report_page(folder: Path, stem: str) -> str | None:
    """The page of a report made anew from its checked JSON; None when there is no such report.

    Raises ReportBroken.
    """
    report = _report(folder, stem)
    return None if report is None else report.html()


def report_paper(folder: Path, stem: str) -> bytes | None:
    """The paper of a report, the same way."""
    report = _report(folder, stem)
    return None if report is None else report.paper()


def _report(folder: Path, stem: str) -> Report | None:
    if _NAME.fullmatch(stem) is None or not (folder / f"{stem}.json").is_file():
        return None
    return read_report(folder / f"{stem}.json")


def _by_interface(folder: Path) -> dict[str, list[Shelved]]:
    found: dict[str, list[Shelved]] = {}
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else ():
        named = _NAME.fullmatch(path.stem)
        if named is not None:
            state = path.stat()
            shelved = _shelved(path, named[1], state.st_mtime_ns, state.st_size)
            found.setdefault(named[1], []).append(shelved)
    return found


@lru_cache(maxsize=256)
def _shelved(path: Path, interface: str, _written_ns: int, _size: int) -> Shelved:
    """A report is read once for as long as its file stays as it is."""
    try:
        report = read_report(path)
    except ReportBroken:
        return Shelved(interface, path.stem, "broken")
    head = {name: value for name, value in report.body.items() if name != "cases"}
    return Shelved(interface, path.stem, report.verdict, check_digest(report), head)
