"""The project's own files as the house rules see them, and what is excused by name."""

import ast
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
HERE = "tests/house/"


@dataclass(frozen=True, slots=True)
class Source:
    """One Python file: its path from the root, its text, its tree."""

    path: str
    text: str

    @property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @property
    def lines(self) -> int:
        return self.text.count("\n")


@dataclass(frozen=True, slots=True, order=True)
class Breach:
    """One place where a rule is broken."""

    path: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}"


@cache
def tracked() -> tuple[str, ...]:
    """Paths of the files that are, or would be, committed."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return tuple(path for path in sorted(set(listed.stdout.splitlines())) if (ROOT / path).exists())


def sources(*folders: str) -> Iterator[Source]:
    """Every Python file below these folders (``hub/``, ``adapters/``)."""
    for path in tracked():
        if path.endswith(".py") and path.startswith(folders):
            yield Source(path, (ROOT / path).read_text(encoding="utf-8"))


@cache
def excused(rule: str) -> dict[str, str]:
    """Files excused from a rule, each with the reason why: tests/house/excused.toml."""
    known = tomllib.loads((ROOT / HERE / "excused.toml").read_text(encoding="utf-8"))
    return dict(known.get(rule, {}))
