"""Who holds a lease: this process, named so that another on the same host can prove it dead."""

import os
import uuid
from pathlib import Path

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_PID_SPACE = Path("/proc/self/ns/pid")


def host_mark() -> str:
    """This boot of this host and its process number space.

    Containers share a boot but number their processes apart: without the space, a live worker
    in another container would look dead.  Unique, so never provable, where there is no /proc.
    """
    try:
        boot = _BOOT.read_text(encoding="ascii").strip().replace("-", "")
        space = _PID_SPACE.readlink().name.strip("pid:[]")
    except OSError:
        return f"noproc.{uuid.uuid4().hex[:12]}"
    return f"{boot[:16]}.{space}"


_HOST = host_mark()


def this_holder() -> str:
    """``host/pid/start/unique``: a new name for every call, so for every worker."""
    pid = os.getpid()
    return f"{_HOST}/{pid}/{_started(pid) or '0'}/{uuid.uuid4().hex[:8]}"


def surely_dead(holder: str) -> bool:
    """Whether the process behind a name on this host is gone; False whenever in doubt.

    The start time tells a process from a later one with the same number.
    """
    host, pid, start, _ = [*holder.split("/"), "", "", ""][:4]
    if host != _HOST or not pid.isdigit() or start in {"", "0"}:
        return False
    return _started(int(pid)) != start


def _started(pid: int) -> str | None:
    """A live process's start in clock ticks since boot (field 22), None when it is no more."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    except OSError:
        return ""
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in {"Z", "X"} else fields[19]
