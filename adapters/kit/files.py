"""Files a partner exchanges with us: what they are called, where they lie, what is in them.

A contract's section ``files`` says it::

    files:
      result: {folder: out, done: out/done, name: "HKJG_{batch}_{turn}.txt", layout: result}

What is between braces is filled from the values of a transaction, or read from a name the
partner tells.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from adapters.kit.replies import BadReply, readable
from hub.contracts import BadDocument, Contract, FixedFile, Layout, shape
from hub.ports.line import (
    FileConflict,
    FileMissing,
    FilePut,
    FileRefused,
    Line,
    LineNotSent,
    LineUnknown,
)

_BRACES = re.compile(r"\{([a-z]+)\}")
_VALUE = r"[0-9A-Za-z-]{1,40}"


@dataclass(frozen=True, slots=True)
class NamedFiles:
    """Files of one kind: where they lie and what they are called."""

    kind: str
    endpoint: str
    folder: str
    template: str

    def name(self, **values: str) -> str:
        """The name of a file of ours."""
        return self.template.format(**values)

    def named(self, name: str, **values: str) -> dict[str, str]:
        """What the partner's name says between its braces; BadReply unless it agrees with
        ``values`` and is of this kind."""
        place, parts = f"{self.kind}/name", _BRACES.split(self.template)
        pattern = "".join(
            re.escape(part) if at % 2 == 0 else f"(?P<{part}>{_VALUE})"
            for at, part in enumerate(parts)
        )
        found = re.fullmatch(pattern, name)
        if found is None:
            raise BadReply(place, self.template, shape(name))
        said = found.groupdict()
        for key, wanted in values.items():
            if said[key] != wanted:
                raise BadReply(place, f"the {key} asked for", shape(said[key]))
        return said

    def put(self, line: Line, name: str, content: bytes, *, effect: bool) -> FilePut:
        """To its folder; see Line.put_file."""
        return line.put_file(
            f"put.{self.kind}", endpoint=self.endpoint, folder=self.folder, name=name,
            content=content, effect=effect,
        )  # fmt: skip

    def fetched(self, line: Line, name: str, *, folder: str = "") -> bytes:
        """A file's bytes, from its folder or another; see Line.get_file."""
        return line.get_file(
            f"get.{self.kind}", endpoint=self.endpoint, folder=folder or self.folder, name=name
        )


@dataclass(frozen=True, slots=True)
class FileKind(NamedFiles):
    """Fixed-width files; ``done`` is where those we picked up are moved, empty where none are."""

    done: str
    layout: Layout

    @classmethod
    def of(cls, contract: Contract, kind: str, *, endpoint: str) -> "FileKind":
        """From the contract's section ``files``."""
        raw: Mapping[str, Any] = contract.extra["files"][kind]
        return cls(
            kind, endpoint, str(raw["folder"]), str(raw["name"]), str(raw.get("done", "")),
            contract.layout(str(raw["layout"])),
        )  # fmt: skip

    def get(self, line: Line, name: str) -> FixedFile:
        """A file the partner has told us of, read and checked.

        Raises ReplyUnreadable (with a drift) for what is no whole file of its layout, and what
        Line.get_file raises.
        """
        return self.read(line, self.fetched(line, name))

    def pick_up(self, line: Line, name: str, ours: Callable[[FixedFile], None]) -> FixedFile:
        """The same, and then acknowledged: moved to where picked-up files lie.

        ``ours`` raises BadReply for a file that is another than its name says; such a one stays
        where it is.  One that was picked up already is read from there, so that a file may be
        asked for any number of times.  Raises FileConflict where another file of this name was
        picked up before: nothing of either may be applied.  A move that fails otherwise is noted,
        and tried again with the next asking: applying depends only on what a file says.
        """
        try:
            content, fresh = self.fetched(line, name), True
        except FileMissing:
            content, fresh = self.fetched(line, name, folder=self.done), False
        found = self.read(line, content)
        with readable(line):
            ours(found)
        if fresh:
            self._acknowledge(line, name)
        return found

    def read(self, line: Line, content: bytes) -> FixedFile:
        """Bytes to records; line ends of both kinds in one file are noted."""
        with readable(line):
            try:
                found = self.layout.read(content)
            except BadDocument as error:
                raise BadReply(self.kind, "a whole file of its layout", error.found) from None
        if found.mixed:
            line.drift.note(f"{self.kind}/ends", "line ends of one kind", "CRLF and LF")
        return found

    def _acknowledge(self, line: Line, name: str) -> None:
        try:
            line.move_file(
                f"ack.{self.kind}", endpoint=self.endpoint, folder=self.folder, name=name,
                to=self.done,
            )  # fmt: skip
        except FileConflict:
            line.drift.note(f"{self.kind}/name", "one content under one name", "another content")
            raise
        except (FileRefused, LineNotSent, LineUnknown) as error:
            line.drift.note(f"{self.kind}/ack", "a picked-up file can be moved", error.code)
