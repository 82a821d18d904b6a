"""Copies of the project's tree, with and without a defect, and the proof that a copy is what ran.

The project is installed in its virtual environment by a link to the tree it came from, so a copy
must come first on the path of every process that a check starts.  Two things see to it that it
does: a ``sitecustomize`` in the copy ends any Python process that would import the project from
elsewhere, and the planted file leaves a mark when it is imported.
"""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.defects.registry import Defect, Edit

ROOT = Path(__file__).resolve().parents[2]
_PARTS = ("hub", "adapters", "mocks", "contracts_spec", "tests", "pyproject.toml")
_ELSEWHERE = 97
_GUARD = """\
import importlib.util, os, sys
for name in ("hub", "adapters", "mocks", "tests"):
    found = importlib.util.find_spec(name)
    if found is None or not str(found.origin).startswith({root!r}):
        sys.stderr.write(f"{{name}} would come from {{found and found.origin}}\\n")
        sys.stderr.flush()
        os._exit({code})
"""
_MARK = """
import os as _os, pathlib as _pathlib
_pathlib.Path({marks!r}, str(_os.getpid())).write_text(__file__)
"""


class StaleError(Exception):
    """The text a defect replaces does not stand there exactly once: the defect is out of date."""


@dataclass(frozen=True, slots=True)
class Copy:
    """One copy of the tree."""

    root: Path

    @property
    def marks(self) -> Path:
        """A file for each process that imported a marked file, named by its number."""
        return self.root / ".marks"

    def environment(self) -> dict[str, str]:
        """Ours, without any hub's settings, the copy first."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
        test = {name: os.environ[name] for name in ("HUB_TEST_POSTGRES",) if name in os.environ}
        return {**kept, **test, "PYTHONPATH": str(self.root)}

    def ran(self) -> int:
        """How many processes imported a marked file, all of them this copy's; forgets them."""
        found = list(self.marks.iterdir())
        for mark in found:
            if not Path(mark.read_text("utf-8")).is_relative_to(self.root):
                raise AssertionError(f"{mark.read_text('utf-8')} ran instead of {self.root}")
            mark.unlink()
        return len(found)


def check_fresh(edit: Edit, root: Path = ROOT) -> str:
    """The file's text; raises StaleError."""
    text = (root / edit.file).read_text("utf-8")
    times = text.count(edit.old)
    if times != 1:
        raise StaleError(f"{edit.file}: the text to replace stands there {times} times")
    return text


def copy_tree(into: Path) -> Copy:
    """An untouched copy, marked in the packages that every check imports."""
    into = into.resolve()
    into.mkdir(parents=True)
    for part in _PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, into / part, ignore=_left_out(part))
        else:
            shutil.copyfile(ROOT / part, into / part)
    copy = Copy(into)
    copy.marks.mkdir()
    (into / "sitecustomize.py").write_text(
        _GUARD.format(root=str(into) + os.sep, code=_ELSEWHERE), "utf-8"
    )
    return copy


def _left_out(part: str) -> Callable[[Any, list[str]], set[str]]:
    """What is compiled already is copied too, or each process of a check would compile the whole
    project: the copied source keeps its time, a planted file has a new one, and its mark tells
    that it ran.  Tests running meanwhile may be half-way through writing theirs."""
    return shutil.ignore_patterns("*.pyc.*", *(["__pycache__"] if part == "tests" else []))


def mark(copy: Copy, file: str) -> None:
    """Let a Python file of the copy tell that it was imported."""
    with (copy.root / file).open("a", encoding="utf-8") as source:
        source.write(_MARK.format(marks=str(copy.marks)))


def plant(copy: Copy, defect: Defect) -> None:
    """Put the defect into the copy and mark its files; raises StaleError."""
    for edit in defect.edits:
        text = check_fresh(edit, copy.root)
        (copy.root / edit.file).write_text(text.replace(edit.old, edit.new), "utf-8")
    files = {edit.file if edit.file.endswith(".py") else "hub/__init__.py" for edit in defect.edits}
    for file in sorted(files):
        mark(copy, file)
