"""The command log (命令日志): every ``hub …`` command of a home, one JSON line when it begins, one
when it ends, and between them which database it opened and who showed a token.

The contract wants every command of a remote session in a log file (``contract.md`` §2, 远程登录).
``HOME/commands.log`` is its owner's alone and only grows.  Each line carries the SM3 of the line
before it (``prev``), so one that was altered, added or taken out breaks the chain; what was cut
off at the end is told by the anchors in the audit (:mod:`hub.app.command_anchors`).  A command
that was killed has no end.

Secrets, names of people and account numbers are masked; instants are µs UTC of the machine.
"""

import fcntl
import json
import os
import pwd
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hub.crypto.sm3 import sm3_hex
from hub.kernel.clocks import SystemClock, monotonic, to_us
from hub.kernel.logs import HIDDEN, mask_text

FILE = "commands.log"
BEGIN, DATABASE, WHO, END = "begin", "database", "who", "end"
_LONGEST = 300
_BLOCK = 64 * 1024
_HIDDEN_VALUES = re.compile(
    r"--(name|xingming|phone|pin|[a-z-]*(password|passphrase|secret|token|key))"
)
"""Options whose value nobody may read; a path in ``--token-file`` is none."""
_ACCOUNT = re.compile(r"[0-9]{8,19}[Xx]?")


@dataclass(frozen=True, slots=True)
class Head:
    """Where the file ends: its size in bytes and the SM3 of its last line, empty without one."""

    size: int
    digest: str


@dataclass(frozen=True, slots=True)
class Command:
    """One command; ``ended_us`` None: it runs, or was killed.  ``lines`` are its bytes' places."""

    id: str
    begun_us: int
    argv: tuple[str, ...]
    os_user: str
    host: str
    database: str = ""
    login: str = ""
    party: str = ""
    session: int | None = None
    ended_us: int | None = None
    exit_code: int | None = None
    took_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with the file, and at which of its lines (from 1)."""

    line: int
    what: str


class Writer:
    """One running command's entries."""

    def __init__(self, home: Path) -> None:
        self._path = home / FILE
        self._id = secrets.token_hex(6)
        self._begun = monotonic()

    def begin(self, argv: Sequence[str]) -> None:
        """Raises OSError when it cannot be kept."""
        self._put(
            BEGIN, argv=mask_argv(argv), os_user=_os_user(), host=os.uname().nodename,
            pid=os.getpid(),
        )  # fmt: skip

    def database(self, address: str) -> None:
        """Which database was opened; ``address`` without a password."""
        self._put(DATABASE, database=address)

    def who(self, login: str, party: str, session: int | None) -> None:
        """Somebody showed a token; ``session``: of their remote session."""
        self._put(WHO, login=login, party=party, session=session)

    def end(self, exit_code: int) -> None:
        """It is over."""
        took_ms = round((monotonic() - self._begun) * 1000)
        self._put(END, exit=exit_code, took_ms=took_ms)

    def _put(self, what: str, **values: Any) -> None:
        at_us = to_us(SystemClock().now())
        append(self._path, {"what": what, "id": self._id, "at_us": at_us} | values)


def append(path: Path, entry: Mapping[str, Any]) -> None:
    """One line more, synced.  Processes take turns; a torn last line (a full disk) stays as it
    is and is chained like any other."""
    number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(number, fcntl.LOCK_EX)
        size = os.fstat(number).st_size
        last, whole = _last_line(number, size)
        line = json.dumps({**entry, "prev": sm3_hex(last) if last else ""}, ensure_ascii=False)
        said = line.encode("utf-8", "backslashreplace") + b"\n"
        view = memoryview(said if whole else b"\n" + said)
        while view:
            view = view[os.write(number, view) :]
        os.fsync(number)
    finally:
        os.close(number)


