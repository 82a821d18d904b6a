"""Whether a report is what it says: its form, its digest, its signature and whose that is, its
verdict, and the page and paper beside it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub import __version__
from hub.certify.report import Report, ReportBroken, check_digest, read_report, verdict_of
from hub.crypto import Sm2PublicKey
from hub.kernel.errors import BadInput


class NoReport(BadInput):
    """There is no file to verify."""

    code = "certify.no_report"
    hint = "Give the report's JSON file (HOME/certificates/INTERFACE-TIME.json)."


@dataclass(frozen=True, slots=True)
class Verification:
    """``problems`` empty: the report is sound.  ``key_as_expected`` is None where no key was
    expected; ``beside``: suffix → ``same``, ``other``, ``missing``, or ``not_compared`` when
    another edition of the software wrote it."""

    problems: list[str] = field(default_factory=list)
    body: dict[str, Any] | None = None
    key: str = ""
    key_as_expected: bool | None = None
    beside: dict[str, str] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        """Nothing speaks against it."""
        return not self.problems

    def as_dict(self) -> dict[str, Any]:
        """For scripts."""
        body = self.body or {}
        kept = ("interface", "verdict", "contract", "digest", "began", "by")
        return {
            "good": self.good,
            "problems": self.problems,
            **{name: body[name] for name in kept if name in body},
            "signed": bool(self.key),
            "key": self.key,
            "key_as_expected": self.key_as_expected,
            "beside": self.beside,
        }


def verify_report(path: Path, expected: Sm2PublicKey | None = None) -> Verification:
    """Raises NoReport for no file; everything else is told in the result."""
    if not path.is_file():
        raise NoReport(f"{path.name}: no such file")
    try:
        report = read_report(path)
        signed = check_digest(report)
    except ReportBroken as error:
        return Verification([error.message])
    body, problems = report.body, list(_untrue(report))
    key = Sm2PublicKey.parse(body["signature"]["public_key"]) if signed else None
    as_expected = None if expected is None else key == expected
    if as_expected is False:
        problems.append(
            "没有签名，而应由给定的公钥签名 · not signed, and a key is expected"
            if key is None
            else "签名不是给定公钥的 · signed with another key than expected"
        )
    beside = _beside(report, path)
    problems += [
        f"旁边的 {path.stem}{suffix} 不是这份报告的 · is not this report's"
        for suffix, found in beside.items()
        if found == "other"
    ]
    name = "" if key is None else key.fingerprint()
    return Verification(problems, body, name, as_expected, beside)


def _untrue(report: Report) -> list[str]:
    """What in the head does not follow from the cases."""
    told = verdict_of(report.body["cases"])
    return [
        f"{name} 与逐项结果不符 · does not follow from the cases"
        for name, value in told.items()
        if report.body[name] != value
    ]


def _beside(report: Report, path: Path) -> dict[str, str]:
    same_edition = report.body["software"] == __version__
    found = {}
    for suffix in (".html", ".docx"):
        other = path.with_suffix(suffix)
        if not other.is_file():
            found[suffix] = "missing"
        elif not same_edition:
            found[suffix] = "not_compared"
        else:
            wanted = report.html().encode("utf-8") if suffix == ".html" else report.paper()
            found[suffix] = "same" if other.read_bytes() == wanted else "other"
    return found
