"""The reports in a home's ``certificates`` folder: the last of each interface."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.certify.report import ReportBroken, check_digest, read_report

FOLDER = "certificates"
_NAME = re.compile(r"([a-z0-9]+(?:-[a-z0-9]+)*)-([0-9]{14})")


@dataclass(frozen=True, slots=True)
class Shelved:
    """One report: ``stem`` names its files; ``verdict`` is ``broken`` for one that was changed."""

    interface: str
    stem: str
    verdict: str
    signed: bool = False
    body: dict[str, Any] | None = None


def last_reports(folder: Path) -> list[Shelved]:
    """The last report of every interface, by interface code."""
    newest: dict[str, str] = {}
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else ():
        found = _NAME.fullmatch(path.stem)
        if found is not None:
            newest[found[1]] = path.stem
    return [_shelved(folder, interface, stem) for interface, stem in sorted(newest.items())]


def report_page(folder: Path, stem: str) -> str | None:
    """The page of a report made anew from its checked JSON; None when there is no such report.

    Raises ReportBroken.
    """
    if _NAME.fullmatch(stem) is None or not (folder / f"{stem}.json").is_file():
        return None
    return read_report(folder / f"{stem}.json").html()


def _shelved(folder: Path, interface: str, stem: str) -> Shelved:
    try:
        report = read_report(folder / f"{stem}.json")
    except ReportBroken:
        return Shelved(interface, stem, "broken")
    return Shelved(interface, stem, report.verdict, check_digest(report), report.body)
