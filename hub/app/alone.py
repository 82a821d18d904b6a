"""One process alone on a database whose SQLite library cannot be shared.

Libraries before 3.51.3 may lose committed rows when one process checkpoints while another
writes.  With one of those the first process holds a lock file beside the database, and every
other (a command too) is refused while it runs.
"""

import fcntl
from pathlib import Path
from typing import IO

from sqlalchemy.engine import make_url

from hub.kernel.errors import Refused
from hub.kernel.logs import get_logger
from hub.store.engine import FIRST_SAFE_SQLITE, sqlite_library

_log = get_logger(__name__)


class AnotherProcess(Refused):
    """Another process has this database, and this SQLite library cannot share it."""

    code = "store.one_process"
    hint = (
        f"Install pysqlite3 with SQLite {'.'.join(map(str, FIRST_SAFE_SQLITE))} or newer, use "
        "PostgreSQL, or end the other process; the page does what the commands do."
    )


def hold_alone(url: str) -> IO[str] | None:
    """Hold the database for this process when its library demands it; None when it does not.

    Closing the file, or the end of the process, gives it back.  Raises AnotherProcess.
    """
    where = make_url(url)
    library = sqlite_library()
    if where.get_backend_name() != "sqlite" or library.safe or not where.database:
        return None
    version = ".".join(map(str, library.version))
    held = Path(f"{where.database}.lock").open("w", encoding="utf-8")  # noqa: SIM115  kept open
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        held.close()
        raise AnotherProcess(f"SQLite {version} allows one process on a database") from None
    _log.warning("this SQLite library allows one process on a database", version=version)
    return held
