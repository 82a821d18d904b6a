"""The skeleton of a new interface: contract, manifest, adapter, codec, mock, scenarios, tests.

Everything goes into folders of its own; no central file is touched.  What comes out passes the
house's checks, and its tests fail until it is written.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from hub.kernel.errors import BadInput, Refused

TEMPLATES = Path(__file__).parent / "templates"
_SUFFIX = ".jinja"
_NAME, _EACH = "__name__", "each"
_NAMES = re.compile(r"[a-z][a-z0-9_]{1,19}")
_CODES = re.compile(r"[A-Z][A-Z0-9]{1,7}")
_TITLES = re.compile(r"[^\W_]{2,20}")

OPERATIONS = (
    ("probe", False, "拨测，不动任何数据"),
    ("verify_loan", False, "贷款核验"),
    ("register_agreement", True, "对冲协议登记"),
    ("cancel_agreement", True, "对冲协议解除"),
    ("fetch_dues", False, "应还明细"),
    ("fetch_balance", False, "划款账户余额"),
    ("instruct", True, "批量划款"),
    ("fetch_results", False, "批次结果查询"),
    ("inquire", False, "指令结果查证"),
    ("fetch_statement", False, "账户明细"),
)
"""The bank port's operations: name, whether it has an effect, what it is."""


class BadScaffold(BadInput):
    """What was asked for cannot be scaffolded."""

    code = "scaffold.bad_name"
    hint = "hub new interface banks/<name> --code CODE --title NAME, in a checkout's top folder."


class AlreadyThere(Refused):
    """A folder of that name exists; nothing was written."""

    code = "scaffold.already_there"
    hint = "Choose another name, or go on with what is there."


@dataclass(frozen=True, slots=True)
class Wanted:
    """``group``/``name`` is the folder; ``code`` the partner's (YHJC), ``title`` its name."""

    group: str
    name: str
    code: str
    title: str

    @classmethod
    def parse(cls, place: str, code: str, title: str) -> "Wanted":
        """From ``banks/xyz``.  Raises BadScaffold."""
        group, _, name = place.partition("/")
        known = sorted(path.name for path in TEMPLATES.iterdir() if path.is_dir())
        if group not in known:
            raise BadScaffold(f"{place[:40]!r}: there are templates for {', '.join(known)} only")
        if _NAMES.fullmatch(name) is None:
            raise BadScaffold(f"{name[:40]!r} is no folder name such as ccb (a-z, 0-9, _)")
        if _CODES.fullmatch(code) is None:
            raise BadScaffold(f"{code[:20]!r} is no partner code such as CCB (A-Z, 0-9)")
        if _TITLES.fullmatch(title) is None:
            raise BadScaffold("the title is a name of 2 to 20 letters without punctuation")
        return cls(group, name, code, title)

    @property
    def interface(self) -> str:
        """The interface's code."""
        return f"bank-{self.name.replace('_', '-')}"


def scaffold(wanted: Wanted, root: Path) -> list[Path]:
    """Write the skeleton below a checkout's top folder; the files written.

    Raises BadScaffold (``root`` is no checkout), AlreadyThere.
    """
    tops = ("adapters", "contracts_spec", "mocks", "tests")
    missing = [top for top in tops if not (root / top).is_dir()]
    if missing:
        raise BadScaffold(f"{root} is no checkout: {', '.join(missing)} is not there")
    files = dict(_files(wanted, root))
    taken = sorted({str(path.parent) for path in files if (root / path).parent.exists()})
    if taken:
        raise AlreadyThere(", ".join(taken))
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return list(files)


def _files(wanted: Wanted, root: Path) -> Iterator[tuple[Path, str]]:
    """Path below the checkout → text."""
    templates = TEMPLATES / wanted.group
    machine = Environment(  # noqa: S701  (Python and YAML, no page)
        loader=FileSystemLoader(templates), undefined=StrictUndefined, keep_trailing_newline=True
    )
    values = _values(wanted, root)
    for path in sorted(templates.rglob(f"*{_SUFFIX}")):
        inside = path.relative_to(templates)
        target = Path(str(inside).replace(_NAME, wanted.name).removesuffix(_SUFFIX))
        template = machine.get_template(inside.as_posix())
        if target.name == _EACH:
            for operation, _, _ in OPERATIONS:
                for message in (f"{operation}.request", f"{operation}.reply"):
                    yield (
                        target.with_name(f"{message}.json"),
                        template.render(**values, message=message),
                    )
        else:
            yield target, template.render(**values)


def _values(wanted: Wanted, root: Path) -> Mapping[str, Any]:
    shared = root / "contracts_spec" / wanted.group / "scenarios.yaml"
    cases = yaml.safe_load(shared.read_text(encoding="utf-8"))["cases"]
    return {
        "name": wanted.name,
        "code": wanted.code,
        "title": wanted.title,
        "interface": wanted.interface,
        "cls": "".join(part.capitalize() for part in wanted.name.split("_")) + "Bank",
        "operations": OPERATIONS,
        "cases": tuple(cases),
    }
