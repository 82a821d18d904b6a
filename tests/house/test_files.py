"""What may not be in a tracked file: keys, where packages came from, one machine's paths."""

import re
from pathlib import PurePosixPath

import pytest

from tests.house.tree import HERE, ROOT, Breach, tracked

PACKED = {".xz", ".png", ".woff2", ".ico", ".gz", ".bin", ".jpg"}
KEY_FILES = {".pem", ".key", ".p12", ".pfx", ".env", ".sqlite"}
FORBIDDEN = [
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"), "a private key"),
    (re.compile(r"(?<!no-emit)-(?:extra-)?index-url|(?<!no-emit)-find-links"), "a registry option"),
    (re.compile(r"(?:pypi|pythonhosted)\.(?:org)|registry\.npmjs|registry\.yarnpkg"), "a registry"),
    (re.compile(r"(?<![\w.~-])/(?:w[o]rk|root|opt|home/\w+|tmp/w)/"), "a path of one machine"),
]
PLANTED = [
    "-----BEGIN EC PRIVATE KEY-----",
    "pip install --index-url https://example.test/simple x",
    "https://files.pythonhosted" + ".org/packages/x",
    "open('/" + "work/main/x')",
    "cd /home/somebody/project",
]


def _breaches(path: str, text: str) -> list[Breach]:
    return [
        Breach(path, number, f"{what}: {found[0]}")
        for number, line in enumerate(text.splitlines(), 1)
        for pattern, what in FORBIDDEN
        if (found := pattern.search(line))
    ]


def test_no_tracked_file_holds_what_belongs_elsewhere() -> None:
    breaches: list[Breach] = []
    for path in tracked():
        if path.startswith(HERE) or PurePosixPath(path).suffix in PACKED:
            continue
        # Golden samples are bytes in the partner's charset: latin-1 reads every byte.
        breaches += _breaches(path, (ROOT / path).read_bytes().decode("latin-1"))
    assert not breaches, "\n" + "\n".join(map(str, breaches))


def test_no_key_file_is_tracked() -> None:
    assert not [path for path in tracked() if PurePosixPath(path).suffix in KEY_FILES]


@pytest.mark.parametrize("text", PLANTED)
def test_a_planted_line_is_found(text: str) -> None:
    assert _breaches("planted.txt", text)


def test_every_requirement_is_pinned_and_hashed() -> None:
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8").replace("\\\n", " ")
    wanted = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    loose = [line[:60] for line in wanted if "==" not in line or "--hash=sha256:" not in line]
    assert wanted
    assert not loose
