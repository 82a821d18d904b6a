"""A partner that costs nothing: bytes made beforehand are the answers, what is sent is kept."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from hub.ports.line import DriftNotes, FilePut, HttpReply, RemoteFile


@dataclass
class Played:
    """A line: messages are answered in turn, files lie there by name; see hub.ports.line.Line."""

    replies: list[HttpReply | bytes]
    files: Mapping[str, bytes] = field(default_factory=dict)
    drift: DriftNotes = field(default_factory=DriftNotes)
    sent: list[tuple[bytes, Mapping[str, str]]] = field(default_factory=list)

    def post(
        self,
        step: str,
        *,
        endpoint: str,
        path: str,
        body: bytes,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        effect: bool = False,
    ) -> HttpReply:
        self.sent.append((body, headers or {}))
        answer = self.replies.pop(0)
        assert isinstance(answer, HttpReply)
        return answer

    def exchange(
        self,
        step: str,
        *,
        endpoint: str,
        request: bytes,
        head: int,
        length_of: Callable[[bytes], int],
        effect: bool = False,
    ) -> bytes:
        self.sent.append((request, {}))
        answer = self.replies.pop(0)
        assert isinstance(answer, bytes)
        assert len(answer) == head + length_of(answer[:head])
        return answer

    def put_file(
        self,
        step: str,
        *,
        endpoint: str,
        folder: str,
        name: str,
        content: bytes,
        effect: bool = False,
    ) -> FilePut:
        self.sent.append((content, {}))
        return FilePut(name, len(content), already=False, seen=True, digest="")

    def list_files(self, step: str, *, endpoint: str, folder: str) -> tuple[RemoteFile, ...]:
        return ()

    def get_file(self, step: str, *, endpoint: str, folder: str, name: str) -> bytes:
        return self.files[name]

    def move_file(
        self, step: str, *, endpoint: str, folder: str, name: str, to: str, effect: bool = False
    ) -> None:
        """What is picked up may lie where it is."""


def multiplied(
    text: str, tag: str, rows: Sequence[Mapping[str, str]], said: Mapping[str, str]
) -> str:
    """A golden document with its first row once for each of ``rows``, which say what differs;
    ``said`` are the fields around them that differ too."""
    begin, end = f"<{tag}>", f"</{tag}>"
    head, _, rest = text.partition(begin)
    row, tail = rest[: rest.index(end)], text[text.rindex(end) + len(end) :]
    assert "{" not in row
    for name in rows[0]:
        row, found = re.subn(f"<{name}>[^<]*</{name}>", f"<{name}>{{{name}}}</{name}>", row)
        assert found == 1
    for name, value in said.items():
        head, found = re.subn(f"<{name}>[^<]*</{name}>", f"<{name}>{value}</{name}>", head)
        assert found == 1
    return head + "\n".join(begin + row.format(**one) + end for one in rows) + tail
