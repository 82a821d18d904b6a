"""The report: its JSON form with a digest and, where the home has keys, a signature; its page
and its paper.

The digest is SM3 over the canonical JSON (sorted keys, no blanks, UTF-8) of everything but
``digest`` and ``signature``; the signature is SM2 over the digest's text.  Signing shows that the
hub of this key wrote the report and that nobody changed it since, no more.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
from jsonschema import Draft202012Validator

from hub.crypto import BadEncoding, KeyRing, KeyUnreadable, Sm2PublicKey, sm3_hex
from hub.kernel.errors import BadInput

FORMAT = 1
HERE = Path(__file__).parent
GREEN, RED, INCOMPLETE = "green", "red", "incomplete"
WORDS = {
    GREEN: "通过", RED: "不通过", INCOMPLETE: "必测未测全",
    "passed": "通过", "failed": "不通过", "untried": "未测",
}  # fmt: skip
_SEALS = ("digest", "signature")
Plain = dict[str, Any]


class ReportBroken(BadInput):
    """This file is no report, or has been changed since it was written."""

    code = "certify.report_broken"
    hint = "Run the certificate again; a changed report proves nothing."


def verdict_of(cases: Sequence[Plain]) -> Plain:
    """``verdict`` and ``counts``: green needs every mandatory case tried and passed; one failed
    case of any kind is red; a mandatory one untried makes the rest incomplete."""
    counts = Counter(case["verdict"] for case in cases)
    untried = [c["number"] for c in cases if c["mandatory"] and c["verdict"] == "untried"]
    failed = [c["number"] for c in cases if c["verdict"] == "failed"]
    verdict = RED if failed else INCOMPLETE if untried or not cases else GREEN
    return {
        "verdict": verdict,
        "counts": {
            "cases": len(cases),
            "mandatory": sum(case["mandatory"] for case in cases),
            "passed": counts["passed"],
            "failed": counts["failed"],
            "untried": counts["untried"],
            "mandatory_untried": len(untried),
        },
        "failed": failed,
        "mandatory_untried": untried,
    }


@dataclass(frozen=True, slots=True)
class Report:
    """A report as its JSON form; ``body`` fits ``report.schema.json``."""

    body: Plain

    @classmethod
    def sealed(cls, body: Plain) -> "Report":
        """With its digest."""
        return cls({**body, "digest": _digest(body)})

    @property
    def verdict(self) -> str:
        """``green``, ``red`` or ``incomplete``."""
        return str(self.body["verdict"])

    def signed(self, keys: Path) -> "Report":
        """Signed with the home's key; as it is where the home has none yet."""
        if not keys.is_dir() or not any(keys.iterdir()):
            return self
        signer = KeyRing.load(keys).signer
        signature = {
            "algorithm": "SM2-with-SM3",
            "value": signer.sign(self.body["digest"].encode("ascii")).hex(),
            "public_key": signer.public.pem(),
        }
        return Report({**self.body, "signature": signature})

    def html(self) -> str:
        """The page: one file, no script, nothing from elsewhere."""
        return _page().render(r=self.body, words=WORDS)

    def paper(self) -> bytes:
        """联调测试报告 as a DOCX file."""
        from hub.certify.paper import paper_of  # noqa: PLC0415  a third of a second, seldom wanted

        return paper_of(self.body)


class Written(NamedTuple):
    """Where a report was put: its data, its page, its paper."""

    data: Path
    page: Path
    paper: Path


def shelve(report: Report, folder: Path) -> Written:
    """Write JSON, page and paper into a folder; the JSON last, for it is what counts."""
    folder.mkdir(parents=True, exist_ok=True)
    began = "".join(c for c in report.body["began"][:19] if c.isdigit())
    stem = f"{report.body['interface']}-{began}"
    put = Written(*(folder / f"{stem}.{ending}" for ending in ("json", "html", "docx")))
    text = json.dumps(report.body, ensure_ascii=False, indent=1) + "\n"
    for path, content in (
        (put.paper, report.paper()),
        (put.page, report.html().encode("utf-8")),
        (put.data, text.encode("utf-8")),
    ):
        fresh = path.with_name(path.name + ".new")
        fresh.write_bytes(content)
        fresh.replace(path)
    return put


def read_report(path: Path) -> Report:
    """A report from its file, its form and digest checked.  Raises ReportBroken."""
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ReportBroken(f"{path.name}: {type(error).__name__}") from None
    flaw = next(_validator().iter_errors(body), None)
    if flaw is not None:
        raise ReportBroken(f"{path.name}: {'/'.join(map(str, flaw.absolute_path))}: not its form")
    report = Report(body)
    check_digest(report)
    return report


def check_digest(report: Report) -> bool:
    """Whether it is signed.  Raises ReportBroken for another digest or a false signature."""
    body = report.body
    if body.get("digest") != _digest(body):
        raise ReportBroken("the digest is not that of the report")
    signature = body.get("signature")
    if signature is None:
        return False
    try:
        key = Sm2PublicKey.parse(signature["public_key"])
        good = key.verify(body["digest"].encode("ascii"), bytes.fromhex(signature["value"]))
    except (BadEncoding, KeyUnreadable, ValueError) as error:
        raise ReportBroken(f"the signature cannot be read: {error}") from None
    if not good:
        raise ReportBroken("the signature is not that of the report")
    return True


def _digest(body: Plain) -> str:
    kept = {key: value for key, value in body.items() if key not in _SEALS}
    text = json.dumps(kept, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return sm3_hex(text.encode("utf-8"))


@cache
def _validator() -> Draft202012Validator:
    schema = json.loads((HERE / "report.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@cache
def _page() -> jinja2.Template:
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    env.filters["short"] = lambda value: json.dumps(value, ensure_ascii=False)
    return env.get_template("report.html")