def head_of(home: Path) -> Head:
    """Where the file ends now; a file that is not there ends at 0."""
    try:
        number = os.open(home / FILE, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return Head(0, "")
    try:
        fcntl.flock(number, fcntl.LOCK_SH)
        size = os.fstat(number).st_size
        last, _ = _last_line(number, size)
    finally:
        os.close(number)
    return Head(size, sm3_hex(last) if last else "")


def read_commands(home: Path, from_us: int, until_us: int) -> list[Command]:
    """Commands that began in [``from_us``, ``until_us``], in order; torn lines are passed by."""
    found: dict[str, Command] = {}
    for _, _, entry in _entries(home):
        if entry is not None:
            _take(found, entry, from_us, until_us)
    return list(found.values())


def check_file(home: Path, anchors: Sequence[Head]) -> list[Flaw]:
    """Every line held against the one before it, and the file against its anchors."""
    flaws, prev, ends, lines = [], "", {0: ""}, 0
    for lines, (end, digest, entry) in enumerate(_entries(home), 1):
        if entry is None:
            flaws.append(Flaw(lines, "torn"))
        elif entry.get("prev") != prev:
            flaws.append(Flaw(lines, "chain"))
        prev = ends[end] = digest
    size = max(ends)
    for anchor in anchors:
        if anchor.size > size:
            flaws.append(Flaw(lines + 1, "cut"))
        elif ends.get(anchor.size) != anchor.digest:
            flaws.append(Flaw(_line_at(ends, anchor.size), "rewritten"))
    return sorted(set(flaws), key=lambda flaw: (flaw.line, flaw.what))


def mask_argv(argv: Sequence[str]) -> list[str]:
    """The words of a command as the log may hold them."""
    shown, hide = [], False
    for word in argv:
        name, equals, value = word.partition("=")
        if hide:
            shown.append(HIDDEN)
            hide = False
        elif _HIDDEN_VALUES.fullmatch(name):
            shown.append(f"{name}={HIDDEN}" if equals else name)
            hide = not equals
        elif equals and name.startswith("--"):
            shown.append(f"{name}={_masked(value)}")
        else:
            shown.append(_masked(word))
    return shown


def _masked(word: str) -> str:
    if _ACCOUNT.fullmatch(word):
        return f"****{word[-4:]}"
    return mask_text(word)[:_LONGEST]


def _take(found: dict[str, Command], entry: Mapping[str, Any], from_us: int, until_us: int) -> None:
    key, at_us = str(entry["id"]), int(entry["at_us"])
    if entry["what"] == BEGIN:
        if from_us <= at_us <= until_us:
            found[key] = Command(
                key, at_us, tuple(entry["argv"]), str(entry["os_user"]), str(entry["host"])
            )
        return
    known = found.get(key)
    if known is None:
        return
    match entry["what"]:
        case "database":
            found[key] = replace(known, database=str(entry["database"]))
        case "who":
            found[key] = replace(known, login=str(entry["login"]), party=str(entry["party"]),
                                 session=entry["session"])  # fmt: skip
        case "end":
            found[key] = replace(known, ended_us=at_us, exit_code=int(entry["exit"]),
                                 took_ms=int(entry["took_ms"]))  # fmt: skip


def _entries(home: Path) -> Iterator[tuple[int, str, dict[str, Any] | None]]:
    """(where the line ends, its SM3, what it says; None for a torn one)."""
    try:
        file = (home / FILE).open("rb")
    except FileNotFoundError:
        return
    end = 0
    with file:
        for line in file:
            end += len(line)
            text = line.rstrip(b"\n")
            if not text:
                continue
            try:
                said = json.loads(text)
                whole = isinstance(said, dict) and {"what", "id", "at_us", "prev"} <= said.keys()
            except ValueError:
                whole = False
            yield end, sm3_hex(text), said if whole else None


def _last_line(number: int, size: int) -> tuple[bytes, bool]:
    """The last line without its end, and whether it has one."""
    taken, tail = size, b""
    while taken > 0 and b"\n" not in tail.rstrip(b"\n"):
        step = min(_BLOCK, taken)
        taken -= step
        tail = os.pread(number, step, taken) + tail
    return tail.rstrip(b"\n").rpartition(b"\n")[2], tail.endswith(b"\n") or not tail


def _line_at(ends: Mapping[int, str], size: int) -> int:
    return sum(1 for end in ends if 0 < end <= size) or 1


def _os_user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())
