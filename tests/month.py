"""The month 2025-10 that travels with the tests, compressed; tests/data/README.md explains it."""

import shutil
import tarfile
from pathlib import Path

PACKED = Path(__file__).parent / "data" / "2025-10.tar.xz"


def unpack(into: Path) -> Path:
    """Unpack the month below ``into`` and return its folder ``2025-10``."""
    folder = into / "2025-10"
    folder.mkdir()
    with tarfile.open(PACKED, "r:xz") as packed:
        for member in packed:
            content = packed.extractfile(member)
            if content is not None:  # None is the folder itself
                with (folder / Path(member.name).name).open("wb") as file:
                    shutil.copyfileobj(content, file)
    return folder
