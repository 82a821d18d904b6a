"""One number for everything that a contract says."""

from collections.abc import Iterable
from pathlib import Path

from hub.crypto import new_sm3


def contract_digest(folder: Path, also: Iterable[Path] = ()) -> str:
    """SM3 in hex over every file of a contract's folder, by name, and what it shares with others
    (``also``: scenario files)."""
    hashed = new_sm3()
    for path in [*contract_files(folder), *also]:
        name = path.relative_to(folder.parent).as_posix()
        content = path.read_bytes()
        hashed.update(f"{name}\n{len(content)}\n".encode())
        hashed.update(content)
    return hashed.digest().hex()


def contract_files(folder: Path) -> list[Path]:
    """Every file of the folder, in the order of the digest."""
    return sorted(one for one in folder.rglob("*") if one.is_file())
