"""Key files: mode 0600, written whole, never over another.

A file appears under its name only when it is complete (``link`` of a finished temporary), so
two processes that start together end up with the same key.
"""

import os
import stat
import tempfile
from pathlib import Path

from hub.crypto.errors import KeyMissing, KeyUnreadable

FOLDER_MODE = 0o700
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def read_key(path: Path) -> str:
    """The file's text; raises KeyMissing, or KeyUnreadable when others may read it."""
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="ascii")
    except FileNotFoundError as error:
        raise KeyMissing(f"no key file {path.name} in the key folder") from error
    except (OSError, UnicodeDecodeError) as error:
        raise KeyUnreadable(f"key file {path.name}: {type(error).__name__}") from error
    if os.name == "posix" and mode & _OTHERS:
        raise KeyUnreadable(f"key file {path.name} can be read by others: chmod 600 it")
    return text


def write_new_key(path: Path, text: str) -> bool:
    """Write a key file that is not there yet; False when somebody else was first."""
    path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".new-", dir=path.parent)  # made with mode 0600
    fresh = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(fresh)
        except FileExistsError:
            return False
    finally:
        fresh.unlink()
    sync_folder(path.parent)
    return True


def sync_folder(folder: Path) -> None:
    """Make a new file name in this folder durable."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read_hex_key(path: Path, size: int) -> bytes:
    """A key of ``size`` bytes in hex; raises KeyMissing or KeyUnreadable."""
    return parse_hex_key(read_key(path), size, path.name)


def parse_hex_key(text: str, size: int, what: str) -> bytes:
    """Hex to exactly ``size`` bytes; raises KeyUnreadable naming ``what``."""
    try:
        key = bytes.fromhex(text.strip())
    except ValueError as error:
        raise KeyUnreadable(f"{what} is not hexadecimal") from error
    if len(key) != size:
        raise KeyUnreadable(f"{what} has {len(key)} bytes instead of {size}")
    return key
