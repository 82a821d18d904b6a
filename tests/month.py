"""The month 2025-10 that travels with the tests, compressed; tests/data/README.md explains it."""

import tarfile
from pathlib import Path

PACKED = Path(__file__).parent / "data" / "2025-10.tar.xz"


def unpack(into: Path) -> Path:
    """Unpack the month below ``into`` and return its folder ``2025-10``."""
    with tarfile.open(PACKED, "r:xz") as packed:
        packed.extractall(into, filter="data")
    return into / "2025-10"
