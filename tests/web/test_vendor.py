"""What is vendored is what was vendored."""

import hashlib
from pathlib import Path

from hub.web.render import STATIC

VENDOR = Path(STATIC) / "vendor"
LIMIT = 6 * 1024 * 1024


def test_every_file_is_listed_and_unchanged() -> None:
    listed = {}
    for line in (VENDOR / "SHA256SUMS").read_text(encoding="utf-8").splitlines():
        digest, name = line.split("  ", 1)
        listed[name] = digest
    own = {"SHA256SUMS", "VENDOR.md"}
    there = {
        path.relative_to(VENDOR).as_posix()
        for path in VENDOR.rglob("*")
        if path.is_file() and path.name not in own
    }
    assert there == set(listed)
    for name, digest in listed.items():
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == digest, name


def test_it_stays_small() -> None:
    assert sum(path.stat().st_size for path in STATIC.rglob("*") if path.is_file()) < LIMIT
